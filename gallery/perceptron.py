"""A one-layer perceptron learns logical AND: Z = X·Wᵀ + b, A = σ(Z), E = ½ Σ (A − Y)²."""

import numpy as np

from bpviz.nn import sigmoid, sum_squared_error

X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
Y = np.array([[0], [0], [0], [1]])


def E(W=np.array([[0.5, -0.3]]), b=np.array([0.1])):
    Z = X @ W.T + b
    A = sigmoid(Z)
    return sum_squared_error(A, Y)
