"""The straight lines of a placement, and their order from top to bottom.

Boxes that hold one another form chains, and a chain is on one straight line; the longest is the trunk. A wire from a
box that is held by another consumer has a separate line. A walk of the tree gives the order of all lines: earlier
operands are above the line that they join, later ones below, and longer lines outside. So the order of operands is
always right.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from bpviz import deadline
from bpviz.layout.placement.tree import NONE, Tree

__all__ = ["Line", "Lines", "drawn", "in_order"]

_STRAND = 6.0
"""The free space on both sides of a wire without a label."""


class Line(NamedTuple):
    """A straight line, from layer ``start`` to before ``stop``, and its reach to both sides in each layer."""

    start: int
    stop: int
    before: tuple[float, ...]
    after: tuple[float, ...]
    boxes: tuple[int, ...]
    wires: tuple[int, ...]


class Lines(NamedTuple):
    """All lines of a tree, and the line of each box and of (the end of) each wire, by number.

    ``base`` is for each box the wire that arrives on its line, or `NONE`. ``levels`` is the number of joining lines
    between the line of a box and one that joins it there, if all are on one side. ``roots`` are the boxes without
    consumers, that of the trunk first; ``hanging`` has for a line the roots beside it.
    """

    lines: list[Line]
    of_box: list[int]
    of_wire: list[int]
    base: list[int]
    levels: list[int]
    roots: list[int]
    hanging: dict[int, list[int]]


def drawn(tree: Tree) -> Lines:
    """Return the lines of a tree."""
    base = _bases(tree)
    boxes: list[list[int]] = []
    wires: list[list[int]] = []
    of_box, of_wire = [NONE] * len(tree.order), [NONE] * len(tree.sources)

    def begin() -> int:
        boxes.append([])
        wires.append([])
        return len(boxes) - 1

    for v in reversed(tree.order):
        j = tree.held[v]
        apart = j == NONE or j in tree.detached
        line = of_box[tree.targets[j]] if not apart and base[tree.targets[j]] == j else begin()
        of_box[v] = line
        boxes[line].append(v)
        if not apart:
            wires[line].append(j)
            of_wire[j] = line
        first = base[v]
        if first != NONE and tree.held[tree.sources[first]] != first:
            wires[line].append(first)
            of_wire[first] = line
    for j, line in enumerate(of_wire):
        if line == NONE:
            of_wire[j] = begin()
            wires[of_wire[j]].append(j)
    found = [_line(tree, boxes[i], wires[i]) for i in range(len(boxes))]
    roots = sorted((v for v, j in enumerate(tree.held) if j == NONE), key=lambda v: (-tree.depth[v], v))
    levels = _levels(tree, base, [line.boxes for line in found])
    return Lines(found, of_box, of_wire, base, levels, roots, _hanging(tree, roots, of_box))


def _bases(tree: Tree) -> list[int]:
    """Return for each box the wire that continues straight through it: of those that it holds, the deepest.

    Of three equally deep or more it is the middle one, of names the first.
    """
    base = [NONE] * len(tree.order)
    for v, entering in enumerate(tree.entering):
        straight = [j for j in entering if not tree.split[j] and j not in tree.detached]
        mine = [j for j in straight if tree.held[tree.sources[j]] == j] or straight[:1]
        if mine:
            depth = max(tree.depth[tree.sources[j]] for j in mine)
            deepest = [j for j in mine if tree.depth[tree.sources[j]] == depth]
            base[v] = deepest[(len(deepest) - 1) // 2 if depth else 0]
    return base


def _line(tree: Tree, boxes: Sequence[int], wires: Sequence[int]) -> Line:
    """Return a line with its reach in every layer.

    The start of a detached wire belongs to the line of the box that it leaves.
    """
    deadline.check("placing the boxes")
    reach: dict[int, tuple[float, float]] = {}
    strand = (_STRAND, _STRAND)
    for j in wires:
        start = tree.label_layer[j] if j in tree.detached else tree.box_layer[tree.sources[j]] + 1
        for layer in range(start, tree.box_layer[tree.targets[j]]):
            reach[layer] = strand
        reach[tree.label_layer[j]] = tree.reaches[j]
    for v in boxes:
        reach[tree.box_layer[v]] = (tree.halves[v], tree.halves[v])
        j = tree.held[v]
        if j in tree.detached:
            for layer in range(tree.box_layer[v] + 1, tree.label_layer[j]):
                reach[layer] = strand
    start, stop = min(reach), max(reach) + 1
    sides = [reach[layer] for layer in range(start, stop)]
    along = sorted(boxes, key=lambda v: (tree.box_layer[v], v))
    return Line(start, stop, tuple([a for a, _ in sides]), tuple([b for _, b in sides]), tuple(along), tuple(wires))


def _levels(tree: Tree, base: Sequence[int], chains: Sequence[Sequence[int]]) -> list[int]:
    """Return for each box the level of the line that joins it: outside of all lines that it spans, else the nearest."""
    first = list(tree.box_layer)
    joining = [tree.box_layer[v] for v in range(len(first))]
    for v in tree.order:
        for j in tree.entering[v]:
            source = tree.sources[j]
            start = first[source] if tree.held[source] == j else tree.box_layer[source]
            first[v] = min(first[v], start)
            if j != base[v]:
                joining[v] = min(joining[v], start)
    levels = [0] * len(first)
    for boxes in chains:
        taken: list[list[tuple[int, int]]] = []
        spans = [(tree.box_layer[v] - joining[v], joining[v], v) for v in boxes if joining[v] < tree.box_layer[v]]
        for _, start, v in sorted(spans):
            stop = tree.box_layer[v]
            level = 0
            for number, stretches in enumerate(taken, 1):
                place = bisect_left(stretches, (start, 0))
                if place < len(stretches) and stretches[place][1] <= stop:
                    level = number
            while level < len(taken) and _meets(taken[level], start, stop):
                level += 1
            if level == len(taken):
                taken.append([])
            taken[level].insert(bisect_left(taken[level], (start, stop)), (start, stop))
            levels[v] = level
    return levels


def _meets(stretches: Sequence[tuple[int, int]], start: int, stop: int) -> bool:
    """Return whether a stretch overlaps one of the ``stretches``, which are sorted and separate."""
    place = bisect_left(stretches, (start, 0))
    before = place > 0 and stretches[place - 1][1] > start
    return before or (place < len(stretches) and stretches[place][0] < stop)


def _hanging(tree: Tree, roots: Sequence[int], of_box: Sequence[int]) -> dict[int, list[int]]:
    """Return the roots, except the first, each with a line beside it that leads to it."""
    home: dict[int, int] = {}
    for v in reversed(tree.order):
        j = tree.held[v]
        home[v] = v if j == NONE else home[tree.targets[j]]
    nearest: dict[int, dict[int, int]] = {root: {} for root in roots}
    for v in tree.order:
        for j in tree.entering[v]:
            other = home[tree.sources[j]]
            if other != home[v]:
                nearest[home[v]].setdefault(other, of_box[tree.sources[j]])
    hanging: dict[int, list[int]] = {}
    done: set[int] = set()
    for root in roots:
        lines = [line for other, line in nearest[root].items() if other in done]
        if lines:
            hanging.setdefault(lines[0], []).append(root)
        done.add(root)
    return hanging


def in_order(tree: Tree, lines: Lines, above: Mapping[int, bool]) -> list[int]:
    """Return all lines from top to bottom.

    ``above`` holds for each wire into a commuting box whether it joins from above.
    """
    result: list[int] = []
    hung = {root for roots in lines.hanging.values() for root in roots}
    # Still to be written, the topmost last: lines alone, or lines with all lines that join them.
    rest = [(lines.of_box[root], True) for root in reversed(lines.roots) if root not in hung]
    while rest:
        line, whole = rest.pop()
        if whole:
            rest += reversed(_joined(tree, lines, line, above))
        else:
            result.append(line)
    return result


def _joined(tree: Tree, lines: Lines, line: int, above: Mapping[int, bool]) -> list[tuple[int, bool]]:
    """Return a line with the lines that join it, from top to bottom."""
    upper: list[list[tuple[int, bool]]] = []
    lower: list[list[tuple[int, bool]]] = []
    for v in sorted(lines.lines[line].boxes, key=lines.levels.__getitem__):
        base, entering = lines.base[v], tree.entering[v]
        middle = entering.index(base) if base != NONE else len(entering) / 2
        ups: list[tuple[int, bool]] = []
        downs: list[tuple[int, bool]] = []
        for slot, j in enumerate(entering):
            if j == base:
                continue
            end, start = lines.of_wire[j], lines.of_box[tree.sources[j]]
            joining = [(end, False)]
            if tree.held[tree.sources[j]] == j:
                joining = [(end, True)] if start == end else [(start, True), (end, False)]
            if above.get(j, slot < middle):
                ups += joining
            else:
                downs += reversed(joining)
        upper.append(ups)
        lower.append(downs)
    lower.append([(lines.of_box[root], True) for root in lines.hanging.get(line, ())])
    return [*chain.from_iterable(reversed(upper)), (line, False), *chain.from_iterable(lower)]
