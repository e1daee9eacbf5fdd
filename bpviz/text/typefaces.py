"""Fonts of the author's: a font file for upright text, and one for names in italics.

Text is measured as it is drawn in them. A reader's machine may lack the font of an SVG, and its browser then takes the
bundled one or one of the same width; so every text has the room that it needs in either.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from unicodedata import category
from zlib import crc32

from bpviz.errors import UsageError
from bpviz.frozen import dataclass
from bpviz.text import widths

__all__ = ["Typeface", "drawn_width", "room_width", "typeface"]

_PLAIN = re.compile(r"[\w .+-]+")
_FAMILY_NAMES = (16, 1)
"""The names of a font's family in its table, the preferred one first."""


@dataclass(frozen=True, slots=True)
class Typeface:
    """A font family with its files, ``upright`` and ``italic``, and the advance of every character in em.

    ``checksum`` is that of the files, so that a figure's mark changes with its font, but not with its place.
    """

    family: str
    checksum: int
    upright: Path = field(metadata={"unseen": True})
    italic: Path = field(metadata={"unseen": True})
    ascent: float = field(metadata={"unseen": True})
    advances: tuple[Mapping[int, float], Mapping[int, float]] = field(
        compare=False, repr=False, metadata={"unseen": True}
    )

    def lacks(self, character: str) -> bool:
        """Return whether the upright font has no such character."""
        return ord(character) not in self.advances[0]


def typeface(upright: Path, italic: Path) -> Typeface:
    """Return the typeface of two font files.

    Raises `UsageError` for a file that is no font, and for fonts of two families.
    """
    (family, check, ascent, regular), (other, more, _, slanted) = map(_read_as_it_is_now, (upright, italic))
    if family != other:
        raise UsageError(f"{str(upright)!r} is of the family {family!r}, but {str(italic)!r} of {other!r}")
    return Typeface(family, check ^ (more << 1), upright, italic, ascent, (regular, slanted))


_Font = tuple[str, int, float, Mapping[int, float]]
"""The family of a font, the checksum of its file, its ascent and its advances in em."""


def _read_as_it_is_now(path: Path) -> _Font:
    try:
        found = path.stat()
    except OSError:
        raise UsageError(f"there is no font file {str(path)!r}") from None
    return _read(path, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=8)
def _read(path: Path, changed: int, size: int) -> _Font:
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    try:
        with TTFont(path, fontNumber=0, lazy=True) as font:
            named = (font["name"].getDebugName(number) for number in _FAMILY_NAMES)
            family = next(filter(None, named), "")
            em, ascent, glyphs = font["head"].unitsPerEm, font["hhea"].ascent, font["hmtx"]
            advances = {code: glyphs[name][0] / em for code, name in (font.getBestCmap() or {}).items()}
    except Exception:  # fontTools raises whatever a broken table leads to
        raise UsageError(f"{str(path)!r} is not a font that can be read; a .ttf or .otf file is expected") from None
    if not _PLAIN.fullmatch(family):
        raise UsageError(f"the font {str(path)!r} calls its family {family!r}, which a figure cannot name")
    return family, crc32(path.read_bytes()), ascent / em, MappingProxyType(advances)


def drawn_width(text: str, size: float, face: Typeface | None, *, italic: bool = False) -> float:
    """Return how wide text is drawn in a typeface; what it lacks is drawn in the bundled font, ``None``.

    >>> round(drawn_width("100", 14, None), 2)
    26.72
    """
    if face is None:
        return widths.width(text, size)
    advances = face.advances[italic]
    return sum(
        advances[ord(c)] * size if ord(c) in advances and category(c) not in _NO_WIDTH else widths.width(c, size)
        for c in text
    )


_NO_WIDTH = ("Mn", "Me", "Cf")


def room_width(text: str, size: float, face: Typeface | None, *, italic: bool = False) -> float:
    """Return the room of a text: its width in the typeface, or in the bundled font if that is wider.

    >>> round(room_width("100", 14, None), 2)
    26.72
    """
    usual = widths.width(text, size)
    return usual if face is None else max(usual, drawn_width(text, size, face, italic=italic))
