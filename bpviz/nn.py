"""Textbook layers and losses. Each is one node of the figure, and can be opened.

They take numbers, arrays and recorded values. Each is one row of the table (`bpviz.ops`) with the textbook's fused
gradient, and has the same computation in small operations, shown by ``--open`` and `bpviz.open`. Losses are averaged
over the batch, the leading axes.

>>> import bpviz
>>> bpviz.backprop(lambda x=0.0: bpviz.nn.sigmoid(x)).grads
{'x': 0.25}
"""

from __future__ import annotations

from typing import Any

from bpviz import ops

__all__ = [
    "affine",
    "attention",
    "average_pool2d",
    "batch_norm",
    "conv2d",
    "cross_entropy",
    "dropout",
    "embedding",
    "gelu",
    "layer_norm",
    "leaky_relu",
    "log_softmax",
    "max_pool2d",
    "mean_squared_error",
    "relu",
    "sigmoid",
    "sigmoid_cross_entropy",
    "softmax",
    "softmax_cross_entropy",
    "softplus",
    "sum_squared_error",
    "tanh",
]

Pair = int | tuple[int, int]
"""One number for both directions, or (down, right)."""


# Layers


def affine(x: Any, W: Any, b: Any) -> Any:
    """Return x·W + b, for ``x`` of shape (M,), (N, M) or (…, N, M), ``W`` (M, H) and ``b`` (H,).

    One neuron is ``W`` of shape (M,) with a single number ``b``. Shapes that do not fit raise `ValueError`.

    >>> affine([1.0, 2.0], [[1.0, 0.0, 2.0], [0.0, 1.0, 1.0]], [0.5, 0.0, 0.0])
    array([1.5, 2. , 4. ])
    """
    return ops.affine.on((x, W, b))


def embedding(W: Any, ids: Any) -> Any:
    """Return the rows ``ids`` (whole numbers, of any shape) of ``W`` (V, D); a row used twice gets both gradients.

    >>> embedding([[1.0, 2.0], [3.0, 4.0]], [1, 1])
    array([[3., 4.],
           [3., 4.]])
    """
    return ops.embedding.on((W, ids))


def dropout(x: Any, mask: Any, rate: float = 0.5) -> Any:
    """Return ``x`` where ``mask`` is 1 (or True), divided by 1 − ``rate`` so that the mean stays; 0 elsewhere.

    The caller makes the mask (``rng.random(x.shape) >= rate``); it gets no gradient. Use dropout only in training.
    Raises `ValueError` for a rate that is not in [0, 1).

    >>> dropout([1.0, 2.0, 3.0], [1, 0, 1], 0.5)
    array([2., 0., 6.])
    """
    return ops.dropout.on((x, mask), {"rate": rate})


def batch_norm(x: Any, gamma: Any, beta: Any, axis: int | tuple[int, ...] = 0, eps: float = 1e-5) -> Any:
    """Return γ·(x − mean)/√(variance + ε) + β with the mean and the variance of the batch, as in training.

    ``x`` is (N, D), ``gamma`` and ``beta`` are (D,). For images (N, C, H, W) give ``axis=(0, 2, 3)`` and ``gamma``
    and ``beta`` of shape (C, 1, 1).

    >>> batch_norm([[1.0], [3.0]], 1.0, 0.0, eps=0.0)
    array([[-1.],
           [ 1.]])
    """
    return ops.batch_norm.on((x, gamma, beta), {"axis": axis, "eps": eps})


def layer_norm(x: Any, gamma: Any, beta: Any, axis: int | tuple[int, ...] = -1, eps: float = 1e-5) -> Any:
    """Return γ·(x − mean)/√(variance + ε) + β with the mean and the variance of each example, its last axis.

    ``x`` is (…, D), ``gamma`` and ``beta`` are (D,).

    >>> layer_norm([1.0, 3.0], [1.0, 1.0], [0.0, 5.0], eps=0.0)
    array([-1.,  6.])
    """
    usual = axis == -1 and eps == 1e-5
    return ops.layer_norm.on((x, gamma, beta), {} if usual else {"axis": axis, "eps": eps})


def conv2d(x: Any, W: Any, b: Any, stride: Pair = 1, pad: Pair = 0) -> Any:
    """Return the filters ``W`` (F, C, FH, FW) applied at every place of the images ``x`` (N, C, H, W), plus ``b`` (F,).

    The result is (N, F, OH, OW) with OH = (H + 2·pad − FH)//stride + 1. ``pad`` is a border of zeros. Raises
    `ValueError` when shapes do not fit.

    >>> import numpy as np
    >>> conv2d(np.arange(9.0).reshape(1, 1, 3, 3), np.ones((1, 1, 2, 2)), 0.0)[0, 0]
    array([[ 8., 12.],
           [20., 24.]])
    """
    return ops.conv2d.on((x, W, b), {"stride": stride, "pad": pad})


def max_pool2d(x: Any, size: Pair = 2, stride: Pair | None = None, pad: Pair = 0) -> Any:
    """Return the largest pixel of every window of the images ``x`` (N, C, H, W); ``stride`` is ``size`` unless given.

    Of equal pixels the first one gets the gradient. The border, ``pad``, is never the largest.

    >>> max_pool2d([[[[1.0, 2.0], [4.0, 3.0]]]])
    array([[[[4.]]]])
    """
    return ops.max_pool2d.on((x,), {"size": size, "stride": stride, "pad": pad})


def average_pool2d(x: Any, size: Pair = 2, stride: Pair | None = None, pad: Pair = 0) -> Any:
    """Return the mean of every window of the images ``x`` (N, C, H, W); ``stride`` is ``size`` unless given.

    The zeros of the border, ``pad``, count as pixels.

    >>> average_pool2d([[[[1.0, 2.0], [4.0, 3.0]]]])
    array([[[[2.5]]]])
    """
    return ops.average_pool2d.on((x,), {"size": size, "stride": stride, "pad": pad})


def attention(q: Any, k: Any, v: Any, mask: Any = None, causal: bool = False) -> Any:
    """Return softmax(q·kᵀ/√d)·v, for queries (…, L, d), keys (…, S, d) and values (…, S, e); heads are leading axes.

    ``mask`` (…, L, S) is 1 (or True) where a query may look at a key; ``causal`` lets it look at those up to its own
    place only. A query that may look nowhere takes the mean of all values. Raises `ValueError` when shapes do not fit.

    >>> attention([[0.0]], [[1.0], [2.0]], [[10.0], [20.0]])
    array([[15.]])
    """
    masks = () if mask is None else (mask,)
    return ops.attention.on((q, k, v, *masks), {"causal": causal})


# Activations


def relu(x: Any, at_zero: float = 0.0) -> Any:
    """Return the larger of x and 0. Where x is 0, ``at_zero`` of the gradient passes.

    >>> relu(-2.0), relu(3.0)
    (0.0, 3.0)
    """
    return ops.relu.on((x,), {} if at_zero == 0.0 else {"at_zero": at_zero})


def leaky_relu(x: Any, slope: float = 0.01) -> Any:
    """Return x where it is above 0, a little of it (``slope``) elsewhere.

    >>> leaky_relu(-2.0)
    -0.02
    """
    return ops.leaky_relu.on((x,), {} if slope == 0.01 else {"slope": slope})


def sigmoid(x: Any) -> Any:
    """Return 1/(1 + e⁻ˣ), for every size of x.

    >>> sigmoid(0.0), sigmoid(-1000.0)
    (0.5, 0.0)
    """
    return ops.sigmoid.on((x,))


def tanh(x: Any) -> Any:
    """Return the hyperbolic tangent.

    >>> tanh(0.0)
    0.0
    """
    return ops.tanh.on((x,))


def gelu(x: Any, approximate: bool = False) -> Any:
    """Return x·Φ(x), with Φ the share of the normal distribution below x; ``approximate`` takes the formula with tanh.

    >>> gelu(1.0), gelu(1.0, approximate=True)
    (0.841344746068543, 0.8411919906082768)
    """
    return ops.gelu.on((x,), {"approximate": True} if approximate else {})


def softplus(x: Any) -> Any:
    """Return log(1 + eˣ), for every size of x.

    >>> softplus(0.0), softplus(1000.0)
    (0.6931471805599453, 1000.0)
    """
    return ops.softplus.on((x,))


def softmax(x: Any, axis: int = -1) -> Any:
    """Return eˣ/Σ eˣ along an axis, for every size of x.

    >>> softmax([0.0, 0.0, -1000.0])
    array([0.5, 0.5, 0. ])
    """
    return ops.softmax.on((x,), {"axis": axis})


def log_softmax(x: Any, axis: int = -1) -> Any:
    """Return log(eˣ/Σ eˣ) along an axis, for every size of x.

    >>> log_softmax([0.0, -1000.0])
    array([    0., -1000.])
    """
    return ops.log_softmax.on((x,), {"axis": axis})


# Losses


def mean_squared_error(y: Any, t: Any) -> Any:
    """Return the mean of (y − t)².

    >>> mean_squared_error([1.0, 2.0], [1.0, 4.0])
    2.0
    """
    return ops.mean_squared_error.on((y, t))


def sum_squared_error(y: Any, t: Any) -> Any:
    """Return ½Σ(y − t)²: its gradient is y − t.

    >>> sum_squared_error([1.0, 2.0], [1.0, 4.0])
    2.0
    """
    return ops.sum_squared_error.on((y, t))


def cross_entropy(y: Any, t: Any) -> Any:
    """Return −Σ t·log y, averaged over the batch, for shares ``y`` (…, classes) that add up to 1.

    ``t`` is one-hot (or shares, of the shape of ``y``) or the number of the right class (…). The loss is infinite where
    the right class has share 0; use `softmax_cross_entropy` in place of `softmax` and this loss.

    >>> cross_entropy([0.5, 0.5], 1)
    0.6931471805599453
    """
    return ops.cross_entropy.on((y, t))


def softmax_cross_entropy(x: Any, t: Any) -> Any:
    """Return the cross entropy of softmax(x), averaged over the batch: the gradient is y − t with y = softmax(x).

    ``t`` is one-hot (or shares, of the shape of ``x``) or the number of the right class.

    >>> softmax_cross_entropy([0.0, 0.0], [1.0, 0.0])
    0.6931471805599453
    """
    return ops.softmax_cross_entropy.on((x, t))


def sigmoid_cross_entropy(x: Any, t: Any) -> Any:
    """Return the cross entropy of sigmoid(x) for t = 1 (yes) or 0 (no), averaged over all elements.

    With y = sigmoid(x) the gradient is (y − t)/n, where n is the number of elements.

    >>> sigmoid_cross_entropy(0.0, 1.0)
    0.6931471805599453
    """
    return ops.sigmoid_cross_entropy.on((x, t))
