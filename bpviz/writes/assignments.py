"""Python's ``x[key] = v`` and ``x += v`` on recorded values."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import FrameType
from typing import Any

from bpviz import ops
from bpviz.lazy import LazyModule
from bpviz.ops import OPERATIONS, shape_of
from bpviz.ops.primitives.shaping import indexed
from bpviz.ops.table.copying import sealed
from bpviz.recording import refusals
from bpviz.recording.aliases import detached, give, is_child_at, put, spans
from bpviz.recording.handle import HANDLES, Handle, lifted, template
from bpviz.recording.recorder import NO_VALUE

__all__ = ["set_item", "set_whole"]

np: Any = LazyModule("numpy")


def _set_item(self: Handle, key: Any, value: Any) -> None:
    set_item(self, key, value, sys._getframe(1))


def _write(self: Handle, value: Any, frame: FrameType) -> Handle:
    set_whole(self, value, frame)
    return self


def set_item(x: Handle, key: Any, value: Any, frame: FrameType) -> None:
    """Do ``x[key] = value``: the handle, and all handles that share memory with it, get a new value.

    Of several values for one place the last one stays. Raises `RecordingError` for what NumPy refuses, and for floats
    into whole numbers.
    """
    if x.data is NO_VALUE:
        raise refusals.without_value("a write", frame)
    if is_child_at(value, x, key):
        return
    if not x.shape and type(x.data) is float and key not in ((), Ellipsis):
        raise refusals.cannot_write("a single number has no elements to write to", frame)
    value = gathered(value)
    positions: list[Any] = []
    key = _own(template(key, positions))
    mask = _mask(x, key, positions)
    if mask is not None and ops.size_of(value) == 1:
        _set_masked(x, mask, value, frame)
        return
    value = _in_one_record(x, value, frame)
    positions = [_in_one_record(x, position, frame) for position in positions]
    wanted, places = _places(x, key, positions, frame)
    value = _fitted(value, x, wanted, frame)
    last = None if places is None else _last(places)
    if last is not None:
        if positions:
            raise refusals.cannot_write(
                "a place is written to twice at recorded positions; give each place once, or add up with np.add.at",
                frame,
            )
        _set_last(x, value, places, last, frame)
        return
    if not positions and _is_whole(spans(key, x.shape), x.shape):
        give(x, value if type(value) in HANDLES else _constant(x, value, frame))
        return
    give(x, put(x, value, positions, key))


def set_whole(x: Handle, value: Any, frame: FrameType) -> None:
    """Write a value over all of an array, as ``x += y`` and ``out=`` do."""
    if x.data is NO_VALUE:
        raise refusals.without_value("a write", frame)
    if len(shape_of(value)) > len(x.shape) or not _can_become(value, x):
        raise refusals.cannot_write(
            f"an array of shape {shape_of(value)} and type {_type(value)} does not fit into one of shape {x.shape} and "
            f"type {x.dtype}",
            frame,
        )
    set_item(x, Ellipsis, value, frame)


def _can_become(value: Any, x: Handle) -> bool:
    return type(value) not in HANDLES or bool(np.can_cast(value.dtype, x.dtype, "same_kind"))


def gathered(value: Any) -> Any:
    """Return a list with recorded values in it as one recorded array; anything else as it is.

    >>> gathered([1.0, 2.0])
    [1.0, 2.0]
    """
    if not isinstance(value, list | tuple) or not has_handles(value):
        return value
    shape = _shape_of_list(value)
    parts = list(_leaves(value, len(shape)))
    if len(shape) == 1:
        return OPERATIONS["stack"](*parts)
    return OPERATIONS["arrange"](*parts, shape=shape, axes=tuple(range(len(shape))))


def has_handles(value: Any) -> bool:
    """Return whether a value is recorded, or a list with recorded values in it."""
    if type(value) in (list, tuple):
        return any(map(has_handles, value))
    return type(value) in HANDLES


def _shape_of_list(value: Any) -> tuple[int, ...]:
    if not isinstance(value, list | tuple):
        return ()
    inner = {_shape_of_list(part) for part in value}
    if len(inner) != 1 or not value:
        # Rows of numbers next to rows that are arrays: each is one part.
        return (len(value),)
    return (len(value), *inner.pop())


def _leaves(value: Any, depth: int) -> Any:
    if not depth:
        yield gathered(value)
        return
    for part in value:
        yield from _leaves(part, depth - 1)


def _own(key: Any) -> Any:
    """Return an index with copies of the arrays in it: the user may write into the originals later."""
    if isinstance(key, tuple):
        return tuple(map(_own, key))
    if isinstance(key, list) or hasattr(key, "__array__"):
        array = np.array(key)
        return array if array.size else array.astype(bool if array.dtype == bool else int)
    return key


def _mask(x: Handle, key: Any, positions: Sequence[Any]) -> Any:
    """Return the mask in an index, in the shape of the array or of its first axes; ``None`` if there is none."""
    mask = positions[0] if len(positions) == 1 and type(key) is ops.Operand else key
    shape = shape_of(mask) if hasattr(mask, "dtype") and mask.dtype.kind == "b" else ()
    return mask if shape and shape == x.shape[: len(shape)] else None


def _set_masked(x: Handle, mask: Any, value: Any, frame: FrameType) -> None:
    missing = len(x.shape) - len(shape_of(mask))
    if missing:
        mask = OPERATIONS["reshape"](mask, shape=(*shape_of(mask), *(1,) * missing))
    if shape_of(value):
        value = OPERATIONS["reshape"](value, shape=())
    mask, value = _in_one_record(x, mask, frame), _in_one_record(x, value, frame)
    _check_type(value, x, frame)
    made = _of_type(x.__bpviz_record__(OPERATIONS["where"], (mask, value, x), {}, frame), x)
    x.recorder.labels.setdefault(made.index, "")
    give(x, made)


def _places(x: Handle, key: Any, positions: Sequence[Any], frame: FrameType) -> tuple[tuple[int, ...], Any]:
    """Return the shape of the part that an index selects, and its elements by number (``None``: each is there once).

    Raises `RecordingError` if NumPy refuses the index.
    """
    try:
        if not positions and spans(key, x.shape) is not None:
            return shape_of(np.asarray(x.data)[key]), None
        places = np.arange(x.size).reshape(x.shape)[indexed(key, [p.data for p in positions])]
    except (IndexError, TypeError, ValueError) as error:
        raise refusals.cannot_write(str(error), frame) from None
    return shape_of(places), places


def _last(places: Any) -> Any:
    """Return where each place is selected the last time; ``None`` if none is selected twice.

    >>> _last(np.array([4, 2, 4]))
    array([1, 2])
    """
    found, first = np.unique(places.reshape(-1)[::-1], return_index=True)
    return places.size - 1 - first if len(found) < places.size else None


def _set_last(x: Handle, value: Any, places: Any, last: Any, frame: FrameType) -> None:
    """Write at places some of which are given twice: the last of their values stays."""
    line = detached(OPERATIONS["reshape"](detached(x), shape=(-1,))) if len(x.shape) > 1 else detached(x)
    values = OPERATIONS["reshape"](value, shape=(-1,)) if len(shape_of(value)) > 1 else value
    set_item(line, places.reshape(-1)[last], OPERATIONS["index"](values, key=last), frame)
    give(x, OPERATIONS["reshape"](line, shape=x.shape) if len(x.shape) > 1 else line)


def _fitted(value: Any, x: Handle, wanted: tuple[int, ...], frame: FrameType) -> Any:
    """Return a value in the shape of the places it goes to, and in the type of the array."""
    shape = shape_of(value)
    _check_type(value, x, frame)
    if type(value) not in HANDLES:
        try:
            return ops.plain(np.broadcast_to(np.asarray(value, x.dtype), wanted).copy())
        except ValueError as error:
            raise refusals.cannot_write(str(error), frame) from None
    if shape != wanted:
        while len(shape) > len(wanted) and shape[0] == 1:
            shape = shape[1:]
        try:
            if np.broadcast_shapes(shape, wanted) != wanted:
                raise ValueError
        except ValueError:
            raise refusals.cannot_write(
                f"a value of shape {shape_of(value)} does not fit into places of shape {wanted}", frame
            ) from None
        if shape != shape_of(value):
            value = OPERATIONS["reshape"](value, shape=shape)
        if shape != wanted:
            value = OPERATIONS["broadcast_to"](value, shape=wanted)
    return _of_type(value, x)


def _check_type(value: Any, x: Handle, frame: FrameType) -> None:
    if x.dtype.kind in "iub" and _type(value).kind == "f" and type(value) in HANDLES:
        raise refusals.cannot_write(
            f"an array of {x.dtype} drops the decimals; make it one of floats: np.array([1.0, 2.0]), np.zeros(n)",
            frame,
        )


def _of_type(value: Handle, x: Handle) -> Handle:
    made: Handle = value if value.dtype == x.dtype else OPERATIONS["astype"](value, dtype=x.dtype.name)
    return made


def _type(value: Any) -> Any:
    return value.dtype if hasattr(value, "dtype") else np.asarray(value).dtype


def _is_whole(places: Any, shape: Sequence[int]) -> bool:
    """Return whether an index selects all of an array, in its order."""
    return places is not None and all(span == range(n) for span, n in zip(places, shape, strict=True))


def _constant(x: Handle, value: Any, frame: FrameType) -> Handle:
    return Handle(x.recorder, x.recorder.add_constant(sealed(value), frame), value)


def _in_one_record(x: Handle, value: Any, frame: FrameType) -> Any:
    """Return a value in the record of the array that it is written into.

    Raises `RecordingError` if it belongs to a function inside that record, whose values end with the function.
    """
    if type(value) not in HANDLES or value.recorder is x.recorder:
        return value
    if value.recorder.depth > x.recorder.depth:
        raise refusals.cannot_write(
            "a value of the function whose gradient is taken is written into an array around it; return it instead",
            frame,
        )
    return lifted(value, x.recorder, frame)


for _name, _method in {"__setitem__": _set_item, "__bpviz_write__": _write}.items():
    setattr(Handle, _name, _method)
