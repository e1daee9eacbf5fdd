"""Placement, trunk first: the places of boxes, labels and frames.

The longest path of the data is one straight line; others join it from above and below, in the order of the operands.
See `bpviz.layout.placement.tree`, `lines`, `contours` and `search` for the steps.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

from bpviz import deadline
from bpviz.layout.placement.places import Edges, Places
from bpviz.layout.placement.plan import FRAME_MARGIN, RANK_SEPARATION, Plan
from bpviz.layout.placement.search import Heights, found
from bpviz.layout.placement.tree import Tree
from bpviz.picture.elements import Point

__all__ = ["trunk_first"]


def trunk_first(plan: Plan) -> Places:
    """Return the places of everything in a plan. The time is nearly proportional to its size.

    >>> from bpviz.figure import Arrow, Box, Figure, Label, Plain, Wire
    >>> from bpviz.layout.placement.plan import planned
    >>> from bpviz.picture.theme import theme
    >>> boxes = Box("x", "input", "x"), Box("y", "input", "y"), Box("z", "operation", "−")
    >>> wires = Wire("a", "x", "z", 0), Wire("b", "y", "z", 1)
    >>> (_, first), (_, second), (_, third) = trunk_first(planned(Figure(boxes, wires), theme("light"))).boxes
    >>> first == third < second
    True
    """
    if not plan.boxes:
        return Places([], [], {})
    return _on_the_page(plan, found(plan))


def _on_the_page(plan: Plan, heights: Heights) -> Places:
    """Return the places for known heights of all lines; each layer is as wide as its widest member."""
    tree = heights.tree
    layers = max((*tree.box_layer, *tree.label_layer)) + 1
    widths = [0.0] * layers
    for layer, length in (
        *zip(tree.box_layer, tree.lengths, strict=True),
        *zip(tree.label_layer, tree.label_lengths, strict=True),
    ):
        widths[layer] = max(widths[layer], length)
    before, after = _margins(plan, tree)
    middles, u = [0.0] * layers, 0.0
    for layer, width in enumerate(widths):
        u += (RANK_SEPARATION if width else 0.0) + max(before[layer].values(), default=0.0)
        middles[layer] = round(u + width / 2)
        u += width + max(after[layer].values(), default=0.0)
    lines = heights.lines
    boxes: list[Point] = [
        (middles[tree.box_layer[v]], heights.heights[lines.of_box[v]]) for v in range(len(plan.boxes))
    ]
    labels: list[Point] = [
        (middles[tree.label_layer[j]], heights.heights[lines.of_wire[j]] - wire.lift)
        for j, wire in enumerate(plan.wires)
    ]
    frames: dict[int, Edges] = {}
    for k, (low, high) in sorted(heights.sides.items()):
        first, last = tree.spans[k]
        start = middles[first] - widths[first] / 2 - before[first][k]
        end = middles[last] + widths[last] / 2 + after[last][k]
        frames[k] = start, low, end, high
    return Places(boxes, labels, frames)


def _margins(plan: Plan, tree: Tree) -> tuple[dict[int, dict[int, float]], dict[int, dict[int, float]]]:
    """Return by layer the distances at which frames start before it and end after it, with the frames inside."""
    before: dict[int, dict[int, float]] = defaultdict(dict)
    after: dict[int, dict[int, float]] = defaultdict(dict)
    depths = {k: depth for around in tree.frames for depth, k in enumerate(around)}
    within: dict[int, dict[int, None]] = defaultdict(dict)
    for around in tree.frames:
        for outer, other in pairwise(around):
            within[outer][other] = None
    for k in sorted(depths, key=lambda k: -depths[k]):
        deadline.check("placing the boxes")
        inner = within[k]
        first, last = tree.spans[k]
        # If the flow runs down, a title is before the first layer.
        title = 0.0 if plan.level else plan.titles[k].height + FRAME_MARGIN
        before[first][k] = FRAME_MARGIN + title + max([before[first].get(other, 0.0) for other in inner], default=0.0)
        after[last][k] = FRAME_MARGIN + max([after[last].get(other, 0.0) for other in inner], default=0.0)
    return before, after
