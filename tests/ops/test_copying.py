"""What a step was given is copied: changed after the call, it changes nothing in the record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from amounts import some
from at_once import at_once
from samples import CASES, sample

import bpviz
from bpviz import ops
from bpviz.ops import Case, Operation


def spoil(value: Any) -> None:
    """Change everything in arrays and lists."""
    if isinstance(value, np.ndarray):
        value[...] = ~value if value.dtype == bool else value[..., ::-1] if value.ndim else 0
        value[...] = ~value if value.dtype == bool else 1 - value
    elif isinstance(value, list | tuple):
        for part in value:
            spoil(part)
        if isinstance(value, list):
            value[:] = [1] * len(value)
    elif isinstance(value, dict):
        for part in value.values():
            spoil(part)


def copied(value: Any) -> Any:
    """Return a deep copy, in which arrays are writeable."""
    if isinstance(value, np.ndarray):
        return value.copy()
    return type(value)(map(copied, value)) if isinstance(value, list | tuple) else value


def forms(row: Operation, xs: Sequence[Any], parameters: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the parameters as they are, and, where NumPy takes them, tuples as lists and as arrays."""
    expected, found = ops.evaluate(row, xs, parameters), [parameters]
    for make in (list, np.array):
        if not any(isinstance(value, tuple) for value in parameters.values()):
            break
        try:
            other = {name: make(value) if isinstance(value, tuple) else value for name, value in parameters.items()}
            if np.array_equal(ops.evaluate(row, xs, other), expected):
                found.append(other)
        except (TypeError, ValueError, IndexError):
            continue
    return found


@at_once(some(CASES))
def test_every_argument_of_every_row_is_copied(row: Operation, case: Case) -> None:
    xs = sample(row, case)
    for parameters in forms(row, xs, dict(case.parameters)):
        for slot in range(len(xs)):

            def model(x: Any, slot: int = slot, parameters: Any = parameters) -> Any:
                arguments = [copied(other) for other in xs]
                given = {name: copied(value) for name, value in parameters.items()}
                z = row(*arguments[:slot], x, *arguments[slot + 1 :], **given)
                spoil(arguments)
                spoil(given)
                return z

            if xs[slot].dtype == bool or (graph := _traced(model, xs[slot])) is None:
                continue
            expected = ops.evaluate(row, xs, case.parameters)
            flow = bpviz.propagate(graph)
            np.testing.assert_array_equal(np.asarray(flow.output), np.asarray(expected, np.asarray(flow.output).dtype))
            # The rule reads the parameters too.
            whole = bpviz.backprop(lambda *all: row(*all, **case.parameters), *xs, verify=False)
            np.testing.assert_array_equal(flow.grads["x"], list(whole.grads.values())[slot])
            # And so does the step, when it is computed anew.
            again = bpviz.propagate(graph, {"x": xs[slot] + 0})
            np.testing.assert_array_equal(again.output, flow.output)


def _traced(model: Callable[..., Any], x: Any) -> Any:
    given = x.copy()
    try:
        graph = bpviz.trace(model, given, verify=False)
    except bpviz.BpvizError:
        # A class or a position that must be plain.
        return None
    spoil(given)
    return graph


X = np.arange(1.0, 13.0).reshape(3, 4)
KINDS: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "index array": (lambda x, a: x[a], (np.array([0, 2]),)),
    "index list": (lambda x, a: x[a], ([0, 2],)),
    "indices": (lambda x, a, b: x[a, b], (np.array([0, 2]), [1, 1])),
    "tuple of arrays": (lambda x, a: x[tuple(a)], ([np.array([0, 2]), np.array([1, 3])],)),
    "slice and array": (lambda x, a: x[1:, a], (np.array([0, 3]),)),
    "mask": (lambda x, a: x[a], (X > 5,)),
    "mask of rows": (lambda x, a: x[a], ([True, False, True],)),
    "bounds of a slice": (lambda x, a: x[a[0] : a[1]], (np.array([1, 3]),)),
    "np.repeat": (lambda x, a: np.repeat(x, a, axis=0), (np.array([1, 2, 1]),)),
    "repeat": (lambda x, a: x.repeat(a, axis=0), ([1, 2, 1],)),
    "np.roll": (lambda x, a, b: np.roll(x, a, b), ([1, 2], [0, 1])),
    "np.roll of arrays": (lambda x, a: np.roll(x, a, (0, 1)), (np.array([1, 2]),)),
    "np.take": (lambda x, a: np.take(x, a, axis=1), (np.array([0, 3]),)),
    "take": (lambda x, a: x.take(a, axis=1), ([0, 3],)),
    "np.take_along_axis": (lambda x, a: np.take_along_axis(x, a, axis=1), (np.array([[0], [1], [2]]),)),
    "np.transpose": (lambda x, a: np.transpose(x, a), ([1, 0],)),
    "transpose": (lambda x, a: x.transpose(a), (np.array([1, 0]),)),
    "np.moveaxis": (lambda x, a, b: np.moveaxis(x, a, b), ([0, 1], [1, 0])),
    "np.reshape": (lambda x, a: np.reshape(x, a), ([4, 3],)),
    "reshape": (lambda x, a: x.reshape(a), (np.array([4, 3]),)),
    "np.broadcast_to": (lambda x, a: np.broadcast_to(x, a), ([2, 3, 4],)),
    "np.tile": (lambda x, a: np.tile(x, a), ([2, 1],)),
    "np.pad": (lambda x, a: np.pad(x, a), ([[1, 0], [0, 2]],)),
    "np.split": (lambda x, a: np.split(x, a, axis=1)[1], ([1, 3],)),
    "np.array_split": (lambda x, a: np.array_split(x, a)[0], (np.array([1, 2]),)),
    "np.flip": (lambda x, a: np.flip(x, tuple(a)), ([0],)),
    "np.delete": (lambda x, a: np.delete(x, a, axis=0), ([1],)),
    "np.where": (lambda x, a: np.where(a, x, 0.0), (X > 5,)),
    "np.clip": (lambda x, a, b: np.clip(x, a, b), (np.full(4, 3.0), [9.0, 9.0, 9.0, 9.0])),
    "np.average": (lambda x, a: np.average(x, axis=0, weights=a), ([1.0, 2.0, 3.0],)),
    "np.percentile": (lambda x, a: np.percentile(x, a), ([25.0, 75.0],)),
    "np.quantile": (lambda x, a: np.quantile(x, a, axis=0), (np.array([0.25, 0.75]),)),
    "np.interp": (lambda x, a, b: np.interp(x, a, b), ([0.0, 5.5, 12.5], np.array([0.0, 1.0, 5.0]))),
    "np.convolve": (lambda x, a: np.convolve(x[0], a), ([1.0, 0.5],)),
    "np.polyval": (lambda x, a: np.polyval(a, x), ([2.0, 1.0, 0.0],)),
    "np.tensordot": (lambda x, a: np.tensordot(x, np.ones((4, 2)), axes=a), ([[1], [0]],)),
    "np.ix_": (lambda x, a, b: x[np.ix_(a, b)], ([0, 2], [1, 3])),
    "np.concatenate": (lambda x, a: np.concatenate([x[0], a]), ([7.0, 8.0],)),
    "np.add.at": (lambda x, a: _added_at(x, a), (np.array([0, 0, 2]),)),
    "a write": (lambda x, a: _written(x, a), (np.array([0, 2]),)),
    "a write of values": (lambda x, a: _values_written(x, a), (np.array([9.0, 8.0, 7.0, 6.0]),)),
    "a read after a write": (lambda x, a: _read(x, a), (np.array([0, 2]),)),
    "operand": (lambda x, a: x * a, (np.array([1.0, 2.0, 3.0, 4.0]),)),
    "operand list": (lambda x, a: x + a, ([1.0, 2.0, 3.0, 4.0],)),
    "matrix": (lambda x, a: x @ a, (np.arange(8.0).reshape(4, 2),)),
}


def _added_at(x: Any, a: Any) -> Any:
    y = np.zeros((3, 4))
    np.add.at(y, a, x)
    return y


def _written(x: Any, a: Any) -> Any:
    y = np.zeros((3, 4))
    y[a] = x[:2] * 2
    return y


def _values_written(x: Any, a: Any) -> Any:
    y = x * 1
    y[1] = a
    return y


def _read(x: Any, a: Any) -> Any:
    y = np.zeros((3, 4))
    y[:] = x * 2
    return y[a]


@at_once(KINDS)
def test_what_numpy_functions_are_given_is_copied(kind: str) -> None:
    function, arguments = KINDS[kind]

    def model(x: Any) -> Any:
        given = [copied(argument) for argument in arguments]
        z = function(x, *given)
        z = z * 1.0
        spoil(given)
        return z

    graph = bpviz.trace(model, X)
    for x in (X, X[::-1, ::-1] + 0.5):
        np.testing.assert_allclose(bpviz.propagate(graph, {"x": x}).output, function(x, *arguments), rtol=1e-12)
    flow, step, seed = bpviz.propagate(graph), 1e-6, np.zeros((3, 4))
    for place in ((0, 0), (1, 2), (2, 3)):
        seed[...] = 0
        seed[place] = step
        slope = (np.sum(function(X + seed, *arguments)) - np.sum(function(X - seed, *arguments))) / (2 * step)
        assert flow.grads["x"][place] == pytest.approx(slope, rel=1e-6, abs=1e-6)


def test_a_buffer_that_is_filled_again() -> None:
    rows = np.empty(2, int)

    def model(x: Any = np.arange(1.0, 5.0)) -> Any:
        rows[:] = [0, 1]
        first = x[rows]
        rows[:] = [2, 3]
        return np.sum(first * x[rows] * 2)

    # 2 · (x₀·x₂ + x₁·x₃)
    np.testing.assert_array_equal(bpviz.backprop(model).grads["x"], [6.0, 8.0, 2.0, 4.0])


def test_a_list_of_recorded_whole_numbers_is_an_index() -> None:
    def model(x: Any = np.arange(1.0, 5.0), i: int = 2) -> Any:
        return np.sum(x[[i, 0, i]])

    np.testing.assert_array_equal(bpviz.backprop(model).grads["x"], [1.0, 0.0, 2.0, 0.0])


def test_what_an_operation_of_the_users_own_returns_is_copied() -> None:
    room, slope = np.zeros(2), np.zeros(2)

    def forward(x: Any) -> Any:
        room[:] = np.asarray(x) ** 2
        return room

    def rule(g: Any, z: Any, x: Any) -> Any:
        slope[:] = 2 * np.asarray(x) * np.asarray(g)
        return (slope,)

    square = bpviz.op("square_in_a_room", forward, rule)
    flow = bpviz.backprop(lambda x=np.array([1.0, 2.0]), y=np.array([3.0, 4.0]): np.sum(square(x) + square(y)))
    assert flow.output == 30.0
    np.testing.assert_array_equal(flow.grads["x"], [2.0, 4.0])
    np.testing.assert_array_equal(flow.grads["y"], [6.0, 8.0])
    room[:] = 5.0  # the user's own array is still writeable


# What is handed out


def refuses_changes(array: Any) -> None:
    if isinstance(array, memoryview):
        # In the plain run, ``x.data`` is the memory of an array.
        return
    assert isinstance(array, np.ndarray)
    with pytest.raises(ValueError, match="read-only"):
        array[...] = 7.0
    with pytest.raises(ValueError, match="read-only"):
        array += 1.0


class Net:
    def __init__(self) -> None:
        self.W = np.array([2.0, 3.0])

    def loss(self, x: Any = np.array([1.0, 1.0])) -> Any:
        refuses_changes(self.W.data)
        return np.sum(self.W * x)


def test_what_is_handed_out_cannot_change_the_record() -> None:
    seen: list[Any] = []

    def model(x: Any = np.array([1.0, 2.0])) -> Any:
        h = x * 2
        seen[:] = [x, h]
        refuses_changes(h.data)
        y = np.zeros(2)
        y[0] = h[1]
        refuses_changes(y.data)
        return np.sum(y * h) + h[np.array([0])][0]

    flow = bpviz.backprop(model)
    graph = flow.graph
    for node in graph.nodes:
        if isinstance(node.value, np.ndarray):
            refuses_changes(node.value)
        for name, value in node.parameters.items():
            if isinstance(value, np.ndarray):
                refuses_changes(value)
            node.parameters[name] = None  # type: ignore[index]
    x, h = seen
    for array in (x.data, h.data, x.grad, h.grad, flow.grads["x"], flow.grad("h"), flow.value("h")):
        refuses_changes(array)
    refuses_changes(flow.wire_grad("x", "h", 0))
    for raw in (*flow.values, *flow.gradients, *(share for shares in flow.wire_gradients for share in shares or ())):
        if isinstance(raw, np.ndarray):
            refuses_changes(raw)
    grads = flow.grads
    grads.clear()
    # 2·(h₁·h₀): y = [h₁, 0]; + h₀
    np.testing.assert_array_equal(bpviz.propagate(graph).grads["x"], [2 * 4 + 2, 2 * 2])
    again = bpviz.propagate(graph, {"x": np.array([2.0, 2.0])})
    refuses_changes(again.value("h"))


def test_an_object_cannot_be_changed_through_a_handle() -> None:
    net = Net()
    bpviz.backprop(net.loss)
    assert net.W.flags.writeable and list(net.W) == [2.0, 3.0]
