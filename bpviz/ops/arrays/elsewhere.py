"""Functions of Python's ``math`` and of SciPy that are made of several rows, by their own names and arguments."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from bpviz.ops.arrays.statistics import logsumexp, prod
from bpviz.ops.functions.activations import normal_cdf, normal_pdf
from bpviz.ops.functions.logic import signbit
from bpviz.ops.functions.rounding import rint
from bpviz.ops.functions.special import log_normal_cdf
from bpviz.ops.functions.trigonometry import hypot
from bpviz.ops.primitives.arithmetic import divide, multiply, negative, subtract
from bpviz.ops.primitives.elementwise import abs_, log, sqrt
from bpviz.ops.primitives.reductions import log_softmax, softmax, sum_
from bpviz.ops.primitives.selection import where
from bpviz.ops.primitives.shaping import reshape, stack
from bpviz.ops.table.registry import made_of_operations
from bpviz.ops.table.values import shape_of

__all__ = ["copysign", "dist", "fsum", "hypot_of_many", "log_to_base"]

_HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


@made_of_operations("math.log")
def log_to_base(x: Any, base: Any = None) -> Any:
    """``math.log``: natural, or to a base.

    >>> log_to_base(8.0, 2.0)
    3.0
    """
    return log(x) if base is None else divide(log(x), log(base))


@made_of_operations("math.copysign", "copysign")
def copysign(x: Any, y: Any) -> Any:
    """``copysign``: the size of x with the sign of y, which carries no gradient.

    >>> copysign(3.0, -0.0)
    -3.0
    """
    size = abs_(x)
    return where(signbit(y), negative(size), size)


@made_of_operations("math.remainder")
def remainder(x: Any, y: Any) -> Any:
    """``math.remainder``: what is left of x beside the nearest multiple of y."""
    return subtract(x, multiply(rint(divide(x, y)), y))


def _line(values: Any) -> Any:
    return stack(*values) if type(values) in (list, tuple) else values


@made_of_operations("math.fsum")
def fsum(values: Sequence[Any]) -> Any:
    """``math.fsum``: the sum of a list."""
    return sum_(_line(values))


@made_of_operations("math.prod")
def product_of(values: Sequence[Any], *, start: Any = 1) -> Any:
    """``math.prod``: the product of a list."""
    made = prod(_line(values))
    return made if _is(start, 1) else multiply(start, made)


@made_of_operations("math.sumprod")
def sumprod(p: Sequence[Any], q: Sequence[Any]) -> Any:
    """``math.sumprod``: the sum of the products of two lists."""
    return sum_(multiply(_line(p), _line(q)))


@made_of_operations("math.hypot")
def hypot_of_many(*values: Any) -> Any:
    """``math.hypot``: the length of a vector of any number of coordinates."""
    if len(values) == 2:
        return hypot(*values)
    line = stack(*values)
    return sqrt(sum_(multiply(line, line)))


@made_of_operations("math.dist")
def dist(p: Any, q: Any) -> Any:
    """``math.dist``: how far two points are apart."""
    way = subtract(_line(p), _line(q))
    return sqrt(sum_(multiply(way, way)))


# SciPy


def _over_all(row: Any, x: Any, axis: Any) -> Any:
    if axis is not None:
        return row(x, axis=axis)
    return reshape(row(reshape(x, shape=(-1,))), shape=shape_of(x)) if len(shape_of(x)) > 1 else row(x)


@made_of_operations("scipy.special.softmax")
def scipy_softmax(x: Any, axis: Any = None) -> Any:
    """``scipy.special.softmax``: over all elements, or along an axis."""
    return _over_all(softmax, x, axis)


@made_of_operations("scipy.special.log_softmax")
def scipy_log_softmax(x: Any, axis: Any = None) -> Any:
    """``scipy.special.log_softmax``: over all elements, or along an axis."""
    return _over_all(log_softmax, x, axis)


@made_of_operations("scipy.special.logsumexp")
def scipy_logsumexp(a: Any, axis: Any = None, b: Any = None, keepdims: bool = False, return_sign: bool = False) -> Any:
    """``scipy.special.logsumexp``: the logarithm of a sum of exponentials."""
    if return_sign or b is not None:
        raise ValueError(
            "scipy.special.logsumexp with b= or return_sign= cannot be recorded; write np.log(np.sum(b * np.exp(a)))"
        )
    return logsumexp(a, axis=axis, keepdims=keepdims)


def _standard(x: Any, loc: Any, scale: Any) -> Any:
    x = x if _is(loc, 0) else subtract(x, loc)
    return x if _is(scale, 1) else divide(x, scale)


def _is(value: Any, number: int) -> bool:
    return type(value) in (int, float) and value == number


@made_of_operations("scipy.stats.norm.cdf")
def norm_cdf(x: Any, loc: Any = 0, scale: Any = 1) -> Any:
    """``scipy.stats.norm.cdf``: the share of a normal distribution below x."""
    return normal_cdf(_standard(x, loc, scale))


@made_of_operations("scipy.stats.norm.sf")
def norm_sf(x: Any, loc: Any = 0, scale: Any = 1) -> Any:
    """``scipy.stats.norm.sf``: the share of a normal distribution above x."""
    return normal_cdf(negative(_standard(x, loc, scale)))


@made_of_operations("scipy.stats.norm.logcdf")
def norm_logcdf(x: Any, loc: Any = 0, scale: Any = 1) -> Any:
    """``scipy.stats.norm.logcdf``: the logarithm of the share below x."""
    return log_normal_cdf(_standard(x, loc, scale))


@made_of_operations("scipy.stats.norm.pdf")
def norm_pdf(x: Any, loc: Any = 0, scale: Any = 1) -> Any:
    """``scipy.stats.norm.pdf``: the density of a normal distribution at x."""
    density = normal_pdf(_standard(x, loc, scale))
    return density if _is(scale, 1) else divide(density, scale)


@made_of_operations("scipy.stats.norm.logpdf")
def norm_logpdf(x: Any, loc: Any = 0, scale: Any = 1) -> Any:
    """``scipy.stats.norm.logpdf``: the logarithm of the density at x."""
    z = _standard(x, loc, scale)
    made = subtract(negative(divide(multiply(z, z), 2.0)), _HALF_LOG_2PI)
    return made if _is(scale, 1) else subtract(made, log(scale))
