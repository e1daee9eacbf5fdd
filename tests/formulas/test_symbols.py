"""Flows read in symbols: the formulas of the articles."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from amounts import fewer, some
from at_once import at_once
from hypothesis import given, settings
from hypothesis import strategies as st
from random_graphs import random_function, random_matrix_function
from samples import sample
from svg_lines import in_one_piece

import bpviz
from bpviz import ops
from bpviz.errors import UsageError
from bpviz.formulas.symbols import Symbols

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
Y = np.array([[0.0], [0.0], [0.0], [1.0]])


def perceptron(W=np.array([[0.5, -0.3]]), b=np.array([0.1])):
    Z = X @ W.T + b
    A = bpviz.nn.sigmoid(Z)
    return bpviz.nn.sum_squared_error(A, Y)


def test_the_perceptron_of_article_004() -> None:
    flow = bpviz.backprop(perceptron)
    read = Symbols(flow)

    def line(name: str) -> str:
        index = flow.graph.find(name)
        return f"{read.derivative(index)} = {read.gradient(index)}"

    assert line("W") == "dW = dZᵀ·X"
    assert line("b") == "db = Σ dZ"
    assert line("Z") == "dZ = dA ∘ A ∘ (1 − A)"
    assert line("A") == "dA = A − Y"
    assert read.value(flow.graph.find("Z")) == "X·Wᵀ + b"


def test_apples_of_article_000() -> None:
    def y(p=100, n=2, t=1.1):
        x = p * n
        return x * t

    flow = bpviz.backprop(y)
    read = Symbols(flow)
    found = {name: read.gradient(flow.graph.find(name)) for name in ("p", "n", "t", "x", "y")}
    assert found == {"p": "n·t", "n": "p·t", "t": "x", "x": "t", "y": "1"}


@pytest.mark.engine
def test_formulas_stand_at_the_wires() -> None:
    svg = bpviz.draw(perceptron, labels="symbols").to_svg()
    for text in ("dW = dZᵀ·X", "db = Σ dZ", "dZ = dA ∘ A ∘ (1 − A)", "dA = A − Y", "Z = X·Wᵀ + b"):
        assert f">{text}<" in in_one_piece(svg)


def test_a_sigmoid_spelled_out_in_small_nodes() -> None:
    def model(x=0.5, w=2.0):
        y = 1 / (1 + np.exp(-x * w))
        return y

    flow = bpviz.backprop(model)
    assert str(flow.formula("x")) == "w·y·(1 − y)"
    assert str(flow.formula("w")) == "x·y·(1 − y)"
    assert str(flow.formula("y", of="value")) == "1/(1 + exp(−x·w))"

    def other(x=0.5):
        y = np.exp(x) / (1 + np.exp(x))
        return y

    assert str(bpviz.backprop(other).formula("x")) == "y − y²"
    for model_of_x in (model, other):
        flow = bpviz.backprop(model_of_x)
        assert flow.formula("x").value == pytest.approx(flow.grad("x"), rel=1e-14)

    def layer(X=np.array([1.0, -2.0])):
        Y = 1 / (1 + np.exp(-X))
        return np.sum(Y)

    assert str(bpviz.backprop(layer).formula("X")) == "Y ∘ (1 − Y)"


def test_forward_formulas_are_as_they_were_written() -> None:
    def model(p=2.0, q=3.0):
        doubled = q * p * 1 + p + p
        return doubled

    flow = bpviz.backprop(model)
    assert str(flow.formula("doubled", of="value")) == "q·p·1 + p + p"
    assert str(flow.formula("p")) == "q + 2"
    assert str(flow.formula("q", of="value")) == "q"


def test_several_uses_add_up_in_the_order_of_the_source() -> None:
    flow = bpviz.backprop(lambda a=2.0, b=3.0, c=4.0: a * b + a * c + a / b)
    assert str(flow.formula("a")) == "b + c + 1/b"


def test_values_with_the_same_name_get_numbers() -> None:
    def model(x=1.5):
        for _ in range(3):
            x = x * x
        return x

    flow = bpviz.backprop(model)
    assert str(flow.formula("x")) == "8·x·x_2·x_3"
    assert str(flow.formula("x_3")) == "2·x_3"


def test_formulas_without_names_stay_short_and_thousands_of_uses_are_written() -> None:
    def chain(x=1.0):
        parts = [x * 0.001 for _ in range(2000)]
        return sum(parts)

    flow = bpviz.backprop(chain)
    formula = flow.formula("x")
    assert formula.value == pytest.approx(2.0)
    assert len(str(formula)) < 100_000
    assert len(str(flow.formula("chain", of="value"))) < 1000

    def power(x=1.0):
        for _ in range(60):
            x = np.tanh(x * x)
        return x

    assert bpviz.backprop(power).formula("x").value == pytest.approx(bpviz.backprop(power).grad("x"))


def test_a_rule_that_understands_numbers_alone_is_named() -> None:
    cube = bpviz.op("formulas_cube", lambda x: x**3, lambda g, z, x: (g * 3 * math.pow(x, 2),), notation="{x}³")
    flow = bpviz.backprop(lambda x=2.0: cube(x) * 5)
    assert str(flow.formula("x")) == "formulas_cube′(5, x)"
    assert flow.formula("x").value == 60.0
    branching = bpviz.op("formulas_ramp", lambda x: max(x, 0.0), lambda g, z, x: (g if x > 0 else 0 * g,))
    assert bpviz.backprop(lambda x=-2.0: branching(x) * 5).formula("x").value == 0.0


def test_seeds_are_read_as_they_are() -> None:
    graph = bpviz.trace(lambda X=np.array([1.0, 2.0]): X * X)
    assert str(bpviz.propagate(graph).formula("X")) == "2·X"
    flow = bpviz.propagate(graph, seed=[1.0, 10.0])
    np.testing.assert_allclose(flow.formula("X").value, [2.0, 40.0])


def test_a_value_that_does_not_reach_the_output_has_the_formula_0() -> None:
    flow = bpviz.backprop(lambda x=2.0, y=np.ones(2): x * 3)
    assert (str(flow.formula("y")), flow.formula("y").value.tolist()) == ("0", [0.0, 0.0])
    with pytest.raises(UsageError, match="a formula is one of the gradient or of the value, but got of='slope'"):
        flow.formula("x", of="slope")  # type: ignore[arg-type]


@given(st.integers(0, 10**6), st.integers(1, 25), st.booleans())
@settings(max_examples=fewer(120))
def test_every_formula_gives_the_number_of_the_flow(seed: int, operations: int, matrices: bool) -> None:
    make = random_matrix_function if matrices else random_function
    function, args = make(random.Random(seed), max(operations, 3 if matrices else 1))
    flow = bpviz.backprop(function, *args)
    for index, node in enumerate(flow.graph.nodes):
        for formula, number in (
            (flow.formula(node), flow.gradient_of(index)),
            (flow.formula(node, of="value"), flow.values[index]),
        ):
            assert formula.shape == np.shape(number)
            np.testing.assert_allclose(formula.value, number, rtol=1e-8, atol=1e-10, err_msg=str(formula))


@at_once(ops.OPERATIONS.values())
def test_the_formula_of_every_operation_gives_its_gradient(row: ops.Operation) -> None:
    for case in some(row.cases):
        graph = bpviz.Graph()
        handles = [graph.input(f"x{i}", x) for i, x in enumerate(sample(row, case))]
        flow = bpviz.propagate(graph, output=graph.output(row(*handles, **case.parameters), "out"))
        for index in graph.record.is_input:
            found = flow.symbols.formula(index)
            np.testing.assert_allclose(found.value, flow.gradient_of(index), rtol=1e-7, atol=1e-9, err_msg=str(found))


def test_a_mask_takes_as_many_elements_as_it_has_true_ones() -> None:
    def chosen(x=np.array([-1.0, 2.0, 3.0])):
        y = np.zeros_like(x)
        y[x > 0] = np.exp(-x[x > 0])
        return np.sum(x[x > 0] * 2) + np.sum(y)

    def none(x=np.array([-1.0, 2.0])):
        return np.sum(x[x > 5]) + np.sum(x)

    for function, slopes in ((chosen, [0.0, 2 - math.exp(-2), 2 - math.exp(-3)]), (none, [1.0, 1.0])):
        flow = bpviz.backprop(function)
        read = Symbols(flow)
        taken = [i for i, row in enumerate(flow.graph.record.operations) if row is ops.named("index")]
        assert taken
        for i in taken:
            assert read.formula(i).shape == flow.values[i].shape
        assert flow.grads["x"] == pytest.approx(np.array(slopes))
        assert read.formula(flow.graph.find("x")).value == pytest.approx(np.array(slopes))
