"""From a plan and its places to the page: boxes, labels, frames and the course of every wire.

An engine decides the rank and the order of boxes; the courses of the wires are the same for all engines.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from bpviz.layout.placement.places import Edges, Places
from bpviz.layout.placement.plan import SEPARATION, Plan
from bpviz.layout.placement.ranks import LEVEL, Border, Spot
from bpviz.layout.route import Lane, routed
from bpviz.picture.curves import Curve
from bpviz.picture.elements import Point

__all__ = ["Arrangement", "arranged"]

# The farthest that a label may move without leaving its frame, and the least space to its neighbours.
_NUDGE = 7.0
_NUDGE_OUTSIDE = 24.0
_AIR = 4.0
_HEADING = 6.0
_BESIDE = 0.6


class Arrangement(NamedTuple):
    """Middles of boxes and labels, courses of wires and the left, top, right and bottom edges of frames, in points.

    Everything is in the order of the plan. An empty frame has no edges.
    """

    boxes: list[Point]
    labels: list[Point]
    courses: list[Curve]
    frames: list[Edges | None]

    def moved(self, dx: float, dy: float) -> Arrangement:
        """Return the arrangement moved by (dx, dy)."""
        return Arrangement(
            [(x + dx, y + dy) for x, y in self.boxes],
            [(x + dx, y + dy) for x, y in self.labels],
            [tuple([(x + dx, y + dy) for x, y in course]) for course in self.courses],
            [edges and (edges[0] + dx, edges[1] + dy, edges[2] + dx, edges[3] + dy) for edges in self.frames],
        )


def arranged(plan: Plan, places: Places, pitch: float, crossing: frozenset[int] = frozenset()) -> Arrangement:
    """Route the wires of a plan with boxes and labels at ``places``, at least ``pitch`` points apart.

    At the boxes in ``crossing``, by number, wires enter in the order of the operands even if their labels have another
    order: then they cross just before.
    """
    spots = _spots(plan, places)
    index = {box.box.id: i for i, box in enumerate(plan.boxes)}
    lanes: list[Lane] = []
    for label, wire in enumerate(plan.wires, len(plan.boxes)):
        lanes.append(Lane(index[wire.wire.source], label, True))
        lanes.append(Lane(label, index[wire.wire.target], False))
    _straightened(spots, lanes, pitch)
    _fanned(spots, lanes, pitch, [wire.wire.slot for wire in plan.wires], crossing)
    banners = places.banners and plan.level
    borders = [_border(edges, plan.titles[k].height, banners) for k, edges in places.frames.items()]
    routing = routed(spots, lanes, borders, pitch)
    middles = [(spot.u, spot.v) for spot in routing.spots]
    courses = routing.courses
    frames: list[Edges | None] = [None] * len(plan.titles)
    for (k, (_, low, _, high)), (start, end) in zip(places.frames.items(), routing.frames, strict=True):
        frames[k] = (start, low, end, high) if plan.level else (low, start, high, end)
    if not plan.level:
        middles = [(v, u) for u, v in middles]
        courses = [tuple([(v, u) for u, v in course]) for course in courses]
    count = len(plan.boxes)
    return Arrangement(middles[:count], middles[count:], courses, frames)


def _spots(plan: Plan, places: Places) -> list[Spot]:
    """Return boxes and labels as spots, with the points where wires meet them, and the frames around them."""
    number = {k: place for place, k in enumerate(places.frames)}
    around: dict[str | None, frozenset[int]] = {None: frozenset()}
    around |= {id: frozenset(number[k] for k in chain if k in number) for id, chain in plan.chains.items()}
    edges = list(places.frames.values())
    home = {box.box.id: around[box.box.frame] for box in plan.boxes}
    rank = {u: place for place, u in enumerate(sorted({u for u, _ in (*places.boxes, *places.labels)}))}
    spots = []
    for box, (u, v) in zip(plan.boxes, places.boxes, strict=True):
        along, across = (box.width, box.height) if plan.level else (box.height, box.width)
        flush = {"input": 1, "constant": 1, "continued": 1, "output": -1, "continues": -1}.get(box.box.kind, 0)
        half, frames = across / 2, around[box.box.frame]
        spots.append(Spot(u, v, along, half, half, rank[u], frames, box.round, flush, box.room))
    for wire, (u, v) in zip(plan.wires, places.labels, strict=True):
        along, across = (wire.width, wire.height) if plan.level else (wire.height, wire.width)
        half, lift = across / 2, wire.lift
        # The label of a wire into or out of a frame may be inside.
        ends = home[wire.wire.source] | home[wire.wire.target]
        frames = around[wire.frame] | {k for k in ends if _holds(edges[k], u, v + lift)}
        spots.append(Spot(u, v + lift, along, half + lift, half - lift, rank[u], frames))
    return spots


def _holds(edges: Edges, u: float, v: float) -> bool:
    return edges[0] <= u <= edges[2] and edges[1] <= v <= edges[3]


def _border(edges: Edges, title: float, banner: bool) -> Border:
    start, low, end, high = edges
    return Border(start, end, low, high, (low, low + title + _HEADING) if banner else None)


def _fanned(spots: list[Spot], lanes: list[Lane], pitch: float, slots: Sequence[int], crossing: frozenset[int]) -> None:
    """Set the ends of lanes side by side if several meet at the edge of one box, or may cross there."""
    meeting: dict[tuple[int, bool], list[int]] = defaultdict(list)
    for j, lane in enumerate(lanes):
        end = lane.source if lane.to_label else lane.target
        if not spots[end].round or (end in crossing and not lane.to_label):
            meeting[end, lane.to_label].append(j)
    for (i, leaving), gathered in meeting.items():
        if len(gathered) == 1:
            continue
        heights = {j: spots[lanes[j].target if leaving else lanes[j].source].v for j in gathered}
        if i in crossing and not leaving:
            gathered.sort(key=lambda j: slots[j // 2])
            side = _BESIDE * spots[i].after
            step = min(pitch, 2 * side / (len(gathered) - 1)) if spots[i].round else pitch
            shares = [step * (place - (len(gathered) - 1) / 2) for place in range(len(gathered))]
        else:
            gathered.sort(key=heights.__getitem__)
            shares = _apart([heights[j] - spots[i].v for j in gathered], spots[i].after - pitch / 2, pitch)
        for j, share in zip(gathered, shares, strict=True):
            lanes[j] = lanes[j]._replace(leave=share) if leaving else lanes[j]._replace(enter=share)


def _apart(wishes: list[float], limit: float, pitch: float) -> list[float]:
    """Return numbers near the (sorted) wishes, at least ``pitch`` apart, and within ± ``limit`` if they fit."""
    limit = max(limit, (len(wishes) - 1) * pitch / 2)
    result: list[float] = []
    for wish in wishes:
        result.append(max([min(max(wish, -limit), limit), *(result[-1] + pitch for _ in result[:1])]))
    for i in range(len(result) - 1, -1, -1):
        result[i] = min(result[i], limit - (len(result) - 1 - i) * pitch)
    return result


def _straightened(spots: list[Spot], lanes: list[Lane], pitch: float) -> None:
    """Make wires level that are almost level: move labels to an end of their wire, then names to their label.

    Nothing moves if a neighbour, or a wire that may pass between them, is in the way.
    """
    rows: dict[int, list[int]] = defaultdict(list)
    for i in sorted(range(len(spots)), key=lambda i: spots[i].v):
        rows[spots[i].rank].append(i)
    place = {i: k for row in rows.values() for k, i in enumerate(row)}
    between = {
        (i, other): _passing(spots[other].v - spots[other].before - spots[i].v - spots[i].after) * pitch
        for row in rows.values()
        for i, other in pairwise(row)
    }

    def free(i: int, v: float, air: float) -> bool:
        spot, row = spots[i], rows[spots[i].rank]
        if place[i] > 0:
            other = row[place[i] - 1]
            if v - spot.before - max(air, between[other, i]) < spots[other].v + spots[other].after:
                return False
        if place[i] + 1 < len(row):
            other = row[place[i] + 1]
            return v + spot.after + max(air, between[i, other]) <= spots[other].v - spots[other].before
        return True

    def move(i: int, heights: tuple[float, ...], air: float, farthest: float = _NUDGE) -> None:
        spot = spots[i]
        for v in heights:
            if LEVEL < abs(v - spot.v) <= farthest and free(i, v, air):
                spots[i] = spot._replace(v=v)
                return

    for first, second in zip(lanes[::2], lanes[1::2], strict=True):
        move(first.target, (spots[first.source].v, spots[second.target].v), _AIR)
    for first, second in zip(lanes[::2], lanes[1::2], strict=True):
        for end in (first.source, second.target):
            if spots[end].flush:
                label = spots[first.target]
                move(end, (label.v,), 0.0, _NUDGE if label.frames or spots[end].frames else _NUDGE_OUTSIDE)


def _passing(space: float) -> int:
    """Return how many wires Graphviz may have led through the space between two boxes."""
    return max(0, int((space - SEPARATION) / (2 * SEPARATION + 2)))
