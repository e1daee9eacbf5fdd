import sys
from dataclasses import replace
from functools import cache

import pytest
from hand_drawn import HEIGHT, WIDTH, everything, texts
from pixels import rows, size

from bpviz.errors import BpvizWarning, EngineMissing, UsageError
from bpviz.picture.elements import Part, Picture, Shape, Text
from bpviz.picture.theme import names, theme
from bpviz.text.widths import width
from bpviz.writers import font_files, png

LIGHT = theme("light")


@pytest.mark.parametrize(("scale", "expected"), [(1.0, (320, 161)), (2.0, (640, 321)), (3.0, (960, 482))])
def test_the_size_is_that_of_the_page_at_96_dots_an_inch(scale, expected):
    drawn = size(png.write(everything(), LIGHT, scale=scale))
    assert abs(drawn[0] - WIDTH * 96 / 72 * scale) <= 1
    assert abs(drawn[1] - HEIGHT * 96 / 72 * scale) <= 1
    assert abs(drawn[0] - expected[0]) + abs(drawn[1] - expected[1]) <= 1


@pytest.mark.parametrize("name", names())
def test_the_colours_are_the_themes(name):
    square = Picture(60.0, 60.0, (Part("d", "node", (Shape("backward", "dot", 30.0, 30.0, 30.0, 30.0),)),))
    pixels = rows(png.write(square, theme(name), scale=1))
    assert pixels[1][1][:3] == tuple(bytes.fromhex(theme(name).background[1:]))
    assert pixels[40][40][:3] == tuple(bytes.fromhex(theme(name).strokes["backward"].colour[1:]))


def test_the_same_picture_gives_the_same_bytes():
    assert png.write(everything(), LIGHT) == png.write(everything(), LIGHT)


def test_the_page_is_opaque_to_its_edges():
    page = rows(png.write(Picture(100.3, 50.4, ()), theme("dark")))
    corner = tuple(bytes.fromhex(theme("dark").background[1:]))
    assert {pixel[:3] for pixel in (page[0][0], page[0][-1], page[-1][0], page[-1][-1])} == {corner}
    assert {pixel[3:] for row in page for pixel in row} <= {(), (255,)}


def inked(picture):
    """The columns that are not all background, as fractions of a point."""
    pixels = rows(png.write(picture, LIGHT, scale=3))
    return [x / 4 for x in range(len(pixels[0])) if any(row[x][:3] != (255, 255, 255) for row in pixels)]


def test_text_is_drawn_where_the_layout_measured_it():
    columns = inked(Picture(200.0, 30.0, (Part("n", "node", (Text("name", "HHHH", 20.0, 20.0, 14.0, 0.0, "start"),)),)))
    assert 20 <= columns[0] <= 22
    assert width("HHHH", 14) + 17 <= columns[-1] <= width("HHHH", 14) + 20


@cache
def drawn(page, scale=2.0):
    """Return the rows of pixels of a page; each is drawn once, for reading a Japanese font takes long."""
    return rows(png.write(page, LIGHT, scale=scale))


@pytest.mark.thorough
@pytest.mark.japanese
@pytest.mark.parametrize("anchor", ["start", "middle", "end"])
def test_numbers_beside_japanese_keep_their_font(anchor):
    """The page with 単価 0.9 minus the page with 単価 alone is the page with 0.9 alone, pixel by pixel."""
    whole, front, number = "単価 0.9", "単価", " 0.9"
    left = {"start": 30.0, "middle": 30.0 + width(whole, 14) / 2, "end": 30.0 + width(whole, 14)}[anchor]
    text = Text("name", whole, left, 20.0, 14.0, width(whole, 14), anchor)
    page = Picture(200.0, 30.0, (Part("n", "node", (text,)),))
    parts = (
        Text("name", front, 30.0, 20.0, 14.0, 0.0, "start"),
        Text("name", number, 30.0 + width(front, 14), 20.0, 14.0, 0.0, "start"),
    )
    alone = replace(page, parts=tuple(Part(str(i), "node", (part,)) for i, part in enumerate(parts)))
    assert drawn(page) == drawn(alone)
    digits = Picture(200.0, 30.0, (Part("n", "node", (replace(parts[1], text="0.9", x=parts[1].x + width(" ", 14)),)),))
    first = int(4 * (30.0 + width("単価 ", 14)))
    assert [row[first:] for row in drawn(page, 3)] == [row[first:] for row in drawn(digits, 3)]


@pytest.mark.japanese
def test_japanese_is_drawn_without_a_warning(recwarn):
    assert len(inked(texts("単価"))) > 60
    assert not recwarn


def test_characters_that_no_font_has_are_reported(monkeypatch):
    monkeypatch.setattr(font_files, "_installed", tuple)
    with pytest.warns(BpvizWarning, match="No font on this machine can draw: 単 価") as caught:
        png.write(texts("単価 x"), LIGHT)
    assert len(caught) == 1


@pytest.mark.parametrize(
    "word", ["&amp;", "<b>bold</b>", "]]>", "a\x00b", "\ud800", "﷽", "שלום 12 🚀", "  x  ", "e\u0301"]
)
def test_any_text_can_be_drawn(word, recwarn):
    assert size(png.write(texts(word), LIGHT))


@pytest.mark.parametrize("scale", [0, -1, float("nan"), float("inf"), 1e-9, 1000])
def test_a_size_that_cannot_be_is_refused(scale):
    with pytest.raises(UsageError, match=r"at most 100 million, .* Give another scale, or write SVG or PDF\."):
        png.write(everything(), LIGHT, scale=scale)


def test_without_resvg_the_line_to_type_is_given(monkeypatch):
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(EngineMissing, match="pip install resvg-py"):
        png.write(everything(), LIGHT)
