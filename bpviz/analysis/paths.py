"""The paths from a value to the output, and the share of the gradient that each adds.

A path is a chain of wires. Its share of the gradient is the product of the slopes of its links; the shares of all paths
add up to the gradient. Paths are counted link by link, not one by one: there may be 2⁶⁰ of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from bpviz import ops
from bpviz.graph.flow import Flow, Name
from bpviz.graph.propagate import pulled, toward
from bpviz.lazy import LazyModule
from bpviz.ops.table.unknown import UNKNOWN, Unknown

__all__ = ["Between", "Way", "Ways", "between", "slope", "ways"]

np: Any = LazyModule("numpy")


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """One path from a value to the output.

    ``nodes`` are the numbers of the nodes, the source first; ``slots`` the operand slot at which each next node is
    entered. ``slopes`` are the links' derivatives, ∂(next node)/∂(this operand): a number where both are single
    numbers, ``None`` where it is a matrix of derivatives. ``product`` is the share of this path in the gradient of the
    source; it has the source's shape.
    """

    nodes: tuple[int, ...]
    slots: tuple[int, ...]
    slopes: tuple[float | Unknown | None, ...]
    product: Any

    @property
    def wires(self) -> tuple[tuple[int, int], ...]:
        """The links, each as (number of the node that is entered, slot)."""
        return tuple(zip(self.nodes[1:], self.slots, strict=True))


@dataclass(frozen=True, slots=True, eq=False)
class Ways:
    """All paths from one value to another: how many there are, the sum over them, and the ones that are shown.

    ``flow`` holds the gradients of the target; ``total`` is the gradient of the source there, and ``seed`` the gradient
    at the target (1 for a single number), with which every product begins. ``shown`` holds all paths, in the order of
    computation, or the few largest, the largest first. ``exact`` is true if these are certainly the largest: for arrays
    only a bounded search finds them.
    """

    flow: Flow
    source: int
    target: int
    count: int
    shown: tuple[Way, ...]
    total: Any
    seed: Any
    exact: bool

    @property
    def complete(self) -> bool:
        """Whether all paths are shown."""
        return len(self.shown) == self.count


@dataclass(frozen=True, slots=True)
class Between:
    """All nodes (by number) and wires (number of the node entered, slot) on the paths between two values."""

    nodes: frozenset[int]
    wires: frozenset[tuple[int, int]]
    count: int


def ways(flow: Flow, source: Name, target: Name | None = None, most: int = 8) -> Ways:
    """Return the paths from a value to the output or another value, the ``most`` largest in full.

    >>> import bpviz
    >>> flow = bpviz.backprop(lambda x=3.0: x * x + x)
    >>> found = ways(flow, "x")
    >>> found.count, found.total, [(way.slopes, way.product) for way in found.shown]
    (3, 7.0, [((3.0, 1.0), 3.0), ((3.0, 1.0), 3.0), ((1.0,), 1.0)])

    A hundred links of two wires each have 2¹⁰⁰ paths, which are counted quickly:

    >>> def doubled(x=1.0):
    ...     for _ in range(100):
    ...         x = x + x
    ...     return x
    >>> found = ways(bpviz.backprop(doubled), "x", most=2)
    >>> found.count == 2**100, found.total == 2.0**100, len(found.shown)
    (True, True, 2)

    Without any path the count is 0. Raises `UsageError` for an unknown name.
    """
    start = flow.find(source)
    end = flow.output_index if target is None else flow.find(target)
    there = toward(flow, end)
    among = between(there, start, end)
    shown = _largest(there, start, end, among, most) if among.count else ()
    numbers = not any(ops.shape_of(flow.values[i]) for i in among.nodes)
    exact = numbers or among.count <= most
    return Ways(there, start, end, among.count, shown, there.gradient_of(start), there.seed, exact)


def between(flow: Flow, source: int, target: int) -> Between:
    """Return all nodes and wires on the paths from one node to another (by number), and the number of paths.

    A path takes only wires through which a gradient can flow.

    >>> import bpviz
    >>> flow = bpviz.backprop(lambda x=3.0: x * x + x)
    >>> between(flow, 0, 2).count, sorted(between(flow, 0, 2).wires)
    (3, [(1, 0), (1, 1), (2, 0), (2, 1)])
    """
    there = toward(flow, target)
    all_operands = flow.graph.record.operands
    counts = {source: 1}
    entered: list[tuple[int, int]] = []
    for index in range(source + 1, target + 1):
        shares = there.wire_gradients[index]
        if shares is None:
            continue
        for slot, operand in enumerate(all_operands[index]):
            # Every node with a gradient leads to the target, so each node reached from the source is on a path.
            if shares[slot] is not None and operand in counts:
                counts[index] = counts.get(index, 0) + counts[operand]
                entered.append((index, slot))
    if target not in counts:
        return Between(frozenset(), frozenset(), 0)
    return Between(frozenset(counts), frozenset(entered), counts[target])


@dataclass(slots=True, eq=False)
class _Tail:
    """The rest of a path, from a node to the target: the link to the next node, and the gradient at this node."""

    g: Any
    slot: int = 0
    node: int = 0
    rest: _Tail | None = None


def _largest(flow: Flow, source: int, target: int, among: Between, most: int) -> tuple[Way, ...]:
    """Return the paths with the largest products: from the target back, each node keeps its ``most`` largest tails.

    For single numbers this is exact: the slope before a node is the same for all its tails.
    """
    record = flow.graph.record
    tails: dict[int, list[_Tail]] = {target: [_Tail(flow.seed)]}
    with ops.silence():
        for index in sorted(among.nodes - {source}, reverse=True):
            kept = _kept(tails.pop(index), most)
            for slot, operand in enumerate(record.operands[index]):
                if (index, slot) not in among.wires:
                    continue
                found = tails.setdefault(operand, [])
                found += [_Tail(pulled(flow, index, slot, tail.g), slot, index, tail) for tail in kept]
                if len(found) > 4 * most:
                    tails[operand] = _kept(found, most)
            for tail in kept:
                # Keep in memory only what the rest of the backward pass needs.
                tail.g = None
        made = [_way(flow, source, tail) for tail in _kept(tails[source], most)]
    if among.count <= most:
        made.sort(key=lambda way: (way.nodes, way.slots))
    return tuple(made)


def _kept(tails: list[_Tail], most: int) -> list[_Tail]:
    """Return the few largest, NaN first, so that it is seen. Equal ones keep their order."""
    if len(tails) <= most:
        return tails
    return sorted(tails, key=lambda tail: -_size(tail.g))[:most]


def _size(g: Any) -> float:
    """Return the size of a gradient: the magnitude of a number, the norm of an array; infinite if it is not known."""
    if g is UNKNOWN:
        return math.inf
    size = abs(g) if g.__class__ is float else float(np.linalg.norm(g))
    return math.inf if size != size else size


def _way(flow: Flow, source: int, tail: _Tail) -> Way:
    nodes, slots = [source], []
    product, link = tail.g, tail
    while link.rest is not None:
        nodes.append(link.node)
        slots.append(link.slot)
        link = link.rest
    slopes = tuple(slope(flow, nodes[i + 1], slot) for i, slot in enumerate(slots))
    return Way(tuple(nodes), tuple(slots), slopes, product)


def slope(flow: Flow, index: int, slot: int) -> float | Unknown | None:
    """Return the derivative of a step by the operand at a slot; ``None`` unless both are single numbers.

    It is `UNKNOWN` where only another framework knows it.

    >>> import bpviz
    >>> flow = bpviz.backprop(lambda price=100, count=2: price * count)
    >>> slope(flow, flow.output_index, 0)
    2.0
    """
    value, operand = flow.values[index], flow.graph.record.operands[index][slot]
    if ops.size_of(value) != 1 or ops.size_of(flow.values[operand]) != 1:
        return None
    found = pulled(flow, index, slot, 1.0 if value.__class__ is float else np.ones(value.shape))
    return found if found.__class__ is float or found is UNKNOWN else float(found.item())
