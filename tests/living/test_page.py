"""The living page in a real browser, as a reader has it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from amounts import ALL_CASES, some
from devtools import Page, opened
from places import ROOT

import bpviz
from bpviz import nn
from bpviz.drawing.drawing import Drawing
from bpviz.drawing.load import load
from bpviz.picture.elements import Text

pytestmark = [pytest.mark.browser, pytest.mark.engine]

LIVE = "document.querySelector('figure').bpviz"


def total(price: float = 100, count: float = 2, tax: float = 1.1) -> float:
    subtotal = price * count
    return subtotal * tax + price


def layer(
    W: Any = np.array([[0.5, -0.25], [1.0, 2.0]]), x: Any = np.array([1.0, -2.0]), b: Any = np.array([0.1, 0.2])
) -> Any:
    h = np.maximum(W @ x + b, 0)
    z = W @ h
    return nn.softmax_cross_entropy(z, 1)


def large(W: Any = np.random.default_rng(3).normal(size=(5, 6)), x: Any = np.arange(6.0)) -> Any:
    return np.sum(np.tanh(W @ x) ** 2)


def deciding(x: float = 2.0, y: float = 3.0) -> float:
    if x > 1:
        return x * y
    return x + y


@contextmanager
def living(tmp_path: Path, target: Any, **options: Any) -> Iterator[Page]:
    place = bpviz.draw(target, live=True, **options).save(tmp_path / "page.html")
    with opened(place) as page:
        yield page


def numbers_of(drawing: Drawing) -> list[list[str]]:
    """The texts of a drawing, part by part; names and symbols as well."""
    return [[element.text for element in part.elements if isinstance(element, Text)] for part in drawing.picture.parts]


def shown(page: Page) -> list[list[str]]:
    script = "JSON.stringify([...document.querySelectorAll('svg.bpviz > g')].map(g => [...g.querySelectorAll('text')].map(t => t.textContent)))"
    found: list[list[str]] = json.loads(page.run(script))
    return found


def titles(page: Page) -> list[str]:
    script = (
        "[...document.querySelectorAll('svg.bpviz > g > title, svg.bpviz > g > a > title')].map(t => t.textContent)"
    )
    found: list[str] = json.loads(page.run(f"JSON.stringify({script})"))
    return found


def plain(given: dict[str, Any]) -> str:
    return json.dumps({name: np.asarray(value).tolist() for name, value in given.items()})


@pytest.mark.parametrize(
    ("target", "given"),
    [
        (total, {"tax": 1.2}),
        (total, {"tax": 1.23456, "price": -3e7, "count": 0.000012}),
        (layer, {"b": np.array([0.35, 2.9])}),
        (layer, {"x": np.array([-3.1, 0.7]), "W": np.array([[0.1, 0.2], [12.5, -3.25]])}),
        (large, {"x": np.array([0.3, -0.2, 0.1, 0.25, -0.6, 1.5])}),
    ],
)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"width": "none", "repeat": "never"},
        {"lang": "ja"},
        {"names": "code", "precision": 6, "width": "none", "repeat": "never"},
    ],
)
def test_all_texts_are_those_of_the_figure_with_these_inputs(
    target: Any, given: dict[str, Any], options: dict[str, Any], tmp_path: Path
) -> None:
    fresh = bpviz.draw(target, inputs=given, **options)
    with living(tmp_path, target, **options) as page:
        before = shown(page)
        assert before == numbers_of(bpviz.draw(target, **options))
        page.run(f"{LIVE}.set({plain(given)})")
        # A power of ten may be added to an array, or left out.
        assert [[text for text in part if text] for part in shown(page)] == numbers_of(fresh)
        assert titles(page) == [part.description for part in fresh.picture.parts if part.description]
        assert page.run("document.querySelector('figcaption').textContent") == fresh.picture.description
        assert page.run("document.querySelector('svg desc').textContent") == fresh.picture.description
        page.run(f"{LIVE}.reset()")
        assert [[text for text in part if text] for part in shown(page)] == before


def given_now(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.run(f"Object.fromEntries({LIVE}.inputs.map(name => [name, {LIVE}.value(name)]))")
    return {name: np.array(value) if isinstance(value, list) else value for name, value in found.items()}


def test_the_contract(tmp_path: Path) -> None:
    with living(tmp_path, total) as page:
        page.run(
            "window.heard = []; document.addEventListener('bpviz-change', event => heard.push(event.detail.changed))"
        )
        assert page.run(f"{LIVE}.output") == "total"
        assert page.run(f"{LIVE}.set({{tax: 1.2}}), {LIVE}.value('total')") == 340.0
        assert page.run(f"{LIVE}.gradient('price')") == pytest.approx(3.4)
        assert page.run("heard") == [["tax"]]
        for wrong, words in (
            ("{price: 'x'}", "price is a number"),
            ("{subtotal: 1}", "no input"),
            ("{nothing: 1}", "there is no value named nothing"),
        ):
            with pytest.raises(RuntimeError, match=words):
                page.run(f"{LIVE}.set({wrong})")
        assert page.run(f"{LIVE}.value('tax')") == 1.2
        page.run(f"{LIVE}.reset()")
        assert page.run(f"{LIVE}.value('total')") == total()


def test_what_no_gradient_reaches_has_zeros(tmp_path: Path) -> None:
    with living(tmp_path, lambda x=2.0, y=np.array([1.0, 2.0]): x * x * np.sum(y > 0)) as page:
        assert page.run(f"[{LIVE}.gradient('x'), {LIVE}.gradient('y'), {LIVE}.value('y')]") == [8, [0, 0], [1, 2]]


def test_arrays_are_nested_lists(tmp_path: Path) -> None:
    with living(tmp_path, layer) as page:
        assert page.run(f"{LIVE}.value('W')") == [[0.5, -0.25], [1.0, 2.0]]
        page.run(f"{LIVE}.set({{'W[0,1]': 3, b: [1, 2]}})")
        assert page.run(f"{LIVE}.value('W')") == [[0.5, 3], [1, 2]]
        with pytest.raises(RuntimeError, match="shape"):
            page.run(f"{LIVE}.set({{b: [1]}})")


def middle(page: Page, name: str) -> tuple[float, float]:
    box = page.run(
        f"(b => [b.x + b.width / 2, b.y + b.height / 2])(document.querySelector('[aria-label=\"{name}\"]').getBoundingClientRect())"
    )
    return box[0], box[1]


def mouse(page: Page, kind: str, x: float, y: float, **more: Any) -> None:
    page.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1, **more)


def drag(page: Page, name: str, by: float, modifiers: int = 0) -> None:
    x, y = middle(page, name)
    mouse(page, "mousePressed", x, y, buttons=1)
    for part in (0.5, 1.0):
        mouse(page, "mouseMoved", x + by * part, y, buttons=1, modifiers=modifiers)
    mouse(page, "mouseReleased", x + by, y)


def test_dragging_changes_a_number(tmp_path: Path) -> None:
    with living(tmp_path, total) as page:
        drag(page, "tax", 50)
        assert page.run(f"{LIVE}.value('tax')") == 2.1
        assert page.run(f"{LIVE}.value('total')") == pytest.approx(total(tax=2.1))
        drag(page, "tax", -25, modifiers=8)  # Shift
        assert page.run(f"{LIVE}.value('tax')") == 2.05
        assert page.run("document.querySelector('.bpviz-field')") is None
        assert page.comes_to("location.hash", "#tax=2.05")


def test_a_click_opens_a_field_and_enter_takes_what_is_typed(tmp_path: Path) -> None:
    with living(tmp_path, layer) as page:
        x, y = middle(page, "b[1]")
        mouse(page, "mousePressed", x, y, buttons=1)
        mouse(page, "mouseReleased", x, y)
        assert page.run("document.activeElement.className") == "bpviz-field"
        page.ask("Input.insertText", text="-4.5")
        page.press("Enter")
        assert page.run(f"{LIVE}.value('b')") == [0.1, -4.5]
        assert page.run("document.querySelector('.bpviz-field')") is None
        assert page.run("document.activeElement.getAttribute('aria-label')") == "b[1]"


def test_what_is_no_number_changes_nothing(tmp_path: Path) -> None:
    with living(tmp_path, total) as page:
        page.run("document.querySelector('[aria-label=tax]').focus()")
        page.press("Enter")
        page.ask("Input.insertText", text="a lot")
        page.press("Enter")
        assert page.run(f"{LIVE}.value('tax')") == 1.1
        assert page.run("document.querySelector('.bpviz-said').textContent") == "a lot is not a number."


def test_the_keyboard_alone_is_enough_and_what_changed_is_said(tmp_path: Path) -> None:
    with living(tmp_path, total) as page:
        page.press("Tab")
        assert page.run("document.activeElement.getAttribute('aria-label')") == "price"
        page.press("ArrowRight")
        assert page.run(f"{LIVE}.value('price')") == 110
        assert page.run("document.querySelector('.bpviz-said').textContent") == "price = 110: total = 352"
        spoken = page.spoken()
        assert ("spinbutton", "price") in spoken and ("spinbutton", "tax") in spoken
        assert ("button", "Reset") in spoken
        page.press("Home")
        assert page.run(f"{LIVE}.value('price')") == 100


def test_the_address_keeps_the_state_and_executes_nothing(tmp_path: Path) -> None:
    place = bpviz.draw(layer, live=True).save(tmp_path / "page.html")
    address = f"{place.resolve().as_uri()}#b[0]=2.5&W[1,1]=-1&x=5&b[1]=alert(1)&constructor=3&b[9]=2"
    with opened(address) as page:
        assert page.run(f"{LIVE}.value('b')") == [2.5, 0.2]
        assert page.run(f"{LIVE}.value('W')") == [[0.5, -0.25], [1, -1]]
        assert page.run(f"{LIVE}.value('x')") == [1, -2]
        page.run("location.hash = '#b[0]=7'")
        assert page.comes_to(f"{LIVE}.value('b')[0]", 7)


def test_another_branch_marks_the_numbers_and_names_the_line(tmp_path: Path) -> None:
    line = deciding.__code__.co_firstlineno + 1
    stale = "[...document.querySelectorAll('.bpviz-stale .forward > text:not(.muted, .bpviz-handle)')].map(t => t.textContent)"
    with living(tmp_path, deciding) as page:
        page.run(f"{LIVE}.set({{x: 5}})")
        assert page.run(f"{LIVE}.stale") == [] and page.run(stale) == []
        page.run(f"{LIVE}.set({{x: 0.5}})")
        assert page.run(f"{LIVE}.stale") == [line]
        assert page.run(stale) == ["1.5"]
        assert f"line {line} of the function" in page.run(
            "document.querySelector('.bpviz-warning:not([hidden])').textContent"
        )
        page.run(f"{LIVE}.reset()")
        assert page.run(stale) == []


def test_what_is_not_finite_has_a_frame(tmp_path: Path) -> None:
    with living(tmp_path, lambda x=2.0: np.log(x)) as page:
        page.run(f"{LIVE}.set({{x: -1}})")
        assert "NaN" in str(shown(page))
        assert page.run("document.querySelectorAll('.bpviz-odd').length") == 1
        page.run(f"{LIVE}.set({{x: 1}})")
        assert page.run("document.querySelectorAll('.bpviz-odd').length") == 0


def test_a_small_figure_is_a_small_file(tmp_path: Path) -> None:
    assert bpviz.draw(total, live=True).save(tmp_path / "page.html").stat().st_size < 60_000


def test_what_cannot_follow_stays_still_and_says_so(tmp_path: Path) -> None:
    drawing = bpviz.draw(lambda A=np.eye(2): np.sum(np.linalg.eigvalsh(A)), live=True)
    text = drawing.to_bytes("html").decode()
    assert (
        "<p>This figure does not follow its inputs: eigenvalues depends on its numbers in more than sums of products"
        in text
    )
    assert "<script" not in text
    assert any("does not follow its inputs" in note for note in drawing.notes)


@pytest.mark.parametrize("options", [{"labels": "rules"}, {"path": "price..total"}, {"shared": True}])
def test_options_that_show_more_than_numbers_keep_it_still(options: dict[str, Any]) -> None:
    assert "<script" not in bpviz.draw(total, live=True, **options).to_bytes("html").decode()


@pytest.mark.parametrize(
    "options",
    [{"labels": "symbols"}, {"labels": "shapes"}, {"labels": "none"}, {"show": "forward"}, {"show": "backward"}],
)
def test_figures_without_some_numbers_follow_with_the_others(options: dict[str, Any], tmp_path: Path) -> None:
    with living(tmp_path, total, **options) as page:
        page.run(f"{LIVE}.set({{tax: 1.2}})")
        assert page.run(f"{LIVE}.value('total')") == 340
        fresh = bpviz.draw(total, inputs={"tax": 1.2}, **options)
        assert titles(page) == [part.description for part in fresh.picture.parts if part.description]
        assert [[t for t in part if t] for part in shown(page)] == numbers_of(
            bpviz.draw(total, inputs={"tax": 1.2}, **options)
        )


def test_the_mark_of_the_file_tells_it_from_a_still_one() -> None:
    drawing, still = bpviz.draw(total, live=True), bpviz.draw(total)
    assert drawing.is_shown_by(drawing.to_bytes("html"), "html")
    assert not drawing.is_shown_by(still.to_bytes("html"), "html")
    assert drawing.to_bytes("svg") == still.to_bytes("svg")


STILL = {
    "apples_japanese": "it shows paths",
    "apples_rules": "it shows the arithmetic of rules",
    "apples_what_if": "it compares two runs",
    "layer_beside": "it is not the figure of one run, with its numbers",
    "layer_bias": "it shows paths",
    "perceptron_backward": "it marks what is shared",
    "perceptron_shared": "it marks what is shared",
    "tanh_derivatives": "it is not the figure of one run, with its numbers",
}
"""The figures of the gallery that do not follow their inputs, and why."""
NO_FIGURES = {"descent", "differences", "gradient_field", "regenerate", "secant"}


def test_the_figures_of_the_gallery_follow_their_inputs(tmp_path: Path) -> None:
    place = tmp_path / "page.html"
    place.write_text("", encoding="utf-8")
    rng = np.random.default_rng(7)
    compared = 0
    with opened(place) as page:
        for file in some(sorted((ROOT / "gallery").glob("*.py"))):
            if file.stem in NO_FIGURES:
                continue
            drawing = bpviz.draw(load(str(file)).thing, live=True)
            text = drawing.to_bytes("html")
            if file.stem in STILL:
                assert STILL[file.stem] in text.decode() and "<script" not in text.decode(), file.stem
                continue
            place.write_bytes(text)
            page.go(place.resolve().as_uri())
            flow = drawing.source
            assert isinstance(flow, bpviz.Flow)
            assert [t for part in shown(page) for t in part] == [t for part in numbers_of(drawing) for t in part], (
                file.stem
            )
            now = given_now(page)
            given = {name: value * (1 + 0.3 * rng.normal(size=np.shape(value))) for name, value in now.items()}
            page.run(f"{LIVE}.set({plain(given)})")
            expected = bpviz.propagate(flow.graph, given, output=flow.graph.names[flow.output_index], seed=flow.seed)
            for name in flow.graph.inputs:
                assert np.array(page.run(f"{LIVE}.gradient({json.dumps(name)})")) == pytest.approx(
                    expected.grads[name], rel=1e-9, abs=1e-12
                ), (file.stem, name)
            assert np.array(page.run(f"{LIVE}.value({LIVE}.output)")) == pytest.approx(expected.output, rel=1e-9), (
                file.stem
            )
            fresh = replace(drawing, source=expected)
            if [part.id for part in fresh.picture.parts] == [part.id for part in drawing.picture.parts]:
                compared += 1
                texts = [[t for t in part if t] for part in shown(page)]
                assert texts == numbers_of(fresh), file.stem
                assert titles(page) == [part.description for part in fresh.picture.parts if part.description], file.stem
            page.run(f"{LIVE}.reset()")
            assert [t for part in shown(page) for t in part if t] == [
                t for part in numbers_of(drawing) for t in part
            ], file.stem
    assert compared >= (15 if ALL_CASES else 1)


def test_a_grid_stays_between_its_brackets_and_its_columns_apart(tmp_path: Path) -> None:
    """By what the browser has drawn."""
    script = """(() => {
      const found = [];
      for (const group of document.querySelectorAll('svg.bpviz g.wire')) {
        const boxes = [...group.querySelectorAll('text[text-anchor=end]')].map(t => t.getBoundingClientRect());
        for (const [i, a] of boxes.entries()) for (const b of boxes.slice(i + 1)) {
          if (a.left < b.right && b.left < a.right && Math.abs(a.top - b.top) < 3) found.push([group.textContent]);
        }
        const brackets = [...group.querySelectorAll('path.bracket')].map(p => p.getBoundingClientRect());
        for (let i = 0; i < brackets.length; i += 2) for (const box of boxes) {
          const level = box.bottom > brackets[i].top + 4 && box.top < brackets[i].bottom - 4;
          if (level && (box.left < brackets[i].left || box.right > brackets[i + 1].right)) found.push(['out', group.textContent]);
        }
      }
      return found;
    })()"""
    rng = np.random.default_rng(4)
    with living(tmp_path, layer) as page:
        assert page.run(script) == []
        for scale in (1, 100, 1e4, 1e-3, 1e-6):
            given = {"x": scale * rng.normal(size=2), "b": scale * rng.normal(size=2), "W": rng.normal(size=(2, 2))}
            page.run(f"{LIVE}.set({plain(given)})")
            assert page.run(script) == [], scale
