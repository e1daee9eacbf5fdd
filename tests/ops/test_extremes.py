"""Extreme numbers and kinks: gradients where a rule written carelessly overflows or divides 0 by 0."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bpviz
from bpviz import ops


def gradient(function: Callable[[Any], Any], x: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return bpviz.backprop(lambda x: function(x), x).grad("x")


EXTREMES: dict[str, tuple[Callable[[Any], Any], Any, Any]] = {
    "logsumexp of large logits": (ops.logsumexp, np.array([1e4, 1e4, -1e4]), [0.5, 0.5, 0.0]),
    "logsumexp of small logits": (ops.logsumexp, np.array([-1e4, -1e4 + math.log(3)]), [0.25, 0.75]),
    "logsumexp of nothing but -inf": (ops.logsumexp, np.array([-np.inf, -np.inf]), [0.0, 0.0]),
    "logaddexp": (lambda x: np.logaddexp(x, 1e4), np.array([1e4, -1e4]), [0.5, 0.0]),
    "log1p": (np.log1p, np.array([1e-18, 0.0]), [1.0, 1.0]),
    "expm1": (np.expm1, np.array([1e-18, -60.0]), [1.0, math.exp(-60)]),
    "expm1 of a number": (np.expm1, 0.0, 1.0),
    "hypot": (lambda x: np.hypot(x, 0.0), np.array([0.0, 1e200, -1e-200]), [0.0, 1.0, -1.0]),
    "norm at 0": (np.linalg.norm, np.zeros(3), [0.0, 0.0, 0.0]),
    "norm of rows, one of them 0": (
        lambda x: np.linalg.norm(x, axis=1),
        np.array([[0.0, 0], [3, 4]]),
        [[0, 0], [0.6, 0.8]],
    ),
    "var of equals": (np.var, np.full(3, 5.0), [0.0, 0.0, 0.0]),
    "std of equals": (np.std, np.full(3, 5.0), [0.0, 0.0, 0.0]),
    "max of equals": (np.max, np.array([1.0, 3.0, 3.0]), [0.0, 0.5, 0.5]),
    "min of equals along an axis": (lambda x: np.min(x, axis=0), np.ones((2, 2)), [[0.5, 0.5], [0.5, 0.5]]),
    "fmax passes NaN over": (lambda x: np.fmax(x, 1.0), np.array([np.nan, 2.0, 1.0]), [0.0, 1.0, 0.5]),
    "clip at its bounds": (lambda x: np.clip(x, -1.0, 1.0), np.array([-1.0, 1.0, 2.0, 0.0]), [1.0, 1.0, 0.0, 1.0]),
    "sort of equals": (lambda x: np.sort(x) * np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0, 1.0]), [2.0, 3.0, 1.0]),
    "prod with one 0": (np.prod, np.array([2.0, 0.0, 3.0]), [0.0, 6.0, 0.0]),
    "prod with two 0": (np.prod, np.array([2.0, 0.0, 0.0]), [0.0, 0.0, 0.0]),
    "cumprod with a 0": (np.cumprod, np.array([2.0, 3.0, 0.0, 5.0, 0.0, 7.0]), [4.0, 2.0, 36.0, 0.0, 0.0, 0.0]),
    "sinc at 0": (np.sinc, np.array([0.0, 1.0]), [0.0, -1.0]),
    "floor": (np.floor, np.array([1.0, 2.5]), [0.0, 0.0]),
    "remainder": (lambda x: np.remainder(7.5, x), np.array([2.0, -2.0]), [-3.0, 4.0]),
    "nansum": (np.nansum, np.array([1.0, np.nan]), [1.0, 0.0]),
    "nan_to_num": (np.nan_to_num, np.array([1.0, np.nan, np.inf]), [1.0, 0.0, 0.0]),
    "to whole numbers": (lambda x: x.astype(int) * x, np.array([1.5, 2.5]), [1.0, 2.0]),
    "a mask": (lambda x: (x > 0).astype(float) * x, np.array([-1.0, 2.0]), [0.0, 1.0]),
    "triangle": (lambda x: np.tril(x), np.ones((2, 2)), [[1.0, 0.0], [1.0, 1.0]]),
}


@pytest.mark.parametrize("name", EXTREMES)
def test_extreme_numbers_and_kinks(name: str) -> None:
    function, x, expected = EXTREMES[name]
    np.testing.assert_allclose(gradient(function, x), expected, rtol=1e-12, atol=1e-300)


def test_the_second_derivative_of_sinc_at_0() -> None:
    rule = ops.sinc.vjp[0]
    assert gradient(lambda x: rule(1.0, np.sinc(x), x), 0.0) == pytest.approx(-(math.pi**2) / 3)
