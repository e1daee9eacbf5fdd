"""Boxes of fixed size, and where they stand: placement of our own, trunk first."""
