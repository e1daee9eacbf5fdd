"""What readers can ask of a figure: of a step its rule, of a value its chain, with the places of all numbers."""

from __future__ import annotations

import linecache
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bpviz import deadline, ops
from bpviz.analysis.chains import chain_of
from bpviz.analysis.influences import objective
from bpviz.analysis.paths import Way, between, ways
from bpviz.code_files import file_name, is_library
from bpviz.documents.document import Lines, Paragraph
from bpviz.figure import Figure, Plain
from bpviz.figures.labels import renamed
from bpviz.figures.options import CircuitOptions
from bpviz.figures.styles import looks_of
from bpviz.formulas.expression import is_constant, is_number
from bpviz.formulas.formula import written_out
from bpviz.formulas.symbols import Symbols
from bpviz.graph.flow import Flow
from bpviz.graph.meanings import meanings
from bpviz.lazy import LazyModule
from bpviz.living.pieces import Array, Pieces, Place, is_marked
from bpviz.living.steps import Lowering, Program, Slots, StaysStillError
from bpviz.ops.table.backward import unbroadcast
from bpviz.picture.elements import Part, Picture
from bpviz.text.notation import Notation
from bpviz.text.styles import Styles
from bpviz.words.arithmetic import pulled_back
from bpviz.words.chains import chain_blocks, path_lines
from bpviz.words.values import columns

__all__ = ["Asking"]

np: Any = LazyModule("numpy")

_STEPS = 4_000
"""The most steps for numbers that only what is asked shows: slopes, and the shares of paths."""
_PATHS = 6
"""The most paths of a chain that are written."""
_LETTERS = 40_000
"""The longest text of all chains of a page together; values whose turn comes later have only their formulas."""
_LONG = 60
"""The longest formula in a line, in characters; a longer one is left out."""


class Asking:
    """The answers for one flow, as plain data for its page; ``ask.js`` reads them.

    ``answers`` has for each a node ``n``, ``s`` if it is about a step, a title ``t``, and rows ``r`` of a heading and a
    text in pieces; a third entry is 1 for code, and for a path it has the numbers of its edges. ``statements`` compute
    the numbers that only answers need, after all others.
    """

    def __init__(
        self,
        flow: Flow,
        made: Program,
        steps: Lowering,
        options: CircuitOptions,
        house: Styles,
        notation: Notation,
    ) -> None:
        """Take a flow and its steps, those after which its own come, and the options, styles and notation of it."""
        self.flow, self.made, self.precision, self.say = flow, made, options.precision, options.lang
        self.hides, self.notation = looks_of(flow.graph, options, house).hides, notation
        self.steps = steps.continued(_STEPS)
        self.symbols = Symbols(flow, renamed(flow.graph, options.names))
        self.meaning_of = meanings(flow.graph)
        self.answers: list[dict[str, Any]] = []
        self.known: dict[tuple[str, int], int] = {}
        self.letters = 0
        self.numbers = {edge: i for i, edge in enumerate(sorted(made.shares))}
        self.uses = Counter(flow.graph.record.operands[index][slot] for index, slot in made.shares)
        self.slopes: dict[tuple[int, int], Any] = {}
        self.shares: dict[tuple[tuple[int, int], ...], Slots] = {}
        # Nobody's text can be taken for the place of a number.
        self.is_silent = any(map(is_marked, (*self.symbols.names, *flow.graph.names)))

    def of_step(self, index: int) -> int:
        """Return the number of the answer to a step."""
        return self._answer("step", index, self._step)

    def of_value(self, index: int) -> int:
        """Return the number of the answer to a value."""
        return self._answer("value", index, self._value_answer)

    def _answer(self, kind: str, index: int, make: Callable[[int], dict[str, Any]]) -> int:
        if (kind, index) not in self.known:
            deadline.check("writing what can be asked")
            self.known[kind, index] = len(self.answers)
            self.answers.append({"n": index, **make(index)})
        return self.known[kind, index]

    def _writer(self) -> Pieces:
        return Pieces(self.precision, self.say, self.notation)

    @property
    def statements(self) -> list[str]:
        """The steps of the numbers that only answers need."""
        return self.steps.statements

    # Numbers

    def _placed(self, slots: Slots, shape: tuple[int, ...], value: Any) -> Any:
        """Return the places of a number or an array, or the value itself if it never changes."""
        if all(slot in self.steps.fixed for slot in slots):
            return value
        return Array(slots, shape) if shape else Place(slots[0], self.steps)

    def _value(self, index: int) -> Any:
        value = self.flow.values[index]
        return self._placed(self.made.values[index], ops.shape_of(value), value)

    def _gradient(self, index: int) -> Any:
        gradient = self.flow.gradient_of(index)
        slots = self.made.gradients.get(index)
        return gradient if slots is None else self._placed(slots, ops.shape_of(gradient), gradient)

    def _pulled(self, index: int, slot: int, slots: Slots) -> Slots:
        """Return the places of the gradient of an operand, for an incoming gradient in these places."""
        fixed = all(place in self.steps.fixed for place in slots)
        shape = ops.shape_of(self.flow.values[index])
        # What changes is recorded with any numbers.
        numbers = [self.steps.initial[place] if fixed else 1.0 for place in slots]
        g = np.reshape(numbers, shape) if shape else numbers[0]
        record, values = self.flow.graph.record, self.flow.values
        operation, operands = record.operations[index], record.operands[index]
        assert operation is not None
        rule = operation.rules(len(operands))[slot]
        assert rule is not None
        wanted = ops.shape_of(values[operands[slot]])

        def pull(g: Any, z: Any, *xs: Any, **parameters: Any) -> Any:
            return unbroadcast(rule(g, z, *xs, **parameters), wanted, ops.sum_to, ops.broadcast_to)

        nodes = (index, *operands)
        places = [slots, *(self.made.values[i] for i in nodes)]
        parameters = record.parameters.get(index, {})
        return self.steps.applied(operation.name, pull, [g, *(values[i] for i in nodes)], places, parameters)

    def _slope(self, index: int, slot: int) -> Any:
        """Return the derivative of a step between single numbers by one operand."""
        if (index, slot) not in self.slopes:
            (place,) = self._pulled(index, slot, (self.steps.constant(1.0),))
            self.slopes[index, slot] = self._placed((place,), (), self.steps.initial[place])
        return self.slopes[index, slot]

    def _share(self, way: Way) -> Any:
        """Return the share of a path between arrays."""
        seed = self.flow.seed
        known = tuple(way.wires)
        for start in range(len(known), -1, -1):
            wires = known[start:]
            if wires in self.shares:
                continue
            if not wires:
                numbers = [seed] if seed.__class__ is float else seed.ravel().tolist()
                self.shares[wires] = tuple(map(self.steps.constant, map(float, numbers)))
                continue
            index, slot = wires[0]
            self.shares[wires] = self._pulled(index, slot, self.shares[wires[1:]])
        return self._placed(self.shares[known], ops.shape_of(way.product), way.product)

    # Steps

    def _step(self, index: int) -> dict[str, Any]:
        record, say = self.flow.graph.record, self.say
        operation = record.operations[index]
        assert operation is not None
        write, title, name = self._writer(), say.operation(operation.name), self.symbols.name(index)
        if name:
            title = say("{operation}, makes {name}", operation=title, name=write.name(name))
        rows = [self._row(say("value"), self._equation)(index)]
        for slot in range(len(record.operands[index])):
            if (index, slot) in self.made.shares:
                rows.append(self._row(say("gradient"), self._rule)(index, slot))
        if operation.says:
            rows.append([say("rule"), self._writer().cut(say(operation.says))])
        node = self.flow.graph.nodes[index]
        if node.line is not None:
            rows += self._code(node.scope.code, node.line)
        return {"s": 1, "t": write.cut(title), "r": rows}

    def _row(self, heading: str, line: Callable[..., str]) -> Callable[..., list[Any]]:
        def row(*about: Any) -> list[Any]:
            write = self._writer()
            return [heading, write.cut(line(write, *about))]

        return row

    def _code(self, code: Any, line: int) -> list[Any]:
        """Return the row of a line of the user's code, with its file if it is not that of the function."""
        if code is None or is_library(code.co_filename):
            return []
        text = linecache.getline(code.co_filename, line).strip()
        function = getattr(self.flow.graph.function, "__code__", code)
        here = function.co_filename == code.co_filename
        place = self.say("line {line}", line=line) if here else f"{file_name(code.co_filename)}:{line}"
        return [[place, [text], 1]] if text else []

    def _equation(self, write: Pieces, index: int) -> str:
        """Return ``subtotal = price·count = 100 × 2 = 200``."""
        parts = [self.symbols.name(index), self._short(self.symbols.value(index))]
        record = self.flow.graph.record
        operation, operands = record.operations[index], record.operands[index]
        numbers = [self.flow.values[i] for i in (index, *operands)]
        if operation is not None and not any(map(ops.shape_of, numbers)) and not any(map(self.hides, operands)):
            parts.append(
                write.computed(operation, [self._operand(i) for i in operands], record.parameters.get(index, {}))
            )
        if not self.hides(index):
            parts.append(write.value(self._value(index)))
        return " = ".join(dict.fromkeys(part for part in parts if part))

    def _operand(self, index: int) -> Any:
        value = self._value(index)
        return value if isinstance(value, Place) else float(value)

    def _rule(self, write: Pieces, index: int, slot: int) -> str:
        """Return ``∂total/∂price = count·tax = 1.1 × 2 = 2.2``."""
        record, flow = self.flow.graph.record, self.flow
        operand = record.operands[index][slot]
        share = flow.wire_share(index, slot)
        placed = self._placed(self.made.shares[index, slot], ops.shape_of(share), share)
        alone = self.uses[operand] == 1 and operand != flow.output_index
        called = self.symbols.derivative(operand) if alone else ""
        found = self.symbols.share(index, slot)
        formula = "" if is_number(found) or is_constant(found) else self._short(written_out(found))
        hidden = any(map(self.hides, (index, *record.operands[index])))
        try:
            if hidden or any(map(ops.shape_of, (share, flow.values[index]))):
                numbers = "" if hidden else write.gradient(placed)
            else:
                numbers = pulled_back(self._gradient(index), self._slope(index, slot), placed, write)
        except StaysStillError:
            numbers = write.gradient(placed)
        line = " = ".join(dict.fromkeys(part for part in (called, formula, numbers) if part))
        return line if called else f"{self._called(operand)}: {line}"

    def _called(self, index: int) -> str:
        return self.symbols.name(index) or self._short(self.symbols.value(index)) or self.flow.graph.names[index]

    def _short(self, text: str) -> str:
        return text if columns(Plain(text)) <= _LONG else ""

    # Values

    def _value_answer(self, index: int) -> dict[str, Any]:
        flow, say, record = self.flow, self.say, self.flow.graph.record
        name, meaning = self._called(index), self.meaning_of.get(index, "")
        rows = [] if self.hides(index) else [self._row(say("value"), self._equation)(index)]
        if self.flow.gradients[index] is not None and not self.hides(index):
            rows += [[say("gradient") if not at else "", *line] for at, line in enumerate(self._chain(index))]
        elif index in record.is_input:
            write = self._writer()
            ends = {"output": objective(flow, say).words, "name": write.name(name)}
            rows.append([say("gradient"), write.cut(say("No gradient flows back from {output} to {name}.", **ends))])
        write = self._writer()
        title = say("{name}: {meaning}", name=write.name(name), meaning=meaning) if meaning else name
        return {"t": write.cut(title), "r": rows}

    def _chain(self, index: int) -> list[list[Any]]:
        """Return the lines of a chain: each in pieces, that of a path with the numbers of its edges."""
        flow, say = self.flow, self.say
        write = self._writer()
        if index == flow.output_index:
            seed = write.gradient(self._gradient(index))
            name = write.name(self._called(index))
            begins = say("The backward pass begins at {name}, with a gradient of {seed}", name=name, seed=seed)
            return [[write.cut(begins)]]
        formula = " = ".join(filter(None, (self.symbols.derivative(index), self._short(self.symbols.gradient(index)))))
        whole = " = ".join(dict.fromkeys(filter(None, (formula, write.gradient(self._gradient(index))))))
        nodes = between(flow, index, flow.output_index).nodes
        operands = flow.graph.record.operands
        # A slope may be a number that is hidden.
        hidden = any(self.hides(i) for node in nodes for i in (node, *operands[node]))
        if hidden or self.letters > _LETTERS:
            return [[write.cut(whole)]]
        found = ways(flow, flow.graph.nodes[index], most=_PATHS)
        try:
            shown = tuple(map(self._placed_way, found.shown))
        except StaysStillError:
            shown = ()
        if not shown and not any(ops.shape_of(flow.values[i]) for i in nodes):
            return [[write.cut(whole)]]
        total = self._gradient(index)
        if found.count == 1:
            shown = tuple(replace(way, product=total) for way in shown)
        made = chain_of(replace(found, shown=shown, total=total), self.symbols, self._gradient, self._called)
        if found.count > len(shown):
            # With other inputs, others may be the largest.
            made = replace(made, exact=None)
        lines: list[str] = []
        for block in chain_blocks(made, objective(flow, say).symbol, self.precision, say, write, "∂"):
            lines += block.lines if isinstance(block, Lines) else [block.text] if isinstance(block, Paragraph) else []
        self.letters += sum(map(len, lines))
        ahead = list(zip(path_lines(made, write, say, "∂"), shown, strict=True)) if found.count > 1 else []
        rows = []
        for line in lines:
            edges: set[int] = set()
            # Paths with the same line are one line, with their count.
            while ahead and (line == ahead[0][0] or line.startswith(f"{ahead[0][0]}   ")):
                edges.update(map(self.numbers.__getitem__, ahead.pop(0)[1].wires))
            rows.append([write.cut(line), *([sorted(edges)] if edges else [])])
        return rows

    def _placed_way(self, way: Way) -> Way:
        """Return a path with the places of its numbers."""
        if any(ops.shape_of(self.flow.values[i]) for i in way.nodes):
            return replace(way, product=self._share(way))
        slopes = tuple(self._slope(*wire) for wire in way.wires)
        product: Any = self.flow.seed
        for slope in reversed(slopes):
            product = product * slope
        return replace(way, slopes=slopes, product=product)

    # Pictures

    def edges(self) -> list[int]:
        """Return the wires along which a gradient flows, as pairs of nodes, in the order of computation."""
        record = self.flow.graph.record
        return [i for index, slot in self.numbers for i in (record.operands[index][slot], index)]

    def of_picture(self, figure: Figure, picture: Picture) -> dict[str, Any]:
        """Return what can be asked of a picture, and which wires of it stand for which edges.

        ``asks`` are pairs (part, answer). ``wires`` are lists (part, its source's part, its target's part, its value if
        the backward pass begins there or −1, numbers of edges).
        """
        boxes = {box.id: box for box in figure.boxes}
        for index in self.made.inputs if not self.is_silent else ():
            # Their chains come first.
            self.of_value(index)
        places = {part.id: i for i, part in enumerate(picture.parts)}
        named = {wire.target: wire.origin.value for wire in figure.wires if wire.origin is not None}
        asks, wires = [], []
        for i, part in enumerate(picture.parts):
            if part.origin is not None:
                seeded = part.origin.value if part.origin.seeded else -1
                edges = [self.numbers[share] for share in part.origin.shares if share in self.numbers]
                wires.append([i, places.get(part.source, -1), places.get(part.target, -1), seeded, *edges])
            answer = self._of_part(part, boxes.get(part.shows), named)
            if answer is not None:
                asks += [i, answer]
        return {"asks": asks, "wires": wires}

    def _of_part(self, part: Part, box: Any, named: dict[str, int]) -> int | None:
        if self.is_silent or (part.origin is None and box is None):
            return None
        index = (
            part.origin.value if part.origin is not None else box.node if box.node is not None else named.get(box.id)
        )
        if index is None or index not in self.made.values or (box is not None and box.kind == "group"):
            return None
        is_step = box is not None and box.kind == "operation" and self.flow.graph.record.operations[index] is not None
        return self.of_step(index) if is_step else self.of_value(index)
