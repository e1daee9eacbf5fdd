"""The programs of arrays that are measured, as each library's own user would write them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

Loss = Callable[..., Any]
Loss = Callable[..., Any]
HEADS = 2
GELU = math.sqrt(2 / math.pi)
TINY = 1e-5


class Program(NamedTuple):
    """A loss in four forms: plain NumPy, layer functions, PyTorch, and gradients written by hand.

    ``by_hand`` returns the loss and the gradients. The others return the loss as a function of the arrays: ``plain``
    for NumPy or what has the same names, ``layers`` for `bpviz.nn`, ``torch`` for PyTorch and a function that makes its
    constants.
    """

    name: str
    arrays: Sequence[Any]
    by_hand: Callable[..., Sequence[Any]]
    plain: Callable[[Any], Loss]
    layers: Callable[[Any], Loss]
    torch: Callable[[Any, Any], Loss]


def network(batch: int) -> Program:
    """Return the two-layer network of the books, 64 → 50 → 10, on ``batch`` pictures."""
    random = np.random.default_rng(0)
    x = random.random((batch, 64))
    classes = random.integers(0, 10, batch)
    t = np.eye(10)[classes]
    arrays = [random.standard_normal((64, 50)) / 8, np.zeros(50), random.standard_normal((50, 10)) / 7, np.zeros(10)]

    def by_hand(W1: Any, b1: Any, W2: Any, b2: Any) -> Sequence[Any]:
        a = x @ W1 + b1
        h = np.maximum(a, 0)
        z = h @ W2 + b2
        e = np.exp(z)
        s = e.sum(axis=1, keepdims=True)
        loss = -np.sum(t * (z - np.log(s))) / batch
        dz = (e / s - t) / batch
        da = (dz @ W2.T) * (a > 0)
        return loss, x.T @ da, da.sum(axis=0), h.T @ dz, dz.sum(axis=0)

    def plain(np: Any) -> Loss:
        def loss(W1: Any, b1: Any, W2: Any, b2: Any) -> Any:
            h = np.maximum(x @ W1 + b1, 0.0)
            z = h @ W2 + b2
            log_y = z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))
            return -np.sum(t * log_y) / batch

        return loss

    def layers(nn: Any) -> Loss:
        def loss(W1: Any, b1: Any, W2: Any, b2: Any) -> Any:
            h = nn.relu(nn.affine(x, W1, b1))
            return nn.softmax_cross_entropy(nn.affine(h, W2, b2), t)

        return loss

    def in_torch(torch: Any, constant: Any) -> Loss:
        inputs, target = constant(x), torch.from_numpy(classes)

        def loss(W1: Any, b1: Any, W2: Any, b2: Any) -> Any:
            h = torch.relu(torch.addmm(b1, inputs, W1))
            return torch.nn.functional.cross_entropy(torch.addmm(b2, h, W2), target)

        return loss

    return Program(f"two layers, batch {batch:,}", arrays, by_hand, plain, layers, in_torch)


def block() -> Program:
    """Return a transformer block: 8 words of 16 numbers, 2 heads, hidden size 64; x gets its gradient too."""
    random = np.random.default_rng(0)
    words, width, wide = 8, 16, 64
    x, t = random.standard_normal((2, words, width))
    square = [random.standard_normal((width, width)) / 4 for _ in range(4)]
    inner = [random.standard_normal((width, wide)) / 4, np.zeros(wide)]
    outer = [random.standard_normal((wide, width)) / 8, np.zeros(width)]
    norms = [np.ones(width), np.zeros(width), np.ones(width), np.zeros(width)]
    split, scale = (words, HEADS, width // HEADS), 1 / math.sqrt(width // HEADS)

    def apart(h: Any) -> Any:
        return h.reshape(split).transpose(1, 0, 2)

    def together(h: Any) -> Any:
        return h.transpose(1, 0, 2).reshape(words, width)

    def by_hand(x, Wq, Wk, Wv, Wo, W1, c1, W2, c2, g1, b1, g2, b2):
        n, unit1, spread1 = _norm(x, g1, b1)
        q, k, v = apart(n @ Wq), apart(n @ Wk), apart(n @ Wv)
        e = np.exp(q @ k.swapaxes(1, 2) * scale)
        weights = e / e.sum(axis=-1, keepdims=True)
        mixed = together(weights @ v)
        y = x + mixed @ Wo
        m, unit2, spread2 = _norm(y, g2, b2)
        a = m @ W1 + c1
        bent = np.tanh(GELU * (a + 0.044715 * a * a * a))
        h = 0.5 * a * (1 + bent)
        error = y + (h @ W2 + c2) - t
        loss = np.sum(error * error) / error.size
        dz = error * (2 / error.size)
        dh = dz @ W2.T
        da = dh * (0.5 * (1 + bent) + 0.5 * a * (1 - bent * bent) * GELU * (1 + 3 * 0.044715 * a * a))
        dm = da @ W1.T
        dy = dz + _norm_back(dm, unit2, spread2, g2)
        dmixed = apart(dy @ Wo.T)
        dweights = dmixed @ v.swapaxes(1, 2)
        dscores = weights * (dweights - (dweights * weights).sum(axis=-1, keepdims=True)) * scale
        dq, dk = together(dscores @ k), together(dscores.swapaxes(1, 2) @ q)
        dv = together(weights.swapaxes(1, 2) @ dmixed)
        dn = dq @ Wq.T + dk @ Wk.T + dv @ Wv.T
        dx = dy + _norm_back(dn, unit1, spread1, g1)
        norms = (dn * unit1).sum(axis=0), dn.sum(axis=0), (dm * unit2).sum(axis=0), dm.sum(axis=0)
        into = n.T
        inside = m.T @ da, da.sum(axis=0), h.T @ dz, dz.sum(axis=0)
        return loss, dx, into @ dq, into @ dk, into @ dv, mixed.T @ dy, *inside, *norms

    def plain(np: Any) -> Loss:
        def norm(x: Any, g: Any, b: Any) -> Any:
            away = x - np.mean(x, axis=-1, keepdims=True)
            return g * (away / np.sqrt(np.mean(away * away, axis=-1, keepdims=True) + TINY)) + b

        def apart(h: Any) -> Any:
            return np.transpose(np.reshape(h, split), (1, 0, 2))

        def loss(x, Wq, Wk, Wv, Wo, W1, c1, W2, c2, g1, b1, g2, b2):
            n = norm(x, g1, b1)
            q, k, v = apart(n @ Wq), apart(n @ Wk), apart(n @ Wv)
            e = np.exp(q @ np.transpose(k, (0, 2, 1)) * scale)
            mixed = np.reshape(np.transpose(e / np.sum(e, axis=-1, keepdims=True) @ v, (1, 0, 2)), (words, width))
            y = x + mixed @ Wo
            a = norm(y, g2, b2) @ W1 + c1
            h = 0.5 * a * (1 + np.tanh(GELU * (a + 0.044715 * a * a * a)))
            error = y + (h @ W2 + c2) - t
            return np.mean(error * error)

        return loss

    def layers(nn: Any) -> Loss:
        def loss(x, Wq, Wk, Wv, Wo, W1, c1, W2, c2, g1, b1, g2, b2):
            n = nn.layer_norm(x, g1, b1)
            y = x + together(nn.attention(apart(n @ Wq), apart(n @ Wk), apart(n @ Wv))) @ Wo
            h = nn.gelu(nn.affine(nn.layer_norm(y, g2, b2), W1, c1), approximate=True)
            return nn.mean_squared_error(y + nn.affine(h, W2, c2), t)

        return loss

    def in_torch(torch: Any, constant: Any) -> Loss:
        functional, target = torch.nn.functional, constant(t)

        def apart(h: Any) -> Any:
            return h.view(split).transpose(0, 1)

        def loss(x, Wq, Wk, Wv, Wo, W1, c1, W2, c2, g1, b1, g2, b2):
            n = functional.layer_norm(x, (width,), g1, b1, TINY)
            q, k, v = apart(n @ Wq), apart(n @ Wk), apart(n @ Wv)
            mixed = functional.scaled_dot_product_attention(q, k, v).transpose(0, 1).reshape(words, width)
            y = x + mixed @ Wo
            m = functional.layer_norm(y, (width,), g2, b2, TINY)
            h = functional.gelu(torch.addmm(c1, m, W1), approximate="tanh")
            return functional.mse_loss(y + torch.addmm(c2, h, W2), target)

        return loss

    return Program("transformer block, 8 × 16", [x, *square, *inner, *outer, *norms], by_hand, plain, layers, in_torch)


def _norm(x: Any, g: Any, b: Any) -> tuple[Any, Any, Any]:
    away = x - x.mean(axis=-1, keepdims=True)
    spread = np.sqrt((away * away).mean(axis=-1, keepdims=True) + TINY)
    unit = away / spread
    return g * unit + b, unit, spread


def _norm_back(dn: Any, unit: Any, spread: Any, g: Any) -> Any:
    dunit = dn * g
    return (dunit - dunit.mean(axis=-1, keepdims=True) - unit * (dunit * unit).mean(axis=-1, keepdims=True)) / spread
