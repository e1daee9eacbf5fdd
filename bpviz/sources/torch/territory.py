"""Which part of PyTorch's graph belongs to which step, and where the gradients of its wires are seen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from bpviz.lazy import LazyModule
from bpviz.sources.torch.tensors.autograd import Edge, Way, is_leaf_node, made_at, outgoing
from bpviz.sources.torch.tensors.drafts import Called, Slot, StepDraft, Value
from bpviz.sources.torch.tensors.numbers import kept_of

__all__ = ["Territory"]

torch: Any = LazyModule("torch")


class Territory:
    """The nodes of PyTorch's graph, divided among the steps.

    Each step has the nodes between its results and its operands. ``claims`` has, for each link that leads out of them,
    the step and the slot whose gradient flows there.
    """

    def __init__(self, leaf_of: Callable[[Any], Value], insert_before: Callable[[StepDraft, StepDraft], None]) -> None:
        self.leaf_of, self.insert_before = leaf_of, insert_before
        self.by_edge: dict[Edge, Value] = {}
        self.owner: dict[Any, StepDraft] = {}
        self.claims: dict[tuple[Any, int], tuple[StepDraft, int]] = {}

    def release(self) -> None:
        """Let go of PyTorch's graph."""
        self.by_edge.clear()
        self.owner.clear()
        self.claims.clear()

    def claim(self, step: StepDraft, starts: Sequence[Edge], edges: list[Edge | None]) -> None:
        """Give a step the nodes behind its results (``starts``), up to the edges of its operands.

        Where they lead to values that are no arguments of the call, these become operands as well.
        """
        ways = self._border(step, [node for node, _ in starts], edges)
        for way in ways:
            if way.edge not in edges:
                edges.append(way.edge)
                step.operands.append(self.by_edge[way.edge])
        by_edge: defaultdict[Edge, list[Way]] = defaultdict(list)
        for way in ways:
            by_edge[way.edge].append(way)
        for edge, links in by_edge.items():
            slots = [slot for slot, known in enumerate(edges) if known == edge]
            in_order = len({link.node for link in links}) == 1 and len(links) == len(slots)
            for position, link in enumerate(sorted(links, key=lambda link: link.place)):
                self.claims[link.node, link.place] = step, slots[position if in_order else 0]

    def _border(self, step: StepDraft, todo: list[Any], edges: Sequence[Edge | None]) -> list[Way]:
        """Return the links that lead from the nodes of a step to what is known."""
        own = {edge for edge in edges if edge is not None}
        found: list[Way] = []
        for node in todo:
            if node in self.owner:
                continue
            self.owner[node] = step
            step.nodes.append(node)
            for way in outgoing(node):
                after = way.edge[0]
                if way.edge not in self.by_edge and way.edge not in own and after in self.owner:
                    if self.owner[after] is step:
                        continue
                    self._shared(after, step)
                if way.edge in self.by_edge or way.edge in own:
                    found.append(way)
                elif is_leaf_node(after):
                    self.leaf_of(after.variable)
                    found.append(way)
                elif after not in self.owner:
                    todo.append(after)
        return found

    def _shared(self, node: Any, step: StepDraft) -> None:
        """Deal with a node that an earlier step has already: it becomes a step of its own, if its value is known.

        Else nobody can tell the gradients of the two steps apart.
        """
        first = self.owner[node]
        if self._promote(node, first):
            return
        for slot, operand in enumerate(first.operands):
            if operand.requires_grad:
                first.unclear.add(slot)
                step.unclear.add(len(step.operands))
                step.operands.append(operand)

    def _promote(self, node: Any, first: StepDraft) -> bool:
        """Make a node inside of a step a step before it, of which the first takes the result."""
        replay = _REPLAYED.get(node.name())
        ways = outgoing(node)
        if replay is None or len(ways) != 1 or ways[0].edge not in self.by_edge:
            return False
        edge = ways[0].edge
        operand = self.by_edge[edge]
        tensor = operand.tensor()
        if tensor is None or operand not in first.operands:
            return False
        name, again = replay
        with torch.no_grad():
            made = again(tensor, node, first)
        if made is None:
            return False
        argument = Slot(0, operand.shape, operand.dtype)
        draft = StepDraft(Called(name, args=(argument,)), [operand], first.place._replace(direct=False))
        value = Value(draft, made, kept_of(made))
        value.requires_grad = True
        value.tensor = lambda: made
        draft.values.append(value)
        draft.nodes.append(node)
        slot = self.claims[node, ways[0].place][1]
        first.operands[slot] = value
        first.adapted[slot] = name
        first.nodes.remove(node)
        self.owner[node] = draft
        self.by_edge[node, 0] = value
        self.claims[node, ways[0].place] = draft, 0
        for inner in first.nodes:
            for way in outgoing(inner):
                if way.edge == (node, 0):
                    self.claims[inner, way.place] = first, slot
        self.insert_before(draft, first)
        return True


def _cast(tensor: Any, node: Any, step: StepDraft) -> Any:
    """Return a tensor in the type that a node brought it to: autocast's, where PyTorch does not say."""
    made = made_at((node, 0))
    kind = step.called.autocast if made is None else made[1]
    return None if kind is None else tensor.to(kind)


_REPLAYED: dict[str, tuple[str, Callable[[Any, Any, StepDraft], Any]]] = {
    "TBackward0": ("t", lambda tensor, node, step: tensor.t()),
    "ToCopyBackward0": ("to", _cast),
}
"""Nodes whose value can be made again from that of their operand, bit for bit, with the names of their functions."""
