r"""Names, numbers and lines of text in LaTeX. All of them are data: no part of them can become a command.

The results need no package but amsmath, and work in MathJax, KaTeX and matplotlib.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from bpviz.text.notation import CODE, MATH, Name, Notation

__all__ = [
    "END",
    "FUNCTIONS",
    "LETTERS",
    "LOWERED",
    "RAISED",
    "SIGNS",
    "SPECIAL",
    "line_in_latex",
    "name_in_latex",
    "named",
    "separated",
    "text_in_latex",
]

_GREEK = (
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu"),
    *("xi", "omicron", "pi", "rho", "varsigma", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega"),
)
_CAPITALS = ("gamma", "delta", "theta", "lambda", "xi", "pi", "sigma", "upsilon", "phi", "psi", "omega")
END = "\ue210"
"""Marks the end of a command until it is known whether a letter follows; then a space must separate them."""
LETTERS = {chr(ord("α") + i): f"\\{name}{END}" for i, name in enumerate(_GREEK) if name != "omicron"} | {
    chr(ord("Α") + i): f"\\{name.capitalize()}{END}" for i, name in enumerate(_GREEK) if name in _CAPITALS
}
SIGNS = {
    "·": r" \cdot ",
    "∘": r" \odot ",
    "×": r" \times ",
    "÷": r" \div ",
    "⊗": r" \otimes ",
    "∗": r" \ast ",
    "−": "-",
    "≠": r" \neq ",
    "≤": r" \leq ",
    "≥": r" \geq ",
    "≈": r" \approx ",
    "→": r" \to ",
    "Σ": r"\sum ",
    "Π": r"\prod ",
    "½": r"\frac{1}{2}",
    "∞": rf"\infty{END}",
    "‖": r"\|",
    "⌊": rf"\lfloor{END}",
    "⌋": rf"\rfloor{END}",
    "⌈": rf"\lceil{END}",
    "⌉": rf"\rceil{END}",
    "…": rf"\ldots{END}",
    "⋯": r" \cdots ",
    "#": r"\#",
    "&": r" \wedge ",
    "~": rf"\sim{END}",
    "^": r" \oplus ",
}
SPECIAL = r"\\{}^_~#$%&"
_ESCAPES = {
    "\\": rf"\backslash{END}",
    "^": rf"\wedge{END}",
    "~": rf"\sim{END}",
    **{sign: rf"\{sign}" for sign in "{}_#$%&"},
}
FUNCTIONS = frozenset(
    ("exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan", "max", "min", "det")
)
RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
LOWERED = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")


def name_in_latex(name: str) -> str:
    r"""Return a name in LaTeX: one letter in italics, words upright, final numbers as subscripts; commands are escaped.

    >>> name_in_latex("x1"), name_in_latex("θ"), name_in_latex("learning_rate"), name_in_latex("単価")
    ('x_{1}', '\\theta', '\\mathrm{learning\\_rate}', '\\text{単価}')
    >>> name_in_latex(r"\input{x}")
    '\\backslash\\mathrm{input}\\{x\\}'
    """
    return separated(named(name))


def named(name: str, notation: Notation = MATH) -> str:
    """Return a name in LaTeX, with marks at the ends of commands (see `separated`)."""
    name = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in name)
    found = notation.parsed(name)
    if found:
        return _set(found)
    if re.fullmatch(r"[A-Za-z0-9_]+", name):
        return _run(name, upright=notation.typed or name in notation.kept)
    # The name of an attribute or of an element: self.W1, W[0, 1].
    pieces = re.findall(rf"\w\u0302|{_PART}|[{SPECIAL}]|[A-Za-z0-9]+|[^{SPECIAL}A-Za-z0-9]+", name.translate(LOWERED))
    return "".join(_piece(piece, notation) for piece in pieces) or r"\text{ }"


_PART = r"(?<!\w)[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)*(?!\w)"


def _piece(piece: str, notation: Notation) -> str:
    found = notation.parsed(piece) if re.fullmatch(_PART, piece) else None
    return _run(piece) if found is None else _set(found)


def _set(name: Name) -> str:
    """Return a name as a book prints it."""
    *before, last = re.findall(r".[\u0300-\u036f]*", name.letters)
    accents = {"\u0302": r"\hat", "\u0303": r"\tilde", "\u0304": r"\bar"}
    letter = _run(last)
    if name.accent in accents:
        letter = rf"{accents[name.accent]}{{{letter}}}"
    letters = "".join(map(_run, before)) + letter if name.italic else _run(name.letters)
    prime = "'" if name.accent == "′" else ""
    sub = name.sub or name.lowered.translate(LOWERED)
    if not sub:
        return letters + prime
    # Two letters are two indices; more are a word.
    written = sub if sum(map(str.isalpha, sub)) <= 2 and sub.isascii() else _run(sub)
    return f"{letters}{prime}_{{{written}}}"


def separated(line: str) -> str:
    """Return a line in which a space separates each command from a letter after it."""
    return re.sub(f"{END}(?=[A-Za-z])", " ", line).replace(END, "")


def _run(text: str, upright: bool = False) -> str:
    """Return letters of one kind, or one sign; a single letter is in italics unless it is ``upright``."""
    if text in _ESCAPES:
        return _ESCAPES[text]
    if text in LETTERS:
        return LETTERS[text]
    if text[1:] == "\u0302":
        return rf"\hat{{{_run(text[0])}}}"
    if not text.isascii() or not re.fullmatch(r"\w+", text):
        return rf"\text{{{text}}}"
    plain = (len(text) == 1 and not upright) or text.isdigit()
    return text if plain else rf"\mathrm{{{text.replace('_', _ESCAPES['_'])}}}"


_UPRIGHT = {
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"{\char34}",
    "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}",
    "-": r"{-\kern0pt}",  # two of them would be a dash, in LuaLaTeX in spite of the braces
    **{sign: rf"\{sign}" for sign in "{}_#$%&"},
}
_RAISED_SIGNS = "".join(map(chr, RAISED)) + "ᵀ"
_LOWERED_SIGNS = "".join(map(chr, LOWERED))
_MORE_SIGNS = {"∂": rf"\partial{END}", "√": rf"\surd{END}", "′": "{}'"}


def text_in_latex(text: str) -> str:
    r"""Return a line of text for LaTeX's text mode, which shows every character as it is.

    >>> text_in_latex(r"100 % of $x_1$"), text_in_latex("η → 0")
    ('100 \\% of \\$x\\_1\\$', '\\ensuremath{\\eta} \\ensuremath{\\to} 0')
    """
    # LaTeX reads several spaces as one, and drops those at the ends.
    return re.sub(r" (?= )|^ | $", r"\\ ", "".join(map(_upright, text)))


def _upright(character: str) -> str:
    if character in _UPRIGHT:
        return _UPRIGHT[character]
    if character.isascii():
        return character
    if character in _RAISED_SIGNS or character in _LOWERED_SIGNS or _sign(character):
        return rf"\ensuremath{{{line_in_latex(character)}}}"
    return character


def _sign(character: str) -> str:
    """Return a sign or a Greek letter in mathematical mode; empty for any other character."""
    return SIGNS.get(character) or LETTERS.get(character) or _MORE_SIGNS.get(character) or ""


_KNOWN = "".join({**SIGNS, **LETTERS, **_MORE_SIGNS}) + _RAISED_SIGNS + _LOWERED_SIGNS


@cache
def _token() -> re.Pattern[str]:
    """Return the pattern of a piece of a line; it is long, and compiled only for LaTeX."""
    return re.compile(
        rf"(?P<word>[A-Za-zΑ-ΟΡΤ-Ωα-ω][\u0300-\u036f]?[A-Za-z0-9_]*)|(?P<raised>[{_RAISED_SIGNS}]+(?:·[{_RAISED_SIGNS}]+)?)|(?P<lowered>[{_LOWERED_SIGNS}]+)"
        rf"|(?P<special>[{SPECIAL}])|(?P<space>(?<=\w) +(?=\w))|(?P<quote>[\"'`]+)|(?P<ascii>[\x00-\x7f])"
        rf"|(?P<text>[^\x00-\x7f{re.escape(_KNOWN)}]+)|(?P<sign>.)",
        re.DOTALL,
    )


def line_in_latex(line: str, notation: Notation = MATH, *, symbol: bool = False) -> str:
    r"""Return a line of mathematics, or the ``symbol`` of an operation: numbers, names, signs, raised and lowered ones.

    >>> line_in_latex("−1.2×10⁻⁵"), line_in_latex("dW = dZᵀ·X"), line_in_latex("price_2 % 単価")
    ('-1.2 \\times 10{}^{-5}', 'dW = dZ{}^{\\top} \\cdot X', '\\mathrm{price}_{2} \\% \\text{単価}')
    """
    parts = []
    for found in _token().finditer(line):
        after = line[found.end() : found.end() + 1]
        typed = found.lastgroup == "word" and notation.parsed(found[0], after, symbol=symbol) is None
        parts.append(_in_line(found.lastgroup, found[0], CODE if typed else notation))
    line = "".join(parts)
    return separated(re.sub(r" +", " ", line)).strip()


def _in_line(kind: str | None, token: str, notation: Notation) -> str:
    match kind:
        case "word":
            return rf"\{token}{END}" if token in FUNCTIONS else named(token, notation)
        case "raised":
            # Braces before it, because LaTeX refuses two superscripts in a row.
            return "{}^{" + token.replace("ᵀ", r"\top ").replace("·", ".").translate(RAISED).strip() + "}"
        case "lowered":
            return "{}_{" + token.translate(LOWERED) + "}"
        case "special":
            return _ESCAPES[token]
        case "space":
            return r"\ "
        case "quote" | "text":
            return rf"\text{{{token}}}"
        case "sign":
            return _sign(token)
        case _:
            return token
