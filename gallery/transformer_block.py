"""A transformer block: attention and a network of two layers, each beside its residual connection."""

import numpy as np

import bpviz
from bpviz.nn import relu, softmax

rng = np.random.default_rng(4)


def weights(*shape):
    return rng.normal(size=shape).round(1)


def norm(x):
    x = x - np.mean(x, axis=1, keepdims=True)
    return x / np.sqrt(np.mean(x**2, axis=1, keepdims=True))


def attention(x, W_q, W_k, W_v):
    q, k, v = x @ W_q, x @ W_k, x @ W_v
    return softmax(q @ k.T / np.sqrt(2)) @ v


def feed_forward(x, W_1, W_2):
    return relu(x @ W_1) @ W_2


def y(
    x=weights(2, 3),
    W_q=weights(3, 2), W_k=weights(3, 2), W_v=weights(3, 3),
    W_1=weights(3, 3), W_2=weights(3, 3),
):  # fmt: skip
    x = x + attention(norm(x), W_q, W_k, W_v)
    return x + feed_forward(norm(x), W_1, W_2)


main = bpviz.draw(y, title="A transformer block")
