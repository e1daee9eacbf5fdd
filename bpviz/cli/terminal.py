"""The terminal: messages on stderr, results on stdout. Nothing in a text can control it.

Names and messages may come from a model, a file or its author, so they are cleaned here, whatever they are.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from time import perf_counter
from typing import Any

import click

from bpviz.errors import UsageError
from bpviz.progress import watched
from bpviz.text.widths import safe_lines

__all__ = ["Progress", "discard", "inform", "progress", "result", "result_bytes", "timed"]

_PATIENCE, _EACH = 1.0, 0.1
"""The seconds that are worked without a line of progress, and those until it changes."""


def inform(message: str, *, nl: bool = True) -> None:
    """Write a message to stderr. Where that is closed or full, nothing happens: the exit code has the outcome."""
    _to_stderr(safe_lines(message) + ("\n" if nl else ""))


def progress(message: str) -> None:
    """Write a message over the last one, on the same line."""
    _to_stderr("\r" + safe_lines(message))


class Progress:
    """A line on the terminal with what `bpviz.progress.count` says inside of it, after a second.

    There is none if stderr is no terminal.
    """

    def __init__(self) -> None:
        self.longest = 0
        self.started = self.shown = 0.0
        self.watching = ExitStack()

    def __enter__(self) -> Progress:
        if _is_terminal(sys.stderr):
            self.started = perf_counter()
            self.watching.enter_context(watched(self.show))
        return self

    def show(self, words: str, done: int, total: int | None) -> None:
        """Write the line, now and then."""
        now = perf_counter()
        if now - self.started < _PATIENCE or (now - self.shown < _EACH and done != total):
            return
        self.shown = now
        line = words.format(done=f"{done:,}", total="" if total is None else f"{total:,}")
        # It covers the line before it.
        self.longest = max(self.longest, len(line))
        progress(line.ljust(self.longest))

    def __exit__(self, *exception: object) -> None:
        self.watching.close()
        if self.longest:
            inform("")


def _is_terminal(stream: Any) -> bool:
    try:
        return bool(stream.isatty())
    except (OSError, ValueError, AttributeError):  # closed, or none at all
        return False


@contextmanager
def timed(stage: Callable[[], str] | str) -> Iterator[None]:
    """Print how long a stage took, if the command has ``--verbose``; then ``stage`` is called, if it is a function."""
    started = perf_counter()
    yield
    ctx = click.get_current_context(silent=True)
    if ctx is not None and ctx.params.get("verbose"):
        took = 1000 * (perf_counter() - started)
        inform(f"bpviz: {took:7,.1f} ms  {stage if isinstance(stage, str) else stage()}")


def _to_stderr(text: str) -> None:
    try:
        stream = sys.stderr
        stream.write(text.encode(stream.encoding or "utf-8", "backslashreplace").decode(stream.encoding or "utf-8"))
        stream.flush()
    except (OSError, ValueError, AttributeError):  # full, closed, or none at all
        pass


def result(text: str, *, nl: bool = True) -> None:
    """Write a result to stdout, as text.

    Raises `UsageError` if stdout is closed or full, and `BrokenPipeError` if its reader has ended.
    """
    stream = sys.stdout
    if stream is None:
        raise UsageError(_CLOSED)
    shown = safe_lines(text) + ("\n" if nl else "")
    encoding = stream.encoding or "utf-8"
    _write(lambda: stream.write(shown.encode(encoding, "backslashreplace").decode(encoding)))


def result_bytes(data: bytes) -> None:
    """Write a result to stdout, as bytes; raises as `result` does."""
    if sys.stdout is None:
        raise UsageError(_CLOSED)
    _write(lambda: sys.stdout.buffer.write(data))


def _write(write: Callable[[], object]) -> None:
    try:
        write()
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        discard()
        raise UsageError(
            f"standard output cannot be written: {error.strerror or error}; name a file with -o, or make room"
        ) from None
    except ValueError:
        raise UsageError(_CLOSED) from None


def discard() -> None:
    """Let Python, which writes what is left when it ends, write it to nowhere."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except (OSError, ValueError):
        pass


_CLOSED = "standard output is closed; name a file with -o, or open it"
