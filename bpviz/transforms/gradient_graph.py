"""The backward pass as a graph of its own.

Every row's rule is called with handles instead of numbers, so that its steps are recorded: the same rules compute the
numbers. The result is a graph like any other, which can be drawn, propagated and differentiated again.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, cast

from bpviz import ops
from bpviz.errors import UsageError, did_you_mean
from bpviz.formulas.formula import derivative
from bpviz.frozen import dataclass
from bpviz.graph.flow import Flow
from bpviz.graph.graph import Graph, Node
from bpviz.graph.propagate import propagate
from bpviz.lazy import LazyModule
from bpviz.ops import OPERATIONS
from bpviz.ops.table.backward import unbroadcast, walk_back
from bpviz.ops.table.row import Rule
from bpviz.ops.table.unknown import UNKNOWN
from bpviz.recording.handle import HANDLES, Handle
from bpviz.recording.recorder import Recorder, differentiable
from bpviz.recording.scopes import gradient_title, split_title
from bpviz.sources.targets import recorded
from bpviz.text.element_names import arrays_of
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
    """Return the graph that computes the gradients of a graph, a flow, or a function: its backward pass, step by step.

    ``wrt`` names the inputs whose gradients are its outputs, in order; by default all to which one flows. ``output``
    and ``seed`` are those of `bpviz.propagate` (for a flow, its own). The forward part has only what the gradients
    need. Equal steps are one step, and a product with a seed of 1 is left out. A gradient is called
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
    source = recorded(target)
    if isinstance(source, Graph) or output is not None or seed is not None:
        graph = source.graph if isinstance(source, Flow) else source
        given = {} if isinstance(source, Graph) else {graph.record.is_input[i]: x for i, x in source.given.items()}
        source = propagate(graph, given, output, seed)
    return derivation(source, _inputs_named(source.graph, wrt)).graph


@dataclass(frozen=True, eq=False)
class Derivation:
    """A backward pass as a graph, with the numbers of its nodes.

    By the number of a node in the flow's graph, ``copies`` has the number of its copy and ``gradients`` that of its
    gradient; by wire, (number of the node, slot), ``shares`` has that of the wire's gradient. They leave out what the
    wanted gradients do not need. ``wrt`` are the inputs whose gradients are wanted, with these.
    """

    graph: Graph
    copies: Mapping[int, int]
    gradients: Mapping[int, int]
    shares: Mapping[tuple[int, int], int]
    wrt: Mapping[int, int]


def derivation(flow: Flow, wrt: Sequence[int] | None = None, *, whole: bool = False) -> Derivation:
    """Return the backward pass of a flow, recorded (see `gradient_graph`); ``wrt`` are numbers of inputs.

    If it is ``whole``, nothing is left out that the wanted gradients do not need.
    """
    with ops.silence():
        made = _Backward(flow).derivation(wrt, whole)
    made.graph.notes = flow.graph.notes
    return made


def _inputs_named(graph: Graph, wrt: str | Iterable[str] | None) -> list[int] | None:
    """Return the numbers of the named inputs; for a list, a dict or an array in single numbers, of its parts."""
    if wrt is None:
        return None
    names = (wrt,) if isinstance(wrt, str) else tuple(wrt)
    found: list[int] = []
    for name in names:
        inputs = graph.record.is_input.items()
        mine = [i for i, known in inputs if name in (known, *arrays_of(known)[:1]) or known.startswith(f"{name}[")]
        # The elements of W are called w₀₁ if there is no other w.
        mine = mine or [i for i, known in inputs if name in arrays_of(known)]
        if not mine:
            hint = did_you_mean(name, graph.inputs, f"its inputs are: {', '.join(graph.inputs)}")
            raise UsageError(f"there is no input named {name!r} to take the gradient of; {hint}")
        found += mine
    return found


class _Backward:
    """A backward pass that is being recorded, after a copy of the forward pass."""

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
        # The backward part is in no group: values of a group would also be used after it.
        self.record.pinned = self.record.scopes[0]
        self.numbering = Numbering(self.record)
        # The entries before this one have been looked up.
        self.settled = self.count
        for factor in (2.0, -2.0):
            # So that x + x can become 2·x.
            self._constant(factor)
        self.gradients: dict[int, int] = {}
        self.shares: dict[tuple[int, int], int] = {}
        self.names = _Names(flow, self.order)

    def derivation(self, wrt: Sequence[int] | None, whole: bool) -> Derivation:
        """Record the backward pass. Return what the gradients of these inputs need of it, or the whole of it."""
        self._walk()
        record = self.record
        if wrt is None:
            inputs = [i for i in record.is_input if differentiable(record.values[i])]
            wrt = [i for i in inputs if i in self.gradients] or inputs
        ends = {i: self.gradients[i] if i in self.gradients else self._zeros(i) for i in wrt}
        more = (*self.gradients.values(), *self.shares.values()) if whole else ()
        return self._needed({self.names.of(i): index for i, index in ends.items()}, ends, more)

    def _walk(self) -> None:
        """Record the gradient of every node, from the output back, in the order in which `bpviz.propagate` computes."""
        output = self.flow.output_index
        seed = self._constant(self.flow.seed)
        walk_back(self.record, output, seed, complete=self._complete, call=_called, fit=self._arrived, add=self._add)

    def _complete(self, index: int, gradient: int) -> Callable[[int, Rule], Any]:
        """Record and name the gradient of a node. Return a function that calls a rule of the node with handles."""
        record = self.record
        self.gradients[index] = gradient
        self._name(index)
        operation, parameters = record.operations[index], record.parameters.get(index, {})
        g, z, *xs = map(self._handle, (gradient, index, *record.operands[index]))
        self.settled = len(record)
        if operation is not None and operation.together is not None:
            shares = operation.together(g, z, *xs, **parameters)
            return lambda slot, rule: shares[slot]
        return lambda slot, rule: rule(g, z, *xs, **parameters)

    def _arrived(self, index: int, slot: int, share: Any) -> int:
        """Record the gradient of a wire, in the shape and precision of the operand.

        Raises `UsageError` for a step of another framework whose gradient is known as a number at most.
        """
        if share is UNKNOWN:
            operation = self.record.operations[index]
            assert operation is not None
            raise UsageError(
                f"the backward pass cannot be drawn: the step {operation.name!r} of {operation.framework} has only the "
                "numbers of its own run"
            )
        made = self._settled(self._turned(self._settled(share)))
        made = self._settled(self._fitted(made, self.flow.values[self.record.operands[index][slot]]))
        self.shares[index, slot] = made
        return made

    def _add(self, gradient: int, share: int) -> int:
        return self._settled(ops.add(self._handle(gradient), self._handle(share)))

    def _turned(self, share: int) -> Handle:
        """Return a gradient as textbooks write it: (Xᵀ·dZ)ᵀ = dZᵀ·X."""
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
        """Return a gradient in the shape and precision of its operand."""
        made: Handle = unbroadcast(self._handle(share), ops.shape_of(operand), ops.sum_to, ops.broadcast_to)
        kind = getattr(operand, "dtype", None)
        wanted = kind.name if kind is not None and kind.kind == "f" else "float64"
        if type(made.data) is not float or wanted != "float64":
            made = made if made.dtype.name == wanted else ops.astype(made, dtype=wanted)
        return made

    def _zeros(self, index: int) -> int:
        value = self.record.values[index]
        return self._constant(np.zeros(value.shape) if ops.shape_of(value) else 0.0)

    def _constant(self, value: Any) -> int:
        self.settled = len(self.record)
        value = ops.plain(value)
        index = self._settled(Handle(self.record, self.record.add_constant(value, sys._getframe()), value))
        everywhere = self.numbering.everywhere(index)
        if everywhere is not None and ops.shape_of(value):
            # Ones, as a rule: the seed of an array.
            self.record.labels[index] = number(everywhere)
        return index

    def _settled(self, share: Any) -> int:
        """Look up all steps recorded for a value since the last time. Return the number of the value."""
        if type(share) not in HANDLES:
            return self._constant(share)
        self.numbering.settle(self.settled)
        self.record.orders |= dict.fromkeys(range(self.settled, len(self.record)), self.order)
        self.settled = len(self.record)
        return self.numbering.of(share.index)

    def _handle(self, index: int) -> Handle:
        return Handle(self.record, index, self.record.values[index])

    def _name(self, index: int) -> None:
        """Name the gradient of a named value if it is a step of its own; the first of its names stays."""
        record, gradient = self.record, self.gradients[index]
        if gradient >= self.count and record.operations[gradient] is not None and gradient not in record.labels:
            name = self.names.of(index) if index in record.is_input else self.names.inner(index)
            if name:
                record.labels[gradient] = name

    def _needed(self, ends: Mapping[str, int], wrt: Mapping[int, int], more: Iterable[int]) -> Derivation:
        """Return the graph of all inputs and of what leads to the ends, and to ``more``."""
        old = self.record
        made = Graph(self.names.graph, record=Recorder(sys._getframe(), boundary=True))
        made.record.scopes = old.scopes
        for place, decided in ((-1, self.flow.graph.record.decided), (-2, old.decided)):
            if decided:
                made.record.decided[place] = min(decided.values())
        moved: dict[int, int] = {}
        for index in Graph(record=old).ancestors((*ends.values(), *old.is_input, *more)):
            moved[index] = made.record.copy(old, index, tuple(moved[i] for i in old.operands[index]))
        made.record.leave()
        old.leave()
        for title, index in ends.items():
            made.mark_output(moved[index], title, own=True)
        return Derivation(
            graph=made,
            copies={i: moved[i] for i in range(self.count) if i in moved},
            gradients={i: moved[g] for i, g in self.gradients.items() if g in moved},
            shares={wire: moved[share] for wire, share in self.shares.items() if share in moved},
            wrt={i: moved[index] for i, index in wrt.items()},
        )


def _called(index: int, slot: int, rule: Rule, call: Callable[[int, Rule], Any]) -> Any:
    """Call one rule of a node (see `_Backward._complete`)."""
    return call(slot, rule)


class _Names:
    """The names of the gradients of one backward pass."""

    def __init__(self, flow: Flow, order: int) -> None:
        graph = flow.graph
        self.labels, self.names = graph.labels, graph.names
        self.order = order
        self.output = graph.labels[flow.output_index] or graph.name or "f"
        self.arrays = any(ops.shape_of(value) for value in flow.values)
        self.taken = frozenset(graph.names)
        function, _ = split_title(graph.name)
        self.graph = gradient_title(function, order) if function else ""

    def of(self, index: int) -> str:
        """Return the name of the gradient of a value."""
        value = self.names[index]
        name = _differentiated("" if self.arrays else self.output, value)
        if name in self.taken:
            # The model itself has a dW, or this is the second order.
            name = f"d{superscript(str(self.order))}{value}" if self.order > 1 else _differentiated(self.output, value)
        return name

    def inner(self, index: int) -> str:
        """Return the name of the gradient of a value that is no input; empty for a later order."""
        return self.of(index) if self.order == 1 and self.labels[index] else ""


def _differentiated(output: str, value: str) -> str:
    """Return the name of a gradient: ∂y/∂x, without an output dX; for a derivative of a derivative ∂²y/∂x²."""
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
