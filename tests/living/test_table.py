"""The table below a living figure, which follows the inputs, against the table of a fresh figure."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from devtools import Page, opened
from pages import LIVE, living, plain

import bpviz
from bpviz import nn

pytestmark = [pytest.mark.browser, pytest.mark.engine]


def total(price: float = 100, count: float = 2, tax: float = 1.1) -> float:
    subtotal = price * count
    return subtotal * tax + price


def curved(x: float = 0.5, y: float = 2.0, z: float = 3.0) -> Any:
    a = np.exp(x) * y
    return np.log(a) + np.maximum(z, x) + x * x


def layer(
    W: Any = np.array([[0.5, -0.25], [1.0, 2.0]]), x: Any = np.array([1.0, -2.0]), b: Any = np.array([0.1, 0.2])
) -> Any:
    h = np.tanh(W @ x + b)
    return nn.softmax_cross_entropy(W @ h, 1)


def large(W: Any = np.random.default_rng(3).normal(size=(5, 6)), x: Any = np.arange(6.0)) -> Any:
    return np.sum(np.tanh(W @ x) ** 2)


def shown(page: Page) -> list[list[str]]:
    script = "JSON.stringify([...document.querySelectorAll('tbody tr')].map(r => [...r.cells].map(c => c.textContent)))"
    found: list[list[str]] = json.loads(page.run(script))
    return found


def fresh(target: Any, given: dict[str, Any]) -> list[list[str]]:
    """The table of a still page with these inputs."""
    page = bpviz.draw(target, inputs=given).to_bytes("html").decode()
    rows = re.findall(r"<tr><th scope=\"row\">.*?</tr>", page)
    return [[unescape(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)] for row in rows]


def is_input(target: Any, name: str) -> bool:
    return name in bpviz.trace(target).inputs


@pytest.mark.parametrize(
    ("target", "given"),
    [
        (total, {"tax": -1.2, "count": 0.25}),
        (curved, {"x": 1.5, "z": 0.75}),
        (curved, {"y": -1.0}),
        (layer, {"b": np.array([0.7, -3.0])}),
        (large, {"x": np.array([0.3, -0.2, 0.1, 0.25, -0.6, 1.5])}),
    ],
)
def test_all_cells_follow(target: Any, given: dict[str, Any], tmp_path: Path) -> None:
    with living(tmp_path, target) as page:
        before = shown(page)
        assert before == fresh(target, {})
        page.run(f"{LIVE}.set({plain(given)})")
        expected = fresh(target, given)
        for row, right in zip(shown(page), expected, strict=True):
            assert row[:5] == right[:5]
            if is_input(target, row[0]) or right[5] == "not known":
                assert row[5] == right[5], row[0]
            else:
                # Of a step only the rate is known, which the true table has for all.
                assert "changes at a rate of" in row[5]
                assert row[5].endswith(row[3]) or row[3].startswith(("[", "shape")), row
        page.run(f"{LIVE}.reset()")
        assert shown(page) == before


def test_numbers_of_the_address_are_in_the_table(tmp_path: Path) -> None:
    place = bpviz.draw(total, live=True).save(tmp_path / "page.html")
    with opened(f"{place.resolve().as_uri()}#tax=2") as page:
        assert page.run("document.querySelector('article.bpviz-page').checkVisibility()") is True
        assert [row[2] for row in shown(page)] == ["100", "2", "2", "200", "500"]
        assert shown(page)[2][5] == "grows by 200"
