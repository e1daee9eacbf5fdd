"""Polynomials, evenly spaced numbers, areas under data, and covariance."""

from __future__ import annotations

from typing import Any

from bpviz.errors import UsageError
from bpviz.lazy import LazyModule
from bpviz.ops.arrays.axes import atleast_1d, atleast_2d
from bpviz.ops.arrays.joining import vstack
from bpviz.ops.arrays.picking import is_traced
from bpviz.ops.linear_algebra.contraction import convolve
from bpviz.ops.linear_algebra.matrices import diag
from bpviz.ops.linear_algebra.products import matmul
from bpviz.ops.linear_algebra.spectra import least_squares
from bpviz.ops.primitives.arithmetic import add, divide, multiply, power, subtract
from bpviz.ops.primitives.elementwise import sqrt
from bpviz.ops.primitives.reductions import mean, sum_
from bpviz.ops.primitives.shaping import broadcast_to, concatenate, index, reshape, transpose
from bpviz.ops.table.registry import made_of_operations
from bpviz.ops.table.values import shape_of

__all__ = [
    "corrcoef",
    "cov",
    "geomspace",
    "linspace",
    "logspace",
    "polyadd",
    "polyder",
    "polyfit",
    "polymul",
    "polyval",
    "trapezoid",
    "vander",
]

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


@made_of_operations("logspace")
def logspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10.0, **other: Any) -> Any:
    """``np.logspace``: powers of a base, with exponents at equal distances.

    >>> logspace(0.0, 2.0, 3)
    array([  1.,  10., 100.])
    """
    return power(base, linspace(start, stop, num, endpoint, **other))


@made_of_operations("geomspace")
def geomspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, **other: Any) -> Any:
    """``np.geomspace``: numbers of which each is the same multiple of the one before.

    >>> geomspace(1.0, 4.0, 3)
    array([1., 2., 4.])
    """
    if any(value is not None and value != 0 for value in other.values()):
        raise TypeError("np.geomspace with dtype= or axis= cannot be recorded; leave it out")
    shares = np.arange(num) / max(num - 1 if endpoint else num, 1)
    times = divide(stop, start)
    return multiply(start, power(times, shares.reshape(-1, *(1 for _ in shape_of(times)))))


@made_of_operations("vander")
def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """``np.vander``: the powers of each number, from N − 1 to 0, as columns.

    >>> vander([2.0, 3.0], 3)
    array([[4., 2., 1.],
           [9., 3., 1.]])
    """
    (length,) = shape_of(x)
    powers = np.arange(length if N is None else N, dtype=np.float64)
    return power(reshape(x, shape=(-1, 1)), powers if increasing else powers[::-1].copy())


@made_of_operations("polyder")
def polyder(p: Any, m: int = 1) -> Any:
    """``np.polyder``: the coefficients of the derivative of a polynomial, the highest power first.

    >>> polyder([3.0, 2.0, 1.0])
    array([6., 2.])
    """
    for _ in range(m):
        p = multiply(index(p, key=slice(None, -1)), np.arange(shape_of(p)[0] - 1, 0, -1, dtype=np.float64))
    return p


@made_of_operations("polymul")
def polymul(a1: Any, a2: Any) -> Any:
    """``np.polymul``: the coefficients of the product of two polynomials.

    >>> polymul([1.0, 1.0], [1.0, -1.0])
    array([ 1.,  0., -1.])
    """
    return convolve(atleast_1d(a1), atleast_1d(a2))


@made_of_operations("polyadd")
def polyadd(a1: Any, a2: Any) -> Any:
    """``np.polyadd``: the coefficients of the sum of two polynomials.

    >>> polyadd([1.0, 2.0, 3.0], [1.0, 1.0])
    array([1., 3., 4.])
    """
    first, second = atleast_1d(a1), atleast_1d(a2)
    lengths = shape_of(first)[0], shape_of(second)[0]
    made = []
    for line, length in zip((first, second), lengths, strict=True):
        missing = max(lengths) - length
        made.append(concatenate(np.zeros(missing), line) if missing else line)
    return add(*made)


@made_of_operations("polyfit")
def polyfit(x: Any, y: Any, deg: int, *args: Any, **keywords: Any) -> Any:
    """``np.polyfit``: the coefficients of the polynomial through points, by least squares, the highest power first.

    >>> polyfit([0.0, 1.0, 2.0], [1.0, 3.0, 5.0], 1).round(9)
    array([2., 1.])
    """
    if args or keywords:
        raise TypeError("np.polyfit with rcond=, full=, w= or cov= cannot be recorded; give x, y and the degree alone")
    return least_squares(vander(x if is_traced(x) else np.asarray(x, np.float64), deg + 1), y)


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
