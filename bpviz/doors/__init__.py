"""Functions of NumPy, Python's ``math`` and SciPy that a model may call on recorded values while it is traced."""
