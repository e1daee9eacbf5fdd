"""A figure as a tree: ranks, layers, and for every box the one wire that holds it.

A figure is an expression tree with a few shared values. Every box is *held* by one of its consumers: the one with the
longest path to an output. Boxes and wires are numbered as in the plan. Lengths are points, in the coordinates of the
flow: along it and across it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from bpviz.layout.placement.plan import BoxPlan, Plan

__all__ = ["LAYERS", "NONE", "Tree", "grown", "outer"]

LAYERS = 3
"""The layers of one rank: its boxes, names just after the end of a frame, labels before the next rank."""

NONE = -1
"""The number for no wire."""

_SWING = 12.0
"""The space that a wire needs beside a name to bend into a circle from that side."""

_PUT_IN = ("input", "constant", "continued")


class Tree(NamedTuple):
    """The structure of a plan.

    ``entering`` and ``leaving`` are the wires of each box in the order of the operands. ``order`` has the boxes so that
    wires lead from earlier to later ones. ``depth`` is the longest path from an input. ``held`` is the wire that holds
    a box (`NONE` without a consumer). ``box_layer`` and ``label_layer`` are the places along the flow. ``frames`` are
    the numbers of the frames around a box, from the outermost; ``spans`` the first and last layer of each frame.
    ``lengths`` and ``halves`` are the sizes of boxes along and (half of it) across the flow; ``label_lengths`` and
    ``reaches`` those of labels, the latter to both sides of the wire. A ``split`` wire has one end in a frame and the
    other beside it: one line cannot go through both. The end of a ``detached`` wire, with its label, has a separate
    line, whatever holds its start.
    """

    sources: list[int]
    targets: list[int]
    entering: list[list[int]]
    leaving: list[list[int]]
    order: list[int]
    depth: list[int]
    held: list[int]
    box_layer: list[int]
    label_layer: list[int]
    frames: list[tuple[int, ...]]
    label_frames: list[tuple[int, ...]]
    spans: dict[int, tuple[int, int]]
    lengths: list[float]
    halves: list[float]
    label_lengths: list[float]
    reaches: list[tuple[float, float]]
    split: list[bool]
    detached: frozenset[int]


def grown(plan: Plan, detached: frozenset[int] = frozenset()) -> Tree:
    """Return the tree of a plan. A ``detached`` wire has its label just before its end, on a separate line."""
    place = {box.box.id: i for i, box in enumerate(plan.boxes)}
    sources = [place[wire.wire.source] for wire in plan.wires]
    targets = [place[wire.wire.target] for wire in plan.wires]
    entering: list[list[int]] = [[] for _ in plan.boxes]
    leaving: list[list[int]] = [[] for _ in plan.boxes]
    for j in sorted(range(len(plan.wires)), key=lambda j: plan.wires[j].wire.slot):
        entering[targets[j]].append(j)
        leaving[sources[j]].append(j)
    order = _ordered(entering, leaving, targets)
    depth, steps, ahead = [0] * len(order), [0] * len(order), [0] * len(order)
    for v in order:
        own = plan.boxes[v].box.kind != "branch"
        # What goes on from an earlier row has come a long way.
        before = len(order) if plan.boxes[v].box.kind == "continued" else 0
        depth[v] = max((depth[sources[j]] + own for j in entering[v]), default=before)
        steps[v] = max((steps[sources[j]] + 1 for j in entering[v]), default=0)
    for v in reversed(order):
        ahead[v] = max((ahead[targets[j]] + 1 for j in leaving[v]), default=0)
    rank = _ranks(order, leaving, targets, steps)
    held = [_holding([(ahead[targets[j]], -rank[targets[j]]) for j in wires], wires) for wires in leaving]
    frames = [plan.chains.get(box.box.frame or "", ()) for box in plan.boxes]
    box_layer = _box_layers(plan, rank, frames, entering)
    spans: dict[int, tuple[int, int]] = {}
    for layer, around in zip(box_layer, frames, strict=True):
        for k in around:
            start, end = spans.get(k, (layer, layer))
            spans[k] = min(start, layer), max(end, layer)
    split = [
        _beside(box_layer[s], frames[s], frames[t], spans) or _beside(box_layer[t], frames[t], frames[s], spans)
        for s, t in zip(sources, targets, strict=True)
    ]
    level = plan.level
    label_lengths = [wire.width if level else wire.height for wire in plan.wires]
    label_layer = _label_layers(plan, rank, sources, targets, label_lengths, detached)
    label_frames = [plan.chains.get(wire.frame or "", ()) for wire in plan.wires]
    across = [(wire.height if level else wire.width) / 2 for wire in plan.wires]
    return Tree(
        sources,
        targets,
        entering,
        leaving,
        order,
        depth,
        held,
        box_layer,
        label_layer,
        frames,
        label_frames,
        spans,
        [_along(box, level) for box in plan.boxes],
        [(box.height if level else box.width) / 2 for box in plan.boxes],
        label_lengths,
        [(half + wire.lift, half - wire.lift) for half, wire in zip(across, plan.wires, strict=True)],
        split,
        detached,
    )


def _holding(paths: Sequence[tuple[int, int]], wires: Sequence[int]) -> int:
    """Return the wire with the longest path, of three equal ones or more the middle one."""
    longest = [j for j, path in zip(wires, paths, strict=True) if path == max(paths)]
    return longest[(len(longest) - 1) // 2] if longest else NONE


def outer(tree: Tree) -> dict[int, int]:
    """Return for every frame the number of frames around it, itself included; the outer ones first.

    Empty frames are left out.
    """
    depths = {k: place for around in (*tree.frames, *tree.label_frames) for place, k in enumerate(around, 1)}
    return dict(sorted(depths.items(), key=lambda entry: (entry[1], entry[0])))


def _along(box: BoxPlan, level: bool) -> float:
    return (box.width if level else box.height) + 2 * box.room


def _ordered(entering: Sequence[Sequence[int]], leaving: Sequence[Sequence[int]], targets: Sequence[int]) -> list[int]:
    missing = [len(wires) for wires in entering]
    order = [v for v, count in enumerate(missing) if not count]
    for v in order:
        for j in leaving[v]:
            missing[targets[j]] -= 1
            if not missing[targets[j]]:
                order.append(targets[j])
    return order


def _ranks(
    order: Sequence[int], leaving: Sequence[Sequence[int]], targets: Sequence[int], steps: Sequence[int]
) -> list[int]:
    """Return the ranks: each box just before its first consumer, or without one just after its operands."""
    rank = list(steps)
    for v in reversed(order):
        if leaving[v]:
            rank[v] = min(rank[targets[j]] - 1 for j in leaving[v])
    low = min(rank, default=0)
    return [r - low for r in rank]


def _box_layers(
    plan: Plan, rank: Sequence[int], frames: Sequence[tuple[int, ...]], entering: Sequence[Sequence[int]]
) -> list[int]:
    """Return the layer of each box.

    A name is just after the other boxes of its rank if it would be beside the end of a frame, or so wide that no wire
    could reach a circle from that side.
    """
    ends: dict[int, int] = {}
    for v, around in enumerate(frames):
        for k in around:
            ends[k] = max(ends.get(k, 0), rank[v])
    ending: dict[int, set[int]] = defaultdict(set)
    for k, end in ends.items():
        ending[end].add(k)
    narrowest: dict[int, float] = {}
    for v, box in enumerate(plan.boxes):
        if len(entering[v]) > 1 and box.round:
            narrowest[rank[v]] = min(narrowest.get(rank[v], box.width), box.width)
    layers = []
    for v, box in enumerate(plan.boxes):
        name = box.bare and not entering[v]
        wide = plan.level and box.width + _SWING > narrowest.get(rank[v], _SWING + box.width)
        after = name and (wide or not ending[rank[v]] <= set(frames[v]))
        layers.append(LAYERS * rank[v] + after)
    return layers


def _beside(layer: int, own: tuple[int, ...], others: tuple[int, ...], spans: dict[int, tuple[int, int]]) -> bool:
    """Return whether a thing in ``layer``, in its ``own`` frames, is beside one of the ``others``."""
    return any(k not in own and spans[k][0] <= layer <= spans[k][1] for k in others)


def _label_layers(
    plan: Plan,
    rank: Sequence[int],
    sources: Sequence[int],
    targets: Sequence[int],
    lengths: Sequence[float],
    detached: frozenset[int],
) -> list[int]:
    """Return the layer of each label: one that it does not make wider, as late as possible.

    The label of an input is beside its name; that of a detached wire just before its end.
    """
    widest: dict[int, float] = defaultdict(float)
    layers = [0] * len(sources)
    for j in sorted(range(len(sources)), key=lambda j: rank[targets[j]] - rank[sources[j]]):
        first, last = LAYERS * rank[sources[j]] + LAYERS - 1, LAYERS * rank[targets[j]] - 1
        if j in detached:
            layer = last
        elif plan.boxes[sources[j]].box.kind in _PUT_IN:
            layer = first
        else:
            layer = min(range(last, first - 1, -LAYERS), key=lambda here: max(0.0, lengths[j] - widest[here]))
        layers[j] = layer
        widest[layer] = max(widest[layer], lengths[j])
    return layers
