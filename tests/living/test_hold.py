"""Old numbers beside new ones on a living page, against the figure of a what-if."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from devtools import Page
from pages import LIVE, living, plain

import bpviz
from bpviz import nn
from bpviz.picture.elements import Text

pytestmark = [pytest.mark.browser, pytest.mark.engine]

HOLD = "document.querySelectorAll('.bpviz-bar > button')[1]"


def total(price: float = 100, count: float = 2, tax: float = 1.1) -> float:
    subtotal = price * count
    return subtotal * tax + price


def layer(
    W: Any = np.array([[0.5, -0.25], [1.0, 2.0]]), x: Any = np.array([1.0, -2.0]), b: Any = np.array([0.1, 0.2])
) -> Any:
    h = np.maximum(W @ x + b, 0)
    return nn.softmax_cross_entropy(W @ h, 1)


def large(W: Any = np.random.default_rng(3).normal(size=(5, 6)), x: Any = np.arange(6.0)) -> Any:
    return np.sum(np.tanh(W @ x) ** 2)


def drawn(page: Page) -> dict[str, list[str]]:
    """The texts of every wire, by its description."""
    script = """JSON.stringify(Object.fromEntries([...document.querySelectorAll('svg.bpviz > g.wire')].map(
      g => [g.querySelector('title').textContent, [...g.querySelectorAll('text')].map(t => t.textContent).filter(t => t)])))"""
    found: dict[str, list[str]] = json.loads(page.run(script))
    return found


def expected(target: Any, given: dict[str, Any]) -> dict[str, list[str]]:
    figure = bpviz.draw(target, inputs=given, before=bpviz.backprop(target), repeat="never", width="none")
    return {
        part.description: [e.text for e in part.elements if isinstance(e, Text) and e.text]
        for part in figure.picture.parts
        if part.kind == "wire"
    }


@pytest.mark.parametrize(
    ("target", "given"),
    [
        (total, {"tax": 1.2}),
        (total, {"price": 100.00001, "count": -3.5e8}),
        (layer, {"b": np.array([0.35, 2.9])}),
        (layer, {"x": np.array([-3e-7, 0.7])}),
    ],
)
def test_all_texts_are_those_of_a_what_if(target: Any, given: dict[str, Any], tmp_path: Path) -> None:
    with living(tmp_path, target, repeat="never", width="none") as page:
        before = drawn(page)
        page.run(f"{HOLD}.click()")
        assert page.run(f"{HOLD}.getAttribute('aria-pressed')") == "true"
        assert drawn(page) == before
        page.run(f"{LIVE}.set({plain(given)})")
        assert drawn(page) == expected(target, given)
        page.run(f"{HOLD}.click()")
        fresh = bpviz.draw(target, inputs=given, repeat="never", width="none").picture
        assert list(drawn(page)) == [part.description for part in fresh.parts if part.kind == "wire"]
        page.run(f"{LIVE}.reset()")
        assert drawn(page) == before


def test_the_sum_of_gradients_has_both(tmp_path: Path) -> None:
    """∂total/∂price = count · tax + 1: 2 · 1.1 + 1, then 2 · 1.2 + 1."""

    def bill(price: float = 100.0, tax: float = 1.1) -> Any:
        return price * tax * 2 + price * 3

    notes = "[...document.querySelectorAll('svg.bpviz > g.note')].map(g => g.textContent).join(' ')"
    with living(tmp_path, bill, repeat="always") as page:
        page.run(f"{HOLD}.click()")
        page.run(f"{LIVE}.set({{tax: 1.2}})")
        assert "(2.2 → 2.4) + 3 = 5.2 → 5.4" in page.run(notes)
        page.run(f"{HOLD}.click()")
        assert "2.4 + 3 = 5.4" in page.run(notes)


def test_a_heat_map_shows_the_difference(tmp_path: Path) -> None:
    given = {"x": np.array([0.3, -0.2, 0.1, 0.25, -0.6, 1.5])}
    now, then = bpviz.backprop(large, **given), bpviz.backprop(large)
    change = float(np.max(np.abs(np.asarray(now.grad("W")) - np.asarray(then.grad("W")))))
    with living(tmp_path, large) as page:
        page.run(f"{HOLD}.click()")
        page.run(f"{LIVE}.set({plain(given)})")
        texts = [text for texts in drawn(page).values() for text in texts if text.startswith("Δ ±")]
        from bpviz.text.numerals import number

        assert f"Δ ±{number(change)}" in texts


def test_numbers_that_are_held_may_be_others_than_those_drawn(tmp_path: Path) -> None:
    with living(tmp_path, total) as page:
        page.run(f"{LIVE}.set({{tax: 1.5}})")
        page.run(f"{HOLD}.click()")
        page.run(f"{LIVE}.set({{tax: 2}})")
        assert "1.5 → 2" in str(drawn(page))
        page.run(f"{LIVE}.reset()")
        assert "1.5 → 1.1" in str(drawn(page))


def test_old_and_new_stay_on_their_wire(tmp_path: Path) -> None:
    """By what the browser has drawn: no number leaves its wire, none covers a name or another number."""
    script = """(() => {
      const found = [];
      for (const group of document.querySelectorAll('svg.bpviz g.wire')) {
        const wire = group.querySelector('path').getBoundingClientRect();
        const boxes = [...group.querySelectorAll('text')].filter(t => t.textContent).map(t => t.getBoundingClientRect());
        for (const [i, a] of boxes.entries()) {
          if (a.left < wire.left - 12 || a.right > wire.right + 12) found.push(['out', group.textContent]);
          for (const b of boxes.slice(i + 1)) {
            if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 6 && b.top < a.bottom - 6) found.push(['over', group.textContent]);
          }
        }
      }
      return found;
    })()"""
    with living(tmp_path, total) as page:
        assert page.run(script) == []
        page.run(f"{LIVE}.set({{tax: 1.23456, price: -54321.5}})")
        assert page.run(script) == []
        page.run(f"{HOLD}.click()")
        page.run(f"{LIVE}.set({{tax: -0.00012, price: 98765.4}})")
        assert page.run(script) == []
