"""A two-layer network learns to read real digits from the gradients that flow back, written as a book would write it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import bpviz

datasets = pytest.importorskip("sklearn.datasets", reason="the digits come with scikit-learn: pip install scikit-learn")

Parameters = dict[str, Any]
STEPS, BATCH, RATE = 200, 100, 0.5
TEST = 360


def network(x: Any, p: Parameters) -> Any:
    a = np.maximum(x @ p["W1"] + p["b1"], 0)
    return a @ p["W2"] + p["b2"]


def loss(p: Parameters, x: Any, t: Any) -> Any:
    z = network(x, p)
    z = z - np.max(z, axis=1, keepdims=True)
    log_y = z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))
    return -np.sum(t * log_y) / len(x)


def initial(random: np.random.Generator) -> Parameters:
    return {
        "W1": random.standard_normal((64, 50)) * np.sqrt(2 / 64),
        "b1": np.zeros(50),
        "W2": random.standard_normal((50, 10)) * np.sqrt(2 / 50),
        "b2": np.zeros(10),
    }


def gradients(p: Parameters, x: Any, t: Any) -> Parameters:
    flow = bpviz.backprop(lambda p: loss(p, x, t), p)
    return {name: flow.grad(f"p['{name}']") for name in p}


def by_hand(p: Parameters, x: Any, t: Any) -> Parameters:
    """The gradients as the book derives them, (y − t)/n backwards through both layers."""
    a = x @ p["W1"] + p["b1"]
    h = np.maximum(a, 0)
    e = np.exp(h @ p["W2"] + p["b2"])
    dz = (e / e.sum(axis=1, keepdims=True) - t) / len(x)
    da = dz @ p["W2"].T * (a > 0)
    return {"W1": x.T @ da, "b1": da.sum(axis=0), "W2": h.T @ dz, "b2": dz.sum(axis=0)}


def accuracy(p: Parameters, x: Any, classes: Any) -> float:
    return float(np.mean(np.argmax(network(x, p), axis=1) == classes))


def batches(random: np.random.Generator, count: int) -> Iterator[Any]:
    for _ in range(STEPS):
        yield random.choice(count, BATCH, replace=False)


@pytest.fixture(scope="module")
def digits() -> tuple[Any, Any, Any]:
    """Pictures of 8 × 8 in [0, 1], their classes one-hot and as numbers, shuffled; the last 360 are for the test."""
    data = datasets.load_digits()
    order = np.random.default_rng(0).permutation(len(data.target))
    x, classes = data.data[order] / 16, data.target[order]
    return x, np.eye(10)[classes], classes


def test_a_network_learns_to_read_digits(digits: tuple[Any, Any, Any]) -> None:
    x, t, classes = digits
    random = np.random.default_rng(0)
    p = initial(random)
    first = loss(p, x[:-TEST], t[:-TEST])
    assert accuracy(p, x[-TEST:], classes[-TEST:]) < 0.3
    for chosen in batches(random, len(x) - TEST):
        for name, gradient in gradients(p, x[chosen], t[chosen]).items():
            p[name] -= RATE * gradient
    reached = accuracy(p, x[-TEST:], classes[-TEST:])
    print(f"after {STEPS} steps: loss {loss(p, x[:-TEST], t[:-TEST]):.3f} (from {first:.3f}), accuracy {reached:.1%}")
    assert reached >= 0.95
    assert loss(p, x[:-TEST], t[:-TEST]) < 0.15


def test_its_gradients_are_those_of_the_book(digits: tuple[Any, Any, Any]) -> None:
    x, t, _ = digits
    p = initial(np.random.default_rng(1))
    found, expected = gradients(p, x, t), by_hand(p, x, t)
    for name in p:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-10, atol=1e-14)


def test_its_gradients_pass_the_check(digits: tuple[Any, Any, Any]) -> None:
    x, t, _ = digits
    p = initial(np.random.default_rng(1))
    report = bpviz.gradcheck(lambda p: loss(p, x[:20], t[:20]), p)
    print(report)
    assert report.ok, report
    # float64: what the book finds by hand, some 1e-10.
    assert max(check.absolute for check in report.inputs) < 1e-9
