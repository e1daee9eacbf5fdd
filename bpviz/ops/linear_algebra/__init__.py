"""Products of matrices, and properties of one: inverse, determinant, norm."""
