"""SVG that moves by itself, and frames of GIF, APNG and WebP: without a script, for readers who like motion."""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import hostile
import pytest
from amounts import some
from devtools import Page, opened

import bpviz
from bpviz.errors import ExtraMissing, UsageError

NS = "{http://www.w3.org/2000/svg}"


def total(price: float = 100, count: float = 2, tax: float = 1.1) -> float:
    return price * count * tax


def visible(page: Page, seconds: float) -> set[str]:
    """The texts that are seen so many seconds after the beginning."""
    page.run(f"document.getAnimations().forEach(a => {{ a.pause(); a.currentTime = {seconds * 1000} }})")
    script = """[...document.querySelectorAll("text")].filter(text => {
        for (let e = text; e instanceof Element; e = e.parentNode) if (getComputedStyle(e).opacity < 0.5) return false;
        return true;
    }).map(text => text.textContent)"""
    return set(page.run(script))


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    file = tmp_path_factory.mktemp("motion") / "apples.svg"
    bpviz.draw(total, animate=True).save(file)
    with opened(file) as page:
        yield page


def prefer(page: Page, motion: str) -> None:
    page.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-reduced-motion", "value": motion}])


NAMED = {"price", "count", "tax", "total", "×"}
FORWARD = {"100", "2", "1.1"}


@pytest.mark.browser
@pytest.mark.engine
def test_it_plays_forward_then_backward(page: Page) -> None:
    prefer(page, "no-preference")
    assert visible(page, 1.0) == NAMED | FORWARD | {"Inputs: price = 100, count = 2, tax = 1.1"}
    assert visible(page, 2.5) == NAMED | FORWARD | {"200", "× : 100 × 2 = 200"}
    assert visible(page, 4.0) == NAMED | FORWARD | {"200", "220", "× : total = 200 × 1.1 = 220"}
    back = NAMED | FORWARD | {"200", "220", "1"}
    assert visible(page, 5.5) == back | {"The backward pass begins at total, with a gradient of 1"}
    assert visible(page, 8.5) >= back | {"2.2", "110"}
    # And from the beginning: nine steps of 1.5 seconds, the last of them three times as long.
    assert visible(page, 13.5 + 1.0) == visible(page, 1.0)


@pytest.mark.browser
@pytest.mark.engine
def test_who_prefers_no_motion_sees_the_whole_picture(page: Page) -> None:
    prefer(page, "reduce")
    assert page.run("document.getAnimations().length") == 0
    assert visible(page, 0) >= NAMED | FORWARD | {"200", "220", "1", "2.2", "110"}
    assert not any(text.startswith("Inputs") for text in visible(page, 0))


@pytest.mark.browser
@pytest.mark.engine
def test_it_plays_within_an_image(tmp_path: Path) -> None:
    bpviz.draw(total, animate=True, seconds=0.05).save(tmp_path / "fast.svg")
    html = tmp_path / "page.html"
    html.write_text('<!DOCTYPE html><img src="fast.svg" width="400">', encoding="utf-8")
    with opened(html) as page:
        shots = {page.ask("Page.captureScreenshot")["data"] for _ in range(12)}
    assert len(shots) > 1


@pytest.mark.engine
def test_it_is_the_picture_with_a_style_sheet_and_no_script() -> None:
    moving, still = bpviz.draw(total, animate=True).to_svg(), bpviz.draw(total).to_svg()
    ElementTree.fromstring(moving)
    assert not re.search(r"<script|href|url\(|@import|javascript", moving)
    # Outside of its one style sheet it holds what the still one does: programs without motion draw the whole.
    drawn = [re.findall(r'<path[^>]* d="([^"]*)"', file) for file in (still, moving)]
    assert sorted(drawn[0]) == sorted(drawn[1])
    assert moving == bpviz.draw(total, animate=True).to_svg()
    assert moving.count("<style") == 1


@pytest.mark.engine
def test_hostile_names_are_data() -> None:
    moving = bpviz.draw(hostile.drawing(), animate=True, repeats="all").to_svg()
    root = ElementTree.fromstring(moving)
    assert {element.tag.removeprefix(NS) for element in root.iter()} <= {
        *("svg", "title", "desc", "style", "rect", "g", "path", "text", "tspan", "circle", "a"),
    }
    # The only links are those between letters.
    assert all(re.fullmatch(r"#bpviz-\w+-\d+", element.attrib["href"]) for element in root.iter(f"{NS}a"))
    shown = {"".join(element.itertext()) for element in root.iter(f"{NS}text")}
    assert set(hostile.PLAIN) <= shown


@pytest.mark.engine
def test_two_on_one_page_have_rules_of_their_own() -> None:
    pages = [bpviz.draw(total, price, animate=True).to_svg() for price in (100, 101)]
    names = [set(re.findall(r'@keyframes ([\w-]+)| id="([^"]*)"', page)) for page in pages]
    assert not names[0] & names[1]
    for page in pages:
        prefix = re.search(r'class="bpviz (bpviz-\w+)"', page)[1]  # type: ignore[index]
        assert all(rule.startswith(f".{prefix} ") for rule in re.findall(r"[}{](\.[^{}]*)\{", page))


@pytest.mark.engine
def test_the_reader_s_dark_page_is_followed() -> None:
    auto = bpviz.draw(total, theme="auto", animate=True).to_svg()
    assert "prefers-color-scheme:dark" in auto
    assert "prefers-reduced-motion:no-preference" in auto
    ElementTree.fromstring(auto)


# Pixels


@pytest.mark.engine
@pytest.mark.parametrize("format", some(["gif", "apng", "webp"]))
def test_every_step_is_a_frame(format: str, tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed: pip install 'bpviz[animate]'")
    file = bpviz.draw(total, seconds=0.5, scale=0.5).save(tmp_path / f"apples.{format}")
    frames, durations = [], []
    with image.open(file) as opened_image:
        for number in range(opened_image.n_frames):
            opened_image.seek(number)
            opened_image.load()
            durations.append(opened_image.info["duration"])
            frames.append(opened_image.convert("RGB").tobytes())
        assert opened_image.info["loop"] == 0
    assert len(frames) == len(set(frames)) == 7
    assert durations == [500] * 6 + [1500]
    assert file.read_bytes() == bpviz.draw(total, seconds=0.5, scale=0.5).to_bytes(format)


@pytest.mark.thorough
@pytest.mark.engine
def test_a_wide_picture_is_smaller_on_the_background_of_the_theme() -> None:
    def powers(x: float = 1.0) -> float:
        for _ in range(12):
            x = x * 1.5
        return x

    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed: pip install 'bpviz[animate]'")
    drawing = bpviz.draw(powers, constants="wires", repeats="all")
    assert image.open(BytesIO(drawing.to_bytes("gif"))).size[0] == 1600
    assert image.open(BytesIO(drawing.to_png())).size[0] > 1600
    for look, ground in (("light", (255, 255, 255)), ("dark", (30, 30, 30))):
        frame = image.open(
            BytesIO(bpviz.draw(powers, theme=look, constants="wires", repeats="all").to_bytes("gif", scale=0.25))
        )
        assert frame.size[0] < 800
        assert frame.convert("RGB").getpixel((0, 0)) == ground


@pytest.mark.engine
def test_too_many_pixels_are_refused_before_they_are_drawn() -> None:
    def powers(x: float = 1.0) -> float:
        for _ in range(120):
            x = x * 1.5
        return x

    with pytest.raises(
        UsageError, match=r"^GIF of 243 steps, each of \d+ × \d+ pixels, would have [2-9]\d\d million; it"
    ):
        bpviz.draw(powers, constants="wires", repeats="all").to_bytes("gif")


@pytest.mark.engine
def test_a_frame_of_a_gif_is_its_png() -> None:
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed: pip install 'bpviz[animate]'")
    drawing = bpviz.draw(total)
    frames = image.open(BytesIO(drawing.to_bytes("apng", scale=0.5)))
    for number, step in enumerate(drawing.steps()):
        frames.seek(number)
        png = image.open(BytesIO(step.to_png(scale=0.5))).convert("RGB")
        assert frames.convert("RGB").tobytes() == png.tobytes()


@pytest.mark.engine
def test_without_pillow_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    before = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.startswith("PIL"):
            raise ImportError(name)
        return before(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ExtraMissing) as caught:
        bpviz.draw(total).to_bytes("gif")
    assert str(caught.value) == 'GIF needs Pillow; install it: pip install "bpviz[animate]"'
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("seconds", [0, -1, 1000])
def test_a_step_lasts_a_while(seconds: float) -> None:
    with pytest.raises(UsageError, match=r"seconds must be more than 0 and less than 1000, such as 1\.5, but got"):
        bpviz.draw(total, seconds=seconds)
