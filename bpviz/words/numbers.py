"""Numbers and rows of things in a line of text."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from bpviz import ops
from bpviz.lazy import LazyModule
from bpviz.ops.table.thumbnails import Thumbnail
from bpviz.ops.table.unknown import UNKNOWN
from bpviz.text.language import ENGLISH, Language
from bpviz.text.numerals import MINUS, added, number, superscript
from bpviz.words.values import identical, shape_text, spoken

__all__ = [
    "Numerals",
    "elided",
    "factor",
    "grows",
    "shown",
    "shown_apart",
    "shown_count",
    "shown_gradient",
    "shown_number",
    "signed",
]

np: Any = LazyModule("numpy")

_CELLS = 9
"""The most elements of an array that are written out in a line."""
_ENDS = 3
"""The number of parts shown at each end of a row that is too long."""


class Numerals:
    """The writer of the numbers in a text, and of the names among its words: with so many digits, in a language.

    >>> numerals = Numerals()
    >>> numerals.factor(-2.0), numerals.added([1.5, -2.0])
    ('(−2)', '1.5 − 2')
    """

    def __init__(self, precision: int = 4, say: Language = ENGLISH) -> None:
        """Take the number of digits and the language."""
        self.precision, self.say = precision, say

    def name(self, text: str) -> str:
        """Return a name, or a derivative, as it stands among words."""
        return text

    def number(self, x: Any) -> str:
        """Return a single number, which may be unknown."""
        return shown_number(x, self.precision, self.say)

    def factor(self, x: Any) -> str:
        """Return a single number as a factor, in brackets if it is negative."""
        return factor(self.number(x))

    def added(self, xs: Sequence[Any]) -> str:
        """Return the sum of single numbers, term by term."""
        return added(map(self.number, xs))

    def gradient(self, x: Any) -> str:
        """Return a number, the rows of a small array, or the shape and the length of a larger one."""
        return shown_gradient(x, self.precision, self.say)


def shown(value: Any, precision: int = 4, say: Language = ENGLISH) -> str:
    """Return a number, the rows of a small array, or the shape of a larger one.

    >>> import numpy as np
    >>> shown(2.0), shown(np.array([[1.0, 2.0]])), shown(np.ones((20, 3)))
    ('2', '[1, 2]', 'shape (20, 3)')
    """
    if not _is_written_out(value):
        return say("shape {shape}", shape=shape_text(ops.shape_of(value)))
    return spoken(value, precision, say)


def shown_apart(old: Any, new: Any, precision: int = 4, say: Language = ENGLISH) -> tuple[str, str]:
    """Return two values, with enough digits that different ones look different, if they are written out.

    >>> shown_apart(1.0, 1.00001), shown_apart(2.0, 2.0)
    (('1', '1.00001'), ('2', '2'))
    """
    texts = shown(old, precision, say), shown(new, precision, say)
    if ops.shape_of(old) == ops.shape_of(new) and _is_written_out(old) and not identical(old, new):
        while texts[0] == texts[1] and precision < 17:
            precision += 1
            texts = shown(old, precision, say), shown(new, precision, say)
    return texts


def shown_gradient(value: Any, precision: int, say: Language = ENGLISH) -> str:
    """Return a gradient in the same way, with the length of a larger one."""
    if _is_written_out(value) or isinstance(value, Thumbnail):
        return shown(value, precision, say)
    size = number(float(np.linalg.norm(value)), precision)
    return say("shape {shape}, length {length}", shape=shape_text(ops.shape_of(value)), length=size)


def _is_written_out(value: Any) -> bool:
    shape = ops.shape_of(value)
    return 0 < math.prod(shape) <= _CELLS and len(shape) <= 2


def shown_number(value: Any, precision: int, say: Language = ENGLISH) -> str:
    """Return a single number, which may be unknown.

    >>> shown_number(0.5, 4), shown_number(UNKNOWN, 4)
    ('0.5', 'unknown')
    """
    return say("unknown") if value is UNKNOWN else number(float(value), precision)


def shown_count(count: int) -> str:
    """Return a count of any size.

    >>> shown_count(3), shown_count(1234567), shown_count(2**60), shown_count(2**20000)
    ('3', '1,234,567', '1.153×10¹⁸', '3.98×10⁶⁰²⁰')
    """
    if count < 10**12:
        return f"{count:,}"
    # Logarithms take whole numbers of any size, where floats would overflow.
    power = int(math.log10(count))
    return f"{number(10 ** (math.log10(count) - power), 4)}×10{superscript(str(power))}"


def grows(amount: float, precision: int, say: Language = ENGLISH) -> str:
    """Return a change of this size in words.

    >>> grows(2.2, 4), grows(-0.5, 4), grows(0.0, 4)
    ('grows by 2.2', 'falls by 0.5', 'stays the same')
    """
    if not math.isfinite(amount):
        return say("is no longer finite")
    if amount == 0:
        return say("stays the same")
    return say("grows by {amount}" if amount > 0 else "falls by {amount}", amount=number(abs(amount), precision))


def signed(amount: float, precision: int) -> str:
    """Return a change with its sign.

    >>> signed(20.0, 4), signed(-0.5, 4), signed(0.0, 4)
    ('+20', '−0.5', '0')
    """
    text = number(amount, precision)
    return text if text.startswith(MINUS) or text in ("0", "NaN") else f"+{text}"


def factor(text: str) -> str:
    """Return a formula as a factor: in brackets if it is a sum, or begins with a minus.

    >>> factor("n·t"), factor("1 − y"), factor("−x"), factor("exp(1 − y)")
    ('n·t', '(1 − y)', '(−x)', 'exp(1 − y)')
    """
    inside, outside = "", text
    while inside != outside:
        # Remove what is in brackets, the innermost first.
        inside, outside = outside, re.sub(r"[(\[|][^()\[\]|]*[)\]|]", "", outside)
    return f"({text})" if " " in outside or text.startswith(MINUS) else text


def elided(parts: Sequence[str], say: Language = ENGLISH) -> list[str]:
    """Return a long row of parts without its middle.

    >>> elided("abcdefghij")
    ['a', 'b', 'c', '… (4 more) …', 'h', 'i', 'j']
    """
    if len(parts) <= 2 * _ENDS + 2:
        return list(parts)
    left = say("… ({count} more) …", count=shown_count(len(parts) - 2 * _ENDS))
    return [*parts[:_ENDS], left, *parts[-_ENDS:]]
