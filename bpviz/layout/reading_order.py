"""Whether a figure reads true: at what does not commute, the first operand stands above the second (or left of it).

A reader takes the operands of a circle in the order in which their arrows arrive. An engine that does not keep this
order is checked here, and labels are exchanged where that mends it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise
from math import hypot

from bpviz.layout.arrangement import Arrangement
from bpviz.layout.placement.places import Places
from bpviz.layout.placement.plan import BoxPlan, Plan
from bpviz.picture.curves import Curve, sampled
from bpviz.picture.elements import Point

__all__ = ["exchanged", "misread"]

_NEAR = 0.5


def misread(plan: Plan, found: Arrangement) -> list[int]:
    """Return the boxes, by number, at which operands that may not change places arrive in another order."""
    wrong = []
    across = 1 if plan.level else 0
    for v, wires in _ordered_operands(plan):
        box, middle = plan.boxes[v], found.boxes[v]
        arrivals = [_arrival(found.courses[j], box, middle)[across] for j in wires]
        if any(first > second - _NEAR for first, second in pairwise(arrivals)):
            wrong.append(v)
    return wrong


def exchanged(plan: Plan, places: Places, wrong: Iterable[int]) -> Places:
    """Return places in which the labels before each of these boxes stand in the order of its operands.

    Only labels of one size in one rank and one frame change places, so that nothing else has to move.
    """
    entering = dict(_ordered_operands(plan))
    labels = list(places.labels)
    for v in wrong:
        wires = entering[v]
        alike = {
            (labels[j][0], wire.width, wire.height, wire.lift, wire.frame)
            for j, wire in ((j, plan.wires[j]) for j in wires)
        }
        if len(alike) == 1:
            for j, place in zip(wires, sorted((labels[j] for j in wires), key=lambda place: place[1]), strict=True):
                labels[j] = place
    return places._replace(labels=labels)


def _ordered_operands(plan: Plan) -> list[tuple[int, list[int]]]:
    """Return the boxes whose operands may not change places, with the wires that arrive there in their order."""
    place = {box.box.id: v for v, box in enumerate(plan.boxes)}
    entering: dict[int, list[int]] = defaultdict(list)
    for j in sorted(range(len(plan.wires)), key=lambda j: plan.wires[j].wire.slot):
        entering[place[plan.wires[j].wire.target]].append(j)
    return [(v, wires) for v, wires in entering.items() if len(wires) > 1 and not plan.boxes[v].box.commutes]


def _arrival(course: Curve, box: BoxPlan, middle: Point) -> Point:
    """Return where a course comes to the edge of the box in which it ends."""
    if not box.round:
        return course[-1]
    inner = course[-1]
    for outer in reversed(sampled(course[-7:] if len(course) > 4 else course)):
        depth, inside = _outside(outer, box, middle), _outside(inner, box, middle)
        if depth >= 0:
            share = depth / (depth - inside) if depth > inside else 0.0
            return outer[0] + (inner[0] - outer[0]) * share, outer[1] + (inner[1] - outer[1]) * share
        inner = outer
    return course[0]


def _outside(point: Point, box: BoxPlan, middle: Point) -> float:
    return hypot(point[0] - middle[0], point[1] - middle[1]) - box.width / 2
