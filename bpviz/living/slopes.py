"""The slopes of single operations, as steps of a page: what a gradient is multiplied by on its way back."""

from __future__ import annotations

import sys

from bpviz import ops
from bpviz.graph.flow import Flow
from bpviz.graph.graph import Graph
from bpviz.living.bindings import Bindings
from bpviz.living.steps import Lowering, Slots, StaysStillError
from bpviz.recording.handle import HANDLES, Handle
from bpviz.recording.recorder import Recorder
from bpviz.transforms.simplify import Numbering

__all__ = ["Slopes"]


class Slopes:
    """The slopes of a flow, each computed on its page by steps that are added to ``found``."""

    def __init__(self, flow: Flow, found: Bindings) -> None:
        """Take the flow and the places of its numbers."""
        self._flow, self._found = flow, found
        self._known: dict[tuple[int, int], tuple[int, float] | None] = {}
        self._made = Lowering.resumed(found.made, found.initial, found.statements)

    def slope(self, node: int, slot: int) -> tuple[int, float] | None:
        """Return the place of the slope of an operation by an operand, and its number now.

        ``None`` if it is not a number, or cannot be written in single numbers.
        """
        if (node, slot) not in self._known:
            try:
                with ops.silence():
                    self._known[node, slot] = self._lowered(node, slot)
            except StaysStillError:
                self._known[node, slot] = None
        return self._known[node, slot]

    def _lowered(self, node: int, slot: int) -> tuple[int, float] | None:
        flow, places = self._flow, self._found.made.values
        old = flow.graph.record
        operation, operands = old.operations[node], old.operands[node]
        parameters, rule = old.parameters.get(node, {}), None
        if operation is not None:
            rule = operation.rules(len(operands))[slot]
        nodes = (node, *operands)
        if rule is None or any(ops.shape_of(flow.values[i]) or i not in places for i in nodes):
            return None
        value = ops.pull(rule, 1.0, flow.values[node], [flow.values[i] for i in operands], parameters)
        if ops.shape_of(value):
            return None
        made = self._made
        record = Recorder(sys._getframe())
        known: dict[int, Slots] = {}
        handles: list[Handle] = []
        for place, index in enumerate(nodes):
            if all(at in made.fixed for at in places[index]):
                number = record.add_constant(flow.values[index])
            else:
                number = record.add_inputs((f"x{place}",), (flow.values[index],))
                known[number] = places[index]
            handles.append(Handle(record, number, flow.values[index]))
        numbering, count = Numbering(record), len(record)
        result = ops.pull(rule, 1.0, handles[0], handles[1:], parameters)
        record.frame = None
        if record.decided:
            return None
        if type(result) not in HANDLES:
            return made.constant(float(result)), float(value)
        # A product with 1 is left out.
        numbering.settle(count)
        last = numbering.of(result.index)
        made.lower(record, record.values, Graph(record=record).ancestors([last]), known)
        return known[last][0], float(value)
