"""The comparison of two results, of a trace and of a plain run, except for rounding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bpviz import ops
from bpviz.frozen import dataclass
from bpviz.lazy import LazyModule
from bpviz.recording.handle import HANDLES, Handle
from bpviz.recording.recorder import Recorder
from bpviz.text.numerals import digits_apart

__all__ = ["Difference", "difference"]

np: Any = LazyModule("numpy")

_RELATIVE, _STEPS = 1e-9, 32
"""The largest difference that counts as rounding: relative to the values, and in steps of rounding of the largest
intermediate number."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The place where two results differ, and the two values there."""

    place: str
    recorded: str
    plain: str


def difference(place: str, recorded: Any, plain: Any, record: Recorder | None) -> Difference | None:
    """Return the first difference between the recorded and the plain result; ``None`` if they agree.

    Lists, tuples and dicts are compared part by part; ``place`` is the place of this part. With a ``record``, rounding
    errors of its largest numbers, which remain if they cancel, do not count.

    >>> difference("", {"loss": 2.0}, {"loss": 3.0}, None)
    Difference(place=" at ['loss']", recorded='2', plain='3')
    """
    kind = type(recorded)
    if kind in HANDLES:
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
    """Return the kind of a value, for a sentence."""
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
    if a.dtype.kind not in "biuf" and a.dtype == b.dtype:
        return None
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
            # If large numbers cancel, their rounding errors remain.
            apart &= ~(np.abs(x - y) <= _STEPS * eps * _largest(record))
    if not apart.any():
        return None
    first = np.unravel_index(int(np.argmax(apart)), a.shape)
    if a.shape:
        place += f"[{', '.join(map(str, map(int, first)))}]"
    plain_text, recorded_text = digits_apart(float(y[first]), float(x[first]), 6)
    return Difference(_at(place), recorded_text, plain_text)


def _largest(record: Recorder) -> float:
    """Return the size of the largest number that was recorded."""
    largest = 0.0
    for value in record.values:
        size = np.abs(np.asarray(value, dtype=np.float64))
        largest = max(largest, float(np.max(size, initial=0.0, where=np.isfinite(size))))
    return largest
