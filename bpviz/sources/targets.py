"""A graph or flow from what a caller gives: a function with its arguments, a thing of another framework, a graph, or a
flow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bpviz import ops
from bpviz.errors import UsageError
from bpviz.graph.flow import Flow
from bpviz.graph.graph import Graph, Node
from bpviz.graph.pickling import copied
from bpviz.graph.propagate import propagate, rerun, run
from bpviz.graph.tracing import traced
from bpviz.graph.verification import verified
from bpviz.objects.choice import Choice, choice_of, make_constant
from bpviz.objects.parameters import parameters_of
from bpviz.recording.handle import Handle
from bpviz.recording.recorder import NO_VALUE
from bpviz.sources.registry import parameters_of_foreign, source_for

__all__ = ["Target", "backprop", "flow_of", "foreign", "names_of", "recorded", "source_of", "split_keywords", "trace"]

Target = Callable[..., Any] | Graph | Flow
_NONE: Mapping[str, Any] = {}


def flow_of(target: Target, *args: Any, **more: Any) -> Flow:
    """Return the flow of a target, which is given as to `source_of`.

    Raises `UsageError` for a graph whose inputs have no values, and what `source_of` raises.

    >>> flow_of(lambda price=100, count=2, tax=1.1: price * count * tax, inputs={"tax": 1.2}).output
    240.0
    """
    source = source_of(target, *args, **more)
    return source if isinstance(source, Flow) else run(source)


def source_of(
    target: Target,
    args: tuple[Any, ...] = (),
    keywords: Mapping[str, Any] = _NONE,
    *,
    inputs: Mapping[str, Any] | None = None,
    output: str | Handle | Node | None = None,
    seed: Any = None,
    wrt: Any = None,
    freeze: Any = None,
) -> Graph | Flow:
    """Return the flow of a target; the graph itself if its inputs have no values.

    A function is traced with ``args``, ``keywords`` and ``inputs``, so that its branches follow them. A graph or a flow
    keeps its steps, and a flow its numbers if nothing else is given. ``output`` and ``seed`` are those of
    `bpviz.propagate`, ``wrt`` and ``freeze`` those of `bpviz.trace`.

    >>> source_of(lambda price=100, count=2: price * count, wrt="price").grads
    {'price': 2.0}

    Raises `UsageError` for arguments with a graph, and what `bpviz.trace` and `bpviz.propagate` raise.
    """
    if isinstance(target, Graph | Flow):
        if args or keywords:
            raise UsageError("arguments go with a function; give a graph other values with inputs={...}")
        source = _of_graph(target, inputs, output, seed)
        choice = choice_of(wrt, freeze)
        if choice is None:
            return source
        return _restricted(source, choice) if isinstance(source, Flow) else _restricted_graph(source, choice)
    choice = choice_of(wrt, freeze)
    flow = foreign(target, args, keywords, inputs or {}, choice)
    if flow is not None:
        return rerun(flow, None, output, seed)
    graph = traced(target, args, keywords, inputs, choice)
    if any(graph.record.values[i] is NO_VALUE for i in graph.record.is_input):
        return graph
    return run(graph, None, output, seed)


def trace(
    fn: Callable[..., Any],
    /,
    *args: Any,
    inputs: Mapping[str, Any] | None = None,
    wrt: str | Sequence[str] | None = None,
    freeze: str | Sequence[str] | None = None,
    verify: bool = True,
    **kwargs: Any,
) -> Graph:
    """Run a function once and record what it computes.

    The parameters become the inputs; those that are not given take their defaults. Numbers and arrays are recorded,
    also inside lists, tuples and dicts (named ``p[0]``, ``p['W1']``); strings, booleans, None and functions pass
    through as they are.

    >>> def total(price=100, count=2, tax=1.1):
    ...     subtotal = price * count
    ...     return subtotal * tax
    >>> graph = trace(total)
    >>> graph.inputs, graph.outputs
    (('price', 'count', 'tax'), ('total',))
    >>> graph["subtotal"].value
    200.0

    A method is a function, too: the floats and arrays of floats that its object holds, and that a step reads, are
    inputs named as in the code (``params['W1']``, ``layer1.W``), and so are the fields of objects that are arguments
    (``p.w``). The objects themselves stay as they are; the function runs on copies.

    ``wrt="W1,b1"`` names what is differentiated (parameters, attributes, globals of the function's module), ``freeze=``
    what is not; the rest become constants with names. ``inputs=`` gives other values by name, also to parts of
    parameters and to attributes.

    >>> trace(total, wrt="price,tax").inputs, trace(total, inputs={"tax": 1.2})["total"].value
    (('price', 'tax'), 240.0)

    Afterwards the function is run once more, without bpviz, on copies of the same inputs, and must return the same
    value: the figure shows what the function does. ``verify=False`` leaves that out. What the function prints is
    printed once, and random numbers, lists and global variables are then as after a single run. A parameter named
    ``inputs``, ``wrt`` or ``freeze`` takes what is given by that name; one named ``verify`` is given by position.

    A module or function of another framework, such as PyTorch, is recorded by its source (`bpviz.sources`).

    Raises `UsageError` if a parameter has no value, the result depends on none of them, or a name in ``wrt``,
    ``freeze`` or ``inputs`` is unknown, and `RecordingError` for a step that cannot be recorded, or a plain run that
    returns another value. What the function itself raises passes through.
    """
    flow = _run(fn, args, kwargs, {"inputs": inputs, "wrt": wrt, "freeze": freeze}, verify)
    return flow.graph if isinstance(flow, Flow) else flow


def backprop(
    fn: Callable[..., Any],
    /,
    *args: Any,
    inputs: Mapping[str, Any] | None = None,
    wrt: str | Sequence[str] | None = None,
    freeze: str | Sequence[str] | None = None,
    verify: bool = True,
    **kwargs: Any,
) -> Flow:
    """Trace a function and propagate: forward values and gradients in one call.

    The arguments are those of `bpviz.trace`: also ``inputs``, ``wrt``, ``freeze`` and ``verify``.

    >>> def total(price=100, count=2, tax=1.1):
    ...     return price * count * tax
    >>> backprop(total).grads
    {'price': 2.2, 'count': 110.00000000000001, 'tax': 200.0}
    """
    with ops.silence():
        found = _run(fn, args, kwargs, {"inputs": inputs, "wrt": wrt, "freeze": freeze}, verify)
        return found if isinstance(found, Flow) else propagate(found)


def _run(
    fn: Callable[..., Any],
    args: tuple[Any, ...],
    keywords: Mapping[str, Any],
    options: Mapping[str, Any],
    verify: bool,
) -> Graph | Flow:
    """Return the graph of a plain function, the flow of a thing of another framework.

    Options that name parameters of the function fill them.
    """
    filled, options = split_keywords(fn, {name: value for name, value in options.items() if value is not None})
    with verified(verify):
        choice, inputs = choice_of(options.get("wrt"), options.get("freeze")), options.get("inputs")
        found = foreign(fn, args, {**keywords, **filled}, inputs or {}, choice)
        return found or traced(fn, args, {**keywords, **filled}, inputs, choice)


def split_keywords(target: Any, keywords: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the keywords that fill parameters of a function or a module, and the others, which are options.

    >>> split_keywords(lambda price, tax=1.1: price * tax, {"tax": 1.2, "theme": "dark"})
    ({'tax': 1.2}, {'theme': 'dark'})
    """
    if not keywords or isinstance(target, Graph | Flow):
        return {}, dict(keywords)
    known = names_of(target)
    filled = {name: value for name, value in keywords.items() if name in known}
    return filled, {name: value for name, value in keywords.items() if name not in known}


def recorded(target: Target) -> Graph | Flow:
    """Return a graph or flow itself, the graph of a plain function, the flow of a thing of another framework.

    Raises what `trace` raises.
    """
    return target if isinstance(target, Graph | Flow) else foreign(target, (), {}) or traced(target, (), {})


def names_of(target: Any) -> tuple[str, ...]:
    """Return the names of what a function or a thing of another framework takes."""
    found = parameters_of_foreign(target)
    return found if found is not None else parameters_of(target) if callable(target) else ()


def foreign(
    target: Any,
    args: tuple[Any, ...],
    keywords: Mapping[str, Any],
    inputs: Mapping[str, Any] = _NONE,
    choice: Choice | None = None,
) -> Flow | None:
    """Return the flow of a thing of another framework; ``None`` for anything else.

    ``inputs`` that are no arguments are values of its leaves, such as parameters of a module: for these, its graph is
    run again.
    """
    source = source_for(target, args, {**keywords, **inputs})
    if source is None:
        return None
    names, given, more = names_of(target), list(args), dict(keywords)
    for name in [name for name in inputs if name in names]:
        if names.index(name) < len(given):
            given[names.index(name)] = inputs[name]
        else:
            more[name] = inputs[name]
    flow = source.record(target, *given, **more)
    rest = {name: value for name, value in inputs.items() if name not in names}
    flow = rerun(flow, rest)
    return flow if choice is None else _restricted(flow, choice)


def _of_graph(
    target: Graph | Flow, inputs: Mapping[str, Any] | None, output: str | Handle | Node | None, seed: Any
) -> Graph | Flow:
    if isinstance(target, Flow):
        return rerun(target, inputs, output, seed)
    record = target.record
    if inputs is None and any(record.values[i] is NO_VALUE for i in record.is_input):
        return target
    return run(target, inputs, output, seed)


def _restricted(source: Flow, choice: Choice) -> Flow:
    """Return the same run with constants in place of the inputs that are not differentiated.

    All numbers stay; where no gradient flows any more there is none.

    Raises `UsageError` for a name that is no input.
    """
    graph = copied(source.graph)
    record = graph.record
    # The constants have the values of this run.
    record.values[: len(source.values)] = source.values
    record.kept.clear()
    if graph.plain is not None:
        values = {record.is_input[index]: value for index, value in source.given.items()}
        graph.plain = replace(graph.plain, values={**graph.plain.values, **values})
    make_constant(record, choice, title=graph.name)
    reached, end = record.reached, source.output_index
    gradients = tuple(
        gradient if reached[index] or index == end else None for index, gradient in enumerate(source.gradients)
    )
    wires = tuple(
        shares and tuple(share if reached[i] else None for i, share in zip(record.operands[index], shares, strict=True))
        for index, shares in enumerate(source.wire_gradients)
    )
    given = {index: source.given[index] for index in record.is_input}
    return replace(source, graph=graph, gradients=gradients, wire_gradients=wires, given=given)


def _restricted_graph(source: Graph, choice: Choice) -> Graph:
    graph = copied(source)
    make_constant(graph.record, choice, title=graph.name)
    return graph
