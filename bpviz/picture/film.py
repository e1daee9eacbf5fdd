"""The pictures of all steps of a film as one picture: what all steps share, and what each step shows in its place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from bpviz.picture.elements import Element, Part, Picture

__all__ = ["merged"]


def merged(pictures: Sequence[Picture]) -> Picture:
    """Return pictures of one layout as one picture, whose parts are shown ``during`` the steps that have them.

    What a part has in all steps is written once; after it comes the rest, for each run of steps that share it. The page
    is as large as the largest.

    >>> from bpviz.picture.elements import Text
    >>> def at(step: int) -> Picture:
    ...     shown = Text("name", "w", 5.0, 9.0, 14.0, 8.0), Text("forward", f"{step}", 20.0, 9.0, 14.0, 8.0)
    ...     return Picture(30.0, 12.0, (Part("w0", "wire", shown, f"w: {step}"),))
    >>> whole = merged([at(1), at(2), at(2)])
    >>> [([element.text for element in part.elements], part.during) for part in whole.parts]
    [(['w'], None), (['1'], (0, 0)), (['2'], (1, 2))]
    """
    first = pictures[0]
    # Parts are painted in the order of the first picture; which of them are in the background may change.
    each = [{_key(part): part for part in picture.parts} for picture in pictures]
    parts = [turn for part in first.parts for turn in _turns([known[_key(part)] for known in each])]
    width, height = max(picture.width for picture in pictures), max(picture.height for picture in pictures)
    return replace(first, width=width, height=height, parts=tuple(parts))


def _key(part: Part) -> tuple[str, str, str]:
    """Return what no other part of a picture has; the pieces of a wire in two rows have one id and different ends."""
    return part.id, part.source, part.target


def _turns(turns: Sequence[Part]) -> Iterator[Part]:
    """Yield what these have in common as one part, and then what changes."""
    first = turns[0]
    if all(turn == first for turn in turns):
        yield first
        return
    common = Counter(first.elements)
    for turn in turns:
        common &= Counter(turn.elements if turn.tone == first.tone else ())
    kept = _places(first.elements, common)
    yield replace(
        first,
        elements=tuple(first.elements[i] for i in kept),
        backward=tuple(place for place, i in enumerate(kept) if i in first.backward),
        description="",
    )
    at = 0
    for (elements, description, tone), run in groupby(
        (_rest(turn, common), turn.description, turn.tone) for turn in turns
    ):
        last = at + len(list(run)) - 1
        shown = replace(first, id=f"{first.id}@{at}", of=first.shows, link="", backward=(), during=(at, last))
        yield replace(shown, elements=elements, description=description, tone=tone)
        at = last + 1


def _places(elements: Sequence[Element], common: Counter[Element]) -> list[int]:
    """Return the places of the elements that all steps have."""
    counts, places = common.copy(), []
    for place, element in enumerate(elements):
        if counts[element] > 0:
            counts[element] -= 1
            places.append(place)
    return places


def _rest(part: Part, common: Counter[Element]) -> tuple[Element, ...]:
    shared = set(_places(part.elements, common))
    return tuple(element for place, element in enumerate(part.elements) if place not in shared)
