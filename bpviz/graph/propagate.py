"""The forward and backward pass through a graph, which compute all numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from bpviz import ops
from bpviz.errors import BpvizError, UsageError, did_you_mean
from bpviz.graph.backward_pass import backward, fit
from bpviz.graph.flow import Flow, gradient_at, gradients_of
from bpviz.graph.graph import Graph, Node
from bpviz.lazy import LazyModule
from bpviz.objects.choice import full_name
from bpviz.objects.inputs import as_input
from bpviz.ops.table.copying import sealed
from bpviz.ops.table.thumbnails import Thumbnail
from bpviz.ops.table.unknown import UNKNOWN
from bpviz.recording.handle import Handle
from bpviz.recording.recorder import NO_VALUE

__all__ = ["flow_at", "output_with", "propagate", "pulled", "rerun", "run", "toward", "value_at"]

np: Any = LazyModule("numpy")


def propagate(
    graph: Graph,
    inputs: Mapping[str, Any] | None = None,
    output: str | Handle | Node | None = None,
    seed: Any = None,
) -> Flow:
    """Return all numbers of one run: forward with these inputs, backward from this output.

    ``inputs`` replaces the recorded values of some inputs. ``output`` is any node (default: the first output).
    ``seed`` is the gradient that starts at the output, in its shape: ones by default, which for an array gives the
    gradient of its sum. Branches (``if x > 0``) stay as they were recorded.

    >>> import bpviz
    >>> graph = bpviz.trace(lambda p=100, n=2, t=1.1: (p * n) * t)
    >>> flow = propagate(graph, {"t": 1.2})
    >>> flow.output, flow.grad("p")
    (240.0, 2.4)

    Afterwards the handles of a graph that was built by hand have the gradients of this run as their ``grad``.

    Raises `UsageError` for an unknown input or output, an input without a value, or a seed of another shape.
    """
    flow = run(graph, inputs, output, seed)
    # Not the flow itself: it holds the graph, and in a cycle all its arrays would wait for the garbage collector.
    graph.record.gradient_of = partial(gradient_at, flow.values, flow.gradients, flow.given)
    return flow


def run(
    graph: Graph,
    inputs: Mapping[str, Any] | None = None,
    output: str | Handle | Node | None = None,
    seed: Any = None,
) -> Flow:
    """Return the same flow as `propagate`, and leave the handles of the graph as they are."""
    record = graph.record
    if not len(record):
        raise UsageError("the graph is empty; give it inputs and compute something from them first")
    index = graph.output_indices[0] if output is None else graph.find(output)
    given = {i: record.values[i] for i in record.is_input}
    changed = [_take(graph, given, key, value) for key, value in (inputs or {}).items()]
    missing = [record.is_input[i] for i, value in given.items() if value is NO_VALUE]
    if missing:
        raise UsageError(
            f"the input {missing[0]!r} has no value; give it one: propagate(graph, {{{missing[0]!r}: 1.0}})"
        )
    return flow_at(graph, given, changed, index, seed)


def flow_at(graph: Graph, given: Mapping[int, Any], changed: Sequence[int], output: int, seed: Any = None) -> Flow:
    """Return the flow for inputs by number, taken as they are; ``changed`` are those that differ from the record."""
    record = graph.record
    with ops.silence():
        values, kept = _forward(graph, given, changed) if changed else (record.values, record.kept)
        start = _seed(seed, values[output], graph.names[output] if seed is not None else "")
        gradients, wires = backward(record, values, kept, output, start)
    return Flow(graph, tuple(values), gradients_of(gradients), tuple(wires), output, start, given)


def value_at(graph: Graph, given: Mapping[int, Any], changed: Sequence[int], output: int) -> Any:
    """Return the forward value of one node alone, for inputs by number."""
    with ops.silence():
        return _forward(graph, given, changed)[0][output]


def output_with(flow: Flow, index: int, value: Any) -> Any:
    """Return the output of the same run, if one node, by number, had another value.

    >>> import bpviz
    >>> flow = bpviz.backprop(lambda price=100, count=2, tax=1.1: price * count * tax)
    >>> output_with(flow, flow.graph.find("multiply"), 300.0)
    330.0
    """
    with ops.silence():
        return _forward(flow.graph, {index: value}, (index,), flow.values)[0][flow.output_index]


def toward(flow: Flow, output: int, seed: Any = None) -> Flow:
    """Return the numbers of the same run, with the gradients of another value: a node, by number.

    >>> import bpviz
    >>> flow = bpviz.backprop(lambda x=3.0: (x * x) * 2)
    >>> toward(flow, flow.graph.find("multiply")).grad("x")
    6.0

    Raises `UsageError` for a seed of another shape.
    """
    if output == flow.output_index and seed is None:
        return flow
    start = _seed(seed, flow.values[output], flow.graph.names[output] if seed is not None else "")
    with ops.silence():
        gradients, wires = backward(flow.graph.record, flow.values, {}, output, start)
    return replace(
        flow, gradients=gradients_of(gradients), wire_gradients=tuple(wires), output_index=output, seed=start
    )


def rerun(
    flow: Flow,
    inputs: Mapping[str, Any] | None = None,
    output: str | Handle | Node | None = None,
    seed: Any = None,
) -> Flow:
    """Return the flow of the same graph with other values for some inputs, another output or another seed.

    The same output keeps its seed. What does not depend on these inputs keeps its numbers, which may be those of
    another framework.

    >>> import bpviz
    >>> flow = bpviz.backprop(lambda price=100, count=2, tax=1.1: price * count * tax)
    >>> rerun(flow, {"tax": 1.2}).output
    240.0

    Raises what `propagate` raises.
    """
    graph = flow.graph
    index = flow.output_index if output is None else graph.find(output)
    if not inputs:
        return toward(flow, index, seed)
    seed = flow.seed if seed is None and index == flow.output_index else seed
    given = dict(flow.given)
    changed = [_take(graph, given, key, value) for key, value in inputs.items()]
    with ops.silence():
        values, kept = _forward(graph, given, changed, flow.values)
        start = _seed(seed, values[index], graph.names[index] if seed is not None else "")
        gradients, wires = backward(graph.record, values, kept, index, start)
    return Flow(graph, tuple(values), gradients_of(gradients), tuple(wires), index, start, given)


def pulled(flow: Flow, index: int, slot: int, g: Any) -> Any:
    """Return the gradient of one operand of a step for the incoming gradient ``g``: one rule, called once.

    It has the shape of the operand; ``None`` if no gradient flows to it.

    >>> import bpviz
    >>> flow = bpviz.backprop(lambda price=100, count=2: price * count)
    >>> pulled(flow, flow.graph.find("output"), 0, 1.1)
    2.2
    """
    record, values = flow.graph.record, flow.values
    operation, operands = record.operations[index], record.operands[index]
    if operation is None:
        return None
    rule = operation.rules(len(operands))[slot]
    if rule is None or not record.reached[operands[slot]]:
        return None
    if g is UNKNOWN:
        return UNKNOWN
    xs = [values[i] for i in operands]
    try:
        return fit(ops.pull(rule, g, values[index], xs, record.parameters.get(index, {})), xs[slot])
    except TypeError:
        if not any(type(x) is Thumbnail for x in (g, values[index], *xs)):
            raise
        return UNKNOWN


def _take(graph: Graph, given: dict[int, Any], key: str, value: Any) -> int:
    """Replace the value of an input. Return the input's number."""
    full = full_name(key, graph.inputs)
    index = next((i for i, name in graph.record.is_input.items() if name == full), None)
    if index is None:
        hint = did_you_mean(key, graph.inputs, f"its inputs are: {', '.join(graph.inputs)}")
        raise UsageError(f"there is no input named {key!r}; {hint}")
    typed = hasattr(value, "dtype")
    value, before = as_input(key, value), given[index]
    if before is not NO_VALUE:
        if ops.shape_of(before) != ops.shape_of(value):
            raise UsageError(
                f"the input {key!r} was recorded with shape {ops.shape_of(before)}, but got shape "
                f"{ops.shape_of(value)}; trace the function again with the new shape"
            )
        if type(before) is not float:
            value = np.asarray(value)
            if before.dtype.kind == "f":
                # A list takes the recorded precision; an array has its own.
                value = value if typed and value.dtype.kind == "f" else value.astype(before.dtype)
            elif np.all(value == value.astype(before.dtype)):
                # Whole numbers stay whole, so that an index stays one; 1.5 is taken as it is.
                value = value.astype(before.dtype)
    given[index] = value
    return index


def _seed(seed: Any, value: Any, name: str) -> Any:
    """Return the gradient that starts at the output, in its shape and precision."""
    if type(value) is float and (seed is None or isinstance(seed, float | int)):
        return 1.0 if seed is None else float(seed)
    value = np.asarray(value)
    dtype = value.dtype if value.dtype.kind == "f" else np.float64
    if seed is None:
        return ops.plain(np.ones(value.shape, dtype))
    array = np.asarray(seed)
    if array.dtype.kind not in "fiub":
        raise UsageError(f"the seed must be a number or an array of numbers, but got {seed!r}")
    if array.shape != value.shape:
        raise UsageError(f"the seed must have the shape of the output {name!r}, {value.shape}, but has {array.shape}")
    return ops.plain(array.astype(dtype))


def _forward(
    graph: Graph, given: Mapping[int, Any], changed: Sequence[int], before: Sequence[Any] | None = None
) -> tuple[list[Any], dict[int, Any]]:
    """Return the values, computed again if they depend on changed ones, and what is kept for the rules.

    The values ``before``, of another run, replace the recorded ones.
    """
    record = graph.record
    values, all_kept = (list(record.values), dict(record.kept)) if before is None else (list(before), {})
    fresh = bytearray(len(values))
    for index in changed:
        values[index] = given[index]
        fresh[index] = 1
    for index, operation in zip(range(len(values)), record.operations, strict=False):
        if operation is None or not any(fresh[i] for i in record.operands[index]):
            continue
        fresh[index] = 1
        xs = [values[i] for i in record.operands[index]]
        _refuse_thumbnails(graph, index, values)
        try:
            value, kept = ops.computed(operation, xs, record.parameters.get(index, {}))
        except BpvizError:
            # It names the step itself, as one of another framework.
            raise
        except (ValueError, TypeError, IndexError) as error:
            shapes = " and ".join(str(ops.shape_of(x)) for x in xs)
            raise UsageError(f"{graph.names[index]!r} ({operation.name}) fails on shapes {shapes}: {error}") from error
        values[index] = sealed(value)
        if operation.keeping is not None:
            all_kept[index] = kept
    return values, all_kept


def _refuse_thumbnails(graph: Graph, index: int, values: Sequence[Any]) -> None:
    """Raise `UsageError` if an operand of a step is a large array of which only a thumbnail is kept."""
    for operand in graph.record.operands[index]:
        value = values[operand]
        if type(value) is Thumbnail:
            raise UsageError(
                f"{graph.names[index]!r} cannot be computed again: of {graph.names[operand]!r}, which has "
                f"{value.size:,} elements, only a thumbnail is kept; run the model itself with the other values"
            )
