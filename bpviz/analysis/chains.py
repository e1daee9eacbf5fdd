"""The paths from a value to the output, link by link, in symbols and in numbers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from bpviz import ops
from bpviz.analysis.paths import Way, between, ways
from bpviz.formulas.formula import written_out
from bpviz.formulas.symbols import Symbols
from bpviz.frozen import dataclass
from bpviz.graph.flow import Flow
from bpviz.ops.table.unknown import Unknown

__all__ = ["Chain", "Link", "NamedPath", "Stage", "chain"]

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

    Arrays have no ``links``: theirs would be matrices of derivatives.
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

    ``count`` is the number of all paths; ``exact`` is true if the shown ones are certainly the largest. ``stages``
    holds the gradients along the paths, from the output back, for arrays (empty for numbers, which have links); the
    last is that of the value itself. ``skipped`` is the number of stages left out in the middle.
    """

    name: str
    count: int
    paths: tuple[NamedPath, ...]
    total: Any
    seed: Any
    exact: bool
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
    found = ways(flow, flow.graph.nodes[index], most=most)
    among = between(flow, index, flow.output_index)
    numbers = not any(ops.shape_of(flow.values[i]) for i in among.nodes)
    paths = tuple(_path(flow, symbols, way, numbers) for way in found.shown)
    stages: tuple[Stage, ...] = ()
    skipped = 0
    if not numbers:
        named = [i for i in sorted(among.nodes, reverse=True) if flow.graph.labels[i] and i != flow.output_index]
        skipped = max(len(named) - _STAGES, 0)
        kept = named if not skipped else named[: _STAGES // 2] + named[-_STAGES // 2 :]
        stages = tuple(_stage(flow, symbols, i) for i in kept)
    return Chain(flow.graph.names[index], found.count, paths, found.total, found.seed, found.exact, stages, skipped)


def _stage(flow: Flow, symbols: Symbols, index: int) -> Stage:
    name = flow.graph.names[index]
    return Stage(name, symbols.derivative(index), symbols.gradient(index), flow.gradient_of(index))


def _path(flow: Flow, symbols: Symbols, way: Way, numbers: bool) -> NamedPath:
    """Return a path with its unnamed steps merged into the links."""
    names, labels = flow.graph.names, flow.graph.labels
    last, all_wires = len(way.nodes) - 1, way.wires
    ends = [i for i, node in enumerate(way.nodes) if i in (0, last) or labels[node]]
    links = []
    short = numbers and len(ends) <= _LONG + 1
    for start, end in pairwise(ends):
        slope: float | Unknown = 1.0
        for part in way.slopes[start:end]:
            slope *= 1.0 if part is None else part
        wires = all_wires[start:end]
        formula = _formula(symbols, wires) if short and len(wires) <= _LONG else ""
        links.append(Link(names[way.nodes[start]], names[way.nodes[end]], formula, slope))
    return NamedPath(tuple(names[way.nodes[i]] for i in ends), tuple(links) if numbers else (), way.product)


def _formula(symbols: Symbols, wires: Sequence[tuple[int, int]]) -> str:
    """Return the product of the links' derivatives."""
    product: Any = 1.0
    for target, slot in wires:
        product = symbols.slope(target, slot) * product
    return written_out(product)
