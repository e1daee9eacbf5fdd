"""Numbers as in a book."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache

__all__ = ["MINUS", "added", "digits_apart", "number", "superscript"]

MINUS = "\N{MINUS SIGN}"
_RAISED = str.maketrans("0123456789-−.", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁻·")


def superscript(text: str) -> str:
    """Return digits and signs as superscripts.

    >>> superscript("-12")
    '⁻¹²'
    """
    return text.translate(_RAISED)


# Each number is formatted several times: at its wires, and in descriptions.
@lru_cache(maxsize=4096)
def number(value: float, precision: int = 4) -> str:
    """Return a number with about ``precision`` significant digits, without rounding errors at the end.

    Below a million, the whole part is complete; larger numbers, and those below 0.0001, have powers of ten.

    >>> [number(v) for v in (220.00000000000003, 1.1, -0.09078424878489547, 12345.678, 0.0000123)]
    ['220', '1.1', '−0.09078', '12346', '1.23×10⁻⁵']
    >>> [number(v) for v in (1e6, 123456789.0, float("nan"), float("-inf"), -0.0)]
    ['1000000', '1.235×10⁸', 'NaN', '−∞', '0']
    """
    if value != value:
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else MINUS + "∞"
    if value == 0:
        return "0"
    size = abs(value)
    sign = MINUS if value < 0 else ""
    if size == int(size) and size < 1e7:
        return f"{sign}{int(size)}"
    # Rounded first, because 0.99996 is 1, not 1.000.
    mantissa, _, exponent = f"{size:.{precision - 1}e}".partition("e")
    power = int(exponent)
    # Also for a number below a million whose first digits round up to it.
    if -4 <= power < 6 or 1 < size < 999_999.5:
        text = f"{size:.{max(precision - 1 - power, 0)}f}"
        return sign + (text.rstrip("0").rstrip(".") if "." in text else text)
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return f"{sign}{mantissa}×10{superscript(str(power))}"


def added(texts: Iterable[str]) -> str:
    """Return numbers as a sum.

    >>> added(["0.5", "−1.2", "1 → 2"])
    '0.5 − 1.2 + (1 → 2)'
    """
    terms = [f"({text})" if "→" in text else text for text in texts]
    return " ".join([terms[0], *(f"− {term[1:]}" if term.startswith(MINUS) else f"+ {term}" for term in terms[1:])])


def digits_apart(one: float, other: float, precision: int = 4) -> tuple[str, str]:
    """Return two numbers with enough digits: they have the same text only if they are equal.

    >>> digits_apart(1.0, 1.00001), digits_apart(1.1, 1.2), digits_apart(2.0, 2.0)
    (('1', '1.00001'), ('1.1', '1.2'), ('2', '2'))
    """
    same = one == other or (one != one and other != other)
    texts = number(one, precision), number(other, precision)
    while texts[0] == texts[1] and not same and precision < 17:
        precision += 1
        texts = number(one, precision), number(other, precision)
    return texts
