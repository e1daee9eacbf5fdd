"""All numbers of one run: the value of every node, the gradient of every node and of every wire."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bpviz import ops
from bpviz.errors import UsageError
from bpviz.graph import Graph, Node
from bpviz.handle import Handle
from bpviz.lazy import LazyModule

__all__ = ["Flow", "NonFinite"]

np: Any = LazyModule("numpy")

Name = str | Handle | Node


@dataclass(frozen=True, slots=True)
class NonFinite:
    """A number that is not finite: where it first appears, and what it is (``value`` or ``gradient``)."""

    name: str
    what: str
    text: str
    line: int | None

    def __str__(self) -> str:
        where = f" (line {self.line})" if self.line else ""
        return f"the {self.what} of {self.name} is {self.text}{where}"


@dataclass(frozen=True, eq=False)
class Flow:
    """The numbers of one run through a graph, as `bpviz.propagate` leaves them.

    ``values`` and ``gradients`` are per node, ``wire_gradients`` per node and operand slot; ``None`` stands where no
    gradient flows. Ask by name: ``flow.value("subtotal")``, ``flow.grad("price")``,
    ``flow.wire_grad("price", "subtotal")``.

    >>> import bpviz
    >>> flow = bpviz.backprop(lambda x=3.0: x * x + x)
    >>> flow.grad("x"), flow.wire_grad("x", "multiply", 0), flow.wire_grad("x", "output", 1)
    (7.0, 3.0, 1.0)
    """

    graph: Graph
    values: tuple[Any, ...]
    gradients: tuple[Any, ...]
    wire_gradients: tuple[tuple[Any, ...] | None, ...]
    output_index: int
    seed: Any
    given: Mapping[int, Any]

    @property
    def output(self) -> Any:
        """The value of the output that the gradients are of."""
        return self._out(self.values[self.output_index], self.output_index)

    @property
    def output_name(self) -> str:
        """The name of the output that the gradients are of."""
        return self.graph.names[self.output_index]

    def value(self, name: Name) -> Any:
        """The forward value of a node.

        Raises `UsageError` for an unknown name.
        """
        index = self.graph.find(name)
        return self._out(self.values[index], index)

    def grad(self, name: Name) -> Any:
        """The gradient of the output with respect to a node; zeros where nothing flows.

        Raises `UsageError` for an unknown name.
        """
        return self.gradient_of(self.graph.find(name))

    def gradient_of(self, index: int) -> Any:
        """The gradient of a node, by number."""
        gradient = self.gradients[index]
        if gradient is None:
            value = self.values[index]
            if not ops.shape_of(value):
                return self._out(0.0, index)
            gradient = np.zeros_like(value, dtype=value.dtype if value.dtype.kind == "f" else np.float64)
        return self._out(gradient, index)

    def wire_grad(self, source: Name, target: Name, slot: int | None = None) -> Any:
        """The gradient that flows back along one wire: from operand ``slot`` of ``target`` to ``source``.

        Without ``slot``, the only wire between the two. Raises `UsageError` when there is no such wire, or several.
        """
        start, end = self.graph.find(source), self.graph.find(target)
        operands = self.graph.record.operands[end]
        slots = [i for i, operand in enumerate(operands) if operand == start]
        if slot is None and len(slots) == 1:
            slot = slots[0]
        if slot not in slots:
            there = f"there is one at slot {', '.join(map(str, slots))}" if slots else "there is none"
            given = "" if slot is None else f" at slot {slot}"
            raise UsageError(f"no single wire leads from {source!r} to {target!r}{given}; {there}")
        share = self.wire_share(end, slot)
        return self._out(0.0 if share is None else share, start)

    def wire_share(self, target: int, slot: int) -> Any:
        """The gradient of one wire, by number; ``None`` where none flows."""
        wires = self.wire_gradients[target]
        return None if wires is None else wires[slot]

    @property
    def grads(self) -> dict[str, Any]:
        """The gradient of every input, by name."""
        return {name: self.gradient_of(i) for i, name in self.graph.record.is_input.items()}

    @property
    def nonfinite(self) -> tuple[NonFinite, ...]:
        """Where a NaN or an infinity first appears: forward, the nodes whose operands are all still finite; backward,
        the nodes whose incoming gradients are."""
        found = []
        operands = self.graph.record.operands
        odd = [_odd(value) for value in self.values]
        for node in self.graph.nodes:
            if odd[node.index] and not any(odd[i] for i in operands[node.index]):
                found.append(NonFinite(node.name, "value", odd[node.index], node.line))
        # Following a chain of infinite gradients back from the output, only the first is the cause.
        blamed: set[int] = set()
        for node in reversed(self.graph.nodes):
            i = node.index
            wires = self.wire_gradients[i]
            if wires is None:
                continue
            here = bool(_odd(self.gradients[i])) or bool(odd[i])
            for slot, j in enumerate(operands[i]):
                text = _odd(wires[slot])
                if text and not here and j not in blamed and not odd[j]:
                    blamed.add(j)
                    found.append(NonFinite(self.graph.names[j], "gradient", text, node.line))
        return tuple(found)

    def _out(self, value: Any, index: int) -> Any:
        """A value as users get it: a Python float, or an array of the input's shape (read-only, the flow's own)."""
        if value.__class__ is float:
            given = self.given.get(index)
            return np.asarray(value) if given is not None and given.__class__ is not float else value
        if isinstance(value, int):
            return float(value)
        if isinstance(value, np.ndarray) and not value.ndim and value.dtype == np.float64 and index not in self.given:
            return float(value)
        return value

    def __repr__(self) -> str:
        return f"<flow of {self.graph.name or 'a graph'}: {self.output_name} = {self.output!r}>"

    def __str__(self) -> str:
        lines = [f"{self.output_name} = {self.output}"]
        lines += [f"d {self.output_name} / d {name} = {value}" for name, value in self.grads.items()]
        return "\n".join(lines)


def _odd(value: Any) -> str:
    """``nan`` or ``infinite`` where a number or an element of an array is; empty where all are finite."""
    if value is None:
        return ""
    if value.__class__ is float:
        if value - value == 0:
            return ""
        return "nan" if value != value else "infinite"
    array = np.asarray(value)
    if array.dtype.kind != "f" or np.isfinite(array).all():
        return ""
    return "nan" if np.isnan(array).any() else "infinite"
