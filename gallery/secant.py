"""The secant turns into the tangent: mean speeds of f(t) = t² from t = 3 are 8, 7, 6.1, 6.01, 6.001; the limit is 6."""

from bpviz import plots


def plot():
    return plots.secant(lambda t: t**2, 3)
