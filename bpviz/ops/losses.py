"""What is minimised: one number that says how far an answer is from its target.

Means are taken over the batch (the rows of a two-dimensional array; a single row counts as a batch of one).
"""

from __future__ import annotations

import math
from typing import Any

from bpviz.lazy import LazyModule
from bpviz.ops.elementwise import log
from bpviz.ops.operation import REQUIRED, Case, Shape, operation, shape_of
from bpviz.ops.reductions import log_softmax, mean, softmax, sum_
from bpviz.ops.selection import where

__all__ = ["cross_entropy", "mean_squared_error", "softmax_cross_entropy", "sum_squared_error"]

np: Any = LazyModule("numpy")


def _scalar(*shapes: Shape) -> Shape:
    return ()


mean_squared_error = operation(
    "mean_squared_error",
    "mean ({y}−{t})²",
    "y t",
    forward=lambda y, t: mean((y - t) ** 2),
    scalar=lambda y, t: (y - t) ** 2,
    vjp=(
        lambda g, z, y, t: g * 2 * (y - t) / _size(y, t),
        lambda g, z, y, t: g * 2 * (t - y) / _size(y, t),
    ),
    says="The gradient is the difference y − t, times 2/n.",
    notation="mean(({y} − {t})²)",
    shape=_scalar,
    cases=(Case(((), ())), Case(((3,), (3,))), Case(((2, 3), (2, 3))), Case(((2, 3), (3,)))),
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
    cases=(Case(((), ())), Case(((3,), (3,))), Case(((2, 3), (2, 3))), Case(((2, 3), (3,)))),
)


def _size(y: Any, t: Any) -> int:
    """How many differences y − t are averaged, broadcasting included."""
    shape, other = shape_of(y), shape_of(t)
    return math.prod(shape if shape == other else np.broadcast_shapes(shape, other))


def _batch(y: Any) -> int:
    shape = shape_of(y)
    return math.prod(shape[:-1]) if len(shape) > 1 else 1


def _is_index(y: Any, t: Any) -> bool:
    """Whether the target names the right class instead of giving a share to each."""
    return len(shape_of(t)) == len(shape_of(y)) - 1


def _shares(y: Any, t: Any) -> Any:
    return one_hot(t, classes=shape_of(y)[-1]) if _is_index(y, t) else t


one_hot = operation(
    "one_hot",
    "one-hot",
    "t",
    # Small whole numbers take the precision of what they meet.
    forward=lambda t, classes: np.eye(classes, dtype=np.int8)[np.asarray(t).astype(np.int64)],
    vjp=(None,),
    parameters={"classes": REQUIRED},
    says="1 at the right class, 0 elsewhere; a class number carries no gradient.",
    notation="one-hot({t})",
    shape=lambda t, classes: (*t, classes),
    domain=((0, 0.9),),
    cases=(Case(((),), {"classes": 3}), Case(((2,),), {"classes": 3})),
)


def _cross_entropy(y: Any, t: Any) -> Any:
    t = _shares(y, t)
    # 0·log 0 is 0: a class that is not the target has no part in the loss.
    return -np.sum(np.where(t == 0, 0.0, t * np.log(np.where(t == 0, 1.0, y)))) / _batch(y)


def _cross_entropy_y(g: Any, z: Any, y: Any, t: Any) -> Any:
    t = _shares(y, t)
    return -g * where(t == 0, 0.0, t / where(t == 0, 1.0, y)) / _batch(y)


def _cross_entropy_t(g: Any, z: Any, y: Any, t: Any) -> Any:
    return None if _is_index(y, t) else -g * log(y) / _batch(y)


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
    cases=(Case(((3,), (3,))), Case(((2, 3), (2, 3)))),
)


def _softmax_cross_entropy(x: Any, t: Any) -> Any:
    t = _shares(x, t)
    # 0·log 0 is 0 here, too.
    return -np.sum(np.where(t == 0, 0.0, t * log_softmax(x))) / _batch(x)


def _softmax_cross_entropy_x(g: Any, z: Any, x: Any, t: Any) -> Any:
    # −Σ t·log softmax(x): the slope is softmax(x)·Σt − t, and Σt is 1 for one-hot targets and shares.
    if _is_index(x, t):
        return g * (softmax(x) - _shares(x, t)) / _batch(x)
    return g * (softmax(x) * sum_(t, axis=-1, keepdims=True) - t) / _batch(x)


def _softmax_cross_entropy_t(g: Any, z: Any, x: Any, t: Any) -> Any:
    return None if _is_index(x, t) else -g * log_softmax(x) / _batch(x)


softmax_cross_entropy = operation(
    "softmax_cross_entropy",
    "softmax loss",
    "x t",
    forward=_softmax_cross_entropy,
    vjp=(_softmax_cross_entropy_x, _softmax_cross_entropy_t),
    says="Softmax and cross entropy in one: the gradient is simply y − t, averaged over the batch.",
    notation="cross entropy(softmax({x}), {t})",
    domain=((-2, 2), (0.1, 1)),
    shape=_scalar,
    cases=(Case(((3,), (3,))), Case(((2, 3), (2, 3)))),
    reference="∂L/∂xᵢ = yᵢ − tᵢ with y = softmax(x)",
)
