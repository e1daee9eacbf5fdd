"""Reductions: sums, means, and softmax."""

from __future__ import annotations

import math
from typing import Any

from bpviz.lazy import LazyModule
from bpviz.ops.primitives.assumptions import largest
from bpviz.ops.primitives.elementwise import exp, log
from bpviz.ops.primitives.shaping import added_up, broadcast_to, kept_shape, normalized_axes, reshape
from bpviz.ops.table.binding import REDUCTION
from bpviz.ops.table.registry import operation
from bpviz.ops.table.row import Case
from bpviz.ops.table.values import Shape, shape_of, size_of

__all__ = [
    "REDUCTIONS",
    "count",
    "log_softmax",
    "mean",
    "reduced_shape",
    "shares_and_logs",
    "softmax",
    "spread",
    "sum_",
]

np: Any = LazyModule("numpy")

REDUCTIONS: tuple[Case, ...] = (
    Case(((),)),
    Case(((4,),)),
    Case(((2, 3),)),
    Case(((2, 3),), {"axis": 0}),
    Case(((2, 3),), {"axis": -1, "keepdims": True}),
    Case(((2, 3, 2),), {"axis": (0, 2)}),
)
"""The cases that the tests try for every row with ``axis`` and ``keepdims``."""


def reduced_shape(x: Shape, axis: Any = None, keepdims: bool = False, **_: Any) -> Shape:
    """Return the shape after a reduction; ``axis`` and ``keepdims`` are NumPy's.

    >>> reduced_shape((2, 3), axis=-1), reduced_shape((2, 3), axis=-1, keepdims=True)
    ((2,), (2, 1))
    """
    if keepdims:
        return kept_shape(x, axis)
    axes = normalized_axes(axis, len(x))
    return tuple(n for i, n in enumerate(x) if i not in axes)


def spread(g: Any, x: Any, axis: Any) -> Any:
    """Return the gradient of a reduction in the shape of its operand, one share per element."""
    shape = shape_of(x)
    if not shape:
        return g
    if axis is not None:
        kept = kept_shape(shape, axis)
        g = g if shape_of(g) == kept else reshape(g, shape=kept)
    return broadcast_to(g, shape=shape)


def count(x: Any, axis: Any) -> int:
    """Return how many elements go into each result of a reduction.

    >>> count([[1, 2, 3], [4, 5, 6]], 0)
    2
    """
    if axis is None:
        return size_of(x)
    shape = shape_of(x)
    return math.prod(shape[a] for a in normalized_axes(axis, len(shape)))


sum_ = operation(
    "sum",
    "Σ",
    "x",
    # np.sum calls this in the end.
    forward=lambda x, axis=None, keepdims=False: np.add.reduce(x, axis=axis, keepdims=keepdims),
    vjp=(lambda g, z, x, axis=None, keepdims=False: spread(g, x, axis),),
    parameters={"axis": None, "keepdims": False},
    numpy=("sum", "add.reduce"),
    method=True,
    says="Passes the gradient on to every element.",
    notation="Σ {x}",
    binds=REDUCTION,
    reduces="all",
    over_axes="Σ{axes} {x}",
    shape=reduced_shape,
    cases=REDUCTIONS,
)


def _mean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    if size_of(x):
        if type(x) is np.ndarray and x.dtype.char == "d":
            # np.mean does the same in the end, where precision needs no care.
            return np.add.reduce(x, axis=axis, keepdims=keepdims) / count(x, axis)
        return np.mean(x, axis=axis, keepdims=keepdims)
    # The mean of nothing is NaN, without the warning that NumPy prints.
    return np.full(reduced_shape(shape_of(x), axis, keepdims), np.nan, np.result_type(x, np.float32))


mean = operation(
    "mean",
    "mean",
    "x",
    forward=_mean,
    vjp=(lambda g, z, x, axis=None, keepdims=False: spread(g / count(x, axis), x, axis),),
    parameters={"axis": None, "keepdims": False},
    numpy=("mean",),
    method=True,
    says="Shares the gradient out evenly: 1/n for each element.",
    notation="mean({x})",
    reduces="all",
    over_axes="mean{axes}({x})",
    shape=reduced_shape,
    cases=REDUCTIONS,
)


def _softmax(x: Any, axis: int = -1) -> Any:
    # The largest logit becomes 0, so that exp cannot overflow; the common factor cancels.
    shape = shape_of(x)
    if not shape:
        return np.ones_like(x)
    if not shape[axis]:
        return np.asarray(x)
    # np.max and np.sum call these in the end.
    e = np.exp(x - np.maximum.reduce(x, axis=axis, keepdims=True))
    e /= added_up(e, -1) if axis == -1 else np.add.reduce(e, axis=axis, keepdims=True)
    return e


def _softmax_inside(x: Any, axis: int = -1) -> Any:
    e = exp(x - largest(x, axis=axis))
    return e / sum_(e, axis=axis, keepdims=True)


def _softmax_rule(g: Any, z: Any, x: Any, axis: int = -1) -> Any:
    if not shape_of(x):
        return g * 0.0
    return z * (g - sum_(g * z, axis=axis, keepdims=True))


softmax = operation(
    "softmax",
    "softmax",
    "x",
    forward=_softmax,
    vjp=(_softmax_rule,),
    parameters={"axis": -1},
    says="Each share gets z(g − Σ g·z): when one share grows, the others shrink.",
    notation="softmax({x})",
    shape=lambda x, axis=-1: x,
    cases=(Case(((3,),)), Case(((2, 3),)), Case(((2, 3),), {"axis": 0}), Case(((),))),
    reference="∂zᵢ/∂xⱼ = zᵢ(δᵢⱼ − zⱼ)",
    inside=_softmax_inside,
)


def shares_and_logs(x: Any, axis: int = -1) -> tuple[Any, Any]:
    """Return the softmax of an array, and its logarithm.

    >>> shares_and_logs(np.zeros(2))
    (array([0.5, 0.5]), array([-0.69314718, -0.69314718]))
    """
    if not x.size or not x.ndim:
        return np.ones_like(x), np.zeros_like(x)
    if axis == -1 and x.ndim == 2 and x.shape[0] > 4 * x.shape[1]:
        # NumPy is four times as fast along a few long rows as along many short ones.
        y, log_y = shares_and_logs(x.T.copy(), 0)
        return y.T, log_y.T
    top = x - np.maximum.reduce(x, axis=axis, keepdims=True)
    e = np.exp(top)
    total = added_up(e, -1) if axis == -1 else np.add.reduce(e, axis=axis, keepdims=True)
    e /= total
    return e, top - np.log(total)


def _log_softmax(x: Any, axis: int = -1) -> Any:
    return shares_and_logs(np.asarray(x), axis)[1]


def _log_softmax_inside(x: Any, axis: int = -1) -> Any:
    top = x - largest(x, axis=axis)
    return top - log(sum_(exp(top), axis=axis, keepdims=True))


def _log_softmax_rule(g: Any, z: Any, x: Any, axis: int = -1) -> Any:
    if not shape_of(x):
        return g * 0.0
    return g - exp(z) * sum_(g, axis=axis, keepdims=True)


log_softmax = operation(
    "log_softmax",
    "log softmax",
    "x",
    forward=_log_softmax,
    vjp=(_log_softmax_rule,),
    parameters={"axis": -1},
    says="Each gets g − softmax(x)·Σ g.",
    notation="log softmax({x})",
    shape=lambda x, axis=-1: x,
    cases=(Case(((3,),)), Case(((2, 3),)), Case(((2, 3),), {"axis": 0}), Case(((),))),
    reference="∂zᵢ/∂xⱼ = δᵢⱼ − softmax(x)ⱼ",
    inside=_log_softmax_inside,
)
