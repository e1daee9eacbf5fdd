"""The shared factor, found by the tool: dZ = (A − Y) ∘ A ∘ (1 − A) is computed once and used twice, for dW = dZᵀ·X and
for db = Σ dZ."""

import numpy as np

import bpviz
from bpviz.nn import sigmoid, sum_squared_error

X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
Y = np.array([[0], [0], [0], [1]])


def E(W=np.array([[0.5, -0.3]]), b=np.array([0.1])):
    Z = X @ W.T + b
    A = sigmoid(Z)
    return sum_squared_error(A, Y)


main = bpviz.draw(E, shared=True)
