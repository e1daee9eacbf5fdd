"""``plain.dot(value)``: the method of an array that is no recorded value."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import bpviz
from bpviz.errors import RecordingError

W = np.array([[1.0, 2.0], [3.0, 4.0], [0.5, -1.0]])
SINGLE = W.astype(np.float32)
WHOLE = np.array([[1, 2], [3, 4]])
LAYERS = {"W": W, "list": [W, W * 2]}
HOLDER = SimpleNamespace(W=W)
X = np.array([0.3, -0.7])
OUT = np.zeros(3)


def of_a_global(x: Any = X) -> Any:
    return np.sum(W.dot(x) ** 2)


def of_a_local(x: Any = X) -> Any:
    weights = np.vstack([W, W]) * 1.5
    return np.sum(np.sin(weights.dot(x)))


def of_a_closure(x: Any = X) -> Any:
    inner = WHOLE * 1.0

    def apply(v: Any) -> Any:
        return inner.dot(v)

    return np.sum(apply(apply(x)) ** 2)


def of_parts(x: Any = X) -> Any:
    return sum(np.sum(LAYERS["list"][i].dot(x) ** 2) for i in range(2)) + np.sum(HOLDER.W.dot(x) * LAYERS["W"].dot(x))


def of_expressions(x: Any = X) -> Any:
    return np.sum((W * 2).dot(x)) + W.T.dot(W.dot(x))[0] + np.eye(2)[1].dot(x) + X.copy().dot(x)


def of_whole_numbers(x: Any = X) -> Any:
    return np.sum(WHOLE.dot(x) ** 2)


def of_single_precision(x: Any = X) -> Any:
    return np.sum(SINGLE.dot(x) ** 2)


def with_a_matrix(x: Any = W) -> Any:
    return np.sum(np.cos(W.T.dot(x)))


def with_a_stack(x: Any = X) -> Any:
    return np.sum(np.stack([W, W * 3]).dot(x) ** 2)


def with_no_axes(x: Any = 3.0) -> Any:
    return np.sum(W.dot(x) ** 2)


def in_a_loop(x: Any = X) -> Any:
    for matrix in (WHOLE * 0.1, WHOLE.T * 0.2):
        x = np.tanh(matrix.dot(x))
    return np.sum(x)


@pytest.mark.parametrize(
    "function",
    [
        of_a_global,
        of_a_local,
        of_a_closure,
        of_parts,
        of_expressions,
        of_whole_numbers,
        of_single_precision,
        with_a_matrix,
        with_a_stack,
        with_no_axes,
        in_a_loop,
    ],
)
def test_the_product_and_its_gradient(function: Any) -> None:
    flow = bpviz.backprop(function)
    (x,) = function.__defaults__
    np.testing.assert_allclose(flow.output, function(x), rtol=1e-14)
    np.testing.assert_allclose(flow.grads["x"], bpviz.numerical_gradient(function, np.array(x)), rtol=1e-6, atol=1e-7)


def test_one_array_is_one_node_with_its_name() -> None:
    def f(x: Any = X) -> Any:
        return np.sum(W.dot(x) * W.dot(x) + W @ x)

    graph = bpviz.trace(f)
    assert [node.name for node in graph.nodes if node.name == "W"] == ["W"]


def test_the_precision_is_that_of_numpy() -> None:
    x = X.astype(np.float32)

    def f(x: Any) -> Any:
        return SINGLE.dot(x)

    flow = bpviz.backprop(f, x)
    assert flow.output.dtype == f(x).dtype == np.float32
    with pytest.raises(RecordingError, match=re.escape("write np.dot((SINGLE * 2), x)")):
        bpviz.backprop(lambda x: (SINGLE * 2).dot(x), x)


def test_not_a_number_stays_one() -> None:
    holes = np.array([[np.nan, 1.0], [2.0, 3.0]])
    flow = bpviz.backprop(lambda x: np.nansum(holes.dot(x)), X)
    assert flow.output == pytest.approx(2 * 0.3 - 3 * 0.7)


def test_the_gradient_of_a_gradient() -> None:
    gradient = bpviz.grad(of_a_global)
    flow = bpviz.backprop(lambda x: gradient(x)[0], X)
    np.testing.assert_allclose(flow.grads["x"], (2 * W.T @ W)[0])


def test_what_is_no_plain_call_is_refused() -> None:
    multiply = W.dot

    def stored(x: Any = X) -> Any:
        return np.sum(multiply(x))

    def into(x: Any = X) -> Any:
        return np.sum(W.dot(x, OUT))

    def unbound(x: Any = X) -> Any:
        return np.sum(np.ndarray.dot(W, x))

    for function, advice in (
        (stored, "multiply(x) asks a recorded value for a plain number"),
        (into, "write np.dot(W, x, OUT)"),
        (unbound, "write np.dot(W, x)"),
    ):
        with pytest.raises(RecordingError, match=re.escape(advice)):
            bpviz.trace(function)


def test_shapes_that_do_not_fit_are_named() -> None:
    with pytest.raises(RecordingError, match=r"W\.dot\(x\) fails on operands of shape \(3, 2\) and \(3,\)"):
        bpviz.trace(lambda x: W.dot(x), np.ones(3))


def test_the_arrays_stay_those_of_numpy() -> None:
    before = W.copy()
    bpviz.backprop(of_a_global)
    assert type(W) is np.ndarray
    np.testing.assert_array_equal(W, before)
