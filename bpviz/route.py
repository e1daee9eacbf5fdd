"""Wires between ranks: level past the boxes of each rank, bent only in the gaps between them.

Everything here is in the coordinates of the flow: ``u`` runs from source to target, ``v`` across. Where several wires
turn within one gap they get tracks of their own, and the gap as much room as these need.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from bpviz.curve import Curve, joined, line
from bpviz.picture import Point

__all__ = ["Border", "Lane", "Routing", "Spot", "routed"]

_TURN = 16.0
_LEAD = 10.0
_STEEP = 0.8
_STEEPEST = 2.2
_LEVEL = 0.01


@dataclass(frozen=True, slots=True)
class Spot:
    """A box on the page: where wires meet it, its size along the flow, and how far it reaches to both sides of ``v``.

    Wires end in the middle of what is ``round``, and at the edge of everything else. ``flush`` is +1 where a box
    leans against the end of its rank, −1 at its start, 0 in the middle. Within ``room`` of its edge wires run level.
    """

    u: float
    v: float
    along: float
    before: float
    after: float
    round: bool = False
    flush: int = 0
    room: float = 0.0


@dataclass(frozen=True, slots=True)
class Lane:
    """Half a wire: from one spot to another, by index; one of them is the wire's label, ``to_label`` says which.

    ``crossing`` tells where Graphviz had the wire cross a line of constant ``u``. ``leave`` and ``enter`` are the
    distances of its ends from the middle of an edge.
    """

    source: int
    target: int
    to_label: bool
    crossing: Callable[[float], float]
    leave: float = 0.0
    enter: float = 0.0


@dataclass(frozen=True, slots=True)
class Border:
    """Where along the flow a frame starts and ends, and the stretch across it that its title takes, if it does."""

    start: float
    end: float
    title: tuple[float, float] | None = None


@dataclass(slots=True)
class _Rank:
    """The spots that stand side by side, from ``start`` to ``end``, sorted by ``v``.

    ``titles`` are the stretches of ``v`` that frames keep for theirs, ``taken`` the heights of wires that pass;
    ``shift`` is added for tracks.
    """

    middle: float
    start: float
    end: float
    members: list[int] = field(default_factory=list)
    titles: list[tuple[float, float]] = field(default_factory=list)
    taken: list[float] = field(default_factory=list)
    shift: float = 0.0


@dataclass(slots=True)
class _Step:
    """One crossing of the gap behind a rank: from the height ``a`` to ``b``, free to bend from ``begin`` to ``end``."""

    rank: int
    a: float
    b: float
    begin: float
    end: float
    out_round: bool
    in_round: bool
    track: int = -1
    bow: float = 0.9


@dataclass(frozen=True, slots=True)
class Routing:
    """Where everything stands once the tracks have their room: spots, curves of lanes, starts and ends of frames."""

    spots: tuple[Spot, ...]
    curves: tuple[Curve, ...]
    frames: tuple[tuple[float, float], ...]


def routed(spots: Sequence[Spot], lanes: Sequence[Lane], frames: Sequence[Border], pitch: float) -> Routing:
    """Route every lane, and move the spots and frames apart where tracks need room.

    ``pitch`` is the least distance between two wires that run side by side.
    """
    ranks, home = _ranked(spots)
    for rank in ranks:
        rank.titles += [frame.title for frame in frames if frame.title and frame.start <= rank.middle <= frame.end]
    flush = [_leaning(spot, ranks[home[i]]) for i, spot in enumerate(spots)]
    steps = [_steps(lane, flush, ranks, home, pitch) for lane in lanes]
    _spread(lanes, steps, spots)
    gaps = _tracked([step for lane in steps for step in lane], ranks, pitch)
    shift = 0.0
    for rank, following, gap in zip(ranks, ranks[1:], gaps, strict=False):
        shift += max(0.0, gap.width - (following.start - rank.end))
        following.shift = shift
    moved = [replace(spot, u=spot.u + ranks[home[i]].shift) for i, spot in enumerate(flush)]
    curves = [_drawn(lane, path, moved, ranks, gaps, pitch) for lane, path in zip(lanes, steps, strict=True)]
    borders = []
    for frame in frames:
        shifts = [rank.shift for rank in ranks if frame.start <= rank.middle <= frame.end] or [0.0]
        borders.append((frame.start + shifts[0], frame.end + shifts[-1]))
    return Routing(tuple(moved), tuple(curves), tuple(borders))


@dataclass(frozen=True, slots=True)
class _Gap:
    """The least width of the gap behind a rank; its tracks begin ``lead`` points into it."""

    width: float
    lead: float


def _ranked(spots: Sequence[Spot]) -> tuple[list[_Rank], list[int]]:
    """Gather the spots that have the same ``u``."""
    middles = sorted({round(spot.u, 1) for spot in spots})
    ranks: list[_Rank] = []
    number: dict[float, int] = {}
    for middle in middles:
        if not ranks or middle - ranks[-1].middle > 1.0:
            ranks.append(_Rank(middle, middle, middle))
        number[middle] = len(ranks) - 1
    home = [number[round(spot.u, 1)] for spot in spots]
    for i in sorted(range(len(spots)), key=lambda i: spots[i].v):
        rank, spot = ranks[home[i]], spots[i]
        rank.members.append(i)
        rank.start, rank.end = min(rank.start, spot.u - spot.along / 2), max(rank.end, spot.u + spot.along / 2)
    return ranks, home


def _leaning(spot: Spot, rank: _Rank) -> Spot:
    if spot.flush > 0:
        return replace(spot, u=rank.end - spot.along / 2)
    return replace(spot, u=rank.start + spot.along / 2) if spot.flush < 0 else spot


def _steps(lane: Lane, spots: Sequence[Spot], ranks: list[_Rank], home: list[int], pitch: float) -> list[_Step]:
    """Return how a lane gets from rank to rank: as level as the boxes in between allow."""
    first, last = home[lane.source], home[lane.target]
    source, target = spots[lane.source], spots[lane.target]
    heights = [source.v + lane.leave, *(0.0 for _ in range(first + 1, last)), target.v + lane.enter]
    # Labels are what must be met level: it is from their end that a lane keeps its height as long as it can.
    inner = range(last - 1, first, -1) if lane.to_label else range(first + 1, last)
    height = heights[-1 if lane.to_label else 0]
    for number in inner:
        height = _height(ranks[number], spots, height, lane.crossing(ranks[number].middle), pitch)
        ranks[number].taken.append(height)
        heights[number - first] = height
    steps = []
    for k, number in enumerate(range(first, last)):
        a, b = heights[k], heights[k + 1]
        begin = _clear(ranks[number], spots, a, b, lane.source if k == 0 else -1, 1)
        end = _clear(ranks[number + 1], spots, a, b, lane.target if number + 1 == last else -1, -1)
        own = k == 0 and source.round and begin <= source.u + _LEVEL
        into = number + 1 == last and target.round and end >= target.u - _LEVEL
        # What must leave or enter something round straight on needs the length of an arrow head for it.
        if k == 0 and source.round and not own and a != b:
            begin = max(begin, source.u + source.along / 2 + _LEAD)
        if number + 1 == last and target.round and not into and a != b:
            end = min(end, target.u - target.along / 2 - _LEAD)
        steps.append(_Step(number, a, b, begin, end, own, into))
    return steps


def _height(rank: _Rank, spots: Sequence[Spot], wish: float, known: float, pitch: float) -> float:
    """Return the height at which a lane passes a rank: the wish if that is free, else where Graphviz had it."""
    room = pitch / 2
    blocked = [(spots[i].v - spots[i].before - room, spots[i].v + spots[i].after + room) for i in rank.members]
    blocked += [(height - pitch, height + pitch) for height in rank.taken]
    blocked.sort()

    def free(height: float) -> bool:
        return not any(low < height - _LEVEL and height + _LEVEL < high for low, high in blocked)

    if free(wish) and abs(wish - known) < 6 * pitch:
        return wish
    edges = [edge for pair in blocked for edge in pair if free(edge)]
    return min([*edges, *([known] if free(known) else [])], key=lambda edge: abs(edge - known), default=known)


def _clear(rank: _Rank, spots: Sequence[Spot], a: float, b: float, own: int, way: int) -> float:
    """Return from where on (``way`` +1) or until where (−1) a lane may move between two heights beside a rank."""
    low, high = min(a, b) - 3.0, max(a, b) + 3.0
    edge = rank.middle
    if own >= 0:
        edge = spots[own].u + (0.0 if spots[own].round else way * (spots[own].along / 2 + spots[own].room))
    if any(top < high and bottom > low for top, bottom in rank.titles):
        edge = max(edge, rank.end) if way > 0 else min(edge, rank.start)
    for i in rank.members:
        spot = spots[i]
        if i != own and spot.v - spot.before < high and spot.v + spot.after > low:
            edge = max(edge, spot.u + spot.along / 2) if way > 0 else min(edge, spot.u - spot.along / 2)
    return edge


def _spread(lanes: Sequence[Lane], steps: list[list[_Step]], spots: Sequence[Spot]) -> None:
    """Bow the bends that meet on one side of something round differently, the longest most: so they meet at angles."""
    meeting: dict[tuple[int, bool, bool], list[_Step]] = {}
    for lane, path in zip(lanes, steps, strict=True):
        for step, center, out in ((path[0], lane.source, True), (path[-1], lane.target, False)):
            if (step.out_round if out else step.in_round) and step.a != step.b:
                meeting.setdefault((center, out, step.a < step.b), []).append(step)
    for (center, _, _), group in meeting.items():
        group.sort(key=lambda step: -abs(step.b - step.a))
        most = 0.9 if spots[center].along > 12.0 else 0.75
        for place, step in enumerate(group):
            step.bow = most - 0.5 * place / max(len(group) - 1, 2)


def _tracked(steps: list[_Step], ranks: list[_Rank], pitch: float) -> list[_Gap]:
    """Give every steep step a track of its own, and return what room that takes in each gap."""
    gaps: list[list[_Step]] = [[] for _ in ranks]
    for step in steps:
        if not (step.out_round or step.in_round) and abs(step.b - step.a) * _STEEP > step.end - step.begin:
            gaps[step.rank].append(step)
    result = []
    for gap, rank, following in zip(gaps, ranks, ranks[1:], strict=False):
        # One that turns alone may do so in a single bow.
        gap = [
            step
            for step in gap
            if abs(step.b - step.a) > _STEEPEST * (step.end - step.begin)
            or any(other is not step and _beside(step, other, pitch) for other in gap)
        ]
        # Downwards the lowest turns first, upwards the highest: so wires that run the same way do not cross.
        down = sorted((s for s in gap if s.b > s.a), key=lambda s: (-s.a, -s.b))
        up = sorted((s for s in gap if s.b <= s.a), key=lambda s: (s.a, s.b))
        count = 0
        placed: list[_Step] = []
        for step in (*down, *up):
            near = [other for other in placed if _beside(step, other, pitch)]
            step.track = 1 + max((other.track for other in near), default=-1)
            placed.append(step)
            count = max(count, step.track + 1)
        lead = max([step.begin - rank.end for step in gap if step.begin > rank.end], default=0.0)
        tail = max([following.start - step.end for step in gap if step.end < following.start], default=0.0)
        result.append(_Gap(lead + (count + 0.6) * pitch + tail if count else 0.0, lead))
    return result


def _beside(one: _Step, other: _Step, pitch: float) -> bool:
    low, high = min(one.a, one.b) - pitch, max(one.a, one.b) + pitch
    return min(other.a, other.b) < high and max(other.a, other.b) > low


def _drawn(
    lane: Lane, steps: list[_Step], spots: Sequence[Spot], ranks: list[_Rank], gaps: list[_Gap], pitch: float
) -> Curve:
    source, target = spots[lane.source], spots[lane.target]
    start = (source.u + (0.0 if source.round else source.along / 2), source.v + lane.leave)
    finish = (target.u - (0.0 if target.round else target.along / 2), target.v + lane.enter)
    way: list[Curve] = []
    here: Point = start
    for step in steps:
        behind, ahead = ranks[step.rank], ranks[step.rank + 1]
        first: Point = (max(here[0], step.begin + behind.shift), step.a)
        second: Point = (step.end + ahead.shift, step.b)
        if abs(step.a - step.b) < _LEVEL:
            continue
        if first[0] - here[0] > _LEVEL:
            way.append(line(here, first))
        if step.track >= 0:
            gap, near = gaps[step.rank], behind.end + behind.shift
            spare = ahead.start + ahead.shift - near - gap.width
            turn = near + gap.lead + spare / 2 + (step.track + 0.8) * pitch
            way += _detour(first, second, turn)
        else:
            way.append(_swing(first, second, step))
        here = second
    if finish[0] - here[0] > _LEVEL or not way:
        way.append(line(here, finish))
    return joined(*way)


def _swing(first: Point, second: Point, step: _Step) -> Curve:
    """Return one bend: level where it meets a label, straight from or to the middle of what is round."""
    along = second[0] - first[0]
    if step.in_round:
        return (first, (first[0] + along * step.bow, first[1]), second, second)
    if step.out_round:
        return (first, first, (second[0] - along * step.bow, second[1]), second)
    return (first, (first[0] + along * 0.5, first[1]), (second[0] - along * 0.5, second[1]), second)


def _detour(first: Point, second: Point, turn: float) -> list[Curve]:
    """Return a way that turns twice: level, along the track ``turn``, and level again."""
    height = second[1] - first[1]
    sign = 1.0 if height > 0 else -1.0
    before = min(turn - first[0], abs(height) / 2, _TURN)
    after = min(second[0] - turn, abs(height) / 2, _TURN)
    way: list[Curve] = []
    if turn - before - first[0] > _LEVEL:
        way.append(line(first, (turn - before, first[1])))
    top, bottom = (turn, first[1] + sign * before), (turn, second[1] - sign * after)
    way.append(_corner((turn - before, first[1]), (turn, first[1]), top))
    if abs(bottom[1] - top[1]) > _LEVEL:
        way.append(line(top, bottom))
    way.append(_corner(bottom, (turn, second[1]), (turn + after, second[1])))
    if second[0] - turn - after > _LEVEL:
        way.append(line((turn + after, second[1]), second))
    return way


def _corner(start: Point, corner: Point, end: Point) -> Curve:
    def towards(point: Point) -> Point:
        return (point[0] + (corner[0] - point[0]) * 0.5523, point[1] + (corner[1] - point[1]) * 0.5523)

    return (start, towards(start), towards(end), end)
