"""Text in figures: its width, the characters that the bundled font lacks, and a form that can be printed.

All lengths are points. Every writer and every engine uses the measures of one font, so that a figure has the same
layout everywhere.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import cache, lru_cache

from bpviz.text import font_metrics

__all__ = [
    "ASCENT",
    "CAP_HEIGHT",
    "DESCENT",
    "FAMILY",
    "LINE_HEIGHT",
    "lines",
    "missing",
    "printable",
    "safe_lines",
    "visible",
    "width",
    "wrapped",
]

FAMILY = font_metrics.FAMILY
"""The name of the bundled font."""

# The extent of most glyphs, as fractions of the size. (The font's own ascent leaves room for stacked accents,
# which would move numbers a quarter of a line away from their wires.)
ASCENT = 0.80
DESCENT = font_metrics.DESCENT / font_metrics.UNITS_PER_EM
CAP_HEIGHT = font_metrics.CAP_HEIGHT / font_metrics.UNITS_PER_EM
LINE_HEIGHT = 1.2

_FULL_WIDTH = 1.0
_EMOJI_WIDTH = 1.3
_EMOJI = ((0x1F000, 0x1FAFF), (0x2600, 0x27BF), (0x2B00, 0x2BFF))


def width(text: str, size: float) -> float:
    """Return how many points wide ``text`` is drawn, in one line, at a font size of ``size`` points.

    Kerning is ignored: it only makes text a little narrower.

    >>> round(width("100", 14), 2)
    26.72
    >>> width("鉛筆", 14)
    28.0
    """
    return size * sum(map(_advance, text))


def wrapped(
    text: str, size: float, room: float, measured: Callable[[str, float], float] | None = None
) -> tuple[str, ...]:
    """Return ``text`` in lines of at most ``room`` points, ``measured`` in a font of the author's if there is one.

    Lines break after commas and full stops if that is enough, else before equals signs, else at any space, and between
    full-width letters. A longer word has its own line. No line begins with a closing bracket or with the end of a
    sentence.

    >>> wrapped("one two three", 10, 50)
    ('one two', 'three')
    >>> wrapped("x = 1, y = 2 + 3 = 5", 10, 70)
    ('x = 1,', 'y = 2 + 3 = 5')
    >>> wrapped("勾配はxへ流れる。", 10, 42)
    ('勾配はx', 'へ流れ', 'る。')
    """
    rows: list[str] = []
    long = measured or width
    _fill(rows, "", printable(text), _breaks(), lambda line: long(line, size) <= room)
    return tuple(filter(None, rows)) or ("",)


def _fill(rows: list[str], gap: str, part: str, breaks: Sequence[re.Pattern[str]], fits: Callable[[str], bool]) -> None:
    """Add a part to the last row or as a new row; split a part that is too long for any row."""
    longer = f"{rows[-1]}{gap}{part}" if rows else part
    if rows and fits(longer):
        rows[-1] = longer
    elif fits(part) or not breaks:
        rows.append(part)
    else:
        if rows[-1:] and rows[-1].endswith(_PAUSES):
            # A long part does not begin at the end of a row.
            gap = ""
            rows.append(gap)
        # Pieces, with the gaps between them.
        pieces = breaks[0].split(part)
        for between, piece in zip([gap, *pieces[1::2]], pieces[::2], strict=True):
            if piece:
                _fill(rows, between, piece, breaks[1:], fits)


_PAUSES = (",", ";", ".", "、", "；", "。")
_FULL, _OPENS, _CLOSES = "\u3040-\u30fa\u3400-\u9fff", "（「", "、。：；）」ー"


@cache
def _breaks() -> tuple[re.Pattern[str], ...]:
    """Return where lines may break, the best places first. Most figures have no notes, so they are compiled late."""
    return (
        # Not after those inside an array, [0.1, 0.2; 0.3, 0.4].
        re.compile(r"((?<=[,;.]) |(?<=[、；。])(?=.))(?![^\[]*\])"),
        re.compile("( )(?== )"),
        re.compile("( )"),
        re.compile(f"((?<=[^{_OPENS}])(?=[^{_CLOSES}])(?:(?<=[{_FULL}{_CLOSES}])|(?=[{_FULL}{_OPENS}])))"),
    )


def missing(text: str) -> str:
    """Return the distinct characters of ``text`` that the bundled font cannot draw, in the order they come.

    >>> missing("価格 x → 価")
    '価格'
    """
    return "".join(dict.fromkeys(c for c in text if _place(c) < 0 and _advance(c) > 0 and c != "\n"))


def printable(text: str) -> str:
    """Return ``text`` on one line, with visible signs for characters that XML does not allow.

    Line breaks and tabs become spaces, other control characters their pictures, lone surrogates the replacement sign.
    Characters that change the direction of writing are left out. A text of invisible characters is written as code
    points.

    >>> printable("a\\nb\\x00")
    'a b␀'
    """
    if text.isprintable() or not text:
        return text
    shown = "".join(map(_shown, text.replace("\r\n", " ")))
    if all(unicodedata.category(c) in _INVISIBLE for c in shown) and not text.isspace():
        # Nothing can be seen of it; so its code points are written.
        return " ".join(f"U+{ord(c):04X}" for c in text)
    return shown


_INVISIBLE = ("Cf", "Cn", "Mn", "Me", "Zs")
"""The categories of characters of which nothing can be seen alone."""


def safe_lines(text: str) -> str:
    r"""Return a text of several lines for a terminal: whatever could control it becomes visible, or is left out.

    >>> safe_lines("a\x1b[31mb\n\tc\r")
    'a␛[31mb\n\tc '
    """
    if text.isprintable():
        return text
    return "".join(c if c in "\n\t" else _shown(c) for c in text.replace("\r\n", "\n"))


def visible(name: str) -> str:
    """Return a name so that a reader sees something of it: an empty or blank one is written in quotes.

    >>> visible("x"), visible(""), visible(" "), visible("\u202e")
    ('x', '""', '" "', 'U+202E')
    """
    shown = printable(name)
    return shown if shown.strip() else f'"{shown}"'


def lines(text: str) -> tuple[str, ...]:
    """Return the lines of ``text``, each made `printable`.

    >>> lines("two\\nlines")
    ('two', 'lines')
    """
    return tuple(printable(line) for line in text.replace("\r\n", "\n").split("\n"))


def _shown(character: str) -> str:
    code = ord(character)
    if character in "\n\r\t\v\f\x85\u2028\u2029":
        return " "
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    if 0x80 <= code < 0xA0 or 0xD800 <= code < 0xE000 or code & 0xFFFE == 0xFFFE:
        return "\ufffd"
    if 0x202A <= code <= 0x202E or 0x2066 <= code <= 0x2069:
        # They would change the order of the text after the name.
        return ""
    return character


def _place(character: str) -> int:
    """Return the character's index into the table of advances, or −1 where the font lacks it."""
    code = ord(character)
    run = bisect_right(font_metrics.FIRST, code) - 1
    if run < 0:
        return -1
    place = font_metrics.START[run] + code - font_metrics.FIRST[run]
    return place if place < font_metrics.START[run + 1] else -1


@lru_cache(maxsize=4096)
def _advance(character: str) -> float:
    """Return the width of one character in em."""
    code = ord(character)
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0.0
    place = _place(character)
    emoji = any(first <= code <= last for first, last in _EMOJI)
    if place >= 0:
        own = ord(font_metrics.ADVANCES[place]) / font_metrics.UNITS_PER_EM
        # A reader's system may draw these from its emoji font although the bundled font has them.
        return max(own, _EMOJI_WIDTH) if emoji and code >= 0x1F000 else own
    return _EMOJI_WIDTH if emoji else _FULL_WIDTH
