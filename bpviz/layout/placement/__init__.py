"""Placement of boxes of fixed size without another program."""
