"""The four directions of a flow: two are laid out, the other two are their mirror images.

A mirror keeps the order of operands: from right to left the first is above the second, as from left to right; upwards
it is left of it, as downwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bpviz.figure import Direction
from bpviz.layout.arrangement import Arrangement
from bpviz.layout.placement.places import Edges
from bpviz.picture.elements import Point

__all__ = ["LAID_OUT", "mirrored"]

LAID_OUT: Mapping[Direction, Direction] = MappingProxyType({"LR": "LR", "RL": "LR", "TB": "TB", "BT": "TB"})
"""The direction in which a figure is laid out, for the one in which it flows."""


def mirrored(found: Arrangement, direction: Direction) -> Arrangement:
    """Return an arrangement that flows in a direction, from the one that was laid out for it.

    >>> mirrored(Arrangement([(1.0, 2.0)], [], [], [(3.0, 0.0, 5.0, 4.0)]), "RL")
    Arrangement(boxes=[(-1.0, 2.0)], labels=[], courses=[], frames=[(-5.0, 0.0, -3.0, 4.0)])
    """
    if LAID_OUT[direction] == direction:
        return found
    across, down = (-1, 1) if direction == "RL" else (1, -1)

    def point(at: Point) -> Point:
        return at[0] * across, at[1] * down

    def edges(of: Edges) -> Edges:
        (left, top), (right, bottom) = point(of[:2]), point(of[2:])
        return min(left, right), min(top, bottom), max(left, right), max(top, bottom)

    return Arrangement(
        [point(at) for at in found.boxes],
        [point(at) for at in found.labels],
        [tuple([point(at) for at in course]) for course in found.courses],
        [of and edges(of) for of in found.frames],
    )
