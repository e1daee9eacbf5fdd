"""Drawings: how they are made, and what they can be saved as."""
