"""The perceptron's backward pass as a graph: from dZ, one product gives dW, and one sum gives db."""

from perceptron import E

import bpviz

main = bpviz.draw(E, grad="W,b", labels="symbols", shared=True)
