"""Formulas in LaTeX: the same notations, translated sign by sign; names are data and cannot be commands.

The results need no package but amsmath, and work in MathJax, KaTeX and matplotlib.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from bpviz.formulas.expression import Expression
from bpviz.formulas.notation import Notation, template
from bpviz.formulas.writing import as_written
from bpviz.text.latex import END, FUNCTIONS, LETTERS, LOWERED, RAISED, SIGNS, SPECIAL, named
from bpviz.text.numerals import number

__all__ = ["latex_of"]

_JOINING = frozenset(("if", "else", "and", "or", "xor", "not", "mod"))

_LOW = r"\_"

# A place that will be filled, in a template (see `bpviz.formulas.notation.template`).
_HOLE = "[\ue000-\ue0ff]"


def latex_of(value: Any) -> str:
    r"""Return an expression or a number in LaTeX's mathematical mode.

    >>> latex_of(-1.5e-7)
    '-1.5 \\times 10^{-7}'
    """
    return _tidy(_InLatex().of(as_written(value))[0])


class _InLatex(Notation):
    """Names, numbers, powers, brackets and notations in LaTeX."""

    def name(self, value: Expression) -> str:
        if value.derivative is None:
            return named(value.name)
        of, by = value.derivative
        return rf"\frac{{\partial {named(of)}}}{{\partial {named(by)}}}" if of else f"d{named(by)}"

    def number(self, value: float) -> str:
        return _translated(number(value))

    def letter(self, name: str) -> str:
        return _translated(name)

    def parameter(self, value: Any) -> str:
        text = str(value).replace("->", "→")
        if re.search(f"[{SPECIAL}]", text):
            return named(text)
        words = re.sub(r"([A-Za-z]{2,})", r"\\mathrm{\1}", text)
        return "".join(SIGNS.get(c, c) for c in words)

    def raised(self, base: str, exponent: str) -> str:
        return f"{base}^{{{_translated(exponent)}}}"

    def template(self, notation: str) -> tuple[str, tuple[str, ...]]:
        line, names = template(notation)
        return _translated(line), names

    def closed_by(self, before: str, after: str) -> bool:
        before = before.rstrip(END)
        return before.endswith(("{", r"\lfloor", r"\lceil", r"\|")) or super().closed_by(before, after)

    def fitted(self, text: str, before: str, after: str) -> str:
        # LaTeX refuses two superscripts in a row.
        return f"{{{text}}}" if after.startswith("^") and "^" in text and text[-1] != ")" else text


@cache
def _translated(line: str) -> str:
    """Return a notation, holes and all, in LaTeX."""
    # Under a root, above and below a bar, and raised: what LaTeX puts between braces.
    line = re.sub(r"√\(([^()]*)\)", r"√{\1}", line)
    line = re.sub(rf"([√∛])(\w|{_HOLE})", r"\1{\2}", line)
    part = rf"(?:[A-Za-z0-9.π]+|{_HOLE})"
    line = re.sub(rf"(?<![\w⁻])({part})/({part})(?![ᵀ⁻])", "\ue200{\\1}{\\2}", line)
    line = re.sub(rf"\^({_HOLE})", "\ue201{\\1}", line)
    line = re.sub(r"([⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+)", lambda found: f"\ue201{{{found[1].translate(RAISED)}}}", line)
    line = re.sub(r"([₀-₉]+)", lambda found: f"\ue202{{{found[1].translate(LOWERED)}}}", line)
    line = re.sub(r"([A-Za-z][A-Za-z0-9_-]+)", _word, line)
    line = "".join(SIGNS.get(c) or LETTERS.get(c) or c for c in line)
    marks = {
        "√": r"\sqrt",
        "∛": r"\sqrt[3]",
        "ᵀ": r"^{\top}",
        "′": "'",
        "\ue200": r"\frac",
        "\ue201": "^",
        "\ue202": "_",
    }
    return "".join(marks.get(c, c) for c in line)


def _word(found: re.Match[str]) -> str:
    word = found[1]
    if word in _JOINING:
        return rf"\text{{ {word} }}"
    return rf"\{word}{END}" if word in FUNCTIONS else rf"\operatorname{{{word.replace('_', _LOW)}}}"


def _tidy(line: str) -> str:
    """Put one space between signs, only where one is needed; make brackets as tall as what they hold."""
    line = re.sub(f"{END}(?=[A-Za-z])", " ", line).replace(END, "")
    # The content of \text keeps its spaces and brackets.
    parts = re.split(r"(\\text\{[^}]*\})", line)
    parts[::2] = [re.sub(r" (?=[\^_)\]])", "", re.sub(r" +", " ", part)) for part in parts[::2]]
    return _grown(parts).strip()


def _grown(parts: list[str]) -> str:
    """Make brackets tall around fractions, sums and roots. Every other part is text, in which brackets are letters."""
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
