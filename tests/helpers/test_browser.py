"""The harness that judges pictures is judged first: drawings with one known fault each, and one without."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest
from browser import Measurement, collisions, measure, screenshot
from collisions import Outline
from devtools import opened

import bpviz

# Two circles (radius 12) joined by a paired wire with its two numbers, in a frame: nothing touches what it must not.
CLEAN = """
<g class="frame"><title>Sigmoid</title><rect class="shape" x="5" y="5" width="190" height="90" rx="8"/>
  <text class="title" x="100" y="18">Sigmoid</text></g>
<g class="node operation"><title>a</title><circle class="shape" cx="30" cy="50" r="12"/>
  <text class="symbol" x="30" y="54">×</text></g>
<g class="node operation"><title>b</title><circle class="shape" cx="170" cy="50" r="12"/>
  <text class="symbol" x="170" y="54">+</text></g>
<g class="wire"><title>a to b</title>
  <path class="forward" d="M42 47.5 H152"/><path class="head forward" d="M158 47.5 l-7 -3 v6 z"/>
  <path class="backward" d="M158 52.5 H48"/><path class="head backward" d="M42 52.5 l7 -3 v6 z"/>
  <text class="forward value" x="100" y="43">1.1</text><text class="backward value" x="100" y="66">−0.25</text></g>
"""
FAULTS = {
    "text over text": ('<text x="106" y="45">22</text>', 'text "1.1" of wire "a to b" overlaps text "22" by'),
    "text crossed by a line": (
        '<text x="70" y="52">7</text>',
        'text "7" is crossed by the line (forward) of wire "a to b"',
    ),
    "text crossed by a curve": (
        '<g class="wire"><path class="backward" d="M60 20 C90 20 95 60 100 75"/></g>',
        'text "−0.25" of wire "a to b" is crossed by the line (backward) of wire number 5',
    ),
    "text over a node": ('<text x="30" y="41">808</text>', 'text "808" overlaps node operation "a"'),
    "text under an arrow head": (
        '<path class="head forward" d="M100 36 l8 4 v-8 z"/>',
        'text "1.1" of wire "a to b" is crossed by the arrow head',
    ),
    "text over a frame's border": (
        '<text x="195" y="80">9</text>',
        'text "9" is crossed by the border of frame "Sigmoid"',
    ),
    "symbol wider than its shape": (
        '<g class="node"><title>c</title><circle class="shape" cx="100" cy="82" r="9"/>'
        '<text class="symbol" x="100" y="86">×(−1)</text></g>',
        'text "×(−1)" of node "c" sticks out of its own shape',
    ),
    "arrow head in a shape": (
        '<path class="head forward" d="M165 50 l-8 -3 v6 z"/>',
        'arrow head reaches 7.0 into node operation "b"',
    ),
    "line through a node": (
        '<g class="wire"><title>far</title><path class="forward" d="M10 30 L70 75"/></g>',
        'line (forward) of wire "far" runs',
    ),
    "node over a node": (
        '<g class="node"><title>c</title><circle class="shape" cx="48" cy="50" r="12"/></g>',
        'node operation "a" overlaps node "c"',
    ),
    "node over a frame's border": (
        '<g class="node"><title>c</title><rect class="shape" x="60" y="85" width="20" height="20"/></g>',
        'node "c" is crossed by the border of frame "Sigmoid"',
    ),
    "text over a heat map": (
        '<rect class="cell" x="90" y="38" width="6" height="6"/>',
        'text "1.1" of wire "a to b" overlaps',
    ),
    "text outside the page": ('<text x="192" y="110">wide enough</text>', 'text "wide enough" lies'),
    "line outside the page": ('<path class="forward" d="M150 110 V125"/>', "line (forward) lies 5.5 outside the page"),
    "seen through transforms": (
        '<g transform="translate(50 -10) scale(2)"><path transform="rotate(90)" class="forward" d="M20 -25 H40"/></g>',
        'text "1.1" of wire "a to b" is crossed by the line (forward)',
    ),
}
HARMLESS = {
    "nothing": "",
    "a line close below a number": '<path class="forward" d="M80 44.2 H120"/>',
    "a line between the rows of a text": (
        '<path class="forward" d="M55 82.5 H80"/><text x="67" y="80">xv<tspan x="67" y="92">ox</tspan></text>'
    ),
    "two strokes of one bracket": '<path class="bracket" d="M84 34 h-3 v10 h3 M116 34 h3 v10 h-3"/>',
    "spaces that are kept": '<text x="100" y="82" xml:space="preserve">a  b </text>',
    "a mark around its text and in a cell": (
        '<g class="wire"><rect class="mark" x="60" y="74" width="30" height="14"/><text x="75" y="85">NaN</text></g>'
        '<g class="wire"><rect class="cell" x="100" y="74" width="6" height="6"/>'
        '<path class="mark" d="M100 74 l6 6 M106 74 l-6 6"/></g>'
    ),
    "hidden things": '<g display="none"><text x="100" y="43">22</text></g><defs><path d="M0 0 H500"/></defs>',
    "a line that ends at a branch dot": (
        '<g class="node branch"><title>d</title><circle class="shape" cx="60" cy="80" r="2.5"/></g>'
        '<g class="wire"><path class="forward" d="M60 80 H90"/><path class="forward" d="M40 80 H60"/></g>'
    ),
}


def drawing(extra: str) -> str:
    return (
        '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" class="bpviz" viewBox="0 0 200 120" width="99pt">'
        '<style>text { font: 11px "DejaVu Sans", sans-serif; text-anchor: middle } rect.shape, circle { fill: none }'
        " path, .shape, .mark { stroke: black; fill: none } .head { stroke: none; fill: black }</style>"
        f'<rect class="background" x="-9" width="999" height="999" fill="white"/>{CLEAN}{extra}</svg>'
    )


@pytest.fixture(scope="module")
def seen() -> dict[str, Measurement]:
    cases = {name: extra for name, (extra, _) in FAULTS.items()} | HARMLESS
    return measure({name: drawing(extra) for name, extra in cases.items()})


@pytest.mark.browser
@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_found(fault: str, seen: dict[str, Measurement]) -> None:
    found = collisions(seen[fault])
    assert [sentence for sentence in found if FAULTS[fault][1] in sentence], found


@pytest.mark.browser
@pytest.mark.parametrize("case", HARMLESS)
def test_clean_figures_are_not_reported(case: str, seen: dict[str, Measurement]) -> None:
    assert collisions(seen[case]) == []


@pytest.mark.browser
def test_boxes_are_the_ink_of_the_glyphs(seen: dict[str, Measurement]) -> None:
    """A digit of DejaVu Sans is 1493 of 2048 units high and stands on its baseline (its round ones overshoot by 29)."""
    value = next(text for text in seen["nothing"].texts if text.content == "1.1")
    (_, top, _, bottom) = value.boxes[0]
    assert (top, bottom) == (pytest.approx(43 - 11 * 1493 / 2048, abs=0.2), pytest.approx(43, abs=0.2))
    spaced = next(text for text in seen["spaces that are kept"].texts if text.owner < 0)
    assert [bottom - top for _, top, _, bottom in spaced.boxes] == [pytest.approx(11 * 1556 / 2048, abs=0.3)]


@pytest.mark.browser
def test_an_unreadable_figure_is_named() -> None:
    with pytest.raises(RuntimeError, match=r"cannot read broken: .*error"):
        measure({"broken": "<svg><g></svg>", "good": drawing("")})


@pytest.mark.browser
def test_every_kind_of_collision_is_found(seen: dict[str, Measurement]) -> None:
    clean = seen["nothing"]
    counts = [
        len(things) for things in (clean.texts, clean.shapes, clean.lines, clean.heads, clean.frames, clean.cells)
    ]
    assert counts == [5, 2, 2, 2, 1, 0]
    assert [line.points for line in clean.lines] == [((42, 47.5), (152, 47.5)), ((158, 52.5), (48, 52.5))]


@pytest.mark.browser
def test_screenshots_follow_the_reader_s_scheme(tmp_path: Path) -> None:
    """A page that is one colour to its last row, black or white by the scheme."""
    style = "<style>@media (prefers-color-scheme: dark) { rect { fill: white } }</style>"
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 80 96">{style}<rect width="80" height="96"/></svg>'
    for dark, channel in ((False, 0), (True, 255)):
        screenshot(svg, tmp_path / "shot.png", dark=dark, scale=1.5)
        png = (tmp_path / "shot.png").read_bytes()
        assert (int.from_bytes(png[16:20]), int.from_bytes(png[20:24])) == (120, 144)
        # The first pixel stands there plainly; filtered, all further rows of a page of one colour are the same bytes.
        data = zlib.decompress(png[png.index(b"IDAT") + 4 : -16])
        rows = [data[at : at + len(data) // 144] for at in range(0, len(data), len(data) // 144)]
        assert (rows[0][1:4], set(rows[2:])) == (bytes((channel,)) * 3, {rows[1]})


def test_depth_in_a_circle_and_in_a_rounded_box() -> None:
    circle = Outline("shape", 0, (-5.0, -5.0, 5.0, 5.0), 5.0, 0.0)
    assert [circle.depth(point) for point in ((0.0, 0.0), (3.0, 4.0), (6.0, 8.0))] == [5.0, 0.0, -5.0]
    box = Outline("shape", 0, (0.0, 0.0, 20.0, 10.0), 2.0, 0.0)
    assert [box.depth(point) for point in ((10.0, 5.0), (10.0, -3.0), (25.0, 14.0))] == [
        5.0,
        -3.0,
        pytest.approx(2 - 9.2195, abs=1e-4),
    ]


@pytest.mark.browser
@pytest.mark.engine
def test_a_figure_reads_aloud_in_the_order_of_computation(tmp_path: Path) -> None:
    def total(price: float = 100, count: float = 2, tax: float = 1.1) -> float:
        subtotal = price * count
        return subtotal * tax

    page = tmp_path / "page.html"
    page.write_text(f'<!DOCTYPE html><meta charset="utf-8">{bpviz.draw(total).to_svg()}', encoding="utf-8")
    with opened(page) as browser:
        spoken_parts = [(role, name) for role, name in browser.spoken() if role not in ("StaticText", "InlineTextBox")]
    assert spoken_parts == [
        (
            "graphics-document",
            "Computation graph Computation graph of total: total = 220; gradients: price 2.2, count 110, tax 200.",
        ),
        ("image", "input price"),
        ("image", "input count"),
        ("image", "input tax"),
        ("image", "price to ×: value 100, gradient 2.2"),
        ("image", "count to ×: value 2, gradient 110"),
        ("image", "multiply, makes subtotal"),
        ("image", "tax to ×: value 1.1, gradient 200"),
        ("image", "subtotal to ×: value 200, gradient 1.1"),
        ("image", "multiply, makes total"),
        ("image", "× to total: value 220, gradient 1"),
        ("image", "output total"),
    ]
