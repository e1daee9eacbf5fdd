"""The gradient of f(x₀, x₁) = x₀² + x₁² at (3, 4) is (6, 8)."""

import numpy as np


def f(x=np.array([3.0, 4.0])):
    return x[0] ** 2 + x[1] ** 2
