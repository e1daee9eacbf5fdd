"""The terminal: messages on stderr, results on stdout. Nothing in a text can control it.

Names and messages may come from a model, a file or its author, so they are cleaned here, whatever they are.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter

import click

from bpviz.errors import UsageError
from bpviz.text.widths import safe_lines

__all__ = ["Progress", "discard", "inform", "progress", "result", "result_bytes", "timed"]

_LONG, _EACH = 100, 20
"""The most things that are done without a line of progress, and how many are done until it changes."""


def inform(message: str, *, nl: bool = True) -> None:
    """Write a message to stderr. Where that is closed or full, nothing happens: the exit code has the outcome."""
    _to_stderr(safe_lines(message) + ("\n" if nl else ""))


def progress(message: str) -> None:
    """Write a message over the last one, on the same line."""
    _to_stderr("\r" + safe_lines(message))


class Progress:
    """A line on the terminal that counts what is done, if it is much; nothing if stderr is no terminal."""

    def __init__(self, words: str) -> None:
        """Take the line, such as ``compared {done} of {total}``."""
        self.words = words
        self.longest = 0

    def __enter__(self) -> Progress:
        return self

    def show(self, done: int, total: int) -> None:
        """Print how many things are done, now and then."""
        if total > _LONG and sys.stderr.isatty() and (done % _EACH == 0 or done == total):
            line = self.words.format(done=done, total=total)
            # It covers the line before it.
            self.longest = max(self.longest, len(line))
            progress(line.ljust(self.longest))

    def __exit__(self, *exception: object) -> None:
        if self.longest:
            inform("")


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
