"""The steps of a figure on its page: what appears when, and each sentence with the places of its numbers."""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from math import isfinite
from typing import Any

from bpviz import ops
from bpviz.figure import Heat, Plain, Row, Step, Wire
from bpviz.figures.options import CircuitOptions
from bpviz.figures.steps import Narrator
from bpviz.graph.flow import Flow
from bpviz.graph.graph import Graph
from bpviz.living.bindings import GRID, Bindings, Bound
from bpviz.living.steps import Slots, StaysStillError
from bpviz.picture.elements import Picture
from bpviz.picture.stages import arrivals
from bpviz.recording.handle import HANDLES, Handle
from bpviz.recording.recorder import Recorder
from bpviz.text.numerals import MINUS, added, number
from bpviz.text.styles import Styles
from bpviz.transforms.simplify import Numbering
from bpviz.words.values import content, line_of

__all__ = ["walk"]

_PLAIN, _DASHED = "\uf000", f"{MINUS}\uf002"
_MARK = re.compile(f"(?:{_PLAIN}|{_DASHED})(\\d+)\uf001")
"""Stands for a number in a sentence; that of an operand may begin with a minus sign."""
_TERMS = 4
"""The most terms of a sum that are written out, as in `bpviz.figures.formulas`."""


def walk(flow: Flow, picture: Picture, options: CircuitOptions, house: Styles, found: Bindings) -> dict[str, Any]:
    """Return the steps of a figure as plain data for ``walk.js``; ``found`` binds the numbers of its picture.

    - ``sentences`` of all steps but the last, which shows the whole: text, and numbers as [places, shape, how they are
      written, whether they are the result of their step].
    - ``wires``: [part, step of the forward arrow, of the backward arrow].
    - ``boxes``: [part, the steps in which it computes].
    """
    slopes = _Slopes(flow, found)
    plain, dashed = (_Writer(flow, options, house, found, slopes, opening) for opening in (_PLAIN, _DASHED))
    steps = list(plain.steps())
    sentences = [
        list(_pieces(one.sentence, other.sentence, plain.marks))
        for one, other in zip(steps[:-1], dashed.steps(), strict=False)
    ]
    return {"sentences": sentences, **_places(picture, steps)}


def _places(picture: Picture, steps: Sequence[Step]) -> dict[str, Any]:
    """Return in which steps the parts of a picture appear."""
    arriving, working = arrivals(steps), defaultdict(list)
    for at, step in enumerate(steps):
        for id in step.boxes:
            working[id].append(at)
    last = len(steps) - 1
    wires, boxes = [], []
    for place, part in enumerate(picture.parts):
        if part.shows in arriving:
            when = [int(at) if isfinite(at) else last for at in arriving[part.shows]]
            wires.append([place, *when])
        elif part.shows in working:
            boxes.append([place, *working[part.shows]])
    return {"wires": wires, "boxes": boxes}


def _pieces(sentence: str, dashed: str, marks: Sequence[list[Any]]) -> Iterator[str | list[Any]]:
    """Yield a sentence as text and numbers; ``dashed`` is the same with a minus sign before all operands.

    A negative number needs brackets where the dashed sentence has them.
    """
    texts, others = _MARK.split(sentence), _MARK.split(dashed)
    before = 0
    for at, (text, other) in enumerate(zip(texts, others, strict=True)):
        if at % 2:
            yield _plain(*marks[int(text)], bracketed=bool(before))
            continue
        # The bracket that closes the number before, then the one that opens the next.
        before = len(other) - len(text) - before
        if text:
            yield text


def _plain(slots: list[int], shape: list[int], style: str, is_result: int, *, bracketed: bool) -> list[Any]:
    """Return a number with as little as ``walk.js`` needs: that of one element is written in one way alone."""
    style = ("bracketed" if bracketed else "") if style == "operand" else style
    style = "" if style == "line" or (style == "spoken" and not shape) else style
    return [slots, shape, style, 1] if is_result else [slots, shape, style] if style else [slots, shape]


class _Writer(Narrator):
    """Writes marks in the place of numbers. ``marks`` has what they stand for."""

    def __init__(
        self, flow: Flow, options: CircuitOptions, house: Styles, found: Bindings, slopes: _Slopes, opening: str
    ) -> None:
        super().__init__(flow, options, house)
        self.found, self.opening, self._slopes = found, opening, slopes
        self.marks: list[list[Any]] = []
        self._known: dict[str, int] = {}

    def _mark(self, bound: Bound, style: str, *, result: bool = False) -> str:
        made = [*bound.plain, style, int(result)]
        at = self._known.setdefault(repr(made), len(self.marks))
        if at == len(self.marks):
            self.marks.append(made)
        return f"{self.opening if style == 'operand' else _PLAIN}{at}\uf001"

    def _bound(self, index: int) -> Bound | None:
        slots = self.found.made.values.get(index)
        return None if slots is None else Bound(slots, ops.shape_of(self.flow.values[index]))

    def value(self, index: int) -> str:
        """Return the mark of a node's number."""
        text, bound = super().value(index), self._bound(index)
        if not text or bound is None or len(bound.shape) > 2 or any(n > GRID for n in bound.shape):
            # Hidden, or only the shape of an array.
            return text
        return self._mark(bound, "spoken", result=self.flow.graph.record.operations[index] is not None)

    def operand(self, index: int, value: float) -> float | str:
        """Return the mark of an operand."""
        bound = self._bound(index)
        if self.looks.hides(index) or self.flow.graph.is_constant(index) or bound is None:
            return super().operand(index, value)
        return self._mark(bound, "operand")

    def shown(self, wire: Wire) -> str:
        """Return the mark of the number above a wire."""
        text, bound = super().shown(wire), self._bound(wire.origin.value) if wire.origin else None
        return self._mark(bound, "line", result=True) if bound and text and not _is_heat(wire.forward) else text

    def line(self, wire: Wire) -> str:
        """Return the marks of the arithmetic of a gradient."""
        text = super().line(wire)
        if not text or wire.origin is None or wire.backward is None or wire.backward.label is None:
            return text
        bound, total = self.found.gradient(wire.origin) or (None, None)
        if bound is None:
            return text
        now = line_of(content(total, self.options.precision, self.say), self.say)
        shown = wire.backward.label.content
        if isinstance(content(total, self.options.precision, self.say), Heat):
            return text
        result = self._mark(bound, "line", result=True)
        if isinstance(shown, Row) and shown.parts[-2:-1] == (Plain(" = "),) and text.endswith(now):
            # A formula of arrays, which has names.
            return text.removesuffix(now) + result
        for before, marked in self._arithmetic(wire):
            if text == f"{before} = {now}":
                return f"{marked} = {result}"
        return result

    def _arithmetic(self, wire: Wire) -> Iterator[tuple[str, str]]:
        """Yield the ways to compute the gradient at a wire of single numbers: as they are now, and in marks."""
        assert wire.origin is not None
        if len(wire.origin.shares) == 1 and not wire.origin.seeded:
            yield from self._product(*wire.origin.shares[0])
        dots = [one for one in self.leaving[wire.target] if one.origin and self.boxes[wire.target].kind == "branch"]
        several = [self.found.gradient(one.origin) for one in dots]
        made = self.found.made.shares
        shares = [(Bound(made[one], ()), self.flow.wire_share(*one)) for one in wire.origin.shares if one in made]
        for each in (several, shares):
            terms = [one for one in each if one is not None and one[1] is not None and not one[0].shape]
            if len(terms) > 1:
                yield self._sum([float(x) for _, x in terms]), self._mark(_joined(bound for bound, _ in terms), "sum")

    def _product(self, node: int, slot: int) -> Iterator[tuple[str, str]]:
        upstream, slope = self.flow.gradients[node], self._slopes.slope(node, slot)
        if upstream is None or slope is None or ops.shape_of(upstream) or node not in self.found.made.gradients:
            return
        place, value = slope
        text = self._number(value)
        now = f"{self._number(float(upstream))} × {f'({text})' if value < 0 else text}"
        first = self._mark(Bound(self.found.made.gradients[node], ()), "line")
        yield now, f"{first} × {self._mark(Bound((place,), ()), 'signed')}"

    def _sum(self, terms: list[float]) -> str:
        texts = [self._number(term) for term in terms]
        if len(texts) <= _TERMS:
            return added(texts)
        return f"{added(texts[: _TERMS - 1])} + … {added(['', texts[-1]]).strip()}"

    def _number(self, value: float) -> str:
        return number(value, self.options.precision)


def _joined(bounds: Iterator[Bound]) -> Bound:
    return Bound(tuple(slot for bound in bounds for slot in bound.slots), ())


def _is_heat(arrow: Any) -> bool:
    return isinstance(arrow.label.content, Heat)


class _Slopes:
    """The slopes of a flow, each computed on its page by steps that are added to those of ``found``."""

    def __init__(self, flow: Flow, found: Bindings) -> None:
        """Take the flow and the places of its numbers."""
        self._flow, self._found = flow, found
        self._known: dict[tuple[int, int], tuple[int, float] | None] = {}
        self._made = found.steps

    def slope(self, node: int, slot: int) -> tuple[int, float] | None:
        """Return the place of the slope of an operation by an operand, and its number now.

        ``None`` if it is not a number, or cannot be written in single numbers.
        """
        if (node, slot) not in self._known:
            try:
                with ops.silence():
                    self._known[node, slot] = self._lowered(node, slot)
            except StaysStillError:
                self._known[node, slot] = None
        return self._known[node, slot]

    def _lowered(self, node: int, slot: int) -> tuple[int, float] | None:
        flow, places = self._flow, self._found.made.values
        old = flow.graph.record
        operation, operands = old.operations[node], old.operands[node]
        parameters, rule = old.parameters.get(node, {}), None
        if operation is not None:
            rule = operation.rules(len(operands))[slot]
        nodes = (node, *operands)
        if rule is None or any(ops.shape_of(flow.values[i]) or i not in places for i in nodes):
            return None
        value = ops.pull(rule, 1.0, flow.values[node], [flow.values[i] for i in operands], parameters)
        if ops.shape_of(value):
            return None
        made = self._made
        record = Recorder(sys._getframe())
        known: dict[int, Slots] = {}
        handles: list[Handle] = []
        for place, index in enumerate(nodes):
            if all(at in made.fixed for at in places[index]):
                number = record.add_constant(flow.values[index])
            else:
                number = record.add_inputs((f"x{place}",), (flow.values[index],))
                known[number] = places[index]
            handles.append(Handle(record, number, flow.values[index]))
        numbering, count = Numbering(record), len(record)
        result = ops.pull(rule, 1.0, handles[0], handles[1:], parameters)
        record.frame = None
        if record.decided:
            return None
        if type(result) not in HANDLES:
            return made.constant(float(result)), float(value)
        # A product with 1 is left out.
        numbering.settle(count)
        last = numbering.of(result.index)
        made.lower(record, record.values, Graph(record=record).ancestors([last]), known)
        return known[last][0], float(value)
