"""Pictures as PNG: resvg draws the SVG, with fonts that bpviz chooses."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Iterator
from dataclasses import replace
from itertools import accumulate, chain, groupby
from math import floor, sqrt
from unicodedata import bidirectional, combining
from zlib import crc32

from bpviz.errors import BpvizWarning, EngineMissing, UsageError
from bpviz.picture.elements import Part, Picture, Text
from bpviz.picture.runs import pieces
from bpviz.picture.theme import Theme
from bpviz.text import widths
from bpviz.text.typefaces import Typeface, drawn_width
from bpviz.writers import pixels, svg
from bpviz.writers.font_files import fonts_for

__all__ = ["DOTS_PER_INCH", "MOST_PIXELS", "SCALE", "with_resolution", "write"]

DOTS_PER_INCH = 96

SCALE = 2.0
"""The scale of a PNG unless another is chosen."""

MOST_PIXELS = 100_000_000
"""The most pixels: about ten seconds of work. With far more, resvg would end the whole process."""


def write(picture: Picture, theme: Theme, *, scale: float | None = None) -> bytes:
    """Return ``picture`` as a PNG file; at a ``scale`` of 1 it has 96 dots per inch, as a browser shows the SVG.

    The file says how many dots an inch has, so that programs show it as large as the SVG and the PDF. By default the
    scale is 2, or the largest that `MOST_PIXELS` allows; then a warning (`BpvizWarning`) says so. Warns also of
    characters that no font of this machine can draw.

    Raises:
        UsageError: ``scale`` is not above 0, or gives fewer than one or more than `MOST_PIXELS` pixels.
        EngineMissing: resvg is not installed.
        LayoutTimeout: the time limit of the drawing is over.

    >>> from bpviz.picture.theme import theme
    >>> write(Picture(72.0, 36.0, ()), theme("light"), scale=1)[1:4]
    b'PNG'
    """
    zoom = _fitting(picture) if scale is None else scale
    _check(picture, zoom)
    family = theme.font.family if theme.font else widths.FAMILY
    try:
        drawn = pixels.draw(
            picture.width * picture.height * (zoom * DOTS_PER_INCH / 72) ** 2,
            svg_string=svg.write(_in_runs(picture, theme.font), theme).decode(),
            # To the edge: the page is rounded up to whole pixels.
            background=None if theme.transparent else theme.background,
            zoom=zoom,
            dpi=DOTS_PER_INCH,
            skip_system_fonts=True,
            font_files=[str(file) for file in fonts_for(picture, theme.font)],
            font_family=family,
            serif_family=family,
            sans_serif_family=family,
            monospace_family=family,
        )
    except ImportError as error:
        raise EngineMissing(f"PNG needs resvg ({error}). Install it:\n    pip install resvg-py") from error
    if scale is None and zoom < SCALE:
        warnings.warn(
            f"the PNG has a scale of {zoom:g} instead of {SCALE:g}, because it may have at most "
            f"{MOST_PIXELS / 1e6:.0f} million pixels; SVG and PDF have no such limit",
            BpvizWarning,
            stacklevel=2,
        )
    return with_resolution(drawn, zoom)


def with_resolution(file: bytes, scale: float) -> bytes:
    """Return a PNG (or APNG) that says its resolution: at a scale of 1 it is 96 dots per inch.

    The chunk ``pHYs`` counts in dots per metre, so the resolution is right to 0.02 dots per inch.
    """
    dots = round(scale * DOTS_PER_INCH / 0.0254)
    body = b"pHYs" + struct.pack(">IIB", dots, dots, 1)
    # After the signature and the header, which comes first and has a fixed size.
    return file[:33] + struct.pack(">I", len(body) - 4) + body + struct.pack(">I", crc32(body)) + file[33:]


def _fitting(picture: Picture) -> float:
    """Return the scale of a PNG for which none is chosen: the usual one, or the largest that is allowed."""
    largest = _largest(picture)
    # No whole hundredth is left for a picture of more than 100,000 × 100,000 points; the check refuses it.
    return SCALE if largest >= SCALE else max(largest, 0.01)


def _largest(picture: Picture) -> float:
    """Return the largest allowed scale, in whole hundredths."""
    width, height = (side * DOTS_PER_INCH / 72 for side in (picture.width, picture.height))
    return floor(100 * sqrt(MOST_PIXELS / (width * height))) / 100 if width * height else SCALE


def _check(picture: Picture, scale: float) -> None:
    width, height = (side * scale * DOTS_PER_INCH / 72 for side in (picture.width, picture.height))
    if not (scale > 0 and width >= 1 and height >= 1 and width * height <= MOST_PIXELS):
        raise UsageError(
            f"A PNG at a scale of {scale:g} would be {width:.0f} × {height:.0f} pixels; it may have at most "
            f"{MOST_PIXELS / 1e6:.0f} million, and at least one each way, so the largest scale is "
            f"{_largest(picture):g}. Give another scale, or write SVG or PDF."
        )


def _in_runs(picture: Picture, face: Typeface | None) -> Picture:
    """Split each text into pieces that its font has and pieces that it lacks, each at its measured place.

    If the first font lacks one character of a line, resvg sets the whole line in another font that has them all:
    numbers beside Japanese would be drawn in the Japanese font.
    """
    return replace(picture, parts=tuple(_in_pieces(part, face) for part in picture.parts))


def _in_pieces(part: Part, face: Typeface | None) -> Part:
    pieces = [tuple(_runs(element, face)) if isinstance(element, Text) else (element,) for element in part.elements]
    ends = list(accumulate(map(len, pieces), initial=0))
    backward = (place for i in part.backward for place in range(ends[i], ends[i + 1]))
    return replace(part, elements=tuple(chain.from_iterable(pieces)), backward=tuple(backward))


def _runs(line: Text, face: Typeface | None) -> Iterator[Text]:
    if len(line.runs) > 1:
        for single in pieces(line, face):
            yield from _runs(single, face)
        return
    shown = widths.printable(line.text)
    lacking = set(widths.missing(shown)) if face is None else {c for c in shown if face.lacks(c)}
    if not lacking or any(bidirectional(c) in ("R", "AL", "AN") for c in shown):
        yield line  # text from right to left must stay together
        return
    slanted = any(run.italic for run in line.runs)
    whole = drawn_width(shown, line.size, face, italic=slanted)
    x = line.x - {"start": 0.0, "middle": 0.5, "end": 1.0}[line.anchor] * whole
    for _, run in groupby(_marked(shown, lacking), key=lambda pair: pair[0]):
        piece = "".join(character for _, character in run)
        width = drawn_width(piece, line.size, face, italic=slanted)
        yield replace(line, text=piece, x=x, width=width, anchor="start")
        x += width


def _marked(shown: str, lacking: set[str]) -> Iterator[tuple[bool, str]]:
    """Yield each character with whether its font lacks it; one without width follows the character before."""
    lacks = False
    for character in shown:
        if widths.width(character, 1.0) > 0 and not combining(character):
            lacks = character in lacking
        yield lacks, character
