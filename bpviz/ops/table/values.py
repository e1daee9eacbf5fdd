"""Numbers and arrays: their shape, their size, and the plain form in which they are kept."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from bpviz.lazy import LazyModule

__all__ = ["Shape", "broadcast_shape", "is_whole_number", "plain", "shape_of", "size_of"]

np: Any = LazyModule("numpy")

Shape = tuple[int, ...]


def shape_of(value: Any) -> Shape:
    """Return the shape of a number, an array or anything traced.

    >>> shape_of(3.0)
    ()
    """
    if type(value) is float:
        return ()
    try:
        found: Shape = value.shape
    except AttributeError:
        return () if isinstance(value, int | float) else tuple(np.shape(value))
    return found


def broadcast_shape(shapes: Sequence[Shape]) -> Shape:
    """Return the shape of an elementwise result for operands of these shapes.

    >>> broadcast_shape([(2, 3), (3,), ()])
    (2, 3)
    """
    size = max(map(len, shapes))
    padded = [(1,) * (size - len(shape)) + shape for shape in shapes]
    return tuple(next((n for n in column if n != 1), 1) for column in zip(*padded, strict=True))


def is_whole_number(value: Any) -> bool:
    """Return whether a value is one whole number, not an array or a list of them.

    >>> is_whole_number(2), is_whole_number(np.array(2)), is_whole_number(np.array([2])), is_whole_number([2])
    (True, True, False, False)
    """
    return hasattr(value, "__index__") and not getattr(value, "ndim", 0)


def size_of(value: Any) -> int:
    """Return the number of elements.

    >>> size_of(3.0)
    1
    """
    return math.prod(shape_of(value))


def plain(value: Any) -> Any:
    """Return Python's float for a single 64-bit number, an array for all others."""
    kind = type(value)
    if kind is float or kind is int or kind is bool:
        return value
    if isinstance(value, float):
        return float(value)
    if kind is np.ndarray or kind.__module__ == "numpy":
        value = np.asarray(value)
        if not value.ndim and value.dtype == np.float64:
            return float(value)
    return value
