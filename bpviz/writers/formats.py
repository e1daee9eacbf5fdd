"""Writers turn a picture into a file; this is the table of them, by the suffix of the file.

A writer is a function ``write(picture, theme, **options) -> bytes`` in a module of its own, imported when it is used;
those that leave the places to another program take the figure instead of the picture.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

from bpviz.errors import UsageError, did_you_mean
from bpviz.figure import Figure, Sheet
from bpviz.fingerprint import stamped
from bpviz.picture.elements import Picture
from bpviz.picture.theme import Theme
from bpviz.text.language import ENGLISH

__all__ = ["formats", "frames", "reads", "write"]


@dataclass(frozen=True, slots=True)
class _Row:
    """The module that writes a format, how a remark is written in it (see `bpviz.fingerprint.stamped`), the options
    that the module takes, and those that make it write this format.

    ``reads`` tells what it makes a file of.
    """

    module: str
    remark: str
    options: tuple[str, ...] = ()
    fixed: tuple[tuple[str, str], ...] = ()
    reads: Literal["picture", "figure"] = "picture"


_TABLE = {
    "svg": _Row("svg", "svg", ("say",)),
    "png": _Row("png", "png", ("scale",)),
    "pdf": _Row("pdf", "% {}", ("engine", "timeout")),
    "ps": _Row("pdf", "% {}", ("engine", "timeout"), (("format", "ps"),)),
    "eps": _Row("pdf", "% {}", ("engine", "timeout"), (("format", "eps"),)),
    "dot": _Row("dot", "// {}"),
    "gv": _Row("dot", "// {}"),
    "tex": _Row("tikz", "% {}", ("say",)),
    "tikz": _Row("tikz", "% {}", ("say",)),
    "mmd": _Row("mermaid", "%% {}", ("say",), reads="figure"),
    "mermaid": _Row("mermaid", "%% {}", ("say",), reads="figure"),
    "html": _Row("html", "<!-- {} -->", ("steps", "sections", "say")),
    "gif": _Row("animation", "gif", ("steps", "seconds", "scale"), (("format", "gif"),)),
    "apng": _Row("animation", "png", ("steps", "seconds", "scale"), (("format", "apng"),)),
    "webp": _Row("animation", "webp", ("steps", "seconds", "scale"), (("format", "webp"),)),
}
_MOVING = {"svg": _Row("motion", "svg", ("steps", "seconds", "say"))}
"""Who writes a format instead where steps are told."""
_OPTIONS = {option for row in (*_TABLE.values(), *_MOVING.values()) for option in row.options}


def formats() -> tuple[str, ...]:
    """Return every format that a picture can be written in, which is also the suffix of its files.

    >>> "svg" in formats()
    True
    """
    return tuple(_TABLE)


def reads(format: str) -> Literal["picture", "figure"]:
    """Return what a format is written from: a picture, or a figure that has not been laid out.

    >>> reads("svg"), reads("mmd")
    ('picture', 'figure')
    """
    return _row(format).reads


def write(shown: Picture | Figure | Sheet, theme: Theme, format: str, *, mark: str = "", **options: Any) -> bytes:
    """Return ``shown`` as a file of ``format``; it is what the format `reads`. The file carries the ``mark``, if any.

    Of the ``options`` each writer takes its own: ``scale`` is for PNG and what is made of it, ``engine`` and
    ``timeout`` (seconds) are for what Graphviz draws (PDF, PostScript); ``steps`` are told by SVG, HTML, GIF, APNG and
    WebP, each for so many ``seconds``; ``sections`` stand below the figure in HTML. ``say`` writes the words.

    Raises:
        UsageError: there is no such format, or no writer has such an option; the message offers what comes close.

    >>> from bpviz.picture.theme import theme
    >>> write(Picture(10.0, 5.0, ()), theme("light"), "svg", scale=3).startswith(b"<svg ")
    True
    """
    row = _row(format, told=bool(options.get("steps")))
    for option in options:
        if option not in _OPTIONS:
            raise UsageError(_unknown("option of a writer", option, option, sorted(_OPTIONS)))
    function = import_module(f"bpviz.writers.{row.module}").write
    own = {name: value for name, value in options.items() if name in row.options}
    written: bytes = function(shown, theme, **own, **dict(row.fixed))
    return stamped(written, mark, row.remark) if mark else written


def frames(
    pictures: Iterable[Picture], theme: Theme, format: str, *, marks: Sequence[str], **options: Any
) -> Iterator[bytes]:
    """Iterate over the files of pictures that differ little, such as steps (`bpviz.picture.stages.Stages`)."""
    if _row(format).module == "svg":
        from bpviz.writers import svg

        say = options.get("say", ENGLISH)
        pairs = zip(svg.frames(pictures, theme, say=say), marks, strict=True)
        return (stamped(file, mark, "svg") for file, mark in pairs)
    each = zip(pictures, marks, strict=True)
    return (write(picture, theme, format, mark=mark, **options) for picture, mark in each)


def _row(format: str, told: bool = False) -> _Row:
    suffix = format.lower().removeprefix(".")
    if suffix not in _TABLE:
        raise UsageError(_unknown("picture format", format, suffix, _TABLE))
    return (told and _MOVING.get(suffix)) or _TABLE[suffix]


def _unknown(what: str, given: str, word: str, known: Collection[str]) -> str:
    hint = did_you_mean(word, known, "choose another")
    return f"there is no {what} {given!r}; {hint} (there are: {', '.join(known)})"
