"""What stands at the arrows of a circuit: one class for each choice of ``labels``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bpviz import ops
from bpviz.figure import Label, Plain
from bpviz.figures.content import content, shape_text
from bpviz.flow import Flow
from bpviz.formula import written_out
from bpviz.graph import Graph
from bpviz.recorder import NO_VALUE
from bpviz.symbols import Symbols

__all__ = ["KINDS", "Use", "Values", "labels_of", "total"]

_LONG = 28
"""The most characters of an expression above a wire; beyond, the name alone stands there."""


@dataclass(frozen=True, slots=True)
class Use:
    """A place where a value is used: the box it leads to, the slot there, and the gradient that comes back from it.

    ``steps`` are the operands that it stands for, (number of the step, slot); ``seeded`` tells that the output whose
    gradient is taken is among what it stands for. ``arriving`` is the node whose numbers come in there, where it is
    another than the one at which the wire begins.
    """

    box: str
    slot: int
    share: Any
    steps: tuple[tuple[int, int], ...] = ()
    seeded: bool = False
    arriving: int = -1

    def with_others(self, others: Sequence[Use]) -> Use:
        """This use standing for others as well: the gradients add up."""
        uses = (self, *others)
        steps = tuple(step for use in uses for step in use.steps)
        shares, seeded = total([use.share for use in uses]), any(use.seeded for use in uses)
        return Use(self.box, self.slot, shares, steps, seeded, self.arriving)


def total(shares: Sequence[Any]) -> Any:
    """The sum of what is not ``None``; ``None`` where nothing is.

    >>> total([1.0, None, 2.0])
    3.0
    """
    found = None
    for share in shares:
        if share is not None:
            found = share if found is None else found + share
    return found


class Names:
    """Nothing but the names of values."""

    def __init__(self, graph: Graph, flow: Flow | None, labels: Sequence[str], precision: int) -> None:
        """Take the graph, its numbers where it has them, the name of every node and how many digits are shown."""
        self.graph = graph
        self.record = graph.record
        self.flow = flow
        self.labels = labels
        self.precision = precision

    def forward(self, index: int, name: str, stem: bool) -> Label | None:
        """The label above the wire of a node; ``stem`` tells the wire at which the value appears first."""
        return Label(Plain(""), name) if name else None

    def backward(self, index: int, use: Use, stem: bool) -> Label | None:
        """The label below a wire, at the gradient that comes back from ``use``."""
        return None

    def value(self, index: int) -> Any:
        """The number or array that flows; ``NO_VALUE`` where the graph has no numbers."""
        return NO_VALUE if self.flow is None else self.flow.values[index]


class Values(Names):
    """Numbers: the value above its wire, the gradient below."""

    def forward(self, index: int, name: str, stem: bool) -> Label | None:
        """The value, behind its name."""
        value = self.value(index)
        if value is NO_VALUE:
            return super().forward(index, name, stem)
        if self.graph.is_constant(index) and not ops.shape_of(value):
            return None
        return Label(content(value, self.precision), name)

    def backward(self, index: int, use: Use, stem: bool) -> Label | None:
        """The gradient."""
        return Label(content(use.share, self.precision))


class Expressions(Names):
    """Formulas: the expression of every value above its wire, that of its gradient below."""

    def __init__(self, graph: Graph, flow: Flow | None, labels: Sequence[str], precision: int) -> None:
        """Read the flow in symbols; without numbers the names alone are shown."""
        super().__init__(graph, flow, labels, precision)
        self.symbols = None if flow is None else Symbols(flow, labels)

    def forward(self, index: int, name: str, stem: bool) -> Label | None:
        """The expression that is computed, where it is not too long; the shape of arrays that are given."""
        bare = super().forward(index, name, stem)
        if self.symbols is None:
            return bare
        if self.record.operations[index] is None:
            shape = ops.shape_of(self.value(index))
            return Label(Plain(shape_text(shape))) if shape and stem else None
        expression = self.symbols.value(index)
        if not stem or len(expression) > _LONG:
            return bare
        return Label(Plain(f"{name} = {expression}" if name not in ("", expression) else expression))

    def backward(self, index: int, use: Use, stem: bool) -> Label | None:
        """The derivative, called by its name where it has one."""
        assert self.symbols is not None
        formula = total([1.0 if use.seeded else None, *(self.symbols.share(*step) for step in use.steps)])
        text = "" if formula is None else written_out(formula)
        called = self.symbols.derivative(index) if stem and use.steps else ""
        return Label(Plain(f"{called} = {text}" if called else text))


KINDS = {"values": Values, "symbols": Expressions, "none": Names}
"""What ``labels`` may be, and who writes them."""


def labels_of(kind: str, graph: Graph, flow: Flow | None, labels: Sequence[str], precision: int) -> Names:
    """What writes the labels of this kind."""
    return KINDS[kind](graph, flow, labels, precision)
