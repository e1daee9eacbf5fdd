"""Both passes of a flow as a straight line of steps on single numbers, in JavaScript.

The backward pass is the recorded one (`bpviz.transforms.gradient_graph`), and the elements of arrays are found as for a
figure in single numbers (`bpviz.transforms.element_rules`). So no rule is described a second time.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from itertools import repeat
from typing import Any

from bpviz import deadline, ops
from bpviz.errors import UsageError
from bpviz.frozen import dataclass
from bpviz.graph.flow import Flow
from bpviz.graph.graph import Graph
from bpviz.lazy import LazyModule
from bpviz.living.expressions import literal, written
from bpviz.living.lowerings import LOWERINGS, Applied
from bpviz.ops import Operation
from bpviz.recording.handle import HANDLES, Handle
from bpviz.recording.recorder import Recorder
from bpviz.transforms.element_rules import Each, Sums, Term, groups, spelled
from bpviz.transforms.gradient_graph import derivation

__all__ = ["LIMIT", "Guard", "Lowering", "Program", "Slots", "StaysStillError", "program"]

np: Any = LazyModule("numpy")

LIMIT = 20_000
"""The most steps on single numbers, so that a page follows while a reader drags."""

_MOST_PAIRS = 10_000_000
"""The most pairs of an element of a step and one of an operand that are tried, in about a second."""

_POSITIONS = {"index": 1, "scatter": 1, "assign": 2}
"""The first operand that is a position or a mask, of operations that have such."""

_SLOT = re.compile(r"v\[(\d+)\]")
Slots = tuple[int, ...]
"""The places of the elements of a value among the numbers of a page, row by row."""


class StaysStillError(Exception):
    """The figure cannot follow its inputs; the message says why, in one sentence."""

    def __init__(self, reason: str, slots: Iterable[int] = ()) -> None:
        """Take the reason, and the places of the numbers that would have to stay as they are."""
        super().__init__(reason)
        self.slots = tuple(slots)


@dataclass(frozen=True, slots=True)
class Guard:
    """A value that decided how the function went on: the place of its number, and the line where it did.

    If it is another number (or, for ``truth``, no longer true or false as it was), the record is not that of the
    function.
    """

    slot: int
    line: int
    truth: bool


@dataclass(frozen=True, eq=False)
class Program:
    """The steps of both passes, and where their numbers are.

    ``initial`` are the numbers before the first step: inputs and constants. ``statements`` compute the others in
    order. ``values`` and ``gradients`` have the places of the elements of a node, ``shares`` those of a wire's
    gradient, by (node, slot). ``inputs`` are the nodes that can be changed. ``lowering`` can be continued.
    """

    initial: list[float]
    statements: list[str]
    values: dict[int, Slots]
    gradients: dict[int, Slots]
    shares: dict[tuple[int, int], Slots]
    inputs: tuple[int, ...]
    lowering: Lowering
    guards: tuple[Guard, ...] = field(default=())


def program(flow: Flow) -> Program:
    """Return the steps of a flow.

    >>> import bpviz
    >>> made = program(bpviz.backprop(lambda price=100, tax=1.1: price * tax))
    >>> made.statements, made.initial
    (['v[2] = v[0] * v[1];'], [100.0, 1.1, 0.0, 1.0])

    Raises `StaysStillError` if there is a step that cannot be written in single numbers, or too many of them.
    """
    fixed: frozenset[int] = frozenset()
    with ops.silence():
        while True:
            try:
                return _program(flow, fixed)
            except _DependsError as error:
                # The number of a class, or positions: the figure follows its other inputs.
                if not _can_stay(flow, error.inputs) or error.inputs | fixed == frozenset(flow.graph.record.is_input):
                    raise StaysStillError(str(error)) from None
                fixed |= error.inputs


class _DependsError(StaysStillError):
    """A step that could be written if some inputs stayed as they are."""

    def __init__(self, error: StaysStillError, inputs: frozenset[int]) -> None:
        super().__init__(str(error))
        self.inputs = inputs


def _can_stay(flow: Flow, inputs: frozenset[int]) -> bool:
    """Return whether inputs are whole numbers or decisions."""
    record = flow.graph.record
    return bool(inputs) and all(i in record.whole or np.asarray(flow.values[i]).dtype.kind in "iub" for i in inputs)


def _program(flow: Flow, fixed: frozenset[int]) -> Program:
    made = Lowering()
    try:
        return _lowered(flow, fixed, made)
    except StaysStillError as error:
        slots = made.leading_to(error.slots)
        inputs = frozenset(i for i in made.inputs if not slots.isdisjoint(made.inputs[i]))
        raise _DependsError(error, inputs) from None


def _lowered(flow: Flow, fixed: frozenset[int], made: Lowering) -> Program:
    graph, record = flow.graph, flow.graph.record
    for place in (-1, -2):
        if place in record.decided:
            line = record.decided[place]
            raise StaysStillError(f"the function decides in line {line} by a value that is not in this graph")
    values: dict[int, Slots] = {}
    for index in record.is_input:
        values[index] = tuple(map(made.constant if index in fixed else made.variable, _flat(flow.values[index])))
        if index not in fixed:
            made.inputs[index] = values[index]
            _check_precision(graph.names[index], flow.values[index], values[index])
    ends = {*graph.output_indices, flow.output_index}
    made.lower(record, flow.values, graph.ancestors(ends), values)
    decided = {i: line for i, line in record.decided.items() if i < len(flow.values)}
    made.lower(record, flow.values, graph.ancestors(decided), values)
    back = derivation(flow, whole=True)
    if -2 in back.graph.record.decided:
        raise StaysStillError("a rule of its backward pass decides by its numbers")
    known = {new: values[old] for old, new in back.copies.items() if old in values}
    wanted = {*back.gradients.values(), *back.shares.values()}
    made.lower(back.graph.record, back.graph.record.values, back.graph.ancestors(wanted), known)
    guards = [
        Guard(slot, line, flow.values[i].__class__ is bool or np.asarray(flow.values[i]).dtype.kind == "b")
        for i, line in decided.items()
        for slot in values[i]
        if slot not in made.fixed
    ]
    guards += _mask_guards(flow, made, values)
    return Program(
        made.initial,
        made.statements,
        values,
        {i: known[new] for i, new in back.gradients.items()},
        {wire: known[new] for wire, new in back.shares.items()},
        tuple(made.inputs),
        made,
        tuple(guards),
    )


def _mask_guards(flow: Flow, made: Lowering, values: Mapping[int, Slots]) -> list[Guard]:
    """Return guards for the masks that stay as they are: x[x > 0] takes other elements where another one is true."""
    record = flow.graph.record
    lines: dict[int, int] = {}
    for index, operation in enumerate(record.operations):
        if operation is None or operation.name not in _POSITIONS:
            continue
        line = flow.graph.nodes[index].line
        if line is None:
            continue
        for operand in record.operands[index][_POSITIONS[operation.name] :]:
            for slot in made.masks.intersection(values.get(operand, ())):
                lines.setdefault(slot, line)
    if not made.masks <= lines.keys():
        raise StaysStillError("a mask inside an operation says how many elements are taken")
    return [Guard(slot, line, True) for slot, line in sorted(lines.items())]


def _check_precision(name: str, value: Any, slots: Iterable[int] = ()) -> None:
    """Raise `StaysStillError` for numbers that are not computed with as a page does; ``slots`` are what they are of."""
    dtype = np.asarray(value).dtype
    if dtype.kind in "fiu" and (dtype.itemsize != 8 or dtype.kind == "u"):
        raise StaysStillError(
            f"{name} has numbers of type {dtype}, and a page computes in float64; give it as float64", slots
        )


def _flat(value: Any) -> list[float]:
    return [float(x) for x in np.asarray(value).ravel().tolist()]


class Lowering:
    """Steps in the making."""

    def __init__(self, limit: int = LIMIT) -> None:
        """Begin with no steps; there can be ``limit`` of them."""
        self.limit = limit
        self.initial: list[float] = []
        self.statements: list[str] = []
        self.fixed: set[int] = set()
        """The places whose numbers never change."""
        self.ordered: set[int] = set()
        """The places of positions that an order gave."""
        self.masks: set[int] = set()
        """The places of masks that must stay as they are: they say how many elements are taken."""
        self.constants: dict[str, int] = {}
        self.copies: dict[str, int] = {}
        """The places of what is computed already, by the expression."""
        self.count = 0
        self.inputs: dict[int, Slots] = {}

    def continued(self, limit: int = LIMIT) -> Lowering:
        """Return a lowering with the same places, whose statements come after those that are there."""
        made = Lowering(limit)
        made.initial, made.fixed, made.ordered = list(self.initial), set(self.fixed), set(self.ordered)
        made.constants, made.copies, made.inputs = dict(self.constants), dict(self.copies), dict(self.inputs)
        return made

    def variable(self, number: float) -> int:
        """Return a new place, with its first number."""
        self.initial.append(number)
        return len(self.initial) - 1

    def constant(self, number: float) -> int:
        """Return the place of a number that never changes."""
        key = repr(number)
        if key not in self.constants:
            self.constants[key] = self.variable(number)
            self.fixed.add(self.constants[key])
        return self.constants[key]

    def step(self, expression: str, size: int = 1) -> int:
        """Return the place of what an expression gives."""
        if expression not in self.copies:
            self.count += size
            if self.count > self.limit:
                raise StaysStillError(f"in single numbers both passes have more than {self.limit} steps")
            slot = self.variable(0.0)
            self.statements.append(f"v[{slot}] = {expression};")
            self.copies[expression] = slot
        return self.copies[expression]

    def leading_to(self, slots: Iterable[int]) -> set[int]:
        """Return the places of all numbers from which some are computed, with these."""
        made = {slot: expression for expression, slot in self.copies.items()}
        ahead, seen = list(slots), set()
        while ahead:
            slot = ahead.pop()
            if slot not in seen:
                seen.add(slot)
                ahead += map(int, _SLOT.findall(made.get(slot, "")))
        return seen

    def lower(self, record: Recorder, values: Sequence[Any], nodes: Iterable[int], found: dict[int, Slots]) -> None:
        """Find the places of nodes, in the order of the record; those that are known stay."""
        for index in nodes:
            if index in found:
                continue
            deadline.check("finding the steps of both passes")
            operands = [found[i] for i in record.operands[index]]
            operation = record.operations[index]
            if operation is None or all(slot in self.fixed for slots in operands for slot in slots):
                found[index] = tuple(map(self.constant, _flat(values[index])))
                continue
            xs = [values[i] for i in record.operands[index]]
            found[index] = self._slots(operation, xs, operands, record.parameters.get(index, {}), values[index])

    def _slots(
        self, operation: Operation, xs: Sequence[Any], operands: Sequence[Slots], parameters: Mapping[str, Any], z: Any
    ) -> Slots:
        _check_precision(operation.name, z, (slot for slots in operands for slot in slots if slot not in self.fixed))
        size = ops.size_of(z)
        if size > LIMIT:
            raise StaysStillError(f"in single numbers both passes have more than {LIMIT} steps")
        if operation.js and operation.shape is None:
            shape = ops.shape_of(z)
            spread = [
                np.broadcast_to(np.reshape(s, ops.shape_of(x)), shape).ravel().tolist()
                for s, x in zip(operands, xs, strict=True)
            ]
            rows = zip(*spread, strict=True)
            if np.asarray(z).dtype.kind == "b" and any(operation.rules(len(xs))):
                raise StaysStillError(f"{operation.name} computes with true and false as NumPy does")
            return tuple(self._elementwise(operation, row, parameters) for row in rows)
        if lowered := LOWERINGS.get(operation.name):
            step = Applied(operation, xs, operands, {**operation.parameters, **parameters})
            if slots := lowered(self, step):
                return slots
        xs, operands = self._with_positions(operation, xs, operands)
        if operation.inside is not None:
            return self.applied(operation.name, operation.inside, xs, operands, parameters)
        if size * sum(map(ops.size_of, xs)) > _MOST_PAIRS:
            raise StaysStillError(f"{operation.name} is too large to be written in single numbers")
        if operation.shape is None:
            raise StaysStillError(f"{operation.name} is not known in JavaScript")
        return self._spelled(operation, xs, operands, parameters, z)

    def _with_positions(
        self, operation: Operation, xs: Sequence[Any], operands: Sequence[Slots]
    ) -> tuple[list[Any], list[Slots]]:
        """Return the operands of a step, its positions as whole numbers, and its masks as they are, with guards."""
        numbers, found = list(xs), list(operands)
        for at in range(_POSITIONS.get(operation.name, len(xs)), len(xs)):
            moving = [slot for slot in operands[at] if slot not in self.fixed]
            kind = np.asarray(xs[at]).dtype.kind
            if moving and kind != "b":
                raise StaysStillError(f"{operation.name} takes elements at positions that change", moving)
            if moving:
                self.masks.update(moving)
                found[at] = tuple(map(self.constant, _flat(xs[at])))
            if kind == "f":
                numbers[at] = np.asarray(xs[at]).astype(int)
        return numbers, found

    def _elementwise(self, operation: Operation, row: Sequence[int], parameters: Mapping[str, Any]) -> int:
        if operation is ops.multiply:
            # Exactly the other factor.
            for one, other in (row, row[::-1]):
                if one in self.fixed and self.initial[one] == 1.0:
                    return other
        if all(slot in self.fixed for slot in row):
            numbers = [self.initial[slot] for slot in row]
            return self.constant(float(ops.evaluate(operation, numbers, parameters)))
        return self.step(written(operation, [f"v[{slot}]" for slot in row], parameters))

    def applied(
        self,
        name: str,
        function: Callable[..., Any],
        xs: Sequence[Any],
        operands: Sequence[Slots],
        parameters: Mapping[str, Any],
    ) -> Slots:
        """Return the places of what a function of operations returns; ``name`` is what it is called."""
        record = Recorder(sys._getframe())
        found: dict[int, Slots] = {}
        handles = []
        for number, (x, slots) in enumerate(zip(xs, operands, strict=True)):
            if all(slot in self.fixed for slot in slots):
                index = record.add_constant(x)
            else:
                index = record.add_inputs((f"x{number}",), (x,))
                found[index] = slots
            handles.append(Handle(record, index, x))
        result = function(*handles, **parameters)
        record.frame = None
        if record.decided:
            raise StaysStillError(f"the inside of {name} depends on its numbers")
        if type(result) not in HANDLES:
            return tuple(map(self.constant, _flat(result)))
        self.lower(record, record.values, Graph(record=record).ancestors([result.index]), found)
        return found[result.index]

    def _spelled(
        self, operation: Operation, xs: Sequence[Any], operands: Sequence[Slots], parameters: Mapping[str, Any], z: Any
    ) -> Slots:
        """Return the places of the elements of a step that is made of sums, of products, or of one operation."""
        if operation.of_operands:
            axis = {**operation.parameters, **parameters}["axis"]
            fold, (slots,) = ops.named(operation.of_operands), operands
            return tuple(self._folded(fold, [slots[at] for _, at in row]) for row in groups(np.shape(xs[0]), axis))
        rules = operation.rules(len(xs))
        varies = [any(slot not in self.fixed for slot in slots) for slots in operands]
        if any(changes and rule is None for changes, rule in zip(varies, rules, strict=True)):
            settled = (slots for slots, rule in zip(operands, rules, strict=True) if rule is None)
            reason = f"{operation.name} cannot be computed from single numbers that change"
            raise StaysStillError(reason, (slot for slots in settled for slot in slots if slot not in self.fixed))
        try:
            found = spelled(operation, xs, parameters, z)
        except UsageError:
            raise StaysStillError(f"{operation.name} cannot be written in single numbers") from None
        match found:
            case Each(uses) if self._copies(operation, xs, parameters):
                return tuple(operands[row[0][0]][row[0][1]] for row in uses)
            case Sums() if _is_true(operation, xs, varies, parameters, found):
                rows = zip(found.terms, found.rest, strict=True)
                return tuple(self._summed(terms, rest, operands) for terms, rest in rows)
            case _:
                raise StaysStillError(f"{operation.name} depends on its numbers in more than sums of products")

    def _copies(self, operation: Operation, xs: Sequence[Any], parameters: Mapping[str, Any]) -> bool:
        """Return whether an operation on one number returns it."""
        return len(xs) == 1 and all(ops.evaluate(operation, [x], parameters) == x for x in (0.75, -2.5, 1e10))

    def _folded(self, fold: Operation, slots: Sequence[int]) -> int:
        if fold.variadic:
            return self.step(written(fold, [f"v[{slot}]" for slot in slots], {}), len(slots)) if slots[1:] else slots[0]
        made = slots[0]
        for slot in slots[1:]:
            made = self._elementwise(fold, (made, slot), {})
        return made

    def _summed(self, terms: Sequence[Term], rest: float, operands: Sequence[Slots]) -> int:
        if len(terms) == 1 and not rest and terms[0].factor == 1.0 and len(terms[0].places) == 1:
            # An element that only moves.
            return operands[terms[0].places[0][0]][terms[0].places[0][1]]
        if not terms:
            return self.constant(rest)
        parts = []
        for term in terms:
            slots = [operands[slot][place] for slot, place in term.places]
            factors = [f"v[{slot}]" for slot in slots]
            if term.factor != 1.0:
                factors.insert(0, f"({literal(term.factor)})")
            parts.append(" * ".join(factors))
        if rest:
            parts.append(f"({literal(rest)})")
        return self.step(" + ".join(parts), len(parts))


def _is_true(
    operation: Operation, xs: Sequence[Any], varies: Sequence[bool], parameters: Mapping[str, Any], sums: Sums
) -> bool:
    """Return whether a step gives these sums for other numbers, too: in another order, and with other signs.

    What sorts its operand is a sum only as long as their order stays.
    """
    rng = np.random.default_rng(5)
    for _ in repeat(None, 3):
        others = [rng.normal(size=np.shape(x)) if changes else x for x, changes in zip(xs, varies, strict=True)]
        try:
            value = np.asarray(ops.evaluate(operation, others, parameters), float).ravel()
        except (ValueError, IndexError):
            return False
        flat = [np.asarray(x, float).ravel() for x in others]
        for terms, rest, expected in zip(sums.terms, sums.rest, value.tolist(), strict=True):
            total = rest
            for term in terms:
                total += term.factor * float(np.prod([flat[slot][place] for slot, place in term.places]))
            if not abs(total - expected) <= 1e-9 * max(1.0, abs(expected)):
                return False
    return True
