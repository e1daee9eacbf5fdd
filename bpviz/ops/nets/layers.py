"""The building blocks of a network: the affine layer, the embedding, dropout."""

from __future__ import annotations

from typing import Any

from bpviz.errors import UsageError
from bpviz.lazy import LazyModule
from bpviz.ops.linear_algebra.products import matmul, product
from bpviz.ops.primitives.selection import where
from bpviz.ops.primitives.shaping import Operand, index, plus, reshape, scatter, sum_to
from bpviz.ops.table.registry import operation
from bpviz.ops.table.row import Case
from bpviz.ops.table.values import Shape, shape_of

__all__ = ["affine", "dropout", "embedding", "linear", "linear_without_bias"]

np: Any = LazyModule("numpy")


def _affine(x: Any, W: Any, b: Any) -> Any:
    x, W = np.asarray(x), np.asarray(W)
    if not x.ndim or not W.ndim:
        raise UsageError(f"affine takes arrays x and W, but got shapes {x.shape} and {W.shape}")
    return plus(product(x, W), b)


def _affine_x(g: Any, z: Any, x: Any, W: Any, b: Any) -> Any:
    return product(g, W.T) if len(W.shape) == 2 else _OF_MATMUL[0](g, z, x, W)


def _affine_W(g: Any, z: Any, x: Any, W: Any, b: Any) -> Any:
    dimensions = len(x.shape)
    if dimensions == 1 or len(W.shape) == 1:
        return _OF_MATMUL[1](g, z, x, W)
    if dimensions > 2:
        # All rows at once, over any number of axes.
        x, g = reshape(x, shape=(-1, shape_of(x)[-1])), reshape(g, shape=(-1, shape_of(W)[-1]))
    return product(x.T, g)


_OF_MATMUL: Any = matmul.vjp


def _affine_shape(x: Shape, W: Shape, b: Shape) -> Shape:
    assert matmul.shape is not None
    return matmul.shape(x, W)


affine = operation(
    "affine",
    "Affine",
    "x W b",
    forward=_affine,
    vjp=(
        _affine_x,
        _affine_W,
        lambda g, z, x, W, b: sum_to(g, shape=shape_of(b)),
    ),
    says="g·Wᵀ goes to x, xᵀ·g to W, and the sum of g over the batch to b.",
    notation="{x}·{W} + {b}",
    capitals=True,
    shape=_affine_shape,
    cases=(
        Case(((2, 3), (3, 4), (4,)), typical=True),
        Case(((3,), (3, 4), (4,))),
        Case(((5, 2, 3), (3, 4), (4,))),
        Case(((2, 3), (3,), ())),
        Case(((3,), (3,), ())),
    ),
    reference="for Y = X·W + b: dX = dY·Wᵀ, dW = Xᵀ·dY, db = Σ dY over the batch",
    inside=lambda x, W, b: x @ W + b,
)


def _linear_W(g: Any, z: Any, x: Any, W: Any) -> Any:
    if len(shape_of(x)) == 1:
        return reshape(g, shape=(-1, 1)) * x
    if len(shape_of(x)) > 2:
        # All rows at once, over any number of axes.
        x, g = reshape(x, shape=(-1, shape_of(x)[-1])), reshape(g, shape=(-1, shape_of(W)[0]))
    return product(g.T, x)


linear = operation(
    "linear",
    "Affine",
    "x W b",
    forward=lambda x, W, b: plus(product(x, W.T), b),
    vjp=(
        lambda g, z, x, W, b: product(g, W),
        lambda g, z, x, W, b: _linear_W(g, z, x, W),
        lambda g, z, x, W, b: sum_to(g, shape=shape_of(b)),
    ),
    says="g·W goes to x, gᵀ·x to W, and the sum of g over the batch to b.",
    notation="{x}·{W}ᵀ + {b}",
    capitals=True,
    shape=lambda x, W, b: (*x[:-1], W[0]),
    cases=(
        Case(((2, 3), (4, 3), (4,)), typical=True),
        Case(((3,), (4, 3), (4,))),
        Case(((5, 2, 3), (4, 3), (4,))),
    ),
    reference="the layer of PyTorch, whose W has a row for every output: for Y = X·Wᵀ + b, dX = dY·W, dW = dYᵀ·X",
    inside=lambda x, W, b: x @ W.T + b,
)

linear_without_bias = operation(
    "linear_without_bias",
    "dot",
    "x W",
    forward=lambda x, W: product(x, W.T),
    vjp=(lambda g, z, x, W: product(g, W), _linear_W),
    says="g·W goes to x, gᵀ·x to W.",
    notation="{x}·{W}ᵀ",
    capitals=True,
    shape=lambda x, W: (*x[:-1], W[0]),
    cases=(
        Case(((2, 3), (4, 3)), typical=True),
        Case(((3,), (4, 3))),
        Case(((5, 2, 3), (4, 3))),
    ),
    reference="the layer of PyTorch, whose W has a row for every output: for Y = X·Wᵀ, dX = dY·W, dW = dYᵀ·X",
    inside=lambda x, W: x @ W.T,
)


def _scale(rate: float) -> float:
    """Return the factor that enlarges the kept values, so that the mean stays the same."""
    if not 0 <= rate < 1:
        raise UsageError(f"dropout keeps a share of 1 − rate, so the rate must lie in [0, 1), but is {rate}")
    return 1 / (1 - rate)


dropout = operation(
    "dropout",
    "Dropout",
    "x mask",
    forward=lambda x, mask, rate=0.5: np.where(mask, x * _scale(rate), 0.0),
    vjp=(lambda g, z, x, mask, rate=0.5: where(mask, g * _scale(rate), 0.0), None),
    parameters={"rate": 0.5},
    says="Lets the gradient pass where the mask is 1, enlarged as the values were, by 1/(1 − rate).",
    notation="dropout({x}, {mask})",
    cases=(
        Case(((2, 3), (2, 3)), given={"mask": ((1, 0, 1), (0, 1, 1))}),
        Case(((2, 3), (3,)), {"rate": 0.2}, given={"mask": (True, True, False)}),
    ),
    reference="Srivastava et al. 2014, in its inverted form: scaled while training, untouched afterwards",
    inside=lambda x, mask, rate=0.5: where(mask, x * _scale(rate), 0.0),
)


embedding = operation(
    "embedding",
    "Embedding",
    "W ids",
    forward=lambda W, ids: index.forward(W, ids, key=Operand(0)),
    vjp=(lambda g, z, W, ids: scatter(g, ids, key=Operand(0), shape=shape_of(W)), None),
    says="Each row that was looked up gets the gradient of its look-ups, all added up; all other rows get 0.",
    notation="{W}[{ids}]",
    shape=lambda W, ids: (*ids, *W[1:]),
    cases=(
        Case(((4, 3), (5,)), given={"ids": (0, 2, 2, 3, 0)}, typical=True),
        Case(((4, 3), (2, 2)), given={"ids": ((1, 1), (3, 1))}),
        Case(((4, 3), ()), given={"ids": 2}),
    ),
    reference="∂L/∂W[i] = Σ g over all places that hold i",
    inside=lambda W, ids: index(W, ids, key=Operand(0)),
)
