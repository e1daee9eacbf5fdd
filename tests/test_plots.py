"""Plots of derivatives: the numbers of articles 000 and 002 stand in them."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from bpviz import plots
from bpviz.errors import EngineMissing

pytest.importorskip("matplotlib", reason='needs matplotlib: pip install "bpviz[plot]"')


def legend(figure: object) -> list[str]:
    return [text.get_text() for text in figure.axes[0].get_legend().get_texts()]  # type: ignore[attr-defined]


def test_secants_turn_into_the_tangent() -> None:
    # Article 000: f(t) = t² from t = 3.
    assert legend(plots.secant(lambda t: t**2, 3)) == [
        "h = 2: slope 8",
        "h = 1: slope 7",
        "h = 0.1: slope 6.1",
        "h = 0.01: slope 6.01",
        "h = 0.001: slope 6.001",
        "tangent: slope 6",
    ]


def test_the_central_difference_errs_less() -> None:
    # For a parabola the central difference is exact, and the forward one errs by 0.01·h.
    assert legend(plots.differences(lambda x: 0.01 * x**2 + 0.1 * x, 10, 5)) == [
        "tangent: slope 0.3",
        "forward difference: 0.35",
        "central difference: 0.3",
    ]


def test_the_gradient_field_of_article_002() -> None:
    a, b = np.array([[3.0, 0.0, 3.0]]), np.array([[4.0, 2.0, 0.0]])
    u, v = plots.gradients_on_grid(lambda x: x[0] ** 2 + x[1] ** 2, a, b)
    assert u.tolist() == [[6, 0, 6]]
    assert v.tolist() == [[8, 4, 0]]
    figure = plots.gradient_field(lambda x: x[0] ** 2 + x[1] ** 2, (-1, 1), (-1, 1), count=3)
    arrows = figure.axes[0].collections[0]
    assert np.asarray(arrows.U).tolist() == [2, 0, -2, 2, 0, -2, 2, 0, -2]


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.sqrt(np.sum(x**2)),
        lambda x: np.linalg.norm(x),
        lambda x: (x @ np.eye(2) @ x) ** 0.5,
        lambda x: (x[0] ** 2 + x[1] ** 2) ** 0.5 if x[0] > 0 else np.sqrt(x[0] * x[0] + x[1] * x[1]),
        lambda x: np.sqrt(x[0] ** 2 + x[1] ** 2) + 0 * np.sum(x),
    ],
    ids=["sum", "norm", "product", "branch", "elements"],
)
def test_a_field_of_functions_that_mix_the_two(f: object) -> None:
    # The distance from 0 grows by 1 straight outwards: at (3, 4) by 3/5 and 4/5.
    a, b = np.array([[3.0, -3.0], [5.0, 0.5]]), np.array([[4.0, 4.0], [-12.0, 0.0]])
    u, v = plots.gradients_on_grid(f, a, b)  # type: ignore[arg-type]
    np.testing.assert_allclose(u, [[0.6, -0.6], [5 / 13, 1.0]])
    np.testing.assert_allclose(v, [[0.8, 0.8], [-12 / 13, 0.0]], atol=1e-15)


def test_without_matplotlib_the_message_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(EngineMissing, match=r'pip install "bpviz\[plot\]"') as caught:
        plots.secant(lambda t: t**2, 3)
    assert caught.value.exit_code == 3
