"""Formulas in LaTeX: the same notations, translated sign by sign; names are data and cannot be commands.

What comes out needs no packages but amsmath's, and is understood by MathJax, KaTeX and matplotlib.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Any

from bpviz.expression import Expression
from bpviz.notation import Notation, template
from bpviz.number import number

__all__ = ["latex_of", "name_in_latex"]

_GREEK = (
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu"),
    *("xi", "omicron", "pi", "rho", "varsigma", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega"),
)
_CAPITALS = ("gamma", "delta", "theta", "lambda", "xi", "pi", "sigma", "upsilon", "phi", "psi", "omega")
_END = "\ue210"
"""Stands at the end of a command until it is known whether a letter follows, from which a space must part it."""
_LETTERS = {chr(ord("α") + i): f"\\{name}{_END}" for i, name in enumerate(_GREEK) if name != "omicron"} | {
    chr(ord("Α") + i): f"\\{name.capitalize()}{_END}" for i, name in enumerate(_GREEK) if name in _CAPITALS
}
_SIGNS = {
    "·": r" \cdot ",
    "∘": r" \odot ",
    "×": r" \times ",
    "⊗": r" \otimes ",
    "∗": r" \ast ",
    "−": "-",
    "≠": r" \neq ",
    "≤": r" \leq ",
    "≥": r" \geq ",
    "→": r" \to ",
    "Σ": r"\sum ",
    "Π": r"\prod ",
    "½": r"\frac{1}{2}",
    "∞": rf"\infty{_END}",
    "‖": r"\|",
    "⌊": rf"\lfloor{_END}",
    "⌋": rf"\rfloor{_END}",
    "⌈": rf"\lceil{_END}",
    "⌉": rf"\rceil{_END}",
    "…": rf"\ldots{_END}",
    "#": r"\#",
    "&": r" \wedge ",
    "~": rf"\sim{_END}",
    "^": r" \oplus ",
}
_SPECIAL = r"\\{}^_~#$%&"
_ESCAPES = {
    "\\": rf"\backslash{_END}",
    "^": rf"\wedge{_END}",
    "~": rf"\sim{_END}",
    **{sign: rf"\{sign}" for sign in "{}_#$%&"},
}
_KNOWN = frozenset(
    ("exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan", "max", "min", "det")
)
_JOINING = frozenset(("if", "else", "and", "or", "xor", "not", "mod"))
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_LOWERED = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")

# A place that will be filled, in a template (see `bpviz.notation.template`).
_HOLE = "[\ue000-\ue0ff]"


def latex_of(value: Any) -> str:
    r"""An expression or a number in LaTeX's mathematical mode.

    >>> latex_of(-1.5e-7)
    '-1.5 \\times 10^{-7}'
    """
    return _tidy(_InLatex().of(value)[0])


def name_in_latex(name: str) -> str:
    r"""A name: one letter in italics, words upright, numbers behind them below; what LaTeX would obey is escaped.

    >>> name_in_latex("x1"), name_in_latex("θ"), name_in_latex("learning_rate"), name_in_latex("単価")
    ('x_{1}', '\\theta', '\\mathrm{learning\\_rate}', '\\text{単価}')
    >>> name_in_latex(r"\input{x}")
    '\\backslash\\mathrm{input}\\{x\\}'
    """
    return _tidy(_named(name))


def _named(name: str) -> str:
    name = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in name).translate(_LOWERED)
    found = re.fullmatch(r"([^\W\d_]+)_?([0-9]+)", name) or re.fullmatch(r"([^\W\d_])_([^\W_]+)", name)
    if found:
        return f"{_run(found[1])}_{{{_run(found[2])}}}"
    if re.fullmatch(r"[A-Za-z0-9_]+", name):
        return _run(name)
    runs = re.findall(rf"\w\u0302|[{_SPECIAL}]|[A-Za-z0-9]+|[^{_SPECIAL}A-Za-z0-9]+", name)
    return "".join(map(_run, runs)) or r"\text{ }"


def _run(text: str) -> str:
    """Letters of one kind, or one sign."""
    if text in _ESCAPES:
        return _ESCAPES[text]
    if text in _LETTERS:
        return _LETTERS[text]
    if text[1:] == "\u0302":
        return rf"\hat{{{_run(text[0])}}}"
    if not text.isascii() or not re.fullmatch(r"\w+", text):
        return rf"\text{{{text}}}"
    return text if len(text) == 1 or text.isdigit() else rf"\mathrm{{{text.replace('_', _ESCAPES['_'])}}}"


class _InLatex(Notation):
    """Names, numbers, powers, brackets and notations in LaTeX."""

    def name(self, value: Expression) -> str:
        if value.derivative is None:
            return _named(value.name)
        of, by = value.derivative
        return rf"\frac{{\partial {_named(of)}}}{{\partial {_named(by)}}}" if of else f"d{_named(by)}"

    def number(self, value: float) -> str:
        return _translated(number(value))

    def letter(self, name: str) -> str:
        return _translated(name)

    def told(self, value: Any) -> str:
        text = str(value).replace("->", "→")
        if re.search(f"[{_SPECIAL}]", text):
            return _named(text)
        words = re.sub(r"([A-Za-z]{2,})", r"\\mathrm{\1}", text)
        return "".join(_SIGNS.get(c, c) for c in words)

    def raised(self, base: str, exponent: str) -> str:
        return f"{base}^{{{_translated(exponent)}}}"

    def template(self, notation: str) -> tuple[str, tuple[str, ...]]:
        line, names = template(notation)
        return _translated(line), names

    def closed_by(self, before: str, after: str) -> bool:
        before = before.rstrip(_END)
        return before.endswith(("{", r"\lfloor", r"\lceil", r"\|")) or super().closed_by(before, after)

    def fitted(self, text: str, before: str, after: str) -> str:
        # LaTeX refuses what is raised twice.
        return f"{{{text}}}" if after.startswith("^") and "^" in text and text[-1] != ")" else text


@cache
def _translated(line: str) -> str:
    """A notation, holes and all, in LaTeX."""
    # Under a root, above and below a bar, and raised: what LaTeX puts between braces.
    line = re.sub(r"√\(([^()]*)\)", r"√{\1}", line)
    line = re.sub(rf"([√∛])(\w|{_HOLE})", r"\1{\2}", line)
    part = rf"(?:[A-Za-z0-9.π]+|{_HOLE})"
    line = re.sub(rf"(?<![\w⁻])({part})/({part})(?![ᵀ⁻])", "\ue200{\\1}{\\2}", line)
    line = re.sub(rf"\^({_HOLE})", "\ue201{\\1}", line)
    line = re.sub(r"([⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+)", lambda found: f"\ue201{{{found[1].translate(_RAISED)}}}", line)
    line = re.sub(r"([₀-₉]+)", lambda found: f"\ue202{{{found[1].translate(_LOWERED)}}}", line)
    line = re.sub(r"([A-Za-z][A-Za-z0-9-]+)", _word, line)
    line = "".join(_SIGNS.get(c) or _LETTERS.get(c) or c for c in line)
    marks = {"√": r"\sqrt", "∛": r"\sqrt[3]", "ᵀ": r"^{\top}", "\ue200": r"\frac", "\ue201": "^", "\ue202": "_"}
    return "".join(marks.get(c, c) for c in line)


def _word(found: re.Match[str]) -> str:
    word = found[1]
    if word in _JOINING:
        return rf"\text{{ {word} }}"
    return rf"\{word}{_END}" if word in _KNOWN else rf"\operatorname{{{word}}}"


def _tidy(line: str) -> str:
    """One space between signs, and only where one is needed; brackets as tall as what they hold."""
    line = re.sub(f"{_END}(?=[A-Za-z])", " ", line).replace(_END, "")
    # What \text holds keeps its spaces and brackets.
    parts = re.split(r"(\\text\{[^}]*\})", line)
    parts[::2] = [re.sub(r" (?=[\^_)\]])", "", re.sub(r" +", " ", part)) for part in parts[::2]]
    return _grown(parts).strip()


def _grown(parts: list[str]) -> str:
    """Brackets made tall around fractions, sums and roots. Every other part is text, in which brackets are letters."""
    tokens: list[str] = []
    for i, part in enumerate(parts):
        tokens += [part] if i % 2 else re.split(r"([()])", part)
    opened: list[tuple[int, bool]] = []
    tall = False
    for i, token in enumerate(tokens):
        if token == "(":
            opened.append((i, tall))
            tall = False
        elif token == ")" and opened:
            start, before = opened.pop()
            if tall:
                tokens[start], tokens[i] = r"\left(", r"\right)"
            tall = tall or before
        elif re.search(r"\\(frac|sum|prod|sqrt)", token):
            tall = True
    return "".join(tokens)
