"""Wires between ranks: level beside the boxes of each rank, bent only in the gaps between them.

Everything here is in the coordinates of the flow: ``u`` runs from source to target, ``v`` across. Several wires that
turn in one gap have separate tracks, and the gap is as wide as these need.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from math import acos, atan2, copysign, cos, pi, radians, sin
from typing import NamedTuple

from bpviz import deadline
from bpviz.layout.placement.ranks import LEVEL, Border, Rank, Spot, ranked
from bpviz.picture.curves import Curve, line
from bpviz.picture.elements import Point

__all__ = ["Lane", "Routing", "routed"]

_TURN = 16.0
_LEAD = 10.0
_ASIDE = 6.0
_BESIDE = 0.6
_STEEP = 0.8
_STEEPEST = 2.2
_LONGEST = 4.0
_BUS = 30.0
_DOT = 12.0
_FIRST_TURN, _LAST_TURN, _FLATTEST_TURN = radians(98.0), radians(144.0), radians(158.0)
_TURN_APART = radians(20.0)
_STEEPEST_LEAVE, _FLATTEST_LEAVE = radians(68.0), radians(30.0)
_CLOSE = 10.0


class Lane(NamedTuple):
    """Half a wire: from one spot to another, by index; the target (``to_label``) or the source is the wire's label.

    ``leave`` and ``enter`` are the distances of its ends from the middle of an edge. A lane that enters a round spot
    beside its middle enters level.
    """

    source: int
    target: int
    to_label: bool
    leave: float = 0.0
    enter: float = 0.0


class Routing(NamedTuple):
    """The result: places of spots, courses of wires, starts and ends of frames, with space for the tracks."""

    spots: list[Spot]
    courses: list[Curve]
    frames: list[tuple[float, float]]


class _Step:
    """One crossing of the gap after a rank: from the height ``a`` to ``b``, free to bend from ``begin`` to ``end``.

    ``out`` and ``into`` are the round spots, by index, that it bends out of or into: −1 for none. It is level up to
    the share ``bow`` of the way to their middle, and at most until ``least`` points before that. If several bend into
    one spot, which reaches ``reach`` points, each arrives at another angle ``turn``, at least ``flattest``; without
    space for that it ends level at the ``edge`` of the spot. From a branch dot it starts at the angle ``turn``, but
    wires to the same side run together on one ``bus``, named by the dot.
    """

    __slots__ = (
        *("a", "b", "begin", "end", "rank", "track", "bus"),
        *("out", "into", "edge", "bow", "least", "flattest", "turn", "reach"),
    )

    def __init__(self, rank: int, a: float, b: float, begin: float, end: float) -> None:
        self.rank, self.a, self.b, self.begin, self.end = rank, a, b, begin, end
        self.out = self.into = self.track = self.bus = -1
        self.edge, self.bow, self.least, self.flattest, self.turn, self.reach = end, 0.9, 0.0, 0.0, 0.0, 0.0


class _Gap(NamedTuple):
    """The least width of the gap after a rank; its tracks begin ``lead`` points into it."""

    width: float
    lead: float


def routed(spots: Sequence[Spot], lanes: Sequence[Lane], borders: Sequence[Border], pitch: float) -> Routing:
    """Route every wire, that is every two lanes, and move spots and frames apart if tracks need space.

    ``pitch`` is the least distance between two wires side by side.
    """
    leaning, ranks = ranked(spots, borders, pitch / 2)
    buses = _buses(lanes, leaning)
    paths = [_steps(lane, leaning, ranks, buses) for lane in lanes]
    steps = [step for path in paths for step in path]
    _spread(steps, leaning, Counter(lane.target for lane in lanes), pitch)
    gaps = _tracked(steps, ranks, pitch)
    shift = 0.0
    for rank, following, gap in zip(ranks, ranks[1:], gaps, strict=False):
        shift += max(0.0, gap.width - (following.start - rank.end))
        following.shift = shift
    moved = [spot._replace(u=spot.u + ranks[spot.rank].shift) for spot in leaning]
    courses = [
        _drawn(lanes[j], lanes[j + 1], moved, [*paths[j], *paths[j + 1]], ranks, gaps, pitch)
        for j in range(0, len(lanes), 2)
    ]
    sides = []
    for border in borders:
        shifts = [rank.shift for rank in ranks if border.start <= rank.middle <= border.end] or [0.0]
        sides.append((border.start + shifts[0], border.end + shifts[-1]))
    return Routing(moved, courses, sides)


def _buses(lanes: Sequence[Lane], spots: Sequence[Spot]) -> dict[tuple[int, bool], int]:
    """Count the lanes from each branch dot to each side that go farther than a bend."""
    found: dict[tuple[int, bool], int] = defaultdict(int)
    for lane in lanes:
        source, target = spots[lane.source], spots[lane.target]
        if source.round and source.along < _DOT and abs(source.v - target.v) > _BUS:
            found[lane.source, source.v < target.v] += 1
    return found


def _steps(lane: Lane, spots: Sequence[Spot], ranks: list[Rank], buses: Mapping[tuple[int, bool], int]) -> list[_Step]:
    """Return the steps of a lane, from rank to rank: as level as the boxes between allow."""
    deadline.check("routing the wires")
    source, target = spots[lane.source], spots[lane.target]
    first, last = source.rank, target.rank
    start, finish = source.v + lane.leave, target.v + lane.enter
    heights = [start]
    if last - first > 1:
        frames = source.frames | target.frames
        # A lane must be level at its label, so it keeps the height of that end as long as possible.
        inner = range(last - 1, first, -1) if lane.to_label else range(first + 1, last)
        height, far = (finish, start) if lane.to_label else (start, finish)
        passed = []
        for number in inner:
            height = ranks[number].passage(height, far, frames)
            passed.append(height)
        heights += reversed(passed) if lane.to_label else passed
    heights.append(finish)
    steps = [
        _step(lane, number, heights[k], heights[k + 1], spots, ranks, buses)
        for k, number in enumerate(range(first, last))
        if abs(heights[k] - heights[k + 1]) >= LEVEL
    ]
    return [step for step in steps if abs(step.a - step.b) >= LEVEL]


def _step(
    lane: Lane,
    number: int,
    a: float,
    b: float,
    spots: Sequence[Spot],
    ranks: list[Rank],
    buses: Mapping[tuple[int, bool], int],
) -> _Step:
    """Return the step of a lane from the height ``a`` to ``b`` in the gap after rank ``number``."""
    source = spots[lane.source] if spots[lane.source].rank == number else None
    target = spots[lane.target] if spots[lane.target].rank == number + 1 else None
    begin = ranks[number].clear(a, b, source, 1)
    end = ranks[number + 1].clear(a, b, target, -1)
    step = _Step(number, a, b, begin, end)
    # A lane that leaves or enters a round spot straight needs the length of an arrow head.
    if source and abs(a - b) > _BUS and buses.get((lane.source, a < b), 0) > 1:
        step.bus, step.begin = lane.source, max(begin, source.u + source.along / 2)
    elif source and source.round:
        least = _swinging(ranks[number], source, (a, b), (begin, end), 1)
        if least is None:
            step.begin = max(begin, source.u + source.along / 2 + _LEAD)
        else:
            step.out, step.begin, step.least = lane.source, source.u, least
    if target and target.round and lane.enter:
        step.end = min(end, target.u - target.along / 2 - _LEAD)
    elif target and target.round and step.out < 0:
        step.edge = min(end, target.u - target.along / 2 - _LEAD)
        least = _swinging(ranks[number + 1], target, (b, a), (end, step.begin), -1)
        step.into, step.end = lane.target, target.u
        if least is None:
            # An obstacle leaves space only for a flatter angle, if any.
            share = (target.u - end + _ASIDE) / target.after
            step.flattest = acos(-share) if share < 1.0 else pi
        else:
            step.least = least
    return step


def _swinging(
    rank: Rank, spot: Spot, heights: tuple[float, float], sides: tuple[float, float], way: int
) -> float | None:
    """Return the distance from the middle of a round spot at which a bend towards it must be level; None if none can.

    ``heights`` are those of the middle and of the other end, ``sides`` the end of the things beside the spot and the
    other end of the bend; it is after the spot (``way`` +1) or before it (−1).
    """
    (near, far), (edge, other) = heights, sides
    along, reach = (other - spot.u) * way, (other - edge) * way
    if reach >= along - LEVEL:
        return 0.0
    reach -= _ASIDE
    if reach < _LEAD:
        return None
    for share in (1.0, 0.7, 0.4):
        handle = reach * share
        low, high = 0.0, 1.0
        for _ in range(8):  # the parameter at which the bend passes the edge
            t = (low + high) / 2
            passed = 3 * (1 - t) ** 2 * t * handle + (3 - 2 * t) * t * t * along < reach
            low, high = (t, high) if passed else (low, t)
        height = far + (near - far) * (3 - 2 * low) * low * low
        if (rank.clear(height, near, spot, way) - spot.u) * way <= LEVEL:
            return along - handle
    return None


def _spread(steps: Sequence[_Step], spots: Sequence[Spot], arriving: Mapping[int, int], pitch: float) -> None:
    """Give steps that meet on one side of a round spot different angles or places, in the order of heights.

    ``arriving`` is the number of all lanes into each spot, by index.
    """
    turning = _straightened(steps, spots)
    leaving: dict[tuple[int, bool], list[_Step]] = defaultdict(list)
    entering: dict[tuple[int, bool], list[_Step]] = defaultdict(list)
    for step in sorted(steps, key=lambda step: -abs(step.b - step.a)):
        if step.out >= 0:
            leaving[step.out, step.a < step.b].append(step)
        elif step.into >= 0:
            entering[step.into, step.a < step.b].append(step)
    for (center, _), group in leaving.items():
        _bowed(group, spots[center])
    for (center, _), group in entering.items():
        if len(group) == 1 and not group[0].flattest:
            _bowed(group, spots[center])
        else:
            near = turning[group[0].rank]
            rest = _turned(group, spots[center])
            if any(_long(step) for step in group[1:]):
                rest = group
            elif any(_beside(step, other, 0.0) for step in group[1:] for other in near):
                # Only the first comes from above or below.
                rest = group[len(group) - max(len(rest), len(group) - 1) :]
            _set_aside(rest, spots[center], pitch, alone=len(rest) == arriving[center])
            near += rest


def _straightened(steps: Sequence[_Step], spots: Sequence[Spot]) -> dict[int, list[_Step]]:
    """Let a steep bend out of a round spot start level if wires of other spots turn beside it.

    Return the steps with a track, by the rank before them.
    """
    ranks: dict[int, list[_Step]] = defaultdict(list)
    for step in steps:
        ranks[step.rank].append(step)
    for near in ranks.values():
        for bend in [step for step in near if step.out >= 0 and _steep(step)]:
            others = (step for step in near if step.into < 0 and bend.out not in (step.out, step.bus))
            if any(_beside(bend, other, 0.0) for other in others):
                spot = spots[bend.out]
                bend.begin, bend.out = max(bend.begin, spot.u + spot.along / 2), -1
        near[:] = [step for step in near if step.bus >= 0 or (_steep(step) and step.out < 0 and step.into < 0)]
    return ranks


def _steep(step: _Step) -> bool:
    return abs(step.b - step.a) * _STEEP > step.end - step.begin


def _long(step: _Step) -> bool:
    return abs(step.b - step.a) > _LONGEST * (step.end - step.begin)


def _turned(group: Sequence[_Step], spot: Spot) -> Sequence[_Step]:
    """Give bends, the longest first, angles to enter: the first nearly from the top, the last well above level ones.

    Return the first bend without space for that, and all nearer ones.
    """
    turn = 0.0
    for place, step in enumerate(group):
        share = place / max(len(group) - 1, 1)
        turn = max(_FIRST_TURN + (_LAST_TURN - _FIRST_TURN) * share, step.flattest, turn + _TURN_APART)
        if turn > _FLATTEST_TURN:
            return group[place:]
        step.bow = 0.98 - 0.45 * share if not step.flattest else 0.55
        step.reach, step.turn = spot.after, turn
    return ()


def _set_aside(group: Sequence[_Step], spot: Spot, pitch: float, alone: bool) -> None:
    """Let steps from one side enter level, the longest outermost: beside the middle, or around it if they are alone."""
    count, most = len(group), spot.after * _BESIDE
    for place, step in enumerate(group):
        if alone and count > 1:
            share = min(pitch, 2 * most / (count - 1)) * ((count - 1) / 2 - place)
        else:
            share = most * (1.0 - place / count)
        step.into, step.end = -1, step.edge
        aside = min(abs(step.b - step.a), share)
        step.b += -aside if step.a < step.b else aside


def _bowed(group: Sequence[_Step], spot: Spot) -> None:
    """Give bends different bows, the first (longest) the largest; from a dot it is the steepest, too."""
    dot = spot.along < _DOT
    for place, step in enumerate(group):
        step.bow = (0.75 if dot else 0.9) - 0.5 * place / max(len(group) - 1, 2)
        if dot and step.out >= 0:
            share = place / max(len(group) - 1, 1)
            step.turn = _STEEPEST_LEAVE - (_STEEPEST_LEAVE - _FLATTEST_LEAVE) * share


class _Track(NamedTuple):
    """One step, or all steps of a bus, on one track, from the height ``a`` to ``b``."""

    a: float
    b: float
    steps: list[_Step]


def _tracked(steps: Sequence[_Step], ranks: list[Rank], pitch: float) -> list[_Gap]:
    """Give every steep step, or its bus, a track, and return the space that this takes in each gap."""
    gaps: list[list[_Step]] = [[] for _ in ranks]
    gentle: list[list[_Step]] = [[] for _ in ranks]
    for step in steps:
        if step.bus >= 0 or (_steep(step) and step.out < 0 and step.into < 0):
            gaps[step.rank].append(step)
        elif step.out < 0 and step.into < 0:
            gentle[step.rank].append(step)
    for gap, near in zip(gaps, gentle, strict=True):
        # A long gentle bend would run into the tracks that end beside it.
        gap += [step for step in near if any(_beside(step, other, pitch) for other in gap)]
    result = []
    for gap, rank, following in zip(gaps, ranks, ranks[1:], strict=False):
        # A step that is alone may turn in a single bow.
        gap = [
            step
            for step in gap
            if step.bus >= 0
            or abs(step.b - step.a) > _STEEPEST * (step.end - step.begin)
            or any(other is not step and _beside(step, other, pitch) for other in gap)
        ]
        # Downwards the lowest turns first, upwards the highest, so that wires in the same direction do not cross.
        tracks = _bundled(gap)
        down = sorted((track for track in tracks if track.b > track.a), key=lambda track: (-track.a, -track.b))
        up = sorted((track for track in tracks if track.b <= track.a), key=lambda track: (track.a, track.b))
        count = 0
        placed: list[tuple[_Track, int]] = []
        for track in (*down, *up):
            number = 1 + max((other for near, other in placed if _beside(track, near, pitch)), default=-1)
            placed.append((track, number))
            for step in track.steps:
                step.track = number
            count = max(count, number + 1)
        lead = max([step.begin - rank.end for step in gap if step.begin > rank.end], default=0.0)
        tail = max([following.start - step.end for step in gap if step.end < following.start], default=0.0)
        result.append(_Gap(lead + (count - 1) * pitch + 2 * _TURN + tail if count else 0.0, lead))
    return result


def _bundled(gap: Sequence[_Step]) -> list[_Track]:
    buses: dict[tuple[int, bool], list[_Step]] = defaultdict(list)
    for step in gap:
        if step.bus >= 0:
            buses[step.bus, step.a < step.b].append(step)
    return [
        *(_Track(step.a, step.b, [step]) for step in gap if step.bus < 0),
        *(_Track(bus[0].a, max((s.b for s in bus), key=lambda b: abs(b - bus[0].a)), bus) for bus in buses.values()),
    ]


def _beside(one: _Step | _Track, other: _Step | _Track, pitch: float) -> bool:
    low, high = min(one.a, one.b) - pitch, max(one.a, one.b) + pitch
    return min(other.a, other.b) < high and max(other.a, other.b) > low


def _drawn(
    first: Lane,
    second: Lane,
    spots: Sequence[Spot],
    steps: Sequence[_Step],
    ranks: list[Rank],
    gaps: list[_Gap],
    pitch: float,
) -> Curve:
    """Return the course of a wire for the final places of spots and ranks: level between its steps."""
    source, target = spots[first.source], spots[second.target]
    way: list[Point] = [(source.u + (0.0 if source.round else source.along / 2), source.v + first.leave)]
    for step in steps:
        before, after = ranks[step.rank], ranks[step.rank + 1]
        u, v = way[-1]
        begin, end = (max(u, step.begin + before.shift), v), (step.end + after.shift, step.b)
        if begin[0] - u > LEVEL:
            way += line(way[-1], begin)[1:]
        if step.track >= 0:
            gap, near = gaps[step.rank], before.end + before.shift
            spare = after.start + after.shift - near - gap.width
            _turn_twice(way, end, near + gap.lead + spare / 2 + step.track * pitch + _TURN)
        else:
            way += _swing(way[-1], end, step)
    finish = (target.u - (0.0 if target.round else target.along / 2), way[-1][1])
    turned = bool(steps) and steps[-1].into >= 0 and steps[-1].turn > 0.0
    if (finish[0] - way[-1][0] > LEVEL and not turned) or len(way) == 1:
        way += line(way[-1], finish)[1:]
    return tuple(way)


def _swing(first: Point, second: Point, step: _Step) -> tuple[Point, Point, Point]:
    """Return one bend: level at a label, straight from or to the middle of a round spot."""
    along = second[0] - first[0]
    if step.into >= 0 and step.turn:
        x, y = cos(step.turn), sin(step.turn) * (1.0 if step.a > step.b else -1.0)
        # Within the circle it points to the middle; outside it turns to that direction.
        inner = 0.5 * step.reach
        outer = max(inner, min(1.5 * step.reach, -0.95 * along / x, 0.9 * abs((second[1] - first[1]) / y)))
        bow = min(max(0.5 * along, along * step.bow + outer * x), along - step.least)
        last = (second[0] + inner * x, second[1] + inner * y)
        return (first[0] + bow, first[1]), (second[0] + outer * x, second[1] + outer * y), last
    if step.into >= 0:
        return ((min(first[0] + along * step.bow, second[0] - step.least), first[1]), second, second)
    if step.out >= 0:
        rise, bow = second[1] - first[1], max(second[0] - along * step.bow, first[0] + step.least)
        there = first
        if step.turn and (angle := _leaving(step, atan2(abs(rise), bow - first[0]))):
            handle = min(_CLOSE if step.least else along / (3.0 * cos(angle)), 0.55 * abs(rise) / sin(angle))
            there = (first[0] + handle * cos(angle), first[1] + handle * copysign(sin(angle), rise))
        return there, (max(bow, there[0]), second[1]), second
    return ((first[0] + along * 0.5, first[1]), (second[0] - along * 0.5, second[1]), second)


def _leaving(step: _Step, straight: float) -> float:
    """Return the angle at which a bend leaves a dot to the right; 0 if it may lead on ``straight``, at that angle."""
    if step.least:
        # Nearer to the right there is an obstacle.
        return step.turn if straight > step.turn else 0.0
    return min(step.turn, max(straight, _FLATTEST_LEAVE))


def _turn_twice(way: list[Point], second: Point, turn: float) -> None:
    """Continue a curve to ``second``: level, along the track ``turn``, and level again."""
    first = way[-1]
    height = second[1] - first[1]
    sign = 1.0 if height > 0 else -1.0
    before = min(turn - first[0], abs(height) / 2, _TURN)
    after = min(second[0] - turn, abs(height) / 2, _TURN)
    top, bottom = (turn, first[1] + sign * before), (turn, second[1] - sign * after)
    if turn - before - first[0] > LEVEL:
        way += line(first, (turn - before, first[1]))[1:]
    way += _corner(way[-1], (turn, first[1]), top)
    if abs(bottom[1] - top[1]) > LEVEL:
        way += line(top, bottom)[1:]
    way += _corner(way[-1], (turn, second[1]), (turn + after, second[1]))
    if second[0] - turn - after > LEVEL:
        way += line(way[-1], second)[1:]


def _corner(start: Point, corner: Point, end: Point) -> tuple[Point, Point, Point]:
    def towards(point: Point) -> Point:
        return (point[0] + (corner[0] - point[0]) * 0.5523, point[1] + (corner[1] - point[1]) * 0.5523)

    return (towards(start), towards(end), end)
