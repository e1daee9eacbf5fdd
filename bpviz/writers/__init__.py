"""Writers turn a picture into a file; this is the table of them, by the suffix of the file.

A writer is a function ``write(picture, theme, **options) -> bytes`` in a module of its own, imported when it is used.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from bpviz.errors import UsageError, did_you_mean
from bpviz.fingerprint import stamped
from bpviz.picture import Picture
from bpviz.theme import Theme

__all__ = ["formats", "write"]


@dataclass(frozen=True, slots=True)
class _Row:
    """The module that writes a format, how a remark is written in it (see `bpviz.fingerprint.stamped`), the options
    that the module takes, and those that make it write this format."""

    module: str
    remark: str
    options: tuple[str, ...] = ()
    fixed: tuple[tuple[str, str], ...] = ()


_TABLE = {
    "svg": _Row("svg", "svg"),
    "png": _Row("png", "png", ("scale",)),
    "pdf": _Row("pdf", "% {}", ("engine", "timeout")),
    "ps": _Row("pdf", "% {}", ("engine", "timeout"), (("format", "ps"),)),
    "eps": _Row("pdf", "% {}", ("engine", "timeout"), (("format", "eps"),)),
    "dot": _Row("dot", "// {}"),
    "gv": _Row("dot", "// {}"),
}
_OPTIONS = {option for row in _TABLE.values() for option in row.options}


def formats() -> tuple[str, ...]:
    """Return every format that a picture can be written in, which is also the suffix of its files.

    >>> "svg" in formats()
    True
    """
    return tuple(_TABLE)


def write(picture: Picture, theme: Theme, format: str, **options: Any) -> bytes:
    """Return ``picture`` as a file of ``format``.

    Of the ``options`` each writer takes its own: ``scale`` is for PNG, ``engine`` and ``timeout`` (seconds) are for
    what Graphviz draws (PDF, PostScript).

    Raises:
        UsageError: there is no such format, or no writer has such an option; the message offers what comes close.

    >>> from bpviz.theme import theme
    >>> write(Picture(10.0, 5.0, ()), theme("light"), "svg", scale=3).startswith(b"<svg ")
    True
    """
    suffix = format.lower().removeprefix(".")
    if suffix not in _TABLE:
        raise UsageError(_unknown("picture format", format, suffix, _TABLE))
    for option in options:
        if option not in _OPTIONS:
            raise UsageError(_unknown("option of a writer", option, option, sorted(_OPTIONS)))
    row = _TABLE[suffix]
    function = import_module(f"bpviz.writers.{row.module}").write
    own = {name: value for name, value in options.items() if name in row.options}
    written: bytes = function(picture, theme, **own, **dict(row.fixed))
    return stamped(written, picture.fingerprint, row.remark) if picture.fingerprint else written


def _unknown(what: str, given: str, word: str, known: Collection[str]) -> str:
    hint = did_you_mean(word, known, "choose another")
    return f"there is no {what} {given!r}; {hint} (there are: {', '.join(known)})"
