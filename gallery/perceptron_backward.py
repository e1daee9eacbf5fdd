"""The perceptron's backward pass as a graph of its own: once dZ is there, one more product gives dW, and a sum db."""

from perceptron import E

import bpviz

main = bpviz.draw(E, grad="W,b", labels="symbols", shared=True)
