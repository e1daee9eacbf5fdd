"""Documents as plain text, for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from bpviz.documents.document import Block, Document, Heading, Lines, Paragraph, Picture, Table
from bpviz.text.language import columns
from bpviz.text.widths import printable

__all__ = ["write"]


def write(document: Document) -> str:
    """Return the document as text; pictures are left out.

    >>> print(write(Document("y = 6", (Table("", ("variable", "value"), (("x", "3"),)), Paragraph("That is all.")))))
    y = 6
    =====
    <BLANKLINE>
    variable  value
    x         3
    <BLANKLINE>
    That is all.
    """
    text = _underlined(document.title, "=")
    gap = "\n\n"
    for block in document.blocks:
        rendered = _block(block)
        text += f"{gap}{rendered}" if rendered else ""
        # A heading stands close to the text below it.
        gap = "\n" if isinstance(block, Heading) and block.level > 2 else "\n\n"
    return text


def _block(block: Block) -> str:
    match block:
        case Heading():
            return _underlined(block.text, "-") if block.level == 2 else printable(block.text)
        case Paragraph():
            return printable(block.text)
        case Lines():
            return "\n".join(f"  {printable(line)}" for line in block.lines)
        case Table():
            return _table((block.header, *block.rows))
        case Picture():
            return ""
        case _:
            raise TypeError(f"Not a block of a document: {type(block).__name__}")


def _underlined(title: str, sign: str) -> str:
    text = printable(title)
    return f"{text}\n{sign * columns(text)}"


def _table(rows: Sequence[Sequence[str]]) -> str:
    cells = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(columns, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(cell + " " * (width - columns(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    )
