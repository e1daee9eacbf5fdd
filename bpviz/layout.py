"""From a figure to a picture: measure, let Graphviz place the boxes, draw the wires through their labels.

Lengths are points. Graphviz sees boxes of fixed size and no text, so its answer depends neither on fonts nor, for
these graphs, on its version.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import ceil

from bpviz import engine as engines
from bpviz import text
from bpviz.arrangement import Arrangement, Edges, arranged
from bpviz.block import Block, moved, placed, words
from bpviz.curve import Curve, sampled
from bpviz.figure import Figure
from bpviz.picture import Bracket, Cell, Element, Head, Part, Path, Picture, Point, Shape, ShapeKind, Text
from bpviz.plan import BoxPlan, Plan, WirePlan, planned, reached, wire_pitch
from bpviz.theme import LineRole, Theme
from bpviz.wiring import Place, arrows

__all__ = ["lay_out"]

_CORNER = 8.0
_TITLE_GAP = 8.0
_HEADING = 4.0


def lay_out(figure: Figure, theme: Theme, *, engine: str = "auto", timeout: float | None = None) -> Picture:
    """Return the picture of ``figure`` in the measures of ``theme``.

    ``engine`` is ``auto``, ``bundled`` or ``system``; ``timeout`` is in seconds.

    Raises:
        UsageError: a wire or a frame of the figure names what is not there.
        EngineMissing, EngineFailed, LayoutTimeout: from `bpviz.engine.lay_out`.

    >>> from bpviz.figure import Arrow, Box, Figure, Label, Plain, Wire
    >>> from bpviz.theme import theme
    >>> double = Wire("w", "x", "twice", forward=Arrow(Label(Plain("3"))))
    >>> picture = lay_out(Figure((Box("x", "input", "x"), Box("twice", "operation", "×2")), (double,)), theme("light"))
    >>> [part.kind for part in picture.parts]
    ['wire', 'node', 'node']
    """
    plan = planned(figure, theme)
    size = len(plan.boxes) + len(plan.wires)
    answer = engines.lay_out(plan.dot, engine=engine, timeout=timeout, size=size) if size else {}
    found = arranged(plan, answer, wire_pitch(theme))
    places = {box.box.id: _place(box, at) for box, at in zip(plan.boxes, found.boxes, strict=True)}
    wires = tuple(
        _wire(wire, course, at, places, plan.level, theme)
        for wire, course, at in zip(plan.wires, found.courses, found.labels, strict=True)
    )
    nodes = tuple(_node(box, at) for box, at in zip(plan.boxes, found.boxes, strict=True))
    return _page(figure, theme, (*_frames(figure, plan, found, theme), *wires, *nodes))


def _frames(figure: Figure, plan: Plan, found: Arrangement, theme: Theme) -> list[Part]:
    """Return the frames, the outer ones first."""
    parts = []
    taken = _obstacles(plan, found, theme) if figure.frames else []
    for frame, title, edges in zip(figure.frames, plan.titles, found.frames, strict=True):
        if edges is None:
            continue
        left, top, right, bottom = edges
        outline = Shape("frame", "box", (left + right) / 2, (top + bottom) / 2, right - left, bottom - top, _CORNER)
        near = [box for box in taken if box[0] < right and box[2] > left and box[1] < bottom and box[3] > top]
        heading = placed(title, *_title_place(title, edges, near))
        area = (right - left) * (bottom - top)
        parts.append((area, Part(frame.id, "frame", (outline, *heading), frame.title)))
    return [part for _, part in sorted(parts, key=lambda entry: -entry[0])]


def _title_place(title: Block, edges: Edges, taken: list[Edges]) -> Point:
    """Return where in a frame its title meets nothing: at the top, in the middle, or as near to that as can be."""
    left, top, right, bottom = edges
    middle = (left + right - title.width) / 2
    reach = max(0.0, (right - left - title.width) / 2 - _HEADING)
    columns = [middle + side * step * 4.0 for step in range(int(reach / 4.0) + 1) for side in (-1, 1)]
    for row in range(max(1, int((bottom - top - title.height) / 6.0))):
        y = top + _HEADING + row * 6.0
        for margin in (6.0, 1.0):
            beside = [(x0, x1) for x0, y0, x1, y1 in taken if y0 < y + title.height + 1.0 and y1 > y - 1.0]
            for x in columns:
                if not any(x0 < x + title.width + margin and x1 > x - margin for x0, x1 in beside):
                    return (x, y)
    return (middle, top + _HEADING)


def _obstacles(plan: Plan, found: Arrangement, theme: Theme) -> list[Edges]:
    """Return the rectangles around everything that a frame's title must not touch."""
    taken: list[Edges] = []
    for box, (x, y) in zip(plan.boxes, found.boxes, strict=True):
        taken.append((x - box.width / 2, y - box.height / 2, x + box.width / 2, y + box.height / 2))
    for wire, (x, y) in zip(plan.wires, found.labels, strict=True):
        x, y = (x, y - wire.lift) if plan.level else (x - wire.lift, y)
        taken.append((x - wire.width / 2, y - wire.height / 2, x + wire.width / 2, y + wire.height / 2))
    aside = theme.gap / 2 + theme.strokes["backward"].width
    for course in found.courses:
        for (x0, y0), (x1, y1) in pairwise(sampled(course, 8)):
            taken.append((min(x0, x1) - aside, min(y0, y1) - aside, max(x0, x1) + aside, max(y0, y1) + aside))
    return taken


def _node(plan: BoxPlan, at: Point) -> Part:
    x, y = at
    box = plan.box
    words = placed(plan.words, x - plan.words.width / 2, y - plan.words.height / 2)
    elements: tuple[Element, ...]
    match box.kind:
        case "branch":
            elements = (Shape("node", "dot", x, y, plan.width, plan.height),)
        case "input" | "output" | "constant":
            elements = words
        case "operation" | "group":
            role: LineRole = "group" if box.kind == "group" else "node"
            corner = 0.0 if plan.round else _CORNER
            kind: ShapeKind = "circle" if plan.round else "box"
            elements = (Shape(role, kind, x, y, plan.width, plan.height, corner), *words)
    return Part(box.id, "node", elements, box.description or box.text, box.kind)


def _place(plan: BoxPlan, at: Point) -> Place:
    return Place(*at, plan.width, plan.height, plan.round, plan.box.kind == "branch")


def _wire(plan: WirePlan, course: Curve, at: Point, places: dict[str, Place], level: bool, theme: Theme) -> Part:
    wire = plan.wire
    forward: LineRole = "constant" if wire.constant else "forward"
    lines = arrows(
        course,
        places[wire.source],
        places[wire.target],
        forward if wire.forward else None,
        "backward" if wire.backward else None,
        theme,
        1 if level else -1,
    )
    elements = (*lines, *_labels(plan, at, level, theme))
    detail = "constant" if wire.constant else ""
    return Part(wire.id, "wire", elements, wire.description, detail, wire.source, wire.target)


def _labels(plan: WirePlan, at: Point, level: bool, theme: Theme) -> tuple[Element, ...]:
    x, y = at
    reach = reached(plan.wire, level, theme)
    elements: list[Element] = []
    if block := plan.forward:
        if level:
            elements += placed(block, x - block.width / 2, y - reach - block.height)
        else:
            elements += placed(block, x - reach - block.width, y - block.height / 2)
    if block := plan.backward:
        if level:
            elements += placed(block, x - block.width / 2, y + reach)
        else:
            elements += placed(block, x + reach, y - block.height / 2)
    return tuple(elements)


def _page(figure: Figure, theme: Theme, parts: tuple[Part, ...]) -> Picture:
    """Set the title above and the notes below, and leave a margin around everything."""
    title = words(figure.title, "title", theme) if figure.title else None
    notes = [words(note, "note", theme) for note in figure.notes]
    left, upper, right, lower = _extent(parts)
    width = right - left
    inner = max([width, *(block.width for block in notes), title.width if title else 0.0])
    top = theme.margin
    around: list[Part] = []
    if title:
        heading = placed(title, theme.margin + (inner - title.width) / 2, top)
        around.append(Part("title", "title", heading, figure.title))
        top += title.height + _TITLE_GAP
    dx, dy = theme.margin + (inner - width) / 2 - left, top - upper
    parts = tuple(replace(part, elements=tuple(moved(e, dx, dy) for e in part.elements)) for part in parts)
    top += lower - upper
    for number, (note, block) in enumerate(zip(figure.notes, notes, strict=True), 1):
        top += _TITLE_GAP if number == 1 else 0.0
        around.append(Part(f"note {number}", "note", placed(block, theme.margin, top), note))
        top += theme.sizes["note"] * text.LINE_HEIGHT
    width, height = ceil(inner + 2 * theme.margin), ceil(top + theme.margin)
    return Picture(width, height, (*parts, *around), figure.title, figure.description)


def _extent(parts: tuple[Part, ...]) -> Edges:
    corners = [corner for part in parts for element in part.elements for corner in _corners(element)] or [(0.0, 0.0)]
    across, down = zip(*corners, strict=True)
    return min(across), min(down), max(across), max(down)


def _corners(element: Element) -> tuple[Point, ...]:
    """Return points between which all of an element lies."""
    match element:
        case Path() | Bracket():
            return element.points
        case Head():
            return (element.base, element.tip)
        case Shape():
            x, y, width, height = element.x, element.y, element.width / 2, element.height / 2
            return ((x - width, y - height), (x + width, y + height))
        case Text():
            x = element.x - {"start": 0.0, "middle": 0.5, "end": 1.0}[element.anchor] * element.width
            top, bottom = text.ASCENT * element.size, text.DESCENT * element.size
            return ((x, element.y - top), (x + element.width, element.y + bottom))
        case Cell():
            return ((element.x, element.y), (element.x + element.width, element.y + element.height))
        case _:
            raise TypeError(f"Not an element of a picture: {type(element).__name__}")
