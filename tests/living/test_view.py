"""The view of a living figure in a real browser: zoom and drag of large ones, and pages that keep their wheel."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from devtools import Page, opened

import bpviz

pytestmark = [pytest.mark.browser, pytest.mark.engine]

LIVE = "document.querySelector('figure').bpviz"
WIDTH = "document.querySelector('svg.bpviz').getBoundingClientRect().width"
TOOLS = "document.querySelector('.bpviz-tools')"


def small(price: float = 100, count: float = 2) -> float:
    return price * count


def large(x: float = 0.5, w: float = 0.75) -> float:
    for _ in range(12):
        x = np.tanh(w * x + 0.5 * x)
    return x


@contextmanager
def living(tmp_path: Path, target: Any, width: int = 800, height: int = 600, **options: Any) -> Iterator[Page]:
    place = bpviz.draw(target, live=True, **options).save(tmp_path / "page.html")
    with opened(place) as page:
        page.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        page.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        yield page


def mouse(page: Page, kind: str, x: float, y: float, **more: Any) -> None:
    page.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)


def wheel(page: Page, x: float, y: float, by: float, modifiers: int = 0) -> None:
    page.run("window.kept = []; addEventListener('wheel', event => kept.push(event.defaultPrevented), {once: true})")
    mouse(page, "mouseWheel", x, y, deltaX=0, deltaY=by, modifiers=modifiers)
    assert page.comes_to("kept.length", 1)


CONTROL = 2


def test_a_figure_that_fits_leaves_the_wheel_to_the_page(tmp_path: Path) -> None:
    with living(tmp_path, small) as page:
        assert page.run(f"{TOOLS}.hidden")
        before = page.run(WIDTH)
        for modifiers in (0, CONTROL):
            wheel(page, 100, 60, -100, modifiers)
            assert page.run("kept") == [False]
        assert page.run(WIDTH) == before
        assert page.run("getComputedStyle(document.querySelector('.bpviz-picture')).touchAction") == "auto"


def test_the_wheel_with_ctrl_zooms_a_large_figure_where_the_mouse_is(tmp_path: Path) -> None:
    with living(tmp_path, large, width=500, height=300) as page:
        assert page.run(f"{TOOLS}.hidden") is False
        before = page.run(WIDTH)
        where = "(b => [(200 - b.left) / b.width, (100 - b.top) / b.height])(document.querySelector('svg.bpviz').getBoundingClientRect())"
        point = page.run(where)
        wheel(page, 200, 100, -40, CONTROL)
        assert page.run("kept") == [True]
        assert page.run(WIDTH) == pytest.approx(before * np.exp(0.4), rel=1e-3)
        assert page.run(where) == pytest.approx(point, abs=0.01)
        wheel(page, 200, 100, 40)
        assert page.run("kept") == [False]


def test_buttons_and_keys_zoom_and_fit(tmp_path: Path) -> None:
    frame = "document.querySelector('.bpviz-picture')"
    with living(tmp_path, large, width=500) as page:
        spoken = page.spoken()
        assert {("button", "Zoom in"), ("button", "Zoom out"), ("button", "Fit")} <= set(spoken)
        before = page.run(WIDTH)
        page.run(f"{TOOLS}.children[1].click()")
        assert page.run(WIDTH) == pytest.approx(before * 1.25, rel=1e-3)
        assert page.run(f"{frame}.scrollWidth > {frame}.clientWidth")
        page.run(f"{TOOLS}.children[2].click()")
        assert page.run(f"{frame}.scrollWidth <= {frame}.clientWidth && {frame}.scrollHeight <= {frame}.clientHeight")
        fitted = page.run(WIDTH)
        page.run("document.querySelector('svg.bpviz [tabindex=\"0\"][role=button]').focus()")
        page.press("+")
        assert page.run(WIDTH) == pytest.approx(fitted * 1.25, rel=1e-3)
        page.press("-")
        page.press("+")
        page.press("0")
        assert page.run(WIDTH) == pytest.approx(fitted, rel=1e-3)
        # On a number these keys are typed.
        page.run("document.querySelector('.bpviz-handle').focus()")
        page.press("-")
        assert page.run("document.activeElement.value") == "-"
        assert page.run(WIDTH) == pytest.approx(fitted, rel=1e-3)


def test_a_mouse_drags_the_figure_and_asks_nothing(tmp_path: Path) -> None:
    frame = "document.querySelector('.bpviz-picture')"
    with living(tmp_path, large, width=500) as page:
        for _ in range(2):
            page.run(f"{TOOLS}.children[1].click()")
        x, y = page.run(
            "[...document.querySelectorAll('g.operation circle')].map(c => c.getBoundingClientRect())"
            ".map(b => [b.x + b.width / 2, b.y + b.height / 2]).find(([x, y]) => x > 100 && x < 450 && y > 20 && y < 300)"
        )
        start = page.run(f"[{frame}.scrollLeft, {frame}.scrollTop]")
        mouse(page, "mousePressed", x, y, button="left", buttons=1, clickCount=1)
        for part in (0.5, 1.0):
            mouse(page, "mouseMoved", x - 60 * part, y, button="left", buttons=1)
        mouse(page, "mouseReleased", x - 60, y, button="left", clickCount=1)
        assert page.run(f"[{frame}.scrollLeft, {frame}.scrollTop]") == pytest.approx([start[0] + 60, start[1]], abs=1)
        assert page.run("document.querySelector('.bpviz-panel').hidden")
        # Without a drag it is a click.
        mouse(page, "mousePressed", x - 60, y, button="left", buttons=1, clickCount=1)
        mouse(page, "mouseReleased", x - 60, y, button="left", clickCount=1)
        assert page.run("document.querySelector('.bpviz-panel').hidden") is False


def test_two_fingers_zoom_on_a_phone(tmp_path: Path) -> None:
    with living(tmp_path, large, width=390, height=800) as page:
        page.ask("Emulation.setTouchEmulationEnabled", enabled=True, maxTouchPoints=2)
        before = page.run(WIDTH)

        def fingers(kind: str, apart: float) -> None:
            points = [{"x": 195 - apart / 2, "y": 80, "id": 0}, {"x": 195 + apart / 2, "y": 80, "id": 1}]
            page.ask("Input.dispatchTouchEvent", type=kind, touchPoints=points if apart else [])

        fingers("touchStart", 100)
        for apart in (120, 140, 160):
            fingers("touchMove", apart)
        fingers("touchEnd", 0)
        assert page.run(WIDTH) == pytest.approx(before * 1.6, rel=0.05)


def test_a_letter_leads_to_its_other_end_and_the_address_keeps_the_state(tmp_path: Path) -> None:
    with living(tmp_path, large, width=500, height=300) as page:
        page.run(f"{LIVE}.set({{x: 0.25}})")
        assert page.comes_to("location.hash", "#x=0.25")
        there = "document.querySelector('.bpviz-target')"
        page.run(
            "document.querySelector('svg.bpviz a').dispatchEvent(new MouseEvent('click', {bubbles: true, cancelable: true}))"
        )
        assert page.run(f"{there}.id") == page.run(
            "document.querySelector('svg.bpviz a').getAttribute('href').slice(1)"
        )
        assert page.run(f"document.activeElement === {there}.querySelector('a')")
        assert page.comes_to(f"(b => b.top >= 0 && b.bottom <= innerHeight)({there}.getBoundingClientRect())", True)
        assert page.run("location.hash") == "#x=0.25"
        # From there a click, or Enter, leads back.
        first = page.run(f"{there}.id")
        page.press("Enter")
        assert page.run(f"{there}.id") != first
        assert page.run(f"{there}.querySelector('a').getAttribute('href')") == f"#{first}"


def test_on_paper_it_is_the_plain_figure(tmp_path: Path) -> None:
    with living(tmp_path, large, width=500) as page:
        whole = page.run("document.querySelector('svg.bpviz').width.baseVal.value")
        for _ in range(3):
            page.run(f"{TOOLS}.children[1].click()")
        page.run("document.querySelector('g.operation circle').dispatchEvent(new MouseEvent('click', {bubbles: true}))")
        assert page.run("document.querySelector('.bpviz-panel').hidden") is False
        page.ask("Emulation.setEmulatedMedia", media="print")
        assert page.run("getComputedStyle(document.querySelector('.bpviz-panel')).display") == "none"
        assert page.run(WIDTH) <= whole
        assert page.run(
            "[...document.querySelectorAll('svg.bpviz > g')].every(g => getComputedStyle(g).opacity === '1')"
        )
