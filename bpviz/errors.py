"""Every error bpviz raises on purpose. Each says what was given, what was expected and what to do."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

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
    """The hint at the end of a message: the known name that comes closest to the given one, else another hint.

    >>> did_you_mean("tx", ["price", "tax"]), did_you_mean("q", ["price"], "its inputs are: price")
    ("did you mean 'tax'?", 'its inputs are: price')
    """
    close = closest(str(given), known)
    return f"did you mean {close!r}?" if close else otherwise


def closest(given: str, known: Iterable[str]) -> str:
    """The known name that comes closest to the given one; empty where none is like it.

    >>> closest("tx", ["price", "tax"]), closest("q", ["price"])
    ('tax', '')
    """
    # Imported only when something is wrong already.
    import difflib

    return next(iter(difflib.get_close_matches(given, list(known), n=1, cutoff=0.6)), "")


class BpvizError(Exception):
    """The root of bpviz's own errors; ``exit_code`` is what the command line ends with."""

    exit_code = 1


class UsageError(BpvizError, ValueError):
    """Something was asked for in a way that cannot be: a wrong name, shape, suffix or option."""

    exit_code = 2


class RecordingError(BpvizError, TypeError):
    """A step of the user's function cannot be recorded; the message names the step, its line and the way out.

    It is a ``TypeError``, which a function may catch; `refusals` knows of it all the same.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        if _raised.found is not None:
            _raised.found.append(self)


class RefusedAnyway(RecordingError):
    """A step that fails on plain numbers, too, so that a function may catch it: the length of a single number."""


class _Raised(threading.local):
    """What could not be recorded in this thread since somebody asked."""

    found: list[RecordingError] | None = None


_raised = _Raised()


@contextmanager
def refusals() -> Iterator[list[RecordingError]]:
    """Collect the recording errors of this thread, whether they are caught or not, in the order of their making.

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
    """The user's own code raised something; ``told`` is where, as Python tells it, its own lines only."""

    def __init__(self, message: str, told: str) -> None:
        super().__init__(message)
        self.told = told
        # Shown below the message where Python itself shows the error: in a notebook.
        self.add_note(told.rstrip())


class EngineMissing(BpvizError, RuntimeError):
    """No Graphviz engine is installed; the message carries the line that installs it."""

    exit_code = 3


class ExtraMissing(BpvizError, ImportError):
    """What was asked for needs a package that is not installed; the message carries the line that installs it."""

    exit_code = 3


class EngineFailed(BpvizError, RuntimeError):
    """A figure could not be laid out: Graphviz failed, and the message carries what it said, or nothing fitted."""


class LayoutTimeout(BpvizError, TimeoutError):
    """The layout took longer than it was given."""


class BpvizWarning(UserWarning):
    """Something was done, but not all of it; the message says what is amiss and how to put it right."""
