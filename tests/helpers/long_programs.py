"""Programs whose figures are long: networks as people write them, whose figures did not fit a page."""

from __future__ import annotations

from typing import Any

import numpy as np

from bpviz.nn import relu, sigmoid

__all__ = ["LONG"]


def elman(
    x1: float = 0.5, x2: float = -0.3, x3: float = 0.8, x4: float = 0.1, x5: float = -0.6, h0: float = 0.0,
    wx: float = 0.7, wh: float = 0.9, b: float = 0.1,
) -> Any:  # fmt: skip
    def cell(x: Any, h: Any) -> Any:
        return np.tanh(wx * x + wh * h + b)

    h: Any = h0
    for x in (x1, x2, x3, x4, x5):
        h = cell(x, h)
    return (h - 1) ** 2


def chain(x: float = 1.0) -> Any:
    for _ in range(60):
        x = np.tanh(x * 1.01)
    return x


def shared_in_a_loop(x: Any = np.array([1.0, -1.0]), w: Any = np.eye(2) * 0.5, b: Any = np.zeros(2)) -> Any:
    def block(x: Any) -> Any:
        return x + np.tanh(w @ x + b)

    for _ in range(5):
        x = block(x)
    return (x * x).sum()


def residual(
    x: float = 1.0, a1: float = 0.5, a2: float = -0.3, b1: float = 1.2, b2: float = 0.4, c1: float = 0.7,
    c2: float = 0.9,
) -> Any:  # fmt: skip
    def block(x: Any, w1: Any, w2: Any) -> Any:
        return relu(w2 * relu(w1 * x) + x)

    x = block(x, a1, a2)
    x = block(x, b1, b2)
    x = block(x, c1, c2)
    return x


def ten_uses(x: float = 0.5, a: float = 1.0, b: float = 2.0, c: float = 3.0) -> Any:
    t = np.sin(x) + np.cos(x) + np.exp(x) + x**2 + a * x + b * x + c * x + np.tanh(x) + np.sqrt(x) + np.log(x)
    return t


def late_uses(a: float = 0.5, b: float = 1.5) -> Any:
    """A value that is used in each of several rows, and twice in the last."""
    s = np.sin(a)
    t = s * b
    for _ in range(6):
        t = np.sin(t) + t * s
    return t * s + np.exp(s)


def cells_with_gates(
    x1: float = 1.0, x2: float = -0.3, h: float = 0.1, c: float = 0.2, wf: float = 0.1, wi: float = 0.2,
    wc: float = 0.3, wo: float = 0.4, uf: float = 0.5, ui: float = 0.6, uc: float = 0.7, uo: float = 0.8,
) -> Any:  # fmt: skip
    def cell(x: Any, h: Any, c: Any) -> Any:
        f, i = sigmoid(wf * x + uf * h), sigmoid(wi * x + ui * h)
        g, o = np.tanh(wc * x + uc * h), sigmoid(wo * x + uo * h)
        c = f * c + i * g
        return o * np.tanh(c), c

    h, c = cell(x1, h, c)
    h, c = cell(x2, h, c)
    return h * h


LONG = (elman, chain, shared_in_a_loop, residual, ten_uses, late_uses, cells_with_gates)
"""All of them."""
