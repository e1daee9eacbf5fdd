"""The walk through the steps on a living page, in a real browser."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from amounts import fewer
from devtools import Page, opened
from living_programs import case
from pages import LIVE, living, plain

import bpviz
from bpviz import nn
from bpviz.picture.elements import Text
from bpviz.picture.stages import Stages

pytestmark = [pytest.mark.browser, pytest.mark.engine]

SENTENCE = "document.querySelector('.bpviz-sentence').textContent"
RIGHT = "document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowRight', bubbles: true}))"
CHECKBOX = "document.querySelector('.bpviz-row input[type=checkbox]')"


def total(price: float = 100, count: float = 2, tax: float = 1.1) -> float:
    subtotal = price * count
    return subtotal * tax + price


def curves(x: Any = 2.0, y: Any = 0.5, z: Any = -1.3) -> Any:
    a = np.exp(x) / y
    return np.tanh(0.01 * a * z) + nn.sigmoid(x) ** 2 + np.log(y) + np.maximum(x, y) + 3 * x - z * x


def layer(
    W: Any = np.array([[0.5, -0.25], [1.0, 2.0]]), x: Any = np.array([1.0, -2.0]), b: Any = np.array([0.1, 0.2])
) -> Any:
    h = np.maximum(W @ x + b, 0)
    z = W @ h
    return nn.softmax_cross_entropy(z, 1)


def walked(page: Page, count: int) -> list[str]:
    """The sentences of the steps before the last, from the page as it is, without the number of the step."""
    found: list[str] = json.loads(
        page.run(f"JSON.stringify(Array.from({{length: {count}}}, () => ({RIGHT}, {SENTENCE})))")
    )
    return [sentence.partition(f" of {count + 1} ")[2] for sentence in found]


@pytest.mark.parametrize(
    ("target", "given"),
    [
        (total, {"tax": -1.25, "price": 0.5}),
        (curves, {"x": -0.75, "z": 2.5, "y": 1.5e-7}),
        (layer, {"x": np.array([-3.1, 0.7]), "W": np.array([[0.1, 0.2], [12.5, -3.25]])}),
    ],
)
def test_the_sentences_are_those_of_the_steps_in_the_numbers_of_now(
    target: Any, given: dict[str, Any], tmp_path: Path
) -> None:
    drawing = bpviz.draw(target)
    sentences = [step.sentence for step in drawing.step_list]
    fresh = [step.sentence for step in bpviz.draw(target, inputs=given).step_list]
    assert len(fresh) == len(sentences) and fresh != sentences
    with living(tmp_path, target) as page:
        assert walked(page, len(sentences) - 1) == sentences[:-1]
        page.run(RIGHT)
        page.run(f"{LIVE}.set({plain(given)})")
        assert walked(page, len(sentences) - 1) == fresh[:-1]


def test_the_sentences_of_random_programs(tmp_path: Path) -> None:
    for seed in range(fewer(24)):
        title, flow, edits = case(seed)
        with living(tmp_path, flow, depth=0 if seed % 2 else None) as page:
            for given in ({}, *edits[:1]):
                now = bpviz.propagate(flow.graph, given)
                fresh = [step.sentence for step in bpviz.draw(now, depth=0 if seed % 2 else None).step_list]
                page.run(f"{LIVE}.set({plain(given)})")
                assert walked(page, len(fresh) - 1) == fresh[:-1], title
                page.run(RIGHT)


def test_every_step_shows_what_has_come_so_far(tmp_path: Path) -> None:
    """By what the browser paints, against the pictures of the film."""
    drawing = bpviz.draw(total)
    script = """JSON.stringify([...document.querySelectorAll('svg.bpviz > g text')]
      .filter(text => getComputedStyle(text).opacity > 0.5).map(text => text.textContent))"""
    with living(tmp_path, total) as page:
        page.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-reduced-motion", "value": "reduce"}])
        for picture in Stages(drawing.picture, drawing.step_list):
            page.press("ArrowRight")
            expected = [e.text for part in picture.parts for e in part.elements if isinstance(e, Text) and e.text]
            assert sorted(json.loads(page.run(script))) == sorted(expected)


def test_arrow_keys_walk_from_the_page_as_it_opens_but_change_a_number_that_has_the_focus(tmp_path: Path) -> None:
    with living(tmp_path, total) as page:
        page.press("ArrowRight")
        assert page.run(SENTENCE) == "Step 1 of 10 Inputs: price = 100, count = 2, tax = 1.1"
        page.press("ArrowRight")
        assert page.run(SENTENCE) == "Step 2 of 10 × : subtotal = 100 × 2 = 200"
        page.run("document.querySelector('[aria-label=price]').focus()")
        page.press("ArrowRight")
        assert page.run(f"{LIVE}.value('price')") == 110
        assert page.run(SENTENCE) == "Step 2 of 10 × : subtotal = 110 × 2 = 220"
        page.run("document.activeElement.blur()")
        page.press("ArrowLeft")
        assert page.run(SENTENCE) == "Step 1 of 10 Inputs: price = 110, count = 2, tax = 1.1"
        # Also while a field is open.
        page.run("document.querySelector('[aria-label=price]').focus()")
        page.press("Enter")
        page.press("ArrowRight")
        assert page.run(SENTENCE).startswith("Step 1 of 10")


def test_the_address_keeps_the_step_beside_the_inputs(tmp_path: Path) -> None:
    place = bpviz.draw(total, live=True).save(tmp_path / "page.html")
    with opened(f"{place.resolve().as_uri()}#tax=1.2&step=3") as page:
        assert page.run(SENTENCE) == "Step 3 of 10 × : 200 × 1.2 = 240"
        page.press("ArrowRight")
        assert page.comes_to("location.hash", "#tax=1.2&step=4")
        page.run("location.hash = '#step=2'")
        assert page.comes_to(SENTENCE, "Step 2 of 10 × : subtotal = 100 × 2 = 200")
        for wrong in ("x", "1.5", "alert(1)"):
            page.run(f"location.hash = '#step={wrong}'")
            assert page.run(SENTENCE).startswith("Step 2 of 10")


def test_an_input_that_is_called_step_keeps_its_name(tmp_path: Path) -> None:
    place = bpviz.draw(lambda step=2.0: step * step, live=True).save(tmp_path / "page.html")
    with opened(f"{place.resolve().as_uri()}#step=3") as page:
        assert page.run(f"{LIVE}.value('step')") == 3
        assert page.run(SENTENCE).startswith("Press")


def test_guessing_hides_the_numbers_until_they_are_asked_for(tmp_path: Path) -> None:
    hidden = "[...document.querySelectorAll('svg.bpviz .forward > text.bpviz-later')].map(t => t.textContent).includes('200')"
    with living(tmp_path, total) as page:
        page.run(f"{CHECKBOX}.click()")
        page.run("document.activeElement.blur()")
        for _ in range(2):
            page.press("ArrowRight")
        assert page.run(SENTENCE) == "Step 2 of 10 × : subtotal = 100 × 2 = ?"
        assert page.run(hidden) is True
        # First the number, then the next step.
        page.press("ArrowRight")
        assert page.run(SENTENCE) == "Step 2 of 10 × : subtotal = 100 × 2 = 200"
        assert page.run(hidden) is False
        page.press("ArrowRight")
        assert page.run(SENTENCE) == "Step 3 of 10 × : 200 × 1.1 = ?"
        x, y = page.run(
            "(() => { const b = [...document.querySelectorAll('.bpviz-row button')].at(3).getBoundingClientRect();"
            " return [b.x + b.width / 2, b.y + b.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            page.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)
        assert page.run(SENTENCE) == "Step 3 of 10 × : 200 × 1.1 = 220"
        # Nothing is there to guess where no number is computed.
        for _ in range(3):
            page.press("ArrowRight")
        assert page.run(SENTENCE) == "Step 5 of 10 The backward pass begins at total, with a gradient of 1"


def test_it_plays_to_the_end_and_pauses(tmp_path: Path) -> None:
    player = "document.querySelectorAll('.bpviz-row button')[2]"
    with living(tmp_path, total, seconds=0.05) as page:
        page.run(f"{player}.click()")
        assert page.run(f"{player}.textContent") == "Pause"
        assert page.run(SENTENCE).startswith("Step 1 of 10")
        assert page.comes_to(f"{player}.textContent", "Play")
        assert page.run(SENTENCE).startswith("Press")
    with living(tmp_path, total, seconds=60) as page:
        page.run(f"{player}.click()")
        page.run(f"{player}.click()")
        assert page.run(f"{player}.textContent") == "Play" and page.run(SENTENCE).startswith("Step 1 of 10")


def test_sums_of_gradients_stay_hidden_until_the_end(tmp_path: Path) -> None:
    note = "getComputedStyle(document.querySelector('svg.bpviz > g.note')).opacity"
    with living(tmp_path, total, repeat="always") as page:
        assert page.run(note) == "1"
        page.press("ArrowRight")
        assert page.run(note) == "0"
        page.press("Escape")
        assert page.run(note) == "1"


def test_on_paper_it_is_the_plain_figure(tmp_path: Path) -> None:
    faint = "[...document.querySelectorAll('svg.bpviz > g *')].filter(one => getComputedStyle(one).opacity < 1).length"
    with living(tmp_path, total) as page:
        page.press("ArrowRight")
        assert page.run(f"{SENTENCE}").startswith("Step 1")
        page.ask("Emulation.setEmulatedMedia", media="print")
        assert page.run(faint) == 0
        assert page.run("document.querySelector('.bpviz-row').checkVisibility()") is False
        assert page.run("document.querySelector('figcaption').checkVisibility()") is True


def test_motion_is_left_out_where_it_is_not_wanted(tmp_path: Path) -> None:
    moving = "getComputedStyle(document.querySelector('svg.bpviz > g.wire path')).transitionDuration"
    with living(tmp_path, total) as page:
        page.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-reduced-motion", "value": "no-preference"}])
        assert page.run(moving) == "0s"
        page.press("ArrowRight")
        assert page.run(moving) == "0.2s, 0.2s"
        page.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-reduced-motion", "value": "reduce"}])
        assert page.run(moving) == "0s"


def test_with_steps_the_page_opens_at_the_first(tmp_path: Path) -> None:
    with living(tmp_path, total, steps=True) as page:
        assert page.run(SENTENCE) == "Step 1 of 10 Inputs: price = 100, count = 2, tax = 1.1"


def test_everything_has_a_name_to_be_read_aloud(tmp_path: Path) -> None:
    with living(tmp_path, total, lang="ja") as page:
        spoken = page.spoken()
        assert ("slider", "ステップ") in spoken and ("combobox", "速さ") in spoken
        assert {("button", name) for name in ("戻る", "次へ", "再生")} <= set(spoken)
        assert ("checkbox", "先に考える") in spoken
