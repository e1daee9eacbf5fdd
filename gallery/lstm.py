"""An LSTM cell: forget, input and output gate, and the straight way of the cell state c."""

import numpy as np

import bpviz
from bpviz.nn import sigmoid


def h(
    x=0.5, h_prev=0.1, c_prev=0.4,
    w_f=np.array([0.2, -0.1]), w_i=np.array([-0.2, 0.3]),
    w_g=np.array([0.3, 0.6]), w_o=np.array([0.5, -0.3]),
):  # fmt: skip
    both = np.array([x, h_prev])
    f = sigmoid(w_f @ both)
    i = sigmoid(w_i @ both)
    g = np.tanh(w_g @ both)
    o = sigmoid(w_o @ both)
    c = f * c_prev + i * g
    return o * np.tanh(c)


main = bpviz.draw(h, title="An LSTM cell")
