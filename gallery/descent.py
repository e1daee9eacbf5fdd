"""Gradient descent: in each step w moves against its gradient, and the loss falls. One layout for all steps."""

import bpviz


def loss(w=0.0, x=2.0, t=6.0):
    y = w * x
    return (y - t) ** 2


main = bpviz.descend(loss, rate=0.05, steps=8, freeze="x,t").draw(animate=True)
