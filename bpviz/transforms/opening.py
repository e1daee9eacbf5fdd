"""Composite operations opened: a graph in which they are replaced by their inside, as groups of smaller operations."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from bpviz import ops
from bpviz.errors import UsageError, did_you_mean
from bpviz.graph.backward_pass import shares_of
from bpviz.graph.flow import Flow
from bpviz.graph.graph import Graph, Node
from bpviz.graph.propagate import flow_at
from bpviz.ops.table.thumbnails import Thumbnail
from bpviz.recording.handle import Handle
from bpviz.recording.recorder import Recorder
from bpviz.recording.scopes import Scope
from bpviz.sources.targets import recorded

__all__ = ["open_named", "open_operations", "openable", "opened"]


def open_operations(
    target: Callable[..., Any] | Graph | Flow, /, *names: str, depth: int | None = None
) -> Graph | Flow:
    """Return the graph (or flow) with some operations replaced by their inside; without names, all that have one.

    ``names`` are operations (``"softmax"``) or values that they make; ``depth`` opens all that are in fewer groups
    than that. The numbers on the border stay the same; those inside are new.

    >>> import bpviz
    >>> flow = bpviz.backprop(lambda x=0.0: bpviz.nn.sigmoid(x))
    >>> inside = bpviz.open(flow, "sigmoid")
    >>> inside.output == flow.output, inside.grads == flow.grads, len(inside.graph) > len(flow.graph)
    (True, True, True)

    Raises `UsageError` if nothing of that name can be opened.
    """
    source = recorded(target)
    if not names and depth is None:
        return opened(source, lambda node: True)
    found, unknown = open_named(source, names, depth)
    for name in unknown:
        known = openable(source.graph if isinstance(source, Flow) else source)
        there = f"there are: {', '.join(known)}" if known else "no operation of the graph has an inside"
        raise UsageError(f"nothing named {name!r} can be opened; {did_you_mean(name, known, there)}")
    return found


def open_named(
    source: Graph | Flow, names: Iterable[str], depth: int | None = None
) -> tuple[Graph | Flow, tuple[str, ...]]:
    """Return the source with the named operations (or those above ``depth``) opened, and the unknown names.

    A name may be that of an operation which appears only when another is opened.
    """
    wanted = tuple(names)
    found: set[str] = set()

    def is_wanted(node: Node) -> bool:
        return _is_named(node, found) or (depth is not None and _depth(node) < depth)

    source = opened(source, is_wanted)
    while True:
        here = set(openable(source.graph if isinstance(source, Flow) else source)).intersection(wanted)
        if here <= found:
            return source, tuple(name for name in wanted if name not in found)
        found |= here
        source = opened(source, is_wanted)


def openable(graph: Graph) -> tuple[str, ...]:
    """Return the names by which steps of a graph can be opened: operations with an inside, and the values they make."""
    found: dict[str, None] = {}
    for node in graph.nodes:
        if _opens(node) and node.operation is not None:
            found.update(dict.fromkeys((node.operation.name, node.name)))
    return tuple(found)


def _is_named(node: Node, names: Iterable[str]) -> bool:
    return node.operation is not None and (node.operation.name in names or node.name in names)


def _depth(node: Node) -> int:
    depth, scope = 0, node.scope
    while scope.parent is not None:
        depth, scope = depth + 1, scope.parent
    return depth


def opened(source: Graph | Flow, wanted: Callable[[Node], bool]) -> Graph | Flow:
    """Return the graph (or flow) in which the wanted operations, also inner ones, are groups of smaller ones.

    If nothing is opened, it is the source itself, with its own numbers. Those of another framework stay as they are;
    only what is new inside of its steps is computed.
    """
    closed = graph = source.graph if isinstance(source, Flow) else source
    moved: dict[int, int] = {i: i for i in range(len(graph))}
    while any(_opens(node) and wanted(node) for node in graph.nodes):
        graph, step = _opened_once(graph, wanted)
        moved = {old: step[new] for old, new in moved.items()}
        if isinstance(source, Flow) and graph.framework:
            source, moved = _with_inside(source, graph, moved), {i: i for i in range(len(graph))}
    if graph is closed or (isinstance(source, Flow) and source.graph is graph):
        return source
    if isinstance(source, Flow):
        given = {moved[i]: value for i, value in source.given.items()}
        return flow_at(graph, given, tuple(given), moved[source.output_index], source.seed)
    return graph


def _opens(node: Node) -> bool:
    """Return whether a step has an inside, and all numbers to compute it."""
    if node.operation is None or node.operation.inside is None:
        return False
    record = node.graph.record
    return not any(isinstance(record.values[i], Thumbnail) for i in record.operands[node.index])


def _opened_once(graph: Graph, wanted: Callable[[Node], bool]) -> tuple[Graph, dict[int, int]]:
    """Open one level. Return the graph, and the new number of every node."""
    old = graph.record
    new = Recorder(sys._getframe(), graph.name)
    new.scopes = list(old.scopes)
    moved: dict[int, int] = {}
    for node in graph.nodes:
        index = node.index
        operands = tuple(moved[i] for i in old.operands[index])
        if not (_opens(node) and wanted(node)):
            moved[index] = new.copy(old, index, operands)
            continue
        assert node.operation is not None
        assert node.operation.inside is not None
        title = node.operation.name.replace("_", " ")
        new.pinned = Scope(len(new.scopes), node.scope, title, node.scope.code, -1)
        new.scopes.append(new.pinned)
        handles = [Handle(new, i, new.values[i]) for i in operands]
        result = node.operation.inside(*handles, **node.parameters)
        new.pinned = new.frame = None
        moved[index] = result.index
        if graph.framework:
            new.values[result.index] = old.values[index]
        if node.label:
            new.labels[result.index] = node.label
        if index in old.meanings:
            new.meanings[result.index] = old.meanings[index]
        if index in old.styles:
            new.styles[result.index] = old.styles[index]
    new.decided |= {moved[index]: line for index, line in old.decided.items() if index >= 0}
    new.joint |= {moved[index]: moved[first] for index, first in old.joint.items()}
    made = Graph(graph.name, record=new)
    made.function, made.notes, made.framework = graph.function, graph.notes, graph.framework
    new.forget()
    for end in graph.ends:
        made.mark_output(moved[end.node], end.title, own=end.own)
    return made, moved


def _with_inside(flow: Flow, graph: Graph, moved: Mapping[int, int]) -> Flow:
    """Return a flow for the opened graph with the same numbers; the gradients inside of what is open are computed."""
    record, old = graph.record, flow.graph.record
    values = list(record.values)
    gradients: list[Any] = [None] * len(record)
    wires: list[Any] = [None] * len(record)
    opened = []
    for index, place in moved.items():
        values[place], gradients[place] = flow.values[index], flow.gradients[index]
        if record.operations[place] is old.operations[index]:
            wires[place] = flow.wire_gradients[index]
        else:
            opened.append(index)
    with ops.silence():
        for index in opened:
            first = moved[index - 1] + 1 if index else 0
            _open_backward(record, values, gradients, wires, range(moved[index], first - 1, -1))
            _keep_wires(flow, index, [moved[i] for i in old.operands[index]], record, wires, range(first, moved[index]))
    given = {moved[i]: value for i, value in flow.given.items()}
    return Flow(graph, tuple(values), tuple(gradients), tuple(wires), moved[flow.output_index], flow.seed, given)


def _open_backward(
    record: Recorder, values: Sequence[Any], gradients: list[Any], wires: list[Any], inside: range
) -> None:
    """Compute the gradients inside of an open step, from its result back; those at its operands stay as they are."""
    for index in inside:
        if record.operations[index] is None or gradients[index] is None:
            continue
        wires[index] = shares_of(record, index, gradients[index], values, {})
        for operand, share in zip(record.operands[index], wires[index], strict=True):
            if operand in inside and share is not None:
                before = gradients[operand]
                gradients[operand] = share if before is None else before + share


def _keep_wires(
    flow: Flow, step: int, operands: Sequence[int], record: Recorder, wires: list[Any], inside: range
) -> None:
    """Give a wire into an open step the gradient that it had, where it is the only one from that operand."""
    for slot, operand in enumerate(operands):
        uses = [(i, s) for i in (*inside, inside.stop) for s, o in enumerate(record.operands[i]) if o == operand]
        if len(uses) == 1 and operands.count(operand) == 1:
            index, place = uses[0]
            kept = list(wires[index] or [None] * len(record.operands[index]))
            kept[place] = flow.wire_share(step, slot)
            wires[index] = tuple(kept)
