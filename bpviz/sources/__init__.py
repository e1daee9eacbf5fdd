"""Other frameworks in: what a target is, who records it, and the graph and the numbers that come of it."""
