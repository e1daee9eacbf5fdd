"""Functions of one or two numbers, applied to every element."""
