"""Names as a book prints them: expected by hand."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpviz.text.latex import line_in_latex, name_in_latex
from bpviz.text.notation import CODE, MATH, notation_for

NAMES = {
    "w0": ("w₀", "w_{0}"),
    "w_0": ("w₀", "w_{0}"),
    "W12": ("W₁₂", "W_{12}"),
    "x_1_2": ("x₁,₂", "x_{1,2}"),
    "theta_1": ("θ₁", r"\theta_{1}"),
    "Theta": ("Θ", r"\Theta"),
    "lambda_": ("λ", r"\lambda"),
    "x_hat": ("x̂", r"\hat{x}"),
    "y_bar_1": ("ȳ₁", r"\bar{y}_{1}"),
    "x1_hat": ("x̂₁", r"\hat{x}_{1}"),
    "mu_tilde": ("μ̃", r"\tilde{\mu}"),
    "b_prime": ("b′", "b'"),
    "z_t": ("zₜ", "z_{t}"),
    "W_xh": ("Wₓₕ", "W_{xh}"),
    "W_q": ("W_q", "W_{q}"),
    "x_max": ("xₘₐₓ", r"x_{\mathrm{max}}"),
    "dW": ("dW", "dW"),
    "dW_xh": ("dWₓₕ", "dW_{xh}"),
    "dtheta": ("dθ", r"d\theta"),
    "price_2": ("price₂", r"\mathrm{price}_{2}"),
    "learning_rate": ("learning_rate", r"\mathrm{learning\_rate}"),
    "Sigma": ("Sigma", r"\mathrm{Sigma}"),
    "単価": ("単価", r"\text{単価}"),
    "x": ("x", "x"),
}


@pytest.mark.parametrize("name", NAMES)
def test_names_in_characters_and_in_latex(name: str) -> None:
    plain, latex = NAMES[name]
    assert unicodedata.normalize("NFC", MATH.plain(name)) == unicodedata.normalize("NFC", plain)
    assert name_in_latex(name) == latex
    assert CODE.plain(name) == name
    assert CODE.runs(name) == ()


ITALIC = {"w0": "w", "theta_1": "θ", "x_hat": "x̂", "dW": "dW", "σ": "σ", "Σ": "", "price_2": "", "loss": "", "単価": ""}


@pytest.mark.parametrize("name", ITALIC)
def test_single_letters_are_in_italics_and_words_upright(name: str) -> None:
    assert "".join(run.text for run in MATH.runs(name) if run.italic) == ITALIC[name]


@pytest.mark.parametrize(
    ("line", "italic"),
    [
        ("∂L/∂w0 = 2·x − exp(z)", "Lwxz"),
        ("relu6(x)", "x"),
        ("Wᵀ·x²", "Wx"),
        ("the input x is a number", ""),
        ("∂L/∂w is a sum", "Lw"),
        ("&alpha; <lambda> \\input{x}", ""),
        ("p['W'][0]", "p"),
        ("x軸", ""),
    ],
)
def test_lines(line: str, italic: str) -> None:
    assert "".join(run.text for run in MATH.runs(line) if run.italic) == italic


def test_a_decimal_exponent_is_a_real_superscript() -> None:
    assert [(run.text, run.level) for run in MATH.runs("(x + 1)⁻⁰·⁵")][-1] == ("−0.5", 1)
    assert MATH.runs("10⁻⁵") == ()


@pytest.mark.parametrize("names", [("w0", "w_0"), ("theta", "θ"), ("x1_hat", "x_hat_1"), ("w1", "w₁")])
def test_two_names_never_look_the_same(names: tuple[str, str]) -> None:
    notation = notation_for([*names, "v_1"])
    assert [notation.plain(name) for name in names] == list(names)
    assert notation.plain("v_1") == "v₁"
    assert line_in_latex("w0 + w_0", notation_for(["w0", "w_0"])) == r"\mathrm{w0} + \mathrm{w\_0}"


LETTERS = st.text("abwxWθ_0123hatbr", min_size=1, max_size=8).filter(str.isidentifier)


@given(st.lists(LETTERS, min_size=2, max_size=6, unique=True))
def test_different_names_look_different_in_every_way_of_writing(names: list[str]) -> None:
    notation = notation_for(names)
    assert len({notation.plain(name) for name in names}) == len(names)
    drawn = {notation.runs(name) or name for name in names}
    assert len(drawn) == len(names)
    assert len({line_in_latex(name, notation) for name in names}) == len(names)
