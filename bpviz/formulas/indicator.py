"""Choices with 0 as products, as a book writes them: ``g·1[x > 0]``, where a program says ``g if x > 0 else 0``."""

from __future__ import annotations

from typing import Any

from bpviz import ops
from bpviz.formulas.expression import Expression, is_constant
from bpviz.formulas.invocation import written_row
from bpviz.ops import OPERATIONS
from bpviz.ops.table.values import broadcast_shape

__all__ = ["indicated"]


def indicated(choice: Expression) -> Expression | None:
    """Return a choice between a value and 0 as the value times 1 where its condition holds; ``None`` for another one.

    >>> from bpviz.formulas.formula import symbol
    >>> x = symbol("x")
    >>> indicated(OPERATIONS["where"](x > 0, symbol("y"), 0.0))
    <formula y·1[x > 0]>
    """
    condition, value, other = choice.operands
    if not _is(other, 0.0) or not isinstance(condition, Expression):
        return None
    holds = choice.__class__("", condition.shape, written_row("1[]", "1[{x}]"), (condition,))
    if _is(value, 1.0):
        return holds if condition.shape == choice.shape else None
    if broadcast_shape([ops.shape_of(value), condition.shape]) != choice.shape:
        return None
    return choice.__class__("", choice.shape, OPERATIONS["multiply"], (value, holds))


def _is(value: Any, number: float) -> bool:
    """Return whether a value is this number, or an array of it."""
    if isinstance(value, Expression):
        return is_constant(value) and _is(value.parameters["value"], number)
    return bool((value == number).all()) if ops.shape_of(value) else isinstance(value, int | float) and value == number
