"""The same apples in letters: y = p·n·t. Each gradient is a formula in the named values."""

import bpviz


def y(p=100, n=2, t=1.1):
    x = p * n
    return x * t


main = bpviz.draw(y, labels="symbols")
