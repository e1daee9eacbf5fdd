"""Vectors that stand upright, as columns: a figure that is too wide becomes narrower."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bpviz.figure import Arrow, Content, Figure, Grid, Row, Wire

__all__ = ["stands_upright", "upright"]


def stands_upright(figure: Figure) -> bool:
    """Return whether a figure has a vector of three elements or more: two numbers alone take little width.

    In a film, labels have room already, and stay as they are.
    """
    vectors = [vector for wire in figure.wires for vector in (*_vectors(wire.forward), *_vectors(wire.backward))]
    return any(len(vector.rows[0]) >= _LONG for vector in vectors) and not any(map(_has_room, figure.wires))


def upright(figure: Figure) -> Figure:
    """Return the figure with its vectors as columns.

    >>> from bpviz.figure import Label
    >>> row = Arrow(Label(Grid((("1", "2", "3"),), vector=True)))
    >>> upright(Figure((), (Wire("w", "x", "f", forward=row),))).wires[0].forward.label.content.rows
    (('1',), ('2',), ('3',))
    """
    wires = tuple(
        replace(wire, forward=_turned(wire.forward), backward=_turned(wire.backward)) for wire in figure.wires
    )
    return replace(figure, wires=wires)


_LONG = 3
"""The least number of elements of a vector that makes all vectors of its figure columns."""


def _has_room(wire: Wire) -> bool:
    return any(arrow and arrow.label and arrow.label.room for arrow in (wire.forward, wire.backward))


def _vectors(arrow: Arrow | None) -> Iterator[Grid]:
    contents = [arrow.label.content] if arrow is not None and arrow.label is not None else []
    for content in contents:
        parts = content.parts if isinstance(content, Row) else (content,)
        yield from (part for part in parts if isinstance(part, Grid) and part.vector)


def _turned(arrow: Arrow | None) -> Arrow | None:
    if arrow is None or arrow.label is None:
        return arrow
    return replace(arrow, label=replace(arrow.label, content=_column(arrow.label.content)))


def _column(content: Content) -> Content:
    match content:
        case Grid(rows) if content.vector:
            return replace(content, rows=tuple((cell,) for cell in rows[0]), vector=False)
        case Row(parts):
            return Row(tuple(map(_column, parts)))
        case _:
            return content
