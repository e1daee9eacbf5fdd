"""bpviz.grad: closed forms, HIPS autograd, and every place from which it may be called."""

from __future__ import annotations

import functools
import inspect
import math
import random
from collections.abc import Callable
from typing import Any

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
from amounts import fewer
from hypothesis import given, settings
from hypothesis import strategies as st
from random_graphs import random_function, random_matrix_function

import bpviz
from bpviz.errors import RecordingError, UsageError


def cube(x: Any) -> Any:
    y = x * x
    return y * x


def rosenbrock(x: Any) -> Any:
    return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2


def rosenbrock_hessian(x: Any) -> Any:
    a, b = x
    return np.array([[1200 * a * a - 400 * b + 2, -400 * a], [-400 * a, 200.0]])


# Numbers


@pytest.mark.parametrize("x", [0.0, 0.5, -1.25, 3.0])
def test_tanh_to_the_fourth_order(x: float) -> None:
    t = math.tanh(x)
    s = 1 - t * t
    expected = [t, s, -2 * t * s, s * (6 * t * t - 2), s * t * (16 - 24 * t * t)]
    for function in (lambda x: np.tanh(x), lambda x: bpviz.nn.tanh(x), np.tanh):
        for value in expected:
            assert function(x) == pytest.approx(value, rel=1e-12, abs=1e-14)
            function = bpviz.grad(function)


def test_the_hessian_of_rosenbrock() -> None:
    def hessian_times(x: Any, v: Any) -> Any:
        return bpviz.grad(lambda x: np.sum(bpviz.grad(rosenbrock)(x) * v))(x)

    for x in (np.array([1.0, 1.0]), np.array([-1.2, 1.0]), np.array([0.3, -2.0])):
        columns = [hessian_times(x, v) for v in np.eye(2)]
        np.testing.assert_allclose(np.array(columns).T, rosenbrock_hessian(x), rtol=1e-12)
        # And by the gradient graph, a row of the Hessian per element of the gradient
        graph = bpviz.gradient_graph(lambda x=x: rosenbrock(x))
        rows = [bpviz.propagate(graph, seed=v).grad("x") for v in np.eye(2)]
        np.testing.assert_allclose(rows, rosenbrock_hessian(x), rtol=1e-12)
    # The least value lies at (1, 1).
    np.testing.assert_array_equal(bpviz.grad(rosenbrock)(np.array([1.0, 1.0])), [0.0, 0.0])


@settings(max_examples=fewer(40))
@given(st.integers(0, 10**9), st.integers(1, 12))
def test_orders_against_autograd_on_random_functions(seed: int, operations: int) -> None:
    mine, arguments = random_function(random.Random(seed), operations)
    theirs, _ = random_function(random.Random(seed), operations, anp)
    for order in range(1, 4):
        mine, theirs = bpviz.grad(mine), autograd.grad(theirs)
        expected = theirs(*arguments)
        assert mine(*arguments) == pytest.approx(expected, rel=1e-7, abs=1e-7 * (1 + abs(expected))), (
            order,
            mine.__doc__,
        )


@settings(max_examples=fewer(30))
@given(st.integers(0, 10**9), st.integers(3, 9))
def test_hessian_vector_products_against_autograd_on_random_matrices(seed: int, operations: int) -> None:
    mine, arguments = random_matrix_function(random.Random(seed), operations)
    theirs, _ = random_matrix_function(random.Random(seed), operations, anp)
    x, *rest = arguments
    v = np.random.default_rng(seed).uniform(-1, 1, x.shape)
    found = bpviz.grad(lambda x: np.sum(bpviz.grad(mine)(x, *rest) * v))(x)
    expected = autograd.grad(lambda x: anp.sum(autograd.grad(theirs)(x, *rest) * v))(x)
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-8 * (1 + float(np.max(np.abs(expected)))))


def test_a_constant_has_no_slope() -> None:
    # Article 003: the derivative of a constant is 0, that of 3x + 2 is 3.
    assert bpviz.grad(lambda x: 5.0)(3.0) == 0.0
    assert bpviz.grad(lambda x: 3 * x + 2)(3.0) == 3.0
    assert bpviz.grad(bpviz.grad(lambda x: 3 * x + 2))(3.0) == 0.0
    np.testing.assert_array_equal(bpviz.grad(lambda x: np.ones(2))(np.ones((2, 3))), np.zeros((2, 3)))


def test_a_gradient_has_the_structure_of_its_parameter() -> None:
    def loss(p: Any, x: Any = 2.0) -> Any:
        return p["W"] * x + p["b"][0] * p["b"][1]

    assert bpviz.grad(loss)({"W": 3.0, "b": [4.0, 5.0]}) == {"W": 2.0, "b": [5.0, 4.0]}
    assert bpviz.grad(loss, wrt="x")({"W": 3.0, "b": [4.0, 5.0]}) == 3.0
    assert bpviz.grad(loss, wrt=("x", "p['W']"))({"W": 3.0, "b": (4.0, 5.0)}) == (3.0, 2.0)
    assert bpviz.grad(lambda *xs: xs[0] * xs[1], wrt="xs[1]")(2.0, 5.0) == 2.0
    assert bpviz.grad(lambda x, *, k=3: x * k, wrt="k")(2.0, k=4) == 2.0
    assert bpviz.grad(lambda x, y=4.0: x * y, wrt=["y"])(2.0) == (2.0,)


def test_the_gradient_is_the_caller_s_own() -> None:
    x = np.ones(3, np.float32)
    gradient = bpviz.grad(lambda x: np.sum(x * x))(x)
    gradient *= 0.5
    assert gradient.dtype == np.float32
    np.testing.assert_array_equal(x, [1, 1, 1])


def test_it_is_called_like_the_function() -> None:
    def y(p=100, n=2, t=1.1):
        """The total."""
        return p * n * t

    slope = bpviz.grad(y, wrt="n")
    assert str(inspect.signature(slope)) == "(p=100, n=2, t=1.1)"
    assert (slope.__name__, slope.__doc__) == ("y", "The total.")
    assert slope() == pytest.approx(110)
    assert slope(t=1.2, p=50) == pytest.approx(60)
    assert bpviz.grad(functools.partial(y, n=5))() == pytest.approx(5.5)
    for traced, title in ((slope, "∂y/∂n"), (bpviz.grad(slope, "t"), "∂²y/∂n∂t"), (bpviz.grad(slope, "n"), "∂²y/∂n²")):
        (end,) = bpviz.trace(traced).ends
        assert end.title == title


# Inside of other recordings


def test_inside_of_a_model() -> None:
    def model(x=2.0):
        slope = bpviz.grad(cube)(x)
        return slope * x

    flow = bpviz.backprop(model)
    # 3x²·x = 3x³; its slope is 9x².
    assert (flow.output, flow.grad("x")) == (24.0, 36.0)
    assert flow.value("slope") == 12.0
    names = {node.name: (node.order, node.scope.title) for node in flow.graph.nodes if node.operation is not None}
    assert names["y"] == (0, "gradient of cube")
    assert names["slope"] == (1, "gradient of cube")
    assert names["model"] == (0, "model")


def test_a_value_from_outside_is_a_constant_to_it_and_keeps_its_gradient() -> None:
    def model(w=2.0):
        return bpviz.grad(lambda x: w * x * x)(3.0) * w

    flow = bpviz.backprop(model)
    assert (flow.output, flow.grad("w")) == (24.0, 24.0)

    def itself(x=3.0):
        # d(c·x)/dx with c = x kept constant: x; not 2x.
        return bpviz.grad(lambda y: x * y)(x)

    assert bpviz.backprop(itself).grads == {"x": 1.0}


def test_perturbations_are_not_confused() -> None:
    assert bpviz.grad(lambda x: x * bpviz.grad(lambda y: x + y)(1.0))(1.0) == 1.0
    assert bpviz.grad(lambda x: x * bpviz.grad(lambda y: x * y)(2.0))(3.0) == 6.0
    assert bpviz.grad(lambda x: bpviz.grad(lambda y: bpviz.grad(lambda z: x * y * y * z**3)(1.0))(2.0))(5.0) == 12.0


def test_values_of_several_recordings_around_meet() -> None:
    def outer(a=2.0, c=np.array([1.0, 2.0])):
        def middle(b: Any) -> Any:
            return np.sum(bpviz.grad(lambda x: a * b * x * x + np.where(x > 0, x, a))(c))

        return bpviz.grad(middle)(3.0)

    # d/db Σ (2ab·c + 1) = Σ 2a·c = 12; its slope in a is Σ 2c, in c it is 2a.
    flow = bpviz.backprop(outer)
    assert flow.output == 12.0
    assert flow.grad("a") == 6.0
    np.testing.assert_array_equal(flow.grad("c"), [4.0, 4.0])


def test_a_graph_built_by_hand() -> None:
    g = bpviz.Graph()
    x = g.input("x", 2.0)
    slope = bpviz.grad(cube)(x)
    g.output(slope * slope)
    # (3x²)² = 9x⁴; 36x³
    assert (slope.data, bpviz.propagate(g).grads) == (12.0, {"x": 288.0})


def test_only_steps_that_the_gradient_needs_are_in_the_graph() -> None:
    def f(x: Any) -> Any:
        return np.exp(x) * 2 + 3

    graph = bpviz.trace(lambda x=1.0: bpviz.grad(f)(x))
    assert [node.operation.name for node in graph.nodes if node.operation is not None] == ["exp", "multiply"]
    again = bpviz.trace(bpviz.grad(f), 1.0)
    assert [node.name for node in again.nodes] == ["x", "exp", "constant", "∂f/∂x"]


def test_several_gradients_at_once() -> None:
    def model(x=2.0, y=3.0):
        a, b = bpviz.grad(lambda x, y: x * x * y, wrt=("x", "y"))(x, y)
        return a + b

    # 2xy + x²
    flow = bpviz.backprop(model)
    assert (flow.output, flow.grads) == (16.0, {"x": 10.0, "y": 4.0})


def test_branches_and_groups_inside() -> None:
    def f(x: Any) -> Any:
        with bpviz.group("square"):
            s = x * x
        return s if x > 0 else -s

    graph = bpviz.trace(lambda x=-3.0: bpviz.grad(f)(x) * bpviz.grad(f)(-x))
    assert bpviz.propagate(graph).output == 36.0
    assert bpviz.draw(graph).figure.frames


def test_a_training_step_as_a_model() -> None:
    """The slope of the loss after one step, in the step width: by differences."""

    def loss(w: Any) -> Any:
        return np.sum((w - 3.0) ** 4)

    def after(rate=0.01, w=np.array([1.0, 2.5])):
        return loss(w - rate * bpviz.grad(loss)(w))

    assert bpviz.gradcheck(after).ok


# What cannot be


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: bpviz.grad(3.0),
            "bpviz.grad takes a function, but got 3.0; for a graph there is bpviz.gradient_graph",
        ),
        (
            lambda: bpviz.grad(cube, "y")(2.0),
            "cube has no parameter named 'y' to take the gradient of; its parameters are: x",
        ),
        (
            lambda: bpviz.grad(lambda x: (x, x))(2.0),
            "bpviz.grad takes a function that returns one value, but the function returned 2 values",
        ),
        (
            lambda: bpviz.grad(lambda x: None)(2.0),
            "takes a function that returns one value, but the function returned None",
        ),
        (
            lambda: bpviz.grad(lambda mode, x: x)("sum", 2.0),
            "the function has no gradient with respect to 'sum'; name a parameter that is a number",
        ),
        (lambda: bpviz.grad(lambda: 3.0)(), "the function has no parameter to take the gradient of"),
        (lambda: bpviz.grad(cube)(), "the parameter 'x' of cube has no value"),
    ],
)
def test_errors_say_what_to_do(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        call()
    assert message in str(caught.value)


def test_values_must_not_escape() -> None:
    kept = []

    def f(x: Any) -> Any:
        kept.append(x * x)
        return x

    def model(x=2.0):
        bpviz.grad(f)(x)
        return kept[0] * x

    with pytest.raises(RecordingError, match="uses a value of a graph that is complete"):
        bpviz.trace(model)
    g, h = bpviz.Graph(), bpviz.Graph()
    with pytest.raises(RecordingError, match="mixes values of two different graphs"):
        g.input("x", 1.0) * h.input("y", 2.0)


def test_an_exception_leaves_the_state_unchanged() -> None:
    def breaks(x: Any) -> Any:
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        bpviz.grad(lambda x: bpviz.grad(breaks)(x))(1.0)
    assert bpviz.grad(cube)(1.0) == 3.0


@pytest.mark.thorough
def test_ten_thousand_steps() -> None:
    def chain(x: Any) -> Any:
        for _ in range(5_000):
            x = np.sin(x) + 0.4
        return x

    slope, curve = bpviz.grad(chain), bpviz.grad(bpviz.grad(chain))
    h = 1e-5
    assert curve(0.5) == pytest.approx((slope(0.5 + h) - slope(0.5 - h)) / (2 * h), rel=1e-6, abs=1e-12)
