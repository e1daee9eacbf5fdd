"""The perceptron's backward pass as a graph of its own: once dZ is there, one more product gives dW, and a sum db."""

import numpy as np

import bpviz
from bpviz.nn import sigmoid, sum_squared_error

X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
Y = np.array([[0], [0], [0], [1]])


def E(W=np.array([[0.5, -0.3]]), b=np.array([0.1])):
    Z = X @ W.T + b
    A = sigmoid(Z)
    return sum_squared_error(A, Y)


main = bpviz.draw(E, grad="W,b", labels="symbols", shared=True)
