"""The order of operands: at an operation that does not commute, the first is above the second (or left of it).

A reader reads operands in the order in which their arrows arrive. Not every engine keeps it, so it is checked here, and
labels are exchanged if that corrects it.
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
    """Return the boxes, by number, that do not commute and whose operands arrive in another order."""
    wrong = []
    across = 1 if plan.level else 0
    for v, wires in _ordered_operands(plan):
        box, middle = plan.boxes[v], found.boxes[v]
        arrivals = [_arrival(found.courses[j], box, middle)[across] for j in wires]
        if any(first > second - _NEAR for first, second in pairwise(arrivals)):
            wrong.append(v)
    return wrong


def exchanged(plan: Plan, places: Places, wrong: Iterable[int]) -> Places:
    """Return places in which the labels before each of these boxes are in the order of its operands.

    Only labels of the same size, rank and frame change places, so that nothing else moves.
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
    """Return the boxes that do not commute, each with its entering wires in order."""
    place = {box.box.id: v for v, box in enumerate(plan.boxes)}
    entering: dict[int, list[int]] = defaultdict(list)
    for j in sorted(range(len(plan.wires)), key=lambda j: plan.wires[j].wire.slot):
        entering[place[plan.wires[j].wire.target]].append(j)
    return [(v, wires) for v, wires in entering.items() if len(wires) > 1 and not plan.boxes[v].box.commutes]


def _arrival(course: Curve, box: BoxPlan, middle: Point) -> Point:
    """Return the point where a course meets the edge of the box at its end."""
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
