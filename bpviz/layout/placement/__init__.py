"""Placement of our own, trunk first: the tree of a figure, its lines, their order and their heights."""
