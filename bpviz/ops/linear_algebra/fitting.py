"""Polynomials, evenly spaced numbers, areas under data, and covariance."""

from __future__ import annotations

from typing import Any

from bpviz.errors import UsageError
from bpviz.lazy import LazyModule
from bpviz.ops.arrays.axes import atleast_2d
from bpviz.ops.arrays.joining import vstack
from bpviz.ops.arrays.picking import is_traced
from bpviz.ops.linear_algebra.matrices import diag
from bpviz.ops.linear_algebra.products import matmul
from bpviz.ops.primitives.arithmetic import add, divide, multiply, subtract
from bpviz.ops.primitives.elementwise import sqrt
from bpviz.ops.primitives.reductions import mean, sum_
from bpviz.ops.primitives.shaping import broadcast_to, index, reshape, transpose
from bpviz.ops.table.registry import made_of_operations
from bpviz.ops.table.values import shape_of

__all__ = ["corrcoef", "cov", "linspace", "polyval", "trapezoid"]

np: Any = LazyModule("numpy")


@made_of_operations("polyval")
def polyval(p: Any, x: Any) -> Any:
    """``np.polyval``: the polynomial with these coefficients, the highest power first, by Horner's scheme.

    >>> polyval([1.0, 0.0, 2.0], 3.0)
    11.0

    Raises `ValueError` without any coefficient.
    """
    coefficients = [index(p, key=(i,)) for i in range(shape_of(p)[0])] if is_traced(p) else list(p)
    if not coefficients:
        raise UsageError("np.polyval needs one coefficient or more, but got none")
    x = x if is_traced(x) or isinstance(x, float | int) else np.asarray(x)
    value = coefficients[0]
    for coefficient in coefficients[1:]:
        value = add(multiply(value, x), coefficient)
    return value if shape_of(value) == shape_of(x) else broadcast_to(value, shape=shape_of(x))


@made_of_operations("linspace")
def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
    **other: Any,
) -> Any:
    """``np.linspace``: ``num`` numbers at equal distances.

    >>> linspace(1.0, 2.0, 3)
    array([1. , 1.5, 2. ])
    """
    if retstep or dtype is not None or axis or other:
        raise TypeError("np.linspace with retstep=, dtype= or axis= cannot be recorded; leave it out")
    shares = np.arange(num) / max(num - 1 if endpoint else num, 1)
    away = subtract(stop, start)
    shares = shares.reshape(-1, *(1 for _ in shape_of(away)))
    return add(start, multiply(shares, away))


@made_of_operations("trapezoid", "trapz")
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """``np.trapezoid``: the area below straight lines between points, at places ``x`` or distances ``dx``.

    >>> trapezoid([1.0, 3.0, 2.0]), trapezoid([1.0, 3.0], [0.0, 2.0])
    (4.5, 4.0)
    """
    y = y if is_traced(y) else np.asarray(y)
    axis %= len(shape_of(y))

    def steps(values: Any, along: int) -> tuple[Any, Any]:
        before = (slice(None),) * along
        return index(values, key=(*before, slice(1, None))), index(values, key=(*before, slice(None, -1)))

    if x is not None:
        x = x if is_traced(x) else np.asarray(x)
        line = len(shape_of(x)) == 1
        dx = subtract(*steps(x, 0 if line else axis))
        if line:
            dx = reshape(dx, shape=(-1, *(1 for _ in shape_of(y)[axis + 1 :])))
    return sum_(divide(multiply(dx, add(*steps(y, axis))), 2.0), axis=axis)


@made_of_operations("cov")
def cov(
    m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: int | None = None, *other: Any, **more: Any
) -> Any:
    """``np.cov``: the covariance matrix of the variables, the rows of ``m`` (and of ``y``).

    >>> cov([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]])
    array([[ 1., -1.],
           [-1.,  1.]])
    """
    if any(value is not None for value in (*other, *more.values())):
        raise TypeError("np.cov with weights or dtype= cannot be recorded; compute with np.average")

    def rows(values: Any) -> Any:
        values = atleast_2d(values)
        return values if rowvar or shape_of(values)[0] == 1 else transpose(values)

    x = rows(m) if y is None else vstack([rows(m), rows(y)])
    away = subtract(x, mean(x, axis=1, keepdims=True))
    count = shape_of(x)[1] - ((0 if bias else 1) if ddof is None else ddof)
    found = divide(matmul(away, transpose(away)), float(count))
    return reshape(found, shape=()) if shape_of(found) == (1, 1) else found


@made_of_operations("corrcoef")
def corrcoef(x: Any, y: Any = None, rowvar: bool = True, **other: Any) -> Any:
    """``np.corrcoef``: the covariance divided by the standard deviations, from −1 to 1.

    >>> corrcoef([[0.0, 1.0, 2.0], [4.0, 2.0, 0.0]])
    array([[ 1., -1.],
           [-1.,  1.]])
    """
    found = cov(x, y, rowvar, **other)
    if not shape_of(found):
        return divide(found, found)
    spreads = sqrt(diag(found))
    return divide(divide(found, reshape(spreads, shape=(-1, 1))), spreads)
