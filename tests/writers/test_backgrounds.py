"""Transparent pages and other backgrounds, read in finished files of every format."""

from __future__ import annotations

import re
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from pixels import pixels
from svg_reader import read_svg

import bpviz
from bpviz.cli import main
from bpviz.errors import BpvizWarning, UsageError

SVG = "{http://www.w3.org/2000/svg}"


def model(x: object = np.array([[1.0, np.nan, 3.0, 2.0, 5.0]]), w: float = 2.0) -> object:
    return np.tanh(x * w)  # type: ignore[operator, call-overload]


def fills(svg: str) -> set[str]:
    """The colours in which the page and the insides of boxes are painted."""
    root = read_svg(svg)
    found = [e for e in root.iter() if e.get("class", "").split()[-1:] in (["background"], ["shape"])]
    assert len(found) == 3  # the page and the circles of two operations
    return {element.get("fill", "") for element in found}


def test_svg() -> None:
    assert fills(bpviz.draw(model).to_svg()) == {"#FFFFFF"}
    assert fills(bpviz.draw(model, background="#fed").to_svg()) == {"#FFEEDD"}
    assert fills(bpviz.draw(model, background="none").to_svg()) == {"none"}
    moving = bpviz.draw(model, background="none", animate=True, theme="auto").to_svg()
    assert fills(moving) == {"none"}
    # Its lines still follow readers who prefer dark pages.
    assert "prefers-color-scheme:dark" in moving
    # A light colour would not do there.
    assert "prefers-color-scheme:dark" not in bpviz.draw(model, background="#FED", theme="auto").to_svg()


def test_png() -> None:
    clear, white = (pixels(bpviz.draw(model, background=ground).to_png(scale=1)) for ground in ("none", "#FFFFFF"))
    colours, opacity = clear[:, :, :3].astype(float), clear[:, :, 3:].astype(float)
    assert not opacity[:, (0, -1)].any()
    assert (white[:, :, 3] == 255).all()
    # On a white page it is the same picture; only the edges of what is painted inside differ a little.
    np.testing.assert_allclose(colours * opacity / 255 + 255 - opacity, white[:, :, :3], rtol=0, atol=40)
    # Within the circles it is transparent: most pixels are.
    assert (opacity == 0).mean() > 0.8


@pytest.mark.thorough
@pytest.mark.parametrize("format", ["gif", "apng", "webp"])
def test_moving_pictures(format: str) -> None:
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed: pip install 'bpviz[animate]'")
    frames = image.open(BytesIO(bpviz.draw(model, background="none", scale=0.7).to_bytes(format)))
    painted = []
    for number in range(frames.n_frames):
        frames.seek(number)
        alphas = np.asarray(frames.convert("RGBA"))[:, :, 3]
        assert alphas[0, 0] == alphas[-1, -1] == 0
        painted.append((alphas > 0).mean())
    # More and more is drawn, and nothing of the sentences before stays.
    assert painted[0] < painted[-1] < 0.35
    opaque = image.open(BytesIO(bpviz.draw(model, scale=0.7).to_bytes(format)))
    assert np.asarray(opaque.convert("RGBA"))[:, :, 3].min() == 255


def test_dot_and_html() -> None:
    dot = bpviz.draw(model, background="none").to_dot()
    assert 'bgcolor="transparent"' in dot and 'fillcolor="transparent"' in dot
    assert "#FFFFFF" not in dot.upper()
    page = bpviz.draw(model, background="none").to_bytes("html").decode()
    assert "body{background:none" in page and "#FFFFFF" not in page.upper()


@pytest.mark.engine
def test_pdf() -> None:
    def painted(background: str | None) -> bool:
        file = bpviz.draw(model, background=background).to_pdf()
        pieces = re.findall(rb"stream\r?\n(.*?)endstream", file, re.DOTALL)
        content = max(
            (zlib.decompress(piece) for piece in pieces if piece[:1] == b"x"), key=lambda data: b" re" in data
        )
        return b"1 1 1 rg" in content

    assert painted(None) and not painted("none")


@pytest.mark.latex("figure")
def test_tikz_compiles(tmp_path: Path) -> None:
    import subprocess

    bpviz.draw(model, background="none").save(tmp_path / "figure.tex")
    words = (tmp_path / "figure.tex").read_text(encoding="utf-8")
    assert "bpviz-background" not in words and "FFFFFF" not in words
    run = subprocess.run(
        ["pdflatex", "-interaction=batchmode", "figure.tex"], cwd=tmp_path, capture_output=True, timeout=60
    )
    assert run.returncode == 0 and (tmp_path / "figure.pdf").read_bytes().startswith(b"%PDF")


def test_on_the_command_line_and_in_a_theme(tmp_path: Path) -> None:
    file, look = tmp_path / "m.py", tmp_path / "clear.toml"
    file.write_text("def f(x=2.0, y=3.0):\n    return x * y + 1\n", encoding="utf-8")
    look.write_text('base = "dark"\nbackground = "none"\n', encoding="utf-8")

    def drawn(*words: str) -> str:
        result = CliRunner().invoke(main, ["render", str(file), "-o", "-", *words])
        assert not result.exit_code, result.output
        return result.stdout

    assert fills(drawn("--background", "none")) == fills(drawn("--theme", str(look))) == {"none"}
    # The lines are those of the dark theme.
    assert "#56B4E9" in drawn("--theme", str(look))
    # The command line wins over the file.
    assert fills(drawn("--theme", str(look), "--background", "#1e1e1e")) == {"#1E1E1E"}
    refused = CliRunner().invoke(main, ["render", str(file), "-o", "-", "--background", "blue"])
    assert refused.exit_code == 2
    assert (
        "background must be a colour such as #F5F5F5, or none for a transparent page, but got 'blue'" in refused.output
    )


def test_wrong_backgrounds(tmp_path: Path) -> None:
    for wrong in ("white", "#12345", "#GGGGGG", "", 3):
        with pytest.raises(UsageError, match="background must be a colour such as #F5F5F5"):
            bpviz.draw(model, background=wrong)
    look = tmp_path / "wrong.toml"
    look.write_text('background = "white"\n', encoding="utf-8")
    with pytest.raises(UsageError, match="'#RRGGBB', such as '#B84A00', or 'none' for a transparent page"):
        bpviz.draw(model, theme=str(look)).to_svg()


def test_text_that_is_hard_to_read_is_reported() -> None:
    with pytest.warns(BpvizWarning, match="on the background #333333 the text of .* is hard to read"):
        bpviz.draw(model, background="#333").to_svg()
