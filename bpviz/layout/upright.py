"""Vectors that stand upright, as columns: a figure that is too wide becomes narrower."""

from __future__ import annotations

from dataclasses import replace

from bpviz.figure import Arrow, Content, Figure, Grid, Row

__all__ = ["upright"]


def upright(figure: Figure) -> Figure:
    """Return the figure with its vectors as columns; the same figure if it has none of three elements or more.

    >>> from bpviz.figure import Label, Wire
    >>> row = Arrow(Label(Grid((("1", "2", "3"),), vector=True)))
    >>> upright(Figure((), (Wire("w", "x", "f", forward=row),))).wires[0].forward.label.content.rows
    (('1',), ('2',), ('3',))
    """
    wires = tuple(
        replace(wire, forward=_turned(wire.forward), backward=_turned(wire.backward)) for wire in figure.wires
    )
    return figure if wires == figure.wires else replace(figure, wires=wires)


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
