"""A figure as a web: its boxes by id with their wires, the uses of every value, and the ranks of the boxes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from bpviz.figure import Box, Figure, Wire
from bpviz.frozen import replace
from bpviz.layout.placement.plan import ordered

__all__ = ["GIVEN", "OPERATIONS", "Web", "can_be_divided", "count_of", "frames_around", "ranks_of", "web_of"]

GIVEN = ("input", "constant")
OPERATIONS = ("operation", "group")


class Web(NamedTuple):
    """A figure with its boxes by id and their wires; ``order`` has the ids so that wires lead to later ones.

    ``dots`` are the branch dots whose value is given, each with its source; ``parents`` the frames around frames.
    """

    figure: Figure
    boxes: dict[str, Box]
    entering: dict[str, list[Wire]]
    leaving: dict[str, list[Wire]]
    order: list[str]
    dots: dict[str, str]
    parents: dict[str, str | None]

    def is_given(self, id: str) -> bool:
        """Return whether a box is an input, a constant, or the branch dot of one."""
        return self.boxes[id].kind in GIVEN or id in self.dots

    def uses(self, wire: Wire) -> list[Wire]:
        """Return the wires to the uses of a value: those after its branch dot, or its only ``wire``."""
        return self.leaving[wire.target] if self.boxes[wire.target].kind == "branch" else [wire]

    def free(self, id: str) -> str:
        """Return an id that no box of the figure has."""
        while id in self.boxes:
            id += "′"
        return id

    def carrier(self, stem: Wire, uses: Sequence[Wire]) -> Wire | None:
        """Return the wire that carries a value to some of its uses, with the sum of their gradients.

        ``stem`` is the wire that carries it to all. ``None`` means that the sum is not known.
        """
        every = self.uses(stem)
        if len(uses) == 1:
            return self._alone(stem, uses[0])
        if len(uses) == len(every) or not any(use.backward for use in every):
            return stem
        # It may be empty as long as nothing has been read.
        gathered = self.figure.gathered
        found = None if gathered is None else gathered.get(frozenset(use.id for use in uses))
        return None if found is None else replace(found, id=stem.id)

    def _alone(self, stem: Wire, use: Wire) -> Wire:
        """Return the wire to a use as it is without the branch dot: also with what is written once, before the dot.

        In a backward pass, another form of the value may arrive.
        """
        again = use.forward and (self.boxes[use.target].belongs == "forward" or not use.forward.label)
        return replace(use, forward=stem.forward if again else use.forward, description=use.direct or use.description)

    def common_frame(self, ids: Iterable[str]) -> str | None:
        """Return the innermost frame around all boxes of these ids."""
        chains = [list(frames_around(self.boxes[id].frame, self.parents)) for id in ids]
        return next((frame for frame in chains[0] if all(frame in chain for chain in chains)), None)


def web_of(figure: Figure) -> Web:
    """Return the web of a figure."""
    boxes = {box.id: box for box in figure.boxes}
    entering: dict[str, list[Wire]] = {id: [] for id in boxes}
    leaving: dict[str, list[Wire]] = {id: [] for id in boxes}
    for wire in figure.wires:
        entering[wire.target].append(wire)
        leaving[wire.source].append(wire)
    dots = {
        id: wire.source
        for id, box in boxes.items()
        if box.kind == "branch"
        for wire in entering[id]
        if boxes[wire.source].kind in GIVEN
    }
    parents = {frame.id: frame.parent for frame in figure.frames}
    return Web(figure, boxes, entering, leaving, ordered(figure), dots, parents)


def can_be_divided(figure: Figure) -> bool:
    """Return whether a figure is one that rows are made for: from inputs to outputs, with one wire to each dot."""
    kinds = {box.id: box.kind for box in figure.boxes}
    if any(kinds[wire.target] in GIVEN or kinds[wire.source] == "output" for wire in figure.wires):
        return False
    stems = Counter(wire.target for wire in figure.wires if kinds[wire.target] == "branch")
    return all(stems[id] == 1 for id, kind in kinds.items() if kind == "branch")


def ranks_of(web: Web) -> dict[str, int]:
    """Return the rank of every box that is not given: the longest path to it.

    A chain that begins with inputs and has a single end stands as late as possible, just before that end.
    """
    ranks: dict[str, int] = {}
    for id in web.order:
        if not web.is_given(id):
            sources = (wire.source for wire in web.entering[id])
            ranks[id] = max((ranks[source] + 1 for source in sources if source in ranks), default=0)
    free: set[str] = set()
    for id in web.order:
        feeding = [wire.source for wire in web.entering[id] if not web.is_given(wire.source)]
        if web.boxes[id].kind in OPERATIONS and len(web.leaving[id]) == 1 and all(one in free for one in feeding):
            free.add(id)
    for id in reversed(web.order):
        if id in free:
            ranks[id] = max(ranks[id], ranks[web.leaving[id][0].target] - 1)
    return ranks


def count_of(web: Web, ranks: dict[str, int]) -> int:
    """Return the number of ranks with operations, at least 1."""
    return max((rank for id, rank in ranks.items() if web.boxes[id].kind in OPERATIONS), default=0) + 1


def frames_around(frame: str | None, parents: Mapping[str, str | None]) -> Iterator[str]:
    """Yield a frame and the frames around it."""
    while frame is not None:
        yield frame
        frame = parents[frame]
