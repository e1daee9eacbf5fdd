"""The table of formats: what is known of each, by the suffix of its files, and the writing of a file in one of them.

A writer is a function ``write(picture, theme, **options) -> bytes`` in a module of its own, imported when it is used.
A format is one row here and one such module; everything else reads the row.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from bpviz import deadline, progress
from bpviz.errors import UsageError, did_you_mean
from bpviz.frozen import dataclass

if TYPE_CHECKING:
    from bpviz.figure import Figure, Sheet
    from bpviz.picture.elements import Picture
    from bpviz.picture.theme import Theme

__all__ = ["TABLE", "Format", "by_mime", "check_format", "format_of", "formats", "frames", "row_of", "stamped", "write"]


@dataclass(frozen=True, slots=True)
class Format:
    """What is known of a format; ``title`` is its name in a sentence, ``mime`` its media type.

    - ``reads``: what a file is made of. A ``picture`` has been laid out, a ``figure`` has not; a ``flow`` is the
      graph with its numbers, which `bpviz.drawing.drawing` writes itself.
    - ``module``: the writer, a module of `bpviz.writers`; ``options`` are those it takes, ``fixed`` those with which it
      writes this format.
    - ``moving``: the writer in its place when there are steps to show; it takes ``steps`` and ``seconds`` as well.
    - ``remark``: how bpviz's mark is written into a file (see `bpviz.fingerprint.stamped`).
    - ``steps``: when a file shows all steps: ``always``, or with the drawing option ``animate`` or ``steps``.
    - ``lives``: whether a file can follow its inputs, with the drawing option ``live``.
    - ``many``: whether one file holds several pictures. The others have a file for every step: ``step-%02d.svg``.
    - ``pixels``: whether it has pixels, whose number ``scale`` gives.
    - ``shown``: ``image`` where a page of HTML shows it as an image, ``browser`` where a browser shows it as a page.
    - ``notebook``: ``page`` where the option ``notebook`` can name it, ``paper`` where it is part of what that option
      calls ``publish``.
    """

    title: str
    mime: str
    module: str = ""
    reads: Literal["picture", "figure", "flow"] = "picture"
    options: tuple[str, ...] = ()
    fixed: tuple[tuple[str, str], ...] = ()
    moving: str = ""
    remark: str = ""
    steps: Literal["", "always", "animate", "steps"] = ""
    lives: bool = False
    many: bool = False
    pixels: bool = False
    shown: Literal["", "image", "browser"] = ""
    notebook: tuple[Literal["page", "paper"], ...] = ()

    @property
    def is_text(self) -> bool:
        """Whether a file is text, in UTF-8."""
        return self.mime.startswith("text/") or self.mime in ("image/svg+xml", "application/json")


_SVG = Format("SVG", "image/svg+xml", "svg", options=("say",), remark="svg", shown="image", notebook=("page",))
_PNG = Format("PNG", "image/png", "png", options=("scale",), remark="png", pixels=True, shown="image")
_PDF = Format("PDF", "application/pdf", "pdf", options=("engine", "timeout"), remark="% {}")
_PS = replace(_PDF, title="PostScript", mime="application/postscript")
_DOT = Format("DOT", "text/vnd.graphviz", "dot", remark="// {}")
_TEX = Format("TeX", "text/x-tex", "tikz", options=("say",), remark="% {}")
_MERMAID = Format("Mermaid", "text/vnd.mermaid", "mermaid", reads="figure", options=("say",), remark="%% {}")
_HTML = Format(
    "HTML", "text/html", "html", options=("steps", "sections", "alone", "say"), remark="<!-- {} -->", shown="browser"
)
_FILM = Format("", "", "animation", steps="always", many=True, options=("steps", "seconds", "scale"), pixels=True)


def _film(title: str, remark: str) -> Format:
    name = title.lower()
    return replace(_FILM, title=title, mime=f"image/{name}", fixed=(("format", name),), remark=remark, shown="image")


TABLE: dict[str, Format] = {
    "svg": replace(_SVG, moving="motion", steps="animate"),
    "png": replace(_PNG, notebook=("page", "paper")),
    "pdf": replace(_PDF, shown="browser", notebook=("paper",)),
    "ps": replace(_PS, fixed=(("format", "ps"),)),
    "eps": replace(_PS, fixed=(("format", "eps"),)),
    "dot": _DOT,
    "gv": _DOT,
    "tex": _TEX,
    "tikz": _TEX,
    "mmd": _MERMAID,
    "mermaid": _MERMAID,
    "html": replace(_HTML, steps="steps", lives=True, many=True, notebook=("page",)),
    "gif": _film("GIF", "gif"),
    "apng": _film("APNG", "png"),
    "webp": _film("WebP", "webp"),
    "json": Format("JSON", "application/json", reads="flow"),
}
"""Every format, by the suffix of its files."""

_STEPPING = ("steps", "seconds")
"""The options of writers that show the steps one after the other."""


def formats(which: Callable[[Format], bool] = lambda row: row.reads != "flow") -> tuple[str, ...]:
    """Return the formats whose rows have a property; by default those that show a picture.

    >>> "svg" in formats(), "json" in formats(), formats(lambda row: row.reads == "flow")
    (True, False, ('json',))
    """
    return tuple(name for name, row in TABLE.items() if which(row))


def by_mime(which: Callable[[Format], bool] = lambda row: True) -> dict[str, str]:
    """Return the first format of each media type, of those whose rows have a property.

    >>> by_mime()["image/png"], by_mime()["text/x-tex"]
    ('png', 'tex')
    """
    return {TABLE[name].mime: name for name in reversed(formats(which))}


def row_of(format: str) -> Format:
    """Return the row of a format; upper case and a dot before it are allowed.

    >>> row_of(".SVG").mime
    'image/svg+xml'

    Raises `UsageError` with close matches where there is no such picture format.
    """
    name = format.lower().removeprefix(".")
    if name not in TABLE:
        raise UsageError(_unknown("picture format", format, name, formats()))
    return TABLE[name]


def check_format(format: str) -> str:
    """Return the format, if there is one of that name.

    Raises `UsageError` with close matches otherwise.
    """
    if format not in TABLE:
        raise UsageError(_unknown("format", format, format, TABLE))
    return format


def format_of(path: Path) -> str:
    """Return the format that a file's suffix names.

    >>> format_of(Path("apples.SVG"))
    'svg'

    Raises `UsageError` for a file without a suffix, or with one that names no format.
    """
    suffix = path.suffix.lower().lstrip(".")
    if not suffix:
        raise UsageError(
            f"{str(path)!r} has no suffix that names a format; write {path}.svg, or name one with --format"
        )
    return check_format(suffix)


def write(shown: Picture | Figure | Sheet, theme: Theme, format: str, *, mark: str = "", **options: Any) -> bytes:
    """Return ``shown`` as a file of ``format``; it is what the format's row `reads`. The file carries the ``mark``, if
    there is one.

    Each writer takes those of the ``options`` that its row names: ``scale`` is for formats with pixels, ``engine`` and
    ``timeout`` (seconds) are for what Graphviz draws (PDF, PostScript); ``steps`` are shown one after the other by SVG,
    HTML, GIF, APNG and WebP, each for so many ``seconds``; ``sections`` are below the figure in HTML, and ``alone``
    leaves out caption and margins. ``say`` writes the words.

    Raises:
        UsageError: there is no such format, or no writer has such an option; the message offers what comes close.

    >>> from bpviz.picture.elements import Picture
    >>> from bpviz.picture.theme import theme
    >>> write(Picture(10.0, 5.0, ()), theme("light"), "svg", scale=3).startswith(b"<svg ")
    True
    """
    deadline.check("writing the file")
    row = row_of(format)
    if row.reads == "flow":
        raise UsageError(_unknown("picture format", format, format, formats()))
    known = {option for each in TABLE.values() for option in each.options}
    for option in options:
        if option not in known:
            raise UsageError(_unknown("option of a writer", option, option, sorted(known)))
    module, taken = row.module, row.options
    if row.moving and options.get("steps"):
        module, taken = row.moving, (*taken, *_STEPPING)
    own = {name: value for name, value in options.items() if name in taken}
    return stamped(_writer(module).write(shown, theme, **own, **dict(row.fixed)), mark, format)


def frames(
    pictures: Iterable[Picture], theme: Theme, format: str, *, marks: Sequence[str], **options: Any
) -> Iterator[bytes]:
    """Iterate over the files of pictures that differ little, such as steps (`bpviz.picture.stages.Stages`).

    A writer that has a function ``frames(pictures, theme, **options)`` of its own writes them together.
    """
    row = row_of(format)
    together = getattr(_writer(row.module), "frames", None)
    if together is None:
        files = (write(picture, theme, format, **options) for picture in pictures)
    else:
        own = {name: value for name, value in options.items() if name in row.options}
        files = together(pictures, theme, **own)
    for done, (file, mark) in enumerate(zip(files, marks, strict=True), 1):
        yield stamped(file, mark, format)
        progress.count("drawn {done} of {total} steps", done, len(marks))


def _writer(module: str) -> Any:
    return import_module(f"bpviz.writers.{module}")


def stamped(written: bytes, mark: str, format: str) -> bytes:
    """Return a file with the ``mark``, if there is one and the format has a place for it."""
    from bpviz import fingerprint

    remark = row_of(format).remark
    return fingerprint.stamped(written, mark, remark) if mark and remark else written


def _unknown(what: str, given: str, word: str, known: Collection[str]) -> str:
    hint = did_you_mean(word, known, "choose another")
    return f"there is no {what} {given!r}; {hint} (there are: {', '.join(known)})"
