"""Documents as Markdown (CommonMark with tables, as GitHub and notebooks show it)."""

from __future__ import annotations

import re

from bpviz.documents.document import Block, Document, Heading, Lines, Paragraph, Picture, Table
from bpviz.text.widths import printable

__all__ = ["escaped", "write"]


def write(document: Document, level: int = 1) -> str:
    """Return the document as Markdown, its title a heading of ``level``; pictures are left out.

    >>> print(write(Document("y = 6", (Table("", ("variable", "value"), (("x", "3"),)),))))
    # y = 6
    <BLANKLINE>
    | variable | value |
    | --- | --- |
    | x | 3 |
    <BLANKLINE>
    """
    parts = [f"{'#' * level} {escaped(document.title)}", *(_block(block, level) for block in document.blocks)]
    return "\n\n".join(part for part in parts if part) + "\n"


def escaped(text: str) -> str:
    """Return text in which Markdown and HTML characters are escaped.

    >>> escaped("a*b < c|d")
    'a\\\\*b &lt; c\\\\|d'
    """
    text = printable(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = re.sub(r"([\\`*_\[\]|~$#])", r"\\\1", text)
    # Characters that would begin a list.
    return re.sub(r"^(\s*\d*)([-+.)])(\s)", r"\1\\\2\3", text)


def _block(block: Block, level: int) -> str:
    match block:
        case Heading():
            return f"{'#' * (level + block.level - 1)} {escaped(block.text)}"
        case Paragraph():
            return escaped(block.text)
        case Lines():
            lines = [printable(line) for line in block.lines]
            longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
            fence = "`" * max(longest + 1, 3)
            return "\n".join([f"{fence}text", *lines, fence])
        case Table():
            rule = tuple("---" for _ in block.header)
            rows = [tuple(map(escaped, row)) for row in (block.header, *block.rows)]
            return "\n".join(f"| {' | '.join(row)} |" for row in (rows[0], rule, *rows[1:]))
        case Picture():
            return ""
        case _:
            raise TypeError(f"Not a block of a document: {type(block).__name__}")
