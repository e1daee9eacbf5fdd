"""Losses: one number that says how far an output is from its target.

Means are taken over the batch (the rows of a two-dimensional array; a single row counts as a batch of one).
"""

from __future__ import annotations

import math
from typing import Any

from bpviz.errors import UsageError
from bpviz.lazy import LazyModule
from bpviz.ops.primitives.assumptions import guard, total_share
from bpviz.ops.primitives.elementwise import log, sigmoid
from bpviz.ops.primitives.reductions import log_softmax, mean, shares_and_logs, softmax, sum_
from bpviz.ops.table.registry import operation
from bpviz.ops.table.row import REQUIRED, Case
from bpviz.ops.table.values import Shape, shape_of

__all__ = [
    "cross_entropy",
    "mean_squared_error",
    "one_hot",
    "sigmoid_cross_entropy",
    "softmax_cross_entropy",
    "sum_squared_error",
]

np: Any = LazyModule("numpy")


def _scalar(*shapes: Shape) -> Shape:
    return ()


def _size(y: Any, t: Any) -> int:
    """Return how many pairs of y and t are averaged, broadcasting included."""
    shape, other = shape_of(y), shape_of(t)
    return math.prod(shape if shape == other else np.broadcast_shapes(shape, other))


_PAIRS = (
    Case(((), ())),
    Case(((3,), (3,))),
    Case(((2, 3), (2, 3))),
    Case(((2, 3), (3,))),
)


def _mean_squared_error(y: Any, t: Any) -> tuple[Any, Any]:
    error = y - t
    return mean.forward(error * error), error


mean_squared_error = operation(
    "mean_squared_error",
    "mean ({y}−{t})²",
    "y t",
    keeping=_mean_squared_error,
    scalar=lambda y, t: (y - t) ** 2,
    vjp=(
        lambda g, z, y, t, kept=None: g * 2 / _size(y, t) * (y - t if kept is None else kept),
        lambda g, z, y, t, kept=None: g * 2 / _size(y, t) * (t - y if kept is None else -kept),
    ),
    says="The gradient is the difference y − t, times 2/n.",
    notation="mean(({y} − {t})²)",
    shape=_scalar,
    cases=_PAIRS,
    inside=lambda y, t: mean((y - t) ** 2),
)

sum_squared_error = operation(
    "sum_squared_error",
    "½Σ({y}−{t})²",
    "y t",
    forward=lambda y, t: 0.5 * np.sum((y - t) ** 2),
    scalar=lambda y, t: 0.5 * (y - t) ** 2,
    vjp=(lambda g, z, y, t: g * (y - t), lambda g, z, y, t: g * (t - y)),
    says="The gradient is the difference y − t.",
    notation="½Σ({y} − {t})²",
    shape=_scalar,
    cases=_PAIRS,
    inside=lambda y, t: 0.5 * sum_((y - t) ** 2),
)


# Classes: targets are shares (one-hot) or the number of the right class


def _batch(y: Any) -> int:
    rows = shape_of(y)[:-1]
    return rows[0] if len(rows) == 1 else math.prod(rows)


def _is_index(y: Any, t: Any) -> bool:
    """Return whether the target is the number of the right class, not a share for each class."""
    return len(shape_of(t)) == len(shape_of(y)) - 1


def _shares(y: Any, t: Any) -> Any:
    return one_hot(t, classes=shape_of(y)[-1]) if _is_index(y, t) else t


def _places(t: Any, classes: int) -> tuple[Any, Any]:
    """Return the row and the column of each right class in an array with ``classes`` columns."""
    numbers = np.asarray(t).astype(np.int64).ravel()
    if numbers.size and not -classes <= numbers.min() <= numbers.max() < classes:
        raise UsageError(f"class {numbers.max()} is out of bounds: there are {classes} classes, counted from 0")
    return np.arange(numbers.size), numbers


def _one_hot(t: Any, classes: int) -> Any:
    # Small whole numbers take the precision of the other operand.
    shares = np.zeros((np.size(t), classes), np.int8)
    shares[_places(t, classes)] = 1
    return shares.reshape(*np.shape(t), classes)


def _at_class(x: Any, t: Any) -> Any:
    """Return the element at the right class of every row."""
    x = np.asarray(x)
    classes = x.shape[-1]
    return x.reshape(-1, classes)[_places(t, classes)]


one_hot = operation(
    "one_hot",
    "one-hot",
    "t",
    forward=_one_hot,
    vjp=(None,),
    parameters={"classes": REQUIRED},
    says="1 at the right class, 0 elsewhere; a class number carries no gradient.",
    notation="one-hot({t})",
    shape=lambda t, classes: (*t, classes),
    cases=(
        Case(((),), {"classes": 3}, given={"t": 1}),
        Case(((2,),), {"classes": 3}, given={"t": (2, 0)}),
    ),
)

_CLASSES = (
    Case(((3,), (3,))),
    Case(((2, 3), (2, 3))),
    Case(((2, 2, 3), (2, 2, 3))),
    Case(((3,), ()), given={"t": 1}),
    Case(((2, 3), (2,)), given={"t": (2, 0)}),
)


def _mean_over_batch(total: Any, y: Any) -> Any:
    n = _batch(y)
    return total if n == 1 else total / n


def _cross_entropy(y: Any, t: Any) -> Any:
    if _is_index(y, t):
        return -np.sum(np.log(_at_class(y, t))) / _batch(y)
    # 0·log 0 is 0: a class that is not the target has no part in the loss.
    return -np.sum(t * np.log(np.where(t == 0, 1.0, y))) / _batch(y)


def _cross_entropy_y(g: Any, z: Any, y: Any, t: Any) -> Any:
    t = _shares(y, t)
    return -g / _batch(y) * (t / guard(t == 0, 1.0, y))


def _cross_entropy_t(g: Any, z: Any, y: Any, t: Any) -> Any:
    return None if _is_index(y, t) else -g / _batch(y) * log(y)


cross_entropy = operation(
    "cross_entropy",
    "−Σ {t}·log {y}",
    "y t",
    forward=_cross_entropy,
    vjp=(_cross_entropy_y, _cross_entropy_t),
    says="The gradient is −t/y, averaged over the batch; t is one-hot (or shares) or the number of the class.",
    notation="−Σ {t}·log {y}",
    domain=((0.1, 1), (0.1, 1)),
    shape=_scalar,
    cases=_CLASSES,
    convention="0·log 0 is 0 and passes no gradient; where t > 0 and y = 0 both are infinite",
    inside=lambda y, t: _mean_over_batch(-sum_(_shares(y, t) * log(y)), y),
)


def _softmax_cross_entropy(x: Any, t: Any) -> tuple[Any, Any]:
    y, log_y = shares_and_logs(np.asarray(x))
    if _is_index(x, t):
        places = _places(t, y.shape[-1])
        slope = y.reshape(-1, y.shape[-1])
        slope[places] -= 1
        return -np.sum(log_y.reshape(slope.shape)[places]) / _batch(x), slope.reshape(y.shape)
    if log_y.flags.fnc:
        # In the memory layout of the other operand.
        t = np.asfortranarray(t)
    shares = t * log_y
    total = np.add.reduce(shares, axis=None)
    if total - total:
        # 0·log 0 is 0 here as well.
        total = np.sum(np.where(t == 0, 0.0, shares))
    return total / -_batch(x), y * total_share.forward(t) - t


def _softmax_cross_entropy_x(g: Any, z: Any, x: Any, t: Any, kept: Any = None) -> Any:
    return g / _batch(x) * (_slope(x, t) if kept is None else kept)


def _slope(x: Any, t: Any) -> Any:
    # −Σ t·log softmax(x): the slope is softmax(x)·Σt − t, and Σt is 1 for one-hot targets and shares.
    y = softmax(x)
    return y - _shares(x, t) if _is_index(x, t) else y * total_share(t) - t


def _softmax_cross_entropy_t(g: Any, z: Any, x: Any, t: Any, kept: Any = None) -> Any:
    return None if _is_index(x, t) else -g / _batch(x) * log_softmax(x)


softmax_cross_entropy = operation(
    "softmax_cross_entropy",
    "softmax loss",
    "x t",
    keeping=_softmax_cross_entropy,
    vjp=(_softmax_cross_entropy_x, _softmax_cross_entropy_t),
    says="Softmax and cross entropy in one: the gradient is simply y − t, averaged over the batch.",
    notation="cross entropy(softmax({x}), {t})",
    domain=((-2, 2), (0.1, 1)),
    shape=_scalar,
    cases=_CLASSES,
    reference="∂L/∂xᵢ = yᵢ − tᵢ with y = softmax(x)",
    inside=lambda x, t: cross_entropy(softmax(x), t),
)


def _sigmoid_cross_entropy_inside(x: Any, t: Any) -> Any:
    y = sigmoid(x)
    return mean(-(t * log(y) + (1 - t) * log(1 - y)))


sigmoid_cross_entropy = operation(
    "sigmoid_cross_entropy",
    "σ loss",
    "x t",
    # log(1 + eˣ) − t·x, for every size of x.
    forward=lambda x, t: np.mean(np.logaddexp(0, x) - t * x),
    vjp=(
        lambda g, z, x, t: g / _size(x, t) * (sigmoid(x) - t),
        lambda g, z, x, t: -g / _size(x, t) * x,
    ),
    says="Sigmoid and cross entropy of yes or no in one: the gradient is y − t, averaged over all examples.",
    notation="cross entropy(σ({x}), {t})",
    domain=((-2, 2), (0.1, 0.9)),
    shape=_scalar,
    cases=_PAIRS,
    reference="∂L/∂xᵢ = (yᵢ − tᵢ)/n with y = σ(x)",
    inside=_sigmoid_cross_entropy_inside,
)
