"""Inputs that are written again where they are used: their uses lie apart, or are many.

The name and the value stand at each use, with the gradient of this use alone; a note has the sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bpviz.figure import Box, Figure, Wire
from bpviz.layout.rows.web import GIVEN, OPERATIONS, Web

__all__ = ["Copies", "written_again"]

_SMALL = 6
"""The most operations of a figure in which no input is written again by itself."""
_APART = 3
"""The most ranks from uses that stand together to where what they make meets."""
_MANY = 3
"""The most uses that a branch dot has for an input."""


class Copies:
    """The boxes and wires of inputs that are written again, by the ids of those that they replace.

    ``boxes`` has the new boxes for an input, and for its branch dot; ``wires`` those for each of its wires. ``origins``
    leads from the id of each new box or wire to that of the old one.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self.boxes: dict[str, list[Box]] = {}
        self.wires: dict[str, list[Wire]] = {}
        self.origins: dict[str, str] = {}

    def write(self, web: Web, id: str, groups: Sequence[list[Wire]]) -> None:
        """Write a given value again for each group of its uses. Without a sum for a group, write it at each use."""
        stem = web.leaving[id][0]
        self.boxes[id], self.boxes[stem.target], self.wires[stem.id] = [], [], []
        split = [
            part for group in groups for part in ([group] if web.carrier(stem, group) else [[use] for use in group])
        ]
        for number, group in enumerate(split):
            carrier = web.carrier(stem, group)
            assert carrier is not None
            copy = self._copy(web, id, number, carrier)
            frame = copy.frame and web.common_frame(use.target for use in group)
            self.boxes[id].append(replace(copy, frame=frame))
            if len(group) == 1:
                self.wires[group[0].id] = [replace(carrier, source=copy.id)]
                continue
            dot = self._copy(web, stem.target, number, carrier)
            self.boxes[stem.target].append(dot)
            before = replace(carrier, id=f"{stem.id}.{number}", source=copy.id, target=dot.id)
            self.origins[before.id] = stem.id
            self.wires[stem.id].append(before)
            for use in group:
                self.wires[use.id] = [replace(use, source=dot.id)]

    def _copy(self, web: Web, id: str, number: int, carrier: Wire) -> Box:
        """Return a copy of a box, in the background if its wire is."""
        box = web.boxes[id]
        copy = replace(box, id=web.free(f"{id}.{number}"), tone="pale" if carrier.tone == "pale" else box.tone)
        self.origins[copy.id] = id
        return copy

    def notes(self, figure: Figure) -> tuple[str, ...]:
        """Return the sums of the gradients of what is written again."""
        return tuple(text for dot, text in figure.sums if dot in self.boxes)

    def put_into(self, figure: Figure) -> Figure:
        """Return the figure with its inputs written again, and the notes with their sums."""
        boxes = (new for box in figure.boxes for new in self.boxes.get(box.id, [box]))
        wires = (new for wire in figure.wires for new in self.wires.get(wire.id, [wire]))
        notes = (*figure.notes, *self.notes(figure))
        return replace(figure, boxes=tuple(boxes), wires=tuple(wires), notes=notes)


def written_again(web: Web, ranks: dict[str, int]) -> Copies:
    """Return the copies of inputs and constants whose uses lie apart, as the figure's ``repeat`` says.

    >>> from bpviz.layout.rows.web import ranks_of, web_of
    >>> boxes = Box("x", "input", "x"), Box("b", "branch"), Box("f", "operation", "f"), Box("g", "operation", "g")
    >>> wires = Wire("w0", "x", "b"), Wire("w1", "b", "f"), Wire("w2", "f", "g"), Wire("w3", "b", "g", 1)
    >>> web = web_of(Figure(boxes, wires, repeat="always"))
    >>> copies = written_again(web, ranks_of(web))
    >>> [(wire.source, wire.target) for wire in copies.put_into(web.figure).wires]
    [('x.0', 'f'), ('f', 'g'), ('x.1', 'g')]
    """
    copies, repeat = Copies(), web.figure.repeat
    operations = sum(box.kind in OPERATIONS for box in web.figure.boxes)
    if repeat == "never" or (repeat == "auto" and operations <= _SMALL):
        return copies
    for box in web.figure.boxes:
        if box.kind not in GIVEN or not web.leaving[box.id]:
            continue
        uses = web.uses(web.leaving[box.id][0])
        groups = [[use] for use in uses] if repeat == "always" else _together(web, uses, ranks)
        if len(groups) > 1:
            copies.write(web, box.id, groups)
    return copies


def _together(web: Web, uses: Sequence[Wire], ranks: dict[str, int]) -> list[list[Wire]]:
    """Return the uses in groups that stand together: those that meet soon; of many uses, only those at one box.

    Those by blocks that are not shown stand by themselves: their share is a sum already.
    """
    groups: list[list[Wire]] = []
    # The first group of each box that the uses lead to soon.
    group_of: dict[str, int] = {}
    for use in sorted(uses, key=lambda use: ranks[use.target]):
        is_alone = len(uses) > _MANY or web.boxes[use.target].is_gap
        last = ranks[use.target] + (0 if is_alone else _APART)
        reach = _reached(web, use.target, ranks, last)
        number = min((group_of[id] for id in reach if id in group_of), default=len(groups))
        if number == len(groups):
            groups.append([])
        groups[number].append(use)
        group_of |= dict.fromkeys(reach, number)
    return groups


def _reached(web: Web, id: str, ranks: dict[str, int], last: int) -> set[str]:
    """Return a box, and what it leads to up to a rank."""
    found, new = {id}, [id]
    while new:
        ahead = {wire.target for one in new for wire in web.leaving[one]} - found
        new = [one for one in ahead if ranks[one] <= last]
        found.update(new)
    return found
