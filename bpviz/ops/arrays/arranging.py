"""Copies, borders and turns: the same numbers at other places, or at several places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bpviz.errors import UsageError
from bpviz.lazy import LazyModule
from bpviz.ops.primitives.reductions import sum_
from bpviz.ops.primitives.shaping import index, normalized_axes, reshape, scatter, transpose
from bpviz.ops.table.registry import made_of_operations, operation
from bpviz.ops.table.row import REQUIRED, Case, Operation
from bpviz.ops.table.values import Shape, is_whole_number, shape_of, size_of

__all__ = ["flip", "fliplr", "flipud", "pad", "pad_border", "repeat", "roll", "rot90", "tile"]

np: Any = LazyModule("numpy")


def _repetitions(x: Shape, reps: Any) -> tuple[Shape, tuple[int, ...]]:
    """Return the shape and the number of copies per axis, of equal length."""
    reps = (reps,) if is_whole_number(reps) else tuple(reps)
    size = max(len(x), len(reps))
    return (1,) * (size - len(x)) + x, (1,) * (size - len(reps)) + tuple(int(n) for n in reps)


def _tiled_shape(x: Shape, reps: Any) -> Shape:
    return tuple(n * copies for n, copies in zip(*_repetitions(x, reps), strict=True))


def _tile_rule(g: Any, z: Any, x: Any, reps: Any) -> Any:
    shape, copies = _repetitions(shape_of(x), reps)
    copies_and_lengths = tuple(n for pair in zip(copies, shape, strict=True) for n in pair)
    total = sum_(reshape(g, shape=copies_and_lengths), axis=tuple(range(0, len(copies_and_lengths), 2)))
    return reshape(total, shape=shape_of(x))


tile = operation(
    "tile",
    "tile",
    "x",
    forward=lambda x, reps: np.tile(x, reps),
    vjp=(_tile_rule,),
    parameters={"reps": REQUIRED},
    numpy=("tile",),
    says="The gradients of the copies add up.",
    notation="tile({x})",
    shape=_tiled_shape,
    cases=(
        Case(((3,),), {"reps": 2}),
        Case(((2, 3),), {"reps": (2, 1)}),
        Case(((3,),), {"reps": (2, 2)}),
        Case(((2, 3),), {"reps": 2}),
        Case(((),), {"reps": 3}),
    ),
)


def _repeated(length: int, repeats: Any) -> Any:
    """Return which element stands at each place of the result."""
    return np.repeat(np.arange(length), repeats)


def _repeat_rule(g: Any, z: Any, x: Any, repeats: Any, axis: int | None = None) -> Any:
    shape = shape_of(x)
    if axis is None or not shape:
        size = size_of(x)
        return reshape(scatter(g, key=(_repeated(size, repeats),), shape=(size,)), shape=shape)
    axis %= len(shape)
    return scatter(g, key=(*(slice(None),) * axis, _repeated(shape[axis], repeats)), shape=shape)


def _repeated_shape(x: Shape, repeats: Any, axis: int | None = None) -> Shape:
    if axis is None or not x:
        return (len(_repeated(int(np.prod(x)), repeats)),)
    axis %= len(x)
    return (*x[:axis], len(_repeated(x[axis], repeats)), *x[axis + 1 :])


repeat = operation(
    "repeat",
    "repeat",
    "x",
    forward=lambda x, repeats, axis=None: np.repeat(x, repeats, axis=axis),
    vjp=(_repeat_rule,),
    parameters={"repeats": REQUIRED, "axis": None},
    numpy=("repeat",),
    method=True,
    says="The gradients of the copies add up.",
    notation="repeat({x})",
    shape=_repeated_shape,
    cases=(
        Case(((3,),), {"repeats": 2}),
        Case(((2, 3),), {"repeats": 2, "axis": -1}),
        Case(((2, 3),), {"repeats": (1, 3), "axis": 0}),
        Case(((2, 3),), {"repeats": 2}),
        Case(((),), {"repeats": 3}),
    ),
)


# Borders


def _widths(pad_width: Any, dimensions: int) -> tuple[tuple[int, int], ...]:
    """Return how many elements are added before and after, per axis, from any form that NumPy accepts."""
    if isinstance(pad_width, dict):
        named = {axis % dimensions: widths for axis, widths in pad_width.items()}
        pairs: Any = [np.broadcast_to(named.get(axis, 0), 2) for axis in range(dimensions)]
    else:
        pairs = np.broadcast_to(pad_width, (dimensions, 2))
    return tuple((int(before), int(after)) for before, after in pairs)


def _pad_rule(g: Any, z: Any, x: Any, pad_width: Any, constant_values: Any = 0) -> Any:
    shape = shape_of(x)
    places = zip(_widths(pad_width, len(shape)), shape, strict=True)
    return index(g, key=tuple(slice(before, before + n) for (before, _), n in places))


pad = operation(
    "pad",
    "pad",
    "x",
    forward=lambda x, pad_width, constant_values=0: np.pad(x, pad_width, constant_values=constant_values),
    vjp=(_pad_rule,),
    parameters={"pad_width": REQUIRED, "constant_values": 0},
    says="The border is dropped; the rest of the gradient passes.",
    notation="pad({x})",
    shape=lambda x, pad_width, constant_values=0: tuple(
        before + n + after for (before, after), n in zip(_widths(pad_width, len(x)), x, strict=True)
    ),
    cases=(
        Case(((3,),), {"pad_width": 2}),
        Case(((2, 3),), {"pad_width": ((0, 1), (2, 0))}),
        Case(((2, 3),), {"pad_width": (1, 2), "constant_values": 7}),
    ),
)

_BORDERS = ("edge", "reflect", "symmetric", "wrap")


@made_of_operations("pad")
def pad_border(array: Any, pad_width: Any, mode: Any = "constant", **keywords: Any) -> Any:
    """``np.pad``: add a border; a constant one is one node, one made of the array's own elements is an index.

    >>> pad_border([1.0, 2.0, 3.0], 1, "edge")
    array([1., 1., 2., 3., 3.])

    Raises `ValueError` for the modes that compute something.
    """
    shape = shape_of(array)
    widths = _widths(pad_width, len(shape))
    if mode == "constant":
        return pad(array, pad_width=widths, **keywords)
    if mode not in _BORDERS:
        known = ", ".join(map(repr, ("constant", *_BORDERS)))
        raise UsageError(f"np.pad with mode={mode!r} cannot be recorded; take one of {known}")
    # Where each place of the result comes from, along each axis.
    sources = [np.pad(np.arange(n), pair, mode, **keywords) for n, pair in zip(shape, widths, strict=True)]
    if any(source.size and (source.min() < 0 or source.max() >= n) for source, n in zip(sources, shape, strict=True)):
        raise UsageError("np.pad with reflect_type='odd' cannot be recorded; leave it out")
    return index(array, key=np.ix_(*sources))


# Turns

flip: Operation = operation(
    "flip",
    "flip",
    "x",
    forward=lambda x, axis=None: np.flip(x, axis=axis),
    vjp=(lambda g, z, x, axis=None: flip(g, axis=axis),),
    view=lambda z, x, axis=None: flip(z, axis=axis),
    parameters={"axis": None},
    numpy=("flip",),
    says="The gradient is flipped back.",
    notation="flip({x})",
    shape=lambda x, axis=None: x,
    cases=(Case(((3,),)), Case(((2, 3),)), Case(((2, 3),), {"axis": 1}), Case(((2, 3, 2),), {"axis": (0, 2)})),
)


def _back(shift: Any) -> Any:
    return tuple(-n for n in shift) if isinstance(shift, Sequence) else -shift


roll: Operation = operation(
    "roll",
    "roll",
    "x",
    forward=lambda x, shift, axis=None: np.roll(x, shift, axis=axis),
    vjp=(lambda g, z, x, shift, axis=None: roll(g, shift=_back(shift), axis=axis),),
    parameters={"shift": REQUIRED, "axis": None},
    numpy=("roll",),
    says="The gradient is rolled back.",
    notation="roll({x})",
    shape=lambda x, shift, axis=None: x,
    cases=(
        Case(((4,),), {"shift": 1}),
        Case(((2, 3),), {"shift": -2}),
        Case(((2, 3),), {"shift": 1, "axis": 1}),
        Case(((2, 3),), {"shift": (1, 2), "axis": (0, 1)}),
    ),
)


@made_of_operations("fliplr")
def fliplr(m: Any) -> Any:
    """``np.fliplr``: exchange left and right."""
    return flip(m, axis=1)


@made_of_operations("flipud")
def flipud(m: Any) -> Any:
    """``np.flipud``: exchange top and bottom."""
    return flip(m, axis=0)


@made_of_operations("rot90")
def rot90(m: Any, k: int = 1, axes: Sequence[int] = (0, 1)) -> Any:
    """``np.rot90``: turn by 90° in the plane of two axes.

    >>> rot90([[1.0, 2.0], [3.0, 4.0]])
    array([[2., 4.],
           [1., 3.]])
    """
    dimensions = len(shape_of(m))
    first, second = normalized_axes(tuple(axes), dimensions)
    k %= 4
    if k == 0:
        return m
    if k == 2:
        return flip(m, axis=(first, second))
    order = list(range(dimensions))
    order[first], order[second] = second, first
    if k == 1:
        return transpose(flip(m, axis=second), axes=tuple(order))
    return flip(transpose(m, axes=tuple(order)), axis=second)
