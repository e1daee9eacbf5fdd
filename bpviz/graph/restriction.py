"""A graph in which only some of the inputs are differentiated."""

from __future__ import annotations

from typing import Any

from bpviz.graph.choice import Choice, make_constant, names_in
from bpviz.graph.flow import Flow
from bpviz.graph.graph import Graph
from bpviz.graph.pickling import copied
from bpviz.graph.propagate import flow_at

__all__ = ["restricted"]


def restricted(source: Graph | Flow, wrt: Any = None, freeze: Any = None) -> Graph | Flow:
    """Return the same graph (or run) with constants in the place of the inputs that are not to be differentiated.

    >>> import bpviz
    >>> flow = bpviz.backprop(lambda price=100, count=2: price * count)
    >>> restricted(flow, wrt="price").grads
    {'price': 2.0}

    Raises `UsageError` for a name that is no input.
    """
    choice = Choice(names_in(wrt, "wrt") or None, names_in(freeze, "freeze"))
    if not choice:
        return source
    graph = copied(source.graph if isinstance(source, Flow) else source)
    record = graph.record
    if isinstance(source, Flow):
        # The constants have the values of this run.
        record.values[: len(source.values)] = source.values
        record.kept.clear()
    make_constant(record, choice, title=graph.name)
    if isinstance(source, Graph):
        return graph
    given = {index: source.given[index] for index in record.is_input}
    return flow_at(graph, given, (), source.output_index, source.seed)
