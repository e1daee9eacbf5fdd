"""Parts of a figure that must not touch, found from the boxes and lines that a browser measured.

All lengths are in the figure's own units (those of its viewBox). Texts are boxes: as wide as their characters advance,
as high as the ink of their glyphs. Things may touch: an overlap counts from `TOLERANCE` on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, pairwise
from math import hypot

__all__ = ["Cell", "Line", "Measurement", "Outline", "Text", "collisions"]

TOLERANCE = 0.25
"""Overlaps up to this are not seen on paper: anti-aliasing takes more."""
HEAD_DEPTH = 1.5
"""How far an arrow head may reach into the shape that it points at."""
END_REACH = 8.0
"""A line whose end lies at most this far from a shape leads to it (an arrow head fits between)."""

Box = tuple[float, float, float, float]
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Text:
    """A text: its content and a box for each piece of it. ``owner`` is the node, wire or frame it is in (−1: none)."""

    content: str
    kind: str
    owner: int
    boxes: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class Outline:
    """A node's shape or a frame: its box, the radius of its corners, half the width of its line."""

    kind: str
    owner: int
    box: Box
    radius: float
    half: float

    def depth(self, point: Point) -> float:
        """How deep a point lies inside (negative: how far outside); a circle is a box with round corners."""
        left, top, right, bottom = self.box
        radius = min(self.radius, (right - left) / 2, (bottom - top) / 2)
        across = abs(point[0] - (left + right) / 2) - (right - left) / 2 + radius
        up = abs(point[1] - (top + bottom) / 2) - (bottom - top) / 2 + radius
        return radius - min(max(across, up), 0.0) - hypot(max(across, 0.0), max(up, 0.0))


@dataclass(frozen=True)
class Line:
    """A line (or an arrow head, as a closed outline): its points and half the width of its stroke."""

    kind: str
    owner: int
    points: tuple[Point, ...]
    half: float

    @cached_property
    def box(self) -> Box:
        across, up = zip(*self.points, strict=True)
        return grown((min(across), min(up), max(across), max(up)), self.half)


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a heat map."""

    owner: int
    box: Box


@dataclass(frozen=True, slots=True)
class Measurement:
    """What the browser saw of one figure. ``owners`` are (class, title) of its nodes, wires and frames."""

    view: Box
    owners: tuple[tuple[str, str], ...]
    texts: tuple[Text, ...]
    shapes: tuple[Outline, ...]
    lines: tuple[Line, ...]
    heads: tuple[Line, ...]
    frames: tuple[Outline, ...]
    cells: tuple[Cell, ...]

    def name(self, thing: Text | Outline | Line | Cell) -> str:
        """A thing as a reader would point at it: ``text "2.2" of wire "price → ×"``."""
        if isinstance(thing, Text):
            what = f'text "{thing.content}"'
        elif isinstance(thing, Outline):
            what = "shape"
        elif isinstance(thing, Line):
            what = "arrow head" if "head" in thing.kind.split() else f"line ({thing.kind})"
        else:
            what = "heat map"
        if thing.owner < 0:
            return what
        kind, title = self.owners[thing.owner]
        owner = f'{kind} "{title[:60]}"' if title else f"{kind} number {thing.owner + 1}"
        return owner if isinstance(thing, Outline) else f"{what} of {owner}"


def collisions(measurement: Measurement) -> list[str]:
    """Everything in the figure that runs over something else, a sentence each; empty for a clean figure.

    Texts against texts, shapes, lines, arrow heads, frames and heat maps; arrow heads and lines against shapes and heat
    maps; shapes against shapes and frames; a symbol against the inside of its own shape; everything against the page.
    """
    rules = (
        texts_over_texts,
        texts_over_shapes,
        texts_over_lines,
        texts_over_frames,
        things_over_cells,
        heads_over_shapes,
        lines_through_shapes,
        shapes_over_outlines,
        outside_the_page,
    )
    return [sentence for rule in rules for sentence in rule(measurement)]


def texts_over_texts(seen: Measurement) -> Iterator[str]:
    for one, other in combinations(seen.texts, 2):
        depth = max((shared(a, b) for a in one.boxes for b in other.boxes), default=0.0)
        if depth > TOLERANCE:
            yield f"{seen.name(one)} overlaps {seen.name(other)} by {depth:.1f}"


def texts_over_shapes(seen: Measurement) -> Iterator[str]:
    for text in seen.texts:
        for shape in seen.shapes:
            if text.owner == shape.owner and text.owner >= 0:
                out = max((-shape.depth(corner) for box in text.boxes for corner in corners(box)), default=0.0)
                if out > TOLERANCE:
                    yield f"{seen.name(text)} sticks out of its own shape by {out:.1f}"
                continue
            depth = max((box_in_outline(box, shape) for box in text.boxes), default=0.0)
            if depth > TOLERANCE:
                yield f"{seen.name(text)} overlaps {seen.name(shape)} by {depth:.1f}"


def texts_over_lines(seen: Measurement) -> Iterator[str]:
    """Lines and arrow heads: a head is so small that its outline cannot go around a text without touching it."""
    for line in (*seen.lines, *seen.heads):
        reach = line.box
        for text in seen.texts:
            boxes = [box for box in text.boxes if shared(box, reach) > 0]
            depth = max((line_in_box(line, box) for box in boxes), default=0.0)
            if depth > TOLERANCE:
                yield f"{seen.name(text)} is crossed by the {seen.name(line)} by {depth:.1f}"


def texts_over_frames(seen: Measurement) -> Iterator[str]:
    for frame in seen.frames:
        border = border_of(frame)
        for text in seen.texts:
            depth = max((line_in_box(border, box) for box in text.boxes), default=0.0)
            if depth > TOLERANCE:
                yield f"{seen.name(text)} is crossed by the border of {seen.name(frame)} by {depth:.1f}"


def things_over_cells(seen: Measurement) -> Iterator[str]:
    worst: dict[tuple[str, str], float] = {}
    for cell in seen.cells:
        where = seen.name(cell)
        for text in seen.texts:
            depth = max((shared(box, cell.box) for box in text.boxes), default=0.0)
            worst[seen.name(text), where] = max(depth, worst.get((seen.name(text), where), 0.0))
        for line in (*seen.lines, *seen.heads):
            depth = line_in_box(line, cell.box) if shared(cell.box, line.box) > 0 else 0.0
            worst[seen.name(line), where] = max(depth, worst.get((seen.name(line), where), 0.0))
    for (thing, where), depth in worst.items():
        if depth > TOLERANCE:
            yield f"{thing} overlaps the {where} by {depth:.1f}"


def heads_over_shapes(seen: Measurement) -> Iterator[str]:
    for head in seen.heads:
        for shape in seen.shapes:
            depth = line_in_outline(head, shape)
            if depth > HEAD_DEPTH:
                yield f"{seen.name(head)} reaches {depth:.1f} into {seen.name(shape)}"


def lines_through_shapes(seen: Measurement) -> Iterator[str]:
    for line in seen.lines:
        for shape in seen.shapes:
            if line.owner == shape.owner or max(map(shape.depth, (line.points[0], line.points[-1]))) > -END_REACH:
                continue
            depth = line_in_outline(line, shape)
            if depth > TOLERANCE:
                yield f"{seen.name(line)} runs {depth:.1f} deep through {seen.name(shape)}, which is not its end"


def shapes_over_outlines(seen: Measurement) -> Iterator[str]:
    for one, other in combinations(seen.shapes, 2):
        depth = box_in_outline(one.box, other)
        # Of two circles side by side only the boxes may meet: the nearer test is from the centre.
        if depth > TOLERANCE and one.radius + other.depth(middle(one.box)) > TOLERANCE:
            yield f"{seen.name(one)} overlaps {seen.name(other)} by {depth:.1f}"
    for frame in seen.frames:
        for shape in seen.shapes:
            depth = line_in_outline(border_of(frame), shape)
            if depth > TOLERANCE:
                yield f"{seen.name(shape)} is crossed by the border of {seen.name(frame)} by {depth:.1f}"


def outside_the_page(seen: Measurement) -> Iterator[str]:
    boxes: list[tuple[Text | Outline | Line | Cell, Box]] = [(text, box) for text in seen.texts for box in text.boxes]
    boxes += [(outline, grown(outline.box, outline.half)) for outline in (*seen.shapes, *seen.frames)]
    boxes += [(thing, thing.box) for thing in (*seen.lines, *seen.heads, *seen.cells)]
    left, top, right, bottom = seen.view
    for thing, box in boxes:
        out = max(left - box[0], top - box[1], box[2] - right, box[3] - bottom)
        if out > TOLERANCE:
            yield f"{seen.name(thing)} lies {out:.1f} outside the page"


def shared(one: Box, other: Box) -> float:
    """The smaller side of what two boxes share; not positive when they are apart."""
    across = min(one[2], other[2]) - max(one[0], other[0])
    return min(across, min(one[3], other[3]) - max(one[1], other[1]))


def grown(box: Box, by: float) -> Box:
    return box[0] - by, box[1] - by, box[2] + by, box[3] + by


def middle(box: Box) -> Point:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def corners(box: Box) -> tuple[Point, ...]:
    return (box[0], box[1]), (box[2], box[1]), (box[2], box[3]), (box[0], box[3])


def border_of(frame: Outline) -> Line:
    around = corners(frame.box)
    return Line("border", frame.owner, (*around, around[0]), frame.half)


def box_in_outline(box: Box, outline: Outline) -> float:
    """How deep the nearest point of a box lies in a shape, its stroke counted; not positive when apart."""
    if shared(box, grown(outline.box, outline.half)) <= 0:
        return 0.0
    across, up = middle(outline.box)
    nearest = min(max(across, box[0]), box[2]), min(max(up, box[1]), box[3])
    return outline.depth(nearest) + outline.half


def line_in_box(line: Line, box: Box) -> float:
    """How deep the stroke of a line reaches into a box; 0 when it does not."""
    reach = grown(box, line.half)

    def depth(point: Point) -> float:
        return min(point[0] - reach[0], point[1] - reach[1], reach[2] - point[0], reach[3] - point[1])

    return max(
        (deepest(start, end, depth) for start, end in pairwise(line.points) if near(start, end, reach)), default=0.0
    )


def line_in_outline(line: Line, outline: Outline) -> float:
    """How deep the stroke of a line reaches into a shape; 0 when it does not."""
    reach = grown(outline.box, line.half)

    def depth(point: Point) -> float:
        return outline.depth(point) + line.half

    return max(
        (deepest(start, end, depth) for start, end in pairwise(line.points) if near(start, end, reach)), default=0.0
    )


def near(start: Point, end: Point, box: Box) -> bool:
    """Whether the boxes of a segment and of a thing meet at all (most do not: that is what makes this quick)."""
    return (
        min(start[0], end[0]) < box[2]
        and max(start[0], end[0]) > box[0]
        and min(start[1], end[1]) < box[3]
        and max(start[1], end[1]) > box[1]
    )


def deepest(start: Point, end: Point, depth: Callable[[Point], float]) -> float:
    """The largest depth along a segment. Depth in a convex thing has one summit on a line: narrow it down by thirds."""

    def at(share: float) -> float:
        return depth((start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])))

    low, high = 0.0, 1.0
    for _ in range(30):
        third = (high - low) / 3
        if at(low + third) < at(high - third):
            low += third
        else:
            high -= third
    return max(at(low), 0.0)
