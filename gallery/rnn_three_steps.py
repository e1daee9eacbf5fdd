"""A recurrent network over three steps, in single numbers: each step passes its gradient on to the one before it."""

import numpy as np

import bpviz


def L(x1=0.5, x2=-1.0, x3=0.8, w_x=0.6, w_h=0.9, b=0.1, t=0.7):
    h = 0.0
    for x in (x1, x2, x3):
        h = np.tanh(w_x * x + w_h * h + b)
    return (h - t) ** 2


main = bpviz.draw(L, title="A recurrent network over three steps")
