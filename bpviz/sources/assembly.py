"""The graph and the flow of what a framework did, without one number computed again."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bpviz import ops
from bpviz.errors import RecordingError
from bpviz.graph.flow import Flow
from bpviz.graph.graph import Graph, Said
from bpviz.lazy import LazyModule
from bpviz.ops import Operation
from bpviz.ops.table.foreign import Called, called, numbers_only
from bpviz.ops.table.thumbnails import kept
from bpviz.ops.table.unknown import UNKNOWN, WITHIN
from bpviz.recording.recorder import Recorder, differentiable
from bpviz.recording.scopes import Scope
from bpviz.recording.source import stored_name
from bpviz.sources.steps import Group, Leaf, Record, Step

__all__ = ["flow"]

np: Any = LazyModule("numpy")


def flow(record: Record) -> Flow:
    """Return the flow of a record (`bpviz.sources.steps`); all its numbers are those of the record.

    >>> from bpviz.sources.steps import Leaf, Same, Step
    >>> entries = (Leaf("x", 3.0), Step("mul", (0, 0), (9.0,), same=(Same("multiply"),), names=("y",)))
    >>> made = flow(Record("hand", "square", entries, 1, seed=1.0, gradients={0: 6.0}, wires={1: (3.0, 3.0)}))
    >>> made.output_name, made.output, made.grads, made.wire_grad("x", "y", 1)
    ('y', 9.0, {'x': 6.0}, 3.0)

    Raises `RecordingError` for a record that is none: a number of no value, a gradient of another shape.
    """
    return _Assembly(record).flow()


class _Assembly:
    """A graph in the making."""

    def __init__(self, record: Record) -> None:
        self.given = record
        self.record = Recorder(sys._getframe(), record.name)
        self.graph = Graph(record.name, record=self.record)
        self.graph.function = record.function
        self.graph.framework = record.framework
        self.graph.notes = tuple(map(Said, record.remarks))
        self.scopes = _scopes(self.record, record.entries)
        self.homeless: set[int] = set()
        self.groups: list[Group | None] = []
        # The numbers of all values are those of their nodes.
        for entry in record.entries:
            self.groups += [entry.group] * (1 if isinstance(entry, Leaf) else len(entry.results))
            self._leaf(entry) if isinstance(entry, Leaf) else self._step(entry)
        self._place_leaves()

    def flow(self) -> Flow:
        """Return the flow with the numbers of the record."""
        given, record, count = self.given, self.record, len(self.record)
        for index, title in given.outputs or ((given.output, ""),):
            self._check(index, "an output")
            self._mark(index, title)
        self._check(given.output, "the output")
        gradients = [self._gradient(index, given.gradients.get(index)) for index in range(count)]
        gradients[given.output] = None if given.seed is None else kept(given.seed)
        wires = self._wires(gradients)
        record.forget()
        record.closed = True
        inputs = {index: record.values[index] for index in record.is_input}
        value = record.values[given.output]
        seed = kept(np.ones(ops.shape_of(value), np.float64) if given.seed is None else given.seed)
        return Flow(self.graph, tuple(record.values), tuple(gradients), tuple(wires), given.output, seed, inputs)

    # Entries

    def _leaf(self, leaf: Leaf) -> None:
        record, value = self.record, kept(leaf.value)
        constant = leaf.kind == "constant" or (leaf.kind == "parameter" and leaf.frozen)
        if constant:
            index = record.add_constant(value)
            record.labels[index] = leaf.name
        else:
            index = record.add_inputs((_unused(leaf.name, record.is_input.values()),), (value,))
            record.reached[index] = not leaf.frozen and differentiable(value)
        record.step_scopes[index] = self.scopes[leaf.group]
        if leaf.kind != "input" and leaf.group is None:
            self.homeless.add(index)
        if leaf.kind == "parameter":
            record.weights[index] = 0

    def _step(self, step: Step) -> None:
        record, first, scope = self.record, len(self.record), self.scopes[step.group]
        for operand in step.operands:
            self._check(operand, f"an operand of {step.function!r}")
        code, names = step.code, step.names
        if code is not None:
            scope = scope.within(code, -1, None)
        for place, result in enumerate(step.results):
            same = step.same[place] if step.same else None
            parameters = {} if same is None else same.parameters
            row = _row(step, place, self.given.framework)
            index = record.add_read(row, step.operands, dict(parameters), kept(result))
            record.reached[index] = record.reached[index] and step.reached and differentiable(record.values[index])
            record.step_scopes[index] = scope
            if names is not None:
                record.labels[index] = names[place] if place < len(names) else ""
            elif code is None:
                record.labels[index] = ""
            else:
                found = stored_name(code, step.offset, (place,) if len(step.results) > 1 else ())
                record.labels[index] = found if isinstance(found, str) else ""
            if code is not None:
                record.offsets[index] = step.offset
            if step.line is not None:
                record.lines[index] = step.line
            if place:
                record.joint[index] = first
            if step.symbol or len(step.results) > 1:
                record.symbols[index] = step.symbol or step.function

    def _check(self, index: int, what: str) -> None:
        if not 0 <= index < len(self.record):
            raise RecordingError(f"{what} is the value {index}, but there are {len(self.record)} values before it")

    def _place_leaves(self) -> None:
        """Move each parameter (and each constant without a group) into the innermost group that holds all its uses."""
        record = self.record
        owners: dict[int, Group | None] = {}
        for index, group in enumerate(self.groups):
            for operand in record.operands[index]:
                owners[operand] = _around_both(owners[operand], group) if operand in owners else group
        for index in self.homeless & owners.keys():
            owner = owners[index]
            record.step_scopes[index] = scope = self.scopes[owner]
            if index in record.weights:
                is_left_out = owner is not None and self.scopes[owner.parent] is scope
                record.weights[index] = scope.depth + is_left_out

    # Numbers

    def _gradient(self, index: int, gradient: Any) -> Any:
        if gradient is None or gradient is UNKNOWN:
            return gradient
        return self._fitting(kept(gradient), index, f"the gradient of {self.graph.names[index]!r}")

    def _fitting(self, gradient: Any, index: int, what: str) -> Any:
        here, expected = ops.shape_of(gradient), ops.shape_of(self.record.values[index])
        if here != expected:
            raise RecordingError(f"{what} has shape {here}, but its value has shape {expected}")
        return gradient

    def _wires(self, gradients: Sequence[Any]) -> list[tuple[Any, ...] | None]:
        """Return the gradients of all wires. Those of a step with several results stand at the first that has a
        gradient itself, since the others may lead nowhere.
        """
        record = self.record
        made: list[tuple[Any, ...] | None] = [None] * len(record)
        results: dict[int, list[int]] = {}
        for index in record.joint:
            results.setdefault(record.joint[index], []).append(index)
        for first, shares in self.given.wires.items():
            self._check(first, "the step of a wire")
            operands = record.operands[first]
            if record.operations[first] is None or first in record.joint or len(shares) != len(operands):
                raise RecordingError(f"the value {first} is no first result of a step with {len(shares)} operands")
            names = self.graph.names
            fitted = tuple(
                share
                if share is None or share is UNKNOWN
                else self._fitting(kept(share), operand, f"the gradient from {names[first]!r} to {names[operand]!r}")
                for share, operand in zip(shares, operands, strict=True)
            )
            here, *others = [i for i in (first, *results.get(first, ())) if gradients[i] is not None] or [first]
            made[here] = fitted
            for index in others:
                made[index] = tuple(None if share is None else WITHIN for share in fitted)
        return made

    def _mark(self, index: int, title: str) -> None:
        name = self.graph.label_of(index)
        made = self.graph.mark_output(index, title or name or self.graph.name or "output")
        if not name:
            self.record.name(index, made)


def _scopes(record: Recorder, entries: Iterable[Leaf | Step]) -> Mapping[Group | None, Scope]:
    """Return the scope of every group; a group that would frame a single step has that around it."""
    sizes: dict[Group | None, int] = {None: 2}
    order: dict[Group, None] = {}
    for entry in entries:
        chain, group = [], entry.group
        while group is not None:
            chain.append(group)
            sizes[group] = sizes.get(group, 0) + isinstance(entry, Step)
            group = group.parent
        order.update(dict.fromkeys(reversed(chain)))
    top = record.scopes[0]
    made: dict[Group | None, Scope] = {None: top}
    for group in order:
        around = made[group.parent]
        if sizes[group] < 2:
            made[group] = around
            continue
        made[group] = scope = Scope(len(record.scopes), around, group.title, top.code, -1)
        record.scopes.append(scope)
    return made


def _around_both(one: Group | None, other: Group | None) -> Group | None:
    """Return the innermost group that holds both."""
    around = set()
    while one is not None:
        around.add(one)
        one = one.parent
    while other is not None and other not in around:
        other = other.parent
    return other


def _unused(name: str, taken: Iterable[str]) -> str:
    """Return a name that no other input has."""
    known, unique, count = set(taken), name, 1
    while unique in known:
        count += 1
        unique = f"{name}_{count}"
    return unique


def _row(step: Step, result: int, framework: str) -> Operation:
    """Return the row of one result of a step: ours where it computes the same, else one for this step alone.

    Raises `RecordingError` where our row takes another number of operands.
    """
    same = step.same[result] if step.same else None
    count = len(step.operands)
    if same is not None:
        row = ops.named(same.row)
        if len(row.operands) != count and not row.variadic:
            raise RecordingError(
                f"the step {step.function!r} has {count} operands, but the operation {row.name!r} takes "
                f"{len(row.operands)}; give its operands in the order of that row"
            )
        return row
    shape = ops.shape_of(step.results[result])
    named = Called(step.function, step.symbol or step.function, framework)
    return numbers_only(named, count, shape) if step.call is None else called(named, step.call, result, count, shape)
