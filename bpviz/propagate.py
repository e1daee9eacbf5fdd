"""Forward through a graph, and back: the engine that fills in all numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

from bpviz import ops
from bpviz.errors import UsageError
from bpviz.flow import Flow
from bpviz.graph import Graph, Node, as_input
from bpviz.handle import Handle
from bpviz.lazy import LazyModule, imported
from bpviz.recorder import NO_VALUE, Recorder
from bpviz.tracing import trace

__all__ = ["backprop", "propagate"]

np: Any = LazyModule("numpy")


def propagate(
    graph: Graph,
    inputs: Mapping[str, Any] | None = None,
    output: str | Handle | Node | None = None,
    seed: Any = None,
) -> Flow:
    """All numbers of one run: forward with these inputs, backward from this output.

    ``inputs`` replaces the recorded values of some inputs. ``output`` is any node (default: the first output).
    ``seed`` is the gradient that starts at the output, of its shape: ones by default, so that of an output that is no
    single number the gradient of its sum comes out. Branches (``if x > 0``) stay as they were recorded.

    >>> import bpviz
    >>> graph = bpviz.trace(lambda p=100, n=2, t=1.1: (p * n) * t)
    >>> flow = propagate(graph, {"t": 1.2})
    >>> flow.output, flow.grad("p")
    (240.0, 2.4)

    Raises `UsageError` for an unknown input or output, an input without a value, or a seed of another shape.
    """
    record = graph.record
    if not len(record):
        raise UsageError("the graph is empty; give it inputs and compute something from them first")
    index = graph.output_indices[0] if output is None else graph.find(output)
    given = {i: record.values[i] for i in record.is_input}
    changed = False
    for key, value in (inputs or {}).items():
        at = _input_index(graph, key)
        value = as_input(key, value)
        before = given[at]
        if before is not NO_VALUE and ops.shape_of(before) != ops.shape_of(value):
            raise UsageError(
                f"the input {key!r} was recorded with shape {ops.shape_of(before)}, but got shape {ops.shape_of(value)}; "
                "trace the function again with the new shape"
            )
        if before is not NO_VALUE and before.__class__ is not float and before.dtype.kind != "f":
            value = np.asarray(value).astype(before.dtype) if np.all(np.mod(value, 1) == 0) else value
        given[at] = value
        changed = True
    quiet = np.errstate(all="ignore") if imported("numpy") else nullcontext()
    with quiet:
        values = _forward(graph, given) if changed else record.values
        missing = [record.is_input[i] for i in given if values[i] is NO_VALUE]
        if missing:
            raise UsageError(
                f"the input {missing[0]!r} has no value; give it one: propagate(graph, {{{missing[0]!r}: 1.0}})"
            )
        start = _seed(seed, values[index], graph, index)
        gradients, wires = _backward(record, values, index, start)
    flow = Flow(graph, tuple(values), tuple(gradients), tuple(wires), index, start, given)
    record.flow = flow
    return flow


def backprop(fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Flow:
    """Trace a function and propagate: forward values and gradients in one call.

    >>> def total(price=100, count=2, tax=1.1):
    ...     return price * count * tax
    >>> backprop(total).grads
    {'price': 2.2, 'count': 110.00000000000001, 'tax': 200.0}
    """
    return propagate(trace(fn, *args, **kwargs))


def _input_index(graph: Graph, key: str) -> int:
    for index, name in graph.record.is_input.items():
        if name == key:
            return index
    import difflib

    close = difflib.get_close_matches(key, graph.inputs, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"its inputs are: {', '.join(graph.inputs)}"
    raise UsageError(f"there is no input named {key!r}; {hint}")


def _seed(seed: Any, value: Any, graph: Graph, index: int) -> Any:
    if value.__class__ is not float and np.asarray(value).dtype.kind not in "fiub":
        raise UsageError(f"the output {graph.names[index]!r} is no number or array of numbers: {value!r}")
    if seed is None:
        if value.__class__ is float:
            return 1.0
        return np.ones_like(value, dtype=value.dtype if value.dtype.kind == "f" else np.float64)
    if value.__class__ is float and isinstance(seed, float | int):
        return float(seed)
    array = np.asarray(seed)
    if array.shape != ops.shape_of(value):
        raise UsageError(
            f"the seed must have the shape of the output {graph.names[index]!r}, {ops.shape_of(value)}, but has {array.shape}"
        )
    if value.__class__ is float:
        return float(array)
    return array.astype(value.dtype if value.dtype.kind == "f" else np.float64)


def _forward(graph: Graph, given: Mapping[int, Any]) -> list[Any]:
    """Every value again, from other inputs; the recorded structure stays."""
    record = graph.record
    values = list(record.values)
    for index, value in given.items():
        values[index] = value
    fresh = bytearray(len(values))
    for index in given:
        fresh[index] = 1
    parameters = record.parameters
    for index, operation in enumerate(record.operations):
        if operation is None:
            continue
        operands = record.operands[index]
        if not any(fresh[i] for i in operands):
            continue
        fresh[index] = 1
        xs = [values[i] for i in operands]
        if any(x is NO_VALUE for x in xs):
            continue
        try:
            values[index] = ops.evaluate(operation, xs, parameters.get(index, {}))
        except (ValueError, TypeError, IndexError) as error:
            shapes = " and ".join(str(ops.shape_of(x)) for x in xs)
            raise UsageError(f"{graph.names[index]!r} ({operation.name}) fails on shapes {shapes}: {error}") from error
    return values


def _backward(
    record: Recorder, values: Sequence[Any], output: int, seed: Any
) -> tuple[list[Any], list[tuple[Any, ...] | None]]:
    """The gradient of every node and every wire, from the output back; the order of recording is a sorted one."""
    gradients: list[Any] = [None] * len(values)
    wires: list[tuple[Any, ...] | None] = [None] * len(values)
    gradients[output] = seed
    operations, all_operands, reached, parameters = (
        record.operations,
        record.operands,
        record.reached,
        record.parameters,
    )
    for index in range(output, -1, -1):
        g = gradients[index]
        if g is None:
            continue
        operation = operations[index]
        if operation is None:
            continue
        operands = all_operands[index]
        z = values[index]
        xs = [values[i] for i in operands]
        told = parameters.get(index)
        rules = operation.rules(len(operands))
        shares = []
        for i, x, rule in zip(operands, xs, rules, strict=True):
            if not reached[i] or rule is None:
                shares.append(None)
                continue
            try:
                share = rule(g, z, *xs) if told is None else rule(g, z, *xs, **told)
            except (ArithmeticError, ValueError):
                share = ops.pull(rule, g, z, xs, told or {})
            if share.__class__ is not float or x.__class__ is not float:
                if share is None:
                    shares.append(None)
                    continue
                share = _fit(share, x)
            shares.append(share)
            before = gradients[i]
            gradients[i] = share if before is None else before + share
        wires[index] = tuple(shares)
    return gradients, wires


def _fit(gradient: Any, operand: Any) -> Any:
    """The one place where broadcasting is undone: a gradient gets the shape and precision of its operand."""
    if operand.__class__ is float:
        return float(np.sum(gradient))
    gradient = np.asarray(gradient)
    if gradient.shape != operand.shape:
        gradient = ops.sum_to.forward(np.broadcast_to(gradient, np.broadcast_shapes(gradient.shape, operand.shape)), operand.shape)
    dtype = operand.dtype if operand.dtype.kind == "f" else np.float64
    return gradient.astype(dtype, copy=False)
