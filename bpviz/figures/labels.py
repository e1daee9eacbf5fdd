"""What stands at the arrows of a circuit: one class for each choice of ``labels``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from bpviz import ops
from bpviz.expression import is_constant, is_number
from bpviz.figure import Label, Plain, Row, Tone
from bpviz.figures.content import changed, columns, content, formula_content, shape_text
from bpviz.flow import Flow
from bpviz.formula import written_out
from bpviz.graph import Graph
from bpviz.number import number
from bpviz.pairing import Pairing
from bpviz.paths import slope
from bpviz.recorder import NO_VALUE
from bpviz.symbols import Symbols

__all__ = ["KINDS", "Changes", "Use", "Values", "labels_of", "total"]

_LONG = 36
"""The most characters of a formula and its name at a wire; beyond, its number stands there and a note spells it out."""
_SPELLED = 600
"""The most characters of a formula in a note; `Flow.formula` has the whole."""
_TERMS = 4
"""The most terms of a sum that are written out."""


@dataclass(frozen=True, slots=True)
class Use:
    """A place where a value is used: the box it leads to, the slot there, and the gradient that comes back from it.

    ``steps`` are the operands that it stands for, (number of the step, slot); ``seeded`` tells that the output whose
    gradient is taken is among what it stands for, ``terms`` are the gradients that add up in it. ``arriving`` is the
    node whose numbers come in there, where it is another than the one at which the wire begins.
    """

    box: str
    slot: int
    share: Any
    steps: tuple[tuple[int, int], ...] = ()
    seeded: bool = False
    terms: tuple[Any, ...] = ()
    arriving: int = -1

    def with_others(self, others: Sequence[Use]) -> Use:
        """This use standing for others as well: the gradients add up."""
        uses = (self, *others)
        steps = tuple(step for use in uses for step in use.steps)
        terms, seeded = tuple(use.share for use in uses if use.share is not None), any(use.seeded for use in uses)
        return Use(self.box, self.slot, total(terms), steps, seeded, terms, self.arriving)


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

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be read below the figure; ask when all labels are written."""
        return ()

    def tone(self, index: int, use: Use, stem: bool) -> Tone:
        """How loud the wire to ``use`` is drawn, where nothing else decides."""
        return "plain"

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
        if self.graph.is_constant(index) and not ops.shape_of(value) and not self.labels[index]:
            # Its number is what it is called.
            return None
        return Label(content(value, self.precision), name)

    def backward(self, index: int, use: Use, stem: bool) -> Label:
        """The gradient."""
        return Label(content(use.share, self.precision))


class Slopes(Values):
    """Numbers, and along the lit wires the slope of each link: what the reader multiplies on the way back."""

    def __init__(
        self,
        graph: Graph,
        flow: Flow | None,
        labels: Sequence[str],
        precision: int,
        lit: frozenset[tuple[int, int]],
    ) -> None:
        """Take also the wires that are lit, (number of the step, slot)."""
        super().__init__(graph, flow, labels, precision)
        self.lit = lit

    def backward(self, index: int, use: Use, stem: bool) -> Label:
        """The slope of a lit link between single numbers, else the gradient; a closed group is no single link."""
        one = len(use.steps) == 1 and use.steps[0] in self.lit and not use.box.startswith("g")
        found = slope(self.flow, *use.steps[0]) if self.flow is not None and one else None
        if found is not None:
            text = number(found, self.precision)
            return Label(Plain(f"× ({text})" if found < 0 else f"× {text}"))
        return super().backward(index, use, stem)


class Changes(Values):
    """Numbers of two runs: ``100 → 200``, the value above its wire, the gradient below."""

    def __init__(
        self, graph: Graph, flow: Flow | None, labels: Sequence[str], precision: int, pairing: Pairing
    ) -> None:
        """Take also the run before, its nodes paired with those of this one."""
        super().__init__(graph, flow, labels, precision)
        self.pairing = pairing
        self.before = pairing.before

    def forward(self, index: int, name: str, stem: bool) -> Label | None:
        """The value before and now, behind its name."""
        label, was = super().forward(index, name, stem), self.pairing.old.get(index)
        if label is None or was is None:
            return label
        return replace(label, content=changed(self.before.values[was], self.value(index), self.precision))

    def backward(self, index: int, use: Use, stem: bool) -> Label:
        """The gradient before and now."""
        earlier = self._earlier(index, use, stem)
        if earlier is None:
            return super().backward(index, use, stem)
        return Label(changed(earlier, use.share, self.precision))

    def _earlier(self, index: int, use: Use, stem: bool) -> Any:
        """The gradient that came back here before; ``None`` where none did, or there was no such wire."""
        was = self.pairing.old.get(index)
        if was is None:
            return None
        if stem:
            return self.before.gradients[was]
        old = self.pairing.old
        shares = [self.before.wire_share(old[i], slot) for i, slot in use.steps if self.pairing.slot_kept(i, slot)]
        return total([self.before.seed if use.seeded and was == self.before.output_index else None, *shares])

    def tone(self, index: int, use: Use, stem: bool) -> Tone:
        """In front where the wire is new, in the background where it says the same as before."""
        kept = stem or use.seeded or any(self.pairing.slot_kept(*step) for step in use.steps)
        if index not in self.pairing.old or not kept:
            return "strong"
        same = self.forward(index, "", stem) == super().forward(index, "", stem)
        earlier = self._earlier(index, use, stem)
        if earlier is None or use.share is None:
            return "pale" if same and earlier is use.share else "plain"
        return "pale" if same and self.backward(index, use, stem) == super().backward(index, use, stem) else "plain"


class Expressions(Names):
    """Formulas: the expression of every value above its wire, that of its gradient below."""

    def __init__(self, graph: Graph, flow: Flow | None, labels: Sequence[str], precision: int) -> None:
        """Read the flow in symbols; without numbers the names alone are shown."""
        super().__init__(graph, flow, labels, precision)
        self.symbols = None if flow is None else Symbols(flow, labels)
        self.long: list[str] = []

    @property
    def notes(self) -> tuple[str, ...]:
        """The long formulas, spelled out by their numbers."""
        return tuple(f"({count}) = {text}" for count, text in enumerate(self.long, 1))

    def forward(self, index: int, name: str, stem: bool) -> Label | None:
        """The expression that is computed; the shape of arrays that are given."""
        bare = super().forward(index, name, stem)
        if self.symbols is None:
            return bare
        if self.record.operations[index] is None:
            shape = ops.shape_of(self.value(index))
            return Label(Plain(shape_text(shape))) if shape and stem else None
        if not stem:
            return bare
        called = self.symbols.name(index)
        # What tells values of the same name apart is written wherever it is not at the end of the wire.
        name = called if called != self.labels[index] else name
        return Label(self._line(name, self.symbols.expression(index)))

    def backward(self, index: int, use: Use, stem: bool) -> Label:
        """The derivative, called by its name where it has one."""
        assert self.symbols is not None
        called = self.symbols.called(index) if stem and use.steps else None
        return Label(self._line("" if called is None else called, self.formula(use)))

    def formula(self, use: Use) -> Any:
        """The gradient that comes back from a use."""
        assert self.symbols is not None
        return total([1.0 if use.seeded else None, *(self.symbols.share(*step) for step in use.steps)])

    def _line(self, called: Any, formula: Any) -> Plain | Row:
        """``called = formula``; of a long formula its number, by which a note below the figure spells it out."""
        if formula is None:
            return Plain("")
        text = written_out(formula)
        before = [called, " = "] if str(called) not in ("", text) else []
        line = formula_content(*before, formula)
        if columns(line) <= _LONG:
            return line
        self.long.append(text if len(text) <= _SPELLED else f"{text[:_SPELLED]} …")
        return formula_content(*before, f"({len(self.long)})")


def _is_plain(formula: Any) -> bool:
    return formula is None or is_number(formula) or is_constant(formula)


class Rules(Values):
    """The rule of every operation at work: what comes back from above, times the slope there, is what goes on."""

    def __init__(self, graph: Graph, flow: Flow | None, labels: Sequence[str], precision: int) -> None:
        """Arrays are told by their formulas, for which the flow is read in symbols."""
        super().__init__(graph, flow, labels, precision)
        arrays = flow is not None and any(map(ops.shape_of, flow.values))
        self.expressions = Expressions(graph, flow, labels, precision) if arrays else None

    @property
    def notes(self) -> tuple[str, ...]:
        """The long formulas, spelled out by their numbers."""
        return self.expressions.notes if self.expressions else ()

    def backward(self, index: int, use: Use, stem: bool) -> Label:
        """``1.1 × 2 = 2.2``; where several ways meet ``3 + 3 + 1 = 7``; of arrays the formula and what it comes to."""
        result = super().backward(index, use, stem)
        if self.expressions is not None and not _is_plain(self.expressions.formula(use)):
            formula = self.expressions.backward(index, use, stem)
            return Label(Row((formula.content, Plain(" = "), result.content)))
        if ops.shape_of(use.share):
            return result
        if len(use.terms) > 1:
            return Label(Plain(f"{self._sum(use.terms)} = {self._number(use.share)}"))
        # Of a closed group the steps are hidden.
        if len(use.steps) != 1 or not use.box.startswith("n"):
            return result
        upstream, slope = self._rule(*use.steps[0])
        if ops.shape_of(upstream) or ops.shape_of(slope):
            return result
        times = f"({self._number(slope)})" if slope < 0 else self._number(slope)
        return Label(Plain(f"{self._number(upstream)} × {times} = {self._number(use.share)}"))

    def _rule(self, target: int, slot: int) -> tuple[Any, Any]:
        """What comes back to an operation, and by how much it grows with the operand in this slot."""
        assert self.flow is not None
        operands, values = self.record.operands[target], self.flow.values
        operation = self.record.operations[target]
        assert operation is not None
        rule = operation.rules(len(operands))[slot]
        assert rule is not None
        xs, told = [values[i] for i in operands], self.record.parameters.get(target, {})
        return self.flow.gradients[target], ops.pull(rule, 1.0, values[target], xs, told)

    def _sum(self, terms: Sequence[Any]) -> str:
        shown = terms if len(terms) <= _TERMS else [*terms[: _TERMS - 1], terms[-1]]
        texts = [self._number(shown[0])]
        texts += [f"− {self._number(-term)}" if term < 0 else f"+ {self._number(term)}" for term in shown[1:]]
        if len(terms) > _TERMS:
            texts.insert(-1, "+ …")
        return " ".join(texts)

    def _number(self, value: Any) -> str:
        return number(float(value), self.precision)


KINDS = {"values": Values, "symbols": Expressions, "rules": Rules, "none": Names}
"""What ``labels`` may be, and who writes them."""


def labels_of(
    kind: str,
    graph: Graph,
    flow: Flow | None,
    labels: Sequence[str],
    precision: int,
    pairing: Pairing | None = None,
    lit: frozenset[tuple[int, int]] = frozenset(),
) -> Names:
    """What writes the labels of this kind: numbers with those of the run before, where its nodes are paired, or with
    the slopes of the wires that are lit."""
    if kind == "values" and pairing is not None:
        return Changes(graph, flow, labels, precision, pairing)
    if kind == "values" and lit:
        return Slopes(graph, flow, labels, precision, lit)
    return KINDS[kind](graph, flow, labels, precision)
