"""Objects as models: copies whose floats are recorded values, and the choice of what is differentiated."""
