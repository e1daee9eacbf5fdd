"""The frames around groups: their outlines, and their titles at free places."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from bpviz import deadline
from bpviz.figure import Direction, Figure, Frame
from bpviz.layout.arrangement import Arrangement
from bpviz.layout.placement.places import Edges
from bpviz.layout.placement.plan import Plan
from bpviz.picture.blocks import Block, placed, words
from bpviz.picture.curves import sampled, straight
from bpviz.picture.elements import OpenSide, Part, Point, Shape
from bpviz.picture.theme import Theme

__all__ = ["CORNER", "around", "framed"]

CORNER = 8.0
"""The radius of the corners of frames and boxes."""
_INSET = 4.0
_SIDES: dict[tuple[bool, bool], OpenSide] = {
    (False, False): "none",
    (True, False): "left",
    (False, True): "right",
    (True, True): "both",
}


def framed(figure: Figure, plan: Plan, found: Arrangement, theme: Theme, flow: Direction) -> list[Part]:
    """Return the frames, the outer ones first."""
    parts: list[tuple[float, Part]] = []
    inner = _inner(figure.frames, found.frames)
    if not inner:
        return []
    taken = _obstacles(plan, found, theme, _Bands(inner[None]))
    for frame, block, edges in zip(figure.frames, plan.titles, found.frames, strict=True):
        deadline.check("placing the frames")
        if edges is None:
            continue
        left, top, right, bottom = edges
        start, end = frame.open_at_start, frame.open_at_end
        sides = _SIDES[(end, start) if flow == "RL" else (start, end)]
        middle, size = ((left + right) / 2, (top + bottom) / 2), (right - left, bottom - top)
        outline = Shape("frame", "box", *middle, *size, CORNER, sides)
        x, y, room = _title_place(block, edges, taken, inner[frame.id])
        title = block if block.width <= room else _shortened(frame.title, room, theme)
        taken.add((x - title.width / 2, y, x + title.width / 2, y + title.height))
        heading = placed(title, x - title.width / 2, y)
        area = (right - left) * (bottom - top)
        parts.append((area, Part(frame.id, "frame", (outline, *heading), frame.title, tone=frame.tone)))
    return [part for _, part in sorted(parts, key=lambda entry: -entry[0])]


class _Bands:
    """Rectangles, by the horizontal bands of the page that they lie in."""

    def __init__(self, all: Iterable[Edges] = ()) -> None:
        """Take rectangles."""
        self.bands: dict[int, list[Edges]] = defaultdict(list)
        for edges in all:
            self.add(edges)

    def add(self, edges: Edges) -> None:
        """Add a rectangle."""
        for band in range(int(edges[1] // _BAND), int(edges[3] // _BAND) + 1):
            self.bands[band].append(edges)

    def between(self, top: float, bottom: float) -> Iterator[Edges]:
        """Yield the rectangles that reach between two heights; some of them twice."""
        for band in range(int(top // _BAND), int(bottom // _BAND) + 1):
            yield from (edges for edges in self.bands.get(band, ()) if edges[1] < bottom and edges[3] > top)


_BAND = 32.0


def _inner(frames: Sequence[Frame], placed: Sequence[Edges | None]) -> dict[str | None, list[Edges]]:
    """Return for every frame the rectangles of the frames directly in it; for ``None`` those of the outermost ones.

    Empty if no frame has a place.
    """
    parents = {frame.id: frame.parent for frame in frames}
    there = {frame.id for frame, edges in zip(frames, placed, strict=True) if edges}
    inner: dict[str | None, list[Edges]] = defaultdict(list)
    for frame, edges in zip(frames, placed, strict=True):
        if edges is None:
            continue
        parent = frame.parent
        while parent is not None and parent not in there:
            parent = parents[parent]
        inner[parent].append(edges)
    return inner


def _title_place(title: Block, edges: Edges, taken: _Bands, inner: Sequence[Edges]) -> tuple[float, float, float]:
    """Return a free place for a frame's title: its middle, its top, and the width of the gap.

    It must not touch what is ``taken``, or the frames in this one.
    It is as near as possible to the top and the middle; if no gap is wide enough, it is the widest one.
    """
    left, top, right, bottom = edges
    middle = (left + right) / 2
    widest = (middle, top + _INSET, 0.0)
    for row in range(max(1, int((bottom - top - title.height) / 6.0))):
        y = top + _INSET + row * 6.0
        upper, lower = y - 1.0, y + title.height + 1.0
        across = [(x0, x1) for x0, _, x1, _ in taken.between(upper, lower) if x0 < right and x1 > left]
        across += [(x0, x1) for x0, y0, x1, y1 in inner if y0 < lower and y1 > upper]
        across.sort()
        gaps = _gaps(left + _INSET, right - _INSET, across)
        for margin in (6.0, 1.0):
            half = title.width / 2 + margin
            places = [min(max(middle, x0 + half), x1 - half) for x0, x1 in gaps if x1 - x0 >= 2 * half]
            if places:
                return min(places, key=lambda x: abs(x - middle)), y, title.width
        for x0, x1 in gaps:
            if x1 - x0 - 2.0 > widest[2]:
                widest = ((x0 + x1) / 2, y, x1 - x0 - 2.0)
    return widest


def _gaps(start: float, end: float, taken: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the free parts of a stretch; the ``taken`` stretches are sorted."""
    gaps = []
    for low, high in [*taken, (end, end)]:
        if low > start:
            gaps.append((start, min(low, end)))
        start = max(start, high)
    return gaps


def _shortened(title: str, room: float, theme: Theme) -> Block:
    """Return a title cut to fit; the frame's description has all of it."""
    for kept in range(len(title) - 1, 0, -1):
        if words(title[:kept].rstrip() + "…", "frame", theme).width <= room:
            # Rather a word less than a piece of one.
            whole = title[:kept] if title[kept] == " " else title[:kept].rpartition(" ")[0]
            return words((whole if len(whole) > kept / 2 else title[:kept]).rstrip() + "…", "frame", theme)
    return words("", "frame", theme)


def _obstacles(plan: Plan, found: Arrangement, theme: Theme, outermost: _Bands) -> _Bands:
    """Return the rectangles around everything that the title of a frame must not touch, besides frames."""
    taken: list[Edges] = []
    for box, (x, y) in zip(plan.boxes, found.boxes, strict=True):
        taken.append((x - box.width / 2, y - box.height / 2, x + box.width / 2, y + box.height / 2))
    for wire, (x, y) in zip(plan.wires, found.labels, strict=True):
        x, y = (x, y - wire.lift) if plan.level else (x - wire.lift, y)
        taken.append((x - wire.width / 2, y - wire.height / 2, x + wire.width / 2, y + wire.height / 2))
    aside = (theme.gap + theme.head[1]) / 2
    for course in found.courses:
        for i in range(0, len(course) - 1, 3):
            piece = (course[i], course[i + 1], course[i + 2], course[i + 3])
            room = around(piece, aside)
            if straight(piece):
                taken.append(room)
            elif any(edges[0] < room[2] and edges[2] > room[0] for edges in outermost.between(room[1], room[3])):
                taken += [around(pair, aside) for pair in pairwise(sampled(piece, 8))]
    return _Bands(taken)


def around(points: Sequence[Point], aside: float) -> Edges:
    """Return the edges of everything within ``aside`` of some points."""
    across, down = zip(*points, strict=True)
    return min(across) - aside, min(down) - aside, max(across) + aside, max(down) + aside
