"""Layers and losses in HIPS autograd's terms, written as a textbook has them: what their rows are compared with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import autograd.numpy as anp
import autograd.scipy.special as special
import numpy as np


def shares(y: Any, t: Any) -> Any:
    t = np.asarray(t)
    return np.eye(y.shape[-1])[t] if t.ndim < y.ndim else t


def over_batch(total: Any, y: Any) -> Any:
    return total / (np.prod(y.shape[:-1]) if y.ndim > 1 else 1)


def log_softmax(x: Any) -> Any:
    return x - anp.log(anp.sum(anp.exp(x), axis=-1, keepdims=True))


def norm(x: Any, gamma: Any, beta: Any, axis: Any, eps: float) -> Any:
    centred = x - anp.mean(x, axis=axis, keepdims=True)
    return gamma * centred / anp.sqrt(anp.mean(centred**2, axis=axis, keepdims=True) + eps) + beta


def attention(q: Any, k: Any, v: Any, mask: Any = None, causal: bool = False) -> Any:
    scores = anp.matmul(q, anp.swapaxes(k, -1, -2)) / np.sqrt(q.shape[-1])
    if causal:
        mask = np.arange(k.shape[-2]) <= np.arange(q.shape[-2])[:, None]
    if mask is not None:
        scores = anp.where(np.asarray(mask, bool), scores, -1e9)
    weights = anp.exp(scores - anp.max(scores, axis=-1, keepdims=True))
    return anp.matmul(weights / anp.sum(weights, axis=-1, keepdims=True), v)


def two(value: Any) -> Any:
    return (value, value) if isinstance(value, int) else value


def each_window(x: Any, size: Any, stride: Any, pad: Any, make: Callable[[Any], Any], fill: float = 0.0) -> Any:
    """What is made of every window, one after the other: (N, C, h, w) → (N, F), laid out as images."""
    (high, wide), (down, right), (above, beside) = two(size), two(stride), two(pad)
    n, c, rows, columns = x.shape
    border = [np.full((n, c, above, columns), fill)] * 2, [np.full((n, c, rows + 2 * above, beside), fill)] * 2
    x = anp.concatenate((border[0][0], x, border[0][1]), axis=2) if above else x
    x = anp.concatenate((border[1][0], x, border[1][1]), axis=3) if beside else x
    made = [
        [make(x[:, :, i : i + high, j : j + wide]) for j in range(0, x.shape[3] - wide + 1, right)]
        for i in range(0, x.shape[2] - high + 1, down)
    ]
    return anp.stack([anp.stack(row, axis=-1) for row in made], axis=-2)


def conv2d(x: Any, W: Any, b: Any, stride: Any = 1, pad: Any = 0) -> Any:
    def make(window: Any) -> Any:
        return anp.einsum("nchw,fchw->nf", window, W) + b

    return each_window(x, W.shape[2:], stride, pad, make)


def pooled(by: Callable[[Any], Any], fill: float) -> Callable[..., Any]:
    def pool(x: Any, size: Any = 2, stride: Any = None, pad: Any = 0) -> Any:
        return each_window(x, size, size if stride is None else stride, pad, by, fill)

    return pool


def im2col(x: Any, size: Any, stride: Any = 1, pad: Any = 0) -> Any:
    rows = each_window(x, size, stride, pad, lambda window: anp.reshape(window, (x.shape[0], -1)))
    return anp.reshape(anp.transpose(rows, (0, 2, 3, 1)), (-1, rows.shape[1]))


PEERS: dict[str, Callable[..., Any]] = {
    "leaky_relu": lambda x, slope=0.01: anp.where(x > 0, x, slope * x),
    "softplus": lambda x: anp.log(1 + anp.exp(x)),
    "gelu": lambda x, approximate=False: (
        x * 0.5 * (1 + anp.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
        if approximate
        else x * 0.5 * (1 + special.erf(x / np.sqrt(2)))
    ),
    "normal_cdf": lambda x: 0.5 * (1 + special.erf(x / np.sqrt(2))),
    "normal_pdf": lambda x: anp.exp(-(x**2) / 2) / np.sqrt(2 * np.pi),
    "mean_squared_error": lambda y, t: anp.mean((y - t) ** 2),
    "sum_squared_error": lambda y, t: 0.5 * anp.sum((y - t) ** 2),
    "cross_entropy": lambda y, t: over_batch(-anp.sum(shares(y, t) * anp.log(y)), y),
    "softmax_cross_entropy": lambda x, t: over_batch(-anp.sum(shares(x, t) * log_softmax(x)), x),
    "sigmoid_cross_entropy": lambda x, t: anp.mean(
        -(t * anp.log(1 / (1 + anp.exp(-x))) + (1 - t) * anp.log(1 / (1 + anp.exp(x))))
    ),
    "affine": lambda x, W, b: anp.dot(x, W) + b,
    "linear": lambda x, W, b: anp.dot(x, W.T) + b,
    "linear_without_bias": lambda x, W: anp.dot(x, W.T),
    "dropout": lambda x, mask, rate=0.5: x * mask / (1 - rate),
    "embedding": lambda W, ids: W[ids],
    "batch_norm": lambda x, gamma, beta, axis=0, eps=1e-5: norm(x, gamma, beta, axis, eps),
    "layer_norm": lambda x, gamma, beta, axis=-1, eps=1e-5: norm(x, gamma, beta, axis, eps),
    "attention": attention,
    "conv2d": conv2d,
    "im2col": im2col,
    "max_pool2d": pooled(lambda window: anp.max(window, axis=(2, 3)), -np.inf),
    "average_pool2d": pooled(lambda window: anp.mean(window, axis=(2, 3)), 0.0),
    "pick_largest": lambda x: anp.max(x, axis=-1),
    "guard": lambda c, s, x: anp.where(c, s + np.zeros(np.shape(c)), x + np.zeros(np.shape(c))),
    "total_share": lambda x: anp.sum(x, axis=-1, keepdims=True) if anp.ndim(x) else x,
    # Each is the other way of its partner, which is compared.
    "col2im": lambda x, shape, size, stride=1, pad=0: anp.reshape(
        anp.dot(
            anp.reshape(x, (-1,)),
            im2col_matrix(shape, size, stride, pad),
        ),
        shape,
    ),
    "max_unpool2d": lambda d, x, **parameters: anp.einsum("nchw,nchwijkl->ijkl", d, chosen(x, **parameters)),
    "picked_at_largest": lambda d, x, **parameters: anp.einsum("ijkl,nchwijkl->nchw", d, chosen(x, **parameters)),
}


def im2col_matrix(shape: Any, size: Any, stride: Any, pad: Any) -> Any:
    """im2col as a matrix: what it makes of images with one pixel set."""
    pixels = np.eye(int(np.prod(shape))).reshape(-1, *shape)
    return np.stack([im2col(pixel, size, stride, pad).reshape(-1) for pixel in pixels], axis=1)


def chosen(x: Any, size: Any = 2, stride: Any = None, pad: Any = 0) -> Any:
    """1 where a pixel is the largest of a window, by what moving it does to the pooled value."""
    pool, made = PEERS["max_pool2d"], []
    for place in np.ndindex(x.shape):
        moved = np.array(x)
        moved[place] += 1e-6
        made.append((pool(moved, size, stride, pad) - pool(x, size, stride, pad)) / 1e-6)
    return np.round(np.stack(made, axis=-1)).reshape(*made[0].shape, *x.shape)
