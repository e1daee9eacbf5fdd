"""Type that is too small on the page it goes on is reported; sizes are read in the finished SVG."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from click.testing import CliRunner
from places import GALLERY

import bpviz
from bpviz.cli import main
from bpviz.drawing.load import load
from bpviz.errors import BpvizWarning
from bpviz.picture.type_size import effective_type

SVG = "{http://www.w3.org/2000/svg}"
SENTENCE = r"the figure is (\d+) pt wide; on a page of (\d+) pt its smallest type has ([\d.]+) pt, and below 6 pt"


def wide(x: float = 1.5, y: float = 2.5) -> object:
    """A sum of many products: downwards it is as wide as there are terms."""
    total = x * y
    for number in range(12):
        total = total + (x + number) * (y - number)
    return total


def measured(svg: str) -> tuple[float, float]:
    """The width of a picture and the size of its smallest text, in points."""
    root = ElementTree.fromstring(svg)
    usual = float(root.get("font-size", ""))
    return float(root.get("width", "").removesuffix("pt")), min(
        float(piece.get("font-size", usual)) for kind in ("text", "tspan") for piece in root.iter(f"{SVG}{kind}")
    )


@pytest.mark.parametrize("width", ["column", "page", "720pt"])
def test_small_type_is_reported_with_the_size_that_it_has(width: str) -> None:
    points = {"column": 84 / 25.4 * 72, "page": 165 / 25.4 * 72, "720pt": 720.0}[width]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        svg = bpviz.draw(wide, direction="TB", width=width).to_svg()
    across, size = measured(svg)
    effective = size * min(1.0, points / across)
    said = [re.match(SENTENCE, str(warning.message)) for warning in caught]
    if effective >= 6:
        assert not said
        return
    (found,) = said
    assert found and issubclass(caught[0].category, BpvizWarning)
    assert float(found[1]) == pytest.approx(across, abs=0.5) and float(found[2]) == pytest.approx(points, abs=0.5)
    assert float(found[3]) == pytest.approx(effective, abs=0.05)


@pytest.mark.thorough
def test_the_figure_of_that_test_is_too_wide_for_a_column_at_least() -> None:
    with pytest.warns(BpvizWarning, match="hard to read"):
        bpviz.draw(wide, direction="TB", width="column").to_png()


def test_rows_without_a_page_and_small_figures_are_not_reported(recwarn: pytest.WarningsRecorder) -> None:
    bpviz.draw(wide, width="page").to_svg()
    bpviz.draw(wide, direction="TB", width="none").to_svg()
    bpviz.draw(lambda x=2.0: x * x, width="column").to_svg()
    assert not recwarn.list


@pytest.mark.thorough
@pytest.mark.hosts  # a large PNG is drawn in a child
def test_the_command_line_reports_it_once_and_writes_the_file(tmp_path: Path) -> None:
    file = tmp_path / "m.py"
    file.write_text(
        "def f(x=1.5, y=2.5):\n    t = x * y\n    for n in range(12):\n        t = t + (x + n) * (y - n)\n    return t\n",
        encoding="utf-8",
    )
    outputs = ["-o", str(tmp_path / "a.svg"), "-o", str(tmp_path / "a.png")]
    result = CliRunner().invoke(
        main, ["render", str(file), *outputs, "--direction", "TB", "--width", "column", "--repeats", "all"]
    )
    assert result.exit_code == 0 and (tmp_path / "a.png").is_file()
    assert len(re.findall(SENTENCE, result.stderr)) == 1


def test_a_subscript_counts() -> None:
    def affine(W_xh: float = 1.5, x: float = 2.0) -> float:
        return W_xh * x

    # Names are 14 points high, and a subscript three quarters of that.
    picture = bpviz.draw(affine).picture
    assert effective_type(picture, picture.width) == pytest.approx(14 * 0.74)
    assert effective_type(picture, picture.width / 2) == pytest.approx(14 * 0.37)


PAGE = 165 / 25.4 * 72


def at_page(svg: str) -> float:
    """The size of the smallest type where the figure is on a page, made smaller if it is wider."""
    width, size = measured(svg)
    return size * min(1.0, PAGE / width)


@pytest.mark.thorough
def test_no_type_of_the_gallery_is_under_six_points_on_a_page() -> None:
    small = {}
    for path in sorted(GALLERY.glob("*.py")):
        if path.stem == "regenerate" or "def plot(" in path.read_text(encoding="utf-8"):
            continue
        svg = bpviz.draw(load(str(path)).thing).to_svg()
        if at_page(svg) < 6:
            small[path.stem] = svg
    # Three matrices in a row that cannot be divided: only the q, k and v of W_q, W_k and W_v are smaller.
    svg = small.pop("transformer_block")
    assert at_page(re.sub(r'<tspan font-style="italic" font-size="[^"]*" dy="[^"]*">[qkv]</tspan>', "", svg)) >= 6
    assert {name: at_page(svg) for name, svg in small.items()} == {}


def test_one_line_is_wider_than_its_width_only_if_its_type_stays_large_enough() -> None:
    def plain(a: float = 0.5, b: float = 2.0) -> float:
        return np.exp(np.sin(np.tanh(np.cos(a * b))))

    def subscript(a: float = 0.5, b_ab: float = 2.0) -> float:
        return np.exp(np.sin(np.tanh(np.cos(a * b_ab))))

    # A subscript of 10.36 points has 6 where 808 points become 165 mm, and less in a line that is longer.
    assert 720 < measured(bpviz.draw(plain).to_svg())[0] <= 936
    assert measured(bpviz.draw(subscript).to_svg())[0] <= 808
