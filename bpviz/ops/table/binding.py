"""How tightly notations bind: what binds less tightly than its place allows is written in brackets.

The numbers stand for the usual order of reading: powers before products, products before sums.
"""

from __future__ import annotations

__all__ = ["ATOM", "CHOICE", "COMPARISON", "INDEX", "POWER", "PRODUCT", "REDUCTION", "ROOT", "SUM"]

CHOICE = 0
"""``x if c else y``."""
COMPARISON = 10
SUM = 20
REDUCTION = 25
"""``Σ x``, which takes a product but no sum."""
PRODUCT = 30
"""Also a quotient, and a minus sign."""
ROOT = 40
POWER = 50
"""Also a transpose."""
INDEX = 60
ATOM = 90
"""A name, a number, or what has brackets of its own: ``exp(x)``."""
