"""A minimal tape: the smallest program that records NumPy's primitive operations and runs the backward pass.

It has no names, no places, no figures and no checks: its extra time over hand-written gradients is the cost of
recording. Its functions have NumPy's names, so that a program written for ``np`` runs on this module unchanged.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

_tape: list[Value] = []


class Value:
    """An array, what it was made from, and one function per operand that gives the operand's gradient."""

    __slots__ = ("data", "grad", "pairs")

    def __init__(self, data: Any, pairs: tuple[tuple[Any, Callable[[Any], Any]], ...] = ()) -> None:
        self.data, self.pairs, self.grad = data, pairs, None
        _tape.append(self)

    def __add__(self, other: Any) -> Value:
        return Value(self.data + data(other), ((self, lambda g: g), (other, lambda g: g)))

    def __sub__(self, other: Any) -> Value:
        return Value(self.data - data(other), ((self, lambda g: g), (other, lambda g: -g)))

    def __mul__(self, other: Any) -> Value:
        x, y = self.data, data(other)
        return Value(x * y, ((self, lambda g: g * y), (other, lambda g: g * x)))

    def __truediv__(self, other: Any) -> Value:
        x, y = self.data, data(other)
        return Value(x / y, ((self, lambda g: g / y), (other, lambda g: -g * x / (y * y))))

    def __matmul__(self, other: Any) -> Value:
        x, y = self.data, data(other)
        return Value(x @ y, ((self, lambda g: g @ y.swapaxes(-1, -2)), (other, lambda g: x.swapaxes(-1, -2) @ g)))

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self) -> Value:
        return Value(-self.data, ((self, lambda g: -g),))

    def __rmatmul__(self, other: Any) -> Value:
        return Value(other @ self.data, ((self, lambda g: other.swapaxes(-1, -2) @ g),))

    __array_ufunc__ = None  # so that NumPy's own arrays leave `constant @ value` to `__rmatmul__`


def data(x: Any) -> Any:
    return x.data if x.__class__ is Value else x


def exp(x: Value) -> Value:
    z = numpy.exp(x.data)
    return Value(z, ((x, lambda g: g * z),))


def log(x: Value) -> Value:
    return Value(numpy.log(x.data), ((x, lambda g: g / x.data),))


def tanh(x: Value) -> Value:
    z = numpy.tanh(x.data)
    return Value(z, ((x, lambda g: g * (1 - z * z)),))


def sqrt(x: Value) -> Value:
    z = numpy.sqrt(x.data)
    return Value(z, ((x, lambda g: g / (2 * z)),))


def maximum(x: Value, y: float) -> Value:
    return Value(numpy.maximum(x.data, y), ((x, lambda g: g * (x.data > y)),))


def sum(x: Value, axis: int | None = None, keepdims: bool = False) -> Value:
    spread = (lambda g: g) if axis is None or keepdims else (lambda g: numpy.expand_dims(g, axis))
    return Value(
        x.data.sum(axis=axis, keepdims=keepdims), ((x, lambda g: numpy.broadcast_to(spread(g), x.data.shape)),)
    )


def mean(x: Value, axis: int | None = None, keepdims: bool = False) -> Value:
    return sum(x, axis, keepdims) * (1 / (x.data.size if axis is None else x.data.shape[axis]))


def reshape(x: Value, shape: tuple[int, ...]) -> Value:
    return Value(x.data.reshape(shape), ((x, lambda g: g.reshape(x.data.shape)),))


def transpose(x: Value, axes: tuple[int, ...]) -> Value:
    back = tuple(numpy.argsort(axes))
    return Value(x.data.transpose(axes), ((x, lambda g: g.transpose(back)),))


def gradients(function: Callable[..., Value], *arrays: Any) -> tuple[Any, ...]:
    """Forward and backward: the gradient of every array."""
    _tape.clear()
    inputs = [Value(array) for array in arrays]
    function(*inputs).grad = numpy.float64(1.0)
    for value in reversed(_tape):
        g = value.grad
        if g is None:
            continue
        for operand, rule in value.pairs:
            if operand.__class__ is Value:
                share = rule(g)
                shape = operand.data.shape
                if share.shape != shape:
                    lead = share.ndim - len(shape)
                    axes = (*range(lead), *(i + lead for i, n in enumerate(shape) if n == 1))
                    share = share.sum(axis=axes, keepdims=True).reshape(shape)
                operand.grad = share if operand.grad is None else operand.grad + share
    return tuple(value.grad for value in inputs)
