"""The two arrows of a wire: one smooth line through its label, shifted to both sides and cut at its nodes."""

from __future__ import annotations

from math import hypot, sqrt
from typing import NamedTuple

from bpviz.picture.curves import Curve, Piece, at, line, reverse, shifted, shorten, split
from bpviz.picture.elements import Head, Path
from bpviz.picture.theme import LineRole, Theme

__all__ = ["Place", "arrows"]

# How far a line runs into its head, so that there is no gap.
_OVERLAP = 1.5


class Place(NamedTuple):
    """The middle and size of a box; ``round`` and ``dot`` decide how arrows end at its border."""

    x: float
    y: float
    width: float
    height: float
    round: bool = False
    dot: bool = False

    def depth(self, x: float, y: float, room: float) -> float:
        """Return the depth of a point inside the box with ``room`` around it; negative outside."""
        if self.round:
            return self.width / 2 + room - hypot(x - self.x, y - self.y)
        return min(self.width / 2 + room - abs(x - self.x), self.height / 2 + room - abs(y - self.y))


def arrows(
    middle: Curve,
    source: Place,
    target: Place,
    forward: LineRole | None,
    backward: LineRole | None,
    theme: Theme,
    side: int,
) -> tuple[Path | Head, ...]:
    """Return the lines and heads of a wire whose course is ``middle``.

    ``side`` is +1 if the forward arrow runs on the left, seen in its direction, −1 if on the right.
    """
    aside = theme.gap / 2 * side if forward and backward else 0.0
    elements: list[Path | Head] = []
    if forward:
        way = shifted(middle, aside) if aside else middle
        elements += _arrow(forward, way, source, target, theme)
    if backward:
        way = shifted(middle, -aside) if aside else middle
        elements += _arrow(backward, reverse(way), target, source, theme)
    return tuple(elements)


def _arrow(role: LineRole, way: Curve, source: Place, target: Place, theme: Theme) -> list[Path | Head]:
    """Return the line and head of one arrow. A forward line into a branch dot has no head."""
    if not source.dot:
        way = reverse(_outside(reverse(way), source, 0.0))
    if target.dot and role != "backward":
        return [Path(role, way)]
    way = _outside(way, target, 1.0 if target.dot else theme.strokes["node"].width / 2)
    length = theme.head[0]
    stem = shorten(way, length - _OVERLAP)
    (x, y), (tip_x, tip_y) = stem[-1], way[-1]
    share = length / (hypot(x - tip_x, y - tip_y) or length)
    return [Path(role, stem), Head(role, (tip_x + (x - tip_x) * share, tip_y + (y - tip_y) * share), way[-1])]


def _outside(way: Curve, place: Place, room: float) -> Curve:
    """Return the curve up to the point where it finally comes within ``room`` of the place at its end."""
    if place.depth(*way[-1], room) <= 0:
        return way
    i = len(way) - 4
    while i > 0 and place.depth(*way[i], room) > 0:
        i -= 3
    piece = (way[i], way[i + 1], way[i + 2], way[i + 3])
    if place.depth(*piece[0], room) > 0:
        return way
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = piece
    if y0 == y1 == y2 == y3:
        half = sqrt((place.width / 2 + room) ** 2 - (y0 - place.y) ** 2) if place.round else place.width / 2 + room
        return (*way[:i], *line(piece[0], (place.x - half if x0 < x3 else place.x + half, y0)))
    if x0 == x1 == x2 == x3:
        half = sqrt((place.width / 2 + room) ** 2 - (x0 - place.x) ** 2) if place.round else place.height / 2 + room
        return (*way[:i], *line(piece[0], (x0, place.y - half if y0 < y3 else place.y + half)))
    return (*way[:i], *split(piece, _entry(piece, place, room))[0])


def _entry(piece: Piece, place: Place, room: float) -> float:
    """Return the last parameter at which a piece that starts outside and ends inside enters."""
    high, inner = 1.0, place.depth(*piece[3], room)
    low, outer = 0.875, place.depth(*at(piece, 0.875), room)
    while outer > 0 and low > 0:
        high, inner = low, outer
        low -= 0.125
        outer = place.depth(*at(piece, low), room)
    # False position: in an eighth of a piece the depth is almost linear.
    share = low
    for _ in range(3):
        share = low + (high - low) * outer / (outer - inner)
        here = place.depth(*at(piece, share), room)
        if here <= 0:
            low, outer = share, here
        else:
            high, inner = share, here
    return share
