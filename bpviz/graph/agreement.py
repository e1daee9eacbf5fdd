"""Whether two results are the same but for rounding: what a trace returned, and what a plain run did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bpviz import ops
from bpviz.lazy import LazyModule
from bpviz.recording.handle import Handle
from bpviz.recording.recorder import Recorder
from bpviz.text.numerals import digits_apart

__all__ = ["Difference", "difference"]

np: Any = LazyModule("numpy")

_RELATIVE, _STEPS = 1e-9, 32
"""How far two values may lie apart that are the same but for rounding: relative to their size, and in steps of rounding
of the largest number on the way."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Where two results differ, and what stands there in each."""

    place: str
    recorded: str
    plain: str


def difference(place: str, recorded: Any, plain: Any, record: Recorder | None) -> Difference | None:
    """Return the first part of the recorded result that the plain one does not have; ``None`` where they agree.

    Lists, tuples and dicts are compared part by part; ``place`` is where in them this part stands. With a ``record``
    the rounding of its largest numbers is none, where they cancel.

    >>> difference("", {"loss": 2.0}, {"loss": 3.0}, None)
    Difference(place=" at ['loss']", recorded='2', plain='3')
    """
    kind = type(recorded)
    if kind is Handle:
        return _of_values(place, recorded.data, plain, record)
    if kind is float or kind is int or isinstance(recorded, np.generic | np.ndarray):
        return _of_values(place, recorded, plain, record)
    if isinstance(recorded, Mapping):
        if not isinstance(plain, Mapping) or list(plain) != list(recorded):
            return Difference(_at(place), _kind(recorded), _kind(plain))
        pairs = [(f"{place}[{key!r}]", part, plain[key]) for key, part in recorded.items()]
    elif isinstance(recorded, tuple | list):
        if not isinstance(plain, tuple | list) or len(plain) != len(recorded):
            return Difference(_at(place), _kind(recorded), _kind(plain))
        pairs = [(f"{place}[{i}]", part, other) for i, (part, other) in enumerate(zip(recorded, plain, strict=True))]
    else:
        return None
    found = (difference(where, part, other, record) for where, part, other in pairs)
    return next((one for one in found if one is not None), None)


def _at(place: str) -> str:
    return f" at {place}" if place else ""


def _kind(value: Any) -> str:
    """What something is, for a sentence."""
    if isinstance(value, tuple | list | Mapping):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, Handle):
        value = value.data
    if value is None or isinstance(value, str):
        return repr(value)
    shape = ops.shape_of(value) if hasattr(value, "dtype") else ()
    return f"an array of shape {shape}" if shape else f"{value}"


def _of_values(place: str, recorded: Any, plain: Any, record: Recorder | None) -> Difference | None:
    if type(recorded) is float and isinstance(plain, float | int):
        if recorded == plain or (recorded != recorded and plain != plain):
            return None
    elif isinstance(plain, str | tuple | list | Mapping) or plain is None or callable(plain):
        return Difference(_at(place), _kind(recorded), _kind(plain))
    a, b = np.asarray(recorded), np.asarray(plain)
    if b.dtype.kind not in "biuf" or a.shape != b.shape:
        return Difference(_at(place), _kind(recorded), _kind(plain))
    x, y = a.astype(np.float64), b.astype(np.float64)
    eps = max(float(np.finfo(array.dtype).eps) if array.dtype.kind == "f" else 0.0 for array in (a, b)) or 2.0**-52
    apart = ~((x == y) | (np.isnan(x) & np.isnan(y)))
    if not apart.any():
        return None
    with ops.silence():
        size = np.maximum(np.abs(x), np.abs(y))
        near = np.abs(x - y) <= np.maximum(_RELATIVE, _STEPS * eps) * size
        apart &= ~(near & np.isfinite(size))
        if apart.any() and record is not None:
            # Where large numbers cancel, their rounding is left.
            apart &= ~(np.abs(x - y) <= _STEPS * eps * _largest(record))
    if not apart.any():
        return None
    first = np.unravel_index(int(np.argmax(apart)), a.shape)
    if a.shape:
        place += f"[{', '.join(map(str, map(int, first)))}]"
    told = digits_apart(float(y[first]), float(x[first]), 6)
    return Difference(_at(place), told[1], told[0])


def _largest(record: Recorder) -> float:
    """The size of the largest number that was recorded."""
    largest = 0.0
    for value in record.values:
        size = np.abs(np.asarray(value, dtype=np.float64))
        largest = max(largest, float(np.max(size, initial=0.0, where=np.isfinite(size))))
    return largest
