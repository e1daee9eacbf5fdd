"""The frames around groups: their outlines, and their titles at free places."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from bpviz import deadline
from bpviz.figure import Direction, Figure
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
    parts = []
    taken = _obstacles(plan, found, theme) if figure.frames else []
    for frame, block, edges in zip(figure.frames, plan.titles, found.frames, strict=True):
        deadline.check("placing the frames")
        if edges is None:
            continue
        left, top, right, bottom = edges
        start, end = frame.open_at_start, frame.open_at_end
        sides = _SIDES[(end, start) if flow == "RL" else (start, end)]
        middle, size = ((left + right) / 2, (top + bottom) / 2), (right - left, bottom - top)
        outline = Shape("frame", "box", *middle, *size, CORNER, sides)
        near = [box for box in taken if _meet(box, edges)]
        near += [other for other in found.frames if other and other != edges and _within(other, edges)]
        x, y, room = _title_place(block, edges, near)
        title = block if block.width <= room else _shortened(frame.title, room, theme)
        taken.append((x - title.width / 2, y, x + title.width / 2, y + title.height))
        heading = placed(title, x - title.width / 2, y)
        area = (right - left) * (bottom - top)
        parts.append((area, Part(frame.id, "frame", (outline, *heading), frame.title, tone=frame.tone)))
    return [part for _, part in sorted(parts, key=lambda entry: -entry[0])]


def _within(one: Edges, other: Edges) -> bool:
    return one[0] >= other[0] and one[1] >= other[1] and one[2] <= other[2] and one[3] <= other[3]


def _title_place(title: Block, edges: Edges, taken: list[Edges]) -> tuple[float, float, float]:
    """Return a free place for a frame's title: its middle, its top, and the width of the gap.

    It is as near as possible to the top and the middle; if no gap is wide enough, it is the widest one.
    """
    left, top, right, bottom = edges
    middle = (left + right) / 2
    widest = (middle, top + _INSET, 0.0)
    for row in range(max(1, int((bottom - top - title.height) / 6.0))):
        y = top + _INSET + row * 6.0
        across = sorted((x0, x1) for x0, y0, x1, y1 in taken if y0 < y + title.height + 1.0 and y1 > y - 1.0)
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


def _obstacles(plan: Plan, found: Arrangement, theme: Theme) -> list[Edges]:
    """Return the rectangles around everything that a frame's title must not touch."""
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
            elif any(edges and _meet(room, edges) for edges in found.frames):
                taken += [around(pair, aside) for pair in pairwise(sampled(piece, 8))]
    return taken


def around(points: Sequence[Point], aside: float) -> Edges:
    """Return the edges of everything within ``aside`` of some points."""
    across, down = zip(*points, strict=True)
    return min(across) - aside, min(down) - aside, max(across) + aside, max(down) + aside


def _meet(one: Edges, other: Edges) -> bool:
    return one[0] < other[2] and one[2] > other[0] and one[1] < other[3] and one[3] > other[1]
