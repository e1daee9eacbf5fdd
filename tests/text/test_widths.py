"""The measure of text: against the font file itself, and for what the font lacks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from fontTools.ttLib import TTFont

import bpviz
from bpviz.text import widths

FONT = Path(bpviz.__file__).parent / "text" / "fonts" / "DejaVuSans.ttf"


def test_widths_are_those_of_the_font_file() -> None:
    font = TTFont(FONT)
    glyphs, advances, em = font.getBestCmap(), font["hmtx"], font["head"].unitsPerEm
    for code in [*range(32, 127), 0x2212, 0x3C3, 0x2202, 0x207B, 0x1D40, *sorted(glyphs)[::97]]:
        if code >= 0x1F000 or advances[glyphs[code]][0] == 0:
            continue
        assert widths.width(chr(code), em) == advances[glyphs[code]][0], hex(code)


def test_width_adds_up_and_scales() -> None:
    assert widths.width("", 14) == 0
    assert widths.width("AV", 14) == pytest.approx(widths.width("A", 7) * 2 + widths.width("V", 7) * 2)


@pytest.mark.parametrize(
    ("character", "em"),
    [("鉛", 1.0), ("ゴ", 1.0), ("한", 1.0), ("\u0301", 0.0), ("\u200d", 0.0), ("😀", 1.3), ("𓀀", 1.0)],
)
def test_width_of_characters_that_the_font_lacks(character: str, em: float) -> None:
    assert widths.width(character, 10) == pytest.approx(10 * em)


def test_missing_lists_each_character_once_in_order() -> None:
    assert widths.missing("x = 鉛筆の鉛 σ → −1 ½ ᵀ") == "鉛筆の"
    assert widths.missing("e\u0301 αβγ\n") == ""


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("a\tb\r\nc\rd", "a b c d"),
        ("\x00\x1b\x7f", "␀␛␡"),
        ("\ud800x\ufffe", "�x�"),
        ("<b>&", "<b>&"),
        ("عربي", "عربي"),
        ("gr\u202eda\u202c\u2066x\u2069", "grdax"),
    ],
)
def test_printable(raw: str, shown: str) -> None:
    assert widths.printable(raw) == shown


def test_printable_text_can_be_written_as_xml() -> None:
    every = "".join(map(chr, [*range(0x300), *range(0xD7F0, 0xE010), *range(0xFFF0, 0x10010), 0x1FFFF]))
    shown = widths.printable(every).replace("&", "&amp;").replace("<", "&lt;")
    ElementTree.fromstring(f"<a>{shown}</a>".encode())


def test_lines_are_broken_where_a_reader_pauses() -> None:
    sentence = "× : ∂y/∂a = 1.1 × 2 = 2.2, ∂y/∂b = 1.1 × 100 = 110"
    for widest, rows in {
        sentence: (sentence,),
        "× : ∂y/∂a = 1.1 × 2 = 2.2, ∂y/∂b = 1.1": ("× : ∂y/∂a = 1.1 × 2 = 2.2,", "∂y/∂b = 1.1 × 100 = 110"),
        "∂y/∂b = 1.1 ×": ("× : ∂y/∂a", "= 1.1 × 2", "= 2.2,", "∂y/∂b", "= 1.1 × 100", "= 110"),
    }.items():
        assert widths.wrapped(sentence, 10, widths.width(widest, 10)) == rows
    sentence = "z with z·z = X. Then more."
    assert widths.wrapped(sentence, 10, widths.width("z with z·z = X. Then", 10)) == ("z with z·z = X.", "Then more.")
    # Commas of an array are no pauses.
    assert widths.wrapped("W = [1, 2, 3], b = [4, 5]", 10, 100) == ("W = [1, 2, 3],", "b = [4, 5]")
    assert widths.wrapped("「勾配」は（x）へ。", 10, 1) == ("「勾", "配」", "は", "（x）", "へ。")
    assert widths.wrapped("  ", 10, 1) == ("",)


def test_lines_part_at_line_breaks_only() -> None:
    assert widths.lines("a\r\nb\nc\td") == ("a", "b", "c d")
    assert widths.lines("") == ("",)


@pytest.mark.hosts
def test_measuring_needs_no_font_library() -> None:
    code = "import sys, bpviz.text.widths; print(sorted({'fontTools', 'numpy', 'networkx'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
