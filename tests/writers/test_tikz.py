"""The TikZ writer: compiled by a real LaTeX, alone and within a document; its text read back; names are data."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from figures_by_hand import layers, pencils
from hand_drawn import everything, texts
from svg_reader import read_svg

import bpviz
from bpviz.layout.page import lay_out
from bpviz.picture.elements import Part, Picture, Text
from bpviz.picture.theme import TextRole, names, theme
from bpviz.text.latex import line_in_latex, text_in_latex
from bpviz.writers import svg
from bpviz.writers.tikz import write

LIGHT = theme("light")

Compile = Callable[..., Path]


@pytest.fixture
def compiled(tmp_path: Path) -> Compile:
    """``compiled(source, engine)`` runs LaTeX, which may not complain, and returns the PDF."""

    def compile(source: str | bytes, engine: str = "pdflatex", name: str = "figure") -> Path:
        file = tmp_path / f"{name}.tex"
        file.write_bytes(source if isinstance(source, bytes) else source.encode())
        command = [engine, "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", file.name]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=300, stdin=subprocess.DEVNULL)
        output = done.stdout.decode(errors="replace")
        assert done.returncode == 0, output[-3000:]
        assert not re.search(r"Overfull|Missing character|\[2[\]{]", output), output[-3000:]
        return file.with_suffix(".pdf")

    return compile


def read(pdf: Path) -> str:
    done = subprocess.run(["pdftotext", "-raw", str(pdf), "-"], capture_output=True, check=True)
    return done.stdout.decode()


def size(pdf: Path) -> str:
    output = subprocess.run(["pdfinfo", str(pdf)], capture_output=True, check=True).stdout.decode()
    return " ".join(re.search(r"Page size: +([\d.]+) x ([\d.]+)", output).groups())  # type: ignore[union-attr]


@pytest.mark.latex
@pytest.mark.parametrize("engine", ["pdflatex", "lualatex"])
def test_it_has_the_text_and_the_size_of_the_svg(engine: str, compiled: Compile) -> None:
    def total(price: float = 100, count: float = 2, tax: float = -1.1e-7) -> float:
        subtotal = price * count
        return subtotal * tax

    drawing = bpviz.draw(total)
    pdf = compiled(write(drawing.picture, LIGHT), engine)
    root = read_svg(drawing.to_svg())
    shown = sorted("".join(text.itertext()) for text in root.iter("{http://www.w3.org/2000/svg}text"))
    found = read(pdf).split()
    # What is raised in mathematics is read as a line of its own, or as digits.
    assert sorted("".join(found)) == sorted("".join(shown).translate(str.maketrans("⁻⁵⁷⁹", "−579")).replace(" ", ""))
    assert {"price", "count", "subtotal", "total", "100", "200"} <= set(found)
    assert size(pdf) == f"{drawing.picture.width:g} {drawing.picture.height:g}"


XELATEX = pytest.param("xelatex", marks=pytest.mark.latex("xelatex"))


@pytest.mark.japanese
@pytest.mark.latex
@pytest.mark.parametrize("engine", ["lualatex", XELATEX])
def test_japanese_is_set(engine: str, compiled: Compile) -> None:
    picture = lay_out(pencils(), LIGHT)
    source = write(picture, LIGHT)
    assert b"Alone: lualatex or xelatex (pdflatex lacks its letters)" in source
    words = read(compiled(source, engine)).split()
    expected = [e.text for part in picture.parts for e in part.elements if isinstance(e, Text)]
    assert sorted(words) == sorted(expected)


@pytest.mark.japanese
@pytest.mark.latex
@pytest.mark.engine
@pytest.mark.parametrize("engine", ["lualatex", XELATEX])
def test_formulas_of_japanese_and_cyrillic_names_beside_latin_ones(engine: str, compiled: Compile) -> None:
    drawing = bpviz.draw(lambda 単価=100.0, б=2.0, x=3.0: 単価 * б + x, labels="symbols")
    shown = "".join(read(compiled(drawing.to_bytes("tex"), engine)).split())
    # Each as an input; in the product, and in the sum; in its own derivative, and one in that of the other.
    assert (shown.count("単価"), shown.count("б")) == (5, 5)


def inked(pdf: Path) -> tuple[list[int], list[int]]:
    """The columns and the rows of a page, in points, in which something is drawn."""
    image = subprocess.run(["pdftoppm", "-gray", "-r", "72", str(pdf)], capture_output=True, check=True).stdout
    width, height = map(int, image.split(maxsplit=3)[1:3])
    pixels = image[-width * height :]
    found = [(at % width, at // width) for at, grey in enumerate(pixels) if grey < 220]
    return sorted({column for column, _ in found}), sorted({row for _, row in found})


def formula(role: TextRole, latex: str, width: float) -> bytes:
    """A page of 100 by 60 with a formula in its middle, whose baseline is at 30."""
    line = Text(role, "it", 50.0, 30.0, 14.0, width, latex=latex)
    return write(Picture(100.0, 60.0, (Part("w", "wire", (line,)),)), LIGHT)


@pytest.mark.latex
@pytest.mark.parametrize("engine", ["pdflatex", "lualatex", XELATEX])
def test_a_formula_that_is_made_narrower_can_be_seen(engine: str, compiled: Compile) -> None:
    columns, _ = inked(compiled(formula("forward", r"x \cdot x", 10.0), engine))
    # In the middle of the page, within its ten points (and a pixel for the edges).
    assert columns
    assert 44 <= columns[0] <= columns[-1] <= 56


@pytest.mark.latex
def test_fractions_keep_off_the_wire(compiled: Compile) -> None:
    fraction = r"\frac{y}{y}"
    # Above a wire they reach no deeper than 4 points, below one no higher than 11 (and a pixel for the edges).
    assert inked(compiled(formula("forward", fraction, 40.0)))[1][-1] <= 30 + 4
    assert inked(compiled(formula("backward", fraction, 40.0)))[1][0] >= 30 - 11 - 1
    # Beside the bar of another fraction they stay level with it.
    assert inked(compiled(formula("forward", f"= {fraction}", 40.0)))[1][-1] > 30 + 4


HOSTILE = (
    r"\input{/etc/hostname}",
    r"\end{document}",
    "$x$",
    "100%",
    "a&b",
    "#1",
    "x_1^2",
    "a~b",
    "}",
    "{",
    "]",
    "[x]",
    ";",
    r"\\",
    "^^M",
    "--",
    "`''\"",
    "<|>",
    "  two  spaces ",
    "𝒙ᵀ′²₂ᵀ",
    "½²₁ ⁻¹ ᵀ",
)


@pytest.mark.latex
@pytest.mark.parametrize("role", ["name", "forward", "symbol", "title"])
def test_no_name_is_a_command(role: str, compiled: Compile) -> None:
    hostile = HOSTILE[:-2] if role in ("name", "title") else HOSTILE[:-2] + HOSTILE[-1:]
    parts = tuple(
        Part(name, "node", (Text(role, name, 100.0, 20.0 * i + 20, 14.0, 60.0),), name)  # type: ignore[arg-type]
        for i, name in enumerate(hostile)
    )
    picture = Picture(400.0, 500.0, parts, title="\\end{document} %\n\\input{x}")
    shown = "".join(read(compiled(write(picture, LIGHT))).split())
    for name in hostile[: len(HOSTILE) - 2]:
        if role in ("name", "title"):
            assert "".join(name.split()) in shown
        assert "hostname" not in name or r"\input" in shown or "\\input".replace("\\", "∖") in shown


@pytest.mark.latex
@pytest.mark.parametrize("engine", ["pdflatex", "lualatex", XELATEX])
def test_two_hyphens_are_no_dash(engine: str, compiled: Compile) -> None:
    assert read(compiled(write(texts("a--b---c"), LIGHT), engine)).split() == ["a--b---c"]


def test_letters_and_signs() -> None:
    assert text_in_latex(r"\x{y} a--b 5% _ ~ ^") == (
        r"\textbackslash{}x\{y\} a{-\kern0pt}{-\kern0pt}b 5\% \_ \textasciitilde{} \textasciicircum{}"
    )
    assert line_in_latex("−0.25") == "-0.25"
    assert line_in_latex("∂L/∂z·x1") == r"\partial L/\partial z \cdot x_{1}"
    assert line_in_latex(r"\input{x}") == r"\backslash\mathrm{input}\{x\}"
    assert line_in_latex("NaN") == r"\mathrm{NaN}"


@pytest.mark.latex
@pytest.mark.parametrize("look", [name for name in names() if name != "auto"])
def test_every_element_in_every_theme(look: str, compiled: Compile) -> None:
    picture = replace(everything(), parts=tuple(p for p in everything().parts if p.kind != "frame" and p.id != "x"))
    toned = [replace(part, tone=tone) for tone in ("plain", "pale", "strong", "shared") for part in picture.parts]
    assert size(compiled(write(replace(picture, parts=tuple(toned)), theme(look)))) == "240 120.5"


@pytest.mark.latex
def test_a_document_takes_figures_in_and_sets_their_looks(compiled: Compile, tmp_path: Path) -> None:
    for name, figure in (("one", everything()), ("two", lay_out(layers(), LIGHT))):
        latin = tuple(p for p in figure.parts if p.kind != "frame" and p.id != "x")
        (tmp_path / f"{name}.tex").write_bytes(write(replace(figure, parts=latin), LIGHT))
    document = r"""\documentclass{article}\usepackage{amsmath,tikz}
\tikzset{bpviz backward text/.style={text=cyan}}
\definecolor{bpviz-forward}{HTML}{00FF00}
\begin{document}
\pagestyle{empty}
before

\input{one}

between

\noindent\resizebox{\linewidth}{!}{\input{two}}

after
\end{document}"""
    pdf = compiled(document, name="paper")
    shown = read(pdf)
    assert [shown.index(word) for word in ("before", "between", "after")] == sorted(
        shown.index(word) for word in ("before", "between", "after")
    )
    image = subprocess.run(["pdftoppm", "-r", "100", str(pdf)], capture_output=True, check=True).stdout
    pixels = image[image.index(b"255\n") + 4 :]
    colours = {pixels[i : i + 3] for i in range(0, len(pixels), 3)}
    assert bytes.fromhex("00FF00") in colours
    # Other arrows stay unchanged.
    assert bytes.fromhex("B84A00") in colours


@pytest.mark.latex
def test_the_end_of_a_page_comes_between_rows(compiled: Compile, tmp_path: Path) -> None:
    def chain(x: float = 0.4, w: float = 0.9) -> Any:
        for _ in range(40):
            x = np.tanh(w * x)
        return x

    drawing = bpviz.draw(chain, repeats="all")
    assert len(drawing.picture.breaks) > 10
    assert size(compiled(drawing.to_bytes("tex"), name="alone")) == f"{drawing.picture.width} {drawing.picture.height}"
    (tmp_path / "rows.tex").write_bytes(drawing.to_bytes("tex"))
    document = r"""\documentclass{article}\usepackage{amsmath,tikz}\begin{document}
before

\input{rows}

\mbox{\resizebox{3cm}{!}{\input{rows}}}
\end{document}"""
    (tmp_path / "paper.tex").write_text(document)
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=300, check=True)
    assert b"Overfull" not in done.stdout
    pages = read(tmp_path / "paper.pdf").split("\f")
    assert len(pages) > 2
    # No row is cut: every page begins with the letter that ended the page before.
    ends = [re.findall(r"^[A-Z]+$", page, re.M) for page in pages[:2]]
    assert ends[0][-1] == ends[1][0]


@pytest.mark.engine
def test_formulas_are_mathematics_and_the_same_every_time() -> None:
    def y(p: float = 100, n: float = 2, t: float = 1.1) -> float:
        x = p * n / (n + 1)
        return x * t

    source = bpviz.draw(y, labels="symbols").to_bytes("tex")
    assert rb"{$x = \frac{p \cdot n}{n + 1}$}" in source
    assert source == bpviz.draw(y, labels="symbols").to_bytes("tex")


def test_only_used_styles_are_defined() -> None:
    source = write(texts("price"), LIGHT).decode()
    assert re.findall(r"\\bpvizstyle\{([^}]*)\}", source) == ["background", "name text"]


def test_svg_and_tikz_draw_the_same_geometry() -> None:
    picture = everything()
    ours = {
        tuple(map(float, pair)) for pair in re.findall(r"\((-?[\d.]+),(-?[\d.]+)\)", write(picture, LIGHT).decode())
    }
    theirs = svg.write(picture, LIGHT).decode()
    places = {tuple(map(float, pair)) for pair in re.findall(r'<text [^>]*x="([\d.]+)" y="([\d.]+)"', theirs)}
    assert places <= ours


def test_other_objects_than_elements_are_refused() -> None:
    with pytest.raises(TypeError, match="Not an element of a picture: str"):
        write(Picture(1.0, 1.0, (Part("x", "node", ("x",)),)), LIGHT)  # type: ignore[arg-type]


@pytest.mark.latex
@pytest.mark.engine
def test_formulas_keep_to_their_room_and_none_is_lost(compiled: Compile) -> None:
    drawing = bpviz.draw(lambda x=2.0, y=3.0: x * x * y / (y + 1), labels="symbols", direction="TB")
    source = drawing.to_bytes("tex").decode()
    formulas = re.findall(r"\\bpvizfit\{[\d.]+\}\{\$(.*?)\$\}", source)
    assert r"x \cdot x" in formulas
    # Its dots need more room in LaTeX than there is: it is made narrower, and nothing is lost.
    shown = "".join(read(compiled(source)).split())
    assert shown.count("x·x") == sum(formula.count(r"x \cdot x") for formula in formulas)
    assert shown.count("=") == sum(formula.count("=") for formula in formulas)
