"""Plots of derivatives: the secant that becomes the tangent, the field of gradients. They need matplotlib.

pip install "bpviz[plot]"
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from bpviz.analysis.gradcheck import numerical_diff
from bpviz.errors import EngineMissing, RecordingError, UsageError
from bpviz.lazy import LazyModule
from bpviz.picture.theme import Theme, theme
from bpviz.sources.targets import backprop
from bpviz.text.numerals import MINUS, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["differences", "gradient_field", "mean_slopes", "secant"]

np: Any = LazyModule("numpy")

Function = Callable[[Any], Any]


def mean_slopes(f: Function, x: float, steps: Sequence[float]) -> list[float]:
    """Return the slope of the secant from ``x`` to ``x + h``, for every step ``h``: mean speeds if ``x`` is time.

    >>> [round(v, 9) for v in mean_slopes(lambda t: t**2, 3, [2, 1, 0.1, 0.01, 0.001])]
    [8.0, 7.0, 6.1, 6.01, 6.001]
    """
    return [float((f(x + h) - f(x)) / h) for h in steps]


def secant(
    f: Function, x: float, steps: Sequence[float] = (2, 1, 0.1, 0.01, 0.001), *, theme_name: str = "light"
) -> Figure:
    """Draw the secants of ``f`` from ``x`` to ``x + h``, which become the tangent, whose slope bpviz computes.

    Raises `EngineMissing` without matplotlib.

    >>> figure = secant(lambda t: t**2, 3)
    >>> [text.get_text() for text in figure.axes[0].get_legend().get_texts()][-1]
    'tangent: slope 6'
    """
    look = theme(theme_name)
    figure, axes = _axes(look)
    slope = _slope(f, x)
    reach = max(abs(h) for h in steps)
    xs = np.linspace(x - 0.75 * reach, x + 1.25 * reach, 200)
    axes.plot(xs, [f(v) for v in xs], color=look.inks["forward"], linewidth=1.6)
    for i, (h, mean) in enumerate(zip(steps, mean_slopes(f, x, steps), strict=True)):
        # Secants are drawn stronger as they come closer to the tangent; after the first few they look the same.
        strength = 0.6 + 0.4 * i / max(len(steps) - 1, 1)
        axes.plot(
            xs,
            f(x) + mean * (xs - x),
            color=look.strokes["constant"].colour,
            alpha=strength,
            linewidth=1,
            linestyle=(0, (5, 2 + i)),
            label=f"h = {number(h)}: slope {number(mean, 6)}",
        )
        axes.plot([x + h], [f(x + h)], "o", markersize=4, color=look.strokes["constant"].colour)
    axes.plot(
        xs,
        f(x) + slope * (xs - x),
        color=look.strokes["backward"].colour,
        linewidth=2.2,
        label=f"tangent: slope {number(slope, 6)}",
    )
    axes.plot([x], [f(x)], "o", markersize=7, color=look.strokes["backward"].colour)
    _legend(axes, look)
    axes.set_xlabel("x", color=look.inks["name"])
    axes.set_ylabel("f(x)", color=look.inks["name"])
    return figure


def differences(f: Function, x: float, h: float = 1.0, *, theme_name: str = "light") -> Figure:
    """Draw the forward and the central difference beside the tangent, to show which has the larger error, and why.

    Both are slopes of secants; the central one, from x − h to x + h, is nearly parallel to the tangent. Raises
    `EngineMissing` without matplotlib.

    >>> figure = differences(lambda x: 0.01 * x**2 + 0.1 * x, 5, 4)
    >>> [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    ['tangent: slope 0.2', 'forward difference: 0.24', 'central difference: 0.2']
    """
    look = theme(theme_name)
    figure, axes = _axes(look)
    slope, ahead = _slope(f, x), mean_slopes(f, x, [h])[0]
    central = float(numerical_diff(f, x, h))
    xs = np.linspace(x - 1.6 * h, x + 1.6 * h, 200)
    axes.plot(xs, [f(v) for v in xs], color=look.inks["forward"], linewidth=1.6)
    back = look.strokes["backward"].colour
    grey = look.strokes["constant"].colour
    middle = (f(x - h) + f(x + h)) / 2
    axes.plot(xs, f(x) + slope * (xs - x), color=back, linewidth=2.2, label=f"tangent: slope {number(slope, 6)}")
    axes.plot(
        xs, f(x) + ahead * (xs - x), color=grey, linestyle=(0, (2, 2)), label=f"forward difference: {number(ahead, 6)}"
    )
    axes.plot(
        xs,
        middle + central * (xs - x),
        color=grey,
        linestyle=(0, (7, 3)),
        label=f"central difference: {number(central, 6)}",
    )
    for at, name in ((x - h, f"x {MINUS} h"), (x, "x"), (x + h, "x + h")):
        axes.plot([at], [f(at)], "o", markersize=5, color=look.inks["forward"])
        # The outer names stand above the curve, the middle one below, where the central secant does not pass.
        offset, side = ((6, -14), "left") if name == "x" else ((-7, 7), "right")
        axes.annotate(name, (at, f(at)), offset, textcoords="offset points", color=look.inks["name"], ha=side)
    axes.set_xlabel("x", color=look.inks["name"])
    axes.set_ylabel("f(x)", color=look.inks["name"])
    _legend(axes, look)
    return figure


def gradient_field(
    f: Function,
    x0: tuple[float, float] = (-2.0, 2.0),
    x1: tuple[float, float] = (-2.0, 2.0),
    *,
    count: int = 17,
    descent: bool = True,
    theme_name: str = "light",
) -> Figure:
    """Draw the gradients of a function of an array ``x`` with two elements, as arrows on a grid.

    With ``descent`` the arrows point downhill, −∇f, as in the book; their length is that of the gradient.
    Raises `EngineMissing` without matplotlib.

    >>> figure = gradient_field(lambda x: x[0] ** 2 + x[1] ** 2)
    >>> figure.axes[0].get_xlabel()
    'x₀'
    """
    look = theme(theme_name)
    figure, axes = _axes(look)
    a, b = np.meshgrid(np.linspace(*x0, count), np.linspace(*x1, count))
    u, v = gradients_on_grid(f, a, b)
    sign = -1.0 if descent else 1.0
    axes.quiver(a, b, sign * u, sign * v, angles="xy", color=look.strokes["backward"].colour, width=0.004)
    axes.set_aspect("equal")
    axes.set_xlabel("x₀", color=look.inks["name"])
    axes.set_ylabel("x₁", color=look.inks["name"])
    axes.set_title(f"{MINUS + '∇f' if descent else '∇f'}", color=look.inks["title"])
    return figure


def gradients_on_grid(f: Function, a: Any, b: Any) -> tuple[Any, Any]:
    """Return the gradient of ``f`` at every point of two grids: all at once if ``f`` is elementwise, else one by one.

    >>> import numpy
    >>> u, v = gradients_on_grid(lambda x: x[0] ** 2 + x[1] ** 2, numpy.array([[3.0]]), numpy.array([[4.0]]))
    >>> u.tolist(), v.tolist()
    ([[6.0]], [[8.0]])
    """
    points = np.stack([a, b])
    last = _gradient(f, points[..., -1, -1])[1]
    try:
        # A function of (x₀, x₁) also takes two grids; the gradient of its sum over the grid is that at each point.
        shape, gradient = _gradient(f, points)
        if shape == a.shape and np.allclose(gradient[..., -1, -1], last, equal_nan=True):
            return gradient[0], gradient[1]
    except (RecordingError, UsageError, ValueError):
        # It branches, or multiplies x by a matrix: it needs one point at a time.
        pass
    gradients = [_gradient(f, points[..., i, j])[1] for i, j in np.ndindex(a.shape)]
    gradient = np.stack(gradients, axis=-1).reshape(points.shape)
    return gradient[0], gradient[1]


def _gradient(f: Function, x: Any) -> tuple[tuple[int, ...], Any]:
    """Return the shape of f(x), and its gradient."""
    flow = backprop(f, x)
    return np.shape(flow.output), flow.grad(flow.graph.inputs[0])


def _slope(f: Function, x: float) -> float:
    return float(_gradient(f, float(x))[1])


def _axes(look: Theme) -> tuple[Figure, Axes]:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise EngineMissing('plots need matplotlib, which is not installed: pip install "bpviz[plot]"') from None
    figure = Figure(figsize=(6.0, 4.0), layout="constrained", facecolor=look.fill)
    axes = figure.add_subplot()
    axes.set_facecolor(look.fill)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(look.strokes["constant"].colour)
    axes.tick_params(colors=look.inks["muted"])
    return figure, axes


def _legend(axes: Axes, look: Theme) -> None:
    axes.legend(frameon=False, labelcolor=look.inks["name"], fontsize=9)
