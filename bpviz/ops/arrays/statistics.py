"""Products, spreads and running totals of many numbers, and their length."""

from __future__ import annotations

import math
from typing import Any

from bpviz.errors import UsageError
from bpviz.lazy import LazyModule
from bpviz.ops.arrays.arranging import flip
from bpviz.ops.arrays.extremes import max_, min_
from bpviz.ops.arrays.picking import is_traced
from bpviz.ops.functions.logic import count_nonzero, logical_and
from bpviz.ops.primitives.arithmetic import add, divide, multiply, power, subtract
from bpviz.ops.primitives.assumptions import guard
from bpviz.ops.primitives.elementwise import abs_, exp, log, sqrt
from bpviz.ops.primitives.reductions import REDUCTIONS, count, mean, reduced_shape, spread, sum_
from bpviz.ops.primitives.selection import not_equal, where
from bpviz.ops.primitives.shaping import concatenate, index, normalized_axes, reshape
from bpviz.ops.table.registry import made_of_operations, operation
from bpviz.ops.table.row import Case
from bpviz.ops.table.values import Shape, shape_of

__all__ = [
    "average",
    "cumprod",
    "cumsum",
    "cumulative_prod",
    "cumulative_sum",
    "diff",
    "linalg_norm",
    "logsumexp",
    "norm",
    "prod",
    "std",
    "var",
]

np: Any = LazyModule("numpy")

_AXIS: dict[str, Any] = {"axis": None, "keepdims": False}


def _prod_rule(g: Any, z: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    # The product of the others is z/x. Where exactly one x is 0, only that one gets a gradient.
    others = where(x == 0, 1.0, x)
    product = prod(others, axis=axis, keepdims=True)
    zeros = sum_(where(x == 0, 1.0, 0.0), axis=axis, keepdims=True)
    alone = where(x == 0, where(zeros == 1, product, 0.0), 0.0)
    return spread(g, x, axis) * where(zeros == 0, product / others, alone)


prod = operation(
    "prod",
    "Π",
    "x",
    forward=lambda x, axis=None, keepdims=False: np.prod(x, axis=axis, keepdims=keepdims),
    vjp=(_prod_rule,),
    parameters=_AXIS,
    numpy=("prod", "multiply.reduce"),
    method=True,
    says="Multiplies the gradient by the product of the others.",
    notation="Π {x}",
    reduces="all",
    over_axes="Π{axes} {x}",
    of_operands="multiply",
    shape=reduced_shape,
    domain=((0.4, 2),),
    cases=REDUCTIONS,
    convention="exact at 0, too",
)


def _var_rule(g: Any, z: Any, x: Any, axis: Any = None, keepdims: bool = False, ddof: int = 0) -> Any:
    deviation = x - mean(x, axis=axis, keepdims=True)
    return spread(g, x, axis) * 2 * deviation / (count(x, axis) - ddof)


def _std_rule(g: Any, z: Any, x: Any, axis: Any = None, keepdims: bool = False, ddof: int = 0) -> Any:
    deviation = x - mean(x, axis=axis, keepdims=True)
    # Where all numbers are equal: 0/1 in place of 0/0.
    return spread(g / guard(z == 0, 1.0, z), x, axis) * deviation / (count(x, axis) - ddof)


def _var_inside(x: Any, axis: Any = None, keepdims: bool = False, ddof: int = 0) -> Any:
    squares = power(subtract(x, mean(x, axis=axis, keepdims=True)), 2.0)
    if not ddof:
        return mean(squares, axis=axis, keepdims=keepdims)
    return divide(sum_(squares, axis=axis, keepdims=keepdims), float(count(x, axis) - ddof))


_SPREADS = (*REDUCTIONS[1:], Case(((2, 3),), {"axis": 1, "ddof": 1}))

var = operation(
    "var",
    "var",
    "x",
    forward=lambda x, axis=None, keepdims=False, ddof=0: np.var(x, axis=axis, keepdims=keepdims, ddof=ddof),
    vjp=(_var_rule,),
    parameters=_AXIS | {"ddof": 0},
    numpy=("var",),
    method=True,
    says="Each gets its distance from the mean, times 2/n of the gradient.",
    notation="var({x})",
    reduces="all",
    over_axes="var{axes}({x})",
    shape=reduced_shape,
    cases=_SPREADS,
    reference="∂z/∂xᵢ = 2(xᵢ − mean x)/n",
    inside=_var_inside,
)

std = operation(
    "std",
    "std",
    "x",
    forward=lambda x, axis=None, keepdims=False, ddof=0: np.std(x, axis=axis, keepdims=keepdims, ddof=ddof),
    vjp=(_std_rule,),
    parameters=_AXIS | {"ddof": 0},
    numpy=("std",),
    method=True,
    says="Each gets its distance from the mean, divided by n and the output, times the gradient.",
    notation="std({x})",
    reduces="all",
    over_axes="std{axes}({x})",
    shape=reduced_shape,
    cases=_SPREADS,
    convention="0 where all are equal, as in PyTorch",
    reference="∂z/∂xᵢ = (xᵢ − mean x)/(n·z)",
    inside=lambda x, **parameters: sqrt(_var_inside(x, **parameters)),
)


def _logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    # The largest becomes 0, so that exp cannot overflow.
    top = np.max(x, axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0).astype(top.dtype)
    total = np.log(np.sum(np.exp(x - top), axis=axis, keepdims=True)) + top
    return total if keepdims else np.reshape(total, reduced_shape(np.shape(x), axis))


def _logsumexp_rule(g: Any, z: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    # Where everything is −∞ nothing takes part.
    return spread(g, x, axis) * exp(x - spread(guard(z == -math.inf, 0.0, z), x, axis))


def _logsumexp_inside(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    top = max_(x, axis=axis, keepdims=True)
    total = log(sum_(exp(subtract(x, top)), axis=axis, keepdims=keepdims))
    return add(total, top if keepdims else reshape(top, shape=shape_of(total)))


logsumexp = operation(
    "logsumexp",
    "lse",
    "x",
    forward=_logsumexp,
    vjp=(_logsumexp_rule,),
    parameters=_AXIS,
    numpy=("logaddexp.reduce",),
    says="The gradient is shared out as by softmax: exp(x − z) for each.",
    notation="log Σ exp({x})",
    reduces="all",
    over_axes="log Σ{axes} exp({x})",
    shape=reduced_shape,
    cases=REDUCTIONS,
    convention="0 where all are −∞",
    reference="∂z/∂xᵢ = softmax(x)ᵢ",
    inside=_logsumexp_inside,
)


def _norm_rule(g: Any, z: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return spread(g / guard(z == 0, 1.0, z), x, axis) * x


norm = operation(
    "norm",
    "‖x‖",
    "x",
    forward=lambda x, axis=None, keepdims=False: np.linalg.norm(x, axis=axis, keepdims=keepdims),
    vjp=(_norm_rule,),
    parameters=_AXIS,
    says="The gradient points along x: x/‖x‖.",
    notation="‖{x}‖",
    reduces="all",
    shape=reduced_shape,
    cases=REDUCTIONS,
    convention="0 at x = 0, as in PyTorch",
    inside=lambda x, axis=None, keepdims=False: sqrt(sum_(power(x, 2.0), axis=axis, keepdims=keepdims)),
)


@made_of_operations("linalg.norm")
def linalg_norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """``np.linalg.norm``: the norm; of vectors for every order, of matrices for ``None``, ``"fro"``, 1 and ∞.

    >>> linalg_norm([3.0, 4.0]), linalg_norm([3.0, -4.0], 1), linalg_norm([3.0, -4.0], math.inf)
    (5.0, 7.0, 4.0)

    Raises `UsageError` for matrix norms that need singular values.
    """
    axes = normalized_axes(axis, len(shape_of(x)))
    if ord is None or (ord == 2 and len(axes) == 1) or (ord == "fro" and len(axes) == 2):
        return norm(x, axis=axis, keepdims=keepdims)
    if len(axes) == 2:
        return _matrix_norm(x, ord, axes, keepdims)
    if len(axes) != 1 or isinstance(ord, str):
        raise UsageError(f"there is no norm of order {ord!r} over {len(axes)} axes")
    size = abs_(x)
    if ord in (math.inf, -math.inf):
        return (max_ if ord > 0 else min_)(size, axis=axis, keepdims=keepdims)
    if ord == 0:
        return count_nonzero(x, axis=axis, keepdims=keepdims)
    if ord == 1:
        return sum_(size, axis=axis, keepdims=keepdims)
    return power(sum_(power(size, float(ord)), axis=axis, keepdims=keepdims), 1 / ord)


def _matrix_norm(x: Any, order: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    if order not in (1, -1, math.inf, -math.inf):
        part = {2: "max", -2: "min", "nuc": "sum"}.get(order)
        instead = f"np.linalg.svd(x, compute_uv=False).{part}()" if part else "np.linalg.norm(x)"
        raise UsageError(f"a matrix norm of order {order!r} cannot be recorded; write {instead}")
    summed, chosen = axes if order in (1, -1) else axes[::-1]
    lines = sum_(abs_(x), axis=summed, keepdims=True)
    result = (max_ if order > 0 else min_)(lines, axis=chosen, keepdims=True)
    return result if keepdims else reshape(result, shape=reduced_shape(shape_of(x), axes))


# Running totals


def _running_shape(x: Shape, axis: int | None = None) -> Shape:
    return (math.prod(x),) if axis is None or not x else x


_RUNNING = (
    Case(((),)),
    Case(((4,),)),
    Case(((2, 3),)),
    Case(((2, 3),), {"axis": 0}),
    Case(((2, 3),), {"axis": -1}),
)


def _in_line(x: Any, axis: int | None) -> tuple[Any, int]:
    """Return the array to go through, and the axis."""
    return (reshape(x, shape=(-1,)), 0) if axis is None or not shape_of(x) else (x, axis)


def _from_the_end(g: Any, axis: int) -> Any:
    """Return the running total that starts at the last element."""
    return flip(cumsum(flip(g, axis=axis), axis=axis), axis=axis)


def _cumsum_rule(g: Any, z: Any, x: Any, axis: int | None = None) -> Any:
    along = 0 if axis is None or not shape_of(x) else axis
    return reshape(_from_the_end(g, along), shape=shape_of(x))


cumsum = operation(
    "cumsum",
    "Σ…",
    "x",
    forward=lambda x, axis=None: np.cumsum(x, axis=axis),
    vjp=(_cumsum_rule,),
    parameters={"axis": None},
    numpy=("cumsum", "add.accumulate"),
    method=True,
    says="Each gets the sum of its own gradient and all later ones.",
    notation="cumsum({x})",
    shape=_running_shape,
    cases=_RUNNING,
)


def _cumprod_rule(g: Any, z: Any, x: Any, axis: int | None = None) -> Any:
    shape = shape_of(x)
    x, along = _in_line(x, axis)
    # Before the first 0: the outputs divided by x. At the first 0: the products without it. After it: 0.
    first = logical_and(x == 0, cumsum(where(x == 0, 1.0, 0.0), axis=along) == 1)
    without = cumprod(where(first, 1.0, x), axis=along)
    before = _from_the_end(g * z, along) / guard(x == 0, 1.0, x)
    return reshape(where(first, _from_the_end(g * without, along), before), shape=shape)


cumprod = operation(
    "cumprod",
    "Π…",
    "x",
    forward=lambda x, axis=None: np.cumprod(x, axis=axis),
    vjp=(_cumprod_rule,),
    parameters={"axis": None},
    numpy=("cumprod", "multiply.accumulate"),
    method=True,
    says="Each gets the sum of g·z/x over its own and all later outputs.",
    notation="cumprod({x})",
    shape=_running_shape,
    domain=((0.4, 2),),
    cases=_RUNNING,
    convention="exact at 0, too",
)


# Functions made of these


@made_of_operations("average")
def average(a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: bool = False) -> Any:
    """``np.average``: the mean, or Σ w·x / Σ w.

    >>> average([1.0, 4.0], weights=[2.0, 1.0])
    2.0
    """
    if returned:
        raise TypeError("np.average with returned=True cannot be recorded; compute np.sum(weights) separately")
    if weights is None:
        return mean(a, axis=axis, keepdims=keepdims)
    shape = shape_of(a)
    if shape_of(weights) != shape:
        if axis is None or isinstance(axis, tuple):
            raise TypeError("weights of another shape than the values need an axis, a single one")
        line = [1] * len(shape)
        line[axis] = shape[axis]
        weights = reshape(weights, shape=tuple(line))
    # Constant weights are made plain numbers here, so that only their sum is drawn.
    weights = weights if is_traced(weights) else np.asarray(weights)
    total = sum_(multiply(a, weights), axis=axis, keepdims=keepdims)
    whole = sum_(weights, axis=axis if shape_of(weights) == shape else None, keepdims=False)
    if keepdims and shape_of(whole):
        whole = reshape(whole, shape=shape_of(total))
    return divide(total, whole)


@made_of_operations("cumulative_sum")
def cumulative_sum(x: Any, /, *, axis: int | None = None, **other: Any) -> Any:
    """``np.cumulative_sum``: the running total, along an axis.

    >>> cumulative_sum([1.0, 2.0, 3.0])
    array([1., 3., 6.])
    """
    return cumsum(x, axis=_axis_of_running(x, axis, other))


@made_of_operations("cumulative_prod")
def cumulative_prod(x: Any, /, *, axis: int | None = None, **other: Any) -> Any:
    """``np.cumulative_prod``: the running product, along an axis."""
    return cumprod(x, axis=_axis_of_running(x, axis, other))


def _axis_of_running(x: Any, axis: int | None, other: Any) -> int:
    if other:
        raise TypeError(f"{', '.join(other)}= cannot be recorded here; leave it out")
    if axis is None and len(shape_of(x)) != 1:
        raise ValueError("an array of several axes needs an axis")
    return axis or 0


@made_of_operations("diff")
def diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """``np.diff``: each element minus the one before.

    >>> diff([1.0, 4.0, 9.0])
    array([3., 5.])
    """
    shape = shape_of(a)
    if not shape:
        raise UsageError("np.diff needs an array, but got a single number")
    axis %= len(shape)
    line = (*shape[:axis], 1, *shape[axis + 1 :])

    def end(x: Any) -> Any:
        return x if shape_of(x) else reshape(x, shape=(1,) * len(line)) if math.prod(line) == 1 else np.full(line, x)

    ends = [a if x is a else end(x) for x in (prepend, a, append) if x is not None]
    if len(ends) > 1:
        a = concatenate(*ends, axis=axis)
    before = (slice(None),) * axis
    for _ in range(n):
        later, earlier = index(a, key=(*before, slice(1, None))), index(a, key=(*before, slice(None, -1)))
        # For conditions: whether they differ, as in NumPy.
        a = (not_equal if getattr(a, "dtype", None) == np.bool_ else subtract)(later, earlier)
    return a
