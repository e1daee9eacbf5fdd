"""Derivatives by differences, as the textbook takes them: a little to the right, a little to the left."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bpviz.errors import UsageError
from bpviz.lazy import LazyModule

__all__ = ["numerical_diff", "numerical_gradient"]

np: Any = LazyModule("numpy")


def numerical_diff(f: Callable[[Any], Any], x: Any, h: float = 1e-4) -> Any:
    """The central difference (f(x + h) − f(x − h)) / 2h: the slope of ``f`` at the number ``x``, nearly.

    >>> numerical_diff(lambda x: 0.01 * x**2 + 0.1 * x, 5)
    0.1999999999990898
    """
    return (f(x + h) - f(x - h)) / (2 * h)


def numerical_gradient(f: Callable[[Any], Any], x: Any, h: float = 1e-4) -> Any:
    """The central difference of a function of an array in every element, the others held: an array like ``x``.

    >>> numerical_gradient(lambda x: x[0] ** 2 + x[1] ** 2, [3.0, 4.0])
    array([6., 8.])

    Raises `UsageError` when ``f`` gives no single number.
    """
    x = np.array(x, dtype=np.float64)
    gradient = np.zeros_like(x)
    for place in np.ndindex(x.shape):
        there = x[place]
        x[place] = there + h
        right = np.asarray(f(x.copy()))
        x[place] = there - h
        left = np.asarray(f(x.copy()))
        x[place] = there
        if right.size != 1:
            raise UsageError(f"the function must give a single number, but gave an array of shape {right.shape}")
        gradient[place] = (right.item() - left.item()) / (2 * h)
    return gradient
