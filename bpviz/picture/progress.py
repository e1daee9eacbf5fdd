"""A small curve below a picture, with a dot that moves along it from step to step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from math import ceil, isfinite

from bpviz.figure import Curve
from bpviz.picture.blocks import moved, placed, words
from bpviz.picture.elements import Bracket, Element, Part, Picture, Point, Shape
from bpviz.picture.theme import Theme
from bpviz.text.numerals import number

__all__ = ["with_curve"]

_WIDTH, _HEIGHT = 200.0, 54.0
_GAP = 10.0
_PAD = 4.0


def with_curve(picture: Picture, curve: Curve, theme: Theme) -> Picture:
    """Return a picture with a curve below it, and a dot on the curve in each step.

    Values that are not finite leave a gap.

    >>> from bpviz.picture.theme import theme
    >>> page = with_curve(Picture(300.0, 50.0, ()), Curve("loss", "step", (0, 1, 2), (9.0, 4.0, 1.0)), theme("light"))
    >>> [(part.id, part.description, part.during) for part in page.parts]
    [('curve', 'loss: 9, 4, 1', None), ('dot@0', '', (0, 0)), ('dot@1', '', (1, 1)), ('dot@2', '', (2, 2))]
    """
    name, along = words(curve.name, "name", theme), words(curve.along, "note", theme)
    finite = [value for value in curve.values if isfinite(value)]
    levels = sorted({min(finite), max(finite)}) if finite else []
    beside = [words(number(level), "note", theme) for level in levels]
    below = [words(str(step), "note", theme) for step in dict.fromkeys((curve.numbers[0], curve.numbers[-1]))]
    before = max((block.width for block in beside), default=0.0) + 2 * _PAD
    across = before + _WIDTH + below[-1].width / 2
    width = ceil(max(picture.width, across + 2 * theme.margin, name.width + 2 * theme.margin))
    left = (width - across) / 2 + before
    top = picture.height - theme.margin + _GAP + name.height + _PAD
    foot = top + _HEIGHT
    points = _points(curve, levels, left, foot)
    shown: list[Element] = [Bracket("muted", ((left, top), (left, foot), (left + _WIDTH, foot)))]
    for there, run in groupby(points, key=lambda point: point is not None):
        piece = tuple(point for point in run if point is not None)
        if there and len(piece) > 1:
            shown.append(Bracket("forward", piece))
    shown += placed(name, max(left - name.width / 2, theme.margin), top - _PAD - name.height)
    for block, level in zip(beside, levels, strict=True):
        y = _height(level, levels, foot)
        shown += placed(block, left - _PAD - block.width, y - block.height / 2)
    ends = (left, left + _WIDTH) if len(below) > 1 else (left,)
    for block, x in zip(below, ends, strict=True):
        shown += placed(block, x - block.width / 2, foot + 1.0)
    shown += placed(along, left + (_WIDTH - along.width) / 2, foot + 1.0)
    height = ceil(foot + along.height + theme.margin)
    described = f"{curve.name}: {', '.join(map(number, curve.values))}"
    parts = (
        *_aside(picture.parts, (width - picture.width) / 2),
        Part("curve", "note", tuple(shown), described),
        *_dots(points, theme),
    )
    return replace(picture, width=width, height=height, parts=parts)


def _points(curve: Curve, levels: Sequence[float], left: float, foot: float) -> list[Point | None]:
    """Return the place of each value on the page; ``None`` if it is not finite."""
    first, last = curve.numbers[0], curve.numbers[-1]
    reach = max(last - first, 1)
    return [
        (left + _WIDTH * (step - first) / reach, _height(value, levels, foot)) if isfinite(value) else None
        for step, value in zip(curve.numbers, curve.values, strict=True)
    ]


def _height(value: float, levels: Sequence[float], foot: float) -> float:
    """Return how far down a value stands: the least near the axis, the largest at the top."""
    least, most = levels[0], levels[-1]
    # Halves first: the difference of two large numbers could be infinite.
    share = (value / 2 - least / 2) / (most / 2 - least / 2) if most > least else 0.5
    return foot - _PAD - (_HEIGHT - 2 * _PAD) * share


def _dots(points: Sequence[Point | None], theme: Theme) -> Iterator[Part]:
    for step, point in enumerate(points):
        dot = () if point is None else (Shape("backward", "dot", *point, theme.dot, theme.dot),)
        yield Part(f"dot@{step}", "note", dot, during=(step, step))


def _aside(parts: Sequence[Part], distance: float) -> Iterator[Part]:
    """Yield parts moved to the right."""
    for part in parts:
        yield replace(part, elements=tuple(moved(element, distance, 0.0) for element in part.elements))
