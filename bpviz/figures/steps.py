"""A figure in steps, as in a book: every step of the forward pass, then every step of the backward pass, in numbers."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

from bpviz import ops
from bpviz.figure import Box, Plain, Step, Wire
from bpviz.figures.circuit import circuit
from bpviz.figures.options import CircuitOptions
from bpviz.figures.styles import looks_of
from bpviz.formulas.formula import written_out
from bpviz.formulas.symbols import Symbols
from bpviz.graph.flow import Flow
from bpviz.text.numerals import number
from bpviz.text.styles import Styles
from bpviz.words.arithmetic import computed
from bpviz.words.values import columns, line_of, spoken

__all__ = ["Narrator", "steps"]

_IN_A_NOTE = re.compile(r"(?:^|(?<== ))\(\d+\) = ")
"""The number of a long formula in a note, where the formula would stand."""
_LONG = 60
"""The most characters of an expression in a sentence; a longer one is left out."""


def steps(flow: Flow, options: CircuitOptions | None = None, house: Styles = ()) -> tuple[Step, ...]:
    """Return the steps of a flow's figure: its inputs, each operation, the backward pass, and the whole.

    ``house`` are the styles of a theme. Values whose numbers are hidden have only their names in the sentences.

    >>> import bpviz
    >>> def total(price=100, count=2, tax=1.1):
    ...     return price * count * tax
    >>> for step in steps(bpviz.backprop(total)):
    ...     print(step.sentence)
    Inputs: price = 100, count = 2, tax = 1.1
    × : 100 × 2 = 200
    × : total = 200 × 1.1 = 220
    The backward pass begins at total, with a gradient of 1
    × : 1 × 1.1 = 1.1, ∂total/∂tax = 1 × 200 = 200
    × : ∂total/∂price = 1.1 × 2 = 2.2, ∂total/∂count = 1.1 × 100 = 110
    Computation graph of total: total = 220; gradients: price 2.2, count 110, tax 200.
    """
    return tuple(Narrator(flow, options or CircuitOptions(), house).steps())


class Narrator:
    """Writes the steps of one figure. A page that follows its inputs writes the numbers in another way."""

    def __init__(self, flow: Flow, options: CircuitOptions, house: Styles) -> None:
        """Take the flow of the figure, its options, and the styles of its theme."""
        self.flow, self.options, self.say = flow, options, options.lang
        # Its wires have values, and the arithmetic of every gradient.
        self.figure = circuit(flow, replace(options, labels="rules", show="both"), house)
        self.looks = looks_of(flow.graph, options, house)
        self.symbols = Symbols(flow)
        self.boxes = {box.id: box for box in self.figure.boxes}
        self.leaving: dict[str, list[Wire]] = defaultdict(list)
        self.entering: dict[str, list[Wire]] = defaultdict(list)
        for wire in self.figure.wires:
            self.leaving[wire.source].append(wire)
            self.entering[wire.target].append(wire)

    def steps(self) -> Iterator[Step]:
        """Yield all steps, in order."""
        if self.options.show != "backward":
            yield from self._forward()
        if self.options.show != "forward":
            yield from self._backward()
        yield Step(self.figure.description)

    def _forward(self) -> Iterator[Step]:
        given = [box for box in self.figure.boxes if box.kind in ("input", "constant")]
        names = [self._given(box) for box in given if box.kind == "input"]
        yield Step(
            self.say("Inputs: {inputs}", inputs=self.say(", ").join(names)) if names else self.say("Nothing is given"),
            tuple(box.id for box in given),
            tuple(wire.id for box in given for wire in self._onward(box.id)),
        )
        for box in self.figure.boxes:
            if box.kind in ("operation", "group"):
                onward = self._onward(box.id)
                yield Step(
                    f"{self._symbol(box)} : {self._made(box, onward)}", (box.id,), tuple(wire.id for wire in onward)
                )

    def _backward(self) -> Iterator[Step]:
        reached = {wire.id for wire in self.figure.wires if wire.backward is not None}
        done: set[str] = set()
        for box in self.figure.boxes:
            seeded = [wire for wire in self.entering[box.id] if box.kind == "output" and wire.id in reached]
            if seeded:
                seed = spoken(self.flow.seed, self.options.precision, self.say)
                yield self._back(
                    self.say("The backward pass begins at {name}, with a gradient of {seed}", name=box.text, seed=seed),
                    [box],
                    seeded,
                    done,
                )
                yield from self._sums(seeded, reached, done)
        for box in reversed(self.figure.boxes):
            wires = sorted((w for w in self.entering[box.id] if w.id in reached), key=lambda wire: wire.slot)
            if box.kind in ("operation", "group") and wires:
                shares = self._shares(wires)
                yield self._back(f"{self._symbol(box)} : {shares}" if shares else self._symbol(box), [box], wires, done)
                yield from self._sums(wires, reached, done)

    def _back(self, sentence: str, boxes: list[Box], wires: list[Wire], done: set[str]) -> Step:
        done.update(wire.id for wire in wires)
        return Step(sentence, tuple(box.id for box in boxes), (), tuple(wire.id for wire in wires))

    def _sums(self, wires: list[Wire], reached: set[str], done: set[str]) -> Iterator[Step]:
        """Yield a step for each branch dot whose gradients are now all known: there they add up."""
        for dot in dict.fromkeys(wire.source for wire in wires if self.boxes[wire.source].kind == "branch"):
            if all(wire.id in done for wire in self.leaving[dot] if wire.id in reached):
                stems = [wire for wire in self.entering[dot] if wire.id in reached]
                yield self._back(self._shares(stems) or self.boxes[dot].description, [self.boxes[dot]], stems, done)

    def _onward(self, id: str) -> list[Wire]:
        """Return the wires that carry a box's value, also after a branch dot."""
        wires = self.leaving[id]
        dots = [wire.target for wire in wires if self.boxes[wire.target].kind == "branch"]
        return [*wires, *(wire for dot in dots for wire in self.leaving[dot])]

    # Numbers

    def value(self, index: int) -> str:
        """Return the number of a node; nothing if it is hidden."""
        if self.looks.hides(index):
            return ""
        return spoken(self.flow.values[index], self.options.precision, self.say)

    def operand(self, index: int, value: float) -> float | str:
        """Return an operand in an expression in numbers: a constant, a number, or a name if its number is hidden."""
        if self.looks.hides(index):
            return self.symbols.name(index) or "…"
        return value if self.flow.graph.is_constant(index) else number(value, self.options.precision)

    def shown(self, wire: Wire) -> str:
        """Return the number above a wire that has one."""
        label = wire.forward.label if wire.forward else None
        return line_of(label.content, self.say) if label else ""

    def line(self, wire: Wire) -> str:
        """Return the arithmetic of the gradient on a wire; nothing if it is hidden."""
        if wire.backward is None or wire.backward.label is None:
            return ""
        # A long formula stands in a note, which no step shows.
        return _IN_A_NOTE.sub("", line_of(wire.backward.label.content, self.say))

    # Sentences

    def _symbol(self, box: Box) -> str:
        return box.text.replace("\n", " ")

    def _given(self, box: Box) -> str:
        if box.node is None:
            # Several inputs of blocks that are not shown.
            return self._symbol(box)
        return " = ".join(part for part in (self._symbol(box), self.value(box.node)) if part)

    def _made(self, box: Box, onward: list[Wire]) -> str:
        """Return the equation that a box computes."""
        if box.node is None:
            # A closed group: its steps are hidden; several values may leave it.
            shown = [wire for wire in onward if wire.forward and wire.forward.label]
            return self.say(", ").join(dict.fromkeys(map(self.shown, shown)))
        parts = [self.symbols.name(box.node), self._expression(box.node), self.value(box.node)]
        return " = ".join(dict.fromkeys(part for part in parts if part))

    def _expression(self, index: int) -> str:
        """Return the expression of a step: in numbers for numbers, in names for arrays."""
        record = self.flow.graph.record
        operation, operands = record.operations[index], record.operands[index]
        assert operation is not None
        values = [self.flow.values[i] for i in operands]
        if any(map(ops.shape_of, values)) or ops.shape_of(self.flow.values[index]):
            expression = written_out(self.symbols.expression(index))
            return expression if columns(Plain(expression)) <= _LONG else ""
        written = [self.operand(i, float(value)) for i, value in zip(operands, values, strict=True)]
        return computed(operation, written, record.parameters.get(index, {}))

    def _shares(self, wires: list[Wire]) -> str:
        return self.say(", ").join(filter(None, map(self._share, wires)))

    def _share(self, wire: Wire) -> str:
        """Return the arithmetic of the gradient on a wire, after the derivative's name; nothing if it is hidden."""
        line = self.line(wire)
        node = self.boxes[wire.source].node
        if node is None or not line:
            return line
        called = self.symbols.derivative(node)
        return line if not called or line.startswith(called) else f"{called} = {line}"
