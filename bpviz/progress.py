"""How far long work is: loops `count` what they have done, and whoever watches (the command line) shows it.

Where nobody watches, a count costs a look at one variable. Each thread (context) has its own watcher.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["Watcher", "count", "watched"]

Watcher = Callable[[str, int, int | None], None]
"""Is called with the words, which have ``{done}`` and ``{total}`` in them, how much is done, and how much there is."""

_watcher: ContextVar[Watcher | None] = ContextVar("bpviz.progress", default=None)


@contextmanager
def watched(watcher: Watcher) -> Iterator[None]:
    """Call ``watcher`` at every count inside.

    >>> with watched(lambda words, done, total: print(words.format(done=done, total=total))):
    ...     count("laid out {done} of {total} rows", 1, 3)
    laid out 1 of 3 rows
    >>> count("laid out {done} of {total} rows", 2, 3)
    """
    token = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(token)


def count(words: str, done: int, total: int | None = None) -> None:
    """Say how much is done, of how much; ``None`` where nobody knows."""
    watcher = _watcher.get()
    if watcher is not None:
        watcher(words, done, total)
