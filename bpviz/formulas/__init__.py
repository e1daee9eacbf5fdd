"""Rules read as text: formulas in the names of the source."""
