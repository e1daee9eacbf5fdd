"""Inputs that share memory outside of the record: a write into one of them would be seen in the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bpviz.errors import RecordingError
from bpviz.lazy import LazyModule
from bpviz.objects.held import is_used
from bpviz.recording.handle import Handle
from bpviz.recording.recorder import Recorder
from bpviz.recording.source import line_of, place_of

__all__ = ["refuse_writes_into_shared"]

np: Any = LazyModule("numpy")

_MOST_WORK = 10_000
"""How long NumPy looks for an element that two arrays share; then they count as sharing one."""


def refuse_writes_into_shared(record: Recorder, sources: Sequence[tuple[str, Any, Handle]], function: Any) -> None:
    """Refuse a record in which an input was written into whose memory another input shares.

    In the record each input has its own memory, so the other would not see the write. ``sources`` are the inputs: name,
    what the caller gave, and the handle that stands for it. A global array that ``function`` reads counts too.

    >>> import bpviz
    >>> def energy(a, b):
    ...     a[0] = 2.0
    ...     return (a * b).sum()
    >>> x = np.ones(2)
    >>> bpviz.backprop(energy, x, x.copy()).output
    3.0
    >>> bpviz.backprop(energy, x, x)
    Traceback (most recent call last):
    bpviz.errors.RecordingError: 'a' and 'b' share memory, so a write into 'a' (line 2 of ...) may change 'b' ...

    Raises `RecordingError` with the names of the two and the line of the write.
    """
    arrays = [source for source in sources if isinstance(source[1], np.ndarray) and is_used(source[2])]
    for name, array, handle in arrays:
        if record.is_input.get(handle.index) == name:
            continue
        others = [(other, second) for other, second, of_other in arrays if of_other is not handle]
        for other, second in (*others, *_globals(function)):
            if _overlap(array, second):
                raise RecordingError(
                    f"{name!r} and {other!r} share memory, so a write into {name!r}{_place(record, handle.index)} may "
                    f"change {other!r} too; give one of them as a copy: x.copy()"
                )


def _globals(function: Any) -> list[tuple[str, Any]]:
    """Return the global arrays that a function reads, by name."""
    code, around = getattr(function, "__code__", None), getattr(function, "__globals__", {})
    names = () if code is None else code.co_names
    return [(name, around[name]) for name in names if isinstance(around.get(name), np.ndarray)]


def _overlap(one: Any, other: Any) -> bool:
    try:
        return bool(np.shares_memory(one, other, max_work=_MOST_WORK))
    except np.exceptions.TooHardError:
        return True


def _place(record: Recorder, index: int) -> str:
    code = record.step_scopes[index].code
    line = line_of(code, record.offsets[index]) if record.offsets[index] >= 0 else None
    return f" ({place_of(code, line)})" if line else ""
