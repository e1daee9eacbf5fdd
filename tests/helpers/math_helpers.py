"""A module of helpers that took functions of ``math`` under names of its own."""

from __future__ import annotations

from math import exp
from math import log as ln
from typing import Any


def softplus(x: Any) -> Any:
    """Return log(1 + exp x)."""
    return ln(1 + exp(x))
