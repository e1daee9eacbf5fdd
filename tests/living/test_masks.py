"""Positions and masks in a real browser: what is taken follows, and a mask that would be another one is told."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from devtools import opened

import bpviz

pytestmark = [pytest.mark.browser, pytest.mark.engine]

LIVE = "document.querySelector('figure').bpviz"


def written(x: Any = np.array([-1.0, 2.0, 3.0])) -> Any:
    y = np.zeros_like(x)
    m = x > 0
    y[m] = np.exp(-x[m])
    y[~m] = 3 * x[~m]
    return np.sum(y) + np.sum(x[m] ** 2)


def test_a_mask_stays_and_its_numbers_follow(tmp_path: Path) -> None:
    place = bpviz.draw(written, live=True).save(tmp_path / "page.html")
    line = written.__code__.co_firstlineno + 3
    with opened(place) as page:
        for x in ([-1.0, 2.0, 3.0], [-2.5, 0.5, 1.25]):
            page.run(f"{LIVE}.set({{x: {x}}})")
            a, b, c = x
            value = 3 * a + math.exp(-b) + math.exp(-c) + b * b + c * c
            assert page.run(f"{LIVE}.value({LIVE}.output)") == pytest.approx(value, rel=1e-12)
            slopes = [3, 2 * b - math.exp(-b), 2 * c - math.exp(-c)]
            assert page.run(f"{LIVE}.gradient('x')") == pytest.approx(slopes, rel=1e-12)
            assert page.run(f"{LIVE}.stale") == []
        page.run(f"{LIVE}.set({{x: [-1, -2, 3]}})")
        assert page.run(f"{LIVE}.stale") == [line, line + 1]
        assert page.run("document.querySelector('.bpviz-warning:not([hidden])').textContent").startswith(
            f"With these inputs, line {line} "
        )
        page.run(f"{LIVE}.reset()")
        assert page.run(f"{LIVE}.stale") == []


def average(x: Any = np.array([1.0, 3.0, 2.0, 5.0]), w: int = 2, k: int = 1) -> Any:
    c = np.cumsum(x)
    return np.sum((c[w:] - c[:-w]) / w) + x[k] ** 2


def test_whole_numbers_that_are_positions_stay_and_the_others_follow(tmp_path: Path) -> None:
    place = bpviz.draw(average, live=True).save(tmp_path / "page.html")
    with opened(place) as page:
        assert page.run(f"{LIVE}.inputs") == ["x"]
        page.run(f"{LIVE}.set({{x: [2, -1, 4, 0.5]}})")
        # ((x1 + x2) + (x2 + x3))/2 + x1²
        assert page.run(f"{LIVE}.value({LIVE}.output)") == pytest.approx((-1 + 2 * 4 + 0.5) / 2 + 1, rel=1e-12)
        assert page.run(f"{LIVE}.gradient('x')") == pytest.approx([0, 0.5 - 2, 1, 0.5], rel=1e-12)
