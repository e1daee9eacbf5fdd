"""Joining and splitting arrays: each join is a concatenation or a stack, each part an index."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from bpviz.errors import UsageError
from bpviz.lazy import LazyModule
from bpviz.ops.arrays.axes import atleast_1d, atleast_2d, atleast_3d, ravel
from bpviz.ops.primitives.shaping import concatenate, index, reshape, transpose
from bpviz.ops.table.registry import made_of_operations
from bpviz.ops.table.values import is_whole_number, shape_of

__all__ = [
    "append",
    "array_split",
    "block",
    "column_stack",
    "dsplit",
    "dstack",
    "hsplit",
    "hstack",
    "split",
    "unstack",
    "vsplit",
    "vstack",
]

np: Any = LazyModule("numpy")


def _plain_types(dtype: Any, casting: str) -> None:
    if dtype is not None or casting != "same_kind":
        raise TypeError("joining with dtype= or casting= cannot be recorded; leave it out")


@made_of_operations("vstack", "row_stack")
def vstack(tup: Sequence[Any], *, dtype: Any = None, casting: str = "same_kind") -> Any:
    """``np.vstack``: join arrays as rows, one below the other.

    >>> vstack([[1.0, 2.0], [3.0, 4.0]])
    array([[1., 2.],
           [3., 4.]])
    """
    _plain_types(dtype, casting)
    return concatenate(*map(atleast_2d, tup))


@made_of_operations("hstack")
def hstack(tup: Sequence[Any], *, dtype: Any = None, casting: str = "same_kind") -> Any:
    """``np.hstack``: join arrays side by side.

    >>> hstack([[1.0, 2.0], 3.0])
    array([1., 2., 3.])
    """
    _plain_types(dtype, casting)
    parts = list(map(atleast_1d, tup))
    return concatenate(*parts) if len(shape_of(parts[0])) == 1 else concatenate(*parts, axis=1)


@made_of_operations("dstack")
def dstack(tup: Sequence[Any]) -> Any:
    """``np.dstack``: join arrays along the third axis."""
    return concatenate(*map(atleast_3d, tup), axis=2)


@made_of_operations("column_stack")
def column_stack(tup: Sequence[Any]) -> Any:
    """``np.column_stack``: join vectors as the columns of a matrix.

    >>> column_stack([[1.0, 2.0], [3.0, 4.0]])
    array([[1., 3.],
           [2., 4.]])
    """
    parts = (x if len(shape_of(x)) > 1 else transpose(atleast_2d(x)) for x in tup)
    return concatenate(*parts, axis=1)


@made_of_operations("block")
def block(arrays: Any) -> Any:
    """``np.block``: join nested lists of arrays; those of the innermost lists stand side by side.

    >>> block([[1.0, 2.0], [3.0, 4.0]])
    array([[1., 2.],
           [3., 4.]])
    """

    def deep(part: Any) -> int:
        return 1 + max(map(deep, part), default=0) if isinstance(part, list) else 0

    def leaves(part: Any) -> Iterator[Any]:
        if isinstance(part, list):
            for inner in part:
                yield from leaves(inner)
        else:
            yield part

    depth = deep(arrays)
    dimensions = max(depth, *(len(shape_of(leaf)) for leaf in leaves(arrays)))

    def joined(part: Any, level: int) -> Any:
        if isinstance(part, list):
            parts = [joined(inner, level - 1) for inner in part]
            return concatenate(*parts, axis=dimensions - level) if len(parts) > 1 else parts[0]
        shape = shape_of(part)
        return part if len(shape) == dimensions else reshape(part, shape=(1,) * (dimensions - len(shape)) + shape)

    return joined(arrays, depth)


@made_of_operations("append")
def append(arr: Any, values: Any, axis: int | None = None) -> Any:
    """``np.append``: add values at the end."""
    if axis is None:
        return concatenate(ravel(arr), ravel(values))
    return concatenate(arr, values, **({"axis": axis} if axis else {}))


@made_of_operations("array_split")
def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """``np.array_split``: parts of about equal length, or split at the given places.

    >>> [part.shape for part in array_split(np.ones(5), 2)]
    [(3,), (2,)]
    """
    shape = shape_of(ary)
    axis %= len(shape)
    length = shape[axis]
    if is_whole_number(indices_or_sections):
        count = int(indices_or_sections)
        if count < 1:
            raise UsageError(f"an array is split into one part or more, not {count}")
        each, more = divmod(length, count)
        ends = [each * (i + 1) + min(i + 1, more) for i in range(count)]
    else:
        ends = [*map(int, indices_or_sections), length]
    before = (slice(None),) * axis
    return [index(ary, key=(*before, slice(a, b))) for a, b in zip([0, *ends[:-1]], ends, strict=True)]


@made_of_operations("split")
def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """``np.split``: parts of equal length, or split at the given places.

    Raises `ValueError` when the length cannot be divided by the number of parts.
    """
    length = shape_of(ary)[axis]
    if is_whole_number(indices_or_sections) and length % int(indices_or_sections):
        raise UsageError(
            f"an axis of length {length} cannot be split into {int(indices_or_sections)} equal parts; "
            "np.array_split makes unequal ones"
        )
    return array_split(ary, indices_or_sections, axis)


@made_of_operations("vsplit")
def vsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """``np.vsplit``: split along the first axis."""
    return split(ary, indices_or_sections)


@made_of_operations("hsplit")
def hsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """``np.hsplit``: split along the second axis, a vector along its only axis."""
    return split(ary, indices_or_sections, min(1, len(shape_of(ary)) - 1))


@made_of_operations("dsplit")
def dsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """``np.dsplit``: split along the third axis."""
    return split(ary, indices_or_sections, 2)


@made_of_operations("unstack")
def unstack(x: Any, /, *, axis: int = 0) -> tuple[Any, ...]:
    """``np.unstack``: every slice along an axis."""
    shape = shape_of(x)
    axis %= len(shape)
    return tuple(index(x, key=(*(slice(None),) * axis, i)) for i in range(shape[axis]))
