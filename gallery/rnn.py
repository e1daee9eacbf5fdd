"""A recurrent network over five steps: the weights are the same in every step, so their gradient is a sum of five."""

import numpy as np

import bpviz


def L(x=np.array([0.5, -1.0, 0.8, 0.2, -0.3]), w_x=0.6, w_h=0.9, b=0.1, t=0.7):
    h = 0.0
    for k in range(5):
        h = np.tanh(w_x * x[k] + w_h * h + b)
    return (h - t) ** 2


main = bpviz.draw(L, title="A recurrent network over five steps")
