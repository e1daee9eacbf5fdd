"""Composite operations opened: a graph in which they are replaced by their inside, as groups of smaller operations."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any

from bpviz.errors import UsageError, did_you_mean
from bpviz.graph.flow import Flow
from bpviz.graph.graph import Graph, Node
from bpviz.graph.propagate import flow_at
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
        if node.operation is not None and node.operation.inside is not None:
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

    If nothing is opened, it is the source itself, with its own numbers.
    """
    closed = graph = source.graph if isinstance(source, Flow) else source
    moved: dict[int, int] = {i: i for i in range(len(graph))}
    while any(_has_inside(node) and wanted(node) for node in graph.nodes):
        graph, step = _opened_once(graph, wanted)
        moved = {old: step[new] for old, new in moved.items()}
    if graph is closed:
        return source
    if isinstance(source, Flow):
        given = {moved[i]: value for i, value in source.given.items()}
        return flow_at(graph, given, tuple(given), moved[source.output_index], source.seed)
    return graph


def _has_inside(node: Node) -> bool:
    return node.operation is not None and node.operation.inside is not None


def _opened_once(graph: Graph, wanted: Callable[[Node], bool]) -> tuple[Graph, dict[int, int]]:
    """Open one level. Return the graph, and the new number of every node."""
    old = graph.record
    new = Recorder(sys._getframe(), graph.name)
    new.scopes = list(old.scopes)
    moved: dict[int, int] = {}
    for node in graph.nodes:
        index = node.index
        operands = tuple(moved[i] for i in old.operands[index])
        if not (_has_inside(node) and wanted(node)):
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
        if node.label:
            new.labels[result.index] = node.label
        if index in old.meanings:
            new.meanings[result.index] = old.meanings[index]
        if index in old.styles:
            new.styles[result.index] = old.styles[index]
    new.decided |= {moved[index]: line for index, line in old.decided.items() if index >= 0}
    made = Graph(graph.name, record=new)
    made.function, made.notes = graph.function, graph.notes
    new.forget()
    for end in graph.ends:
        made.mark_output(moved[end.node], end.title, own=end.own)
    return made, moved
