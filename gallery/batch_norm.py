"""Batch normalisation, step by step: x reaches the output three ways, and its gradient is the sum of all of them."""

import numpy as np

import bpviz


def batch_norm(x, gamma, beta, eps=1e-5):
    mu = np.mean(x)
    x_mu = x - mu
    var = np.mean(x_mu**2)
    std = np.sqrt(var + eps)
    x_hat = x_mu / std
    return gamma * x_hat + beta


def L(
    x=np.array([1.0, 3.0, 8.0]),
    gamma=2.0,
    beta=0.5,
    w=np.array([1.0, 0.5, -2.0]),
):
    return np.sum(batch_norm(x, gamma, beta) * w)


main = bpviz.draw(L, title="Batch normalisation")
