"""Numbers of one kind: those of an array have the same number of decimals, and one power of ten for all."""

from __future__ import annotations

import math
from collections.abc import Sequence

from bpviz.text.numerals import number, superscript

__all__ = ["of_one_kind", "unpadded"]

_MOST = 7
"""The most decimals, so that a small number beside large ones keeps two digits."""
_LONGEST = 9
"""The most digits of a number with these decimals."""
_FAR = 1e250
"""From here on powers of ten are near the ends of the numbers."""


def of_one_kind(values: Sequence[float], precision: int = 4) -> tuple[tuple[str, ...], str]:
    """Return numbers with the same decimals, and the power of ten that they are multiplied by; empty if there is none.

    Very small numbers beside large ones are written each in its own way.

    >>> of_one_kind([0.3, 2.9, 4.0]), of_one_kind([0.02472, 0.33287, 1.0])
    ((('0.3', '2.9', '4.0'), ''), (('0.0247', '0.3329', '1.0000'), ''))
    >>> of_one_kind([1.5e-7, -2.25e-6]), of_one_kind([1.0, 1e-9])
    ((('0.15', '−2.25'), '×10⁻⁶'), (('1', '1×10⁻⁹'), ''))
    """
    sizes = [abs(v) for v in values if v and math.isfinite(v)]
    if not sizes or all(size == int(size) and size < 1e7 for size in sizes):
        return tuple(number(v, precision) for v in values), ""
    if min(sizes) < max(sizes) * 10.0**-_MOST or max(sizes) > _FAR or min(sizes) < 1 / _FAR:
        return tuple(number(v, precision) for v in values), ""
    most, least = _power(max(sizes), precision), min(sizes)
    shift = most if most >= 6 or most < -4 else 0
    most -= shift
    least /= 10.0**shift
    room = max(precision - 1 - most, precision - max(most, 0))
    small = 1 - math.floor(math.log10(least))
    decimals = max(room, small if round(least, room) != least else 0, 0)
    texts = [_fixed(v / 10.0**shift, decimals) for v in values]
    spare = min(_spare(text) for text in texts)
    decimals -= min(spare, decimals)
    if decimals > _MOST or max(most, 0) + decimals > _LONGEST:
        return tuple(number(v, precision) for v in values), ""
    factor = f"×10{superscript(str(shift))}" if shift else ""
    return tuple(_fixed(v / 10.0**shift, decimals) for v in values), factor


def _power(size: float, precision: int) -> int:
    """Return the power of ten of a number, rounded first."""
    return int(f"{size:.{precision - 1}e}".partition("e")[2])


def _fixed(value: float, decimals: int) -> str:
    if not math.isfinite(value) or (value == 0 and not decimals):
        return number(value)
    # A number that rounds to 0 has no sign.
    text = f"{value:.{decimals}f}"
    return text.replace("-", "" if float(text) == 0 else "−")


def _spare(text: str) -> int:
    """Return how many zeros at the end of a number are not needed; of text without a point as many as there may be."""
    return len(text) - len(text.rstrip("0")) if "." in text else _MOST + _LONGEST


def unpadded(text: str) -> str:
    """Return a number, or two with an arrow between them, without the zeros that only fill a column.

    >>> unpadded("1.500"), unpadded("2.0 → 10"), unpadded("−0.00")
    ('1.5', '2 → 10', '0')
    """
    parts = text.split(" → ")
    bare = [part.rstrip("0").rstrip(".") if "." in part and "×" not in part else part for part in parts]
    return " → ".join("0" if part in ("−0", "-0") else part for part in bare)
