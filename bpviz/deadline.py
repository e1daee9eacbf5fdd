"""The time limit of a drawing: one for all of its stages, from the figure to the file.

A stage calls `check` in its loops. Each thread (context) has its own limit.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic

from bpviz.errors import LayoutTimeout

__all__ = ["check", "left", "limited"]

_limit: ContextVar[tuple[float, float] | None] = ContextVar("bpviz.deadline", default=None)
"""The end, by the monotonic clock, and the seconds that were allowed."""


@contextmanager
def limited(seconds: float | None) -> Iterator[None]:
    """Limit what is inside to so many seconds, ``None`` for no limit. A limit around it stays as it is.

    >>> with limited(0.0):
    ...     check("placing the boxes")
    Traceback (most recent call last):
        ...
    bpviz.errors.LayoutTimeout: The drawing took longer than 0 s, and was stopped while placing the boxes. Allow it ...
    """
    if seconds is None or _limit.get() is not None:
        yield
        return
    token = _limit.set((monotonic() + seconds, seconds))
    try:
        yield
    finally:
        _limit.reset(token)


def check(stage: str) -> None:
    """Raise `LayoutTimeout` if the time is over; ``stage`` is what is being done: ``routing the wires``."""
    limit = _limit.get()
    if limit is not None and monotonic() >= limit[0]:
        raise LayoutTimeout(
            f"The drawing took longer than {limit[1]:g} s, and was stopped while {stage}. Allow it more time "
            f"(--timeout {2 * limit[1]:g}), or show less: close groups (--depth 1), or draw one "
            "direction only (--show forward)."
        )


def left(otherwise: float | None = None) -> float | None:
    """Return how many seconds are left, at least a thousandth; ``otherwise`` if there is no limit."""
    limit = _limit.get()
    return otherwise if limit is None else max(limit[0] - monotonic(), 0.001)
