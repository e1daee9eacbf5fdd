"""The notation of a figure's names: how its texts are set, and which names stay as they are typed."""

from __future__ import annotations

from collections.abc import Iterator

from bpviz.figure import Content, Figure, Fraction, Grid, Row, Sheet
from bpviz.text.notation import Notation, notation_for

__all__ = ["notation_of"]


def notation_of(figure: Figure | Sheet) -> Notation:
    """Return the notation of all names in a figure.

    >>> from bpviz.figure import Box
    >>> notation_of(Figure((Box("a", "input", "w0"), Box("b", "input", "w_0")), ())).kept == {"w0", "w_0"}
    True
    """
    figures = figure.figures if isinstance(figure, Sheet) else (figure,)
    typed = any(one.notation == "code" for one in figures)
    return notation_for((text for one in figures for text in _texts(one)), typed=typed)


def _texts(figure: Figure) -> Iterator[str]:
    yield from (box.text for box in figure.boxes)
    yield from figure.notes
    for wire in figure.wires:
        for arrow in (wire.forward, wire.backward):
            if arrow is not None and arrow.label is not None:
                yield from (arrow.label.name, arrow.label.note)
                yield from _of_content(arrow.label.content)


def _of_content(content: Content) -> Iterator[str]:
    match content:
        case Row(parts):
            for part in parts:
                yield from _of_content(part)
        case Fraction(over, under):
            yield from (over, under)
        case Grid():
            return
        case _:
            yield content.text
