"""A gated value x · σ(w·x), with the sigmoid in small nodes: x is used twice, and its gradients add up."""

import numpy as np

import bpviz


@bpviz.group("Sigmoid")
def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def y(w=-1.0, x=2.0):
    return sigmoid(w * x) * x
