"""The gradients of f(x₀, x₁) = x₀² + x₁², turned downhill: every arrow points to the lowest place."""

from bpviz import plots


def plot():
    return plots.gradient_field(lambda x: x[0] ** 2 + x[1] ** 2)
