"""Nested records: a value of the outer record that the inner one uses is an input of the inner one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from bpviz.recording.aliases import present
from bpviz.recording.recorder import Recorder

__all__ = ["holds", "lift", "one_deeper"]


class _Depth(threading.local):
    """How many recordings are nested in this thread."""

    def __init__(self) -> None:
        self.now = 0


_depth = _Depth()


@contextmanager
def one_deeper() -> Iterator[int]:
    """Record a function inside another recording: a context manager that yields how deep its record is nested.

    >>> with one_deeper() as outer, one_deeper() as inner:
    ...     print(outer, inner)
    1 2
    """
    _depth.now += 1
    try:
        yield _depth.now
    finally:
        _depth.now -= 1


def holds(inner: Recorder, outer: Recorder) -> bool:
    """Return whether a record is nested in another, so that it may use the values of that one."""
    return inner.depth > outer.depth and not outer.closed


def lift(inner: Recorder, outer: Recorder, index: int, parameter: str = "") -> int:
    """Return the input of the inner record for a value of the outer one; add it if there is none yet.

    A parameter has an input of its own, even if another input has the same value.
    """
    key = (outer, index, parameter)
    if key not in inner.lifted:
        name = stem = parameter or outer.labels.get(index) or outer.is_input.get(index) or "outer"
        taken = set(inner.is_input.values())
        count = 1
        while name in taken:
            count += 1
            name = f"{stem}_{count}"
        inner.lifted[key] = inner.add_inputs((name,), (present(outer.values[index]),))
        if index in outer.whole:
            inner.whole.add(inner.lifted[key])
    return inner.lifted[key]
