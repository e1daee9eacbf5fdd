"""Paths of a circuit: their parts are in front, all other parts in the background or are left out."""

from __future__ import annotations

from collections.abc import Sequence

from bpviz.analysis.chains import chain
from bpviz.analysis.paths import between, slope
from bpviz.documents.document import Lines, Paragraph
from bpviz.errors import UsageError
from bpviz.figure import Label, Plain
from bpviz.figures.labels import Use, Values
from bpviz.graph.flow import Flow
from bpviz.graph.graph import Graph
from bpviz.graph.propagate import toward
from bpviz.text.language import ENGLISH, Language
from bpviz.text.numerals import number
from bpviz.words.chains import chain_blocks

__all__ = ["Selection", "Slopes", "selection"]

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

    def __init__(
        self,
        graph: Graph,
        flow: Flow | None,
        labels: Sequence[str],
        precision: int,
        lit: frozenset[tuple[int, int]],
    ) -> None:
        """Take also the highlighted wires, (number of the step, slot)."""
        super().__init__(graph, flow, labels, precision)
        self.lit = lit

    def backward(self, index: int, use: Use, stem: bool) -> Label:
        """Return the slope of a highlighted link between single numbers, else the gradient. A closed group has none."""
        one = len(use.steps) == 1 and use.steps[0] in self.lit and use.box.kind != "group"
        found = slope(self.flow, *use.steps[0]) if self.flow is not None and one else None
        if found is not None:
            text = number(found, self.precision)
            return Label(Plain(f"× ({text})" if found < 0 else f"× {text}"))
        return super().backward(index, use, stem)
