"""A GRU cell: the update gate z mixes the old state with the new one."""

import numpy as np

import bpviz
from bpviz.nn import sigmoid


def h(
    x=0.5, h_prev=0.1,
    w_z=np.array([0.2, -0.1]), w_r=np.array([-0.2, 0.3]), w_n=np.array([0.3, 0.6]),
):  # fmt: skip
    both = np.array([x, h_prev])
    z = sigmoid(w_z @ both)
    r = sigmoid(w_r @ both)
    n = np.tanh(w_n @ np.array([x, r * h_prev]))
    return (1 - z) * n + z * h_prev


main = bpviz.draw(h, title="A GRU cell")
