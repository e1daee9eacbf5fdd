"""What of a circuit belongs to the backward pass, what of it is shared, and what of it was not there before."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from bpviz.differences import differences
from bpviz.figure import Box, Pass, Tone, Wire
from bpviz.figures.labels import Use
from bpviz.flow import Flow
from bpviz.graph import Graph
from bpviz.numbering import PLUMBING
from bpviz.pairing import Pairing
from bpviz.sharing import shared_factors, shared_in
from bpviz.wording.numbers import elided

__all__ = ["Passes", "Shared", "change_notes", "toned"]


class Passes:
    """Forward and backward pass in the figure of a gradient graph; ``fold`` leaves plumbing out of the backward one.

    What is left out is a wire: its numbers arrive in another shape than they have where it starts.
    """

    def __init__(self, graph: Graph, needed: Sequence[int], labels: Sequence[str], fold: bool) -> None:
        """Take the graph, the numbers of the nodes that are shown, and what these are called."""
        self.record = graph.record
        self.labels = labels
        orders, operations = self.record.orders, self.record.operations
        steps = ((i, operations[i]) for i in needed if fold and i in orders)
        self.left_out = {i for i, operation in steps if operation is not None and operation.name in PLUMBING}

    def belongs(self, index: int) -> Pass:
        """The pass that a node is a step of."""
        step = index in self.record.orders and self.record.operations[index] is not None
        return "backward" if step else "forward"

    def start(self, index: int) -> int:
        """The node at which the wire begins that brings the numbers of a node."""
        while index in self.left_out:
            index = self.record.operands[index][0]
        return index

    def called(self, index: int) -> str:
        """The name of what arrives: its own, or that of the node where the wire begins, transposed or summed."""
        if self.labels[index] or index not in self.left_out:
            return self.labels[index]
        behind = self.called(self.record.operands[index][0])
        operation = self.record.operations[index]
        assert operation is not None
        if operation.name == "transpose":
            return f"{behind or '(·)'}ᵀ"
        return f"Σ {behind}" if operation.name == "sum_to" and behind else behind


class Shared:
    """Where shared factors are: at wires along which they flow back, or in the figure of a gradient at their steps."""

    def __init__(self, graph: Graph, flow: Flow | None) -> None:
        """Look for them in the graph where it is that of a gradient, else in the backward pass of its flow."""
        self.steps = set(shared_in(graph)) if graph.is_gradient else set()
        factors = () if flow is None or graph.is_gradient else shared_factors(flow).factors
        self.wires = {wire: factor.name for factor in factors for wire in factor.wires}
        self.nodes = {node: factor.name for factor in factors for node in factor.nodes}

    def step(self, index: int) -> Tone:
        """How the box of a node is drawn."""
        return "shared" if index in self.steps else "plain"

    def gradient(self, index: int, use: Use, stem: bool) -> str:
        """The name of the shared factor that flows back from a use; empty where none does."""
        names = {self.wires.get(step, "") for step in use.steps}
        if len(names) == 1:
            return names.pop()
        return self.nodes.get(index, "") if stem else ""


def toned(boxes: Mapping[str, Box], wires: Sequence[Wire], front: Collection[str] | None = None) -> dict[str, Box]:
    """The boxes, by id: in the background where all wires at them are, in front where named (or at wires in front)."""
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


def change_notes(pairing: Pairing | None) -> tuple[str, ...]:
    """What another model has that the one before had not, what it does otherwise, and what it no longer has.

    >>> import bpviz
    >>> from bpviz.pairing import paired
    >>> one = bpviz.backprop(lambda x=1.0: bpviz.nn.relu(x) + 1)
    >>> change_notes(paired(one, bpviz.backprop(lambda x=1.0: bpviz.nn.tanh(x) + x * 2)))
    ('new: multiply', 'otherwise: tanh (relu before)')
    """
    if pairing is None or pairing.before.graph is pairing.after.graph:
        return ()
    told: dict[str, list[str]] = {"new": [], "otherwise": [], "no longer there": []}
    for found in differences(pairing):
        if found.before is None:
            told["new"] += [found.after.name] if found.after else []
        elif found.after is None:
            told["no longer there"].append(found.before.name)
        elif "operation" in found.aspects:
            told["otherwise"].append(f"{found.after.name} ({found.before.operation} before)")
    return tuple(f"{what}: {', '.join(elided(names))}" for what, names in told.items() if names)
