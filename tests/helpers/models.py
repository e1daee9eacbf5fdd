"""Models of the articles that several tests use."""

from __future__ import annotations

import numpy as np

import bpviz

__all__ = ["X", "Y", "perceptron"]

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
Y = np.array([[0.0], [0.0], [0.0], [1.0]])


def perceptron(W=np.array([[0.5, -0.3]]), b=np.array([0.1])):
    """Return the error of the perceptron of article 004 over the four rows of the truth table of AND."""
    Z = X @ W.T + b
    A = bpviz.nn.sigmoid(Z)
    return bpviz.nn.sum_squared_error(A, Y)
