"""Names as a book prints them: ``w0`` is w₀, ``theta_1`` θ₁, ``x_hat`` x̂, ``W_xh`` W with the subscript xh.

Single letters are in italics, words upright. A figure keeps the names as they are typed; every format sets them by the
rules here. If two names of a figure would look the same, both stay as they are typed.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from bpviz.frozen import dataclass

__all__ = ["CODE", "GREEK", "LOWERED", "MATH", "NAME", "Name", "Notation", "Run", "is_prose", "notation_for", "parsed"]

_SMALL = (
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu"),
    *("xi", "omicron", "pi", "rho", "varsigma", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega"),
)
GREEK = {name: chr(ord("α") + i) for i, name in enumerate(_SMALL) if name != "omicron"} | {
    name.capitalize(): chr(ord("Α") + i)
    for i, name in enumerate(_SMALL)
    # Σ and Π are signs of operations.
    if name in ("gamma", "delta", "theta", "lambda", "xi", "upsilon", "phi", "psi", "omega")
}
"""The Greek letters by their names in Python."""

_ACCENTS = {"hat": "\u0302", "bar": "\u0304", "tilde": "\u0303", "prime": "′"}
_DIGITS = "₀₁₂₃₄₅₆₇₈₉"
LOWERED = str.maketrans("0123456789", _DIGITS)
_LETTERS_LOWERED = str.maketrans("aehijklmnoprstuvx", "ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ")
_LOWERABLE = frozenset("aehijklmnoprstuvx0123456789")

# Letters that are raised, such as ᵀ and ʸ, are no part of a name.
_W = r"(?:(?![ʰ-˿ᴬ-ᵡ\u2071\u207f²³¹⁰⁴-⁹])\w)"
NAME = re.compile(rf"(?!\d){_W}[\u0300-\u036f]*(?:{_W}|[\u0300-\u036f]|,(?=[{_DIGITS}]))*")
"""A name in a line of text."""

_ONE = "[A-Za-zΑ-ΟΡΤ-Ωα-ω]"
_ACCENT = "|".join(_ACCENTS)
_BASE = rf"{'|'.join(sorted(GREEK, key=len, reverse=True))}|{_ONE}"
_SUB = rf"_?[0-9]+(?:_[0-9]+)*|_(?!(?:{_ACCENT})(?:_|$))[A-Za-z0-9]+"
_TYPES = frozenset(f"{kind}{bits}" for kind in "fiuc" for bits in (8, 16, 32, 64, 128))
"""The types of numbers: f64."""
_LETTER = re.compile(
    rf"(?P<d>d)?(?P<base>{_BASE})(?:_(?P<accent>{_ACCENT}))?(?P<sub>{_SUB})?(?:_(?P<late>{_ACCENT}))?(?:(?<=lambda)_)?"
)
_WORD = re.compile(rf"(?P<base>(?:(?![ΣΠ{_DIGITS}])[^\W\d_])+)(?P<sub>_?[0-9]+)")
_INDEXED = re.compile(rf"(?P<base>{_ONE}[\u0300-\u036f]*)(?P<lowered>[{_DIGITS},]*)")


class Run(NamedTuple):
    """A piece of a line: ``level`` is −1 for a subscript, 1 for a superscript."""

    text: str
    italic: bool = False
    level: int = 0

    @property
    def is_small(self) -> bool:
        """Whether its characters are small by themselves: ₀."""
        return self.level < 0 and all(character in _DIGITS for character in self.text)


class Name(NamedTuple):
    """A name as it is set: ``letters`` (in italics if they are ``italic``), ``accent`` on the last one, subscript.

    ``lowered`` are indices that are subscripts as characters already.
    """

    letters: str
    italic: bool = False
    accent: str = ""
    sub: str = ""
    lowered: str = ""

    @property
    def plain(self) -> str:
        """The name in plain characters, as far as there are such.

        >>> parsed("theta_1").plain, parsed("x_hat").plain, parsed("z_t").plain, parsed("W_q").plain
        ('θ₁', 'x̂', 'zₜ', 'W_q')
        """
        if not self.sub:
            below = self.lowered
        elif _LOWERABLE.issuperset(self.sub.replace(",", "")):
            below = self.sub.translate(LOWERED).translate(_LETTERS_LOWERED)
        else:
            below = f"_{self.sub}"
        accent = self.accent
        return f"{self.letters}{below}{accent}" if accent == "′" else f"{self.letters}{accent}{below}"

    @property
    def runs(self) -> tuple[Run, ...]:
        """The pieces: a subscript of digits has characters of its own, another one is small text."""
        prime = self.accent == "′"
        made = [Run(self.letters if prime else self.letters + self.accent, self.italic)]
        if self.sub.replace(",", "").isdecimal():
            made.append(Run(self.sub.translate(LOWERED), level=-1))
        elif self.sub:
            made.append(Run(self.sub, sum(map(str.isalpha, self.sub)) <= 2, -1))
        if self.lowered:
            made.append(Run(self.lowered, level=-1))
        return (*made, Run("′")) if prime else tuple(made)


@lru_cache(maxsize=4096)
def parsed(name: str) -> Name | None:
    """Return a name as it is set; ``None`` if that is as it is typed, upright.

    >>> parsed("w0"), parsed("dW_xh")
    (Name(letters='w', italic=True, accent='', sub='0', lowered=''),
     Name(letters='dW', italic=True, accent='', sub='xh', lowered=''))
    >>> parsed("price_2").plain, parsed("learning_rate"), parsed("単価")
    ('price₂', None, None)
    """
    if name in ("Σ", "Π") or name in _TYPES:
        return None
    found = _LETTER.fullmatch(name)
    if found and not (found["accent"] and found["late"]):
        base = found["base"]
        sub = (found["sub"] or "").removeprefix("_").replace("_", ",")
        letters = (found["d"] or "") + GREEK.get(base, base)
        return Name(letters, True, _ACCENTS.get(found["accent"] or found["late"] or "", ""), GREEK.get(sub, sub))
    if indexed := _INDEXED.fullmatch(name):
        return Name(indexed["base"], True, lowered=indexed["lowered"])
    if word := _WORD.fullmatch(name):
        return Name(word["base"], sub=word["sub"].removeprefix("_"))
    return None


@dataclass(frozen=True, slots=True)
class Notation:
    """How the names of a figure are set: as in a book, or all as they are ``typed``; ``kept`` are single ones that are.

    >>> MATH.plain("∂loss/∂w0 = W_q·x_hat"), CODE.plain("w0")
    ('∂loss/∂w₀ = W_q·x̂', 'w0')
    """

    typed: bool = False
    kept: frozenset[str] = frozenset()

    def parsed(self, name: str, after: str = "", *, prose: bool = False, symbol: bool = False) -> Name | None:
        """Return a name as it is set, ``None`` if as it is typed; ``after`` is the character after it.

        In ``prose``, among words, only what has a subscript or an accent is a name. A ``symbol`` of an operation that
        is a word has no subscript.
        """
        if self.typed or name in self.kept:
            return None
        if after == "(" and len(name) > 1:
            # The name of a function.
            return None
        found = parsed(name)
        if found is None or (symbol and (not found.italic or name == "T")):
            # T is the sign of the transpose.
            return None
        return None if prose and not (found.italic and (found.sub or found.accent)) else found

    def runs(self, line: str, *, symbol: bool = False) -> tuple[Run, ...]:
        """Return a line in pieces; empty if it is one upright piece.

        >>> MATH.runs("w0·x")
        (Run(text='w', italic=True, level=0), Run(text='₀', italic=False, level=-1),
         Run(text='·', italic=False, level=0), Run(text='x', italic=True, level=0))
        >>> MATH.runs("0.5"), MATH.runs("x⁰·⁵")[1]
        ((), Run(text='0.5', italic=False, level=1))
        """
        return _runs(self, line, symbol)

    def plain(self, line: str, *, symbol: bool = False) -> str:
        """Return a line in plain characters, with real subscripts where there are such characters."""
        prose = is_prose(line)

        def one(found: re.Match[str]) -> str:
            after, words = line[found.end() : found.end() + 1], prose and not _is_derived(found)
            name = found["name"] and self.parsed(found[0], after, prose=words, symbol=symbol)
            return name.plain if name else found[0]

        return line if self.typed else _PIECE.sub(one, line)


MATH = Notation()
"""Names as in a book."""
CODE = Notation(typed=True)
"""Names as they are typed."""

# In quotes, or the markup of another language: &alpha; <lambda> \input{x} x_1^2.
_QUOTED = r"'[^']*'|\"[^\"]*\"|&\w+;|<\w+>|[\\$#%@]\w+|\{[^{}]*\}|\w+[\^~]"
_RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹⁻"
_LEVEL = str.maketrans(_RAISED + "·", "0123456789−.")
_DECIMAL = re.compile(rf"[{_RAISED}]+·[{_RAISED}]+")
_PIECE = re.compile(rf"(?P<quoted>{_QUOTED})|(?P<raised>{_DECIMAL.pattern})|(?P<name>{NAME.pattern})")


@lru_cache(maxsize=8192)
def _runs(notation: Notation, line: str, symbol: bool) -> tuple[Run, ...]:
    prose = is_prose(line)
    made: list[Run] = []

    def add(run: Run) -> None:
        last = made[-1] if made else None
        if last and last[1:] == run[1:]:
            made[-1] = Run(last.text + run.text, *run[1:])
        elif run.text:
            made.append(run)

    at = 0
    for found in _PIECE.finditer(line):
        add(Run(line[at : found.start()]))
        at = found.end()
        if found.lastgroup == "raised":
            add(Run(found[0].translate(_LEVEL), level=1))
            continue
        name = None
        if found.lastgroup == "name":
            name = notation.parsed(found[0], line[at : at + 1], prose=prose and not _is_derived(found), symbol=symbol)
        for run in (Run(found[0]),) if name is None else name.runs:
            add(run)
    add(Run(line[at:]))
    return () if made in ([], [Run(line)]) else tuple(made)


def _is_derived(found: re.Match[str]) -> bool:
    """Return whether a name stands in a derivative, which is no word of a sentence: ∂L/∂w."""
    return found.string[: found.start()].endswith("∂")


# In formulas these words stand before others: log softmax(x), cross entropy(y, t), sign det X, first max(x).
_WORDS = re.compile(r"(?<![^\W\d_])(?!(?:log|cross|sign|det|first) |[ΣΠ])[^\W\d_]+ +[^\W\d_]")


def is_prose(line: str) -> bool:
    """Return whether a line has words side by side, so that it is no formula.

    >>> is_prose("the input x"), is_prose("z = w0·x"), is_prose("array (3, 4)"), is_prose("z = log softmax(x)")
    (True, False, False, False)
    """
    return _WORDS.search(line) is not None


def notation_for(texts: Iterable[str], *, typed: bool = False) -> Notation:
    """Return the notation for all texts of a figure: names that would look the same stay as they are typed.

    >>> notation_for(["w0", "w_0 = 3", "w1"]).plain("w0 + w_0 + w1")
    'w0 + w_0 + w₁'
    """
    if typed:
        return CODE
    looks: dict[str, set[str]] = defaultdict(set)
    for text in set(texts):
        for found in NAME.finditer(text):
            name = parsed(found[0])
            looks[found[0] if name is None else name.plain].add(found[0])
    kept = frozenset(name for names in looks.values() if len(names) > 1 for name in names)
    return Notation(kept=kept) if kept else MATH
