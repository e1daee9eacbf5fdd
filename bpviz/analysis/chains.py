"""The paths from a value to the output, link by link, in symbols and in numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

from bpviz import ops
from bpviz.analysis.paths import Way, Ways, between, ways
from bpviz.formulas.formula import written_out
from bpviz.formulas.symbols import Symbols
from bpviz.frozen import dataclass
from bpviz.graph.flow import Flow
from bpviz.ops.table.unknown import Unknown

__all__ = ["Chain", "Link", "NamedPath", "Stage", "chain", "chain_of"]

_LONG = 8
"""The most links of a path, and the most unnamed steps of a link, that are written out as formulas."""
_STAGES = 12
"""The most values along the paths whose gradients are written out."""


@dataclass(frozen=True, slots=True)
class Link:
    """A piece of a path, from one named value to the next: ∂target/∂source, as a formula and as a number.

    The formula is empty where it would be too long to read.
    """

    source: str
    target: str
    formula: str
    slope: float | Unknown


@dataclass(frozen=True, slots=True, eq=False)
class NamedPath:
    """One path: its named values, the links between them, and its share of the gradient.

    Among the ``names`` are the signs of unnamed steps where they tell paths apart: x → e → Σ → L, and x → e → L. Arrays
    have no ``links``: theirs would be matrices of derivatives.
    """

    names: tuple[str, ...]
    links: tuple[Link, ...]
    product: Any


@dataclass(frozen=True, slots=True)
class Stage:
    """The gradient of a value along the paths: its name, its formula, and its number or array."""

    name: str
    derivative: str
    formula: str
    gradient: Any


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """The shown paths from one value to the output, and the sum of all paths.

    ``count`` is the number of all paths; ``exact`` is true if the shown ones are certainly the largest, and ``None`` if
    they are any. ``stages``
    holds the gradients along the paths, from the output back, for arrays (empty for numbers, which have links); the
    last is that of the value itself. ``skipped`` is the number of stages left out in the middle.
    """

    name: str
    count: int
    paths: tuple[NamedPath, ...]
    total: Any
    seed: Any
    exact: bool | None
    stages: tuple[Stage, ...] = ()
    skipped: int = 0


def chain(flow: Flow, symbols: Symbols, index: int, most: int = 8) -> Chain:
    """Return the paths from a node to the output; at most ``most`` are shown.

    >>> import bpviz
    >>> def y(p=100, n=2, t=1.1):
    ...     x = p * n
    ...     return x * t
    >>> flow = bpviz.backprop(y)
    >>> found = chain(flow, Symbols(flow), flow.graph.find("p"))
    >>> [(link.source, link.target, link.formula, link.slope) for link in found.paths[0].links]
    [('p', 'x', 'n', 2.0), ('x', 'y', 't', 1.1)]
    """
    return chain_of(ways(flow, flow.graph.nodes[index], most=most), symbols)


def chain_of(
    found: Ways,
    symbols: Symbols,
    gradient_of: Callable[[int], Any] | None = None,
    called: Callable[[int], str] | None = None,
) -> Chain:
    """Return paths to the output in symbols and numbers.

    ``gradient_of`` returns the gradient of a node, if it is not that of the flow; ``called`` what a node is called.
    """
    flow, index = found.flow, found.source
    gradient_of = gradient_of or flow.gradient_of
    called = called or partial(_name, symbols)
    among = between(flow, index, flow.output_index)
    numbers = not any(ops.shape_of(flow.values[i]) for i in among.nodes)
    marks = _partings(flow, found.shown)
    paths = tuple(
        _path(flow, symbols, way, numbers, called, marked) for way, marked in zip(found.shown, marks, strict=True)
    )
    stages: tuple[Stage, ...] = ()
    skipped = 0
    if not numbers:
        labels, ends = flow.graph.labels, {flow.output_index}
        named = [i for i in sorted(among.nodes - ends, reverse=True) if labels[i] or i == index]
        skipped = max(len(named) - _STAGES, 0)
        kept = named if not skipped else named[: _STAGES // 2] + named[-_STAGES // 2 :]
        stages = tuple(Stage(called(i), symbols.derivative(i), symbols.gradient(i), gradient_of(i)) for i in kept)
    name, count = called(index), found.count
    return Chain(name, count, paths, found.total, found.seed, found.exact, stages, skipped)


def _name(symbols: Symbols, index: int) -> str:
    """Return what a node is called: as in formulas, or if it has no name there as in the graph."""
    return symbols.name(index) or symbols.flow.graph.names[index]


def _ends(flow: Flow, way: Way) -> list[int]:
    """Return the places on a path at which a link begins or ends: its ends, and named values."""
    last = len(way.nodes) - 1
    return [i for i, node in enumerate(way.nodes) if i in (0, last) or flow.graph.labels[node]]


def _partings(flow: Flow, shown: Sequence[Way]) -> list[frozenset[int]]:
    """Return for each path the unnamed steps that tell it apart from others through the same named values."""
    groups: dict[tuple[int, ...], list[Way]] = {}
    named = [tuple(way.nodes[i] for i in _ends(flow, way)) for way in shown]
    for nodes, way in zip(named, shown, strict=True):
        groups.setdefault(nodes, []).append(way)
    common = {nodes: frozenset.intersection(*(frozenset(way.nodes) for way in same)) for nodes, same in groups.items()}
    return [frozenset(way.nodes) - common[nodes] for nodes, way in zip(named, shown, strict=True)]


def _path(
    flow: Flow,
    symbols: Symbols,
    way: Way,
    numbers: bool,
    called: Callable[[int], str],
    marked: frozenset[int],
) -> NamedPath:
    """Return a path with its unnamed steps merged into the links; the ``marked`` ones are in it by their signs."""
    names, operations = [called(i) for i in way.nodes], flow.graph.record.operations
    ends, all_wires = _ends(flow, way), way.wires
    links = []
    short = numbers and len(ends) <= _LONG + 1
    for start, end in pairwise(ends):
        slope: float | Unknown = 1.0
        for part in way.slopes[start:end]:
            slope *= 1.0 if part is None else part
        wires = all_wires[start:end]
        formula = _formula(symbols, wires) if short and len(wires) <= _LONG else ""
        links.append(Link(names[start], names[end], formula, slope))
    route, kept = [], set(ends)
    for i, node in enumerate(way.nodes):
        row = operations[node]
        if i in kept:
            route.append(names[i])
        elif node in marked and row is not None and not row.plumbing:
            route.append(row.symbol)
    return NamedPath(tuple(route), tuple(links) if numbers else (), way.product)


def _formula(symbols: Symbols, wires: Sequence[tuple[int, int]]) -> str:
    """Return the product of the links' derivatives."""
    product: Any = 1.0
    for target, slot in wires:
        product = symbols.slope(target, slot) * product
    return written_out(product)
