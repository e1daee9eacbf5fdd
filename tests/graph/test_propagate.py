"""Forward and back: every node, every wire, any inputs, any output, any seed."""

from __future__ import annotations

import random
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import autograd
import autograd.numpy as anp
import networkx
import numpy as np
import pytest
from amounts import fewer
from hypothesis import given, settings
from hypothesis import strategies as st
from random_graphs import random_function, random_matrix_function

import bpviz
from bpviz.errors import UsageError


@pytest.fixture(autouse=True)
def _no_warnings() -> Iterator[None]:
    """NaN and infinities flow; nobody is warned."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def test_a_wire_s_gradient_and_a_node_s_are_two_things() -> None:
    flow = bpviz.backprop(lambda x=3.0: x * x + x)
    assert [flow.wire_grad("x", "multiply", 0), flow.wire_grad("x", "multiply", 1)] == [3.0, 3.0]
    assert flow.wire_grad("x", "output") == 1.0
    assert flow.grad("x") == 7.0


@settings(max_examples=fewer(60))
@given(st.integers(0, 2**32 - 1), st.integers(1, 40))
def test_random_graphs_of_numbers_against_autograd(seed: int, operations: int) -> None:
    model, args = random_function(random.Random(seed), operations, np)
    peer, _ = random_function(random.Random(seed), operations, anp)
    flow = bpviz.backprop(model, *args)
    assert flow.output == pytest.approx(float(peer(*args)), rel=1e-12)
    expected = autograd.grad(peer, argnum=tuple(range(len(args))))(*map(float, args))
    # What cancels in a sum leaves the rounding of its terms: up to 16 digits below the largest gradient on the way.
    largest = max(abs(g) for g in flow.gradients if g is not None)
    for found, wanted in zip(flow.grads.values(), expected, strict=True):
        assert found == pytest.approx(float(wanted), rel=1e-9, abs=1e-13 * max(10.0, largest))


@settings(max_examples=fewer(60))
@given(st.integers(0, 2**32 - 1), st.integers(3, 30))
def test_random_graphs_of_matrices_against_autograd(seed: int, operations: int) -> None:
    model, args = random_matrix_function(random.Random(seed), operations, np)
    peer, _ = random_matrix_function(random.Random(seed), operations, anp)
    flow = bpviz.backprop(model, *args)
    assert flow.output == pytest.approx(float(peer(*args)), rel=1e-10, abs=1e-12)
    expected = autograd.grad(peer, argnum=tuple(range(len(args))))(*args)
    for found, wanted in zip(flow.grads.values(), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-8, atol=1e-10)


@settings(max_examples=fewer(30))
@given(st.integers(0, 2**32 - 1))
def test_a_node_s_gradient_is_the_sum_of_its_wires(seed: int) -> None:
    model, args = random_function(random.Random(seed), 20)
    flow = bpviz.backprop(model, *args)
    sums = [0.0] * len(flow.values)
    sums[flow.output_index] = flow.seed
    for index in range(len(sums) - 1, -1, -1):
        for slot, operand in enumerate(flow.graph.record.operands[index]):
            share = flow.wire_share(index, slot)
            sums[operand] += 0.0 if share is None else share
    for index, gradient in enumerate(flow.gradients):
        if gradient is not None:
            assert gradient == pytest.approx(sums[index], rel=1e-12)


@settings(max_examples=fewer(30))
@given(st.integers(0, 2**32 - 1))
def test_other_inputs_give_what_another_trace_gives(seed: int) -> None:
    model, args = random_function(random.Random(seed), 15)
    other = tuple(x * 1.01 for x in args)
    graph = bpviz.trace(model, *args)
    again = bpviz.propagate(graph, dict(zip(graph.inputs, other, strict=True)))
    fresh = bpviz.backprop(model, *other)
    np.testing.assert_array_equal(again.values, fresh.values)
    np.testing.assert_array_equal(list(again.grads.values()), list(fresh.grads.values()))
    assert bpviz.propagate(graph).values == tuple(graph.record.values)  # the record itself is as it was


def chain(n: int) -> Callable[..., Any]:
    def f(x: Any = 1.0, y: Any = 0.5) -> Any:
        for _ in range(n // 2):
            x = x * y
            x = x + y
        return x

    return f


def test_long_chains_need_no_recursion() -> None:
    limit = sys.getrecursionlimit()
    flow = bpviz.backprop(chain(10_000))
    # x ← x/2 + 1/2 stays at 1; its slope with respect to y is the geometric series Σ (x + 1)·y^k = 2·2.
    assert flow.output == 1.0
    assert flow.grad("y") == pytest.approx(4.0)
    assert flow.grad("x") == 0.0
    assert bpviz.propagate(flow.graph, {"y": 0.0}).output == 0.0
    assert networkx.is_directed_acyclic_graph(flow.graph.nx)
    assert len(set(flow.graph.names)) == len(flow.graph) == 10_002
    assert sys.getrecursionlimit() == limit


def test_paths_beyond_counting() -> None:
    def diamonds(x: Any = 1.0) -> Any:
        for _ in range(60):
            x = x + x
        return x

    assert bpviz.backprop(diamonds).grads == {"x": 2.0**60}


def test_any_output_and_any_seed() -> None:
    def f(x: Any = 2.0, y: Any = np.array([1.0, 2.0])) -> Any:
        a = x * y
        b = a + 1
        return np.sum(b)

    graph = bpviz.trace(f)
    assert bpviz.propagate(graph, seed=3).grad("x") == 9.0
    assert bpviz.propagate(graph, output="a").grad("x") == 3.0  # of the sum of its elements
    flow = bpviz.propagate(graph, output="a", seed=[1, 10])
    assert flow.grad("x") == 21.0
    np.testing.assert_array_equal(flow.grad("y"), [2.0, 20.0])
    assert flow.grad("b").tolist() == [0.0, 0.0]  # nothing flows there
    assert flow.output_name == "a"
    for by in (graph["a"], "a"):
        assert bpviz.propagate(graph, output=by).output.tolist() == [2.0, 4.0]
    assert bpviz.propagate(graph, output="x").grads["y"].tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"inputs": {"z": 1}}, "there is no input named 'z'; its inputs are: price, weight"),
        ({"inputs": {"prise": 1}}, "there is no input named 'prise'; did you mean 'price'?"),
        ({"inputs": {"weight": 1.0}}, "the input 'weight' was recorded with shape (2,), but got shape ()"),
        ({"inputs": {"price": "a"}}, "the input 'price' must be a number or an array of real numbers, but got 'a'"),
        ({"inputs": {"price": True}}, "the input 'price' must be a number or an array of numbers, but got True"),
        ({"output": "totel"}, "the graph has no value named 'totel'; did you mean 'total'"),
        ({"output": "total", "seed": 1.0}, "the seed must have the shape of the output 'total', (2,), but has ()"),
        ({"output": "total", "seed": "abc"}, "the seed must be a number or an array of numbers, but got 'abc'"),
        ({"output": "total", "seed": [1, 2j]}, "the seed must be a number or an array of numbers, but got [1, 2j]"),
    ],
)
def test_what_cannot_be_propagated(arguments: Any, message: str) -> None:
    def total(price: Any = 2.0, weight: Any = np.array([1.0, 2.0])) -> Any:
        return price * weight

    with pytest.raises(UsageError) as caught:
        bpviz.propagate(bpviz.trace(total), **arguments)
    assert message in str(caught.value)


def test_inputs_without_a_value() -> None:
    g = bpviz.Graph("open")
    x, y = g.input("x"), g.input("y", 2.0)
    z = g.output(1 / (x * y), "z")
    with pytest.raises(UsageError) as caught:
        bpviz.propagate(g)
    assert str(caught.value) == "the input 'x' has no value; give it one: propagate(graph, {'x': 1.0})"
    flow = bpviz.propagate(g, {"x": 4.0})
    assert flow.output == 0.125
    assert flow.grads == {"x": -0.03125, "y": -0.0625}
    assert z.grad == 1.0
    assert bpviz.propagate(g, {"x": 0.0}).output == np.inf
    np.testing.assert_array_equal(bpviz.propagate(g, {"x": np.array([1.0, 2.0])}).output, [0.5, 0.25])
    with pytest.raises(bpviz.errors.RecordingError, match=r"a branch needs a value .* but the inputs have none"):
        bool(x > 0)
    with pytest.raises(bpviz.errors.RecordingError, match="a shape needs a value"):
        x.shape  # noqa: B018


def test_an_empty_graph_and_a_graph_of_inputs() -> None:
    g = bpviz.Graph("empty")
    with pytest.raises(UsageError, match="the graph is empty; give it inputs and compute something"):
        bpviz.propagate(g)
    g.input("x", 3.0)
    assert bpviz.propagate(g).grads == {"x": 1.0}


def test_numbers_of_every_kind_keep_theirs() -> None:
    def f(x: Any) -> Any:
        return np.sum(x * 2.0 + 1)

    for dtype in (np.float16, np.float32, np.float64):
        flow = bpviz.backprop(f, np.ones(3, dtype))
        assert flow.grad("x").dtype == dtype
        assert np.asarray(flow.values[flow.output_index]).dtype == dtype
    for dtype in (np.int8, np.int64, np.uint16):
        assert bpviz.backprop(f, np.ones(3, dtype)).grad("x").dtype == np.float64
    assert bpviz.backprop(f, np.array([True, False, True])).grad("x").tolist() == [0.0, 0.0, 0.0]
    graph = bpviz.trace(f, np.ones(2, np.float32))
    for other, dtype in (([3, 4], np.float32), (np.ones(2), np.float64), (np.ones(2, int), np.float32)):
        assert bpviz.propagate(graph, {"x": other}).grad("x").dtype == dtype
    mixed = bpviz.backprop(lambda x, y: np.sum(x * y), np.ones(2, np.float32), np.ones(2))
    assert (mixed.grad("x").dtype, mixed.grad("y").dtype) == (np.float32, np.float64)


def test_numbers_without_dimensions() -> None:
    flow = bpviz.backprop(lambda x, y: x * x * y, np.array(3.0), np.float32(2.0))
    assert flow.output == 18.0
    for name, expected, dtype in (("x", 12.0, np.float64), ("y", 9.0, np.float32)):
        found = flow.grad(name)
        assert isinstance(found, np.ndarray)
        assert (found.shape, found.dtype, found.item()) == ((), dtype, expected)
    assert type(bpviz.backprop(lambda x: np.sum(x), np.ones(3)).output) is float
    assert type(bpviz.backprop(lambda x: x * 2, 3).grad("x")) is float


def test_empty_arrays() -> None:
    x = np.zeros((0, 3))
    for f in (
        lambda x: x * 2,
        lambda x: np.sum(x),
        lambda x: np.sum(x, axis=0),
        lambda x: np.mean(x),
        lambda x: x @ np.ones((3, 2)),
        lambda x: x.T @ x,
        lambda x: bpviz.nn.softmax(x),
        lambda x: bpviz.nn.softmax_cross_entropy(x, np.zeros((0, 3))),
        lambda x: bpviz.nn.mean_squared_error(x, 1.0),
        lambda x: np.concatenate([x, x]),
        lambda x: x.reshape(3, 0) + np.ones((3, 1)),
        lambda x: x + np.ones((1, 3)),
    ):
        assert bpviz.backprop(f, x).grad("x").shape == (0, 3)


def test_kept_values_belong_to_their_run() -> None:
    """A norm, attention and a loss keep results for the backward pass; other values need new results."""

    def model(x: Any, y: Any) -> Any:
        unit = bpviz.nn.layer_norm(x, np.ones(3), np.zeros(3))
        mixed = bpviz.nn.attention(unit, y, bpviz.nn.gelu(y, approximate=True))
        return bpviz.nn.softmax_cross_entropy(mixed, np.array([0, 2])) + bpviz.nn.mean_squared_error(mixed, y)

    random = np.random.default_rng(0)
    x, y, other = random.normal(size=(3, 2, 3))
    flow = bpviz.backprop(model, x, y)
    assert len(flow.graph.record.kept) == 5
    for inputs in ({"x": other}, {"y": other}, {"x": other, "y": x}):
        expected = bpviz.backprop(model, **({"x": x, "y": y} | inputs)).grads
        for name, found in bpviz.propagate(flow.graph, inputs).grads.items():
            np.testing.assert_allclose(found, expected[name], rtol=1e-12, atol=1e-14)
    # The recorded run is still the same.
    for name, found in bpviz.propagate(flow.graph).grads.items():
        np.testing.assert_array_equal(found, flow.grads[name])


def test_gradients_are_not_added_up_over_runs() -> None:
    graph = bpviz.trace(lambda x=3.0: x * x)
    assert [bpviz.propagate(graph).grad("x") for _ in range(3)] == [6.0, 6.0, 6.0]


def test_handles_carry_their_gradient_after_a_run() -> None:
    g = bpviz.Graph()
    x = g.input("x", 3.0)
    y = x * x
    assert y.grad is None
    bpviz.propagate(g)
    assert (x.grad, y.grad, y.data) == (6.0, 1.0, 9.0)
    later = y * 2
    assert later.grad is None
    bpviz.propagate(g)
    assert (x.grad, later.grad) == (12.0, 1.0)
