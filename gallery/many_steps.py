"""Two numbers and a page of arithmetic, with the numbers of micrograd's example: dg/da is 138.8, and dg/db is 645.6."""

import bpviz


def relu(x):
    return x if x > 0 else 0.0


def g(a=-4.0, b=2.0):
    c = a + b
    d = a * b + b**3
    c = c + c + 1
    c = c + 1 + c - a
    d = d + d * 2 + relu(b + a)
    d = d + 3 * d + relu(b - a)
    f = (c - d) ** 2
    return f / 2 + 10 / f


main = bpviz.draw(g, title="Two numbers, many steps")
