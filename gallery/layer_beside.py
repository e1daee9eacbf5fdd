"""One layer as matrices and as single numbers: one wire above becomes a wire for every element below."""

import numpy as np

import bpviz


def layer(W=np.array([[0.1, 0.2], [0.3, -0.4], [-0.5, 0.6]]), x=np.array([1.0, 2.0]), b=np.array([0.1, 0.2, 0.3])):
    z = W @ x + b
    return np.sum(z**2)


main = bpviz.beside(bpviz.draw(layer), bpviz.draw(layer, elements=True), captions=["as matrices", "as single numbers"])
