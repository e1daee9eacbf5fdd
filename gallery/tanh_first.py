"""The first derivative of tanh, 1 − y²: the backward pass computes it from y, the value that is there already."""

import numpy as np

import bpviz


def y(x=0.5):
    y = np.tanh(x)
    return y


main = bpviz.draw(y, grad="x", labels="symbols")
