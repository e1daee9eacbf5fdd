"""Reductions of a part of the elements (``where=``) and from a first value on (``initial=``)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from bpviz.lazy import LazyModule
from bpviz.ops.arrays.extremes import max_, min_
from bpviz.ops.arrays.picking import is_traced
from bpviz.ops.arrays.statistics import prod
from bpviz.ops.primitives.arithmetic import add, divide, multiply, subtract
from bpviz.ops.primitives.elementwise import maximum, minimum, sqrt
from bpviz.ops.primitives.reductions import sum_
from bpviz.ops.primitives.selection import where as choose
from bpviz.ops.table.values import shape_of

__all__ = ["PARTIAL", "partial"]

np: Any = LazyModule("numpy")

PARTIAL: dict[str, Callable[..., Any]] = {}
"""The reductions that take ``where=`` or ``initial=``, by NumPy's name."""


def partial(name: str) -> Callable[..., Any] | None:
    """Return a reduction of NumPy that takes ``where=`` and ``initial=``, if there is one.

    >>> partial("sum")(np.array([1.0, 2.0, 4.0]), where=np.array([True, False, True]), initial=10.0)
    15.0
    """
    return PARTIAL.get(name)


def _mask(where: Any, a: Any, dtype: Any) -> Any:
    """Return the mask as an array, or as it is if it is recorded.

    Raises `ValueError` if its shape does not fit, and `TypeError` for another ``dtype``.
    """
    if dtype is not None:
        raise TypeError("dtype= next to where= or initial= cannot be recorded; leave it out")
    mask = where if is_traced(where) else np.asarray(where)
    if np.broadcast_shapes(shape_of(mask), shape_of(a)) != shape_of(a):
        raise ValueError(f"where= of shape {shape_of(mask)} does not fit an array of shape {shape_of(a)}")
    return mask


def _folds(reduce: Any, neutral: float | None, combine: Any, *names: str) -> None:
    """Add a reduction that goes on from ``initial``; ``neutral`` is the value from which it starts by itself."""

    def reduction(
        a: Any,
        axis: Any = None,
        dtype: Any = None,
        out: None = None,
        keepdims: bool = False,
        initial: Any = neutral,
        where: Any = True,
    ) -> Any:
        if where is not True:
            if initial is None:
                raise ValueError(f"np.{names[0]} with where= needs a value if nothing is chosen: give initial=")
            # A number that is not chosen counts as one that changes nothing.
            unchanged = initial if neutral is None else neutral
            a = choose(_mask(where, a, dtype), a, unchanged)
        elif dtype is not None:
            _mask(True, a, dtype)
        found = reduce(a, axis=axis, keepdims=keepdims)
        starts = initial is None or (not is_traced(initial) and initial in (neutral, _NOTHING.get(names[0])))
        return found if starts else combine(found, initial)

    for name in names:
        PARTIAL[name] = reduction


_NOTHING = {"max": -math.inf, "min": math.inf}
"""The values of ``initial`` that never count."""

_folds(sum_, 0.0, add, "sum", "add.reduce")
_folds(prod, 1.0, multiply, "prod", "multiply.reduce")
_folds(max_, None, maximum, "max", "amax", "maximum.reduce")
_folds(min_, None, minimum, "min", "amin", "minimum.reduce")


def _count(mask: Any, a: Any, axis: Any, keepdims: bool) -> Any:
    """Return how many elements are chosen."""
    if not is_traced(mask):
        return np.sum(np.broadcast_to(mask, shape_of(a)), axis=axis, keepdims=keepdims, dtype=float)
    # The shape of the mask may be smaller.
    return sum_(choose(mask, np.ones(shape_of(a)), 0.0), axis=axis, keepdims=keepdims)


def _mean(
    a: Any, axis: Any = None, dtype: Any = None, out: None = None, keepdims: bool = False, *, where: Any = True
) -> Any:
    mask = _mask(where, a, dtype)
    total = sum_(choose(mask, a, 0.0), axis=axis, keepdims=keepdims)
    return divide(total, _count(mask, a, axis, keepdims))


def _var(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: None = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    where: Any = True,
) -> Any:
    mask = _mask(where, a, dtype)
    away = choose(mask, subtract(a, _mean(a, axis, keepdims=True, where=mask)), 0.0)
    count = _count(mask, a, axis, keepdims)
    if ddof:
        count = subtract(count, float(ddof))
    return divide(sum_(multiply(away, away), axis=axis, keepdims=keepdims), count)


def _std(a: Any, *args: Any, **keywords: Any) -> Any:
    return sqrt(_var(a, *args, **keywords))


PARTIAL.update(mean=_mean, var=_var, std=_std)
