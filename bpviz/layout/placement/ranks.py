"""Ranks: boxes side by side, and the heights at which wires may pass between them.

Everything here is in the coordinates of the flow: ``u`` runs from source to target, ``v`` across.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["LEVEL", "Border", "Rank", "Spot", "ranked"]

LEVEL = 0.01
"""Heights that differ by less are equal."""


class Spot(NamedTuple):
    """A box on the page: the point for wires, its size along the flow, and its reach to both sides of ``v``.

    Wires end in the middle of a ``round`` box, and at the edge of others. ``flush`` is +1 for a box at the end of its
    rank, −1 at its start, 0 in the middle. Within ``room`` of its edge wires run level. ``rank`` is the number of its
    rank in the flow; ``frames`` are those around it.
    """

    u: float
    v: float
    along: float
    before: float
    after: float
    rank: int
    frames: frozenset[int] = frozenset()
    round: bool = False
    flush: int = 0
    room: float = 0.0


class Border(NamedTuple):
    """The four sides of a frame, and the stretch across the flow that its title takes, if any."""

    start: float
    end: float
    low: float
    high: float
    title: tuple[float, float] | None = None


class Rank:
    """Spots side by side, from ``start`` to ``end``; ``shift`` is added when tracks need space."""

    def __init__(self, middle: float, members: Sequence[Spot], around: dict[int, Border], room: float) -> None:
        """Gather ``members``, sorted by ``v``; a wire passes at least ``room`` points beside each.

        ``around`` has the frames of this rank by number, with their sides in it.
        """
        self.middle = middle
        self.start = min(spot.u - spot.along / 2 for spot in members)
        self.end = max(spot.u + spot.along / 2 for spot in members)
        self.shift = 0.0
        self.members = members
        self._tops = [spot.v - spot.before for spot in members]
        self._bottoms = [spot.v + spot.after for spot in members]
        self._frames = [(border.low - room, border.high + room, k) for k, border in around.items()]
        self._titles = [(*border.title, border.start, border.end) for border in around.values() if border.title]
        self._room = room
        # A wire runs through each member, even along its edge.
        blocked = [(spot.v - max(spot.before, room) - room, spot.v + max(spot.after, room) + room) for spot in members]
        blocked += [(low - room, high + room) for low, high, _, _ in self._titles]
        blocked.sort()
        self._lows: list[float] = []
        self._highs: list[float] = []
        for low, high in blocked:
            if self._highs and low < self._highs[-1]:
                self._highs[-1] = max(high, self._highs[-1])
            else:
                self._lows.append(low)
                self._highs.append(high)
        self._taken: list[float] = []

    def passage(self, wish: float, far: float, frames: frozenset[int]) -> float:
        """Take and return a height at which a wire may pass: the wish, or the height with the smallest detour.

        ``far`` is the height at the end of the wire; it may pass only within ``frames``.
        """
        closed = [(low, high) for low, high, k in self._frames if k not in frames]
        height = self._free(wish, 1, closed)
        if height != wish:
            other = self._free(wish, -1, closed)
            if abs(other - wish) + abs(other - far) < abs(height - wish) + abs(height - far):
                height = other
        insort(self._taken, height)
        return height

    def _free(self, height: float, way: int, closed: list[tuple[float, float]]) -> float:
        """Return the first free height, from ``height`` on downwards (``way`` +1) or upwards (−1)."""
        taken, pitch = self._taken, 2 * self._room
        while True:
            before = height
            i = bisect_right(self._lows, height - LEVEL) - 1
            if i >= 0 and height + LEVEL < self._highs[i]:
                height = self._highs[i] if way > 0 else self._lows[i]
            for low, high in closed:
                if low < height - LEVEL and height + LEVEL < high:
                    height = high if way > 0 else low
            i = bisect_left(taken, height - pitch + LEVEL)
            if i < len(taken) and taken[i] < height + pitch - LEVEL:
                height = taken[i] + way * pitch
            if height == before:
                return height

    def clear(self, a: float, b: float, own: Spot | None, way: int) -> float:
        """Return the start (``way`` +1) or the end (−1) of the part of a gap where a wire may move between two heights.

        ``own`` is the spot where it starts or ends, if that is in this rank.
        """
        low, high = min(a, b) - 3.0, max(a, b) + 3.0
        edge = self.middle
        if own:
            edge = own.u + (0.0 if own.round else way * (own.along / 2 + own.room))
        for top, bottom, start, end in self._titles:
            if top < high and bottom > low:
                edge = max(edge, end) if way > 0 else min(edge, start)
        for i in range(bisect_right(self._bottoms, low), bisect_left(self._tops, high)):
            spot = self.members[i]
            if spot is not own:
                edge = max(edge, spot.u + spot.along / 2) if way > 0 else min(edge, spot.u - spot.along / 2)
        return edge


def ranked(spots: Sequence[Spot], borders: Sequence[Border], room: float) -> tuple[list[Spot], list[Rank]]:
    """Return the spots, aligned in their ranks, and the ranks."""
    rows: dict[int, list[Spot]] = {spot.rank: [] for spot in sorted(spots, key=lambda spot: spot.rank)}
    for spot in spots:
        rows[spot.rank].append(spot)
    sides = {
        number: (min(spot.u - spot.along / 2 for spot in row), max(spot.u + spot.along / 2 for spot in row))
        for number, row in rows.items()
    }
    leaning = list(spots)
    members: dict[int, list[Spot]] = {number: [] for number in rows}
    for i, spot in enumerate(spots):
        if spot.flush:
            start, end = sides[spot.rank]
            leaning[i] = spot._replace(u=end - spot.along / 2 if spot.flush > 0 else start + spot.along / 2)
        members[spot.rank].append(leaning[i])
    around: dict[int, dict[int, Border]] = {number: {} for number in rows}
    for k, border in enumerate(borders):
        inside = [number for number, row in rows.items() if border.start <= row[0].u <= border.end]
        for number in inside:
            start, end = sides[number]
            # A frame may be wider than its ranks, before the first and after the last.
            start = min(start, border.start) if number == inside[0] else start
            end = max(end, border.end) if number == inside[-1] else end
            around[number][k] = border._replace(start=start, end=end)
    ranks = [
        Rank(rows[number][0].u, sorted(row, key=lambda spot: spot.v), around[number], room)
        for number, row in members.items()
    ]
    return leaning, ranks
