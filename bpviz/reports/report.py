"""The base of reports in words: printed, as Markdown, JSON or HTML, on a notebook's page, or in a file."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from bpviz.documents import data, html, markdown, text
from bpviz.documents.document import Document, Paragraph, Picture
from bpviz.errors import UsageError, did_you_mean
from bpviz.files import check_no_source, write_file
from bpviz.fingerprint import fingerprint, found_in

__all__ = ["FORMATS", "TextReport", "check_format", "format_of", "is_text_file"]

FORMATS = ("text", "markdown", "json", "html")
_SUFFIXES = {
    ".txt": "text",
    ".md": "markdown",
    ".markdown": "markdown",
    ".json": "json",
    ".html": "html",
    ".htm": "html",
}


class TextReport:
    """The base of reports; each class has its own sentences (`document`) and its own data (`data`)."""

    def document(self) -> Document:
        """Return the title, sentences, tables and figures."""
        raise NotImplementedError

    def data(self) -> dict[str, Any]:
        """Return all numbers and sentences, for a program to read."""
        raise NotImplementedError

    def __str__(self) -> str:
        return text.write(self.document())

    def to_markdown(self) -> str:
        """Return it as Markdown, without figures."""
        return markdown.write(self.document())

    def to_json(self) -> str:
        """Return it as JSON: the numbers in full, and the sentences."""
        return data.write(self.data())

    def to_html(self) -> str:
        """Return it as an HTML page with the figure in it, which needs no script and no network."""
        return html.write(self.document(), self._mark)

    @property
    def _mark(self) -> str:
        """The fingerprint of a page: of its words, and the marks of its figures."""
        document = self.document()
        blocks = (Paragraph(block.mark()) if isinstance(block, Picture) else block for block in document.blocks)
        return fingerprint(replace(document, blocks=tuple(blocks)))

    def is_shown_by(self, data: bytes, format: str) -> bool:
        """Return whether a file of this format says the same as this report, whichever Graphviz drew its figure."""
        return found_in(data) == self._mark if format == "html" else data == self.to_bytes(format)

    def to_bytes(self, format: str) -> bytes:
        """Return the file of a format: ``text``, ``markdown``, ``json`` or ``html``.

        Raises `UsageError` for an unknown format.
        """
        match check_format(format):
            case "text":
                return f"{self}\n".encode()
            case "markdown":
                return self.to_markdown().encode()
            case "json":
                return self.to_json().encode()
            case _:
                return self.to_html().encode()

    def save(self, path: str | os.PathLike[str], format: str | None = None) -> Path:
        """Write a file, in the format of its suffix unless another is named; return the path.

        Raises `UsageError` for an unknown suffix or a folder that does not exist.
        """
        place = Path(path)
        data = self.to_bytes(format or format_of(place))
        check_no_source(place, otherwise="choose another name, or write its to_bytes(…) there yourself")
        write_file(place, data)
        return place

    def _repr_markdown_(self) -> str:
        return self.to_markdown()

    def _repr_html_(self) -> str:
        return html.fragment(self.document())


def check_format(format: str) -> str:
    """Return the format, if it is one.

    Raises `UsageError` with close matches otherwise.
    """
    if format not in FORMATS:
        hint = did_you_mean(format, FORMATS, "choose another")
        raise UsageError(f"there is no format {format!r} for words; {hint} (there are: {', '.join(FORMATS)})")
    return format


def is_text_file(path: str) -> bool:
    """Return whether a file's suffix is that of text, not of a picture.

    >>> is_text_file("changes.md"), is_text_file("changes.svg")
    (True, False)
    """
    return Path(path).suffix.lower() in _SUFFIXES


def format_of(path: Path) -> str:
    """Return the format that a file's suffix names.

    >>> format_of(Path("apples.md"))
    'markdown'

    Raises `UsageError` for a suffix that names none.
    """
    found = _SUFFIXES.get(path.suffix.lower())
    if found is None:
        raise UsageError(
            f"{str(path)!r} has no suffix of a format for words; end it in {', '.join(_SUFFIXES)}, "
            "or name one with --format"
        )
    return found
