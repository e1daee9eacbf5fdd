"""Elements picked by position: ``take`` and similar functions, each recorded as an index."""

from __future__ import annotations

from typing import Any

from bpviz.errors import UsageError
from bpviz.lazy import LazyModule
from bpviz.ops.primitives.selection import where
from bpviz.ops.primitives.shaping import Operand, index, reshape
from bpviz.ops.table.registry import made_of_operations
from bpviz.ops.table.values import shape_of

__all__ = ["compress", "delete", "is_traced", "select", "take", "take_along_axis"]

np: Any = LazyModule("numpy")


def is_traced(value: Any) -> bool:
    """Return whether a value is recorded (or written as a formula) instead of computed.

    >>> is_traced(3.0)
    False
    """
    return hasattr(value, "__bpviz_record__")


def _at(x: Any, before: tuple[Any, ...], position: Any) -> Any:
    """Return ``x[*before, position]``; the position may be a recorded value."""
    if is_traced(position):
        return index(x, position, key=(*before, Operand(0)))
    return index(x, key=(*before, position if isinstance(position, int) else np.array(position)))


@made_of_operations("take", methods=("take",))
def take(a: Any, indices: Any, axis: int | None = None, out: Any = None, mode: str = "raise") -> Any:
    """``np.take``: the elements at these positions, along an axis or among all elements.

    >>> take([[1.0, 2.0], [3.0, 4.0]], [1, 0], axis=0)
    array([[3., 4.],
           [1., 2.]])
    """
    if out is not None or mode != "raise":
        raise TypeError("np.take with out= or mode= cannot be recorded; bring the positions into range first")
    if axis is None:
        return _at(reshape(a, shape=(-1,)), (), indices)
    return _at(a, (slice(None),) * (axis % len(shape_of(a))), indices)


@made_of_operations("take_along_axis")
def take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> Any:
    """``np.take_along_axis``: elements along an axis, with other positions for each line (as from ``argsort``).

    >>> take_along_axis(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1], [0]]), axis=1)
    array([[2.],
           [3.]])
    """
    if axis is None:
        return _at(reshape(arr, shape=(-1,)), (), indices)
    shape = shape_of(arr)
    if not shape:
        return arr
    axis %= len(shape)
    key: list[Any] = []
    for i, n in enumerate(shape):
        line = [1] * len(shape)
        line[i] = n
        key.append(np.arange(n).reshape(line))
    key[axis] = Operand(0) if is_traced(indices) else np.array(indices)
    return index(arr, *([indices] if is_traced(indices) else []), key=tuple(key))


@made_of_operations("compress")
def compress(condition: Any, a: Any, axis: int | None = None, out: Any = None) -> Any:
    """``np.compress``: the elements where the condition is true."""
    if is_traced(condition):
        raise TypeError("np.compress by a condition that is computed from the inputs; write x[condition]")
    return take(a, np.flatnonzero(condition), axis, out)


@made_of_operations("delete")
def delete(arr: Any, obj: Any, axis: int | None = None) -> Any:
    """``np.delete``: the elements that are not at these positions.

    >>> delete([1.0, 2.0, 3.0], 1)
    array([1., 3.])
    """
    if is_traced(obj):
        raise TypeError("np.delete at a recorded position; give the positions as plain whole numbers")
    shape = shape_of(arr)
    length = shape[axis] if axis is not None else int(np.prod(shape))
    return take(arr, np.delete(np.arange(length), obj), axis)


@made_of_operations("select")
def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    """``np.select``: the choice of the first true condition, as a chain of `where`.

    >>> select([np.array([True, False])], [np.array([1.0, 2.0])], -1.0)
    array([ 1., -1.])
    """
    if len(condlist) != len(choicelist):
        raise UsageError(
            f"np.select needs as many conditions as choices, but got {len(condlist)} and {len(choicelist)}"
        )
    result = default
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        result = where(condition, choice, result)
    return result
