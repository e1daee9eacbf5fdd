"""The arithmetic of every rule: the gradient from the right, times the slope of the node, goes on to the left."""

import bpviz


def total(price=100, number=2, tax=1.1):
    subtotal = price * number
    return subtotal * tax


main = bpviz.draw(total, labels="rules")
