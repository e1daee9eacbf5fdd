"""Arguments that are no numbers: words, members, sets, paths, slices, functions, and random generators."""

from __future__ import annotations

import enum
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bpviz


class Mode(enum.Enum):
    SQUARE = 1
    TWICE = 2


def of_member(x: Any = 3.0, mode: Any = Mode.SQUARE) -> Any:
    return x**2 if mode is Mode.SQUARE else 2 * x


def of_set(x: Any = 3.0, terms: Any = frozenset({"square"})) -> Any:
    return x**2 if "square" in terms else 2 * x


def of_path(x: Any = 3.0, file: Any = Path("weights.npz")) -> Any:
    return x**2 if file.suffix == ".npz" else 2 * x


def of_slice(x: Any = 3.0, part: Any = slice(1, None)) -> Any:
    return np.array([1.0, 1.0, 1.0])[part].sum() * x**2 / 2


def of_function(x: Any = 3.0, act: Any = np.square) -> Any:
    return act(x)


@pytest.mark.parametrize("function", [of_member, of_set, of_path, of_slice, of_function])
def test_settings_are_passed_as_they_are(function: Callable[..., Any]) -> None:
    flow = bpviz.backprop(function)
    assert (flow.output, flow.grads) == (9.0, {"x": 6.0})
    assert bpviz.gradcheck(function).ok
    assert "<svg" in bpviz.draw(function).to_svg()


def test_another_member_is_another_function() -> None:
    assert bpviz.backprop(of_member, 3.0, Mode.TWICE).grads == {"x": 2.0}


@pytest.mark.parametrize("make", [np.random.default_rng, np.random.RandomState, random.Random])
def test_a_random_generator_is_copied_and_stays_where_it_is(make: Callable[[int], Any]) -> None:
    def model(x: Any, generator: Any) -> Any:
        return x * generator.uniform(1.0, 2.0) + x * generator.uniform(0.0, 1.0)

    given, expected = make(3), make(3)
    slope = expected.uniform(1.0, 2.0) + expected.uniform(0.0, 1.0)
    for _ in range(2):
        assert bpviz.backprop(model, 2.0, given).grads["x"] == pytest.approx(slope, rel=1e-15)
    assert bpviz.gradcheck(model, 2.0, given).ok
    assert given.uniform(1.0, 2.0) == make(3).uniform(1.0, 2.0)


class Generator:
    """The half of a GAN that makes pictures; no random generator."""

    def __init__(self) -> None:
        self.W = np.array([[0.5, -1.0], [2.0, 0.3]])

    def __call__(self, z: Any) -> Any:
        return np.tanh(z @ self.W)


def test_a_model_of_that_name_has_weights() -> None:
    made = Generator()

    def loss(generator: Any, z: Any) -> Any:
        return np.sum(generator(z))

    z = np.array([1.0, -0.5])
    flow = bpviz.backprop(loss, made, z)
    # By hand: the slope of tanh at each output, times the input.
    expected = np.outer(z, 1 - np.tanh(z @ made.W) ** 2)
    np.testing.assert_allclose(flow.grads["generator.W"], expected, rtol=1e-12)

    class Gan:
        def __init__(self) -> None:
            self.generator = made

        def loss(self, z: Any) -> Any:
            return np.sum(self.generator(z))

    np.testing.assert_allclose(bpviz.backprop(Gan().loss, z).grads["generator.W"], expected, rtol=1e-12)
