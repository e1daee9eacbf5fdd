"""Formulas in LaTeX: as a book sets them, understood by a reader of LaTeX, and never a command of the user's names."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from amounts import some
from hypothesis import given, settings
from hypothesis import strategies as st
from trees import ARRAY_TREES, ARRAYS, VALUES, Tree, computed

import bpviz
from bpviz import ops
from bpviz.figures.card import reading
from bpviz.formulas.expression import Expression
from bpviz.formulas.formula import derivative, symbol
from bpviz.formulas.latex import latex_of
from bpviz.ops import OPERATIONS
from bpviz.text.latex import name_in_latex

Parse = Callable[[str], Any]


@pytest.fixture(scope="module")
def parse() -> Parse:
    """A reader of LaTeX that raises at what it does not understand."""
    mathtext = pytest.importorskip(
        "matplotlib.mathtext", reason="Matplotlib is not installed: pip install 'bpviz[plot]'"
    )
    parser = mathtext.MathTextParser("path")
    return lambda latex: parser.parse(f"${latex}$")


@pytest.mark.parametrize("name", some(list(OPERATIONS), every=20))
def test_every_card_is_understood(name: str, parse: Parse) -> None:
    read = reading(OPERATIONS[name])
    for formula in (read.made, *read.backward):
        if formula is None:
            continue
        latex = latex_of(formula)
        parse(latex)
        assert not re.search("[\ue000-\uf8ffᵀ²√Σ−·∘∂]", latex), latex
        assert latex.count("{") == latex.count("}")


def test_formulas_as_a_book_sets_them() -> None:
    x, y, n = symbol("x"), symbol("y"), symbol("n")
    X, Y = symbol("X", (2, 3)), symbol("Y", (2, 3))
    g = derivative("L", "z")
    assert (x * y).latex == r"x \cdot y"
    assert (X * Y).latex == r"X \odot Y"
    assert (X @ Y.T).latex == r"X \cdot Y^{\top}"
    assert (x / (y + 1)).latex == r"\frac{x}{y + 1}"
    assert ((x / y) ** 2).latex == r"\left(\frac{x}{y}\right)^{2}"
    assert ((x + 1) * (y - n)).latex == r"(x + 1) \cdot (y - n)"
    assert (g * x).latex == r"\frac{\partial L}{\partial z} \cdot x"
    assert (g / x).latex == r"\frac{\partial L}{\partial z} \cdot \frac{1}{x}"
    assert derivative("", "W", (1, 2)).latex == "dW"
    assert ops.sqrt(x + 1).latex == r"\sqrt{x + 1}"
    assert ops.power(x, y - 1).latex == "x^{y - 1}"
    assert ops.sum(X).latex == r"\sum X"
    assert ops.sigmoid(x / y).latex == r"\sigma\left(\frac{x}{y}\right)"
    assert ops.softmax(X).latex == r"\operatorname{softmax}(X)"
    assert ops.where(x > 0, x, 0.5 * x).latex == r"x \text{ if } x > 0 \text{ else } 0.5 \cdot x"
    assert ops.log10(x).latex == r"\log_{10}(x)"
    assert (1.5e-7 * x).latex == r"1.5 \times 10^{-7} \cdot x"


def test_the_perceptron_in_latex() -> None:
    def E(W=np.array([[0.5, -0.3]]), X=np.ones((4, 2))):
        Z = X @ W.T
        A = bpviz.nn.sigmoid(Z)
        return bpviz.nn.sum_squared_error(A, np.zeros((4, 1)))

    flow = bpviz.backprop(E)
    assert flow.formula("W").latex == r"dZ^{\top} \cdot X"
    assert flow.formula("Z").latex == r"dA \odot A \odot (1 - A)"
    assert flow.formula("W")._repr_latex_() == r"$dZ^{\top} \cdot X$"


NAMES = {
    "x": "x",
    "x1": "x_{1}",
    "x_1": "x_{1}",
    "x₁": "x_{1}",
    "x_12": "x_{12}",
    "w_ij": r"w_{ij}",
    "θ": r"\theta",
    "θ2": r"\theta_{2}",
    "Ω": r"\Omega",
    "price": r"\mathrm{price}",
    "price_2": r"\mathrm{price}_{2}",
    "learning_rate": r"\mathrm{learning\_rate}",
    "単価": r"\text{単価}",
    "税率2": r"\text{税率}_{2}",
    "x̂": r"\hat{x}",
    r"\input{x}": r"\backslash\mathrm{input}\{x\}",
    "50%": r"50\%",
    "$": r"\$",
    "a#b": r"a\#b",
    "a&b": r"a\&b",
    "a^b": r"a\wedge b",
    "_": r"\_",
    "two\nlines": r"\mathrm{two}\text{ }\mathrm{lines}",
    "": r"\text{ }",
}


@pytest.mark.parametrize(("name", "latex"), NAMES.items())
def test_names(name: str, latex: str, parse: Parse) -> None:
    assert name_in_latex(name) == latex
    # matplotlib knows neither of these.
    parse(latex.replace(r"\#", "").replace(r"\&", ""))


@given(st.text(max_size=12))
def test_no_name_is_a_command(name: str) -> None:
    latex = name_in_latex(name)
    commands = {"backslash", "mathrm", "text", "hat", "wedge", "sim", *(c for c in re.findall(r"\\([a-z]+)", GREEK))}
    assert {command.lower() for command in re.findall(r"\\([A-Za-z]+)", latex)} <= commands
    bare = re.sub(r"\\[\\{}_#$%&]", "", latex)
    assert not set("#$%&~") & set(bare)
    assert bare.count("{") == bare.count("}")
    assert "\n" not in latex


GREEK = "".join(map(name_in_latex, "αβγδεζηθικλμνξοπρςστυφχψωΓΔΘΛΞΠΣΥΦΨΩ"))


@given(tree=ARRAY_TREES)
@settings(deadline=None)
def test_every_notation_is_understood_by_the_readers_of_latex(parse: Parse, tree: Tree) -> None:
    try:
        made = computed(tree, {name: symbol(name, shape, number=VALUES[name]) for name, shape in ARRAYS.items()})
    except ValueError:
        return  # shapes that do not fit
    if isinstance(made, Expression):
        parse(latex_of(made))
