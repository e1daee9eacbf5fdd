"""The arithmetic of one step: what it computes, and what its rule does, in numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bpviz.formulas.formula import Formula, symbol, written_out
from bpviz.ops import Operation
from bpviz.words.numbers import Numerals

__all__ = ["computed", "pulled_back"]


def computed(operation: Operation, operands: Sequence[float | str], parameters: Mapping[str, Any]) -> str:
    """Return what a step computes of single numbers; an operand is a constant, or the text that stands for it.

    >>> from bpviz import ops
    >>> computed(ops.multiply, ["100", "−2"], {}), computed(ops.power, ["1.5", 2.0], {})
    ('100 × (−2)', '1.5²')
    """
    written = tuple(symbol(x) if isinstance(x, str) else x for x in operands)
    return written_out(Formula("", (), operation, written, parameters)).replace("·", " × ")


def pulled_back(upstream: Any, slope: Any, share: Any, numerals: Numerals) -> str:
    """Return what a rule does with single numbers: the incoming gradient times the slope is the gradient that goes on.

    >>> pulled_back(1.1, -2.0, -2.2, Numerals())
    '1.1 × (−2) = −2.2'
    """
    return f"{numerals.number(upstream)} × {numerals.factor(slope)} = {numerals.number(share)}"
