"""The distance of each line from the trunk: as small as the lines between allow, and outside of other frames.

Lines are stacked outwards from the trunk, above and below it. The contour is the reach of the stack in each layer; a
frame flattens it where it opens and where it closes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from bpviz.layout.placement.lines import Line, Lines
from bpviz.layout.placement.plan import FRAME_MARGIN, SEPARATION
from bpviz.layout.placement.tree import NONE, Tree

__all__ = ["Enclosure", "Stack", "enclosed", "gathered", "stacked"]

_FAR = 1e9


class Enclosure(NamedTuple):
    """A frame: its first and last layer, the numbers of its lines, and the room for its title at its upper side."""

    first: int
    last: int
    lines: frozenset[int]
    title: float

    def beside(self, line: Line) -> bool:
        """Return whether a line runs through the layers of the frame."""
        return line.start <= self.last and line.stop > self.first


class Stack(NamedTuple):
    """Distances from the trunk: of lines, and of the inner and outer side of frames; ``total`` is the largest."""

    distances: dict[int, float]
    sides: dict[int, tuple[float, float]]
    total: float


def enclosed(tree: Tree, lines: Lines, around: Mapping[int, int], titles: Sequence[float]) -> dict[int, Enclosure]:
    """Return the frames by number, in the order of ``around``: the outer ones first.

    A frame holds the lines of its boxes and labels. It holds a wire that leads in or out if its line has no box beside
    it.
    """
    members: dict[int, set[int]] = {k: set() for k in around}
    for i, line in enumerate(lines.lines):
        for v in line.boxes:
            for k in tree.frames[v]:
                members[k].add(i)
        for j in line.wires:
            for chain in (tree.label_frames[j], tree.frames[tree.targets[j]], tree.frames[tree.sources[j]]):
                for k in chain:
                    if not (_runs_inside(tree, j, k) and _stands_clear(tree, line, k)):
                        break
                    members[k].add(i)
    return {k: Enclosure(*tree.spans[k], frozenset(members[k]), titles[k]) for k in around}


def _runs_inside(tree: Tree, wire: int, k: int) -> bool:
    """Return whether a wire into or out of a frame runs inside it in its layers.

    If its label would be there, it runs outside instead, and enters from above or below.
    """
    if k in tree.label_frames[wire]:
        return True
    (first, last), target = tree.spans[k], tree.targets[wire]
    into = k in tree.frames[target]
    if wire in tree.detached:
        return into
    return not first <= tree.label_layer[wire] <= last and (into or tree.box_layer[target] > last)


def _stands_clear(tree: Tree, line: Line, k: int) -> bool:
    """Return whether every box of a line beside a frame is in it."""
    first, last = tree.spans[k]
    return all(k in tree.frames[v] or not first <= tree.box_layer[v] <= last for v in line.boxes)


def gathered(
    order: list[int],
    place: Mapping[int, int],
    frame: Enclosure,
    lines: Sequence[Line],
    *,
    core: bool,
    pulled: bool,
) -> list[int]:
    """Return an order, outwards, with no foreign line within a frame: it is moved after the frame's last line.

    ``place`` is the position of each line in the order; ``core`` means that the trunk is in the frame. Another frame
    that is ``pulled`` moves instead, after the foreign lines.
    """
    mine = [place[i] for i in frame.lines if i in place]
    if not mine:
        return order
    first, last = 0 if core else min(mine), max(mine)
    if last - first < len(mine):
        return order
    kept: list[int] = []
    foreign: list[int] = []
    for line in order[first : last + 1]:
        if line in frame.lines:
            kept.append(line)
        elif frame.beside(lines[line]):
            foreign.append(line)
        else:
            (foreign if pulled and not core else kept).append(line)
    if pulled and not core:
        kept, foreign = foreign, kept
    return [*order[:first], *kept, *foreign, *order[last + 1 :]]


def stacked(
    order: Sequence[int],
    trunk: Line,
    lines: Sequence[Line],
    frames: Mapping[int, Enclosure],
    core: frozenset[int],
    joins: Sequence[int],
    layers: int,
    upwards: bool,
) -> Stack:
    """Stack lines outwards from the trunk in the given order.

    ``core`` are the frames around the trunk; ``joins`` has for each line the line that it joins.
    """
    near = [line.after if upwards else line.before for line in lines]
    far = [line.before if upwards else line.after for line in lines]
    contour = [-float(SEPARATION)] * layers
    contour[trunk.start : trunk.stop] = trunk.before if upwards else trunk.after
    opening, closing = _events(order, frames, core)
    distances: dict[int, float] = {}
    sides: dict[int, tuple[float, float]] = {}

    def flatten(frame: Enclosure, more: float) -> float:
        reach = slice(frame.first, frame.last + 1)
        farthest = max(contour[reach]) + more
        contour[reach] = [farthest] * (frame.last + 1 - frame.first)
        return farthest

    def close(place: int) -> None:
        for k in reversed(closing[place]):
            inner = sides[k][0] if k in sides else 0.0
            sides[k] = inner, flatten(frames[k], _outer_margin(frames[k], upwards))

    close(NONE)
    for place, i in enumerate(order):
        for k in opening[place]:
            sides[k] = flatten(frames[k], SEPARATION), 0.0
            flatten(frames[k], _outer_margin(frames[k], not upwards) - SEPARATION)
        start, stop = lines[i].start, lines[i].stop
        reach = zip(contour[start:stop], near[i], strict=True)
        distances[i] = here = max([edge + room for edge, room in reach]) + SEPARATION
        contour[start:stop] = [here + room for room in far[i]]
        close(place)
    total = max(contour, default=0.0)
    _drawn_out(order, distances, sides, lines, frames, joins, near, far, layers, upwards)
    return Stack(distances, sides, total)


def _outer_margin(frame: Enclosure, upper: bool) -> float:
    """Return the space within a frame at one of its sides; its title is at the upper one."""
    return FRAME_MARGIN + (frame.title if upper else 0.0)


def _events(
    order: Sequence[int], frames: Mapping[int, Enclosure], core: frozenset[int]
) -> tuple[Mapping[int, list[int]], Mapping[int, list[int]]]:
    """Return the frames that open before and close after each place of the order, the outer ones first."""
    first: dict[int, int] = {}
    last: dict[int, int] = dict.fromkeys(core, NONE)
    owners: dict[int, list[int]] = defaultdict(list)
    for k, frame in frames.items():
        for i in frame.lines:
            owners[i].append(k)
    for place, i in enumerate(order):
        for k in owners[i]:
            first.setdefault(k, place)
            last[k] = place
    opening: dict[int, list[int]] = defaultdict(list)
    closing: dict[int, list[int]] = defaultdict(list)
    for k in frames:
        if k in last:
            closing[last[k]].append(k)
        if k in first and k not in core:
            opening[first[k]].append(k)
    return opening, closing


def _drawn_out(
    order: Sequence[int],
    distances: dict[int, float],
    sides: Mapping[int, tuple[float, float]],
    lines: Sequence[Line],
    frames: Mapping[int, Enclosure],
    joins: Sequence[int],
    near: Sequence[Sequence[float]],
    far: Sequence[Sequence[float]],
    layers: int,
    upwards: bool,
) -> None:
    """Move lines towards a line farther out that they join, as far as there is space."""
    bound = [_FAR] * layers
    for i in reversed(order):
        line = lines[i]
        goal = distances.get(joins[i], 0.0)
        if goal > distances[i]:
            limit = min([edge - SEPARATION - room for edge, room in _facing(bound, line, far[i])])
            for k, (inner, outer) in sides.items():
                frame = frames[k]
                if not frame.beside(line):
                    continue
                if i in frame.lines:
                    edge = outer - _outer_margin(frame, upwards)
                elif inner > distances[i]:
                    edge = inner - SEPARATION
                else:
                    continue
                start = max(frame.first - line.start, 0)
                limit = min(limit, edge - max(far[i][start : frame.last + 1 - line.start]))
            distances[i] = max(distances[i], min(goal, limit))
        here = distances[i]
        bound[line.start : line.stop] = [min(edge, here - room) for edge, room in _facing(bound, line, near[i])]


def _facing(bound: Sequence[float], line: Line, reach: Sequence[float]) -> zip[tuple[float, float]]:
    return zip(bound[line.start : line.stop], reach, strict=True)
