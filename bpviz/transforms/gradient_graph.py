"""The backward pass as a graph of its own.

Every row's rule is called with handles instead of numbers, so what it computes is recorded: the very rules that give
the numbers. The result is a graph like any other, that can be drawn, propagated and differentiated again.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from bpviz import ops
from bpviz.errors import UsageError, did_you_mean
from bpviz.formulas.formula import derivative
from bpviz.graph.flow import Flow
from bpviz.graph.graph import Graph, Node
from bpviz.graph.propagate import propagate
from bpviz.graph.tracing import trace
from bpviz.lazy import LazyModule
from bpviz.ops import OPERATIONS
from bpviz.recording.element_names import arrays_of
from bpviz.recording.handle import Handle
from bpviz.recording.recorder import Recorder, differentiable
from bpviz.recording.scopes import gradient_title, parted_title
from bpviz.text.numerals import number, superscript
from bpviz.transforms.simplify import Numbering

__all__ = ["Derivation", "derivation", "gradient_graph"]

np: Any = LazyModule("numpy")


def gradient_graph(
    target: Callable[..., Any] | Graph | Flow,
    wrt: str | Iterable[str] | None = None,
    output: str | Handle | Node | None = None,
    seed: Any = None,
) -> Graph:
    """The graph that computes the gradients of a graph, a flow, or a function: its backward pass, step by step.

    ``wrt`` names the inputs whose gradients are its outputs, in order; by default all to which one flows. ``output``
    and ``seed`` are those of `bpviz.propagate` (of a flow, its own). Of the forward part only what the gradients need
    is in it. Steps that occur twice are one, and what a seed of 1 multiplies stays as it is. A gradient is called
    ``∂y/∂x`` where all values are numbers, and ``dX`` where there are arrays.

    >>> def y(p=100, n=2, t=1.1):
    ...     x = p * n
    ...     return x * t
    >>> graph = gradient_graph(y)
    >>> [end.title for end in graph.ends]
    ['∂y/∂p', '∂y/∂n', '∂y/∂t']
    >>> propagate(graph, {"t": 1.2}, output="∂y/∂p").output
    2.4
    >>> [(node.name, node.order) for node in graph.nodes if node.operation is not None]
    [('x', 0), ('∂y/∂p', 1), ('∂y/∂n', 1)]

    Raises `UsageError` for an unknown input or output, and what `bpviz.propagate` raises.
    """
    source = target if isinstance(target, Graph | Flow) else trace(target)
    if isinstance(source, Graph) or output is not None or seed is not None:
        graph = source.graph if isinstance(source, Flow) else source
        given = {} if isinstance(source, Graph) else {graph.record.is_input[i]: x for i, x in source.given.items()}
        source = propagate(graph, given, output, seed)
    return derivation(source, _asked(source.graph, wrt)).graph


@dataclass(frozen=True, eq=False)
class Derivation:
    """A backward pass as a graph, and where in it everything is.

    ``copies`` holds for the number of a node of the flow's graph that of its copy, ``gradients`` that of its gradient,
    and ``shares`` for every wire, (number of the node, slot), that of the gradient which flows back along it. What the
    gradients that were asked for do not need is in none of them. ``asked`` are those inputs, with their gradients.
    """

    graph: Graph
    copies: Mapping[int, int]
    gradients: Mapping[int, int]
    shares: Mapping[tuple[int, int], int]
    asked: Mapping[int, int]


def derivation(flow: Flow, asked: Sequence[int] | None = None) -> Derivation:
    """The backward pass of a flow, recorded (see `gradient_graph`); ``asked`` are numbers of inputs."""
    with ops.silence():
        made = _Backward(flow).derivation(asked)
    made.graph.notes = flow.graph.notes
    return made


def _asked(graph: Graph, wrt: str | Iterable[str] | None) -> list[int] | None:
    """The numbers of the inputs that are asked for; of a list, a dict or an array in single numbers those in it."""
    if wrt is None:
        return None
    names = (wrt,) if isinstance(wrt, str) else tuple(wrt)
    found: list[int] = []
    for name in names:
        inputs = graph.record.is_input.items()
        mine = [i for i, known in inputs if name in (known, *arrays_of(known)[:1]) or known.startswith(f"{name}[")]
        # The elements of W are called w₀₁ where no other w is.
        mine = mine or [i for i, known in inputs if name in arrays_of(known)]
        if not mine:
            hint = did_you_mean(name, graph.inputs, f"its inputs are: {', '.join(graph.inputs)}")
            raise UsageError(f"there is no input named {name!r} to take the gradient of; {hint}")
        found += mine
    return found


class _Backward:
    """One backward pass in the making, recorded behind a copy of what was computed."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        old = flow.graph.record
        self.order = 1 + max((old.orders.get(i, 0) for i in range(flow.output_index + 1)), default=0)
        self.record = Recorder(sys._getframe(), boundary=True)
        self.record.scopes = list(old.scopes)
        for index, label in enumerate(flow.graph.labels[: len(flow.values)]):
            self.record.copy(old, index, old.operands[index])
            self.record.values[index] = flow.values[index]
            if index not in old.is_input:
                self.record.labels[index] = label
        self.count = len(self.record)
        # The backward part lies in no group: what is in one would be used behind it as well.
        self.record.pinned = self.record.scopes[0]
        self.numbering = Numbering(self.record)
        for factor in (2.0, -2.0):
            # So that x + x can become 2·x.
            self._constant(factor)
        self.gradients: dict[int, int] = {}
        self.shares: dict[tuple[int, int], int] = {}
        self.names = _Names(flow, self.order)

    def derivation(self, asked: Sequence[int] | None) -> Derivation:
        """Walk back, and keep what the gradients of these inputs need."""
        self._walk()
        record = self.record
        if asked is None:
            inputs = [i for i in record.is_input if differentiable(record.values[i])]
            asked = [i for i in inputs if i in self.gradients] or inputs
        ends = {i: self.gradients[i] if i in self.gradients else self._zeros(i) for i in asked}
        return self._needed({self.names.of(i): index for i, index in ends.items()}, ends)

    def _walk(self) -> None:
        """Record the gradient of every node, from the output back, in the order in which `bpviz.propagate` computes."""
        record, flow = self.record, self.flow
        self.gradients[flow.output_index] = self._constant(flow.seed)
        for index in range(flow.output_index, -1, -1):
            if index not in self.gradients:
                continue
            self._name(index)
            operation, operands = record.operations[index], record.operands[index]
            if operation is None:
                continue
            g, z, *xs = map(self._handle, (self.gradients[index], index, *operands))
            told = record.parameters.get(index, {})
            start = len(record)
            together = None if operation.together is None else operation.together(g, z, *xs, **told)
            for slot, (operand, rule) in enumerate(zip(operands, operation.rules(len(operands)), strict=True)):
                if rule is None or not record.reached[operand]:
                    continue
                share = rule(g, z, *xs, **told) if together is None else together[slot]
                if share is not None:
                    self.shares[index, slot] = self._arrived(operand, self._settled(start, share))
                    start = len(record)

    def _arrived(self, operand: int, share: int) -> int:
        """Add a share to the gradient of an operand; answers what has arrived."""
        share = self._settled(len(self.record), self._turned(share))
        share = self._settled(len(self.record), self._fitted(share, self.flow.values[operand]))
        before = self.gradients.get(operand)
        if before is not None:
            start = len(self.record)
            self.gradients[operand] = self._settled(start, ops.add(self._handle(before), self._handle(share)))
        else:
            self.gradients[operand] = share
        return share

    def _turned(self, share: int) -> Handle:
        """A gradient as textbooks write it: (Xᵀ·dZ)ᵀ = dZᵀ·X."""
        record, turn = self.record, OPERATIONS["transpose"]
        if self.numbering.made_by(share, "transpose") and not record.parameters.get(share):
            product = record.operands[share][0]
            if product >= self.count and self.numbering.made_by(product, "matmul"):
                parts = record.operands[product]
                matrices = all(len(ops.shape_of(record.values[i])) == 2 for i in parts)
                if matrices and any(self.numbering.made_by(i, "transpose") for i in parts):
                    left, right = map(self._handle, parts)
                    return cast(Handle, turn(right) @ turn(left))
        return self._handle(share)

    def _fitted(self, share: int, operand: Any) -> Handle:
        """The one place where broadcasting is undone: a gradient gets the shape and precision of its operand."""
        made, shape = self._handle(share), ops.shape_of(operand)
        here = made.shape
        lead = len(here) - len(shape)
        if lead < 0 or any(n not in (m, 1) for m, n in zip(here[lead:], shape, strict=True)):
            made = ops.broadcast_to(made, shape=np.broadcast_shapes(here, shape))
        if made.shape != shape:
            made = ops.sum_to(made, shape=shape)
        kind = getattr(operand, "dtype", None)
        wanted = kind.name if kind is not None and kind.kind == "f" else "float64"
        if type(made.data) is not float or wanted != "float64":
            made = made if made.dtype.name == wanted else ops.astype(made, dtype=wanted)
        return made

    def _zeros(self, index: int) -> int:
        value = self.record.values[index]
        return self._constant(np.zeros(value.shape) if ops.shape_of(value) else 0.0)

    def _constant(self, value: Any) -> int:
        start = len(self.record)
        value = ops.plain(value)
        index = self._settled(start, Handle(self.record, self.record.add_constant(value, sys._getframe()), value))
        everywhere = self.numbering.everywhere(index)
        if everywhere is not None and ops.shape_of(value):
            # Ones, as a rule: the seed of an array.
            self.record.labels[index] = number(everywhere)
        return index

    def _settled(self, start: int, share: Any) -> int:
        """The number of what a rule answered, with all that it recorded looked up."""
        if type(share) is not Handle:
            return self._constant(share)
        self.numbering.settle(start)
        self.record.orders |= dict.fromkeys(range(start, len(self.record)), self.order)
        return self.numbering.of(share.index)

    def _handle(self, index: int) -> Handle:
        return Handle(self.record, index, self.record.values[index])

    def _name(self, index: int) -> None:
        """Name the gradient of a named value, where it is a step of its own: the first of those that it is."""
        record, gradient = self.record, self.gradients[index]
        if gradient >= self.count and record.operations[gradient] is not None and gradient not in record.labels:
            name = self.names.of(index) if index in record.is_input else self.names.inner(index)
            if name:
                record.labels[gradient] = name

    def _needed(self, ends: Mapping[str, int], asked: Mapping[int, int]) -> Derivation:
        """All inputs, and of the rest what leads to the ends."""
        old = self.record
        needed = bytearray(len(old))
        for index in (*ends.values(), *old.is_input):
            needed[index] = 1
        for index in range(len(old) - 1, -1, -1):
            if needed[index]:
                for operand in old.operands[index]:
                    needed[operand] = 1
        made = Graph(self.names.graph, record=Recorder(sys._getframe(), boundary=True))
        made.record.scopes = old.scopes
        moved: dict[int, int] = {}
        for index, wanted in enumerate(needed):
            if wanted:
                moved[index] = made.record.copy(old, index, tuple(moved[i] for i in old.operands[index]))
        # What it keeps of the frame that it was made in would keep all that is there alive.
        made.record.boundary, made.record.scope_of, made.record.closed = None, {}, True
        for title, index in ends.items():
            made.mark_output(moved[index], title, own=True)
        return Derivation(
            graph=made,
            copies={i: moved[i] for i in range(self.count) if i in moved},
            gradients={i: moved[g] for i, g in self.gradients.items() if g in moved},
            shares={wire: moved[share] for wire, share in self.shares.items() if share in moved},
            asked={i: moved[index] for i, index in asked.items()},
        )


class _Names:
    """What the gradients of one backward pass are called."""

    def __init__(self, flow: Flow, order: int) -> None:
        graph = flow.graph
        self.labels, self.names = graph.labels, graph.names
        self.order = order
        self.output = graph.labels[flow.output_index] or graph.name or "f"
        self.arrays = any(ops.shape_of(value) for value in flow.values)
        self.taken = frozenset(graph.names)
        function, _ = parted_title(graph.name)
        self.graph = gradient_title(function, order) if function else ""

    def of(self, index: int) -> str:
        """The name of the gradient of a value."""
        value = self.names[index]
        name = _differentiated("" if self.arrays else self.output, value)
        if name in self.taken:
            # The model itself has a dW, or this is the second order.
            name = f"d{superscript(str(self.order))}{value}" if self.order > 1 else _differentiated(self.output, value)
        return name

    def inner(self, index: int) -> str:
        """The name of the gradient of a named value on the way; of a later order it would be hard to read."""
        return self.of(index) if self.order == 1 and self.labels[index] else ""


def _differentiated(output: str, value: str) -> str:
    """What a gradient is called: ∂y/∂x, dX without an output; of what is a derivative itself ∂²y/∂x²."""
    found = re.fullmatch(rf"∂([{_RAISED}]*)(.+?)/∂(.+)", output)
    if found is None:
        return str(derivative(output, value))
    times = 1 + int(found[1].translate(_LOWERED) or 1)
    *others, last = found[3].split("∂")
    power = re.search(rf"[{_RAISED}]*$", last)
    assert power is not None
    if last[: power.start()] == value:
        last = value + superscript(str(int(power[0].translate(_LOWERED) or 1) + 1))
    else:
        others, last = [*others, last], value
    return f"∂{superscript(str(times))}{found[2]}/{''.join('∂' + part for part in (*others, last))}"


_RAISED = superscript("0123456789")
_LOWERED = str.maketrans(_RAISED, "0123456789")
