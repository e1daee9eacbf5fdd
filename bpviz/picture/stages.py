"""A picture in steps: the same layout at every step.

What has not appeared yet is left out, except the lines of forward arrows, which are pale. What appears in a step is in
front during that step. Captions, and in a film all numbers that change, are shown only during their steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import ceil, inf
from typing import NamedTuple

from bpviz.figure import Step, Tone
from bpviz.picture.blocks import placed, words
from bpviz.picture.elements import Element, Head, Part, Path, Picture
from bpviz.picture.theme import Theme
from bpviz.text import widths

__all__ = ["Arrival", "Stages", "arrivals", "captioned", "halves", "is_line", "with_captions"]

_CAPTION_GAP = 6.0
_NARROWEST = 240.0
"""The smallest line width, in points, for the sentence below a picture."""


class Arrival(NamedTuple):
    """The steps, by number, in which the arrows of a wire appear; infinity for never."""

    forward: float
    backward: float


def arrivals(steps: Sequence[Step]) -> Mapping[str, Arrival]:
    """Return the steps in which the arrows of each wire appear.

    >>> arrivals([Step("inputs", forward=("w0",)), Step("back", backward=("w0",))])
    {'w0': Arrival(forward=0, backward=1)}
    """
    forward = {id: at for at, step in enumerate(steps) for id in step.forward}
    backward = {id: at for at, step in enumerate(steps) for id in step.backward}
    return {id: Arrival(forward.get(id, -1), backward.get(id, inf)) for id in dict.fromkeys([*forward, *backward])}


def halves(part: Part) -> tuple[Part, Part]:
    """Return the forward and the backward half of a wire; the last of them that has elements keeps the description."""
    backward = set(part.backward)
    elements = tuple(element for i, element in enumerate(part.elements) if i not in backward)
    back = tuple(part.elements[i] for i in part.backward)
    front = replace(part, elements=elements, backward=(), description="" if back else part.description)
    return front, replace(part, elements=back, backward=(), description=part.description if back else "")


def is_line(element: Element) -> bool:
    """Return whether an element is the line or the head of an arrow."""
    return isinstance(element, Path | Head)


class Stages(Sequence[Picture]):
    """The picture at each of its steps.

    >>> from bpviz.picture.theme import theme
    >>> wire = Part("w0", "wire", (Path("forward", ()), Path("backward", ())), backward=(1,))
    >>> stages = Stages(Picture(9.0, 9.0, (wire,)), [Step("on", forward=("w0",)), Step("back", backward=("w0",))])
    >>> [[part.tone for part in picture.parts if part.elements] for picture in stages]
    [['strong'], ['plain', 'strong']]
    """

    def __init__(self, picture: Picture, steps: Sequence[Step]) -> None:
        """Take the complete picture and its steps."""
        self._picture, self._steps = picture, steps
        self._arrivals = arrivals(steps)
        self._shapes = [self._variants(part) for part in picture.parts]

    def __len__(self) -> int:
        return len(self._steps)

    def __getitem__(self, at: int) -> Picture:  # type: ignore[override]
        at = range(len(self))[at]
        working = set(self._steps[at].boxes)
        parts: list[Part] = []
        for part, variants in zip(self._picture.parts, self._shapes, strict=True):
            if part.during is not None:
                parts += variants if part.during[0] <= at <= part.during[1] else ()
                continue
            if part.kind != "wire":
                parts.append(variants[part.shows in working])
                continue
            arrival = self._arrivals.get(part.shows, _ALWAYS)
            parts += (variants[_state(arrival.forward, at)], variants[3 + _state(arrival.backward, at)])
        return replace(self._picture, parts=tuple(parts))

    def __iter__(self) -> Iterator[Picture]:
        return (self[at] for at in range(len(self)))

    def _variants(self, part: Part) -> tuple[Part, ...]:
        """Return every look of a part. The steps share them, so that writers write each only once."""
        if part.during is not None:
            return (replace(part, during=None),)
        if part.kind != "wire":
            return part, _toned(part, "strong")
        front, back = halves(part)
        waiting = replace(front, elements=tuple(filter(is_line, front.elements)), description="")
        hidden = replace(back, elements=(), description="")
        return _toned(waiting, "pale"), _toned(front, "strong"), front, hidden, _toned(back, "strong"), back


_ALWAYS = Arrival(-1, -1)


def _state(arrival: float, at: int) -> int:
    """Return 0 before something appears, 1 in the step in which it appears, 2 after."""
    return 0 if arrival > at else 1 if arrival == at else 2


def _toned(part: Part, tone: Tone) -> Part:
    return replace(part, tone=tone) if part.tone == "plain" else part


def captioned(picture: Picture, steps: Sequence[Step], theme: Theme) -> Picture:
    """Return the picture with space below it, and there the sentence of each step, during this step."""
    theme = replace(theme, notation=picture.notation)
    size = theme.sizes["name"]
    room = max(picture.width, _NARROWEST) - 2 * theme.margin
    lines = [
        [words(line, "name", theme) for line in widths.wrapped(step.sentence, size, room, theme.room)] for step in steps
    ]
    width = ceil(max([picture.width, *(line.width + 2 * theme.margin for step in lines for line in step)]))
    top = picture.height + _CAPTION_GAP - theme.margin / 2
    parts = list(picture.parts)
    for at, (step, written) in enumerate(zip(steps, lines, strict=True)):
        elements: list[Element] = []
        for row, line in enumerate(written):
            elements += placed(line, (width - line.width) / 2, top + row * size * widths.LINE_HEIGHT)
        parts.append(Part("caption", "note", tuple(elements), step.sentence, during=(at, at)))
    height = ceil(top + max(map(len, lines)) * size * widths.LINE_HEIGHT + theme.margin)
    return replace(picture, width=width, height=height, parts=tuple(parts))


def with_captions(picture: Picture, steps: Sequence[Step], theme: Theme) -> Stages:
    """Return the stages of a picture with the sentence of each step below it."""
    return Stages(captioned(picture, steps, theme), steps)
