"""The backward pass as a graph: the same numbers as the engine's, for every row, to any order, at any length."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from amounts import fewer, some
from at_once import at_once
from hypothesis import given, settings
from hypothesis import strategies as st
from models import X, Y, perceptron
from random_graphs import random_function, random_matrix_function
from samples import SMOOTH, sample

import bpviz
from bpviz.errors import UsageError
from bpviz.ops import Case, Operation


def evaluated(graph: bpviz.Graph) -> dict[str, Any]:
    """The gradients that a gradient graph computes, by the titles of its ends."""
    return {end.title: bpviz.propagate(graph, output=end.title).output for end in graph.ends}


def steps(graph: bpviz.Graph, order: int) -> list[str]:
    """The steps of one order, written as ``dW = matmul(…)``."""
    return [
        f"{node.name} = {node.operation.name}({', '.join(node.operands)})"
        for node in graph.nodes
        if node.operation is not None and node.order == order
    ]


# What it records


def apples(p=100, n=2, t=1.1):
    x = p * n
    return x * t


def test_the_gradients_of_the_apples_are_those_of_article_000() -> None:
    graph = bpviz.gradient_graph(apples)
    # dy/dp = n·t, dy/dn = p·t, dy/dt = x = p·n: of the seed 1 and of dy/dx = t there is nothing to compute.
    assert steps(graph, 0) == ["x = multiply(p, n)"]
    assert steps(graph, 1) == ["∂apples/∂p = multiply(t, n)", "∂apples/∂n = multiply(t, p)"]
    found = evaluated(graph)
    assert list(found) == ["∂apples/∂p", "∂apples/∂n", "∂apples/∂t"]
    assert list(found.values()) == pytest.approx([2.2, 110, 200], rel=1e-15)
    assert bpviz.propagate(graph, {"t": 1.2}, output="∂apples/∂p").output == pytest.approx(2.4, rel=1e-15)


def test_the_perceptron_of_article_004_computes_its_shared_factor_once() -> None:
    graph = bpviz.gradient_graph(perceptron)
    assert steps(graph, 1) == [
        "dA = subtract(A, Y)",
        "multiply = multiply(dA, A)",
        "subtract = subtract(constant, A)",
        "dZ = multiply(multiply, subtract)",
        "db = sum_to(dZ)",
        "transpose_2 = transpose(dZ)",
        "dW = matmul(transpose_2, X)",
    ]
    A = 1 / (1 + np.exp(-(X @ [[0.5], [-0.3]] + 0.1)))
    dZ = (A - Y) * A * (1 - A)
    found = evaluated(graph)
    np.testing.assert_allclose(found["dW"], dZ.T @ X, rtol=1e-14)
    np.testing.assert_allclose(found["db"], dZ.sum(0), rtol=1e-14)


def test_equal_steps_are_one_in_the_backward_part_alone() -> None:
    def f(x=2.0):
        return bpviz.nn.tanh(x * x + x * x) * 3

    graph = bpviz.gradient_graph(f)
    # Both squares were written, and stay two; their slopes 2·x are one.
    assert [step.partition(" = ")[2] for step in steps(graph, 0)] == [
        "multiply(x, x)",
        "multiply(x, x)",
        "add(multiply, multiply_2)",
        "tanh(add)",
    ]
    assert sum("multiply(x, " in step or ", x)" in step for step in steps(graph, 1)) == 1


def test_only_the_requested_gradients_are_recorded() -> None:
    graph = bpviz.gradient_graph(apples, wrt="t")
    assert steps(graph, 0) == ["x = multiply(p, n)"]
    assert steps(graph, 1) == []
    assert graph.inputs == ("p", "n", "t")
    assert bpviz.gradient_graph(apples, wrt=["t", "p"]).ends[1].title == "∂apples/∂p"


def test_every_gradient_has_an_end_of_its_own() -> None:
    graph = bpviz.gradient_graph(lambda a=2.0, b=3.0: np.exp(a + b))
    assert [(end.title, graph.names[end.node]) for end in graph.ends] == [
        ("∂output/∂a", "output"),
        ("∂output/∂b", "output"),
    ]
    graph = bpviz.gradient_graph(lambda a=2.0, b=3.0: a + b)
    assert evaluated(graph) == {"∂output/∂a": 1.0, "∂output/∂b": 1.0}


def test_where_no_gradient_flows_there_are_zeros_on_demand() -> None:
    def f(x=2.0, unused=np.ones((2, 3))):
        return x * x

    assert list(evaluated(bpviz.gradient_graph(f))) == ["dx"]
    found = evaluated(bpviz.gradient_graph(f, wrt="unused"))
    np.testing.assert_array_equal(found["dunused"], np.zeros((2, 3)))


def test_output_and_seed_are_those_of_propagate() -> None:
    def f(x=np.array([1.0, 2.0])):
        y = x * x
        return y, np.sum(y)

    graph = bpviz.trace(f)
    made = bpviz.gradient_graph(graph, output="y", seed=[1.0, 10.0])
    np.testing.assert_array_equal(evaluated(made)["dx"], [2.0, 40.0])
    flow = bpviz.propagate(graph, {"x": [3.0, 4.0]}, output="y")
    np.testing.assert_array_equal(evaluated(bpviz.gradient_graph(flow))["dx"], [6.0, 8.0])


def test_names_do_not_clash() -> None:
    def E(W=np.ones((2, 2)), dW=np.ones((2, 2))):
        return np.sum(W * W * dW)

    graph = bpviz.gradient_graph(E)
    assert [end.title for end in graph.ends] == ["∂E/∂W", "ddW"]
    assert len(set(graph.names)) == len(graph)
    again = bpviz.gradient_graph(bpviz.gradient_graph(perceptron), wrt="W")
    assert [end.title for end in again.ends] == ["d²W"]
    mixed = bpviz.gradient_graph(bpviz.gradient_graph(apples, wrt="p"), wrt="n")
    assert [end.title for end in mixed.ends] == ["∂²apples/∂p∂n"]


def test_names_and_errors_of_inputs() -> None:
    with pytest.raises(
        UsageError, match="there is no input named 'q' to take the gradient of; its inputs are: p, n, t"
    ):
        bpviz.gradient_graph(apples, wrt="q")

    graph = bpviz.trace(lambda p: p["W"] * p["b"], {"W": 2.0, "b": 1.0})
    graph.record.name(graph.output_indices[0], "f")
    assert [end.title for end in bpviz.gradient_graph(graph, wrt="p").ends] == ["∂f/∂p['W']", "∂f/∂p['b']"]


def test_a_gradient_graph_is_complete_and_keeps_no_frames() -> None:
    graph = bpviz.gradient_graph(apples)
    with pytest.raises(UsageError, match="is complete"):
        graph.input("q", 1.0)
    assert graph.record.scope_of == {}


# Its numbers


@settings(max_examples=fewer(60))
@given(st.integers(0, 10**9), st.integers(1, 25))
def test_propagation_evaluated_graph_and_differences_agree_on_numbers(seed: int, operations: int) -> None:
    check(*random_function(random.Random(seed), operations), seed)


@settings(max_examples=fewer(60))
@given(st.integers(0, 10**9), st.integers(3, 14))
def test_propagation_evaluated_graph_and_differences_agree_on_matrices(seed: int, operations: int) -> None:
    check(*random_matrix_function(random.Random(seed), operations), seed)


def check(model: Any, arguments: Any, seed: int) -> None:
    flow = bpviz.backprop(model, *arguments)
    graph = bpviz.gradient_graph(flow, wrt=flow.graph.inputs)
    found = evaluated(graph)
    for mine, (name, theirs) in zip(found.values(), flow.grads.items(), strict=True):
        np.testing.assert_allclose(
            mine, theirs, rtol=1e-9, atol=1e-9 * scale(theirs), err_msg=f"{name}\n{model.__doc__}"
        )
        assert np.shape(mine) == np.shape(theirs)
    # Along a direction as large as the inputs are; where the function bends too much, two step widths tell.
    rng = np.random.default_rng(seed)
    directions = [np.asarray(x) * rng.uniform(0.5, 1.0, np.shape(x)) for x in arguments]

    def slope(h: float) -> float:
        ahead, behind = ([x + step * d for x, d in zip(arguments, directions, strict=True)] for step in (h, -h))
        return float(model(*ahead) - model(*behind)) / (2 * h)

    wide, narrow = slope(2e-4), slope(1e-4)
    along = [float(np.sum(g * d)) for g, d in zip(found.values(), directions, strict=True)]
    size = sum(map(abs, along)) + abs(float(flow.output)) + 1e-6
    if abs(wide - narrow) < 1e-5 * size:
        assert sum(along) == pytest.approx(narrow, abs=1e-4 * size)


def scale(value: Any) -> float:
    return float(np.max(np.abs(value), initial=0.0))


@at_once(some(SMOOTH))
def test_every_op_to_second_order_through_the_backward_graph(row: Operation, case: Case) -> None:
    """The backward graph gives the engine's gradients, and its own gradients are what differences of those show."""
    xs = sample(row, case)
    rng = np.random.default_rng(3)

    def function(*xs: Any) -> Any:
        z = row(*xs, **case.parameters)
        # Its own slope must matter: the square of the result has one that varies.
        return np.sum(z * z * 0.5 + z) if np.size(getattr(z, "data", z)) else np.sum(z)

    graph = bpviz.trace(function, *xs)
    flow = bpviz.propagate(graph)
    names = [n for n, x in zip(graph.inputs, xs, strict=True) if np.asarray(x).dtype.kind == "f"]
    first = bpviz.gradient_graph(flow, wrt=names)
    for mine, name in zip(evaluated(first).values(), names, strict=True):
        theirs = flow.grad(name)
        np.testing.assert_allclose(mine, theirs, rtol=1e-10, atol=1e-12 * (1 + scale(theirs)))
    for end in first.ends:
        seed = rng.uniform(0.5, 1.5, np.shape(first.nodes[end.node].value))
        second = evaluated(bpviz.gradient_graph(first, wrt=names, output=end.title, seed=seed))
        expected = bpviz.propagate(first, output=end.title, seed=seed).grads
        for mine, name in zip(second.values(), names, strict=True):
            np.testing.assert_allclose(mine, expected[name], rtol=1e-9, atol=1e-11 * (1 + scale(expected[name])))
        direction = {
            n: rng.uniform(0.2, 1, np.shape(x)) if n in names else 0.0 for n, x in zip(graph.inputs, xs, strict=True)
        }
        slope = sum(
            float(np.sum(second_part * direction[n])) for second_part, n in zip(second.values(), names, strict=True)
        )

        def along(step: float, end: Any = end, seed: Any = seed, direction: Any = direction) -> float:
            moved = {n: x + step * direction[n] if n in names else x for n, x in zip(graph.inputs, xs, strict=True)}
            return float(np.sum(seed * bpviz.propagate(first, moved, output=end.title).output))

        h = 1e-4
        wide, narrow = ((along(w) - along(-w)) / (2 * w) for w in (2 * h, h))
        expected_slope = (4 * narrow - wide) / 3
        assert slope == pytest.approx(expected_slope, rel=2e-5, abs=2e-5 * (1 + abs(along(0.0))))


@pytest.mark.thorough
def test_ten_thousand_steps() -> None:
    def chain(x=0.5):
        for _ in range(10_000):
            x = np.sin(x) + 0.001
        return x

    flow = bpviz.backprop(chain)
    graph = bpviz.gradient_graph(flow)
    assert sum(node.order == 1 and node.operation is not None for node in graph.nodes) > 9_000
    assert bpviz.propagate(graph, output="∂x/∂x").output == pytest.approx(flow.grad("x"), rel=1e-9)
