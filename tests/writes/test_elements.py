"""Elements one by one: ``x.item()``, ``x.tolist()``, and ``np.fromiter`` of recorded values."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from at_once import at_once
from differences import assert_gradient

import bpviz

X = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.5]])
NOISE = np.array([[2.0, 0.3], [0.3, 1.0]])


def items(x: Any) -> Any:
    return x.item(4) ** 2 + x.item(1, 2) * x.item((0, 1)) + x[:1, :1].item() ** 2 + x.T.item(1) + x.item(-1)


def likelihood(x: Any) -> Any:
    y = x[:1, :2].T
    return -0.5 * (y.T @ np.linalg.inv(NOISE) @ y).item() + math.exp(np.sum(x * 0.1).item())


def history(x: Any) -> Any:
    losses = []
    for k in range(3):
        losses.append(((x - k) ** 2).mean().item())
    return np.mean(losses) + losses[-1]


def from_iterators(x: Any) -> Any:
    squares = np.fromiter((v * v for v in x[0]), dtype=float)
    first = np.fromiter(map(np.sin, x[1]), np.float64, count=2)
    plain = np.fromiter(range(3), int)
    return np.sum(squares * plain) + np.prod(first)


def written_later(x: Any) -> Any:
    made = np.fromiter([1.0, 2.0, 3.0], float)
    made[1] = x[0, 0] ** 2
    return made @ x[1]


@at_once([items, likelihood, history, from_iterators, written_later])
def test_elements_keep_their_gradient(function: Callable[[Any], Any]) -> None:
    assert bpviz.backprop(lambda x: function(x), X).output == pytest.approx(function(X), rel=1e-13)
    assert_gradient(lambda x: function(x), [X], np.random.default_rng(5))


def test_an_item_without_a_gradient_is_a_plain_number() -> None:
    kinds = []

    def model(x: Any = X) -> Any:
        kinds.append(type(np.argmax(x).item()))
        return x.sum()

    bpviz.trace(model)
    assert kinds == [int]


def test_an_iterator_that_is_too_short() -> None:
    with pytest.raises(ValueError, match="iterator too short: Expected 4 but iterator had only 3 items"):
        bpviz.trace(lambda x: np.fromiter(iter(x), float, 4).sum(), X[0])
