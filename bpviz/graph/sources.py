"""What a caller gives, made into a graph or a flow: a function with its arguments, a graph, or a flow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from bpviz.errors import UsageError
from bpviz.graph.flow import Flow
from bpviz.graph.graph import Graph, Node
from bpviz.graph.pickling import copied
from bpviz.graph.propagate import flow_at, run
from bpviz.graph.tracing import traced
from bpviz.objects.choice import Choice, choice_of, make_constant
from bpviz.recording.handle import Handle
from bpviz.recording.recorder import NO_VALUE

__all__ = ["Source", "flow_of", "source_of"]

Source = Callable[..., Any] | Graph | Flow
_NONE: Mapping[str, Any] = {}


def flow_of(target: Source, *args: Any, **more: Any) -> Flow:
    """Return the flow of a target, which is given as to `source_of`.

    Raises `UsageError` for a graph whose inputs have no values, and what `source_of` raises.

    >>> flow_of(lambda price=100, count=2, tax=1.1: price * count * tax, inputs={"tax": 1.2}).output
    240.0
    """
    source = source_of(target, *args, **more)
    return source if isinstance(source, Flow) else run(source)


def source_of(
    target: Source,
    args: tuple[Any, ...] = (),
    keywords: Mapping[str, Any] = _NONE,
    *,
    inputs: Mapping[str, Any] | None = None,
    output: str | Handle | Node | None = None,
    seed: Any = None,
    wrt: Any = None,
    freeze: Any = None,
) -> Graph | Flow:
    """Return the flow of a target; the graph itself where its inputs have no values.

    A function is traced with ``args``, ``keywords`` and ``inputs``, so that its branches follow them. A graph or a flow
    keeps its steps, and a flow its numbers where nothing else is given. ``output`` and ``seed`` are those of
    `bpviz.propagate`, ``wrt`` and ``freeze`` those of `bpviz.trace`.

    >>> source_of(lambda price=100, count=2: price * count, wrt="price").grads
    {'price': 2.0}

    Raises `UsageError` for arguments beside a graph, and what `bpviz.trace` and `bpviz.propagate` raise.
    """
    if isinstance(target, Graph | Flow):
        if args or keywords:
            raise UsageError("arguments go with a function; give a graph other values with inputs={...}")
        source = _of_graph(target, inputs, output, seed)
        choice = choice_of(wrt, freeze)
        return source if choice is None else _restricted(source, choice)
    graph = traced(target, args, keywords, inputs, choice_of(wrt, freeze))
    if any(graph.record.values[i] is NO_VALUE for i in graph.record.is_input):
        return graph
    return run(graph, None, output, seed)


def _of_graph(
    target: Graph | Flow, inputs: Mapping[str, Any] | None, output: str | Handle | Node | None, seed: Any
) -> Graph | Flow:
    if isinstance(target, Graph):
        record = target.record
        if inputs is None and any(record.values[i] is NO_VALUE for i in record.is_input):
            return target
        return run(target, inputs, output, seed)
    if inputs is None and output is None and seed is None:
        return target
    names = target.graph.record.is_input
    values = {names[index]: value for index, value in target.given.items()} | dict(inputs or {})
    if output is None:
        # The same output keeps its seed.
        return run(target.graph, values, target.graph.nodes[target.output_index], target.seed if seed is None else seed)
    return run(target.graph, values, output, seed)


def _restricted(source: Graph | Flow, choice: Choice) -> Graph | Flow:
    """Return the same graph (or run) with constants in the place of the inputs that are not differentiated.

    Raises `UsageError` for a name that is no input.
    """
    graph = copied(source.graph if isinstance(source, Flow) else source)
    record = graph.record
    if isinstance(source, Flow):
        # The constants have the values of this run.
        record.values[: len(source.values)] = source.values
        record.kept.clear()
        if graph.plain is not None:
            values = {record.is_input[index]: value for index, value in source.given.items()}
            graph.plain = replace(graph.plain, values={**graph.plain.values, **values})
    make_constant(record, choice, title=graph.name)
    if isinstance(source, Graph):
        return graph
    given = {index: source.given[index] for index in record.is_input}
    return flow_at(graph, given, (), source.output_index, source.seed)
