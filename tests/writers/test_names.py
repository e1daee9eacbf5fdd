"""One notation in all formats: the finished files are read."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from svg_lines import in_one_piece

import bpviz
from bpviz.text import widths

SVG = "{http://www.w3.org/2000/svg}"


def model(theta_1=1.5, x_hat=1.0, W_xh=0.3, learning_rate=0.1, 単価=2.0):
    z_t = theta_1 * x_hat - W_xh
    L = z_t / learning_rate * 単価
    return L


def texts(svg: str) -> dict[str, ElementTree.Element]:
    return {"".join(text.itertext()): text for text in ElementTree.fromstring(svg).iter(f"{SVG}text")}


def test_svg_has_italics_and_real_subscripts() -> None:
    found = texts(bpviz.draw(model).to_svg())
    assert {"θ₁", "x̂", "Wxh", "learning_rate", "単価", "zt", "L"} <= set(found)
    letter, below = found["Wxh"].iter(f"{SVG}tspan")
    assert (letter.text, letter.get("font-style"), letter.get("font-size")) == ("W", "italic", None)
    assert below.text == "xh" and float(below.get("dy", 0)) > 0 and float(below.get("font-size", 14)) < 14
    assert found["x̂"].get("font-style") == found["L"].get("font-style") == "italic"
    assert found["learning_rate"].get("font-style") is None
    assert not list(found["learning_rate"])


def test_a_line_is_level_after_a_subscript() -> None:
    count = 0
    for text in texts(bpviz.draw(model, labels="symbols").to_svg()).values():
        level = 0.0
        for span in text.iter(f"{SVG}tspan"):
            level += float(span.get("dy", 0))
            small = span.get("font-size") is not None or set(span.text or "") <= set("₀₁₂₃₄₅₆₇₈₉")
            assert (level > 1) if small else abs(level) < 0.011
            # What has no span of its own is at the level of the one before it.
            assert not span.tail or abs(level) < 0.011
            count += small
    assert count > 5


def test_code_keeps_what_was_typed_in_every_format() -> None:
    drawing = bpviz.draw(model, names="code")
    svg = drawing.to_svg()
    assert "tspan" not in svg
    assert "italic" not in svg
    assert {"theta_1", "x_hat", "W_xh", "L"} <= set(texts(svg))
    tex = drawing.to_bytes("tex").decode()
    assert r"$\mathrm{theta\_1}$" in tex
    assert r"\theta" not in tex
    assert "theta#95;1" in drawing.to_bytes("mermaid").decode()
    assert "Oblique" not in drawing.to_dot()
    assert 'label="theta_1"' in drawing.to_dot()


def test_tex_has_one_formula_for_each_label() -> None:
    tex = bpviz.draw(model).to_bytes("tex").decode()
    for formula in (r"$\theta_{1}$", r"$\hat{x}$", r"$W_{xh}$", r"$\mathrm{learning\_rate}$", r"$\div$", r"$z_{t}$"):
        assert f"{{{formula}}};" in tex
    labels = re.findall(r"\\node\[.*?\] at \(.*?\) \{(.*)\};", tex)
    assert len(labels) > 10
    assert all(label.count("$") in (0, 2) for label in labels)
    assert "÷" not in tex


def test_mermaid_and_html() -> None:
    mermaid = bpviz.draw(model).to_bytes("mermaid").decode()
    for name in ("θ₁", "Wₓₕ", "zₜ", "learning#95;rate", "単価"):
        assert name in mermaid
    assert ">θ₁<" in in_one_piece(bpviz.draw(model).to_bytes("html").decode())


def test_dot_sets_each_piece_at_its_place() -> None:
    dot = bpviz.draw(model).to_dot()
    pieces = {
        m[1]: m for m in re.finditer(r'label="([^"]+)", pos="([\d.]+),([\d.]+)"[^\n]*fontsize=([\d.]+)[^\n]*', dot)
    }
    theta, one = pieces["θ"], pieces["₁"]
    assert 'fontname="DejaVu Sans Oblique"' in theta[0]
    assert "Oblique" not in one[0]
    # y grows upwards.
    assert float(one[3]) < float(theta[3])
    assert float(one[2]) > float(theta[2])
    assert float(pieces["xh"][4]) < 14


@pytest.mark.engine
def test_pdf_embeds_the_italic_font() -> None:
    assert b"Oblique" in bpviz.draw(model).to_pdf()
    assert b"Oblique" not in bpviz.draw(model, names="code").to_pdf()


def test_png_draws_italics() -> None:
    assert bpviz.draw(lambda x=1.0: x).to_png() != bpviz.draw(lambda x=1.0: x, names="code").to_png()


def test_names_that_would_look_alike_stay_as_they_are() -> None:
    def f(w0=1.0, w_0=2.0, w1=3.0):  # type: ignore[no-untyped-def]
        return w0 * w_0 * w1

    assert {"w0", "w_0", "w₁"} <= set(texts(bpviz.draw(f).to_svg()))
    tex = bpviz.draw(f).to_bytes("tex").decode()
    assert r"$\mathrm{w0}$" in tex and r"$\mathrm{w\_0}$" in tex


def test_a_line_is_as_wide_as_its_pieces() -> None:
    """The measured width is that of the letters at their sizes: the place before a subscript is that of the letter."""
    picture = bpviz.draw(model).picture
    line = next(e for part in picture.parts for e in part.elements if getattr(e, "text", "") == "Wxh")
    small = next(float(s.get("font-size", 0)) for s in texts(bpviz.draw(model).to_svg())["Wxh"] if s.get("font-size"))
    assert line.width == pytest.approx(widths.width("W", 14) + widths.width("xh", small), abs=0.02)  # type: ignore[union-attr]


def test_a_renamed_value_and_a_wrong_choice() -> None:
    assert "α" in texts(bpviz.draw(model, names={"W_xh": "alpha"}).to_svg())
    with pytest.raises(bpviz.UsageError, match="names must be one of math, code, but got 'maths'"):
        bpviz.draw(model, names="maths")


def test_the_name_of_a_function_is_a_word_in_every_format() -> None:
    def layer1(x):  # type: ignore[no-untyped-def]
        return np.tanh(x) * x

    drawing = bpviz.draw(lambda x=2.0: layer1(x), depth=0)
    assert "layer1" in texts(drawing.to_svg())
    assert '"layer1"' in drawing.to_bytes("mermaid").decode()
    assert r"$\mathrm{layer1}$" in drawing.to_bytes("tex").decode()
