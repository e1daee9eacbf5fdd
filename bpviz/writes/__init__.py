"""Writes into arrays as functional updates, and the arrays that a model makes for it to write into."""
