"""The letters of values that go on in another row: A, B, C and so on, in the order of reading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from bpviz.figure import Box
from bpviz.frozen import replace
from bpviz.layout.placement.plan import BoxPlan
from bpviz.picture.blocks import words
from bpviz.picture.elements import Point
from bpviz.picture.theme import Theme
from bpviz.text.language import Language
from bpviz.text.notation import CODE

__all__ = ["Ring", "letter", "lettered"]


class Ring(NamedTuple):
    """A letter in its ring: the number of its value, the row of its other end, and the id of that."""

    value: int
    row: int
    other: str


def letter(number: int) -> str:
    """Return the letter of a number: A to Z, then AA, AB and so on.

    >>> letter(0), letter(25), letter(26), letter(52)
    ('A', 'Z', 'AA', 'BA')
    """
    more, last = divmod(number, 26)
    return (letter(more - 1) if more else "") + chr(ord("A") + last)


def lettered(
    rings: Mapping[str, Ring],
    rows: Sequence[Sequence[BoxPlan]],
    places: Sequence[Sequence[Point]],
    theme: Theme,
    say: Language,
) -> list[tuple[BoxPlan, ...]]:
    """Return the boxes of all rows with the letters in the order of reading: by row, from top to bottom.

    ``places`` has the middles of the boxes. All letters take equal space, so that none changes its place.
    """
    ends = [
        (row, y, x, rings[box.box.id].value)
        for row, (boxes, middles) in enumerate(zip(rows, places, strict=True))
        for box, (x, y) in zip(boxes, middles, strict=True)
        if box.box.kind == "continues"
    ]
    values = dict.fromkeys(value for *_, value in sorted(ends))
    shown = {value: letter(number) for number, value in enumerate(values)}

    as_typed = replace(theme, notation=CODE)

    def named(box: BoxPlan) -> BoxPlan:
        ring = rings.get(box.box.id)
        if ring is None:
            return box
        text = shown[ring.value]
        called = replace(box.box, text=text, description=_sentence(box.box, text, ring.row + 1, say))
        return box._replace(box=called, words=words(text, "name", as_typed, latex=rf"\mathrm{{{text}}}"))

    return [tuple(map(named, boxes)) for boxes in rows]


def _sentence(box: Box, text: str, row: int, say: Language) -> str:
    if box.kind == "continues":
        return say("continues in row {row} as {letter}", row=row, letter=text)
    return say("{letter} continues from row {row}", row=row, letter=text)
