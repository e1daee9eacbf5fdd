"""The same step by step: forward, then backward, with the arithmetic of each step below. It moves without a script."""

import bpviz


def total(price=100, number=2, tax=1.1):
    subtotal = price * number
    return subtotal * tax


main = bpviz.draw(total, animate=True)
