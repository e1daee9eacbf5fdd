"""Convolution, ReLU and maximum pooling on one small picture: only the largest of each window gets a gradient."""

import numpy as np

import bpviz
from bpviz.nn import conv2d, max_pool2d, relu

rows = [[1, 2, 0, 1, 3], [0, 1, 2, 3, 1], [2, 1, 0, 1, 0], [1, 0, 3, 2, 1], [0, 2, 1, 0, 2]]


def y(x=np.array([[rows]], dtype=float), W=np.array([[[[1.0, -1.0], [0.5, 2.0]]]]), b=np.array([-1.0])):
    return np.mean(max_pool2d(relu(conv2d(x, W, b)), 2))


main = bpviz.draw(y, title="Convolution and pooling")
