"""Straight lines between points, and slopes of sampled functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bpviz.errors import UsageError
from bpviz.lazy import LazyModule
from bpviz.ops.arrays.extremes import searchsorted
from bpviz.ops.arrays.picking import is_traced
from bpviz.ops.functions.logic import logical_or
from bpviz.ops.primitives.arithmetic import add, divide, multiply, negative, subtract
from bpviz.ops.primitives.assumptions import called
from bpviz.ops.primitives.elementwise import maximum, minimum
from bpviz.ops.primitives.selection import greater, less, where
from bpviz.ops.primitives.shaping import Operand, concatenate, index, reshape, scatter
from bpviz.ops.table.registry import made_of_operations, operation
from bpviz.ops.table.row import Case
from bpviz.ops.table.values import Shape, shape_of

__all__ = ["ediff1d", "gradient", "interp"]

np: Any = LazyModule("numpy")

_AT = (Operand(0),)


def _interp_arguments(
    x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None
) -> tuple[Sequence[Any], dict[str, Any]]:
    if period is not None:
        raise TypeError("np.interp with period= cannot be recorded; bring x into range first: x % period")
    if is_traced(left) or is_traced(right):
        raise TypeError("np.interp with a recorded left= or right= cannot be recorded; give plain numbers")
    if len(shape_of(xp)) != 1 or shape_of(xp) != shape_of(fp):
        raise ValueError("xp and fp are lines of points, of the same length")
    return (x, xp, fp), {"left": left, "right": right}


def _interp_rules(
    g: Any, z: Any, x: Any, xp: Any, fp: Any, left: float | None = None, right: float | None = None
) -> tuple[Any, Any, Any]:
    count = shape_of(xp)[0]
    below, above = less(x, index(xp, key=0)), greater(x, index(xp, key=-1))
    # The points on both sides of x; for an x outside the first two, or the last two.
    after = minimum(maximum(searchsorted(xp, x, side="right"), 1), count - 1)
    before = subtract(after, 1)
    x0, x1 = index(xp, before, key=_AT), index(xp, after, key=_AT)
    slope = divide(subtract(index(fp, after, key=_AT), index(fp, before, key=_AT)), subtract(x1, x0))
    share = minimum(maximum(divide(subtract(x, x0), subtract(x1, x0)), 0.0), 1.0)
    inside = where(logical_or(below, above), 0.0, g)
    known = g if left is None else where(below, 0.0, g)
    known = known if right is None else where(above, 0.0, known)

    def spread(of_before: Any, of_after: Any) -> Any:
        first = scatter(of_before, before, key=_AT, shape=(count,))
        return add(first, scatter(of_after, after, key=_AT, shape=(count,)))

    steep = multiply(inside, called(slope, "slope"))
    of_points = spread(multiply(steep, subtract(share, 1.0)), negative(multiply(steep, share)))
    return steep, of_points, spread(multiply(known, subtract(1.0, share)), multiply(known, share))


def _points_shape(x: Shape, xp: Shape, fp: Shape, **_: Any) -> Shape:
    return x


_POINTS = {"xp": (-1.5, -0.4, 0.3, 1.7)}

interp = operation(
    "interp",
    "interp",
    "x xp fp",
    forward=lambda x, xp, fp, left=None, right=None: np.interp(x, xp, fp, left, right),
    together=_interp_rules,
    parameters={"left": None, "right": None},
    numpy=("interp",),
    adapt=_interp_arguments,
    says="Straight lines between points: x gets the slope of its line, the two points beside x share the gradient.",
    notation="interp({x}, {xp}, {fp})",
    shape=_points_shape,
    cases=(
        Case(((), (4,), (4,)), given=_POINTS),
        Case(((5,), (4,), (4,)), given=_POINTS),
        Case(((2, 3), (4,), (4,)), {"left": 0.0, "right": 0.0}, given=_POINTS),
    ),
    convention="at a point the slope to its right; 0 outside",
)


@made_of_operations("ediff1d")
def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    """``np.ediff1d``: each element minus the one before, in one line.

    >>> ediff1d([1.0, 4.0, 9.0])
    array([3., 5.])
    """
    line = ary if len(shape_of(ary)) == 1 else reshape(ary, shape=(-1,))
    steps = subtract(index(line, key=slice(1, None)), index(line, key=slice(None, -1)))
    ends = [reshape(x, shape=(-1,)) if is_traced(x) else np.ravel(x) for x in (to_begin, to_end) if x is not None]
    if not ends:
        return steps
    return concatenate(*([ends[0]] if to_begin is not None else []), steps, *([ends[-1]] if to_end is not None else []))


@made_of_operations("gradient")
def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """``np.gradient``: the slopes of a sampled function, over both neighbours; over one at the ends.

    >>> gradient(np.array([1.0, 2.0, 4.0]))
    array([1. , 1.5, 2. ])

    Raises `ValueError` for an axis of fewer than two elements.
    """
    if edge_order != 1:
        raise TypeError("np.gradient with edge_order=2 cannot be recorded; leave it out")
    count = len(shape_of(f))
    axes = range(count) if axis is None else (axis,) if isinstance(axis, int) else axis
    axes = [one % count for one in axes]
    steps = varargs or (1.0,)
    steps = steps * len(axes) if len(steps) == 1 else steps
    if len(steps) != len(axes):
        raise TypeError(f"np.gradient takes one distance, or one for each of the {len(axes)} axes")
    made = tuple(_slopes(f, step, along) for step, along in zip(steps, axes, strict=True))
    return made[0] if len(made) == 1 else made


def _slopes(f: Any, step: Any, axis: int) -> Any:
    before, length = (slice(None),) * axis, shape_of(f)[axis]
    if length < 2:
        raise UsageError("np.gradient needs at least two elements along the axis")

    def part(start: int | None, stop: int | None) -> Any:
        return index(f, key=(*before, slice(start, stop)))

    if not is_traced(step):
        step = np.asarray(step, np.float64)
        step = step if not step.ndim or (np.diff(step) != np.diff(step)[0]).any() else step[1] - step[0]
    if not shape_of(step):
        step = step if is_traced(step) else float(step)
        inner = divide(subtract(part(2, None), part(None, -2)), multiply(2.0, step))
        first, last = step, step
    else:
        rest = (1,) * (len(shape_of(f)) - axis - 1)
        widths = subtract(index(step, key=slice(1, None)), index(step, key=slice(None, -1)))
        first, last = index(widths, key=0), index(widths, key=-1)
        left = reshape(index(widths, key=slice(None, -1)), shape=(-1, *rest))
        right = reshape(index(widths, key=slice(1, None)), shape=(-1, *rest))
        whole = add(left, right)
        inner = multiply(negative(divide(right, multiply(left, whole))), part(None, -2))
        inner = add(inner, multiply(divide(subtract(right, left), multiply(left, right)), part(1, -1)))
        inner = add(inner, multiply(divide(left, multiply(right, whole)), part(2, None)))
    ends = divide(subtract(part(1, 2), part(0, 1)), first), divide(subtract(part(-1, None), part(-2, -1)), last)
    return concatenate(ends[0], *([inner] if length > 2 else []), ends[1], axis=axis)
