"""Numbers brought to mean 0 and deviation 1, then scaled and shifted: over the batch, or over each example."""

from __future__ import annotations

import math
from functools import lru_cache, partial
from typing import Any

from bpviz.lazy import LazyModule
from bpviz.ops.primitives.assumptions import called
from bpviz.ops.primitives.elementwise import sqrt
from bpviz.ops.primitives.reductions import mean, sum_
from bpviz.ops.primitives.shaping import kept_shape, normalized_axes, plus, sum_to
from bpviz.ops.table.registry import operation
from bpviz.ops.table.row import Case, Operation
from bpviz.ops.table.values import Shape, shape_of

__all__ = ["batch_norm", "layer_norm"]

np: Any = LazyModule("numpy")

_EPS = 1e-5


def _normalized(x: Any, gamma: Any, beta: Any, axis: Any, eps: float = _EPS) -> tuple[Any, Any]:
    x = np.asarray(x)
    hat, sigma = _standard(x, axis, eps, np.add.reduce, np.sqrt)
    return plus(hat * gamma, beta), (hat, sigma)


def _standard(x: Any, axis: Any, eps: float, add_up: Any, root: Any) -> tuple[Any, Any]:
    """x̂ and σ. Σ/n is what a formula calls the mean, and what np.mean comes to by a longer way."""
    n = _number(shape_of(x), axis)
    centred = x - add_up(x, axis=axis, keepdims=True) / n
    sigma = root(add_up(centred * centred, axis=axis, keepdims=True) / n + eps)
    return centred / sigma, sigma


@lru_cache(maxsize=256)
def _number(shape: Shape, axis: Any) -> float:
    """Return how many numbers lie along the axis; a float, by which arrays are divided sooner."""
    return float(math.prod(shape[a] for a in normalized_axes(axis, len(shape))))


@lru_cache(maxsize=256)
def _is_alike(own: Shape, shape: Shape, axis: Any) -> bool:
    """Return whether γ, of shape ``own``, is the same all along the axis."""
    kept = kept_shape(shape, axis)
    return (1,) * (len(kept) - len(own)) + own == kept


def _rules(
    g: Any, z: Any, x: Any, gamma: Any, beta: Any, axis: Any, eps: float = _EPS, kept: Any = None
) -> tuple[Any, Any, Any]:
    shape, own = shape_of(x), shape_of(gamma)
    n = _number(shape, axis)
    if kept is None:
        hat, sigma = _standard(x, axis, eps, sum_, sqrt)
        hat, sigma = called(hat, "x̂"), called(sigma, "σ")
    else:
        hat, sigma = kept
    along = g * hat
    if _is_alike(own, shape, axis):
        # γ is the same all along the axis, so that its own gradients are the sums needed here, too.
        d_beta, d_gamma = sum_(g, axis=axis, keepdims=True), sum_(along, axis=axis, keepdims=True)
        d_x = (g - d_beta / n - hat * (d_gamma / n)) * (gamma / sigma)
        return d_x, sum_to(d_gamma, shape=own), sum_to(d_beta, shape=shape_of(beta))
    h = g * gamma
    across, stretch = sum_(h, axis=axis, keepdims=True) / n, sum_(h * hat, axis=axis, keepdims=True) / n
    d_x = (h - across - hat * stretch) / sigma
    return d_x, along, g


def _inside(x: Any, gamma: Any, beta: Any, axis: Any, eps: float = _EPS) -> Any:
    centred = x - mean(x, axis=axis, keepdims=True)
    variance = mean(centred**2, axis=axis, keepdims=True)
    normalized = centred / sqrt(variance + eps)
    return normalized * gamma + beta


def _row(name: str, symbol: str, default: Any, says: str, cases: tuple[Case, ...], reference: str) -> Operation:
    return operation(
        name,
        symbol,
        "x γ β",
        keeping=partial(_normalized, axis=default),
        together=partial(_rules, axis=default),
        parameters={"axis": default, "eps": _EPS},
        says=says,
        notation=symbol + "({x}) ∘ {γ} + {β}",
        shape=lambda x, gamma, beta, axis=default, eps=_EPS: x,
        cases=cases,
        reference=reference,
        inside=partial(_inside, axis=default),
    )


batch_norm = _row(
    "batch_norm",
    "BatchNorm",
    0,
    "With x̂ = (x − mean)/σ over the batch: the mean of the gradient, and its part along x̂, are taken away.",
    (
        Case(((4, 3), (3,), (3,)), typical=True),
        Case(((4, 3), (), ())),
        Case(((4, 3), (3,), (3,)), {"eps": 0.1}),
        Case(((2, 3, 2, 2), (3, 1, 1), (3, 1, 1)), {"axis": (0, 2, 3)}),
    ),
    "σ = √(variance + ε), statistics of the batch as in training (Ioffe and Szegedy 2015)",
)

layer_norm = _row(
    "layer_norm",
    "LayerNorm",
    -1,
    "With x̂ = (x − mean)/σ over each example: the mean of γ·g, and its part along x̂, are taken away.",
    (
        Case(((2, 3), (3,), (3,)), typical=True),
        Case(((3,), (3,), (3,))),
        Case(((2, 2, 3), (3,), (3,)), {"eps": 0.1}),
        Case(((2, 2, 3), (2, 3), (2, 3)), {"axis": (-2, -1)}),
    ),
    "σ = √(variance + ε), statistics of each example (Ba, Kiros and Hinton 2016)",
)
