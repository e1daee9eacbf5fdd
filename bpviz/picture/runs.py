"""A line of text in runs: pieces in italics, and smaller pieces below or above the line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from bpviz.picture.elements import Text
from bpviz.text import widths
from bpviz.text.notation import Run
from bpviz.text.typefaces import Typeface, drawn_width

__all__ = ["Placed", "pieces", "placed_runs", "width_of"]

_SMALL = 0.74
"""The size of a subscript or a superscript, in sizes of the line …"""
_LEAST, _LESS_SMALL = 10.36, 0.87
"""… but at least so many points, or this in sizes of a small line."""
_BELOW, _ABOVE = 0.14, 0.36
"""How far a subscript is below the line, and a superscript above it, in sizes of the line."""


class Placed(NamedTuple):
    """A run at its place: ``left`` from the start of the line, ``down`` from its baseline; ``size`` of its letters."""

    run: Run
    left: float
    down: float
    size: float


def placed_runs(runs: Sequence[Run], size: float, face: Typeface | None = None) -> Iterator[Placed]:
    """Yield the runs of a line of this size, each at its place, in a typeface or the bundled font."""
    left = 0.0
    for run in runs:
        small = size
        if run.level and not run.is_small:
            small *= max(_SMALL, min(_LEAST / size, _LESS_SMALL))
        down = {-1: _BELOW, 0: 0.0, 1: -_ABOVE}[run.level] * size
        yield Placed(run, left, down, small)
        left += drawn_width(run.text, small, face, italic=run.italic)


def width_of(runs: Sequence[Run], size: float, face: Typeface | None = None) -> float:
    """Return the room of a line of runs, in points: as it is drawn in a typeface, or in the bundled font if wider.

    >>> round(width_of((Run("W"), Run("xh", True, -1)), 14), 2)
    26.54
    """
    usual = sum(widths.width(placed.run.text, placed.size) for placed in placed_runs(runs, size))
    return usual if face is None else max(usual, _drawn(runs, size, face))


def _drawn(runs: Sequence[Run], size: float, face: Typeface) -> float:
    return sum(
        drawn_width(run.text, small, face, italic=run.italic) for run, _, _, small in placed_runs(runs, size, face)
    )


def pieces(line: Text, face: Typeface | None = None) -> Iterator[Text]:
    """Yield each run of a line as a line of its own, from its start; a line without runs as it is.

    Widths are those in a typeface, or in the bundled font.
    """
    if not line.runs:
        yield line if face is None else replace(line, width=drawn_width(line.text, line.size, face))
        return
    whole = line.width if face is None else _drawn(line.runs, line.size, face)
    start = line.x - {"start": 0.0, "middle": 0.5, "end": 1.0}[line.anchor] * whole
    for run, left, down, size in placed_runs(line.runs, line.size, face):
        kept = (Run(run.text, True),) if run.italic else ()
        width = drawn_width(run.text, size, face, italic=run.italic)
        yield replace(
            line, text=run.text, x=start + left, y=line.y + down, size=size, width=width, anchor="start", runs=kept
        )
