"""The third derivative, (6·y² − 2)·(1 − y²): every order is a graph like any other, to be differentiated again."""

import numpy as np

import bpviz


def y(x=0.5):
    y = np.tanh(x)
    return y


main = bpviz.draw(y, grad=("x", "x", "x"), labels="symbols")
