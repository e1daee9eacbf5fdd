"""A transformer block: attention and a network of two layers, each beside its residual connection."""

import numpy as np

import bpviz
from bpviz.nn import layer_norm, relu, softmax

rng = np.random.default_rng(0)


def weights(*shape):
    return rng.normal(size=shape).round(1)


def attention(x, W_q, W_k, W_v):
    q, k, v = x @ W_q, x @ W_k, x @ W_v
    return softmax(q @ k.T / np.sqrt(2)) @ v


def feed_forward(x, W_1, W_2):
    return relu(x @ W_1) @ W_2


def y(
    x=weights(2, 2),
    W_q=weights(2, 2), W_k=weights(2, 2), W_v=weights(2, 2),
    W_1=weights(2, 4), W_2=weights(4, 2),
    gamma=np.ones(2), beta=np.zeros(2),
):  # fmt: skip
    x = x + attention(layer_norm(x, gamma, beta), W_q, W_k, W_v)
    return x + feed_forward(layer_norm(x, gamma, beta), W_1, W_2)


main = bpviz.draw(y, title="A transformer block")
