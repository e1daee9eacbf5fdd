"""The two arrows of a wire: one smooth line through its label, shifted to both sides, cut where its nodes begin."""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot

from bpviz.curve import Curve, Inside, cut_end, reverse, shifted, shorten
from bpviz.picture import Element, Head, Path
from bpviz.theme import LineRole, Theme

__all__ = ["Place", "arrows"]

# A line runs this far into its head, so that no seam shows between them.
_OVERLAP = 1.5


@dataclass(frozen=True, slots=True)
class Place:
    """Where a box stands: its middle and size; ``kind`` says what arrows do at its border."""

    x: float
    y: float
    width: float
    height: float
    round: bool = False
    dot: bool = False

    def around(self, room: float) -> Inside:
        """Return the test whether a point lies inside, or nearer than ``room`` to the border."""
        if self.round:
            reach = self.width / 2 + room
            return lambda point: hypot(point[0] - self.x, point[1] - self.y) < reach
        across, down = self.width / 2 + room, self.height / 2 + room
        return lambda point: abs(point[0] - self.x) < across and abs(point[1] - self.y) < down


def arrows(
    middle: Curve,
    source: Place,
    target: Place,
    forward: LineRole | None,
    backward: LineRole | None,
    theme: Theme,
    side: int,
) -> tuple[Element, ...]:
    """Return the lines and heads of a wire whose course is ``middle``.

    ``side`` is +1 where the forward arrow runs on the left as one walks along it, −1 where on the right.
    """
    aside = theme.gap / 2 * side if forward and backward else 0.0
    elements: list[Element] = []
    if forward:
        way = shifted(middle, aside) if aside else middle
        elements += _arrow(forward, way, source, target, theme)
    if backward:
        way = shifted(middle, -aside) if aside else middle
        elements += _arrow(backward, reverse(way), target, source, theme)
    return tuple(elements)


def _arrow(role: LineRole, way: Curve, source: Place, target: Place, theme: Theme) -> list[Element]:
    """Return line and head of one arrow. A forward line runs into a branch dot without a head: it passes through."""
    if not source.dot:
        way = reverse(cut_end(reverse(way), source.around(0.0)))
    if target.dot and role != "backward":
        return [Path(role, way)]
    way = cut_end(way, target.around(1.0 if target.dot else theme.strokes["node"].width / 2))
    tip = way[-1]
    base = shorten(way, theme.head[0])[-1]
    return [Path(role, shorten(way, theme.head[0] - _OVERLAP)), Head(role, base, tip)]
