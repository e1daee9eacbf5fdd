"""Two inputs, three neurons, two outputs, as matrices: the gradient of W is that of b times the inputs, dz·xᵀ."""

import numpy as np

from bpviz.nn import sigmoid, sum_squared_error

t = np.array([0.0, 1.0])


def cost(
    x=np.array([1.0, 2.0]),
    W=np.array([[0.1, 0.2], [0.3, -0.4], [-0.5, 0.6]]),
    b=np.array([0.1, 0.2, 0.3]),
    V=np.array([[0.5, -0.5, 1.0], [1.0, 0.5, -1.0]]),
    c=np.array([0.1, -0.1]),
):
    z = W @ x + b
    a = sigmoid(z)
    y = V @ a + c
    return sum_squared_error(y, t)
