"""What a place in a formula allows: whether what stands there may lack axes that a reader adds."""

from __future__ import annotations

from typing import Literal

from bpviz import ops
from bpviz.formulas.expression import Expression
from bpviz.ops import Shape

__all__ = [
    "TERMS",
    "Mode",
    "inserted_axes",
    "missing_axes",
    "modes_of_operands",
    "modes_of_terms",
    "without_leading_ones",
    "without_ones",
]

Mode = Literal["term", "filling", "settled", "spread", "level", "exact"]
"""The kind of a place. A *term* of the right side takes the shape of the left; *filling* is a smaller term that is the
same everywhere, *settled* a term that may lack leading axes of length 1. Within a term, *spread* may be smaller,
*level* may lack leading axes of length 1, and *exact* may lack none."""
TERMS = ("term", "filling", "settled")


def modes_of_operands(x: Expression, mode: Mode) -> list[Mode]:
    """Return what the operands of an elementwise operation may be, in a place of this kind.

    Sums, products and quotients are named: that the operands of ``+`` are terms is the algebra of these alone.
    """
    assert x.operation is not None
    shapes = [ops.shape_of(p) for p in x.operands]
    name = x.operation.name
    if mode in TERMS:
        if name in ("add", "add_up", "subtract", "negative"):
            return modes_of_terms(x, mode)
        terms = modes_of_terms(x, mode)
        if name == "multiply" and not shapes[0]:
            return ["spread", terms[1]]
        if name == "divide" and not shapes[1]:
            return [terms[0], "spread"]
        mode = "level" if mode == "settled" else "spread"
    if mode == "spread":
        return ["spread" for _ in shapes]
    whole = _first_whole(x, mode)
    if whole is not None:
        return [mode if i == whole else "spread" for i in range(len(shapes))]
    return ["exact" if len(shape) == len(x.shape) else "level" for shape in shapes]


def modes_of_terms(x: Expression, mode: Mode) -> list[Mode]:
    """Return what the operands may be where they are terms as well."""
    if mode == "settled":
        whole = _first_whole(x, mode)
        if whole is None:
            return ["settled" for _ in x.operands]
        return ["settled" if i == whole else "filling" for i in range(len(x.operands))]
    return [mode if ops.shape_of(p) == x.shape else "filling" for p in x.operands]


def _first_whole(x: Expression, mode: Mode) -> int | None:
    """Return the first operand that has the shape of the result, as far as the place needs it."""
    wanted = _of(x.shape, mode)
    return next((i for i, p in enumerate(x.operands) if _of(ops.shape_of(p), mode) == wanted), None)


def _of(shape: Shape, mode: Mode) -> Shape:
    return shape if mode == "exact" else without_leading_ones(shape)


def without_leading_ones(shape: Shape) -> Shape:
    """Return a shape without leading axes of length 1."""
    at = next((i for i, n in enumerate(shape) if n != 1), len(shape))
    return tuple(shape[at:])


def without_ones(shape: Shape) -> Shape:
    """Return a shape without axes of length 1."""
    return tuple(n for n in shape if n != 1)


def missing_axes(before: Shape, after: Shape) -> tuple[int, ...]:
    """Return the axes that one shape has and the other has not, when their last axes meet."""
    lead = len(before) - len(after)
    return (*range(lead), *(lead + i for i, n in enumerate(after) if n == 1 and before[lead + i] != 1))


def inserted_axes(before: Shape, after: Shape) -> str:
    """Return the index that puts axes of length 1 in; empty where that is not all."""
    keys: list[str] = []
    rest = list(before)
    for n in after:
        if rest and rest[0] == n and not (n == 1 and len(rest) < len(after) - len(keys)):
            keys.append(":")
            rest.pop(0)
        elif n == 1:
            keys.append("None")
        else:
            return ""
    return ", ".join(keys) if before and not rest else ""
