"""A GRU cell: the update gate z mixes the old state with the new one."""

import numpy as np

import bpviz
from bpviz.nn import sigmoid


def h(
    x=np.array([0.5, -0.2]),
    h_prev=np.array([0.1, 0.3]),
    W_z=np.array([[0.2, -0.1, 0.4, 0.3], [0.1, 0.5, -0.3, 0.2]]),
    W_r=np.array([[-0.2, 0.3, 0.1, 0.5], [0.4, 0.2, 0.2, -0.1]]),
    W_n=np.array([[0.3, 0.3, -0.4, 0.1], [-0.1, 0.6, 0.5, 0.2]]),
):
    both = np.concatenate([x, h_prev])
    z = sigmoid(W_z @ both)
    r = sigmoid(W_r @ both)
    n = np.tanh(W_n @ np.concatenate([x, r * h_prev]))
    return (1 - z) * n + z * h_prev


main = bpviz.draw(h, title="A GRU cell")
