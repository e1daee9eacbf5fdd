"""A page of text and tables as frozen plain data, from which plain text, Markdown or HTML is written."""

from __future__ import annotations

from collections.abc import Callable

from bpviz.frozen import dataclass

__all__ = ["Block", "Document", "Heading", "Lines", "Paragraph", "Picture", "Table"]


@dataclass(frozen=True, slots=True)
class Heading:
    """The title of a section (``level`` 2) or of a subsection (3)."""

    text: str
    level: int = 2


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A few sentences."""

    text: str


@dataclass(frozen=True, slots=True)
class Lines:
    """Formulas and sums, each on its own line, with its spaces kept."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table; the first cell of a row is its heading. ``caption`` says what the table shows."""

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure, drawn only where it is shown: functions that return its SVG and its mark, and its title."""

    svg: Callable[[], str]
    title: str
    mark: Callable[[], str]


Block = Heading | Paragraph | Lines | Table | Picture


@dataclass(frozen=True, slots=True)
class Document:
    """A title and the blocks below it; ``lang`` is the code of the language."""

    title: str
    blocks: tuple[Block, ...]
    lang: str = "en"
