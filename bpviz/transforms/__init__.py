"""Graphs made from graphs: the backward pass, opened operations, single numbers."""
