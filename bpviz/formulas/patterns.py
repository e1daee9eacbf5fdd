"""Patterns in expressions that are written in a special way: reductions, columns, numbers outside a change of shape."""

from __future__ import annotations

from typing import Any

from bpviz import ops
from bpviz.formulas.expression import Expression
from bpviz.formulas.placing import missing_axes
from bpviz.ops import OPERATIONS, Shape
from bpviz.ops.primitives.shaping import normalized_axes
from bpviz.ops.table.binding import PRODUCT, SUM

__all__ = [
    "axes_of",
    "has_other_parameters",
    "is_arithmetic",
    "is_column",
    "is_reduction",
    "kept_shape",
    "number_outside",
]


def is_arithmetic(x: Any) -> bool:
    """Return whether an expression is a sum, difference, product, quotient or negative."""
    return (
        isinstance(x, Expression)
        and x.operation is not None
        and x.operation.shape is None
        and x.operation.binds in (SUM, PRODUCT)
    )


def is_column(value: Any) -> bool:
    """Return whether an expression is an array of one axis, reshaped to a matrix with one column."""
    if not isinstance(value, Expression) or value.operation is not OPERATIONS["reshape"]:
        return False
    before = ops.shape_of(value.operands[0])
    return len(before) == 1 and value.shape == (*before, 1)


def number_outside(x: Expression) -> Expression | None:
    """Return 2·reshape(X) for reshape(2·X), or reshape(X)/2 for reshape(X/2); ``None`` for others."""
    inner = x.operands[0]
    if not isinstance(inner, Expression) or inner.operation is None:
        return None
    at = {"multiply": 1, "divide": 0}.get(inner.operation.name)
    if at is None or ops.shape_of(inner.operands[1 - at]) or ops.shape_of(inner.operands[at]) != inner.shape:
        return None
    parts = list(inner.operands)
    parts[at] = x.__class__("", x.shape, x.operation, (parts[at],), x.parameters)
    return x.__class__("", x.shape, inner.operation, tuple(parts))


def is_reduction(value: Any) -> bool:
    """Return whether an expression is a reduction."""
    return isinstance(value, Expression) and value.operation is not None and bool(value.operation.reduces)


def axes_of(x: Expression) -> tuple[int, ...]:
    """Return the axes of a reduction, counted from 0."""
    assert x.operation is not None
    before = ops.shape_of(x.operands[0])
    if x.operation.reduces == "shape":
        return missing_axes(before, x.shape)
    usual = -1 if x.operation.reduces == "last" else None
    axis = x.parameters.get("axis", usual)
    if not before:
        return ()
    return tuple(sorted(normalized_axes(axis, len(before))))


def has_other_parameters(x: Expression) -> bool:
    """Return whether a reduction has other parameters than its axes."""
    return any(value for key, value in x.parameters.items() if key not in ("shape", "axis", "keepdims"))


def kept_shape(x: Expression) -> Shape:
    """Return the shape of a reduction if its axes stay with length 1."""
    axes = axes_of(x)
    return tuple(1 if i in axes else n for i, n in enumerate(ops.shape_of(x.operands[0])))
