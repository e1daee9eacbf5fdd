"""Pages: read aloud, walked with the keyboard, without a script, without a network, on paper, beside others."""

from __future__ import annotations

import base64
import re
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import hostile
import pytest
from devtools import Page, opened, until

import bpviz
from bpviz.picture.theme import theme
from bpviz.text.language import language
from bpviz.writers.html import fragment, write


def total(price: float = 100, count: float = 2, tax: float = 1.1) -> float:
    subtotal = price * count
    return subtotal * tax


SENTENCES = [
    "Inputs: price = 100, count = 2, tax = 1.1",
    "× : subtotal = 100 × 2 = 200",
    "× : total = 200 × 1.1 = 220",
    "The backward pass begins at total, with a gradient of 1",
    "× : ∂total/∂subtotal = 1 × 1.1 = 1.1, ∂total/∂tax = 1 × 200 = 200",
    "× : ∂total/∂price = 1.1 × 2 = 2.2, ∂total/∂count = 1.1 × 100 = 110",
    "Computation graph of total: total = 220; gradients: price 2.2, count 110, tax 200.",
]


@pytest.fixture
def player(tmp_path: Path) -> Iterator[Page]:
    file = bpviz.draw(total, steps=True).save(tmp_path / "apples.html")
    with opened(file) as page:
        yield page


def spoken_text(page: Page) -> str:
    """The sentences that are seen."""
    script = (
        "[...document.querySelectorAll('.bpviz-stage p')].filter(p => p.offsetParent).map(p => p.innerText).join('|')"
    )
    return str(page.run(script))


def seen(page: Page) -> set[str]:
    """The texts of the picture that are seen in the present step."""
    page.run("Promise.all(document.getAnimations().map(a => a.finished))")
    script = """(() => {
        const stage = [...document.querySelectorAll(".bpviz-stage")].find(stage => stage.offsetParent);
        const k = Number(getComputedStyle(stage).getPropertyValue("--k"));
        const drawing = document.querySelector("defs > g");
        drawing.style.setProperty("--k", k);
        const found = [...drawing.querySelectorAll("text")].filter(text => {
            for (let e = text; e !== drawing; e = e.parentNode) if (getComputedStyle(e).opacity < 0.5) return false;
            return true;
        }).map(text => text.textContent);
        drawing.style.removeProperty("--k");
        return found;
    })()"""
    return set(page.run(script))


def comes_to(player: Page, sentence: str) -> bool:
    """Return whether the player shows a sentence in time: a key has its effect when the page gets to it."""
    return until(lambda: spoken_text(player).endswith(sentence))


@pytest.mark.browser
@pytest.mark.engine
def test_a_reader_walks_with_the_keyboard(player: Page) -> None:
    assert spoken_text(player) == f"Step 1 of 7 {SENTENCES[0]}"
    player.press("Tab")
    for number, sentence in enumerate(SENTENCES[1:], 2):
        player.press("ArrowRight")
        assert comes_to(player, f"Step {number} of 7 {sentence}"), spoken_text(player)
    # The last step is the last: the way is no circle.
    player.press("ArrowRight")
    assert comes_to(player, SENTENCES[-1])
    player.press("ArrowLeft")
    assert comes_to(player, SENTENCES[-2])
    player.press("Home")
    assert comes_to(player, SENTENCES[0])
    player.press("End")
    assert comes_to(player, SENTENCES[-1])


@pytest.mark.browser
@pytest.mark.engine
def test_the_picture_goes_with_the_step(player: Page) -> None:
    player.run("for (const e of document.querySelectorAll('.shown')) e.style.transition = 'none'")
    names = {"price", "count", "tax", "total", "×"}
    assert seen(player) == names | {"100", "2", "1.1"}
    player.press("Tab")
    player.press("ArrowRight")
    assert seen(player) == names | {"100", "2", "1.1", "subtotal", "200"}
    player.press("End")
    assert seen(player) == names | {"100", "2", "1.1", "subtotal", "200", "220", "1", "2.2", "110"}


@pytest.mark.browser
def test_a_letter_leads_to_its_other_end(tmp_path: Path) -> None:
    def chain(x: float = 0.4, w: float = 0.9) -> float:
        for _ in range(60):
            x = bpviz.nn.tanh(w * x)
        return x

    file = bpviz.draw(chain, repeats="all").save(tmp_path / "chain.html")
    script = """(() => {
        const ring = document.querySelector(":target");
        const {top, bottom} = ring.getBoundingClientRect();
        const seen = top < innerHeight && bottom > 0;
        return [ring.querySelector("text").textContent, ring.querySelector("title").textContent, seen].join("|");
    })()"""
    with opened(file) as page:
        page.press("Tab")
        page.press("Enter")
        assert page.comes_to(script, "A|A continues from row 1|true")
        page.run("document.querySelectorAll('g.node > a')[20].dispatchEvent(new MouseEvent('click', {bubbles: true}))")
        assert page.run(script).endswith("|true")
        assert (
            page.run("document.querySelectorAll('g.node > a')[20].querySelector('text').textContent").strip()
            == page.run(script)[0]
        )
        role = "document.querySelector('g.node > a').closest('g').getAttribute('role')"
        assert page.run(role) is None


@pytest.mark.browser
@pytest.mark.engine
def test_buttons_change_the_step_and_announce_it(player: Page) -> None:
    player.run("document.querySelector('button[value=\"1\"]').click()")
    assert spoken_text(player).endswith(SENTENCES[1])
    assert player.run("document.querySelector('[aria-live=polite]').textContent") == f"Step 2 of 7: {SENTENCES[1]}"
    assert player.run("[...document.querySelectorAll('button')].map(b => b.ariaDisabled === 'true')") == [False, False]
    player.run("document.querySelector('button[value=\"-1\"]').click()")
    assert player.run("[...document.querySelectorAll('button')].map(b => b.ariaDisabled === 'true')") == [True, False]


@pytest.mark.browser
@pytest.mark.engine
def test_it_is_read_aloud(player: Page) -> None:
    spoken_parts = player.spoken()
    assert ("radio", f"Step 1 of 7: {SENTENCES[0]}") in [
        (role.replace("radioButton", "radio"), s) for role, s in spoken_parts
    ]
    assert ("button", "Next") in spoken_parts
    assert any(role in ("image", "graphics-document") and text == SENTENCES[-1] for role, text in spoken_parts)


@pytest.mark.browser
@pytest.mark.engine
def test_without_a_script_keys_and_labels_walk(tmp_path: Path) -> None:
    file = bpviz.draw(total, steps=True).save(tmp_path / "apples.html")
    with opened(file) as page:
        page.ask("Emulation.setScriptExecutionDisabled", value=True)
        page.go(file.as_uri())
        assert page.run("document.querySelector('.bpviz-buttons').hidden") is True
        page.press("Tab")
        page.press("ArrowRight")
        page.press("ArrowRight")
        assert spoken_text(page).endswith(SENTENCES[2])
        page.run("[...document.querySelectorAll('.bpviz-walk')].find(w => w.offsetParent).lastChild.click()")
        assert spoken_text(page).endswith(SENTENCES[3])


@pytest.mark.browser
@pytest.mark.engine
@pytest.mark.parametrize("scripts", [True, False])
def test_the_same_figure_twice_on_a_page(scripts: bool, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    figure = bpviz.draw(total, steps=True).to_fragment()
    file.write_text(f'<!DOCTYPE html><meta charset="utf-8"><body>{figure}{figure}', encoding="utf-8")
    with opened(file) as page:
        page.ask("Emulation.setScriptExecutionDisabled", value=not scripts)
        page.go(file.as_uri())
        for key in ("Tab", "ArrowRight", "ArrowRight", "Enter"):
            page.press(key)
        first, second = spoken_text(page).split("|")
        assert (first.endswith(SENTENCES[2]), second.endswith(SENTENCES[0])) == (True, True)
        assert page.run("location.search") == ""


@pytest.mark.browser
@pytest.mark.engine
def test_on_paper_stand_all_steps(player: Page, tmp_path: Path) -> None:
    pdf = tmp_path / "apples.pdf"
    pdf.write_bytes(base64.b64decode(player.ask("Page.printToPDF")["data"]))
    text = subprocess.run(["pdftotext", "-layout", str(pdf), "-"], capture_output=True, check=True).stdout.decode()
    shown = " ".join(text.split())
    for number, sentence in enumerate(SENTENCES, 1):
        assert f"Step {number} of 7 {sentence}" in shown
    assert shown.count("price") >= len(SENTENCES)


@pytest.mark.browser
@pytest.mark.engine
def test_it_works_from_a_file_and_loads_nothing(tmp_path: Path) -> None:
    file = bpviz.draw(total, steps=True).save(tmp_path / "apples.html")
    with opened(file) as page:
        page.ask("Network.enable")
        page.ask("Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=0, uploadThroughput=0)
        page.go(file.as_uri())
        assert page.run("performance.getEntriesByType('resource').length") == 0
        assert spoken_text(page).endswith(SENTENCES[0])
    source = file.read_text(encoding="utf-8")
    assert not re.search(r'(?:src|href)="(?!#)|url\(|@import|https?://(?!www\.w3\.org/2000/svg)', source)


@pytest.mark.browser
@pytest.mark.engine
def test_two_on_one_page_do_not_disturb_each_other(tmp_path: Path) -> None:
    drawings = [bpviz.draw(total, price, steps=True) for price in (100, 250)]
    parts = [fragment(d.picture, d.theme, steps=d.step_list) for d in drawings]
    ids = [set(re.findall(r' id="([^"]*)"', part)) for part in parts]
    assert not ids[0] & ids[1]
    file = tmp_path / "two.html"
    file.write_text(f'<!DOCTYPE html><meta charset="utf-8">{"".join(parts)}', encoding="utf-8")
    with opened(file) as page:
        page.run("document.querySelectorAll('button[value=\"1\"]')[1].click()")
        assert spoken_text(page).split("|") == [
            f"Step 1 of 7 {SENTENCES[0]}",
            "Step 2 of 7 × : subtotal = 250 × 2 = 500",
        ]


class Elements(HTMLParser):
    """The elements and attributes of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.texts: list[str] = []
        self.links: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if tag == "a" and name == "href"]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.mark.engine
@pytest.mark.parametrize("steps", [False, True])
def test_hostile_names_are_data(steps: bool) -> None:
    page = Elements(bpviz.draw(hostile.drawing(), steps=steps).to_bytes("html").decode())
    assert page.tags.count("script") == steps
    assert not {"img", "b", "i", "link"} & set(page.tags)
    # The only links are those of letters, within the page.
    assert all(re.fullmatch("#bpviz-[0-9a-f]{8}-[0-9]+", link) for link in page.links)
    assert page.tags.count("a") == len(page.links)
    assert not any(name.startswith("on") for name in page.attributes)
    shown = "".join(page.texts)
    for name in hostile.PLAIN:
        assert name.strip() in shown


@pytest.mark.browser
@pytest.mark.engine
def test_hostile_names_run_no_code(tmp_path: Path) -> None:
    file = bpviz.draw(hostile.drawing(), steps=True).save(tmp_path / "hostile.html")
    with opened(file) as page:
        page.run("window.alert = () => { window.alarm = true }")
        page.go(file.as_uri())
        assert page.run("window.alarm === undefined && document.scripts.length") == 1


@pytest.mark.engine
def test_the_page_has_caption_language_and_table() -> None:
    page = bpviz.draw(total).to_bytes("html").decode()
    assert f"<figcaption>{SENTENCES[-1]}</figcaption>" in page
    assert '<html lang="en">' in page
    assert "<title>Computation graph of total: total = 220;" in page
    rows = re.findall(r'<th scope="row">(\w+)</th>(.*?)</tr>', page)
    cells = {name: re.findall("<td>(.*?)</td>", row) for name, row in rows}
    assert cells["price"][1:] == ["100", "2.2", "count·tax", "grows by 2.2"]
    # By how much the tax of 1.1 moves the total of 220: by the 200 that it multiplies.
    assert cells["tax"][1:3] == ["1.1", "200"]
    assert "<table" not in bpviz.draw(total, show="forward").to_bytes("html").decode()


@pytest.mark.engine
def test_a_page_is_light_dark_or_the_reader_s() -> None:
    def grounds(look: str) -> list[str]:
        page = bpviz.draw(total, theme=look).to_bytes("html").decode()
        return re.findall(r"body\{background:(#\w+);color:#\w+;color-scheme:(\w+)\}", page)

    assert grounds("light") == [("#FFFFFF", "light")]
    assert grounds("dark") == [("#1E1E1E", "dark")]
    assert grounds("auto") == [("#FFFFFF", "light"), ("#1E1E1E", "dark")]


@pytest.mark.engine
def test_the_words_of_the_page_are_the_reader_s() -> None:
    drawing = bpviz.draw(total)
    page = write(drawing.picture, theme("light"), steps=drawing.step_list, say=language("ja")).decode()
    assert '<html lang="ja">' in page
    assert "7ステップ中1" in page
    assert 'aria-label="次へ"' in page


def powers(x: float = 1.0) -> float:
    for _ in range(40):
        x = x * 1.5
    return x


@pytest.mark.browser
@pytest.mark.engine
def test_a_wide_picture_scrolls_to_the_step(tmp_path: Path) -> None:
    drawing = bpviz.draw(powers, steps=True, width="none", repeats="all")
    with opened(drawing.save(tmp_path / "powers.html")) as page:
        page.ask("Emulation.setDeviceMetricsOverride", width=800, height=600, deviceScaleFactor=1, mobile=False)
        page.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-reduced-motion", "value": "reduce"}])
        # At half its size: letters of 14 points, at least, are 7 points high.
        wide = "[...document.querySelectorAll('.bpviz-picture')].find(p => p.offsetParent)"
        assert page.run(f"{wide}.scrollWidth") == pytest.approx(drawing.picture.width / 2 * 4 / 3, abs=1)
        boxes = {part.id: part.elements[0].x for part in drawing.picture.parts if part.detail == "operation"}  # type: ignore[union-attr]
        page.press("Tab")
        for step in drawing.step_list[1:]:
            page.press("ArrowRight")
            assert comes_to(page, step.sentence)
            left, seen, scale = page.run(f"[{wide}.scrollLeft, {wide}.clientWidth, {wide}.scrollWidth]")
            for box in boxes.keys() & step.boxes:
                at = boxes[box] / drawing.picture.width * scale
                assert left <= at <= left + seen
