"""From a figure to a picture: measure, place the boxes, draw the wires through their labels.

Lengths are points. The places are from `bpviz.layout.placement.place`, or from Graphviz if it is named. Graphviz gets
boxes of fixed size and no text, so its result does not depend on fonts, nor, for these graphs, on its version.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from math import ceil
from typing import NamedTuple

from bpviz import deadline
from bpviz.errors import EngineFailed
from bpviz.figure import Direction, Figure, Sheet
from bpviz.layout.arrangement import Arrangement, arranged
from bpviz.layout.arrows import Place, arrows
from bpviz.layout.directions import LAID_OUT, mirrored
from bpviz.layout.engine_names import is_own
from bpviz.layout.placement.place import trunk_first
from bpviz.layout.placement.places import Edges, Places
from bpviz.layout.placement.plan import Plan, WirePlan, ordered, planned, reached, wire_pitch
from bpviz.layout.reading_order import exchanged, misread
from bpviz.layout.rows import Rows, can_be_parted, in_rows, length
from bpviz.picture.blocks import Block, placed, words
from bpviz.picture.curves import sampled, straight
from bpviz.picture.elements import Element, Part, Picture, Point, Shape, ShapeKind
from bpviz.picture.sheet import joined
from bpviz.picture.theme import LineRole, Theme
from bpviz.text import widths
from bpviz.text.language import ENGLISH, Language

__all__ = ["lay_out"]

_CORNER = 8.0
_TITLE_GAP = 8.0
_INSET = 4.0
_COLUMN = 420.0
_MENDINGS = 3
_ROW_GAP = 20.0
_WIDER = 1.3
"""How much wider than its width a figure may be in one line."""
_SURELY = 2.0
"""An estimated length, in widths, from which a figure is not tried in one line."""
_FULL = 1.25
"""How much wider than the width a row may be; otherwise shorter rows are tried."""
_TRIALS = 8


def lay_out(
    figure: Figure | Sheet,
    theme: Theme,
    *,
    engine: str = "auto",
    timeout: float | None = None,
    say: Language = ENGLISH,
) -> Picture:
    """Return the picture of ``figure`` with the measures of ``theme``.

    A figure from left to right (or right to left) that is more than 30 % wider than its ``width`` is set in rows.
    ``engine`` is one of `bpviz.layout.engine_names.ENGINES`; ``timeout`` is in seconds and applies to Graphviz, for
    each row; ``say`` is the language of what is read aloud about rows.

    Raises:
        UsageError: there is no such engine, a wire or a frame names a missing box or frame, or wires form a cycle.
        EngineMissing, EngineFailed, LayoutTimeout: from `bpviz.layout.engines.lay_out`.

    >>> from bpviz.figure import Arrow, Box, Figure, Label, Plain, Wire
    >>> from bpviz.picture.theme import theme
    >>> double = Wire("w", "x", "twice", forward=Arrow(Label(Plain("3"))))
    >>> picture = lay_out(Figure((Box("x", "input", "x"), Box("twice", "operation", "×2")), (double,)), theme("light"))
    >>> [part.kind for part in picture.parts]
    ['node', 'wire', 'node']
    """
    if isinstance(figure, Sheet):
        pictures = [lay_out(one, theme, engine=engine, timeout=timeout, say=say) for one in figure.figures]
        return joined(pictures, figure.captions, theme)
    # Two of the four directions are mirror images of the others.
    flow = figure.direction
    figure = replace(figure, direction=LAID_OUT[flow])
    lines, rows = _set(figure, flow, theme, engine, timeout, say)
    if rows:
        figure = replace(figure, notes=figure.notes + rows.notes)
    across = max(line.across for line in lines)
    written = _written(figure, across, theme)
    heading, top, inner = _heading(figure, across, written, theme)
    frames: list[Part] = []
    drawn: list[Part] = []
    for line in lines:
        # Everything is moved to its place on the page before anything is drawn. Rows begin at one margin.
        left, upper, right, lower = line.edges
        free = inner - right + left
        aside = free / 2 if not rows else free if flow == "RL" else 0.0
        found = line.found.moved(theme.margin + aside - left, top - upper)
        frames += _frames(line.figure, line.plan, found, theme)
        drawn += _in_order(line.figure, _wires(line.plan, found, theme, flow), _nodes(line.plan, found))
        top += lower - upper + _ROW_GAP
    notes, bottom = _notes(figure, written, top - _ROW_GAP, theme)
    # The background is painted first.
    parts = (*frames, *sorted(drawn, key=lambda part: part.tone != "pale"), *heading, *notes)
    if rows:
        parts = tuple(_of_rows(part, rows) for part in parts)
    width, height = ceil(inner + 2 * theme.margin), ceil(bottom + theme.margin)
    return Picture(width, height, parts, figure.title, figure.description)


class _Line(NamedTuple):
    """A figure in one line, or one row of it: measured, arranged, and the edges of everything drawn."""

    figure: Figure
    plan: Plan
    found: Arrangement
    edges: Edges

    @property
    def across(self) -> float:
        """The width of everything drawn."""
        return self.edges[2] - self.edges[0]


def _set(
    figure: Figure, flow: Direction, theme: Theme, engine: str, timeout: float | None, say: Language
) -> tuple[list[_Line], Rows | None]:
    """Return the figure in one line if that is not much wider than its width, else in rows."""

    def line(one: Figure, plan: Plan) -> _Line:
        deadline.check("placing the boxes")
        found = mirrored(_arranged(one, plan, wire_pitch(theme), engine, timeout), flow)
        return _Line(one, plan, found, _extent(plan, found, theme))

    plan = planned(figure, theme)
    if figure.width is None or not plan.level or not can_be_parted(figure):
        return [line(figure, plan)], None
    width = figure.width - 2 * theme.margin
    # The layout of a long line takes much longer than that of its rows.
    if length(figure, plan) <= _SURELY * width:
        whole = line(figure, plan)
        if whole.across + 2 * theme.margin <= _WIDER * figure.width:
            return [whole], None
    known: dict[tuple[int, int], float] = {}
    for _ in range(_TRIALS):
        rows = in_rows(figure, plan, width, say, known)
        lines = [line(row, planned(row, theme)) for row in rows.figures]
        long = {span: row.across for span, row in zip(rows.spans, lines, strict=True) if row.across > _FULL * width}
        # A row of one rank cannot be parted.
        if all(end - start == 1 for start, end in long):
            break
        known |= long
    return lines, rows if len(lines) > 1 else None


def _of_rows(part: Part, rows: Rows) -> Part:
    """Return a part with the id that it has in the figure, and the other end of a letter."""
    of, link = rows.origins.get(part.id, ""), rows.links.get(part.id, "")
    return replace(part, of=of, link=link) if of or link else part


def _arranged(figure: Figure, plan: Plan, pitch: float, engine: str, timeout: float | None) -> Arrangement:
    """Return the arrangement, with all operands in order.

    Operands in the wrong order are corrected: labels change places, or wires cross just before their end. If Graphviz
    leaves no room for this, bpviz places the whole figure.
    """
    if not is_own(engine):
        from bpviz.layout.graphviz_places import laid_out

        places = laid_out(figure, plan, engine=engine, timeout=timeout)
        found = arranged(plan, places, pitch)
        wrong = misread(plan, found)
        if not wrong:
            return found
        found, wrong = _mended(plan, exchanged(plan, places, wrong), pitch)
        if not wrong and not _runs_over(plan, found, pitch / 2):
            return found
    found, wrong = _mended(plan, trunk_first(plan), pitch)
    if wrong:
        raise EngineFailed(
            f"The operands of {plan.boxes[wrong[0]].box.text!r} found no places in their order, and in another the "
            "figure would be false. Show less: close groups (--depth 0), or turn it (--direction)."
        )
    return found


def _runs_over(plan: Plan, found: Arrangement, aside: float) -> bool:
    """Whether a wire comes nearer than ``aside`` to a box that it neither leaves nor enters."""
    for wire, course in zip(plan.wires, found.courses, strict=True):
        points = sampled(course)
        for box, (x, y) in zip(plan.boxes, found.boxes, strict=True):
            if box.box.id in (wire.wire.source, wire.wire.target):
                continue
            along, across = box.width / 2 + aside, box.height / 2 + aside
            if any(abs(u - x) < along and abs(v - y) < across for u, v in points):
                return True
    return False


def _mended(plan: Plan, places: Places, pitch: float) -> tuple[Arrangement, list[int]]:
    """Return the corrected arrangement, and the boxes whose operands are still not in order."""
    crossing: frozenset[int] = frozenset()
    for _ in range(_MENDINGS):
        deadline.check("routing the wires")
        found = arranged(plan, places, pitch, crossing)
        wrong = misread(plan, found)
        if not wrong:
            break
        crossing |= set(wrong)
    return found, wrong


def _extent(plan: Plan, found: Arrangement, theme: Theme) -> Edges:
    """Return the edges of everything drawn, before it is moved to its place on the page."""
    rectangles = [edges for edges in found.frames if edges]
    for box, (x, y) in zip(plan.boxes, found.boxes, strict=True):
        width, height = (box.words.width, box.words.height) if box.bare else (box.width, box.height)
        rectangles.append((x - width / 2, y - height / 2, x + width / 2, y + height / 2))
    for wire, (x, y) in zip(plan.wires, found.labels, strict=True):
        for block, (dx, dy) in _labels(wire, plan.level, theme):
            rectangles.append((x + dx, y + dy, x + dx + block.width, y + dy + block.height))
    aside = theme.gap / 2 + theme.strokes["backward"].width / 2
    rectangles += [_around(course, aside) for course in found.courses]
    if not rectangles:
        return (0.0, 0.0, 0.0, 0.0)
    left, top, right, bottom = zip(*rectangles, strict=True)
    return min(left), min(top), max(right), max(bottom)


def _written(figure: Figure, width: float, theme: Theme) -> list[list[Block]]:
    """Return the lines of every note, at most as wide as the figure, or as a column of text."""
    size, room = theme.sizes["note"], max(width, _COLUMN)
    return [
        [words(line, "note", theme, anchor="start") for line in widths.wrapped(note, size, room)]
        for note in figure.notes
    ]


def _heading(figure: Figure, width: float, notes: list[list[Block]], theme: Theme) -> tuple[list[Part], float, float]:
    """Return the title, the top of the figure below it, and the width between the margins."""
    inner = max([width, *(line.width for note in notes for line in note)])
    if not figure.title:
        return [], theme.margin, inner
    title = words(figure.title, "title", theme)
    inner = max(inner, title.width)
    elements = placed(title, theme.margin + (inner - title.width) / 2, theme.margin)
    return [Part("title", "title", elements, figure.title)], theme.margin + title.height + _TITLE_GAP, inner


def _notes(figure: Figure, written: list[list[Block]], top: float, theme: Theme) -> tuple[list[Part], float]:
    """Return the notes at the left margin, one below the other, and the end of the last one."""
    parts = []
    for number, (note, lines) in enumerate(zip(figure.notes, written, strict=True), 1):
        top += _TITLE_GAP if number == 1 else 0.0
        elements: list[Element] = []
        for line in lines:
            elements.extend(placed(line, theme.margin, top))
            top += theme.sizes["note"] * widths.LINE_HEIGHT
        parts.append(Part(f"note {number}", "note", tuple(elements), note))
    return parts, top


def _frames(figure: Figure, plan: Plan, found: Arrangement, theme: Theme) -> list[Part]:
    """Return the frames, the outer ones first."""
    parts = []
    taken = _obstacles(plan, found, theme) if figure.frames else []
    for frame, block, edges in zip(figure.frames, plan.titles, found.frames, strict=True):
        if edges is None:
            continue
        left, top, right, bottom = edges
        outline = Shape("frame", "box", (left + right) / 2, (top + bottom) / 2, right - left, bottom - top, _CORNER)
        near = [box for box in taken if _meet(box, edges)]
        near += [other for other in found.frames if other and other != edges and _within(other, edges)]
        x, y, room = _title_place(block, edges, near)
        title = block if block.width <= room else _shortened(frame.title, room, theme)
        taken.append((x - title.width / 2, y, x + title.width / 2, y + title.height))
        heading = placed(title, x - title.width / 2, y)
        area = (right - left) * (bottom - top)
        parts.append((area, Part(frame.id, "frame", (outline, *heading), frame.title, tone=frame.tone)))
    return [part for _, part in sorted(parts, key=lambda entry: -entry[0])]


def _within(one: Edges, other: Edges) -> bool:
    return one[0] >= other[0] and one[1] >= other[1] and one[2] <= other[2] and one[3] <= other[3]


def _title_place(title: Block, edges: Edges, taken: list[Edges]) -> tuple[float, float, float]:
    """Return a free place for a frame's title: its middle, its top, and the width of the gap.

    It is as near as possible to the top and the middle; if no gap is wide enough, it is the widest one.
    """
    left, top, right, bottom = edges
    middle = (left + right) / 2
    widest = (middle, top + _INSET, 0.0)
    for row in range(max(1, int((bottom - top - title.height) / 6.0))):
        y = top + _INSET + row * 6.0
        across = sorted((x0, x1) for x0, y0, x1, y1 in taken if y0 < y + title.height + 1.0 and y1 > y - 1.0)
        gaps = _gaps(left + _INSET, right - _INSET, across)
        for margin in (6.0, 1.0):
            half = title.width / 2 + margin
            places = [min(max(middle, x0 + half), x1 - half) for x0, x1 in gaps if x1 - x0 >= 2 * half]
            if places:
                return min(places, key=lambda x: abs(x - middle)), y, title.width
        for x0, x1 in gaps:
            if x1 - x0 - 2.0 > widest[2]:
                widest = ((x0 + x1) / 2, y, x1 - x0 - 2.0)
    return widest


def _gaps(start: float, end: float, taken: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the free parts of a stretch; the ``taken`` stretches are sorted."""
    gaps = []
    for low, high in [*taken, (end, end)]:
        if low > start:
            gaps.append((start, min(low, end)))
        start = max(start, high)
    return gaps


def _shortened(title: str, room: float, theme: Theme) -> Block:
    """Return a title cut to fit; the frame's description has all of it."""
    for kept in range(len(title) - 1, 0, -1):
        if words(title[:kept].rstrip() + "…", "frame", theme).width <= room:
            # Rather a word less than a piece of one.
            whole = title[:kept] if title[kept] == " " else title[:kept].rpartition(" ")[0]
            return words((whole if len(whole) > kept / 2 else title[:kept]).rstrip() + "…", "frame", theme)
    return words("", "frame", theme)


def _obstacles(plan: Plan, found: Arrangement, theme: Theme) -> list[Edges]:
    """Return the rectangles around everything that a frame's title must not touch."""
    taken: list[Edges] = []
    for box, (x, y) in zip(plan.boxes, found.boxes, strict=True):
        taken.append((x - box.width / 2, y - box.height / 2, x + box.width / 2, y + box.height / 2))
    for wire, (x, y) in zip(plan.wires, found.labels, strict=True):
        x, y = (x, y - wire.lift) if plan.level else (x - wire.lift, y)
        taken.append((x - wire.width / 2, y - wire.height / 2, x + wire.width / 2, y + wire.height / 2))
    aside = (theme.gap + theme.head[1]) / 2
    for course in found.courses:
        for i in range(0, len(course) - 1, 3):
            piece = (course[i], course[i + 1], course[i + 2], course[i + 3])
            around = _around(piece, aside)
            if straight(piece):
                taken.append(around)
            elif any(edges and _meet(around, edges) for edges in found.frames):
                taken += [_around(pair, aside) for pair in pairwise(sampled(piece, 8))]
    return taken


def _around(points: Sequence[Point], aside: float) -> Edges:
    across, down = zip(*points, strict=True)
    return min(across) - aside, min(down) - aside, max(across) + aside, max(down) + aside


def _meet(one: Edges, other: Edges) -> bool:
    return one[0] < other[2] and one[2] > other[0] and one[1] < other[3] and one[3] > other[1]


def _in_order(figure: Figure, wires: Iterator[Part], nodes: Iterator[Part]) -> Iterator[Part]:
    """Yield wires and nodes in the order for reading aloud: each node after the wires that lead to it."""
    place = {id: number for number, id in enumerate(ordered(figure))}
    arriving: dict[str, list[Part]] = {id: [] for id in place}
    for wire in wires:
        arriving[wire.target].append(wire)
    for node in sorted(nodes, key=lambda node: place[node.id]):
        yield from sorted(arriving[node.id], key=lambda wire: place[wire.source])
        yield node


_OUTLINES: dict[str, LineRole] = {"group": "group", "continues": "constant", "continued": "constant"}


def _nodes(plan: Plan, found: Arrangement) -> Iterator[Part]:
    for box, (x, y) in zip(plan.boxes, found.boxes, strict=True):
        words = placed(box.words, x - box.words.width / 2, y - box.words.height / 2)
        kind = box.box.kind
        elements: tuple[Element, ...]
        if kind == "branch":
            elements = (Shape("node", "dot", x, y, box.width, box.height),)
        elif box.bare:
            elements = words
        else:
            role = _OUTLINES.get(kind, "node")
            outline: ShapeKind = "circle" if box.round else "box"
            elements = (Shape(role, outline, x, y, box.width, box.height, 0.0 if box.round else _CORNER), *words)
        description = box.box.description or box.box.text
        shown = box.box
        yield Part(
            shown.id,
            "node",
            elements,
            description,
            kind,
            tone=shown.tone,
            belongs=shown.belongs,
            color=shown.color,
        )


def _wires(plan: Plan, found: Arrangement, theme: Theme, flow: Direction) -> Iterator[Part]:
    places = {
        box.box.id: Place(x, y, box.width, box.height, box.round, box.box.kind == "branch")
        for box, (x, y) in zip(plan.boxes, found.boxes, strict=True)
    }
    # The forward arrow is above the backward one, or left of it.
    side = 1 if flow in ("LR", "BT") else -1
    for drawn, course, (x, y) in zip(plan.wires, found.courses, found.labels, strict=True):
        wire = drawn.wire
        boxes = places[wire.source], places[wire.target]
        forward: LineRole | None = ("constant" if wire.constant else "forward") if wire.forward else None
        lines = arrows(course, *boxes, forward, "backward" if wire.backward else None, theme, side)
        labels = [placed(block, x + dx, y + dy) for block, (dx, dy) in _labels(drawn, plan.level, theme)]
        elements = (*lines, *(element for label in labels for element in label))
        back = [i for i, element in enumerate(lines) if element.role == "backward"]
        if drawn.backward:
            back += range(len(elements) - len(labels[-1]), len(elements))
        detail = "constant" if wire.constant else ""
        ends_of, look = (wire.source, wire.target), (wire.tone, wire.belongs)
        part = Part(wire.id, "wire", elements, wire.description, detail, *ends_of, *look, backward=tuple(back))
        yield replace(part, color=wire.color) if wire.color else part


def _labels(plan: WirePlan, level: bool, theme: Theme) -> Iterator[tuple[Block, Point]]:
    """Yield a wire's labels and their top left corners, relative to the middle of their room."""
    reach = reached(plan.wire, level, theme)
    if block := plan.forward:
        yield block, (-block.width / 2, -reach - block.height) if level else (-reach - block.width, -block.height / 2)
    if block := plan.backward:
        yield block, (-block.width / 2, reach) if level else (reach, -block.height / 2)
