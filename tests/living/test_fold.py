"""Groups of a living figure that open and close on the page, in a real browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from devtools import Page, opened

import bpviz
from bpviz.drawing.drawing import Drawing
from bpviz.picture.elements import Text

pytestmark = [pytest.mark.browser, pytest.mark.engine]

LIVE = "document.querySelector('figure').bpviz"


def scale(x: Any, w: Any) -> Any:
    shifted = x * w
    return np.tanh(shifted)


def layer(x: Any, w: Any, b: Any) -> Any:
    return scale(x, w) + b * x


def model(x: float = 0.5, w: float = 1.5, b: float = -0.25) -> Any:
    h = layer(x, w, b)
    return np.exp(h) * w


def chain(x: float = 0.5, w: float = 0.75) -> Any:
    for _ in range(8):
        x = np.tanh(x * w)
    return x


@contextmanager
def living(tmp_path: Path, target: Any, state: str = "", **options: Any) -> Iterator[Page]:
    place = bpviz.draw(target, live=True, **options).save(tmp_path / "page.html")
    with opened(place.resolve().as_uri() + state) as page:
        yield page


def numbers_of(drawing: Drawing) -> list[list[str]]:
    found = [[element.text for element in part.elements if isinstance(element, Text)] for part in drawing.picture.parts]
    return [texts for texts in found if texts]


def shown(page: Page) -> list[list[str]]:
    script = "[...document.querySelectorAll('svg.bpviz > g')].map(g => [...g.querySelectorAll('text')].map(t => t.textContent))"
    return [texts for texts in page.run(script) if texts]


def folds(page: Page) -> dict[str, str]:
    found: dict[str, str] = page.run(
        "Object.fromEntries([...document.querySelectorAll('.bpviz-fold')]"
        ".map(g => [g.querySelector('title').textContent, g.getAttribute('aria-expanded')]))"
    )
    return found


def click(page: Page, title: str) -> None:
    # A large figure scrolls in its frame.
    page.run(
        "[...document.querySelectorAll('.bpviz-fold')]"
        f".find(g => g.querySelector('title').textContent === {json.dumps(title)})?.querySelector('text')"
        ".scrollIntoView({block: 'center', inline: 'center'})"
    )
    x, y = page.run(
        "(b => [b.x + b.width / 2, b.y + b.height / 2])([...document.querySelectorAll('.bpviz-fold')]"
        f".find(g => g.querySelector('title').textContent === {json.dumps(title)}).querySelector('text').getBoundingClientRect())"
    )
    for kind in ("mousePressed", "mouseReleased"):
        page.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)


def with_groups(given: dict[str, float], *closed: str) -> list[list[str]]:
    return numbers_of(bpviz.draw(model, inputs=given, open="all", close=list(closed)))


def test_groups_open_and_close_with_the_numbers_of_now(tmp_path: Path) -> None:
    given = {"x": -1.25, "w": 0.75}
    with living(tmp_path, model, depth=0) as page:
        assert folds(page) == {"group layer, closed": "false"}
        page.run(f"{LIVE}.set({json.dumps(given)})")
        assert shown(page) == with_groups(given, "layer")
        click(page, "group layer, closed")
        # One level at a time.
        assert folds(page) == {"layer": "true", "group scale, closed": "false"}
        assert shown(page) == with_groups(given, "scale")
        assert page.run("document.querySelector('.bpviz-said').textContent") == "group layer, open"
        click(page, "group scale, closed")
        assert shown(page) == with_groups(given)
        # What is changed now is seen in every drawing.
        given["b"] = 2.5
        page.run(f"{LIVE}.set({{b: 2.5}})")
        assert shown(page) == with_groups(given)
        click(page, "layer")
        assert shown(page) == with_groups(given, "layer")
        assert page.run(f"{LIVE}.value({LIVE}.output)") == pytest.approx(model(**{"b": 0, **given}))
        page.run("[...document.querySelectorAll('.bpviz-bar button')].find(b => b.textContent === 'Reset').click()")
        assert shown(page) == with_groups({}, "layer")


def test_the_keyboard_opens_and_stays_there(tmp_path: Path) -> None:
    with living(tmp_path, model, depth=0) as page:
        assert ("button", "group layer, closed") in page.spoken()
        page.run("document.querySelector('.bpviz-fold').focus()")
        page.press("Enter")
        assert page.run("document.activeElement.querySelector('title').textContent") == "layer"
        page.press("Enter")
        assert page.run("document.activeElement.querySelector('title').textContent") == "group layer, closed"


def test_inputs_of_every_drawing_are_changed_by_hand(tmp_path: Path) -> None:
    with living(tmp_path, model, depth=0) as page:
        click(page, "group layer, closed")
        page.run("document.querySelector('[aria-label=w]').focus()")
        page.press("ArrowRight")
        assert page.run(f"{LIVE}.value('w')") == 1.6
        click(page, "layer")
        assert page.run("document.querySelector('[aria-label=w]').textContent") == "1.6"


def test_what_is_asked_in_an_opened_group(tmp_path: Path) -> None:
    with living(tmp_path, model, depth=0) as page:
        click(page, "group layer, closed")
        click(page, "group scale, closed")
        page.run(
            "[...document.querySelectorAll('svg.bpviz > g')].find(g => g.querySelector('title')?.textContent === 'tanh')"
            ".dispatchEvent(new MouseEvent('click', {bubbles: true}))"
        )
        rows = page.run("[...document.querySelectorAll('.bpviz-panel dd')].map(e => e.textContent)")
        # tanh(0.75) = 0.6351; dL/dh = w·exp(h) = 1.5·exp(0.6351 − 0.125) = 2.498, times 1 − 0.6351² = 0.5966
        assert rows[0].endswith("tanh(0.75) = 0.6351")
        assert rows[1].endswith("2.498 × 0.5966 = 1.49")
        # Another drawing begins without a question.
        click(page, "layer")
        click(page, "group layer, closed")
        click(page, "group scale, closed")
        assert page.run("document.querySelector('.bpviz-panel').hidden")
        assert page.run("document.querySelectorAll('.bpviz-lit, .bpviz-lit-ways, [aria-pressed]').length") == 0


def test_the_address_opens_groups_and_keeps_what_is_open(tmp_path: Path) -> None:
    with living(tmp_path, model, "#w=2&open=layer&open=nothing", depth=0) as page:
        assert shown(page) == with_groups({"w": 2}, "scale")
        click(page, "group scale, closed")
        assert page.comes_to("location.hash", "#w=2&open=layer&open=scale")
        page.run("[...document.querySelectorAll('.bpviz-bar button')].find(b => b.textContent === 'As drawn').click()")
        assert page.comes_to("location.hash", "#w=2")
        assert folds(page) == {"group layer, closed": "false"}


def test_groups_that_are_open_close(tmp_path: Path) -> None:
    with living(tmp_path, model) as page:
        assert folds(page) == {"layer": "true", "scale": "true"}
        click(page, "scale")
        assert shown(page) == with_groups({}, "scale")
        assert page.comes_to("location.hash", "#close=scale")


def test_equal_blocks_open(tmp_path: Path) -> None:
    with living(tmp_path, chain, width="none") as page:
        (title,) = folds(page)
        page.run(f"{LIVE}.set({{w: 0.5}})")
        click(page, title)
        assert shown(page) == numbers_of(bpviz.draw(chain, inputs={"w": 0.5}, width="none", repeats="all"))


def test_figures_without_groups_have_no_script_for_them() -> None:
    text = bpviz.draw(lambda x=2.0: x * x, live=True).to_bytes("html").decode()
    assert "<template>" not in text and "bpviz-fold" not in text


def test_an_input_may_be_called_open(tmp_path: Path) -> None:
    def inner(x: Any) -> Any:
        return x * x

    def outer(open: float = 2.0) -> Any:
        return inner(open) + open

    with living(tmp_path, outer, "#open=3&open group=inner", depth=0) as page:
        assert page.run(f"{LIVE}.value('open')") == 3
        assert folds(page) == {"inner": "true"}


def test_the_policy_allows_every_drawing_its_styles(tmp_path: Path) -> None:
    with living(tmp_path, model, depth=0, theme="auto") as page:
        page.run(
            "window.broken = []; document.addEventListener('securitypolicyviolation', event => broken.push(event.violatedDirective))"
        )
        click(page, "group layer, closed")
        page.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
        ink = "getComputedStyle(document.querySelector('svg.bpviz text.name, svg.bpviz text')).fill"
        dark = page.run(ink)
        page.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "light"}])
        assert page.run(ink) != dark
        assert page.run("broken") == []
