"""Reductions with ``where=`` and ``initial=``: the values of NumPy, and gradients that differences confirm."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from at_once import at_once
from differences import assert_gradient

import bpviz
from bpviz.errors import RecordingError
from bpviz.ops.arrays.partial import PARTIAL

X = np.array([[0.3, -1.2, 2.0], [0.7, 0.1, -0.4]])
ROW = np.array([True, False, True])
MASK = np.array([[True, False, True], [False, True, True]])

CALLS: dict[str, list[Callable[[Any], Any]]] = {
    "sum": [
        lambda x: np.sum(x**2, where=MASK, axis=1),
        lambda x: x.sum(0, where=x > 0, keepdims=True),
        lambda x: np.sum(x, where=[[True], [False]], initial=2.5),
        lambda x: np.sum(x, initial=x[0, 1] ** 2),
    ],
    "prod": [lambda x: np.prod(x, axis=1, where=ROW, initial=3.0), lambda x: x.prod(where=x > 0.2)],
    "max": [
        lambda x: np.max(x, axis=0, where=MASK, initial=-0.1),
        lambda x: x.max(initial=5.0) * x,
        lambda x: x.max(1, where=x < 1, initial=-np.inf),
    ],
    "amax": [lambda x: np.amax(x, initial=0.0)],
    "min": [lambda x: np.min(x, where=MASK, initial=0.2, keepdims=True), lambda x: x.min(axis=1, initial=np.inf)],
    "amin": [lambda x: np.amin(x, axis=1, initial=0.0)],
    "mean": [
        lambda x: np.mean(x, where=x > 0),
        lambda x: x.mean(0, where=MASK, keepdims=True),
        lambda x: np.mean(x, axis=1, where=ROW),
    ],
    "var": [lambda x: np.var(x, where=x > 0, ddof=1), lambda x: x.var(axis=1, where=MASK)],
    "std": [lambda x: np.std(x, axis=1, where=ROW, keepdims=True), lambda x: x.std(where=x < 1)],
    "add.reduce": [lambda x: np.add.reduce(x, where=ROW), lambda x: np.add.reduce(x, axis=1, initial=1.0)],
    "multiply.reduce": [lambda x: np.multiply.reduce(x, axis=None, where=MASK)],
    "maximum.reduce": [lambda x: np.maximum.reduce(x, initial=0.5)],
    "minimum.reduce": [lambda x: np.minimum.reduce(x, axis=1, where=MASK, initial=0.5)],
}


def test_every_reduction_is_tried() -> None:
    assert set(CALLS) == set(PARTIAL)


@at_once([call for calls in CALLS.values() for call in calls])
def test_reductions_of_a_part(call: Callable[[Any], Any]) -> None:
    np.testing.assert_allclose(bpviz.backprop(lambda x: call(x), X).output, call(X), rtol=1e-13)
    assert_gradient(lambda x: call(x), [X], np.random.default_rng(3))


def test_what_is_not_chosen_gets_no_gradient() -> None:
    # By hand: the mean of 1 and 3, squared, has the slope 2·2·1/2 at each of the two.
    flow = bpviz.backprop(lambda x: np.mean(x, where=x != 7) ** 2, np.array([1.0, 7.0, 3.0]))
    assert (flow.output, flow.grads["x"].tolist()) == (4.0, [2.0, 0.0, 2.0])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x: np.max(x, where=x > 0), "needs a value if nothing is chosen: give initial="),
        (lambda x: np.sum(x, where=np.ones((3, 2, 3), bool)), r"of shape \(3, 2, 3\) does not fit .* \(2, 3\)"),
        (lambda x: np.sum(x, initial=1.0, dtype=np.float32), "leave it out"),
    ],
)
def test_what_numpy_refuses_too(call: Callable[[Any], Any], words: str) -> None:
    with pytest.raises(RecordingError, match=words):
        bpviz.trace(lambda x: call(x), X)


# Functions of single elements, with where= and out=


def safely(x: Any) -> Any:
    return np.log(x, out=np.zeros_like(x), where=x > 0)


def divided(x: Any) -> Any:
    count = np.array([0.0, 2.0, 0.0])
    return np.divide(x, count, out=np.full((2, 3), 7.0), where=count != 0)


def in_place(x: Any) -> Any:
    y = x * 1
    np.multiply(y, 2.0, out=y, where=MASK)
    return y * y


def by_buffers(x: Any) -> Any:
    scale = np.zeros(2)
    scale[0] = x[0, 0]
    made = np.ones((2, 3))
    np.divide(x, scale[:, None], out=made, where=(scale != 0)[:, None])
    return made


def by_a_recorded_mask(x: Any) -> Any:
    made = np.ones(3)
    np.add(np.arange(3.0), 1.0, out=made, where=x[0] > 0)
    return made * x


def nowhere(x: Any) -> Any:
    return np.divide(x, 0.0, out=np.zeros_like(x), where=False) + x


@at_once([safely, divided, in_place, by_buffers, by_a_recorded_mask, nowhere])
def test_functions_where_a_mask_is_true(function: Callable[[Any], Any]) -> None:
    np.testing.assert_allclose(bpviz.backprop(lambda x: function(x), X).output, function(X), rtol=1e-13)
    assert_gradient(lambda x: function(x), [X], np.random.default_rng(4))


def test_what_is_not_computed_has_the_gradient_0_and_not_nan() -> None:
    # log 0 and √0 have no slope: elsewhere it is 1/4 and 1/(2·2).
    flow = bpviz.backprop(lambda x: np.log(x, out=np.zeros_like(x), where=x > 0).sum(), np.array([0.0, 4.0]))
    assert (flow.output, flow.grads["x"].tolist()) == (np.log(4), [0.0, 0.25])
    flow = bpviz.backprop(lambda x: np.sqrt(x, out=np.zeros_like(x), where=x > 0).sum(), np.array([0.0, 4.0]))
    assert (flow.output, flow.grads["x"].tolist()) == (2.0, [0.0, 0.25])


def test_the_users_own_array_is_not_written_into() -> None:
    own = np.zeros(3)
    with pytest.raises(RecordingError, match="into a plain array"):
        bpviz.trace(lambda x: np.exp(x, out=own, where=x > 0), X[0])
    assert own.tolist() == [0, 0, 0]
