"""What the backward pass computes once and uses several times, and which forward values it needs.

The shared factor is what makes backpropagation cheap: ``dZ`` is worked out once and serves the weights, the bias and
the layer before. It is looked for in the backward pass as a graph (`bpviz.transforms.gradient_graph`), where
equal steps are one.
"""

from __future__ import annotations

from dataclasses import dataclass

from bpviz import ops
from bpviz.formulas.symbols import Symbols
from bpviz.graph.flow import Flow
from bpviz.graph.graph import Graph
from bpviz.graph.propagate import propagate
from bpviz.recording.recorder import NO_VALUE
from bpviz.text.language import language
from bpviz.transforms.gradient_graph import Derivation, derivation
from bpviz.transforms.simplify import PLUMBING

__all__ = ["KeptValue", "SharedFactor", "Sharing", "kept_values", "shared_factors", "shared_in"]

_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


@dataclass(frozen=True, slots=True)
class SharedFactor:
    """A step of the backward pass that several others use.

    ``name`` is what it is called (g₁, g₂ …, where it has no name), ``node`` the value whose gradient it is (empty where
    it is none), ``uses`` the gradients that it serves, ``formula`` how it is computed. ``nodes`` are all values
    whose gradient it is, by number, and ``wires`` those along which it flows back, (number of the node, slot).
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
    """The shared factors of a backward pass, and how many operations it takes with them and without.

    ``without`` counts what it would take to compute every gradient from the forward values alone, however often the
    same is computed.
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
    """A value of the forward pass; ``kept`` tells whether the backward pass needs it. ``kind`` is that of its node."""

    name: str
    kind: str
    shape: tuple[int, ...]
    bytes: int
    kept: bool


def shared_factors(target: Flow | Graph) -> Sharing:
    """Return what the backward pass computes once and uses several times.

    Values of the forward pass do not count, nor does the seed: they are not computed on the way back. Operations that
    only bring numbers into another shape are not counted.

    >>> import bpviz
    >>> def y(p=100, n=2, t=1.1, s=0.5):
    ...     x = p * n
    ...     return x * t * s
    >>> print(shared_factors(bpviz.backprop(y)))
    ∂y/∂x = t·s: computed once, serves ∂y/∂p, ∂y/∂n
    4 operations in the backward pass; 5 without sharing
    """
    flow = target if isinstance(target, Flow) else propagate(target)
    made = derivation(flow)
    found = shared_in(made.graph)
    labels, names = flow.graph.labels, flow.graph.names
    # Without names, the formula of one would hold that of another as often as that is used.
    called = list(made.graph.labels)
    for number, index in enumerate((i for i in found if not called[i]), 1):
        called[index] = f"g{number}".translate(_LOWERED)
    symbols = Symbols(propagate(made.graph), called) if found else None
    factors = []
    for index, uses in found.items():
        assert symbols is not None
        formula = symbols.value(index)
        nodes = tuple(node for node, gradient in made.gradients.items() if gradient == index)
        # What has a name of its own goes first: Z = X·W + b rather than the product in it.
        node = next((names[i] for i in nodes if labels[i]), names[nodes[0]] if nodes else "")
        wires = tuple(wire for wire, share in made.shares.items() if share == index)
        factors.append(SharedFactor(called[index], node, uses, formula, nodes, wires))
    return Sharing(tuple(factors), *_counts(made))


def shared_in(graph: Graph) -> dict[int, tuple[str, ...]]:
    """Return the shared factors of a gradient graph: the number of each, and the names of the gradients that it serves.

    Only the last backward part counts. Through operations that bring numbers into another shape the use is looked for
    behind them.
    """
    record = graph.record
    last = max(record.orders.values(), default=0)
    steps = [i for i, order in record.orders.items() if order == last and record.operations[i] is not None]
    # Who uses each step, plumbing left out, and which names it reaches first.
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
    """Return the values of the forward pass, in order, and which of them the backward pass needs: what takes memory.

    Constants that are plain numbers are left out.

    >>> import bpviz
    >>> def y(p=100, n=2, t=1.1):
    ...     x = p * n
    ...     return x * t
    >>> [value.name for value in kept_values(bpviz.backprop(y)) if value.kept]
    ['p', 'n', 't', 'x']
    """
    flow = target if isinstance(target, Flow) else propagate(target)
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
    """Return how many operations the backward pass takes, and how many if nothing were computed once for several uses."""
    record = made.graph.record
    alone: dict[int, int] = {}
    for step in _new(made):
        own = not _moves(made.graph, step)
        alone[step] = own + sum(alone.get(operand, 0) for operand in record.operands[step])
    with_sharing = sum(not _moves(made.graph, step) for step in alone)
    return with_sharing, sum(alone.get(end.node, 0) for end in made.graph.ends)


def _moves(graph: Graph, index: int) -> bool:
    operation = graph.record.operations[index]
    return operation is not None and operation.name in PLUMBING
