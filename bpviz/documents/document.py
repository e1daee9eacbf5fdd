"""A page of words and tables as frozen plain data: what an explanation says, before it is text, Markdown or HTML."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Block", "Document", "Heading", "Lines", "Paragraph", "Picture", "Table"]


@dataclass(frozen=True, slots=True)
class Heading:
    """The title of a part; ``level`` 2 is a section, 3 a part of one."""

    text: str
    level: int = 2


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A few sentences."""

    text: str


@dataclass(frozen=True, slots=True)
class Lines:
    """Formulas and sums, each on a line of its own, set as they stand."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table; the first cell of a row says what the row is about. ``caption`` says what the table shows."""

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure, drawn only where it is shown: functions that give its SVG and its mark, and what it is called."""

    svg: Callable[[], str]
    title: str
    mark: Callable[[], str]


Block = Heading | Paragraph | Lines | Table | Picture


@dataclass(frozen=True, slots=True)
class Document:
    """A title and what stands below it; ``lang`` is the code of the language of its words."""

    title: str
    blocks: tuple[Block, ...]
    lang: str = "en"
