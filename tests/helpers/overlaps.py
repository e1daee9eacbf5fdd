"""Overlaps in a picture, found from its numbers: faster than a browser, and nearly as strict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from math import hypot

from bpviz.picture.curves import sampled
from bpviz.picture.elements import Bracket, Cell, Element, Head, Part, Path, Picture, Shape, Text

__all__ = ["Edges", "collisions", "edges", "overlap"]

Edges = tuple[float, float, float, float]
Solid = tuple[Edges, Part, Element]


def edges(element: Element) -> Edges:
    """The box around an element's ink; of text, from cap height to a little below the baseline."""
    match element:
        case Text(x=x, y=y, size=size, width=width, anchor=anchor):
            left = x - {"start": 0.0, "middle": 0.5, "end": 1.0}[anchor] * width
            return (left, y - 0.73 * size, left + width, y + 0.1 * size)
        case Shape(x=x, y=y, width=width, height=height):
            return (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
        case Cell(x=x, y=y, width=width, height=height):
            return (x, y, x + width, y + height)
        case _:
            return around(dots(element))


def dots(element: Element) -> Sequence[tuple[float, float]]:
    """Return the corners of an element of lines, or points along a curve."""
    match element:
        case Path():
            return sampled(element.points, 24)
        case Head():
            return element.corners(6.5)
        case Bracket():
            return element.points
        case _:
            raise TypeError(f"not drawn with lines: {element}")


def around(points: Sequence[tuple[float, float]]) -> Edges:
    across, down = zip(*points, strict=True)
    return (min(across), min(down), max(across), max(down))


def overlap(a: Edges, b: Edges) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def collisions(picture: Picture) -> Iterator[str]:
    """Everything that runs over a text or a node, or off the page."""
    solid: list[Solid] = []
    lines: list[tuple[Part, Sequence[tuple[float, float]]]] = []
    for owner in picture.parts:
        for element in owner.elements:
            if isinstance(element, Path | Head):
                run = dots(element)
                lines.append((owner, run))
                box = around(run)
            else:
                box = edges(element)
            if box[0] < 0 or box[1] < 0 or box[2] > picture.width or box[3] > picture.height:
                yield f"{element} lies outside the page"
            if isinstance(element, Text | Bracket | Cell) or (isinstance(element, Shape) and owner.kind == "node"):
                solid.append((box, owner, element))
    # Sorted into tiles of the page: otherwise large figures would take minutes.
    tiles: dict[tuple[int, int], list[int]] = {}
    for number, (box, owner, element) in enumerate(solid):
        for other in sorted({other for tile in _tiles(box) for other in tiles.get(tile, ())}):
            beside, neighbour, second = solid[other]
            if neighbour is not owner and overlap(box, beside):
                yield f"{second} and {element} overlap"
        for tile in _tiles(box):
            tiles.setdefault(tile, []).append(number)
    for owner, run in lines:
        yield from _crossed(owner, run, solid, tiles)


def _crossed(
    owner: Part, run: Sequence[tuple[float, float]], solid: list[Solid], tiles: dict[tuple[int, int], list[int]]
) -> Iterator[str]:
    """What a line runs over that it does not lead to."""
    whole, near = around(run), dict[tuple[int, int], list[Solid]]()
    for dot in run:
        tile = int(dot[0] // 64), int(dot[1] // 64)
        if tile not in near:
            there = (solid[number] for number in tiles.get(tile, ()))
            near[tile] = [s for s in there if s[1].id not in (owner.source, owner.target) and overlap(s[0], whole)]
        for box, _, element in near[tile]:
            if inside(dot, element, box):
                yield f"{owner.id} crosses {element}"


def _tiles(box: Edges) -> Iterator[tuple[int, int]]:
    left, top, right, bottom = (int(side // 64) for side in box)
    return product(range(left, right + 1), range(top, bottom + 1))


def inside(dot: tuple[float, float], element: Element, box: Edges) -> bool:
    if isinstance(element, Shape) and element.kind != "box":
        return hypot(dot[0] - element.x, dot[1] - element.y) < element.width / 2
    return box[0] < dot[0] < box[2] and box[1] < dot[1] < box[3]
