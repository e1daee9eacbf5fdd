"""Softmax with cross entropy, in small nodes (exp, Σ, ÷, log, ×): the gradient that reaches x is y − t."""

import numpy as np

import bpviz
from bpviz.nn import softmax_cross_entropy


def L(x=np.array([0.3, 2.9, 4.0]), t=np.array([0.0, 0.0, 1.0])):
    return softmax_cross_entropy(x, t)


main = bpviz.draw(L, open=("softmax_cross_entropy", "softmax", "cross_entropy"))
