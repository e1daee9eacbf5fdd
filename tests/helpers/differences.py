"""The checker of gradients: central differences along a random direction against propagation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import bpviz

TOLERANCE = 1e-5
"""Relative. Central differences are good for 1e-8 or so, and a rule that is wrong by 0.05 % must be found."""


def assert_gradient(
    function: Callable[..., Any], xs: Sequence[Any], rng: np.random.Generator, tolerance: float = TOLERANCE
) -> None:
    """Compare a function's slope along random directions with its gradients, from a random seed.

    The directions leave arrays of whole numbers and of true and false alone.
    """
    graph = bpviz.trace(function, *xs)
    value = np.asarray(bpviz.propagate(graph).output)
    seed = rng.uniform(0.5, 1.5, value.shape) * rng.choice([-1.0, 1.0], value.shape)
    gradients = list(bpviz.propagate(graph, seed=seed).grads.values())
    assert len(gradients) == len(xs)
    for _ in range(3):
        directions = [_direction(x, rng) for x in xs]
        expected = _slope(function, xs, directions, seed)
        found = sum(float(np.sum(g * d)) for g, d in zip(gradients, directions, strict=True))
        scale = sum(float(np.sum(np.abs(g * d))) for g, d in zip(gradients, directions, strict=True))
        assert abs(found - expected) <= tolerance * max(scale, abs(expected), 1e-3), (found, expected, xs)


def _direction(x: Any, rng: np.random.Generator) -> Any:
    shape = np.shape(x)
    return rng.uniform(0.2, 1, shape) * rng.choice([-1.0, 1.0], shape) if np.asarray(x).dtype.kind == "f" else 0.0


def _slope(function: Callable[..., Any], xs: Sequence[Any], directions: Sequence[Any], seed: Any) -> float:
    def along(step: float) -> Any:
        moved = [x if np.asarray(x).dtype.kind != "f" else x + step * d for x, d in zip(xs, directions, strict=True)]
        return function(*moved)

    # Richardson: the errors of two step widths cancel to the fourth order.
    h = 1e-3
    wide, narrow = (np.sum(seed * ((along(w) - along(-w)) / (2 * w))) for w in (2 * h, h))
    return float((4 * narrow - wide) / 3)
