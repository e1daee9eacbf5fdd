"""Quantiles of sorted numbers, and the largest and the smallest so far."""

from __future__ import annotations

import math
from typing import Any

from bpviz.errors import UsageError
from bpviz.lazy import LazyModule
from bpviz.ops.arrays.extremes import sort
from bpviz.ops.arrays.picking import is_traced
from bpviz.ops.primitives.arithmetic import add, multiply, subtract
from bpviz.ops.primitives.selection import greater, where
from bpviz.ops.primitives.shaping import Operand, concatenate, index, reshape, scatter, stack
from bpviz.ops.table.registry import made_of_operations, operation
from bpviz.ops.table.row import Case, Operation
from bpviz.ops.table.values import Shape, shape_of, size_of

__all__ = ["cummax", "cummin", "percentile", "quantile"]

np: Any = LazyModule("numpy")

_METHODS = ("linear", "lower", "higher", "midpoint")


@made_of_operations("percentile")
def percentile(a: Any, q: Any, *args: Any, **keywords: Any) -> Any:
    """``np.percentile``: the number below which q percent of the numbers are.

    >>> percentile([3.0, 1.0, 2.0], 75)
    2.5
    """
    _refuse_recorded(q)
    return quantile(a, np.true_divide(q, 100), *args, **keywords)


def _refuse_recorded(q: Any) -> None:
    if is_traced(q):
        raise UsageError("np.quantile can be recorded for a plain q only; write the number into the code: 0.5")


@made_of_operations("quantile")
def quantile(
    a: Any,
    q: Any,
    axis: Any = None,
    out: Any = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
    **other: Any,
) -> Any:
    """``np.quantile``: the number below which a share q of the numbers is, between two of the sorted numbers.

    >>> quantile([3.0, 1.0, 2.0], 0.5), quantile([1.0, 3.0], [0.25, 1.0])
    (2.0, array([1.5, 3. ]))

    Raises `ValueError` for several axes, weights, and other methods than linear, lower, higher and midpoint.
    """
    _refuse_recorded(q)
    if out is not None or isinstance(axis, tuple) or other:
        raise UsageError("np.quantile with out=, weights= or several axes cannot be recorded; take those of one axis")
    if method not in _METHODS:
        raise UsageError(f"np.quantile with method={method!r} cannot be recorded; use one of {', '.join(_METHODS)}")
    shape = shape_of(a)
    if not size_of(a):
        raise UsageError("the quantile of no numbers is not defined")
    along = 0 if axis is None else axis % len(shape)
    ordered = sort(reshape(a, shape=(-1,)) if axis is None and len(shape) != 1 else a, axis=along)
    made = [_at(ordered, along, float(share), method) for share in np.ravel(q)]
    if keepdims:
        kept = (1,) * len(shape) if axis is None else (*shape[:along], 1, *shape[along + 1 :])
        made = [reshape(part, shape=kept) for part in made]
    if not np.ndim(q):
        return made[0]
    together = stack(*made)
    return together if np.ndim(q) == 1 else reshape(together, shape=(*np.shape(q), *shape_of(made[0])))


def _at(ordered: Any, axis: int, share: float, method: str) -> Any:
    """Return the number at a share of the way through the sorted numbers."""
    if not 0 <= share <= 1:
        raise UsageError(f"a quantile lies between 0 and 1 (a percentile between 0 and 100), but got {share:g}")
    place = share * (shape_of(ordered)[axis] - 1)
    low = math.ceil(place) if method == "higher" else math.floor(place)
    part = {"linear": place - low, "midpoint": 0.5 if place > low else 0.0}.get(method, 0.0)
    before = (slice(None),) * axis
    first = index(ordered, key=(*before, low))
    return add(first, multiply(subtract(index(ordered, key=(*before, low + 1)), first), part)) if part else first


# The extremes so far


def _lines(shape: Shape) -> list[Any]:
    """Return the positions along each axis, in shapes that broadcast together."""
    return [np.arange(n).reshape([-1 if k == i else 1 for k in range(len(shape))]) for i, n in enumerate(shape)]


def _true(shape: Shape) -> Any:
    return np.ones(shape, bool)


def _so_far(name: str, ufunc: str, word: str) -> Operation:
    def rule(g: Any, z: Any, x: Any, axis: int = 0) -> Any:
        # Where a new extreme begins, its place; elsewhere that of the latest one before.
        shape = shape_of(x)
        axis %= len(shape)
        before = (slice(None),) * axis
        later, earlier = index(z, key=(*before, slice(1, None))), index(z, key=(*before, slice(None, -1)))
        news = greater(later, earlier) if name == "cummax" else greater(earlier, later)
        first = _true((*shape[:axis], 1, *shape[axis + 1 :]))
        lines = _lines(shape)
        steps = where(concatenate(first, news, axis=axis), lines[axis], 0)
        key = tuple(Operand(0) if i == axis else line for i, line in enumerate(lines))
        return scatter(g, cummax(steps, axis=axis), key=key, shape=shape)

    return operation(
        name,
        name,
        "x",
        forward=lambda x, axis=0: getattr(np, ufunc).accumulate(x, axis=axis),
        vjp=(rule,),
        parameters={"axis": 0},
        numpy=(f"{ufunc}.accumulate",),
        says=f"The {word} so far, at i: it gets the gradients of all places where it is the {word}.",
        notation=f"{name}({{x}})",
        shape=lambda x, axis=0: x,
        cases=(Case(((4,),)), Case(((3, 2),)), Case(((2, 3),), {"axis": -1})),
        convention="of equals the first",
    )


cummax = _so_far("cummax", "maximum", "largest")
cummin = _so_far("cummin", "minimum", "smallest")
