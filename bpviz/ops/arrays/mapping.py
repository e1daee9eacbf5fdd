"""Arrays made of the elements of others by a plan of positions, which NumPy itself makes for whole numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from bpviz.errors import UsageError
from bpviz.lazy import LazyModule
from bpviz.ops.arrays.axes import ravel
from bpviz.ops.arrays.picking import is_traced
from bpviz.ops.primitives.shaping import Operand, concatenate, index, reshape, scatter, stack, transpose
from bpviz.ops.table.registry import made_of_operations
from bpviz.ops.table.values import shape_of, size_of

__all__ = ["apply_along_axis", "bincount", "extract", "insert", "resize", "sliding_window_view"]

np: Any = LazyModule("numpy")


def _numbered(x: Any, first: int = 0) -> Any:
    """Return the positions of the elements of an array, row by row."""
    return first + np.arange(size_of(x)).reshape(shape_of(x))


def _taken(x: Any, places: Any) -> Any:
    return index(ravel(x), key=np.array(places))


@made_of_operations("insert")
def insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    """``np.insert``: an array with other values before these positions.

    >>> insert([1.0, 2.0, 3.0], 1, 5.0)
    array([1., 5., 2., 3.])
    """
    if is_traced(obj):
        raise TypeError("np.insert at a recorded position; give the position as a plain whole number")
    arr = arr if is_traced(arr) else np.asarray(arr)
    values = values if is_traced(values) else np.asarray(values, arr.dtype)
    if arr.dtype.kind in "iub" and values.dtype.kind == "f":
        raise TypeError("np.insert drops the decimals of what it puts into whole numbers; make them floats: x * 1.0")
    places = np.insert(_numbered(arr), obj, _numbered(values, size_of(arr)), axis)
    if places.ndim == 1 and np.ndim(obj) == 0:
        at = int(np.argmax(places >= size_of(arr))) if size_of(values) else size_of(arr)
        line, values = ravel(arr), ravel(values)
        pieces = index(line, key=slice(None, at)), values, index(line, key=slice(at, None))
        return concatenate(*(piece for piece in pieces if size_of(piece)))
    return index(concatenate(ravel(arr), ravel(values)), key=places)


@made_of_operations("resize")
def resize(a: Any, new_shape: Any) -> Any:
    """``np.resize``: an array of another shape, filled by repeating the elements.

    >>> resize([1.0, 2.0], 3)
    array([1., 2., 1.])
    """
    return _taken(a, np.resize(_numbered(a), new_shape))


@made_of_operations("extract")
def extract(condition: Any, arr: Any) -> Any:
    """``np.extract``: the elements where the condition is true.

    >>> extract([True, False, True], [1.0, 2.0, 3.0])
    array([1., 3.])
    """
    if not is_traced(condition):
        return _taken(arr, np.flatnonzero(condition))
    return index(ravel(arr), ravel(condition), key=Operand(0))


@made_of_operations("lib.stride_tricks.sliding_window_view")
def sliding_window_view(x: Any, window_shape: Any, axis: Any = None, *, subok: bool = False, **other: Any) -> Any:
    """``np.lib.stride_tricks.sliding_window_view``: every window of an array.

    >>> sliding_window_view([1.0, 2.0, 3.0], 2)
    array([[1., 2.],
           [2., 3.]])
    """
    if other:
        raise TypeError("sliding_window_view with writeable= cannot be recorded; write into a copy: x.copy()")
    return _taken(x, np.lib.stride_tricks.sliding_window_view(_numbered(x), window_shape, axis))


@made_of_operations("bincount")
def bincount(x: Any, weights: Any = None, minlength: int = 0) -> Any:
    """``np.bincount``: the sum of the weights for each whole number.

    >>> bincount([0, 2, 0], weights=[1.0, 2.0, 3.0])
    array([4., 0., 2.])
    """
    if is_traced(x) or weights is None:
        raise TypeError(
            "np.bincount of recorded values: counts carry no gradient; compute it before, from plain numbers"
        )
    x = np.array(x)
    return scatter(weights, key=x, shape=(max(int(x.max(initial=-1)) + 1, minlength),))


@made_of_operations("apply_along_axis")
def apply_along_axis(func1d: Callable[..., Any], axis: int, arr: Any, *args: Any, **kwargs: Any) -> Any:
    """``np.apply_along_axis``: what a function gives for each line along an axis.

    >>> apply_along_axis(sum, 1, np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([3., 7.])
    """
    shape = shape_of(arr)
    axis %= len(shape)
    around = (*shape[:axis], *shape[axis + 1 :])
    if not size_of(arr):
        raise UsageError("np.apply_along_axis needs an array that is not empty")
    made = []
    for place in np.ndindex(*around):
        key: Sequence[Any] = (*place[:axis], slice(None), *place[axis:])
        made.append(func1d(index(arr, key=tuple(key)), *args, **kwargs))
    each = shape_of(made[0])
    joined = reshape(stack(*made), shape=(*around, *each))
    if not each or axis == len(around):
        return joined
    lead = tuple(range(axis))
    own = tuple(range(len(around), len(around) + len(each)))
    return transpose(joined, axes=(*lead, *own, *range(axis, len(around))))
