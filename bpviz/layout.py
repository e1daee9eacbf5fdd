"""From a figure to a picture: measure, let Graphviz place the boxes, draw the wires through their labels.

Lengths are points. Graphviz sees boxes of fixed size and no text, so its answer depends neither on fonts nor, for
these graphs, on its version.
"""

from __future__ import annotations

from typing import Any

from bpviz import engine as engines
from bpviz import text
from bpviz.block import moved, placed, words
from bpviz.curve import Curve
from bpviz.figure import Figure
from bpviz.picture import Element, Part, Picture, Point, Shape, ShapeKind
from bpviz.plan import BoxPlan, Plan, WirePlan, planned
from bpviz.theme import LineRole, Theme
from bpviz.wiring import Place, arrows, course

__all__ = ["lay_out"]

_CORNER = 8.0
_TITLE_GAP = 8.0


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
    answer = engines.lay_out(plan.dot, engine=engine, timeout=timeout, size=size) if size else _NOTHING
    geometry = _Geometry(answer)
    parts = (*_frames(figure, plan, geometry), *_wires(figure, plan, geometry, theme), *_nodes(plan, geometry))
    return _page(figure, theme, parts, geometry.width, geometry.height)


_NOTHING: dict[str, Any] = {"bb": "0,0,0,0"}


class _Geometry:
    """What Graphviz answered, with y turned downwards: positions and curves by the names used in the DOT."""

    def __init__(self, answer: dict[str, Any]) -> None:
        left, self._floor, right, self._ceiling = (float(number) for number in answer["bb"].split(","))
        self._left = left
        self.width, self.height = right - left, self._ceiling - self._floor
        objects = answer.get("objects", [])
        self.places: dict[str, Point] = {}
        self.frames: dict[str, tuple[float, float, float, float]] = {}
        for thing in objects:
            if "pos" in thing:
                self.places[thing["name"]] = self._point(thing["pos"])
            elif "bb" in thing:
                x0, y0, x1, y1 = (float(number) for number in thing["bb"].split(","))
                self.frames[thing["name"]] = (x0 - left, self._ceiling - y1, x1 - left, self._ceiling - y0)
        self.curves: dict[tuple[str, str], Curve] = {}
        for edge in answer.get("edges", []):
            ends = objects[edge["tail"]]["name"], objects[edge["head"]]["name"]
            self.curves[ends] = tuple(map(self._point, edge["pos"].split()))

    def _point(self, pair: str) -> Point:
        x, y = pair.split(",")
        return (float(x) - self._left, self._ceiling - float(y))


def _frames(figure: Figure, plan: Plan, geometry: _Geometry) -> list[Part]:
    """Return the frames, the outer ones first."""
    parts = []
    for k, frame in enumerate(figure.frames):
        if f"cluster{k}" not in geometry.frames:
            continue
        left, top, right, bottom = geometry.frames[f"cluster{k}"]
        x, y = (left + right) / 2, (top + bottom) / 2
        outline = Shape("frame", "box", x, y, right - left, bottom - top, _CORNER)
        title = plan.titles[k]
        heading = placed(title, x - title.width / 2, top + 4.0)
        parts.append(((right - left) * (bottom - top), Part(frame.id, "frame", (outline, *heading), frame.title)))
    return [part for _, part in sorted(parts, key=lambda entry: -entry[0])]


def _nodes(plan: Plan, geometry: _Geometry) -> list[Part]:
    return [_node(box, geometry.places[f"n{i}"]) for i, box in enumerate(plan.boxes)]


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


def _wires(figure: Figure, plan: Plan, geometry: _Geometry, theme: Theme) -> list[Part]:
    index = {box.box.id: i for i, box in enumerate(plan.boxes)}
    places = []
    for i, box in enumerate(plan.boxes):
        x, y = geometry.places[f"n{i}"]
        places.append(Place(x, y, box.width, box.height, box.round, box.box.kind == "branch"))
    parts = []
    for j, wire in enumerate(plan.wires):
        source, target = index[wire.wire.source], index[wire.wire.target]
        x, y = geometry.places[f"l{j}"]
        level = figure.direction == "LR"
        half = wire.width / 2 if level else wire.height / 2
        entry, leave = ((x - half, y), (x + half, y)) if level else ((x, y - half), (x, y + half))
        middle = course(geometry.curves[f"n{source}", f"l{j}"], geometry.curves[f"l{j}", f"n{target}"], entry, leave)
        forward: LineRole = "constant" if wire.wire.constant else "forward"
        lines = arrows(
            middle,
            places[source],
            places[target],
            forward if wire.wire.forward else None,
            "backward" if wire.wire.backward else None,
            theme,
            1 if level else -1,
        )
        parts.append(
            Part(
                wire.wire.id,
                "wire",
                (*lines, *_labels(wire, (x, y), level, theme)),
                wire.wire.description,
                "constant" if wire.wire.constant else "",
                wire.wire.source,
                wire.wire.target,
            )
        )
    return parts


def _labels(plan: WirePlan, at: Point, level: bool, theme: Theme) -> tuple[Element, ...]:
    x, y = at
    reach = theme.clearance + (theme.gap / 2 if plan.wire.forward and plan.wire.backward else 0.0)
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


def _page(figure: Figure, theme: Theme, parts: tuple[Part, ...], width: float, height: float) -> Picture:
    """Set the title above and the notes below, and leave a margin around everything."""
    title = words(figure.title, "title", theme) if figure.title else None
    notes = [words(note, "note", theme) for note in figure.notes]
    inner = max([width, *(block.width for block in notes), title.width if title else 0.0])
    left, top = theme.margin + (inner - width) / 2, theme.margin
    around: list[Part] = []
    if title:
        around.append(
            Part("title", "title", placed(title, theme.margin + (inner - title.width) / 2, top), figure.title)
        )
        top += title.height + _TITLE_GAP
    parts = tuple(_moved_part(part, left, top) for part in parts)
    top += height
    for number, note in enumerate(notes, 1):
        top += _TITLE_GAP if number == 1 else 0.0
        around.append(Part(f"note {number}", "note", placed(note, theme.margin, top), figure.notes[number - 1]))
        top += theme.sizes["note"] * text.LINE_HEIGHT
    return Picture(inner + 2 * theme.margin, top + theme.margin, (*parts, *around), figure.title, figure.description)


def _moved_part(part: Part, dx: float, dy: float) -> Part:
    elements = tuple(moved(element, dx, dy) for element in part.elements)
    return Part(part.id, part.kind, elements, part.description, part.detail, part.source, part.target)
