"""What a caller gives, made into a graph or a flow: a function with its arguments, a graph, or a flow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from bpviz import ops
from bpviz.errors import UsageError
from bpviz.graph.flow import Flow
from bpviz.graph.graph import Graph, Node
from bpviz.graph.propagate import confirmed, run
from bpviz.graph.tracing import trace
from bpviz.lazy import LazyModule
from bpviz.recording.handle import Handle
from bpviz.recording.recorder import NO_VALUE

__all__ = ["Source", "flow_of", "parameters_of", "source_of", "split_keywords"]

np: Any = LazyModule("numpy")

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
) -> Graph | Flow:
    """Return the flow of a target; the graph itself where its inputs have no values.

    A function is traced with ``args``, ``keywords`` and those ``inputs`` that are its parameters, so that its branches
    follow them; other inputs are parts of parameters (``p[0]``) and change the numbers alone. A graph or a flow keeps
    its steps, and a flow its numbers where nothing else is given. ``output`` and ``seed`` are those of
    `bpviz.propagate`.

    Raises `UsageError` for arguments beside a graph, and what `bpviz.trace` and `bpviz.propagate` raise.
    """
    if isinstance(target, Graph | Flow):
        if args or keywords:
            raise UsageError("arguments go with a function; give a graph other values with inputs={...}")
        return _of_graph(target, inputs, output, seed)
    graph, rest = _traced(target, args, keywords, inputs or {})
    if any(graph.record.values[i] is NO_VALUE for i in graph.record.is_input):
        return graph
    flow = run(graph, rest, output, seed)
    return confirmed(flow) if rest else flow


def split_keywords(target: Any, keywords: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the keywords that fill parameters of a function, and the others, which are options.

    >>> split_keywords(lambda price, tax=1.1: price * tax, {"tax": 1.2, "theme": "dark"})
    ({'tax': 1.2}, {'theme': 'dark'})
    """
    known = parameters_of(target) if keywords and callable(target) else ()
    filled = {name: value for name, value in keywords.items() if name in known}
    return filled, {name: value for name, value in keywords.items() if name not in known}


def parameters_of(fn: Any) -> tuple[str, ...]:
    """Return the names of a function's parameters; none for a graph, or a function that does not say.

    >>> parameters_of(lambda price, tax=1.1: price * tax)
    ('price', 'tax')
    """
    import inspect

    try:
        return tuple(inspect.signature(fn).parameters)
    except (TypeError, ValueError):
        return ()


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


def _traced(
    fn: Callable[..., Any], args: tuple[Any, ...], keywords: Mapping[str, Any], inputs: Mapping[str, Any]
) -> tuple[Graph, dict[str, Any]]:
    """Return the graph of a function, and the inputs that are none of its parameters."""
    known = parameters_of(fn) if inputs else ()
    mine = {name: value for name, value in inputs.items() if name in known}
    rest = {name: value for name, value in inputs.items() if name not in known}
    if not mine:
        return trace(fn, *args, **keywords), rest
    import inspect

    signature = inspect.signature(fn)
    bound = signature.bind_partial(*args, **keywords)
    for name, value in mine.items():
        bound.arguments[name] = _like(value, bound.arguments.get(name, signature.parameters[name].default))
    return trace(fn, *bound.args, **bound.kwargs), rest


def _like(value: Any, before: Any) -> Any:
    """Return a value for a parameter; a list in the place of an array, or of a number, is an array."""
    if isinstance(value, list | tuple) and not isinstance(before, Iterable):
        return np.asarray(value, dtype=np.float64)
    if isinstance(value, list | tuple) and hasattr(before, "dtype"):
        return np.asarray(value, dtype=before.dtype if ops.shape_of(before) else None)
    return value
