"""A circuit as in CS231n: the maximum passes the gradient on to the larger of the two; the other gets 0."""

import numpy as np


def f(x=3.0, y=-4.0, z=2.0, w=-1.0):
    return 2 * (x * y + np.maximum(z, w))
