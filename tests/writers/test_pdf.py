import re
import subprocess
from shutil import which

import pytest
from amounts import some_pairs
from hand_drawn import everything, texts

from bpviz.errors import BpvizWarning, EngineMissing
from bpviz.layout import engines
from bpviz.picture.elements import Picture
from bpviz.picture.theme import names, theme
from bpviz.writers import font_files, pdf

pytestmark = pytest.mark.engine

LIGHT = theme("light")
AVAILABLE = [info.name for info in engines.engines() if info.available]


def poppler(test):
    """Mark a test that runs programs of poppler-utils."""
    reason = "poppler-utils (pdftotext, pdftoppm) is not installed: `apt-get install poppler-utils`"
    there = which("pdftotext") and which("pdftoppm")
    return pytest.mark.hosts(pytest.mark.skipif(not there, reason=reason)(test))


def output_of(document, *command):
    """Return the output of a program of poppler-utils for a document."""
    return subprocess.run(command, input=document, capture_output=True, check=True).stdout


def words(document):
    return output_of(document, "pdftotext", "-raw", "-", "-").decode().split()


@poppler
@pytest.mark.parametrize("name", AVAILABLE)
def test_text_can_be_read_back(name):
    found = words(pdf.write(texts("σ(x)", "1.2×10⁻⁵", "−0.25", r"\N", "&alpha;", "<b>x</b>"), LIGHT, engine=name))
    assert found == ["σ(x)", "1.2×10⁻⁵", "−0.25", r"\N", "&alpha;", "<b>x</b>"]


@poppler
@pytest.mark.japanese
@pytest.mark.parametrize("name", AVAILABLE)
def test_japanese_can_be_read_back_and_both_fonts_are_inside(name, recwarn):
    document = pdf.write(texts("鉛筆の単価", "100"), LIGHT, engine=name)
    assert words(document) == ["鉛筆の単価", "100"]
    fonts = output_of(document, "pdffonts", "-").decode()
    assert "DejaVuSans" in fonts
    assert len(fonts.splitlines()) == 4  # two lines of heading
    assert not recwarn


@poppler
@pytest.mark.parametrize("name", names())
def test_the_page_is_as_large_as_the_picture_and_as_dark_as_the_theme(name):
    document = pdf.write(everything(), theme(name))
    image = output_of(document, "pdftoppm", "-r", "72", "-")
    size, pixels = re.fullmatch(rb"P6\n(\d+ \d+)\n255\n(.*)", image, re.DOTALL).groups()
    assert size == b"240 121"
    background = bytes.fromhex(theme(name).background[1:])
    assert (pixels[:3], pixels[-3:]) == (background, background)
    assert len(set(pixels)) > 20


@poppler
@pytest.mark.parametrize("name", AVAILABLE)
def test_fonts_come_from_bpviz_and_not_from_the_machine(name, monkeypatch, tmp_path):
    monkeypatch.setenv("FONTCONFIG_FILE", str(tmp_path / "none.conf"))
    monkeypatch.setenv("FONTCONFIG_PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert words(pdf.write(texts("price", "×"), LIGHT, engine=name)) == ["price", "×"]


def test_the_clock_leaves_no_trace(monkeypatch):
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    for format in ("pdf", "ps", "eps"):
        document = pdf.write(texts("x"), LIGHT, format=format)
        assert set(re.findall(rb"CreationDate[^\n)]*", document)) <= {b"CreationDate (D:20000101000000Z"}


@pytest.mark.parametrize(
    ("name", "kind"),
    some_pairs(AVAILABLE, [("pdf", b"%PDF-"), ("ps", b"%!PS-Adobe-"), ("eps", b"%!PS-Adobe-")], every=4),
)
def test_every_format_is_written_equally_each_time(name, kind):
    format, start = kind
    first, second = (pdf.write(everything(), LIGHT, format=format, engine=name) for _ in range(2))
    assert first.startswith(start)
    assert first == second
    if format != "pdf":
        assert b"%%BoundingBox: 0 0 240 121\n" in first


def test_an_empty_picture_is_a_page():
    assert pdf.write(Picture(72.0, 36.0, ()), LIGHT).startswith(b"%PDF-")


def test_characters_that_no_font_has_are_reported(monkeypatch):
    monkeypatch.setattr(font_files, "_installed", tuple)
    with pytest.warns(BpvizWarning, match="No font on this machine can draw: 単 価"):
        pdf.write(texts("単価 x"), LIGHT)


def test_without_graphviz_the_line_to_type_is_given(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineMissing, match="graphviz"):
        pdf.write(everything(), LIGHT, engine="system")


@pytest.mark.engine
def test_it_carries_no_clock(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    first = pdf.write(everything(), theme("light"))
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    assert pdf.write(everything(), theme("light")) == first
