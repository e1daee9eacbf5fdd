"""Reductions that leave out what is missing (NaN)."""

from __future__ import annotations

import math
from typing import Any

from bpviz.lazy import LazyModule
from bpviz.ops.arrays.extremes import max_, min_
from bpviz.ops.arrays.statistics import cumsum, prod
from bpviz.ops.functions.logic import isnan
from bpviz.ops.primitives.arithmetic import divide, multiply, subtract
from bpviz.ops.primitives.elementwise import sqrt
from bpviz.ops.primitives.reductions import sum_
from bpviz.ops.primitives.selection import where
from bpviz.ops.table.registry import made_of_operations

__all__ = ["nancumsum", "nanmax", "nanmean", "nanmin", "nanprod", "nanstd", "nansum", "nanvar"]

np: Any = LazyModule("numpy")


@made_of_operations("nansum")
def nansum(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False) -> Any:
    """``np.nansum``: the sum, with 0 in place of NaN.

    >>> nansum([1.0, math.nan, 2.0])
    3.0
    """
    if out is not None or dtype is not None:
        raise TypeError("np.nansum with out= or dtype= cannot be recorded; leave it out")
    return sum_(where(isnan(a), 0.0, a), axis=axis, keepdims=keepdims)


@made_of_operations("nanmean")
def nanmean(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False) -> Any:
    """``np.nanmean``: the mean of the numbers that are not NaN.

    >>> nanmean([1.0, math.nan, 2.0])
    1.5
    """
    total = nansum(a, axis, dtype, out, keepdims)
    return divide(total, sum_(where(isnan(a), 0.0, 1.0), axis=axis, keepdims=keepdims))


@made_of_operations("nanprod")
def nanprod(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """``np.nanprod``: the product, with 1 in place of NaN."""
    return prod(where(isnan(a), 1.0, a), axis=axis, keepdims=keepdims)


@made_of_operations("nancumsum")
def nancumsum(a: Any, axis: int | None = None) -> Any:
    """``np.nancumsum``: the running total, with 0 in place of NaN."""
    return cumsum(where(isnan(a), 0.0, a), axis=axis)


@made_of_operations("nanmax")
def nanmax(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """``np.nanmax``: the largest number that is not NaN.

    >>> nanmax([1.0, math.nan, 2.0])
    2.0
    """
    return max_(where(isnan(a), -math.inf, a), axis=axis, keepdims=keepdims)


@made_of_operations("nanmin")
def nanmin(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """``np.nanmin``: the smallest number that is not NaN."""
    return min_(where(isnan(a), math.inf, a), axis=axis, keepdims=keepdims)


@made_of_operations("nanvar")
def nanvar(a: Any, axis: Any = None, *, ddof: int = 0, keepdims: bool = False) -> Any:
    """``np.nanvar``: the variance of the numbers that are not NaN.

    >>> nanvar([1.0, math.nan, 3.0])
    1.0
    """
    away = where(isnan(a), 0.0, subtract(a, nanmean(a, axis, keepdims=True)))
    count = sum_(where(isnan(a), 0.0, 1.0), axis=axis, keepdims=keepdims)
    return divide(sum_(multiply(away, away), axis=axis, keepdims=keepdims), subtract(count, float(ddof)))


@made_of_operations("nanstd")
def nanstd(a: Any, axis: Any = None, *, ddof: int = 0, keepdims: bool = False) -> Any:
    """``np.nanstd``: the standard deviation of the numbers that are not NaN."""
    return sqrt(nanvar(a, axis, ddof=ddof, keepdims=keepdims))
