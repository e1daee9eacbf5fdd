"""From a plan and Graphviz's answer to places on the page: boxes, labels, frames and the course of every wire.

Graphviz decides which rank a box is in and what lies beside what; the courses of the wires are bpviz's own.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from math import floor
from typing import Any

from bpviz.curve import Curve, joined, line, sampled
from bpviz.picture import Point
from bpviz.plan import Plan
from bpviz.route import Border, Lane, Spot, routed

__all__ = ["Arrangement", "Edges", "arranged"]

Edges = tuple[float, float, float, float]

# A label may move this far without leaving its frame, if this much air stays between it and its neighbours.
_NUDGE = 7.0
_AIR = 4.0
_HEADING = 6.0


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Middles of boxes and labels, courses of wires and the left, top, right and bottom edges of frames, in points.

    Everything stands in the order of the plan. A frame around nothing has no edges.
    """

    boxes: tuple[Point, ...]
    labels: tuple[Point, ...]
    courses: tuple[Curve, ...]
    frames: tuple[Edges | None, ...]


def arranged(plan: Plan, answer: dict[str, Any], pitch: float) -> Arrangement:
    """Read Graphviz's ``answer`` to the plan's DOT, and route the wires at least ``pitch`` points apart."""
    places, corners, splines = _read(answer, plan.level)
    spots = _spots(plan, places)
    index = {box.box.id: i for i, box in enumerate(plan.boxes)}
    ends = [(index[wire.wire.source], index[wire.wire.target]) for wire in plan.wires]
    lanes: list[Lane] = []
    for j, (source, target) in enumerate(ends):
        label = len(plan.boxes) + j
        lanes.append(Lane(source, label, True, _crossing(splines[f"n{source}", f"l{j}"])))
        lanes.append(Lane(label, target, False, _crossing(splines[f"l{j}", f"n{target}"])))
    _straightened(spots, lanes, pitch)
    lanes = _fanned(spots, lanes, pitch)
    named = [k for k in range(len(plan.titles)) if f"cluster{k}" in corners]
    borders = [_border(corners[f"cluster{k}"], plan.titles[k].height, plan.level) for k in named]
    routing = routed(spots, lanes, borders, pitch)

    def turned(point: Point) -> Point:
        return point if plan.level else (point[1], point[0])

    middles = [turned((spot.u, spot.v)) for spot in routing.spots]
    courses = []
    for j in range(len(ends)):
        spot = routing.spots[len(plan.boxes) + j]
        through = line((spot.u - spot.along / 2, spot.v), (spot.u + spot.along / 2, spot.v))
        course = joined(routing.curves[2 * j], through, routing.curves[2 * j + 1])
        courses.append(tuple(map(turned, course)))
    frames: list[Edges | None] = [None] * len(plan.titles)
    for k, (start, end) in zip(named, routing.frames, strict=True):
        _, low, _, high = corners[f"cluster{k}"]
        frames[k] = (start, low, end, high) if plan.level else (low, start, high, end)
    count = len(plan.boxes)
    return Arrangement(tuple(middles[:count]), tuple(middles[count:]), tuple(courses), tuple(frames))


def _read(
    answer: dict[str, Any], level: bool
) -> tuple[dict[str, Point], dict[str, Edges], dict[tuple[str, str], Curve]]:
    """Return the places of nodes, edges of clusters and splines of edges, by name and in coordinates of the flow."""

    def at(x: str, y: str) -> Point:
        # Whole points, because older Graphviz rounds where newer does not. Its y runs upwards.
        across, up = floor(float(x) + 0.5), floor(float(y) + 0.5)
        return (across, -up) if level else (-up, across)

    objects = answer.get("objects", [])
    places: dict[str, Point] = {}
    corners: dict[str, Edges] = {}
    for thing in objects:
        if "pos" in thing:
            places[thing["name"]] = at(*thing["pos"].split(","))
        elif "bb" in thing:
            x0, y0, x1, y1 = thing["bb"].split(",")
            (a, b), (c, d) = at(x0, y0), at(x1, y1)
            corners[thing["name"]] = (min(a, c), min(b, d), max(a, c), max(b, d))
    splines: dict[tuple[str, str], Curve] = {}
    for edge in answer.get("edges", []):
        ends = objects[edge["tail"]]["name"], objects[edge["head"]]["name"]
        splines[ends] = tuple(at(*pair.split(",")) for pair in edge["pos"].split())
    return places, corners, splines


def _border(edges: Edges, title: float, level: bool) -> Border:
    start, low, end, _ = edges
    return Border(start, end, (low, low + title + _HEADING) if level else None)


def _spots(plan: Plan, places: dict[str, Point]) -> list[Spot]:
    spots = []
    for i, box in enumerate(plan.boxes):
        along, across = (box.width, box.height) if plan.level else (box.height, box.width)
        flush = {"input": 1, "constant": 1, "output": -1}.get(box.box.kind, 0)
        spots.append(Spot(*places[f"n{i}"], along, across / 2, across / 2, box.round, flush, box.room))
    for j, wire in enumerate(plan.wires):
        along, across = (wire.width, wire.height) if plan.level else (wire.height, wire.width)
        u, v = places[f"l{j}"]
        spots.append(Spot(u, v + wire.lift, along, across / 2 + wire.lift, across / 2 - wire.lift))
    return spots


def _fanned(spots: list[Spot], lanes: list[Lane], pitch: float) -> list[Lane]:
    """Return the lanes with their ends side by side where several meet at the edge of one box."""
    result = list(lanes)
    meeting: dict[tuple[int, bool], list[int]] = defaultdict(list)
    for j, lane in enumerate(lanes):
        meeting[lane.source if lane.to_label else lane.target, lane.to_label].append(j)
    for (i, leaving), gathered in meeting.items():
        if spots[i].round or len(gathered) == 1:
            continue
        heights = {j: spots[lanes[j].target if leaving else lanes[j].source].v for j in gathered}
        gathered.sort(key=heights.__getitem__)
        wishes = [heights[j] - spots[i].v for j in gathered]
        for j, share in zip(gathered, _apart(wishes, spots[i].after - pitch / 2, pitch), strict=True):
            result[j] = replace(lanes[j], leave=share) if leaving else replace(lanes[j], enter=share)
    return result


def _apart(wishes: list[float], limit: float, pitch: float) -> list[float]:
    """Return numbers near to the (sorted) wishes, at least ``pitch`` apart, and within ± ``limit`` where they fit."""
    limit = max(limit, (len(wishes) - 1) * pitch / 2)
    result: list[float] = []
    for wish in wishes:
        result.append(max([min(max(wish, -limit), limit), *(result[-1] + pitch for _ in result[:1])]))
    for i in range(len(result) - 1, -1, -1):
        result[i] = min(result[i], limit - (len(result) - 1 - i) * pitch)
    return result


def _straightened(spots: list[Spot], lanes: list[Lane], pitch: float) -> None:
    """Make level what is almost level: labels with an end of their wire, then names with their label.

    Nothing moves where a neighbour, or a wire that passes, is in the way.
    """
    ranks: dict[float, list[int]] = defaultdict(list)
    for i, spot in enumerate(spots):
        ranks[round(spot.u, 1)].append(i)
    passing: dict[float, list[float]] = defaultdict(list)
    middles = sorted(ranks)
    for lane in lanes:
        start, end = round(spots[lane.source].u, 1), round(spots[lane.target].u, 1)
        for u in middles[bisect_right(middles, start) : bisect_left(middles, end)]:
            passing[u].append(lane.crossing(u))

    def move(i: int, heights: tuple[float, ...], air: float) -> None:
        spot = spots[i]
        u = round(spot.u, 1)
        others = [spots[other] for other in ranks[u] if other != i]
        for v in heights:
            low, high = v - spot.before - air, v + spot.after + air
            free = all(other.v - other.before >= high or other.v + other.after <= low for other in others)
            apart = all(height - pitch / 2 >= high - air or height + pitch / 2 <= low + air for height in passing[u])
            if 0.01 < abs(v - spot.v) <= _NUDGE and free and apart:
                spots[i] = replace(spot, v=v)
                return

    for first, second in zip(lanes[::2], lanes[1::2], strict=True):
        move(first.target, (spots[first.source].v, spots[second.target].v), _AIR)
    for first, second in zip(lanes[::2], lanes[1::2], strict=True):
        for end in (first.source, second.target):
            if spots[end].flush:
                move(end, (spots[first.target].v,), 0.0)


def _crossing(spline: Curve) -> Callable[[float], float]:
    """Return the function from ``u`` to the height at which a spline is there."""
    points: list[Point] = []

    def height(u: float) -> float:
        if not points:
            points.extend(sampled(spline, 8))
        for (u0, v0), (u1, v1) in pairwise(points):
            if u0 <= u <= u1:
                return v0 + (v1 - v0) * (u - u0) / (u1 - u0) if u1 > u0 else v0
        return points[-1][1] if u > points[-1][0] else points[0][1]

    return height
