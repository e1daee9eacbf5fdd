"""A theme's own font: measured in it, drawn in it, named in the SVG; and refused in one sentence where it cannot be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from pixels import pixels

import bpviz
from bpviz.errors import UsageError
from bpviz.picture.elements import Text
from bpviz.text import widths

LETTERS = "0123456789.−×xyL/∂ ="
THEME = 'base = "light"\n[font]\nupright = "{}"\nitalic = "{}"\n'


def font(path: Path, family: str, upright: float, letters: str = LETTERS) -> Path:
    """Make a font whose every glyph is a black square, ``upright`` em wide."""
    builder = FontBuilder(1000)
    names = [".notdef", *(f"g{i}" for i in range(len(letters)))]
    pen = TTGlyphPen(None)
    for step, corner in enumerate([(0, 0), (0, 700), (round(1000 * upright), 700), (round(1000 * upright), 0)]):
        (pen.lineTo if step else pen.moveTo)(corner)
    pen.closePath()
    square = pen.glyph()
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({ord(c): names[i + 1] for i, c in enumerate(letters)})
    builder.setupGlyf(dict.fromkeys(names, square))
    builder.setupHorizontalMetrics(dict.fromkeys(names, (round(1000 * upright), 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    style = "Italic" if "Italic" in path.stem else "Regular"
    builder.setupNameTable({"familyName": family, "styleName": style, "psName": f"{path.stem}-{style}"})
    builder.setupOS2(
        sTypoAscender=800, usWinAscent=800, usWinDescent=200, fsSelection=1 if "Italic" in path.stem else 64
    )
    builder.setupPost(italicAngle=-10 if "Italic" in path.stem else 0)
    if "Italic" in path.stem:
        builder.font["head"].macStyle = 2
    path.parent.mkdir(exist_ok=True)
    builder.save(path)
    return path


def book(folder: Path, em: float, family: str = "Book Face", letters: str = LETTERS) -> str:
    """Make a theme with a font of its own; return its path."""
    for name in ("Book.ttf", "Book-Italic.ttf"):
        font(folder / name, family, em, letters)
    (folder / "book.toml").write_text(THEME.format("Book.ttf", "Book-Italic.ttf"), encoding="utf-8")
    return str(folder / "book.toml")


def total(x: float = 12.5, y: float = 3.0) -> float:
    return x * y


def lengths(drawing: bpviz.Drawing) -> Mapping[str, float]:
    return {e.text: e.width for part in drawing.picture.parts for e in part.elements if isinstance(e, Text)}


def test_text_is_as_wide_as_it_is_drawn(tmp_path: Path) -> None:
    found = lengths(bpviz.draw(total, theme=book(tmp_path, 1.1)))
    assert found["12.5"] == pytest.approx(4 * 1.1 * 14)
    assert found["x"] == pytest.approx(1.1 * 14)


def test_a_narrow_font_keeps_the_room_of_the_font_that_readers_without_it_see(tmp_path: Path) -> None:
    found = lengths(bpviz.draw(total, theme=book(tmp_path, 0.3)))
    assert found["12.5"] == pytest.approx(widths.width("12.5", 14))


def test_what_the_font_lacks_is_measured_and_drawn_in_the_bundled_one(tmp_path: Path) -> None:
    drawing = bpviz.draw(total, theme=book(tmp_path, 1.1, letters="12.xy"))
    assert lengths(drawing)["12.5"] == pytest.approx(3 * 1.1 * 14 + widths.width("5", 14))
    assert drawing.to_png(scale=1) != bpviz.draw(total).to_png(scale=1)


def test_the_svg_names_it_before_the_usual_fonts(tmp_path: Path) -> None:
    svg = bpviz.draw(total, theme=book(tmp_path, 1.1)).to_svg()
    assert re.search("font-family=\"'Book Face', 'DejaVu Sans', ", svg)
    assert "Book" not in bpviz.draw(total).to_svg()


def test_png_draws_it(tmp_path: Path) -> None:
    def widest(png: bytes) -> int:
        """The longest level run of black pixels that is no line: as black 5 pixels below it."""
        dark = pixels(png)[..., :3].sum(axis=2, dtype=int) < 150
        thick = dark[:-5] & dark[5:]
        runs = "\n".join("".join("x" if here else " " for here in row) for row in thick)
        return max(map(len, runs.split()))

    # 12.5 is four squares in a row, at 96 dots per inch.
    assert widest(bpviz.draw(total, theme=book(tmp_path, 1.0)).to_png(scale=1)) == pytest.approx(56 * 96 / 72, abs=2)
    assert widest(bpviz.draw(total).to_png(scale=1)) < 20


@pytest.mark.engine
def test_pdf_embeds_it(tmp_path: Path) -> None:
    pdf = bpviz.draw(total, theme=book(tmp_path, 0.6)).to_pdf()
    assert b"Book" in pdf or b"DejaVu" not in pdf
    dot = bpviz.draw(total, theme=book(tmp_path, 0.6)).to_dot()
    assert 'fontname="Book Face"' in dot
    assert 'fontname="Book Face Italic"' in dot


def test_a_theme_inherits_the_font_of_its_base(tmp_path: Path) -> None:
    book(tmp_path, 1.1)
    (tmp_path / "wide.toml").write_text('base = "book.toml"\nink = "#000000"', encoding="utf-8")
    assert lengths(bpviz.draw(total, theme=str(tmp_path / "wide.toml")))["12.5"] == pytest.approx(4 * 1.1 * 14)


def test_the_mark_of_a_figure_changes_with_the_font_and_not_with_its_folder(tmp_path: Path) -> None:
    marks = [
        bpviz.draw(total, theme=book(tmp_path / name, em)).fingerprint()
        for name, em in (("a", 1.1), ("b", 1.1), ("c", 1.2))
    ]
    assert marks[0] == marks[1] != marks[2]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('[font]\nupright = "no.ttf"\nitalic = "no.ttf"', r"has a wrong font: there is no font file '.*no\.ttf'$"),
        (
            '[font]\nupright = "Book.ttf"',
            r"has a font without 'italic'; two font files are expected: font\.upright and",
        ),
        ('font = "Georgia"', r"has font = 'Georgia'; a table is expected: \[font\]$"),
        ('[font]\nfamily = "Georgia"', r"has an unknown key 'font\.family'; "),
        (
            '[font]\nupright = "bad.ttf"\nitalic = "bad.ttf"',
            r"bad\.ttf' is not a font that can be read; a \.ttf or \.otf",
        ),
        ('[font]\nupright = "Book.ttf"\nitalic = "Other.ttf"', r"is of the family 'Book Face', but '.*' of 'Other'$"),
        (
            '[font]\nupright = "Odd.ttf"\nitalic = "Odd.ttf"',
            r"calls its family \"It's <odd>\", which a figure cannot name",
        ),
        ('[font]\nupright = 3\nitalic = "Book.ttf"', r"has font\.upright = 3; two font files are expected"),
    ],
)
def test_a_wrong_font_is_refused_in_one_sentence(tmp_path: Path, text: str, complaint: str) -> None:
    font(tmp_path / "Book.ttf", "Book Face", 1.0)
    font(tmp_path / "Other.ttf", "Other", 1.0)
    font(tmp_path / "Odd.ttf", "It's <odd>", 1.0)
    (tmp_path / "bad.ttf").write_bytes(b"no font")
    (tmp_path / "my.toml").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=complaint):
        bpviz.draw(total, theme=str(tmp_path / "my.toml")).to_svg()
