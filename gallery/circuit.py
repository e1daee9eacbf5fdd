"""A circuit as in CS231n: an addition passes the gradient on, a multiplication exchanges its operands."""


def f(x=-2.0, y=5.0, z=-4.0):
    return (x + y) * z
