"""Every error bpviz raises on purpose. Each says what was given, what was expected and what to do."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = [
    "BpvizError",
    "BpvizWarning",
    "EngineFailed",
    "EngineMissing",
    "ExtraMissing",
    "LayoutTimeout",
    "ModelFailed",
    "RecordingError",
    "UsageError",
    "closest",
    "did_you_mean",
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
    """A step of the user's function cannot be recorded; the message names the step, its line and the way out."""


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
