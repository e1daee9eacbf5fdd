"""tanh and its first three derivatives at 0.5. A derivative is a function that finds the slope: a graph like any other,
whose backward pass is the next derivative."""

import numpy as np

import bpviz


def y(x=0.5):
    y = np.tanh(x)
    return y


main = bpviz.beside(
    bpviz.draw(y),
    *(bpviz.draw(y, grad=("x",) * order, labels="symbols") for order in (1, 2, 3)),
    captions=[
        "y = tanh x, and its slope below the wire",
        "the first derivative, 1 − y²",
        "the second derivative, −2·y·(1 − y²)",
        "the third derivative, (6·y² − 2)·(1 − y²)",
    ],
)
