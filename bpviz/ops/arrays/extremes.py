"""The largest, the smallest, and the order: operations that compare and choose elements."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Sequence
from typing import Any

from bpviz.errors import UsageError
from bpviz.lazy import LazyModule
from bpviz.ops.arrays.picking import is_traced, take_along_axis
from bpviz.ops.functions.logic import isnan
from bpviz.ops.primitives.elementwise import maximum, minimum
from bpviz.ops.primitives.reductions import REDUCTIONS, mean, reduced_shape, spread, sum_
from bpviz.ops.primitives.selection import where
from bpviz.ops.primitives.shaping import index, reshape
from bpviz.ops.table.registry import made_of_operations, operation
from bpviz.ops.table.row import Case, Operation
from bpviz.ops.table.row_shapes import function_of_two
from bpviz.ops.table.values import Shape, shape_of, size_of
from bpviz.text.numerals import number

__all__ = [
    "argmax",
    "argmin",
    "argsort",
    "clip",
    "fmax",
    "fmin",
    "greatest",
    "least",
    "max_",
    "median",
    "min_",
    "peak_to_peak",
    "searchsorted",
    "sort",
]

np: Any = LazyModule("numpy")

# Two operands


def _share(larger: Any, smaller: Any, other: Any) -> Any:
    """Return 1 where the operand was taken, ½ where both are equal; any number is taken before NaN."""
    return where(isnan(other), 1.0, where(larger > smaller, 1.0, where(larger == smaller, 0.5, 0.0)))


fmax = function_of_two(
    "fmax",
    "fmax",
    lambda g, z, x, y: g * _share(x, y, y),
    lambda g, z, x, y: g * _share(y, x, x),
    says="The gradient goes to the larger of the two; NaN is ignored.",
    convention="equals share the gradient half and half",
    js="{y} !== {y} || {x} >= {y} ? {x} : {y}",
)

fmin = function_of_two(
    "fmin",
    "fmin",
    lambda g, z, x, y: g * _share(y, x, y),
    lambda g, z, x, y: g * _share(x, y, x),
    says="The gradient goes to the smaller of the two; NaN is ignored.",
    convention="equals share the gradient half and half",
    js="{y} !== {y} || {x} <= {y} ? {x} : {y}",
)


def _clip_arguments(
    a: Any, a_min: Any = None, a_max: Any = None, out: Any = None, *, min: Any = None, max: Any = None, **keywords: Any
) -> tuple[Sequence[Any], dict[str, Any]]:
    if out is not None or keywords:
        raise TypeError("clip with out= or other keywords cannot be recorded; assign the result to a new name")
    lower, upper = (a_min if min is None else min), (a_max if max is None else max)
    return (a, -np.inf if lower is None else lower, np.inf if upper is None else upper), {}


def _clip_symbol(constants: Sequence[Any], parameters: Any) -> tuple[str, tuple[int, ...]] | None:
    """Return the symbol; bounds that are plain numbers are written into the circle."""
    lower, upper = constants[1:]
    if lower is None or upper is None or shape_of(lower) or shape_of(upper):
        return None
    if upper == np.inf:
        return f"clip ≥{number(float(lower))}", (1, 2)
    if lower == -np.inf:
        return f"clip ≤{number(float(upper))}", (1, 2)
    return f"clip {number(float(lower))}…{number(float(upper))}", (1, 2)


clip = operation(
    "clip",
    "clip",
    "x lower upper",
    forward=lambda x, lower, upper: np.clip(x, lower, upper),
    scalar=lambda x, lower, upper: minimum(maximum(x, lower), upper),
    vjp=(
        lambda g, z, x, lower, upper: where(x == z, g, 0.0),
        lambda g, z, x, lower, upper: where(x < lower, where(lower > upper, 0.0, g), 0.0),
        lambda g, z, x, lower, upper: where(maximum(x, lower) > upper, g, 0.0),
    ),
    numpy=("clip",),
    method=True,
    adapt=_clip_arguments,
    drawn=_clip_symbol,
    says="Lets the gradient pass between the bounds; outside, the bound that was taken gets it.",
    notation="clip({x}, {lower}, {upper})",
    domain=((-2, 2), (-1, -0.5), (0.5, 1)),
    cases=(Case(((), (), ())), Case(((2, 3), (), ())), Case(((2, 3), (3,), (2, 1)))),
    convention="at a bound: passes, as in PyTorch",
    js="F.clip({x}, {lower}, {upper})",
)

# Many elements


def _extreme_rule(g: Any, z: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    if not shape_of(x):
        return g
    chosen = where(x == spread(z, x, axis), 1.0, 0.0)
    return spread(g, x, axis) * chosen / sum_(chosen, axis=axis, keepdims=True)


def _extreme(name: str, numpy: tuple[str, ...], word: str, of_operands: str) -> Operation:
    return operation(
        name,
        name,
        "x",
        forward=lambda x, axis=None, keepdims=False: getattr(np, name)(x, axis=axis, keepdims=keepdims),
        vjp=(_extreme_rule,),
        parameters={"axis": None, "keepdims": False},
        numpy=numpy,
        method=True,
        says=f"The gradient goes to the {word}; the others get 0.",
        notation=f"{name}({{x}})",
        reduces="all",
        over_axes=f"{name}{{axes}}({{x}})",
        of_operands=of_operands,
        shape=reduced_shape,
        cases=REDUCTIONS,
        convention="equals share the gradient evenly, as in PyTorch (amax, amin) and JAX",
    )


max_ = _extreme("max", ("max", "amax", "maximum.reduce"), "largest", "greatest")
min_ = _extreme("min", ("min", "amin", "minimum.reduce"), "smallest", "least")


def _among_rule(g: Any, z: Any, *xs: Any, slot: int) -> Any:
    chosen = [where(x == z, 1.0, 0.0) for x in xs]
    return g * chosen[slot] / functools.reduce(operator.add, chosen)


def _among(name: str, of_two: Operation, word: str, js: str) -> Operation:
    """Return the operation for several operands, each a single number."""
    return operation(
        name,
        of_two.symbol,
        "xs*",
        forward=lambda *xs: functools.reduce(of_two.forward, xs),
        scalar=lambda *xs: functools.reduce(of_two.scalar or of_two.forward, xs),
        vjp=_among_rule,
        says=f"The gradient goes to the {word}; the others get 0.",
        notation=f"{of_two.symbol}({{xs}})",
        cases=(Case(((), (), ())), Case(((2, 3), (2, 3), (3,)))),
        convention="equals share the gradient evenly, as in PyTorch (amax, amin) and JAX",
        js=js,
    )


greatest = _among("greatest", maximum, "largest", "Math.max({xs})")
least = _among("least", minimum, "smallest", "Math.min({xs})")


@made_of_operations("ptp")
def peak_to_peak(a: Any, axis: Any = None, out: Any = None, keepdims: bool = False) -> Any:
    """``np.ptp``: the largest minus the smallest.

    >>> peak_to_peak([1.0, 4.0, 2.0])
    3.0
    """
    if out is not None:
        raise TypeError("np.ptp with out= cannot be recorded; assign the result to a new name")
    return max_(a, axis=axis, keepdims=keepdims) - min_(a, axis=axis, keepdims=keepdims)


# Positions and orders


def _position(name: str, word: str) -> Operation:
    return operation(
        name,
        name,
        "x",
        forward=lambda x, axis=None, keepdims=False: getattr(np, name)(x, axis=axis, keepdims=keepdims),
        vjp=(None,),
        parameters={"axis": None, "keepdims": False},
        numpy=(name,),
        method=True,
        says=f"Where the {word} is: a whole number, which carries no gradient and serves as an index.",
        notation=f"{name}({{x}})",
        shape=reduced_shape,
        cases=tuple(case for case in REDUCTIONS if not isinstance(case.parameters.get("axis"), tuple)),
        convention="of equals the first",
    )


argmax = _position("argmax", "largest")
argmin = _position("argmin", "smallest")

_SORTED = (
    Case(((4,),)),
    Case(((2, 3),)),
    Case(((3, 2),), {"axis": 0}),
    Case(((2, 3),), {"axis": None}),
)


def _order_arguments(
    a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None
) -> tuple[Sequence[Any], dict[str, Any]]:
    # Every recorded order is stable, whatever ``kind`` says.
    if order is not None:
        raise TypeError("sorting by fields (order=) cannot be recorded")
    return (a,), {"axis": axis}


def _order_shape(x: Shape, axis: Any = -1) -> Shape:
    return (math.prod(x),) if axis is None else x


argsort = operation(
    "argsort",
    "argsort",
    "x",
    forward=lambda x, axis=-1: np.argsort(x, axis=axis, kind="stable"),
    vjp=(None,),
    parameters={"axis": -1},
    numpy=("argsort",),
    method=True,
    adapt=_order_arguments,
    says="The order: whole numbers, which carry no gradient and serve as an index.",
    notation="argsort({x})",
    shape=_order_shape,
    cases=_SORTED,
    convention="equals keep their order",
)


def _sort_rule(g: Any, z: Any, x: Any, axis: Any = -1) -> Any:
    if axis is None:
        flat = reshape(x, shape=(-1,))
        return reshape(_sort_rule(g, z, flat, 0), shape=shape_of(x))
    # The rank of an element is argsort(argsort(x)): its gradient stands at that place.
    return take_along_axis(g, argsort(argsort(x, axis=axis), axis=axis), axis=axis)


sort = operation(
    "sort",
    "sort",
    "x",
    forward=lambda x, axis=-1: np.sort(x, axis=axis, kind="stable"),
    vjp=(_sort_rule,),
    parameters={"axis": -1},
    numpy=("sort",),
    adapt=_order_arguments,
    says="Each gradient goes back to the place its number came from.",
    notation="sort({x})",
    shape=_order_shape,
    cases=_SORTED,
    convention="equals keep their order",
)

searchsorted = operation(
    "searchsorted",
    "search",
    "x y",
    forward=lambda x, y, side="left": np.searchsorted(x, y, side=side),
    vjp=(None, None),
    parameters={"side": "left"},
    numpy=("searchsorted",),
    says="Where y belongs among the sorted x: a whole number, which carries no gradient.",
    notation="search({x}, {y})",
    shape=lambda x, y, side="left": y,
    cases=(Case(((4,), ())), Case(((4,), (2, 3)), {"side": "right"})),
)


@made_of_operations("digitize")
def digitize(x: Any, bins: Any, right: bool = False) -> Any:
    """``np.digitize``: the number of the interval between ``bins``, from small to large, that holds each x.

    >>> digitize([2.5, 0.0], [1.0, 2.0, 3.0])
    array([2, 0])
    """
    if not is_traced(bins) and np.any(np.diff(bins) < 0):
        raise UsageError("np.digitize can be recorded for bins from small to large only; reverse them")
    return searchsorted(bins, x, side="left" if right else "right")


@made_of_operations("median")
def median(a: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False, keepdims: bool = False) -> Any:
    """``np.median``: the middle of the sorted numbers, or the mean of the middle two, over one axis or all.

    >>> median([3.0, 1.0, 2.0]), median([4.0, 1.0, 2.0, 3.0])
    (2.0, 2.5)

    Raises `ValueError` for several axes and for an empty array.
    """
    if out is not None or isinstance(axis, tuple):
        raise UsageError("np.median with out= or several axes cannot be recorded; take the median of one axis")
    shape = shape_of(a)
    if axis is None:
        a, along = a if len(shape) == 1 else reshape(a, shape=(-1,)), 0
    else:
        along = axis % len(shape)
    length = shape_of(a)[along]
    if not size_of(a):
        raise UsageError("the median of no numbers is not defined")
    middle = slice((length - 1) // 2, length // 2 + 1)
    chosen = index(sort(a, axis=along), key=(*(slice(None),) * along, middle))
    result = mean(chosen, axis=along, keepdims=keepdims)
    return reshape(result, shape=(1,) * len(shape)) if keepdims and axis is None else result
