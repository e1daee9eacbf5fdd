"""The numbers of the five articles, typed from the articles themselves (forward values and gradients)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bpviz
from bpviz.nn import sigmoid, sum_squared_error


def apples(p: Any = 100, n: Any = 2, t: Any = 1.1) -> Any:
    x = p * n
    y = x * t
    return y


def test_000_apples_forward_and_backward() -> None:
    flow = bpviz.backprop(apples)
    assert flow.value("x") == 200
    assert flow.output == pytest.approx(220)
    assert flow.grad("y") == 1
    assert flow.grad("t") == 200
    assert flow.grad("x") == 1.1
    assert flow.grad("p") == 2.2
    assert flow.grad("n") == pytest.approx(110)


def test_000_the_chain_written_out() -> None:
    flow = bpviz.backprop(apples)
    dx_dp = bpviz.propagate(flow.graph, output="x").grad("p")
    assert dx_dp * flow.grad("x") == flow.grad("p")


def test_000_what_if() -> None:
    graph = bpviz.trace(apples)
    before = bpviz.propagate(graph).output
    for inputs, more in (({"t": 1.2}, 20), ({"p": 200}, 220), ({"n": 5}, 330)):
        assert bpviz.propagate(graph, inputs).output - before == pytest.approx(more)
    # 0.1 × 200, 100 × 2.2, 3 × 110: the gradient predicts them exactly, since y is linear in each.
    grads = bpviz.propagate(graph).grads
    assert 0.1 * grads["t"] == pytest.approx(20)
    assert 100 * grads["p"] == pytest.approx(220)
    assert 3 * grads["n"] == pytest.approx(330)


def test_000_what_a_derivative_is() -> None:
    def f(t: Any) -> Any:
        return t**2

    for there, speed in ((5, 8), (4, 7), (3.1, 6.1), (3.01, 6.01), (3.001, 6.001)):
        assert (f(there) - f(3)) / (there - 3) == pytest.approx(speed)
    assert bpviz.backprop(f, 3).grad("t") == 6


def pencils(pencil: Any = 100, pencils: Any = 2, eraser: Any = 30, erasers: Any = 3, tax: Any = 1.1) -> Any:
    for_pencils = pencil * pencils
    for_erasers = eraser * erasers
    together = for_pencils + for_erasers
    total = together * tax
    return total


def test_001_pencils_and_erasers() -> None:
    flow = bpviz.backprop(pencils)
    assert [flow.value(n) for n in ("for_pencils", "for_erasers", "together")] == [200, 90, 290]
    assert flow.output == pytest.approx(319)
    assert flow.grad("total") == 1
    assert flow.wire_grad("together", "total") == 1.1
    assert flow.wire_grad("tax", "total") == 290
    assert flow.wire_grad("for_pencils", "together") == flow.wire_grad("for_erasers", "together") == 1.1
    expected = {"pencil": 2.2, "pencils": 110, "eraser": 3.3, "erasers": 33, "tax": 290}
    assert flow.grads == pytest.approx(expected)


def test_001_each_backward_number_says_by_how_much_the_total_grows() -> None:
    graph = bpviz.trace(pencils)
    flow = bpviz.propagate(graph)
    for name, value in (("pencil", 101), ("pencils", 3), ("eraser", 31), ("erasers", 4), ("tax", 2.1)):
        grown = bpviz.propagate(graph, {name: value}).output - flow.output
        assert grown == pytest.approx(flow.grad(name))


def test_001_the_rule_of_every_node() -> None:
    t = 0.7  # upstream
    x, y = 1.5, -2.5
    grads = lambda f, *args: list(bpviz.propagate(bpviz.trace(f, *args), seed=t).grads.values())
    assert grads(lambda x, y: x + y, x, y) == [t, t]
    assert grads(lambda x, y: x * y, x, y) == [t * y, t * x]
    assert grads(bpviz.nn.relu, 2.0) == [t]
    assert grads(bpviz.nn.relu, -2.0) == [0]
    assert grads(bpviz.nn.relu, 0.0) == [0]
    out = 1 / (1 + np.exp(-x))
    assert grads(sigmoid, x) == pytest.approx([t * out * (1 - out)])


def test_001_the_matrix_product() -> None:
    rng = np.random.default_rng(1)
    X, W, dY = rng.normal(size=(4, 3)), rng.normal(size=(3, 2)), rng.normal(size=(4, 2))
    grads = bpviz.propagate(bpviz.trace(lambda X, W: np.dot(X, W), X, W), seed=dY).grads
    np.testing.assert_allclose(grads["X"], dY @ W.T, rtol=1e-14)
    np.testing.assert_allclose(grads["W"], X.T @ dY, rtol=1e-14)


def spelled_out(x: Any, t: Any) -> Any:
    e = np.exp(x)
    y = e / np.sum(e)
    return -np.sum(t * np.log(y))


@pytest.mark.parametrize("loss", [bpviz.nn.softmax_cross_entropy, spelled_out])
def test_001_softmax_with_cross_entropy(loss: Any) -> None:
    x, t = np.array([0.3, 2.9, 4.0]), np.array([0.0, 1.0, 0.0])
    y = np.exp(x) / np.exp(x).sum()
    flow = bpviz.backprop(lambda x, t: loss(x, t), x, t)
    assert flow.output == pytest.approx(-np.log(y[1]))
    np.testing.assert_allclose(flow.grad("x"), y - t, rtol=1e-12)


def test_002_numerical_derivatives_digit_for_digit() -> None:
    def function_1(x: Any) -> Any:
        return 0.01 * x**2 + 0.1 * x

    assert bpviz.numerical_diff(function_1, 5) == 0.1999999999990898
    assert bpviz.numerical_diff(function_1, 10) == 0.2999999999986347
    assert bpviz.backprop(function_1, 5).grad("x") == pytest.approx(0.2, rel=1e-15)
    assert bpviz.backprop(function_1, 10).grad("x") == pytest.approx(0.3, rel=1e-15)


def function_2(x: Any) -> Any:
    return x[0] ** 2 + x[1] ** 2


def function_2_as_a_sum(x: Any) -> Any:
    return np.sum(x**2)


@pytest.mark.parametrize("f", [function_2, function_2_as_a_sum])
@pytest.mark.parametrize(("x", "gradient"), [([3, 4], [6, 8]), ([0, 2], [0, 4]), ([3, 0], [6, 0])])
@pytest.mark.parametrize("kind", [float, int])
def test_002_gradients(f: Any, x: Any, gradient: Any, kind: type) -> None:
    at = np.array(x, dtype=kind)
    np.testing.assert_array_equal(bpviz.backprop(f, at).grad("x"), gradient)
    np.testing.assert_allclose(bpviz.numerical_gradient(f, at), gradient, atol=1e-9)


def test_003_constants_slopes_and_chains() -> None:
    f = lambda x: 3 * x + 2
    assert bpviz.backprop(f, 3.0).grads == {"x": 3.0}
    assert bpviz.numerical_diff(f, 3, h=1e-7) == pytest.approx(3.00000000444089, rel=1e-7)
    flow = bpviz.backprop(lambda x: np.exp(np.sin(x) ** 2), 0.7)
    x = 0.7
    assert flow.grad("x") == pytest.approx(np.cos(x) * 2 * np.sin(x) * np.exp(np.sin(x) ** 2))


def test_003_one_layer_element_by_element() -> None:
    """m = 2 inputs, n = 3 outputs, an activation, a cost; then everything collected as matrices."""
    rng = np.random.default_rng(3)
    W, b, inputs, y = (
        rng.normal(size=(3, 2)),
        rng.normal(size=(3, 1)),
        rng.normal(size=(2, 1)),
        rng.uniform(size=(3, 1)),
    )

    def cost(W: Any, b: Any, inputs: Any) -> Any:
        out = W @ inputs + b
        a = sigmoid(out)
        return sum_squared_error(a, y)

    flow = bpviz.backprop(cost, W, b, inputs)
    a = 1 / (1 + np.exp(-(W @ inputs + b)))
    slopes = a * (1 - a) * (a - y)  # act'(out_i) · cost'(a_i)
    for i in range(3):
        assert flow.grad("b")[i, 0] == pytest.approx(1 * slopes[i, 0])
        for j in range(2):
            assert flow.grad("W")[i, j] == pytest.approx(flow.grad("b")[i, 0] * inputs[j, 0])
    np.testing.assert_allclose(flow.grad("W"), flow.grad("b") @ inputs.T, rtol=1e-14)
    # A value that feeds several outputs gets the sum over them: three terms, one per path.
    for j in range(2):
        assert flow.grad("inputs")[j, 0] == pytest.approx(sum(W[i, j] * slopes[i, 0] for i in range(3)))


def test_003_cross_entropy_cost() -> None:
    """With a sigmoid in front, the slope of the binary cross entropy is a − y."""

    def cost(z: Any, y: Any) -> Any:
        a = sigmoid(z)
        return -(y * np.log(a) + (1 - y) * np.log(1 - a))

    for z, y in ((0.4, 1.0), (-1.2, 0.0), (2.0, 1.0)):
        a = 1 / (1 + np.exp(-z))
        assert bpviz.backprop(cost, z, y).grad("z") == pytest.approx(a - y)


AND_X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
AND_Y = np.array([[0], [0], [0], [1]])


@pytest.mark.parametrize("kind", [int, np.float64, np.float32])
def test_004_one_layer_perceptron(kind: type) -> None:
    X, Y = AND_X.astype(kind), AND_Y.astype(kind)
    precision = np.float32 if kind is np.float32 else np.float64
    W, b = np.array([[0.5, -0.3]], dtype=precision), np.array([0.1], dtype=precision)

    def E(W: Any, b: Any) -> Any:
        Z = X @ W.T + b
        A = sigmoid(Z)
        return 0.5 * np.sum((A - Y) ** 2)

    flow = bpviz.backprop(E, W, b)
    Z = X @ W.T + b
    A = 1 / (1 + np.exp(-Z))
    dZ = (A - Y) * A * (1 - A)
    tolerance = 1e-5 if kind is np.float32 else 1e-13
    np.testing.assert_allclose(flow.value("Z"), Z, rtol=tolerance)
    np.testing.assert_allclose(flow.value("A"), A, rtol=tolerance)
    assert flow.output == pytest.approx(0.5 * np.sum((A - Y) ** 2), rel=tolerance)
    np.testing.assert_allclose(flow.grad("Z"), dZ, rtol=tolerance)
    np.testing.assert_allclose(flow.grad("W"), dZ.T @ X, rtol=tolerance)
    np.testing.assert_allclose(flow.grad("b"), [dZ.sum()], rtol=tolerance)
    assert flow.grad("W").shape == (1, 2)
    assert flow.grad("W").dtype == precision
    # The shared factor: computed once, it goes both to b and on to W.
    np.testing.assert_array_equal(flow.wire_grad("b", "Z"), [flow.grad("Z").sum()])


def test_004_the_loss_as_one_node() -> None:
    W, b = np.array([[0.5, -0.3]]), np.array([0.1])
    spelled = bpviz.backprop(lambda W, b: 0.5 * np.sum((sigmoid(AND_X @ W.T + b) - AND_Y) ** 2), W, b)
    node = bpviz.backprop(lambda W, b: sum_squared_error(sigmoid(AND_X @ W.T + b), AND_Y), W, b)
    assert node.output == pytest.approx(spelled.output)
    for name in ("W", "b"):
        np.testing.assert_allclose(node.grad(name), spelled.grad(name), rtol=1e-13)
