"""NumPy's functions that change only the shape: each is a reshape, a transpose or a broadcast."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from bpviz.errors import UsageError
from bpviz.lazy import LazyModule
from bpviz.ops.primitives.shaping import broadcast_to, normalized_axes, reshape, transpose
from bpviz.ops.table.registry import made_of_operations
from bpviz.ops.table.values import is_whole_number, shape_of

__all__ = [
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "broadcast_arrays",
    "expand_dims",
    "matrix_transpose",
    "meshgrid",
    "moveaxis",
    "ravel",
    "rollaxis",
    "squeeze",
    "swapaxes",
]

np: Any = LazyModule("numpy")


@made_of_operations("ravel", methods=("ravel", "flatten"))
def ravel(a: Any, order: str = "C") -> Any:
    """``np.ravel`` and ``x.flatten()``: all elements as a vector.

    >>> ravel([[1.0, 2.0], [3.0, 4.0]])
    array([1., 2., 3., 4.])
    """
    if order not in ("C", "K", "A"):
        raise TypeError(f"a line in the order {order!r} cannot be recorded; transpose first")
    if len(shape_of(a)) != 1:
        return reshape(a, shape=(-1,))
    # A line whose elements do not lie side by side is copied: writes to the copy are not seen in it.
    flags = getattr(getattr(a, "data", None), "flags", None)
    return a if flags is None or flags.c_contiguous else a.copy()


def _shaped(x: Any, shape: Sequence[int]) -> Any:
    """Return ``x`` reshaped; where it has that shape already, no step is recorded."""
    return x if shape_of(x) == tuple(shape) else reshape(x, shape=tuple(shape))


@made_of_operations("squeeze", methods=("squeeze",))
def squeeze(a: Any, axis: Any = None) -> Any:
    """``np.squeeze``: remove the axes of length 1.

    >>> squeeze([[1.0, 2.0]])
    array([1., 2.])
    """
    shape = shape_of(a)
    gone = [i for i, n in enumerate(shape) if n == 1] if axis is None else normalized_axes(axis, len(shape))
    if any(shape[i] != 1 for i in gone):
        raise UsageError(f"axis {axis} of shape {shape} cannot be left out; only axes of length 1 can")
    return _shaped(a, [n for i, n in enumerate(shape) if i not in gone])


@made_of_operations("expand_dims")
def expand_dims(a: Any, axis: Any) -> Any:
    """``np.expand_dims``: add an axis of length 1.

    >>> expand_dims([1.0, 2.0], 0)
    array([[1., 2.]])
    """
    shape = list(shape_of(a))
    axes = (axis,) if is_whole_number(axis) else tuple(axis)
    for i in sorted(normalized_axes(axes, len(shape) + len(axes))):
        shape.insert(i, 1)
    return _shaped(a, shape)


def _each(arrays: Sequence[Any], make: Any) -> Any:
    made = tuple(make(x) for x in arrays)
    return made[0] if len(made) == 1 else made


@made_of_operations("atleast_1d")
def atleast_1d(*arys: Any) -> Any:
    """``np.atleast_1d``: turn a single number into a vector of one element."""
    return _each(arys, lambda x: _shaped(x, shape_of(x) or (1,)))


@made_of_operations("atleast_2d")
def atleast_2d(*arys: Any) -> Any:
    """``np.atleast_2d``: turn a vector into a row.

    >>> atleast_2d([1.0, 2.0])
    array([[1., 2.]])
    """
    return _each(arys, lambda x: _shaped(x, (1,) * (2 - len(shape_of(x))) + shape_of(x)))


@made_of_operations("atleast_3d")
def atleast_3d(*arys: Any) -> Any:
    """``np.atleast_3d``: turn a matrix into a stack along the last axis."""

    def deep(x: Any) -> Any:
        shape = shape_of(x)
        lines = (1, *(shape or (1,)), 1) if len(shape) < 2 else (*shape, 1) if len(shape) == 2 else shape
        return _shaped(x, lines)

    return _each(arys, deep)


# Axes in another order


def _turned(x: Any, axes: Sequence[int]) -> Any:
    if tuple(axes) == tuple(range(len(axes))):
        return x
    # A plain transpose of a matrix is written as one.
    return transpose(x) if tuple(axes) == (1, 0) else transpose(x, axes=tuple(axes))


@made_of_operations("swapaxes", methods=("swapaxes",))
def swapaxes(a: Any, axis1: int, axis2: int) -> Any:
    """``np.swapaxes``: exchange two axes.

    >>> swapaxes([[1.0, 2.0]], 0, 1)
    array([[1.],
           [2.]])
    """
    order = list(range(len(shape_of(a))))
    first, second = normalized_axes((axis1, axis2), len(order))
    order[first], order[second] = second, first
    return _turned(a, order)


@made_of_operations("matrix_transpose", "linalg.matrix_transpose")
def matrix_transpose(x: Any) -> Any:
    """``np.matrix_transpose``: exchange the last two axes; a matrix is transposed."""
    return swapaxes(x, -1, -2)


@made_of_operations("moveaxis")
def moveaxis(a: Any, source: Any, destination: Any) -> Any:
    """``np.moveaxis``: move axes to other places; the others keep their order.

    >>> shape_of(moveaxis(np.ones((2, 3, 4)), 0, -1))
    (3, 4, 2)
    """
    dimensions = len(shape_of(a))
    sources, destinations = normalized_axes(source, dimensions), normalized_axes(destination, dimensions)
    order = [i for i in range(dimensions) if i not in sources]
    for place, axis in sorted(zip(destinations, sources, strict=True)):
        order.insert(place, axis)
    return _turned(a, order)


@made_of_operations("rollaxis")
def rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    """``np.rollaxis``: move an axis in front of another."""
    dimensions = len(shape_of(a))
    axis %= dimensions
    start += dimensions if start < 0 else 0
    order = [i for i in range(dimensions) if i != axis]
    order.insert(start - (axis < start), axis)
    return _turned(a, order)


# One shape for several arrays


@made_of_operations("broadcast_arrays")
def broadcast_arrays(*args: Any, subok: bool = False) -> tuple[Any, ...]:
    """``np.broadcast_arrays``: every array in their common shape."""
    shape = np.broadcast_shapes(*map(shape_of, args))
    return tuple(x if shape_of(x) == shape else broadcast_to(x, shape=shape) for x in args)


@made_of_operations("meshgrid")
def meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> tuple[Any, ...]:
    """``np.meshgrid``: the coordinates of every point of a grid.

    >>> [grid.shape for grid in meshgrid([1.0, 2.0, 3.0], [1.0, 2.0])]
    [(2, 3), (2, 3)]
    """
    places = list(range(len(xi)))
    if indexing == "xy" and len(xi) > 1:
        places[:2] = [1, 0]
    lengths = [math.prod(shape_of(x)) for x in xi]
    lines = []
    for place, length, x in zip(places, lengths, xi, strict=True):
        line = [1] * len(xi)
        line[place] = length
        lines.append(_shaped(x, line))
    return tuple(lines) if sparse else broadcast_arrays(*lines)
