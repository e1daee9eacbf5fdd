"""The errors that bpviz raises. Each message says what was given, what was expected and what to do."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from bpviz.code_files import file_name, is_library

__all__ = [
    "BpvizError",
    "BpvizWarning",
    "EngineFailed",
    "EngineMissing",
    "ExtraMissing",
    "LayoutTimeout",
    "ModelFailed",
    "RecordingError",
    "RefusedAnyway",
    "UsageError",
    "closest",
    "did_you_mean",
    "refusals",
]


def did_you_mean(given: object, known: Iterable[str], otherwise: str = "") -> str:
    """Return the hint at the end of a message: the known name closest to the given one, or else ``otherwise``.

    >>> did_you_mean("tx", ["price", "tax"]), did_you_mean("q", ["price"], "its inputs are: price")
    ("did you mean 'tax'?", 'its inputs are: price')
    """
    close = closest(str(given), known)
    return f"did you mean {close!r}?" if close else otherwise


def closest(given: str, known: Iterable[str]) -> str:
    """Return the known name closest to the given one; empty if none is similar.

    >>> closest("tx", ["price", "tax"]), closest("q", ["price"])
    ('tax', '')
    """
    # Imported only when there is an error.
    import difflib

    return next(iter(difflib.get_close_matches(given, list(known), n=1, cutoff=0.6)), "")


class BpvizError(Exception):
    """The base of bpviz's errors; ``exit_code`` is that of the command line."""

    exit_code = 1

    def _render_traceback_(self) -> list[str]:
        """Return what IPython shows in place of its own traceback: the user's lines, and the message."""
        import traceback

        lines = [
            f"{file_name(frame.filename)}, line {frame.lineno}, in {frame.name}\n    {frame.line}"
            for frame in traceback.extract_tb(self.__traceback__)
            if not is_library(frame.filename)
        ]
        return [*lines, f"{type(self).__name__}: {self}", *getattr(self, "__notes__", ())]


class UsageError(BpvizError, ValueError):
    """bpviz was used in a wrong way: a wrong name, shape, suffix or option."""

    exit_code = 2


class RecordingError(BpvizError, TypeError):
    """A step of the user's function cannot be recorded; the message names the step, its line and a solution.

    It is a ``TypeError``, which a function may catch; `refusals` collects it in any case.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        if _raised.found is not None:
            _raised.found.append(self)


class RefusedAnyway(RecordingError):
    """A step that also fails on plain numbers, so a function may catch it: the length of a single number."""


class _Raised(threading.local):
    """The recording errors of this thread; ``None`` if no `refusals` block is open."""

    found: list[RecordingError] | None = None


_raised = _Raised()


@contextmanager
def refusals() -> Iterator[list[RecordingError]]:
    """Collect the recording errors of this thread in their order, whether they are caught or not.

    >>> with refusals() as found:
    ...     _ = RecordingError("no"), RefusedAnyway("no number has a length")
    >>> found
    [RecordingError('no'), RefusedAnyway('no number has a length')]
    """
    around = _raised.found
    found: list[RecordingError] = []
    _raised.found = found
    try:
        yield found
    finally:
        _raised.found = around
        if around is not None:
            around += found


class ModelFailed(BpvizError):
    """The user's code raised an error; ``traceback`` is Python's traceback, with only the user's lines."""

    def __init__(self, message: str, traceback: str) -> None:
        super().__init__(message)
        self.traceback = traceback
        # Where Python itself shows the error, as in a notebook, this is below the message.
        self.add_note(traceback.rstrip())


class EngineMissing(BpvizError, RuntimeError):
    """A program or package for drawing is not installed; the message has the command that installs it."""

    exit_code = 3


class ExtraMissing(BpvizError, ImportError):
    """An optional package is not installed; the message has the command that installs it."""

    exit_code = 3


class EngineFailed(BpvizError, RuntimeError):
    """A figure could not be laid out: Graphviz failed (the message has its output), or nothing fitted."""


class LayoutTimeout(BpvizError, TimeoutError):
    """The layout took longer than the time limit."""


class BpvizWarning(UserWarning):
    """The result is incomplete; the message says what is missing and what to do."""
