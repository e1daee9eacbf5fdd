import re
import struct
import subprocess
import sys
import zlib
from dataclasses import replace
from functools import cache
from xml.etree import ElementTree

import numpy as np
import pytest
from hand_drawn import HEIGHT, WIDTH, everything, texts
from pixels import pixels, size

import bpviz
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
    page = pixels(png.write(square, theme(name), scale=1))
    assert bytes(page[1, 1, :3]) == bytes.fromhex(theme(name).background[1:])
    assert bytes(page[40, 40, :3]) == bytes.fromhex(theme(name).strokes["backward"].colour[1:])


def test_the_same_picture_gives_the_same_bytes():
    assert png.write(everything(), LIGHT) == png.write(everything(), LIGHT)


def test_the_page_is_opaque_to_its_edges():
    page = pixels(png.write(Picture(100.3, 50.4, ()), theme("dark")))
    corner = bytes.fromhex(theme("dark").background[1:])
    assert {bytes(pixel[:3]) for pixel in (page[0, 0], page[0, -1], page[-1, 0], page[-1, -1])} == {corner}
    assert (page[:, :, 3] == 255).all()


def inked(picture):
    """The columns that are not all background, as fractions of a point."""
    page = pixels(png.write(picture, LIGHT, scale=3))
    return np.flatnonzero((page[:, :, :3] != 255).any(axis=(0, 2))) / 4


def test_text_is_drawn_where_the_layout_measured_it():
    columns = inked(Picture(200.0, 30.0, (Part("n", "node", (Text("name", "HHHH", 20.0, 20.0, 14.0, 0.0, "start"),)),)))
    assert 20 <= columns[0] <= 22
    assert width("HHHH", 14) + 17 <= columns[-1] <= width("HHHH", 14) + 20


@cache
def drawn(page, scale=2.0):
    """Return the pixels of a page; each is drawn once, for reading a Japanese font takes long."""
    return pixels(png.write(page, LIGHT, scale=scale))


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
    np.testing.assert_array_equal(drawn(page), drawn(alone))
    digits = Picture(200.0, 30.0, (Part("n", "node", (replace(parts[1], text="0.9", x=parts[1].x + width(" ", 14)),)),))
    first = int(4 * (30.0 + width("単価 ", 14)))
    np.testing.assert_array_equal(drawn(page, 3)[:, first:], drawn(digits, 3)[:, first:])


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


def chunks(file: bytes) -> list[tuple[bytes, bytes]]:
    """The chunks of a PNG in their order, each with its kind; the sums of all are checked."""
    place, found = 8, []
    while place < len(file):
        (length,) = struct.unpack(">I", file[place : place + 4])
        kind, body = file[place + 4 : place + 8], file[place + 8 : place + 8 + length]
        (total,) = struct.unpack(">I", file[place + 8 + length : place + 12 + length])
        assert total == zlib.crc32(kind + body)
        found.append((kind, body))
        place += 12 + length
    return found


@pytest.mark.parametrize(("scale", "dots"), [(None, 192), (1, 96), (3.125, 300), (6.25, 600)])
def test_the_file_says_its_resolution(scale, dots):
    found = chunks(png.write(Picture(72.0, 36.0, ()), LIGHT, scale=scale))
    kinds = [kind for kind, _ in found]
    assert kinds.count(b"pHYs") == 1 and kinds[0] == b"IHDR" and kinds.index(b"pHYs") < kinds.index(b"IDAT")
    across, down, unit = struct.unpack(">IIB", dict(found)[b"pHYs"])
    # Dots per metre; an inch has 0.0254 m. The page is an inch wide.
    assert unit == 1 and across == down and across * 0.0254 == pytest.approx(dots, abs=0.02)
    assert struct.unpack(">II", dict(found)[b"IHDR"][:8])[0] == dots


def test_a_figure_of_165_mm_at_300_dots_an_inch():
    drawing = bpviz.draw(lambda x=3.0, y=2.0: x * y + x, width="page", title="x y + x")
    found = dict(chunks(drawing.to_png(scale=3.125)))
    pixels, dots = struct.unpack(">I", found[b"IHDR"][:4])[0], struct.unpack(">I", found[b"pHYs"][:4])[0]
    points = float(ElementTree.fromstring(drawing.to_svg()).get("width").removesuffix("pt"))
    # As wide as the SVG, and not wider than 1.3 pages.
    assert pixels / dots == pytest.approx(points / 72 * 0.0254, abs=2 * 0.0254 / 300)
    assert pixels / dots <= 1.3 * 0.165


@pytest.mark.latex("figure")
def test_latex_shows_it_as_large_as_the_pdf(tmp_path):
    drawing = bpviz.draw(lambda x=3.0, y=2.0: x * y + x)
    drawing.save(tmp_path / "small.pdf")
    for name, scale in (("usual", None), ("fine", 3.125)):
        (tmp_path / f"{name}.png").write_bytes(drawing.to_png(scale=scale))
    measure = "".join(
        rf"\setbox0\hbox{{\includegraphics{{{file}}}}}\typeout{{WIDTH \the\wd0}}"
        for file in ("small.pdf", "usual.png", "fine.png")
    )
    (tmp_path / "page.tex").write_text(
        rf"\documentclass{{article}}\usepackage{{graphicx}}\begin{{document}}{measure}\end{{document}}"
    )
    command = ["pdflatex", "-interaction=nonstopmode", "page.tex"]
    printed = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    pdf, *others = (float(width) for width in re.findall(r"WIDTH ([\d.]+)pt", printed))
    assert len(others) == 2 and others == [pytest.approx(pdf, abs=1.0)] * 2


@pytest.mark.thorough
@pytest.mark.hosts  # a large picture is drawn in a child
def test_a_picture_too_large_for_the_usual_scale_gets_the_largest_that_fits():
    large = Picture(12000.0, 4000.0, ())
    with pytest.warns(BpvizWarning, match=r"a scale of 1\.08 instead of 2, because it may have at most 100 million"):
        found = dict(chunks(png.write(large, LIGHT)))
    width, height = struct.unpack(">II", found[b"IHDR"][:8])
    # 12000 × 4000 points are 16000 × 5333 pixels at a scale of 1; √(10⁸ / 85.3·10⁶) = 1.082.
    assert (width, height) == (17280, 5760) and width * height <= 100_000_000
    assert struct.unpack(">I", found[b"pHYs"][:4])[0] * 0.0254 == pytest.approx(96 * 1.08, abs=0.02)
    with pytest.raises(UsageError, match=r"the largest scale is 1\.08\."):
        png.write(large, LIGHT, scale=2)


def test_without_resvg_the_line_to_type_is_given(monkeypatch):
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(EngineMissing, match="pip install resvg-py"):
        png.write(everything(), LIGHT)
