"""The second derivative, −2·y·(1 − y²): the backward pass of the backward pass. The first is a step of it."""

import numpy as np

import bpviz


def y(x=0.5):
    y = np.tanh(x)
    return y


main = bpviz.draw(y, grad=("x", "x"), labels="symbols")
