"""The order of lines: operands in order, and free sides chosen for few crossings.

The search counts its steps and uses no clock, so that a figure is the same on every machine.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import ceil
from typing import NamedTuple

from bpviz import deadline
from bpviz.layout.placement.contours import Enclosure, enclosed, gathered, stacked
from bpviz.layout.placement.lines import Lines, drawn, in_order
from bpviz.layout.placement.plan import Plan
from bpviz.layout.placement.tree import NONE, Tree, grown, outer

__all__ = ["Heights", "found"]

_WORK = 60_000
"""The most places along lines that all attempts of a search may visit together."""

_ROUNDS = 8
_CROSSING = 120.0
_GAIN = 100.0
"""The least gain for a change of sides; for less, or if no wires cross, operands are as in the code."""
_TITLE_AIR = 4.0


class Heights(NamedTuple):
    """The heights of the lines, the low and high side of each frame, and the total height.

    ``loose`` are the wires to detach, so that every operand and every frame has its place.
    """

    tree: Tree
    lines: Lines
    heights: list[float]
    sides: dict[int, tuple[float, float]]
    total: float
    loose: frozenset[int]


class _Scene(NamedTuple):
    """The data that stay the same while sides are tried."""

    tree: Tree
    lines: Lines
    frames: dict[int, Enclosure]
    trunk: int
    joins: list[int]
    layers: int
    passing: list[list[int]]


def found(plan: Plan) -> Heights:
    """Return the heights of all lines of a plan, chosen by a counted search."""
    tree = grown(plan)
    lines = drawn(tree)
    above = _first_sides(plan, tree, lines)
    scene, best = _untangled(plan, tree, lines, above)
    value, crossings = _cost(scene, best)
    if not crossings:
        return best
    tree = scene.tree
    left = _WORK // (sum(len(line.before) for line in scene.lines.lines) + len(tree.sources) + 1)
    choices = _choices(plan, tree, scene.lines)
    turned: set[int] = set()
    better = True
    while better and crossings and left > 0:
        better = False
        for number, group in enumerate(choices[:left]):
            deadline.check("placing the boxes")
            left -= 1
            tried = {**above, **{j: not above[j] for j in group}}
            heights = _placed(plan, scene, tried)
            now, count = _cost(scene, heights)
            if now < value and not heights.loose:
                above, best, value, crossings, better = tried, heights, now, count, True
                turned ^= {number}
    for number in sorted(turned):  # changes with little gain are undone
        tried = {**above, **{j: not above[j] for j in choices[number]}}
        heights = _placed(plan, scene, tried)
        if _cost(scene, heights)[0] < value + _GAIN and not heights.loose:
            above, best = tried, heights
    return best


def _first_sides(plan: Plan, tree: Tree, lines: Lines) -> dict[int, bool]:
    """Return for every wire with a free side whether it joins from above; at first as in the code."""
    above: dict[int, bool] = {}
    for v, box in enumerate(plan.boxes):
        entering = tree.entering[v]
        if box.box.commutes and len(entering) > 1:
            base = lines.base[v]
            middle = entering.index(base) if base != NONE else len(entering) / 2
            above |= {j: slot < middle for slot, j in enumerate(entering)}
    return above


def _choices(plan: Plan, tree: Tree, lines: Lines) -> list[list[int]]:
    """Return the wires with a free side; those at the same place in frames with equal title and size turn together."""
    inside: dict[str | None, list[int]] = defaultdict(list)
    for v, box in enumerate(plan.boxes):
        inside[box.box.frame].append(v)
    place = {v: number for members in inside.values() for number, v in enumerate(members)}
    alike: dict[object, list[int]] = {}
    for v, box in enumerate(plan.boxes):
        if not box.box.commutes:
            continue
        frame = box.box.frame
        for slot, j in enumerate(tree.entering[v]):
            if j != lines.base[v]:
                title = frame and plan.frames[tree.frames[v][-1]].title
                key = (title, len(inside[frame]), place[v], slot) if frame else j
                alike.setdefault(key, []).append(j)
    return list(alike.values())


def _untangled(plan: Plan, tree: Tree, lines: Lines, above: Mapping[int, bool]) -> tuple[_Scene, Heights]:
    """Return lines in an order that agrees with frames and operands; wires for which it does not are detached."""
    for _ in range(_ROUNDS):
        deadline.check("placing the boxes")
        scene = _scene(plan, tree, lines)
        heights = _placed(plan, scene, above)
        # A wire straight through a box is detached last.
        more = {j for j in heights.loose if lines.base[tree.targets[j]] != j} or heights.loose
        if not more:
            break
        tree = grown(plan, tree.detached | more)
        lines = drawn(tree)
    return scene, heights


def _scene(plan: Plan, tree: Tree, lines: Lines) -> _Scene:
    trunk = lines.of_box[lines.roots[0]]
    joins = [trunk] * len(lines.lines)
    for j, (source, target) in enumerate(zip(tree.sources, tree.targets, strict=True)):
        own, end = lines.of_box[source], lines.of_wire[j]
        if end != lines.of_box[target]:
            joins[end] = lines.of_box[target]
        if tree.held[source] == j and own != end:
            joins[own] = end
    layers = max(line.stop for line in lines.lines)
    titles = [ceil(title.height + _TITLE_AIR) if plan.level else 0.0 for title in plan.titles]
    passing: list[list[int]] = [[] for _ in range(layers)]
    for i, line in enumerate(lines.lines):
        for layer in range(line.start, line.stop - 1):
            passing[layer].append(i)
    return _Scene(tree, lines, enclosed(tree, lines, outer(tree), titles), trunk, joins, layers, passing)


def _placed(plan: Plan, scene: _Scene, above: Mapping[int, bool]) -> Heights:
    """Return the heights for a choice of sides."""
    lines, trunk = scene.lines.lines, scene.trunk
    order = in_order(scene.tree, scene.lines, above)
    place = order.index(trunk)
    up, down = order[:place][::-1], order[place + 1 :]
    core: set[int] = set()
    moved: set[int] = set()
    for k, frame in scene.frames.items():
        here, there = ([i for i in side if i in frame.lines] for side in (up, down))
        if trunk in frame.lines or (here and there and not frame.beside(lines[trunk])):
            core.add(k)
        elif here and there:
            # A frame is on one side of the trunk.
            moved |= set(there if len(there) <= len(here) else here)
            up, down = _across(up, down, there) if len(there) <= len(here) else _across(down, up, here)[::-1]
    (up, above_bad), (down, below_bad) = (_settled(side, frozenset(core), scene) for side in (up, down))
    upper, lower = (
        stacked(side, lines[trunk], lines, scene.frames, frozenset(core), scene.joins, scene.layers, upwards=side is up)
        for side in (up, down)
    )
    heights = [0.0] * len(lines)
    for i, distance in upper.distances.items():
        heights[i] = -distance
    for i, distance in lower.distances.items():
        heights[i] = distance
    sides: dict[int, tuple[float, float]] = {}
    for k in scene.frames:
        if k in core:
            sides[k] = -upper.sides[k][1], lower.sides[k][1]
        elif k in upper.sides:
            sides[k] = -upper.sides[k][1], -upper.sides[k][0]
        else:
            sides[k] = lower.sides[k]
    loose = _loose(plan, scene, heights, moved, above_bad | below_bad)
    return Heights(scene.tree, scene.lines, heights, sides, upper.total + lower.total, loose)


def _loose(
    plan: Plan, scene: _Scene, heights: Sequence[float], moved: set[int], crowded: frozenset[int]
) -> frozenset[int]:
    """Return the wires to detach: of operands in the wrong order, and those that keep a frame from its place.

    ``moved`` are the lines that had to change to the other side of the trunk, ``crowded`` the frames with foreign
    lines.
    """
    tree, lines = scene.tree, scene.lines
    loose: set[int] = set()
    for v, entering in enumerate(tree.entering):
        if len(entering) > 1 and not plan.boxes[v].box.commutes:
            ends = [heights[lines.of_wire[j]] for j in entering]
            if any(a >= b for a, b in pairwise(ends)):
                loose.update(entering)
    for j, (source, target) in enumerate(zip(tree.sources, tree.targets, strict=True)):
        start, end = lines.of_box[source], lines.of_box[target]
        if tree.held[source] == j and (
            (start in moved and end not in moved)
            or (start == end and any((k in tree.frames[source]) != (k in tree.frames[target]) for k in crowded))
        ):
            loose.add(j)
    return frozenset(loose - tree.detached)


def _settled(order: list[int], core: frozenset[int], scene: _Scene) -> tuple[list[int], frozenset[int]]:
    """Return an order, outwards, without foreign lines in frames, and the frames for which there is none."""
    changed: list[int] = []
    place = {i: number for number, i in enumerate(order)}
    for number in range(_ROUNDS):
        changed = []
        # If moving foreign lines outwards does not end, frames are moved instead.
        pulled = number % 4 > 1
        for k, frame in scene.frames.items():
            better = gathered(order, place, frame, scene.lines.lines, core=k in core, pulled=pulled)
            if better != order:
                order = better
                place = {i: number for number, i in enumerate(order)}
                changed.append(k)
        if not changed:
            break
    return order, frozenset(changed)


def _across(stay: list[int], leave: list[int], lines: Sequence[int]) -> tuple[list[int], list[int]]:
    """Move lines to the other side of the trunk, nearest to it, in the same order on the page."""
    moving = set(lines)
    return [*reversed(lines), *stay], [i for i in leave if i not in moving]


def _cost(scene: _Scene, found: Heights) -> tuple[float, int]:
    """Return the cost of an order (crossings, climbs of wires, total height), and the number of crossings."""
    tree, heights, of_box, of_wire = scene.tree, found.heights, found.lines.of_box, found.lines.of_wire
    crossings, climb = 0, 0.0
    for j, (source, target) in enumerate(zip(tree.sources, tree.targets, strict=True)):
        start, middle, end = heights[of_box[source]], heights[of_wire[j]], heights[of_box[target]]
        after = max(tree.box_layer[source], found.lines.lines[of_wire[j]].start - 1)
        for a, b, layer in ((start, middle, after), (middle, end, tree.box_layer[target] - 1)):
            if a != b:
                low, high = min(a, b), max(a, b)
                climb += high - low
                crossings += sum([low < heights[i] < high for i in scene.passing[layer]])
    return _CROSSING * crossings + climb + found.total, crossings
