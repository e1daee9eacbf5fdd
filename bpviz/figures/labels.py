"""The labels at the arrows of a circuit: names and numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from bpviz import ops
from bpviz.figure import Box, Content, Label, Plain, Tone
from bpviz.figures.options import Constants
from bpviz.frozen import dataclass
from bpviz.graph.flow import Flow
from bpviz.graph.graph import Graph
from bpviz.recording.recorder import NO_VALUE
from bpviz.text.language import ENGLISH, Language
from bpviz.text.numerals import added
from bpviz.text.widths import visible
from bpviz.words.constants import Folding
from bpviz.words.values import content, line_of

__all__ = ["Names", "Subject", "Use", "Values", "renamed", "total"]

_TERMS = 12
"""The most gradients that are written out in the note with their sum."""


@dataclass(frozen=True, slots=True)
class Use:
    """A use of a value: the box it goes to, the slot there, and the gradient that comes back.

    ``steps`` holds the operands that it stands for, (number of the step, slot); ``seeded`` is true if the output whose
    gradient is taken is one of them; ``terms`` holds the gradients that add up in it. ``arriving`` is the node whose
    numbers arrive, which may differ from the one where the wire begins.
    """

    box: Box
    slot: int
    share: Any
    steps: tuple[tuple[int, int], ...] = ()
    seeded: bool = False
    terms: tuple[Any, ...] = ()
    arriving: int = -1

    def with_others(self, others: Sequence[Use]) -> Use:
        """Return this use merged with others: the gradients add up."""
        uses = (self, *others)
        steps = tuple(step for use in uses for step in use.steps)
        terms, seeded = tuple(use.share for use in uses if use.share is not None), any(use.seeded for use in uses)
        return Use(self.box, self.slot, total(terms), steps, seeded, terms, self.arriving)


def total(shares: Sequence[Any]) -> Any:
    """Return the sum of all that are not ``None``; ``None`` if all are.

    >>> total([1.0, None, 2.0])
    3.0
    """
    found = None
    for share in shares:
        if share is not None:
            found = share if found is None else found + share
    return found


def renamed(graph: Graph, names: Iterable[tuple[str, str]]) -> list[str]:
    """Return what a figure calls every node: by its own name, or by another that ``names`` has for it.

    Raises `UsageError` if the graph has no value of such a name.
    """
    labels = list(graph.labels)
    for index, name in graph.record.is_input.items():
        if labels[index] == name:
            labels[index] = visible(name)
    for name, text in names:
        labels[graph.find(name)] = text
    return labels


@dataclass(frozen=True, slots=True)
class Subject:
    """What labels are written for: a graph, its numbers if it has them, and the name of every node.

    ``precision`` is the number of digits shown, ``constants`` where constants are drawn.
    """

    graph: Graph
    flow: Flow | None
    labels: Sequence[str]
    precision: int
    constants: Constants = "wires"


class Names:
    """Only the names of values, the symbols in circles, and the constants in boxes."""

    def __init__(self, subject: Subject) -> None:
        self.graph, self.flow = subject.graph, subject.flow
        self.labels, self.precision = subject.labels, subject.precision
        self.folding = Folding(self.graph, self.labels, subject.constants, self.precision)
        self.say = ENGLISH
        self.record = self.graph.record

    def forward(self, index: int, name: str, stem: bool) -> Label | None:
        """Return the label above the wire of a node; ``stem`` is true at the wire where the value appears first."""
        return Label(Plain(""), name) if name else None

    def backward(self, index: int, use: Use, stem: bool) -> Label | None:
        """Return the label below a wire, for the gradient that comes back from ``use``."""
        return None

    def sum(self, index: int, uses: Sequence[Use], say: Language) -> str:
        """Return the note that the gradients of several uses of an input add up; empty without gradients."""
        return ""

    @property
    def notes(self) -> tuple[str, ...]:
        """The notes below the figure; read them when all labels are written."""
        return ()

    def forget(self, notes: tuple[str, ...]) -> None:
        """Forget the notes after these, with the labels that are not drawn after all."""

    def tone(self, index: int, use: Use, stem: bool) -> Tone:
        """Return the tone of the wire to ``use``, if nothing else decides it."""
        return "plain"

    def value(self, index: int) -> Any:
        """Return the number or array of a node; ``NO_VALUE`` if the graph has no numbers."""
        return NO_VALUE if self.flow is None else self.flow.values[index]

    def shown(self, index: int) -> Content:
        """Return the value of a node in short form; a graph without numbers has only those of constants."""
        values = self.record.values if self.flow is None else self.flow.values
        return content(values[index], self.precision, self.say)

    def gradient(self, index: int, use: Use, stem: bool) -> Content:
        """Return the gradient that comes back from ``use`` in short form."""
        return content(use.share, self.precision, self.say)

    def symbol(self, index: int) -> tuple[str, tuple[int, ...]]:
        """Return the symbol in the circle of a step, and the constants written there, which need no own box."""
        operation, operands = self.record.operations[index], self.record.operands[index]
        assert operation is not None
        if index in self.record.symbols:
            return self.record.symbols[index], ()
        if operation.drawn is not None:
            constants = [
                self.record.values[i] if self.graph.is_constant(i) and not ops.shape_of(self.record.values[i]) else None
                for i in operands
            ]
            drawn = operation.drawn(constants, self.record.parameters.get(index, {}))
            if drawn is not None:
                symbol, slots = drawn
                return symbol, tuple(operands[slot] for slot in slots)
        folded = self.folding.symbol(index)
        if folded is not None:
            return folded
        names = {}
        for letter, operand in zip(operation.operands, operands, strict=False):
            label = self.labels[operand]
            names[letter] = label if 0 < len(label) <= 3 else letter
        return (operation.symbol.format(**names) if "{" in operation.symbol else operation.symbol), ()


class Values(Names):
    """Numbers: the value above its wire, the gradient below."""

    def forward(self, index: int, name: str, stem: bool) -> Label | None:
        """Return the value, after its name."""
        value = self.value(index)
        if value is NO_VALUE:
            return super().forward(index, name, stem)
        if self.graph.is_constant(index) and not ops.shape_of(value) and not self.labels[index]:
            # Its name is its number.
            return None
        return Label(self.shown(index), name)

    def backward(self, index: int, use: Use, stem: bool) -> Label:
        """Return the gradient."""
        return Label(self.gradient(index, use, stem))

    def sum(self, index: int, uses: Sequence[Use], say: Language) -> str:
        """Return ``∂loss/∂w = 0.5 + 1.2 = 1.7``; the sum alone for arrays, and for many uses."""
        parts = [use for use in uses if use.share is not None]
        if self.flow is None or len(parts) < 2:
            return ""
        names = (self.labels[self.flow.output_index], self.flow.graph.name, self.flow.output_name, say("output"))
        output = next(name for name in names if name and name != self.labels[index])
        called = f"∂{output}/∂{self.labels[index]}"
        whole = line_of(self.gradient(index, parts[0].with_others(parts[1:]), True), say)
        shown = [self.gradient(index, use, False) for use in parts]
        if len(shown) > _TERMS or not all(isinstance(one, Plain) for one in shown) or ops.shape_of(parts[0].share):
            return say(
                "{gradient} is the sum of its {count} parts: {sum}", gradient=called, count=len(parts), sum=whole
            )
        return f"{called} = {added(line_of(one, say) for one in shown)} = {whole}"
