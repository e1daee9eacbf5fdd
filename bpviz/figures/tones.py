"""Which parts of a circuit belong to the backward pass, and which are in front."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from bpviz.figure import Box, Pass, Tone, Wire
from bpviz.graph.graph import Graph
from bpviz.ops import size_of

__all__ = ["Passes", "toned"]


class Passes:
    """The two passes in the figure of a gradient graph; ``fold`` hides changes of shape in the backward one.

    A hidden step becomes a wire; if one ``reshapes``, the numbers arrive in another shape than at its start. A step
    that adds or repeats numbers is hidden only ``in_formulas``, where the wire says so: ``Σ dZ``.
    """

    def __init__(
        self, graph: Graph, needed: Sequence[int], labels: Sequence[str], fold: bool, in_formulas: bool = False
    ) -> None:
        """Take the graph, the numbers of the shown nodes, and the names of the nodes."""
        self.record = graph.record
        self.labels = labels
        self.left_out: dict[int, int] = {}
        if fold and graph.is_gradient:
            steps = ((i, self.record.operations[i]) for i in needed if i in self.record.orders)
            hidden = (i for i, operation in steps if operation is not None and operation.plumbing)
            self.left_out = {i: self.record.operands[i][0] for i in hidden if in_formulas or self._keeps_all(i)}
        self.reshapes = bool(self.left_out)

    def _keeps_all(self, index: int) -> bool:
        """Return whether a step has as many numbers as its operand."""
        values = self.record.values
        return size_of(values[index]) == size_of(values[self.record.operands[index][0]])

    def belongs(self, index: int) -> Pass:
        """Return the pass that a node belongs to."""
        step = index in self.record.orders and self.record.operations[index] is not None
        return "backward" if step else "forward"

    def start(self, index: int) -> int:
        """Return the node where the wire with a node's numbers begins."""
        while index in self.left_out:
            index = self.left_out[index]
        return index

    def leave_out(self, steps: Mapping[int, int]) -> None:
        """Leave out also these steps, each of which returns one of its operands as it is."""
        self.left_out |= steps

    def called(self, index: int) -> str:
        """Return the name of what arrives: the node's own, or that of the wire's first node, transposed or summed."""
        if self.labels[index] or index not in self.left_out:
            return self.labels[index]
        name = self.called(self.left_out[index])
        operation = self.record.operations[index]
        assert operation is not None
        if operation.unwritten or not operation.plumbing or (operation.reduces and not name):
            return name
        parameters = {**operation.parameters, **self.record.parameters.get(index, {})}
        return operation.notation.format(**{operation.operands[0]: name or "(·)", **parameters})


def toned(boxes: Mapping[str, Box], wires: Sequence[Wire], front: Collection[str] | None = None) -> dict[str, Box]:
    """Return the boxes, by id: in the background if all their wires are, in front if named (or at wires in front)."""
    around: dict[str, set[Tone]] = {key: set() for key in boxes}
    for wire in wires:
        around[wire.source].add(wire.tone)
        around[wire.target].add(wire.tone)
    made = dict(boxes)
    for key, tones in around.items():
        if key in front if front is not None else "strong" in tones:
            made[key] = replace(boxes[key], tone="strong")
        elif tones <= {"pale"}:
            made[key] = replace(boxes[key], tone="pale")
    return made
