"""What a circuit lights: paths, whose parts are in front of all others or stand alone; and shared factors."""

from __future__ import annotations

from bpviz.analysis.chains import chain
from bpviz.analysis.paths import between, slope
from bpviz.analysis.sharing import shared_factors, shared_in
from bpviz.documents.document import Lines, Paragraph
from bpviz.errors import UsageError
from bpviz.figure import Label, Plain, Tone
from bpviz.figures.labels import Subject, Use, Values
from bpviz.graph.flow import Flow
from bpviz.graph.graph import Graph
from bpviz.graph.propagate import toward
from bpviz.ops.table.unknown import Unknown
from bpviz.text.language import ENGLISH, Language
from bpviz.text.numerals import number
from bpviz.words.chains import chain_blocks

__all__ = ["Selection", "Shared", "Slopes", "selection"]

_SHOWN = 6
"""The most paths that are written out below a figure."""


class Selection:
    """The paths from one value to another: their nodes and wires by number, and the notes about them.

    ``feeding`` holds the nodes off the paths whose values the paths use as operands.
    """

    def __init__(self, flow: Flow, source: int, target: int, precision: int, say: Language) -> None:
        """Find the paths.

        Raises `UsageError` if there is none.
        """
        names = flow.graph.names
        found = between(flow, source, target)
        if not found.count or source == target:
            raise UsageError(
                f"no path leads from {names[source]!r} to {names[target]!r}; a path goes from a value to one that is "
                "computed from it, along wires on which a gradient comes back"
            )
        self.source, self.target = source, target
        self.nodes, self.wires = found.nodes, found.wires
        operands = flow.graph.record.operands
        self.feeding = frozenset(i for node in self.nodes - {source} for i in operands[node]) - self.nodes
        self.flow = toward(flow, target)
        shown = chain(self.flow, self.flow.symbols, source, most=_SHOWN)
        notes: list[str] = []
        for block in chain_blocks(shown, names[target], precision, say):
            notes += block.lines if isinstance(block, Lines) else [block.text] if isinstance(block, Paragraph) else []
        self.notes = tuple(notes)

    def holds(self, use: Use) -> bool:
        """Return whether a use of a value lies on a path."""
        return any(step in self.wires for step in use.steps) or (use.seeded and use.arriving == self.target)


def selection(text: str, flow: Flow | None, graph: Graph, precision: int, say: Language = ENGLISH) -> Selection:
    """Return the paths that ``A..B`` names, or ``A`` alone: from there to the output.

    >>> import bpviz
    >>> flow = bpviz.backprop(lambda x=3.0, w=2.0: bpviz.name(x * w, "z") + x)
    >>> sorted(selection("x..z", flow, flow.graph, 4).wires)
    [(2, 0)]

    Raises `UsageError` for an unknown name, text that names no path, and a graph without numbers.
    """
    source, dots, target = text.partition("..")
    if not source.strip() or (dots and not target.strip()) or ".." in target:
        raise UsageError(f"{text!r} names no path; write NAME..NAME, or one NAME for the paths to the output")
    if flow is None:
        raise UsageError("paths are those of a run; give every input a value")
    start = graph.find(source.strip())
    return Selection(flow, start, graph.find(target.strip()) if dots else flow.output_index, precision, say)


class Slopes(Values):
    """Numbers, and along highlighted wires the slope of each link, which the backward pass multiplies."""

    def __init__(self, subject: Subject, lit: frozenset[tuple[int, int]]) -> None:
        """Take also the highlighted wires, (number of the step, slot)."""
        super().__init__(subject)
        self.lit = lit

    def backward(self, index: int, use: Use, stem: bool) -> Label:
        """Return the slope of a highlighted link between single numbers, else the gradient. A closed group has none."""
        one = len(use.steps) == 1 and use.steps[0] in self.lit and use.box.kind != "group"
        found = slope(self.flow, *use.steps[0]) if self.flow is not None and one else None
        if found is not None and not isinstance(found, Unknown):
            text = number(found, self.precision)
            return Label(Plain(f"× ({text})" if found < 0 else f"× {text}"))
        return super().backward(index, use, stem)


class Shared:
    """The places of shared factors: the wires along which they flow back, or their steps in a gradient's figure."""

    def __init__(self, graph: Graph, flow: Flow | None) -> None:
        """Find them in the graph if it is that of a gradient, else in the backward pass of its flow."""
        self.steps = set(shared_in(graph)) if graph.is_gradient else set()
        factors = () if flow is None or graph.is_gradient else shared_factors(flow).factors
        self.wires = {wire: factor.name for factor in factors for wire in factor.wires}
        self.nodes = {node: factor.name for factor in factors for node in factor.nodes}

    def step(self, index: int) -> Tone:
        """Return the tone of a node's box."""
        return "shared" if index in self.steps else "plain"

    def gradient(self, index: int, use: Use, stem: bool) -> str:
        """Return the name of the shared factor that flows back from a use; empty if there is none."""
        names = {self.wires.get(step, "") for step in use.steps}
        if len(names) == 1:
            return names.pop()
        return self.nodes.get(index, "") if stem else ""
