"""Forward against central difference for f(x) = 0.01·x² + 0.1·x at 5: the central secant runs along the tangent."""

from bpviz import plots


def plot():
    return plots.differences(lambda x: 0.01 * x**2 + 0.1 * x, 5, 4)
