"""Programs of users whose figures could not be followed: many uses of one value, frames, long names, constants."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["FIELD"]

A = np.array([[1.0, 2.0], [3.0, 4.0]])


def two_inputs(a: float = -4.0, b: float = 2.0) -> Any:
    c = a + b
    d = a * b + b**2
    c = c + (c + a)
    d = d * 2 + abs(b - a)
    e = (c - d) / (a * a + b * b)
    return e * e + a / b


def three_products(
    x: Any = np.array([[1.0, 2.0], [0.0, 1.0], [2.0, 2.0]]), Wq: Any = A, Wk: Any = A * 0.5, Wv: Any = A - 1
) -> Any:
    return np.sum(x @ Wq) + np.sum(x @ Wk) + np.sum(x @ Wv)


def share(x: Any, w: Any) -> Any:
    return np.tanh(w / x)


def frame_beside(x: float = 0.5, w: float = 2.0, v: float = 3.0) -> Any:
    return (share(x, w) - x) / v


def gate(a: Any, b: Any) -> Any:
    return np.tanh(a * b)


def layer(a: Any, b: Any, c: Any) -> Any:
    return gate(gate(a, b), c) + 1


def block(a: Any, b: Any, c: Any, d: Any) -> Any:
    return layer(layer(a, b, c), c, d)


def frames_within_frames(a: float = 0.5, b: float = 1.5, c: float = -0.7, d: float = 2.0) -> Any:
    return block(a, b, c, d) * a


def constants(x: float = 2.0) -> Any:
    return (((3 * x + 1) * 2 - 4) / 5 + 0.5) ** 2 + 7


def long_names(
    average_price_per_kilogram_of_apples: float = 3.25, number_of_kilograms_bought_each_week: float = 2.5,
    value_added_tax_multiplier_for_food: float = 1.07,
) -> Any:  # fmt: skip
    weekly = average_price_per_kilogram_of_apples * number_of_kilograms_bought_each_week
    return weekly * value_added_tax_multiplier_for_food * 4


def greek(
    theta_0: float = 0.5, theta_1: float = 1.5, sigma: float = 2.0, x_hat: float = 1.0, W_xh: float = 0.3,
    alpha: float = 0.1, y2: float = 1.0,
) -> Any:  # fmt: skip
    mu = theta_0 + theta_1 * x_hat
    return alpha * ((mu - W_xh) / sigma) ** 2 + y2


FIELD = (two_inputs, three_products, frame_beside, frames_within_frames, constants, long_names, greek)
"""All of them."""
