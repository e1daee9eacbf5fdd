"""Pairs of nodes in two graphs: by name, then by what they compute and where they are used.

Equal names are paired first; then, from the inputs on, steps with the same operation and paired operands; then, from
the output back, the operands of paired steps. The nodes left without a pair were added or removed. Every sweep visits
each node once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping
from typing import Any

from bpviz import ops
from bpviz.frozen import dataclass
from bpviz.graph.flow import Flow
from bpviz.graph.graph import Graph

__all__ = ["Pairing", "paired"]


@dataclass(frozen=True, slots=True, eq=False)
class Pairing:
    """Two flows and the pairs of their nodes: ``old`` maps a node of the later flow to one of the earlier."""

    before: Flow
    after: Flow
    old: Mapping[int, int]

    def kept(self, index: int) -> bool:
        """Return whether a node of the later flow was in the earlier one, with the same operation."""
        was = self.old.get(index)
        operations = self.after.graph.record.operations
        return was is not None and self.before.graph.record.operations[was] is operations[index]

    def slot_kept(self, index: int, slot: int) -> bool:
        """Return whether the wire into a step of the later flow at this slot was in the earlier one."""
        was = self.old.get(index)
        if was is None:
            return False
        operands = self.before.graph.record.operands[was]
        now = self.after.graph.record.operands[index]
        return slot < len(operands) and self.old.get(now[slot]) == operands[slot]


def paired(before: Flow, after: Flow) -> Pairing:
    """Return the pairing of two flows.

    >>> import bpviz
    >>> one = bpviz.backprop(lambda x=1.0, w=2.0: bpviz.nn.relu(x * w) + 1)
    >>> two = bpviz.backprop(lambda x=1.0, w=2.0: bpviz.nn.tanh(x * w) + 1)
    >>> pairing = paired(one, two)
    >>> {two.graph.names[new]: one.graph.names[old] for new, old in pairing.old.items()}
    {'x': 'x', 'w': 'w', 'multiply': 'multiply', 'tanh': 'relu', 'constant': 'constant', 'output': 'output'}
    """
    if before.graph is after.graph:
        return Pairing(before, after, {i: i for i in range(len(before.values))})
    sweep = _Sweep(before, after)
    sweep.names()
    sweep.onwards()
    sweep.backwards()
    sweep.onwards()
    sweep.backwards(replaced=True)
    return Pairing(before, after, dict(sorted(sweep.old.items())))


class _Sweep:
    """Builds a pairing."""

    def __init__(self, before: Flow, after: Flow) -> None:
        self.before, self.after = before, after
        self.one, self.two = before.graph.record, after.graph.record
        self.old: dict[int, int] = {}
        self.taken: set[int] = set()

    def pair(self, was: int, now: int) -> None:
        self.old[now] = was
        self.taken.add(was)

    def free(self, was: int, now: int) -> bool:
        return was not in self.taken and now not in self.old

    def names(self) -> None:
        """Pair nodes with the same name, if only one node on each side has it."""
        there, here = _named(self.before.graph), _named(self.after.graph)
        for name, now in here.items():
            was = there.get(name)
            if was is not None:
                self.pair(was, now)

    def onwards(self) -> None:
        """Pair steps with the same operation and paired operands, from the inputs on."""
        waiting: dict[Hashable, list[int]] = {}
        for was in range(len(self.before.values) - 1, -1, -1):
            if was not in self.taken and self.one.operations[was] is not None:
                key = _key(self.before, was, [_leaf(self.before, i) or i for i in self.one.operands[was]])
                waiting.setdefault(key, []).append(was)
        for now in range(len(self.after.values)):
            operands = self.two.operands[now]
            if self.two.operations[now] is None:
                continue
            if now not in self.old:
                key = _key(self.after, now, [_leaf(self.after, i) or self.old.get(i) for i in operands])
                same = waiting.get(key)
                if not same:
                    continue
                self.pair(same.pop(), now)
            self.constants(self.old[now], now)

    def constants(self, was: int, now: int) -> None:
        """Pair the constants that two paired steps have at the same slots."""
        for i, j in zip(self.one.operands[was], self.two.operands[now], strict=False):
            if self.free(i, j) and self.before.graph.is_constant(i) and self.after.graph.is_constant(j):
                self.pair(i, j)

    def backwards(self, replaced: bool = False) -> None:
        """Pair the operands of paired steps, slot by slot, if both are of the same kind, from the outputs back.

        With ``replaced``, also pair different operations with a common operand: one replaced the other.
        """
        first, last = self.before.output_index, self.after.output_index
        if self.free(first, last) and self.alike(first, last, replaced):
            self.pair(first, last)
        for now in range(len(self.after.values) - 1, -1, -1):
            was = self.old.get(now)
            if was is None:
                continue
            for i, j in zip(self.one.operands[was], self.two.operands[now], strict=False):
                if self.free(i, j) and self.alike(i, j, replaced):
                    self.pair(i, j)

    def alike(self, was: int, now: int, replaced: bool) -> bool:
        """Return whether two nodes are of the same kind: inputs, constants, or steps of the same operation."""
        inputs = was in self.one.is_input, now in self.two.is_input
        if inputs[0] == inputs[1] and self.one.operations[was] is self.two.operations[now]:
            return True
        earlier = self.one.operands[was]
        return replaced and any(self.old.get(i) in earlier for i in self.two.operands[now])


def _named(graph: Graph) -> dict[str, int]:
    """Return the nodes with a unique name, and the inputs, whose names steps may use again (x = x·2)."""
    labels = graph.labels
    times = Counter(labels)
    found = {label: i for i, label in enumerate(labels) if label and times[label] == 1}
    found |= {name: i for i, name in graph.record.is_input.items()}
    # A result without a name in the source has the name of its function.
    for end in graph.ends:
        if end.title and not labels[end.node]:
            found.setdefault(end.title, end.node)
    return found


def _leaf(flow: Flow, index: int) -> Hashable:
    """Return what stands for a node in a key: the value of a constant, ``None`` for other nodes."""
    return ("constant", _frozen(flow.values[index])) if flow.graph.is_constant(index) else None


def _key(flow: Flow, index: int, operands: list[Any]) -> Hashable:
    """Return a key of a step: its operation, its operands and its parameters."""
    if None in operands:
        return ("alone", index)
    record = flow.graph.record
    given = record.parameters.get(index, {})
    return (record.operations[index], tuple(operands), tuple((name, _frozen(given[name])) for name in sorted(given)))


def _frozen(value: Any) -> Hashable:
    """Return a parameter or a constant as part of a key."""
    if isinstance(value, tuple | list):
        return tuple(map(_frozen, value))
    if hasattr(value, "tobytes"):
        return (ops.shape_of(value), str(value.dtype), value.tobytes())
    return repr(value) if value.__class__.__hash__ is None or isinstance(value, slice) else value
