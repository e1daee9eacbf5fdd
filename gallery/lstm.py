"""An LSTM cell: forget, input and output gate, and the straight way of the cell state c."""

import numpy as np

import bpviz
from bpviz.nn import sigmoid


def h(
    x=np.array([0.5, -0.2]),
    h_prev=np.array([0.1, 0.3]),
    c_prev=np.array([0.4, -0.6]),
    W_f=np.array([[0.2, -0.1, 0.4, 0.3], [0.1, 0.5, -0.3, 0.2]]),
    W_i=np.array([[-0.2, 0.3, 0.1, 0.5], [0.4, 0.2, 0.2, -0.1]]),
    W_g=np.array([[0.3, 0.3, -0.4, 0.1], [-0.1, 0.6, 0.5, 0.2]]),
    W_o=np.array([[0.5, -0.3, 0.2, 0.2], [0.1, 0.1, -0.2, 0.4]]),
):
    both = np.concatenate([x, h_prev])
    f = sigmoid(W_f @ both)
    i = sigmoid(W_i @ both)
    g = np.tanh(W_g @ both)
    o = sigmoid(W_o @ both)
    c = f * c_prev + i * g
    return o * np.tanh(c)


main = bpviz.draw(h, title="An LSTM cell")
