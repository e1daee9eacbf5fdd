"""A network of two layers with softmax and loss: what one batch of two tells every weight."""

import numpy as np

import bpviz
from bpviz.nn import affine, relu, softmax_cross_entropy

t = np.array([[0.0, 1.0], [1.0, 0.0]])


def L(
    x=np.array([[1.0, 0.5], [-0.5, 2.0]]),
    W1=np.array([[0.1, 0.3, 0.5], [0.2, 0.4, -0.6]]),
    b1=np.array([0.1, 0.2, 0.3]),
    W2=np.array([[0.1, 0.4], [0.2, -0.5], [0.3, 0.6]]),
    b2=np.array([0.1, 0.2]),
):
    a = relu(affine(x, W1, b1))
    return softmax_cross_entropy(affine(a, W2, b2), t)


main = bpviz.draw(L, title="Two layers, softmax and loss")
