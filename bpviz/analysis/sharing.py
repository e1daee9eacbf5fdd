"""Shared factors, which the backward pass computes once and uses several times, and the forward values it needs.

Shared factors make backpropagation cheap: ``dZ`` is computed once and used for the weights, the bias and the layer
before. They are found in the backward pass as a graph (`bpviz.transforms.gradient_graph`), where equal steps are one.
"""

from __future__ import annotations

from bpviz import ops
from bpviz.formulas.symbols import Symbols
from bpviz.frozen import dataclass
from bpviz.graph.flow import Flow
from bpviz.graph.graph import Graph
from bpviz.recording.recorder import NO_VALUE
from bpviz.sources.targets import flow_of
from bpviz.text.language import language
from bpviz.transforms.gradient_graph import Derivation, derivation

__all__ = ["KeptValue", "SharedFactor", "Sharing", "kept_values", "shared_factors", "shared_in"]

_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


@dataclass(frozen=True, slots=True)
class SharedFactor:
    """A step of the backward pass that several other steps use.

    ``name`` is its name (g₁, g₂ … if the source gives none), ``node`` the value whose gradient it is (empty if it is no
    gradient), ``uses`` the gradients computed from it, ``formula`` its formula. ``nodes`` holds all values whose
    gradient it is, by number, and ``wires`` the wires along which it flows back, (number of the node, slot).
    """

    name: str
    node: str
    uses: tuple[str, ...]
    formula: str
    nodes: tuple[int, ...]
    wires: tuple[tuple[int, int], ...]

    def __str__(self) -> str:
        say = language()
        made = f"{self.name} = {self.formula}" if self.formula != self.name else self.name
        return say("{made}: computed once, serves {uses}", made=made, uses=say(", ").join(self.uses))


@dataclass(frozen=True, slots=True)
class Sharing:
    """The shared factors of a backward pass, and its number of operations with and without sharing.

    ``without`` counts the operations if every use were computed again from the forward values.
    """

    factors: tuple[SharedFactor, ...]
    operations: int
    without: int

    def __str__(self) -> str:
        say = language()
        saved = say(
            "{count} operations in the backward pass; {more} without sharing", count=self.operations, more=self.without
        )
        return "\n".join([*map(str, self.factors), saved])


@dataclass(frozen=True, slots=True)
class KeptValue:
    """A value of the forward pass; ``kept`` is true if the backward pass needs it. ``kind`` is the kind of its node."""

    name: str
    kind: str
    shape: tuple[int, ...]
    bytes: int
    kept: bool


def shared_factors(target: Flow | Graph) -> Sharing:
    """Return the factors that the backward pass computes once and uses several times.

    Values of the forward pass and the seed do not count: the backward pass does not compute them. Operations that only
    change a shape are not counted.

    >>> import bpviz
    >>> def y(p=100, n=2, t=1.1, s=0.5):
    ...     x = p * n
    ...     return x * t * s
    >>> print(shared_factors(bpviz.backprop(y)))
    ∂y/∂x = t·s: computed once, serves ∂y/∂p, ∂y/∂n
    4 operations in the backward pass; 5 without sharing
    """
    flow = flow_of(target)
    made = derivation(flow)
    found = shared_in(made.graph)
    labels, names = flow.graph.labels, flow.graph.names
    # Without names, the formula of one factor would repeat that of another.
    called = list(made.graph.labels)
    for number, index in enumerate((i for i in found if not called[i]), 1):
        called[index] = f"g{number}".translate(_LOWERED)
    symbols = Symbols(flow_of(made.graph), called) if found else None
    factors = []
    for index, uses in found.items():
        assert symbols is not None
        formula = symbols.value(index)
        nodes = tuple(node for node, gradient in made.gradients.items() if gradient == index)
        # Named values first: Z = X·W + b rather than the product in it.
        node = next((names[i] for i in nodes if labels[i]), names[nodes[0]] if nodes else "")
        wires = tuple(wire for wire, share in made.shares.items() if share == index)
        factors.append(SharedFactor(called[index], node, uses, formula, nodes, wires))
    return Sharing(tuple(factors), *_counts(made))


def shared_in(graph: Graph) -> dict[int, tuple[str, ...]]:
    """Return the shared factors of a gradient graph, by number, each with the names of the gradients it serves.

    Only the last backward part counts. Operations that only change a shape are not uses; the uses after them are.
    """
    record = graph.record
    last = max(record.orders.values(), default=0)
    steps = [i for i, order in record.orders.items() if order == last and record.operations[i] is not None]
    # The users of each step, without changes of shape, and the first names that it reaches.
    users: dict[int, set[str | int]] = {i: set() for i in steps}
    names: dict[int, dict[str, None]] = {i: {} for i in steps}
    for end in graph.ends:
        if end.node in users:
            users[end.node].add(end.title)
            names[end.node][end.title] = None
    for step in reversed(steps):
        moves = _moves(graph, step)
        own = {graph.labels[step]: None} if graph.labels[step] else names[step]
        for operand in record.operands[step]:
            if operand in users:
                users[operand] |= users[step] if moves else {step}
                names[operand] |= own
    shared = (i for i in steps if len(users[i]) > 1 and not _moves(graph, i))
    place = {end.title: number for number, end in enumerate(graph.ends)}
    return {i: tuple(sorted(names[i], key=lambda name: place.get(name, len(place)))) for i in shared}


def kept_values(target: Flow | Graph) -> tuple[KeptValue, ...]:
    """Return the values of the forward pass, in order, and which of them the backward pass needs, so keeps in memory.

    Constants that are plain numbers are left out.

    >>> import bpviz
    >>> def y(p=100, n=2, t=1.1):
    ...     x = p * n
    ...     return x * t
    >>> [value.name for value in kept_values(bpviz.backprop(y)) if value.kept]
    ['p', 'n', 't', 'x']
    """
    flow = flow_of(target)
    graph = flow.graph
    made = derivation(flow)
    new = _new(made)
    used = {operand for step in new for operand in made.graph.record.operands[step]}
    used |= {end.node for end in made.graph.ends}
    kept = {node for node, copy in made.copies.items() if copy in used}
    found = []
    for node in graph.nodes[: flow.output_index + 1]:
        value = flow.values[node.index]
        shape = ops.shape_of(value)
        if value is NO_VALUE or (node.kind == "constant" and not shape):
            continue
        size = value.nbytes if shape else 8
        found.append(KeptValue(node.name, node.kind, shape, size, node.index in kept))
    return tuple(found)


def _new(made: Derivation) -> list[int]:
    """Return the steps of the backward pass, by number."""
    copies = set(made.copies.values())
    return [i for i, operation in enumerate(made.graph.record.operations) if operation is not None and i not in copies]


def _counts(made: Derivation) -> tuple[int, int]:
    """Return the number of operations in the backward pass, with sharing and without."""
    record = made.graph.record
    alone: dict[int, int] = {}
    for step in _new(made):
        own = not _moves(made.graph, step)
        alone[step] = own + sum(alone.get(operand, 0) for operand in record.operands[step])
    with_sharing = sum(not _moves(made.graph, step) for step in alone)
    return with_sharing, sum(alone.get(end.node, 0) for end in made.graph.ends)


def _moves(graph: Graph, index: int) -> bool:
    operation = graph.record.operations[index]
    return operation is not None and operation.plumbing
