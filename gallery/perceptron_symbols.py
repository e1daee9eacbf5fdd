"""The perceptron in formulas: dZ = dA ∘ A ∘ (1 − A) is used twice, in dW = dZᵀ·X and in db = Σ dZ."""

import numpy as np

import bpviz
from bpviz.nn import sigmoid, sum_squared_error

Y = np.array([[0], [0], [0], [1]])


def E(X=np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), W=np.array([[0.5, -0.3]]), b=np.array([0.1])):
    Z = X @ W.T + b
    A = sigmoid(Z)
    return sum_squared_error(A, Y)


main = bpviz.draw(E, labels="symbols")
