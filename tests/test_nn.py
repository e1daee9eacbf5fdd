"""The textbook's layers and losses, as their users call them. What each row says of itself is tested for all rows in
ops/test_operations (slopes, precision, autograd, shapes, the numbers of the inside)."""

from __future__ import annotations

import inspect
import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from at_once import at_once
from peers import PEERS
from samples import sample

import bpviz
from bpviz import nn, ops
from bpviz.errors import RecordingError
from bpviz.ops import OPERATIONS, Case

LAYERS = list(nn.__all__)
RNG = np.random.default_rng(0)


@at_once(LAYERS)
def test_every_layer_is_a_function_of_its_row(name: str) -> None:
    row, function = OPERATIONS[name], getattr(nn, name)
    parameters = inspect.signature(function).parameters
    operands = [{"γ": "gamma", "β": "beta"}.get(operand, operand) for operand in row.operands]
    assert list(parameters) == [*operands, *row.parameters]
    for key, default in row.parameters.items():
        assert parameters[key].default == default
    assert function.__doc__ and ">>>" in function.__doc__
    assert row.inside is not None


@at_once([pytest.param(n, case, id=f"{n}-{i}") for n in LAYERS for i, case in enumerate(OPERATIONS[n].cases)])
def test_opened_a_layer_has_the_same_numbers(name: str, case: Case) -> None:
    row = OPERATIONS[name]
    xs = sample(row, case, seed=1)
    closed = bpviz.backprop(lambda *xs: getattr(nn, name)(*xs, **case.parameters), *xs)
    opened = bpviz.open(closed, name)
    assert [node.operation for node in closed.graph.nodes if node.operation] == [row]
    assert len(opened.graph) > len(closed.graph) or name == "embedding"
    np.testing.assert_allclose(opened.output, closed.output, rtol=1e-12, atol=1e-15)
    for mine, theirs in zip(opened.grads.values(), closed.grads.values(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-12, atol=1e-14)


def test_layers_are_traced_as_they_are() -> None:
    """A layer may be the model itself: what has a default is no input."""
    assert bpviz.backprop(nn.relu, 2.0).grads == {"x": 1.0}
    assert bpviz.trace(nn.affine, np.ones(2), np.ones((2, 3)), np.zeros(3)).inputs == ("x", "W", "b")


# Losses


def test_softmax_with_cross_entropy_sends_back_y_minus_t() -> None:
    # Saito, Deep Learning from Scratch, 5.6.3: y = (0.3, 0.2, 0.5), t = (0, 1, 0) give (0.3, −0.8, 0.5).
    x = np.log([0.3, 0.2, 0.5])
    flow = bpviz.backprop(lambda x, t: nn.softmax_cross_entropy(x, t), x, np.array([0.0, 1.0, 0.0]))
    np.testing.assert_allclose(flow.grad("x"), [0.3, -0.8, 0.5], rtol=1e-14)
    assert flow.output == pytest.approx(-math.log(0.2), rel=1e-14)
    # (0.01, 0.99, 0) for the same class is nearly right: (0.01, −0.01, 0).
    flow = bpviz.backprop(lambda x: nn.softmax_cross_entropy(x, 1), np.log([0.01, 0.99, 1e-300]))
    np.testing.assert_allclose(flow.grad("x"), [0.01, -0.01, 0], atol=1e-15)


@pytest.mark.parametrize("batch", [4, 40])
def test_the_batch_is_averaged(batch: int) -> None:
    x, t = RNG.normal(size=(batch, 3)), np.resize([0, 2, 1, 1], batch)
    y = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
    flow = bpviz.backprop(lambda x, t: nn.softmax_cross_entropy(x, t), x, t)
    np.testing.assert_allclose(flow.output, -np.log(y[np.arange(batch), t]).mean(), rtol=1e-12)
    np.testing.assert_allclose(flow.grad("x"), (y - np.eye(3)[t]) / batch, rtol=1e-12)
    np.testing.assert_array_equal(flow.grad("t"), np.zeros(batch))
    shares = bpviz.backprop(lambda x: nn.softmax_cross_entropy(x, np.eye(3)[t]), x)
    np.testing.assert_allclose(shares.output, flow.output, rtol=1e-12)
    np.testing.assert_allclose(shares.grad("x"), flow.grad("x"), rtol=1e-12)
    np.testing.assert_allclose(nn.log_softmax(x), np.log(y), rtol=1e-12)


def test_mean_squared_error_and_its_sum() -> None:
    y, t = np.array([0.1, 0.7, 0.2]), np.array([0.0, 1.0, 0.0])
    np.testing.assert_allclose(bpviz.backprop(lambda y: nn.mean_squared_error(y, t), y).grad("y"), 2 * (y - t) / 3)
    np.testing.assert_allclose(bpviz.backprop(lambda y: nn.sum_squared_error(y, t), y).grad("y"), y - t)


def test_a_class_that_does_not_exist_is_refused() -> None:
    with pytest.raises(RecordingError, match="out of bounds"):
        bpviz.trace(lambda x: nn.softmax_cross_entropy(x, np.array([0, 3])), np.zeros((2, 3)))


# Extreme numbers


@pytest.mark.parametrize(
    ("function", "x", "value", "gradient"),
    [
        (nn.sigmoid, [-1e3, 1e3], [0, 1], [0, 0]),
        (nn.softplus, [-1e3, 1e3], [0, 1e3], [0, 1]),
        (nn.gelu, [-1e3, 1e3], [0, 1e3], [0, 1]),
        (lambda x: nn.gelu(x, approximate=True), [-1e3, 1e3], [0, 1e3], [0, 1]),
        (nn.tanh, [-1e3, 1e3], [-1, 1], [0, 0]),
        (nn.leaky_relu, [-1e3, 1e3], [-10, 1e3], [0.01, 1]),
        (lambda x: nn.softmax(x)[0], [1e4, -1e4], 1, [0, 0]),
        (lambda x: nn.log_softmax(x)[1], [1e4, -1e4], -2e4, [-1, 1]),
        (lambda x: nn.softmax_cross_entropy(x, 1), [1e4, -1e4], 2e4, [1, -1]),
        (lambda x: nn.softmax_cross_entropy(x, np.array([0.0, 1.0])), [1e4, -1e4], 2e4, [1, -1]),
        (lambda x: nn.softmax_cross_entropy(x, 0), [0.0, -math.inf], 0, [0, 0]),
        (lambda x: nn.softmax_cross_entropy(x, np.array([1.0, 0.0])), [0.0, -math.inf], 0, [0, 0]),
        (lambda x: nn.sigmoid_cross_entropy(x, np.array([1.0, 1.0])), [-1e3, 1e3], 500, [-0.5, 0]),
        # A share of 0: of a class that is not the target no part, of the target infinitely much.
        (lambda y: nn.cross_entropy(y, np.array([1.0, 0.0])), [1.0, 0.0], 0, [-1, 0]),
        (lambda y: nn.cross_entropy(y, np.array([1.0, 0.0])), [0.0, 1.0], math.inf, [-math.inf, 0]),
        (lambda y: nn.cross_entropy(y, 1), [1.0, 0.0], math.inf, [0, -math.inf]),
        # A batch without spread.
        (lambda x: nn.batch_norm(x, 1.0, 0.0), [2.0, 2.0], [0, 0], [0, 0]),
    ],
)
def test_extreme_numbers(function: Callable[[Any], Any], x: list[float], value: Any, gradient: list[float]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        flow = bpviz.backprop(lambda x: function(x), np.array(x))
    np.testing.assert_allclose(flow.output, value, rtol=1e-12, atol=1e-300)
    np.testing.assert_allclose(flow.grad("x"), gradient, rtol=1e-12, atol=1e-300)


def test_the_tail_of_gelu_is_not_lost() -> None:
    # Φ(−10), from tables of the normal distribution
    assert nn.gelu(-10.0) == pytest.approx(-10 * 7.61985302416052e-24, rel=1e-12)


# Kinks


def test_conventions_at_kinks() -> None:
    assert bpviz.backprop(lambda x=0.0: nn.relu(x)).grads == {"x": 0.0}
    assert bpviz.backprop(lambda x=0.0: nn.relu(x, at_zero=1.0)).grads == {"x": 1.0}
    assert bpviz.backprop(lambda x=0.0: nn.relu(x, 0.5)).grads == {"x": 0.5}
    assert bpviz.backprop(lambda x=0.0: nn.leaky_relu(x, 0.2)).grads == {"x": 0.2}
    equal = bpviz.backprop(lambda x: nn.max_pool2d(x), np.ones((1, 1, 2, 4)))
    for flow in (equal, bpviz.open(equal, "max_pool2d")):
        np.testing.assert_array_equal(flow.grad("x")[0, 0], [[1, 0, 1, 0], [0, 0, 0, 0]])


# Layers


def test_affine_of_the_book() -> None:
    """Deep Learning from Scratch, 5.6.2: db is the sum over the batch."""
    X, W, B = np.array([[0.0, 0, 0], [10, 10, 10]]), np.ones((3, 2)), np.array([1.0, 2])
    dY = np.array([[1.0, 2], [3, 4]])
    grads = bpviz.propagate(bpviz.trace(nn.affine, X, W, B), seed=dY).grads
    np.testing.assert_array_equal(grads["b"], [4, 6])
    np.testing.assert_array_equal(grads["W"], X.T @ dY)
    np.testing.assert_array_equal(grads["x"], dY @ W.T)


def test_a_row_that_is_used_twice_gets_both_gradients() -> None:
    ids = np.array([2, 0, 2])
    dY = np.array([[1.0, 2], [3, 4], [5, 6]])
    graph = bpviz.trace(lambda W: nn.embedding(W, ids), np.zeros((4, 2)))
    np.testing.assert_array_equal(bpviz.propagate(graph, seed=dY).grad("W"), [[3, 4], [0, 0], [6, 8], [0, 0]])


def test_dropout_keeps_the_mean_and_refuses_a_rate_of_1() -> None:
    mask = np.array([True, False])
    flow = bpviz.backprop(lambda x, mask: nn.dropout(x, mask, 0.75), np.array([1.0, np.inf]), mask)
    np.testing.assert_array_equal(flow.output, [4, 0])
    np.testing.assert_array_equal(flow.grad("x"), [4, 0])
    with pytest.raises(RecordingError, match=r"the rate must lie in \[0, 1\), but is 1"):
        bpviz.trace(lambda x: nn.dropout(x, mask, rate=1), np.ones(2))


def test_norms_bring_mean_0_and_deviation_1() -> None:
    x = RNG.normal(3, 5, size=(50, 4))
    z = nn.batch_norm(x, 1.0, 0.0, eps=0.0)
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=1e-14)
    np.testing.assert_allclose(z.std(axis=0), 1, rtol=1e-14)
    np.testing.assert_allclose(nn.layer_norm(x, 1.0, 0.0, eps=0.0).std(axis=1), 1, rtol=1e-14)
    # The gradient has no part along 1, nor along x̂: moving or stretching the batch changes nothing.
    g = bpviz.propagate(bpviz.trace(lambda x: nn.batch_norm(x, 1.0, 0.0, eps=0.0), x), seed=RNG.normal(size=x.shape))
    np.testing.assert_allclose(np.sum(g.grad("x"), axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(np.sum(g.grad("x") * z, axis=0), 0, atol=1e-12)


def test_a_square_batch_is_normalized_along_the_right_axis() -> None:
    x, gamma, beta = RNG.normal(size=(3, 3)), RNG.normal(size=3), RNG.normal(size=3)
    assert bpviz.gradcheck(lambda x, gamma, beta: nn.layer_norm(x, gamma, beta), x, gamma, beta)
    assert bpviz.gradcheck(lambda x, gamma, beta: nn.batch_norm(x, gamma, beta), x, gamma, beta)


def test_im2col_and_col2im_are_adjoint() -> None:
    keywords = {"size": (3, 2), "stride": (2, 1), "pad": (1, 2)}
    x = RNG.normal(size=(2, 3, 5, 4))
    rows = ops.im2col(x, **keywords)
    weights = RNG.normal(size=rows.shape)
    assert np.sum(rows * weights) == pytest.approx(
        np.sum(x * ops.col2im(weights, shape=x.shape, **keywords)), rel=1e-12
    )


def test_the_book_s_shapes_of_im2col() -> None:
    """Deep Learning from Scratch, 7.4.3."""
    assert ops.im2col(np.zeros((1, 3, 7, 7)), size=5).shape == (9, 75)
    assert ops.im2col(np.zeros((10, 3, 7, 7)), size=5).shape == (90, 75)


def test_images_that_do_not_fit_are_refused() -> None:
    with pytest.raises(RecordingError, match="as many channels"):
        bpviz.trace(lambda x: nn.conv2d(x, np.ones((1, 2, 2, 2)), 0.0), np.ones((1, 3, 4, 4)))
    with pytest.raises(RecordingError, match="does not fit into images of 2 × 2"):
        bpviz.trace(lambda x: nn.max_pool2d(x, 3), np.ones((1, 1, 2, 2)))
    with pytest.raises(RecordingError, match=r"images are \(N, C, H, W\)"):
        bpviz.trace(lambda x: nn.average_pool2d(x), np.ones((4, 4)))


def test_attention_to_the_past_only() -> None:
    q, k, v = RNG.normal(size=(3, 2, 4, 5))[..., :3], RNG.normal(size=(3, 2, 4, 3)), RNG.normal(size=(3, 2, 4, 2))
    past = np.tril(np.ones((4, 4), bool))
    causal = bpviz.backprop(lambda q, k, v: nn.attention(q, k, v, causal=True), q, k, v)
    masked = bpviz.backprop(lambda q, k, v: nn.attention(q, k, v, mask=past), q, k, v)
    np.testing.assert_allclose(causal.output, PEERS["attention"](q, k, v, causal=True), rtol=1e-12)
    np.testing.assert_allclose(causal.output[..., 0, :], v[..., 0, :], rtol=1e-12)
    for mine, theirs in zip(causal.grads.values(), masked.grads.values(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-12, atol=1e-15)


def test_a_query_that_may_look_nowhere_takes_the_mean() -> None:
    q, k, v = RNG.normal(size=(2, 3)), RNG.normal(size=(4, 3)), RNG.normal(size=(4, 2))
    mask = np.array([[0, 0, 0, 0], [1, 0, 1, 0]])
    flow = bpviz.backprop(lambda q, k, v: nn.attention(q, k, v, mask), q, k, v)
    np.testing.assert_allclose(flow.output[0], v.mean(axis=0), rtol=1e-12)
    np.testing.assert_array_equal(flow.grad("q")[0], 0)
    assert bpviz.gradcheck(lambda q, k, v: nn.attention(q, k, v, mask), q, k, v)


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(RecordingError, match=r"attention takes queries \(…, L, d\)"):
        bpviz.trace(lambda q: nn.attention(q, np.ones((4, 2)), np.ones((4, 2))), np.ones((2, 3)))
    with pytest.raises(RecordingError, match="affine takes arrays x and W"):
        bpviz.trace(lambda x: nn.affine(x, np.ones((2, 2)), 0.0), 1.0)


# The whole


def test_shared_work_is_done_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rules of a norm have most of their work in common: propagation calls all of them at once."""
    row, calls = OPERATIONS["layer_norm"], []

    def counted(*values: Any, **keywords: Any) -> Any:
        calls.append(values)
        return together(*values, **keywords)

    together = row.together
    assert together is not None
    monkeypatch.setitem(row.__dict__, "together", counted)
    bpviz.backprop(lambda x, gamma, beta: nn.layer_norm(x, gamma, beta), np.ones((2, 3)), np.ones(3), np.ones(3))
    assert len(calls) == 1


def test_default_parameters_are_not_recorded() -> None:
    graph = bpviz.trace(lambda x: nn.layer_norm(x, 1.0, 0.0, axis=-1, eps=float("1e-5")), np.ones((2, 3)))
    assert [dict(node.parameters) for node in graph.nodes if node.operation] == [{}]


def test_layers_leave_their_operands_as_they_are() -> None:
    """Where memory is used twice it is the layer's own."""
    x, W, b = np.eye(3), np.full((3, 2), 2.0), np.ones(2)
    np.testing.assert_array_equal(nn.affine(x, W, b), np.full((3, 2), 3.0))
    nn.layer_norm(x, np.ones(3), b[0] * np.ones(3))
    nn.softmax_cross_entropy(x, np.array([0, 1, 2]))
    np.testing.assert_array_equal(x, np.eye(3))
    np.testing.assert_array_equal(W, np.full((3, 2), 2.0))
    np.testing.assert_array_equal(b, np.ones(2))
    # A bias with more rows than the product has.
    np.testing.assert_array_equal(nn.affine(np.ones(3), W, np.zeros((2, 2))), np.full((2, 2), 6.0))


def test_a_small_network_learns_nothing_wrong() -> None:
    """A bit of everything, checked as a whole, closed and opened."""

    def model(
        images: Any = RNG.normal(size=(2, 1, 6, 6)),
        W: Any = RNG.normal(size=(2, 1, 3, 3)),
        b: Any = np.zeros(2),
        V: Any = RNG.normal(size=(8, 3)),
        c: Any = np.zeros(3),
        gamma: Any = np.ones(8),
        beta: Any = np.zeros(8),
    ) -> Any:
        maps = nn.gelu(nn.conv2d(images, W, b))
        flat = nn.layer_norm(nn.max_pool2d(maps).reshape(2, -1), gamma, beta)
        return nn.softmax_cross_entropy(nn.affine(flat, V, c), np.array([0, 2]))

    report = bpviz.gradcheck(model)
    assert report.ok, report
    closed = bpviz.backprop(model)
    opened = bpviz.open(closed)
    assert opened.output == pytest.approx(closed.output, rel=1e-12)
    for mine, theirs in zip(opened.grads.values(), closed.grads.values(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-10, atol=1e-12)
