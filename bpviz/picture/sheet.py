"""Several pictures on one page, side by side or below each other, each with its caption."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import ceil

from bpviz.picture.blocks import moved, placed, words
from bpviz.picture.elements import Part, Picture
from bpviz.picture.theme import Theme

__all__ = ["joined"]

_WIDEST = 760.0
"""Pictures stand side by side as long as the page is not wider than this, in points."""
_GAP = 16.0
_CAPTION_GAP = 4.0


def joined(pictures: Sequence[Picture], captions: Sequence[str], theme: Theme) -> Picture:
    """Return several pictures as one, with the captions below them; an empty caption takes no space.

    They stand side by side if that fits the page, else below each other. Their ids stay distinct.

    >>> from bpviz.picture.theme import theme
    >>> page = joined([Picture(100.0, 50.0, ()), Picture(80.0, 60.0, ())], ["", ""], theme("light"))
    >>> page.width, page.height
    (196, 60)
    """
    level = sum(picture.width for picture in pictures) + _GAP * (len(pictures) - 1) <= _WIDEST
    blocks = [words(caption, "frame", theme) for caption in captions]
    rooms = []
    for picture, block in zip(pictures, blocks, strict=True):
        below = block.height + 2 * _CAPTION_GAP if block.elements else 0.0
        rooms.append((max(picture.width, block.width + 2 * theme.margin), picture.height + below))
    width = sum(w for w, _ in rooms) + _GAP * (len(rooms) - 1) if level else max(w for w, _ in rooms)
    height = max(h for _, h in rooms) if level else sum(h for _, h in rooms) + _GAP * (len(rooms) - 1)
    parts: list[Part] = []
    x = y = 0.0
    for number, (picture, caption, block, (w, h)) in enumerate(zip(pictures, captions, blocks, rooms, strict=True), 1):
        # Captions side by side stand at one height.
        top = y + (height - h) / 2 if level and not any(captions) else y
        left = x + (w - picture.width) / 2 if level else (width - picture.width) / 2
        parts += [_part(part, number, left, top) for part in picture.parts]
        if caption:
            foot = (height if level else y + h) - theme.margin - block.height
            middle = x + w / 2 if level else width / 2
            elements = placed(block, middle - block.width / 2, foot)
            parts.append(Part(f"caption {number}", "note", elements, caption))
        x, y = (x + w + _GAP, y) if level else (x, y + h + _GAP)
    described = " ".join(picture.description for picture in pictures if picture.description)
    title = "; ".join(picture.title for picture in pictures if picture.title)
    return Picture(ceil(width), ceil(height), tuple(parts), title, described, theme.notation)


def _part(part: Part, number: int, dx: float, dy: float) -> Part:
    """Return a part at its place on the page, with its picture's number in its id."""
    elements = tuple(moved(element, dx, dy) for element in part.elements)
    ids = (part.id, part.source, part.target, part.of, part.link)
    id, source, target, of, link = (f"{number}.{name}" if name else "" for name in ids)
    return replace(part, id=id, source=source, target=target, of=of, link=link, elements=elements)
