"""From a figure to a picture: measure, place the boxes, draw the wires through their labels.

Lengths are points. The places are from `bpviz.layout.placement.place`, or from Graphviz if it is named. Graphviz gets
boxes of fixed size and no text, so its result does not depend on fonts, nor, for these graphs, on its version.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil
from typing import Any, NamedTuple

from bpviz import deadline, progress
from bpviz.errors import EngineFailed
from bpviz.figure import Direction, Figure, Sheet
from bpviz.frozen import replace
from bpviz.layout.arrangement import Arrangement, arranged
from bpviz.layout.arrows import Place, arrows
from bpviz.layout.directions import LAID_OUT, mirrored
from bpviz.layout.engine_names import is_own
from bpviz.layout.frames import CORNER, around, framed
from bpviz.layout.once import written_once
from bpviz.layout.placement.collection import paused_collection
from bpviz.layout.placement.place import trunk_first
from bpviz.layout.placement.places import Edges, Places
from bpviz.layout.placement.plan import Plan, WirePlan, check, ordered, planned, reached, wire_pitch
from bpviz.layout.placement.ruler import Ruler
from bpviz.layout.reading_order import exchanged, misread
from bpviz.layout.rows.breaks import Span, length
from bpviz.layout.rows.copies import Copies, written_again
from bpviz.layout.rows.letters import lettered
from bpviz.layout.rows.setting import Rows, in_rows
from bpviz.layout.rows.web import can_be_divided, ranks_of, web_of
from bpviz.layout.upright import stands_upright, upright
from bpviz.picture.blocks import Block, placed, words
from bpviz.picture.curves import sampled
from bpviz.picture.elements import Element, Part, Picture, Point, Shape, ShapeKind
from bpviz.picture.names import notation_of
from bpviz.picture.sheet import joined
from bpviz.picture.theme import LineRole, Theme
from bpviz.picture.type_size import LEAST_TYPE, least_type
from bpviz.text import widths
from bpviz.text.language import ENGLISH, Language

__all__ = ["is_upright", "lay_out"]

_TITLE_GAP = 8.0
_COLUMN = 420.0
_MENDINGS = 3
_ROW_GAP = 20.0
_WIDER = 1.3
"""How much wider than its width a figure may be in one line, if its type remains large enough …"""
_PAGE = 165 / 25.4 * 72
"""… on a page that shows it at most so wide."""
_SURELY = 2.0
"""An estimated length, in widths, from which a figure is not tried in one line."""
_TRIALS = 8
_MANY, _TRIED = 64, 8
"""Of more rows than this, one of eight is tried first; the others wait if more than an eighth of these are too long."""


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
    theme = replace(theme, notation=notation_of(figure))
    if isinstance(figure, Sheet):
        more: Any = {"engine": engine, "timeout": timeout, "say": say}
        pictures = [lay_out(one, theme, **more) for one in figure.figures]
        return joined(pictures, figure.captions, theme)
    # Two of the four directions are mirror images of the others.
    check(figure)
    flow = figure.direction
    figure = replace(figure, direction=LAID_OUT[flow])
    figure, lines, rows = _set(figure, flow, theme, engine, timeout, say)
    return _drawn(replace(figure, notes=(*figure.notes, *rows.notes)), lines, rows, flow, theme)


def is_upright(figure: Figure, theme: Theme, *, engine: str = "auto", timeout: float | None = None) -> bool:
    """Return whether a figure is laid out with its vectors as columns.

    >>> from bpviz.figure import Arrow, Box, Grid, Label, Wire
    >>> from bpviz.picture.theme import theme
    >>> long = Arrow(Label(Grid((("1.234567",) * 9,), vector=True)))
    >>> figure = Figure((Box("x", "input", "x"), Box("f", "operation", "f")), (Wire("w", "x", "f", forward=long),))
    >>> [is_upright(replace(figure, width=width), theme("light")) for width in (900.0, 300.0)]
    [False, True]
    """
    if not stands_upright(figure):
        return False
    check(figure)
    theme, flow = replace(theme, notation=notation_of(figure)), figure.direction
    _, lines, _ = _set(replace(figure, direction=LAID_OUT[flow]), flow, theme, engine, timeout, ENGLISH)
    return not any(stands_upright(line.figure) for line in lines)


@paused_collection()
def _drawn(figure: Figure, lines: Sequence[_Line], rows: Rows, flow: Direction, theme: Theme) -> Picture:
    """Return the picture of rows, one below the other."""
    across = max(line.across for line in lines)
    written = _written(figure, across, theme)
    heading, top, inner = _heading(figure, across, written, theme)
    frames: list[Part] = []
    begun: set[str] = set()
    drawn: list[Part] = []
    gaps: list[float] = []
    for row, line in enumerate(lines, 1):
        # Everything is moved to its place on the page before anything is drawn. Rows begin at one margin.
        left, upper, right, lower = line.edges
        free = inner - right + left
        aside = free / 2 if len(lines) == 1 else free if flow == "RL" else 0.0
        found = line.found.moved(theme.margin + aside - left, top - upper)
        # The frame of a group has a part in each row.
        for frame in framed(line.figure, line.plan, found, theme, flow):
            again = frame.id in begun
            frames.append(replace(frame, id=f"{frame.id} in row {row}", of=frame.id) if again else frame)
            begun.add(frame.id)
        drawn += _in_order(line.figure, _wires(line.plan, found, theme, flow), _nodes(line.plan, found))
        top += lower - upper + _ROW_GAP
        gaps.append(top - _ROW_GAP / 2)
    notes, bottom = _notes(figure, written, top - _ROW_GAP, theme)
    # The background is painted first.
    parts = (*frames, *sorted(drawn, key=lambda part: part.tone != "pale"), *heading, *notes)
    if rows.origins or rows.rings:
        parts = tuple(_of_rows(part, rows) for part in parts)
    width, height = ceil(inner + 2 * theme.margin), ceil(bottom + theme.margin)
    breaks = tuple(gaps[:-1])
    return Picture(width, height, parts, figure.title, figure.description, theme.notation, breaks)


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


@paused_collection()
def _set(
    figure: Figure,
    flow: Direction,
    theme: Theme,
    engine: str,
    timeout: float | None,
    say: Language,
) -> tuple[Figure, list[_Line], Rows]:
    """Return the figure with inputs written again, and its rows: one line if that is not much wider than its width."""

    def line(one: Figure, plan: Plan) -> _Line:
        deadline.check("placing the boxes")
        found = mirrored(_arranged(one, plan, wire_pitch(theme), engine, timeout), flow)
        return _Line(one, plan, found, _extent(plan, found, theme))

    ruler = Ruler(theme)
    parts, web = can_be_divided(figure), web_of(figure)
    copies = written_again(web, ranks_of(web)) if parts else Copies()
    if copies.origins:
        figure = copies.put_into(figure)
        web = web_of(figure)
    shown = written_once(figure)
    plan = planned(shown, theme, ruler)
    whole = Rows((figure,), (), copies.origins, {}, ())
    if figure.width is None or not plan.level or not parts:
        return figure, [line(shown, plan)], whole
    # A page may be no wider than its margins.
    widest = _wider(plan, figure.width, theme) * figure.width
    room, limit = (max(1.0, width - 2 * theme.margin) for width in (figure.width, widest))
    turn = upright if stands_upright(shown) else _unchanged
    for one in dict.fromkeys((shown, turn(shown))):
        if one is not shown:
            plan = planned(one, theme, ruler)
        # The layout of a long line takes much longer than that of its rows.
        if length(web, plan) <= _SURELY * room:
            alone = line(one, plan)
            if alone.across <= limit:
                return figure, [alone], whole
    # A value that goes on in other rows is written there again.
    web = web_of(turn(figure))
    plan = planned(web.figure, theme, ruler)
    known: dict[Span, float] = {}
    made: dict[Span, _Line] = {}
    laid: dict[Span, _Line] = {}

    def too_long(span: Span) -> bool:
        # A row of one rank cannot be divided.
        return laid[span].across > limit and span[1] - span[0] > 1

    for _ in range(_TRIALS):
        # Lengths are estimated, and estimated better from those that are known.
        rows = in_rows(web, plan, room, limit, known)
        set_rows = {span: written_once(turn(row)) for span, row in zip(rows.spans, rows.figures, strict=True)}
        # Most rows are the same as in a trial before.
        laid = {span: made[span] for span in rows.spans if span in made and made[span].figure == set_rows[span]}
        new = [span for span in rows.spans if span not in laid]
        # Of many rows some are tried first: if these are too long, others are.
        some = new[::_TRIED] if len(new) > _MANY and not known else []
        for number, span in enumerate(dict.fromkeys((*some, *new)), 1):
            laid[span] = made[span] = line(set_rows[span], planned(set_rows[span], theme, ruler))
            progress.count("laid out {done} of {total} rows", len(laid), len(set_rows))
            if number == len(some) and sum(map(too_long, some)) > len(some) / _TRIED:
                break
        # Without new lengths all rows remain.
        if len(laid) == len(set_rows) and (not any(map(too_long, laid)) or known.keys() >= laid.keys()):
            break
        known |= {span: row.across for span, row in laid.items()}
    lines = [laid[span] for span in rows.spans]
    boxes = lettered(rows.rings, [row.plan.boxes for row in lines], [row.found.boxes for row in lines], theme, say)
    lines = [row._replace(plan=row.plan._replace(boxes=new)) for row, new in zip(lines, boxes, strict=True)]
    origins = {id: copies.origins.get(origin, origin) for id, origin in rows.origins.items()}
    return figure, lines, rows._replace(origins={**copies.origins, **origins})


def _wider(plan: Plan, width: float, theme: Theme) -> float:
    """Return how much wider than ``width`` a figure may be, so that no type on a page is too small."""
    blocks = [box.words for box in plan.boxes]
    blocks += [block for wire in plan.wires for block in (wire.forward, wire.backward) if block]
    least = min(theme.sizes["note"], least_type(element for block in blocks for element in block.elements))
    return max(1.0, min(_WIDER, least * min(1.0, _PAGE / width) / LEAST_TYPE))


def _unchanged(figure: Figure) -> Figure:
    return figure


def _of_rows(part: Part, rows: Rows) -> Part:
    """Return a part with the id that it has in the figure, and the other end of a letter."""
    of, ring = rows.origins.get(part.id, ""), rows.rings.get(part.id)
    return replace(part, of=of, link=ring.other if ring else "") if of or ring else part


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
    """Return whether a wire comes nearer than ``aside`` to a box that it neither leaves nor enters."""
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
    rectangles += [around(course, aside) for course in found.courses]
    if not rectangles:
        return (0.0, 0.0, 0.0, 0.0)
    left, top, right, bottom = zip(*rectangles, strict=True)
    return min(left), min(top), max(right), max(bottom)


def _written(figure: Figure, width: float, theme: Theme) -> list[list[Block]]:
    """Return the lines of every note, at most as wide as the figure, or as a column of text."""
    size, room = theme.sizes["note"], max(width, _COLUMN)
    return [
        [words(line, "note", theme, anchor="start") for line in widths.wrapped(note, size, room, theme.room)]
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
            elements = (Shape(role, outline, x, y, box.width, box.height, 0.0 if box.round else CORNER), *words)
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
        part = Part(
            wire.id,
            "wire",
            elements,
            wire.description,
            detail,
            *ends_of,
            *look,
            backward=tuple(back),
            origin=wire.origin,
        )
        yield replace(part, color=wire.color) if wire.color else part


def _labels(plan: WirePlan, level: bool, theme: Theme) -> Iterator[tuple[Block, Point]]:
    """Yield a wire's labels and their top left corners, relative to the middle of their room."""
    reach = reached(plan.wire, level, theme)
    if block := plan.forward:
        yield block, (-block.width / 2, -reach - block.height) if level else (-reach - block.width, -block.height / 2)
    if block := plan.backward:
        yield block, (-block.width / 2, reach) if level else (reach, -block.height / 2)
