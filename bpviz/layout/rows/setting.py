"""From one figure to one figure for each row, with letters where values go on.

A value that is used in a later row ends in a letter and goes on from the same letter; there it branches to its uses in
that row, and, in the same letter, to the next row with a use. So both numbers at a letter are those at its other end,
and gradients add up at every dot. An input or constant that is used in several rows is written in each.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from itertools import pairwise
from typing import NamedTuple

from bpviz.figure import Box, Figure, Frame, Wire
from bpviz.frozen import replace
from bpviz.layout.placement.plan import Plan
from bpviz.layout.rows.breaks import Span, breaks
from bpviz.layout.rows.copies import Copies
from bpviz.layout.rows.letters import Ring, letter
from bpviz.layout.rows.web import GIVEN, OPERATIONS, Web, frames_around, ranks_of

__all__ = ["Rows", "in_rows"]


class Rows(NamedTuple):
    """The rows of a figure.

    ``spans`` has the first rank of each row, and the first after it. ``origins`` has the id in the figure of every box
    or wire that has another here; ``rings`` has the letters by the ids of their boxes; ``notes`` the sums of the
    gradients of what is written several times.
    """

    figures: tuple[Figure, ...]
    spans: tuple[Span, ...]
    origins: Mapping[str, str]
    rings: Mapping[str, Ring]
    notes: tuple[str, ...]


def in_rows(web: Web, plan: Plan, width: float, limit: float, known: Mapping[Span, float]) -> Rows:
    """Return the rows of a figure, each about ``width`` points wide, and at most ``limit``; see `breaks`.

    >>> from bpviz.layout.placement.plan import planned
    >>> from bpviz.layout.rows.web import web_of
    >>> from bpviz.picture.theme import theme
    >>> boxes = Box("x", "input", "x"), Box("f", "operation", "f"), Box("g", "operation", "g")
    >>> long = Figure(boxes, (Wire("w", "x", "f"), Wire("v", "f", "g")))
    >>> rows = in_rows(web_of(long), planned(long, theme("light")), 100.0, 100.0, {})
    >>> [[box.text for box in row.boxes] for row in rows.figures]
    [['x', 'f', 'A'], ['A', 'g']]
    """
    ranks = ranks_of(web)
    cuts = breaks(web, ranks, plan, width, limit, known)
    return _Setting(web, ranks, _row_of_each(web, ranks, cuts), tuple(pairwise(cuts))).rows()


def _row_of_each(web: Web, ranks: dict[str, int], cuts: list[int]) -> dict[str, int]:
    """Return the row of every operation, group and output; an output stands in the row of what leads to it."""
    place = [row for row, (start, end) in enumerate(pairwise(cuts)) for _ in range(start, end)]
    rows = {id: place[ranks[id]] for id in ranks if web.boxes[id].kind in OPERATIONS}
    for id in web.order:
        if web.boxes[id].kind != "output":
            continue
        source = web.entering[id][0].source if web.entering[id] else ""
        if source and web.boxes[source].kind == "branch":
            source = web.entering[source][0].source
        uses = [use for stem in web.leaving.get(source, ()) for use in web.uses(stem)]
        using = [rows[use.target] for use in uses if use.target in rows]
        rows[id] = rows.get(source, min(using, default=0))
    return rows


class _Setting:
    """Sets the boxes and wires of a figure into rows."""

    def __init__(self, web: Web, ranks: dict[str, int], row: dict[str, int], spans: tuple[Span, ...]) -> None:
        """Take the rank of every box, the row of every operation, group and output, and the ranks of each row."""
        self.web, self.ranks, self.row, self.spans = web, ranks, row, spans
        self.boxes: list[list[tuple[int, Box]]] = [[] for _ in spans]
        """The boxes of each row, each with its place in the order of the figure."""
        self.wires: list[list[Wire]] = [[] for _ in spans]
        self.copies = Copies()
        self.rings: dict[str, Ring] = {}
        self.values = 0

    def rows(self) -> Rows:
        figure = self.web.figure
        self.order = {box.id: number for number, box in enumerate(figure.boxes)}
        for box in figure.boxes:
            if box.kind == "branch":
                continue
            stems = self.web.leaving[box.id]
            if box.kind in GIVEN:
                uses: dict[int, list[Wire]] = defaultdict(list)
                for use in self.web.uses(stems[0]) if stems else ():
                    uses[self.row[use.target]].append(use)
                if len(uses) > 1 and figure.repeat != "never":
                    self._set_copies(box, list(uses.values()))
                    continue
                self.row[box.id] = min(uses, default=0)
            self._put(box, self.row[box.id], box.id)
            for stem in stems:
                self._lead(stem)
        frames = self._frames()
        # All letters are as long as the longest, until their order is known.
        longest = "A" * len(letter(max(0, self.values - 1)))
        boxes = [
            tuple(
                self._put_in(replace(box, text=longest) if box.id in self.rings else box, row, frames[row])
                for _, box in sorted(here, key=lambda entry: entry[0])
            )
            for row, here in enumerate(self.boxes)
        ]
        rows = zip(boxes, self.wires, frames, strict=True)
        pieces = tuple(Figure(b, tuple(w), tuple(f), width=None) for b, w, f in rows)
        return Rows(pieces, self.spans, self.copies.origins, self.rings, self.copies.notes(figure))

    def _put(self, box: Box, row: int, beside: str) -> None:
        self.boxes[row].append((self.order[beside], box))

    def _set_copies(self, box: Box, groups: list[list[Wire]]) -> None:
        """Write a given value in each row that uses it."""
        stem = self.web.leaving[box.id][0]
        self.copies.write(self.web, box.id, groups)
        row = {}
        for group in groups:
            for use in group:
                for wire in self.copies.wires[use.id]:
                    self.wires[self.row[use.target]].append(wire)
                    row[wire.source] = self.row[use.target]
        for wire in self.copies.wires[stem.id]:
            if wire.target in row:
                row[wire.source] = row[wire.target]
                self.wires[row[wire.source]].append(wire)
        for copy in (*self.copies.boxes[box.id], *self.copies.boxes.get(stem.target, ())):
            self._put(copy, row[copy.id], box.id)

    def _lead(self, stem: Wire) -> None:
        """Lead a value to its uses, from row to row."""
        row, start, rest = self.row[stem.source], stem.source, self.web.uses(stem)
        value = None
        while rest:
            near = [use for use in rest if self.row[use.target] == row]
            far = [use for use in rest if self.row[use.target] != row]
            groups = [far] if far and self.web.carrier(stem, far) else [[use] for use in far]
            if len(near) + len(groups) > 1:
                start = self._branch(stem, rest, row, start)
                self.wires[row] += [replace(use, source=start) for use in near]
            elif near:
                self.wires[row].append(replace(self._carrier(stem, near, start), source=start))
            if len(groups) > 1:
                for use in far:
                    there, letter_at = self._link(stem, [use], row, start, self._new_value())
                    self.wires[there].append(replace(self._carrier(stem, [use], letter_at), source=letter_at))
                return
            if far:
                value = self._new_value() if value is None else value
                row, start = self._link(stem, far, row, start, value)
            rest = far

    def _carrier(self, stem: Wire, uses: list[Wire], start: str) -> Wire:
        """Return the wire that carries a value to some of its uses; away from its name, with the name."""
        carrier, source = self.web.carrier(stem, uses), self.web.boxes[stem.source]
        assert carrier is not None
        forward = carrier.forward
        if source.kind != "input" or start == stem.source or forward is None or forward.label is None:
            return carrier
        if forward.label.room:
            # It has no room for more.
            return carrier
        named = forward.label if forward.label.name else replace(forward.label, name=source.text)
        return replace(carrier, forward=replace(forward, label=named))

    def _new_value(self) -> int:
        self.values += 1
        return self.values - 1

    def _branch(self, stem: Wire, uses: list[Wire], row: int, start: str) -> str:
        """Set a branch dot after ``start``, for these uses; return its id."""
        dot, carrier = self.web.boxes[stem.target], self._carrier(stem, uses, start)
        if start != stem.source:
            dot = replace(dot, id=self.web.free(f"{dot.id} in {self.spans[row][0]}"), frame=self._frame(stem, uses))
            self.copies.origins[dot.id] = stem.target
        self._put(dot, row, stem.target)
        self.wires[row].append(replace(carrier, source=start, target=dot.id))
        return dot.id

    def _link(self, stem: Wire, uses: list[Wire], row: int, start: str, value: int) -> tuple[int, str]:
        """Lead a value from ``start`` to a letter; return the row with the next use, and the letter there."""
        first = min(uses, key=lambda use: self.row[use.target])
        there = self.row[first.target]
        carrier = self._carrier(stem, uses, "")
        if start != stem.source and len(uses) > 1:
            # The wire before the dot has the same id.
            carrier = replace(carrier, id=f"{stem.id} to {first.id}")
            self.copies.origins[carrier.id] = stem.id
        # The ids do not name rows: a row remains the same when others change.
        ends = (f"{carrier.id} to {first.id}, end", f"{carrier.id} to {first.id}, start")
        end, begin = map(self.web.free, ends)
        ring = Box(end, "continues", "", self._frame(stem, uses), "", carrier.tone, carrier.belongs)
        self._put(ring, row, stem.source)
        self._put(replace(ring, id=begin, kind="continued"), there, stem.source)
        self.rings |= {end: Ring(value, there, begin), begin: Ring(value, row, end)}
        self.wires[row].append(replace(carrier, source=start, target=end, slot=0))
        return there, begin

    def _frame(self, stem: Wire, uses: list[Wire]) -> str | None:
        """Return the innermost frame around a value and these uses: there it does not leave the group."""
        return self.web.common_frame([stem.source, *(use.target for use in uses)])

    def _frames(self) -> list[list[Frame]]:
        """Return the frames of each row; a divided group is open at that side, and its title shows that it goes on."""
        parents = self.web.parents
        place = {frame.id: number for number, frame in enumerate(self.web.figure.frames)}
        used = [{id for _, box in boxes for id in frames_around(box.frame, parents)} for boxes in self.boxes]
        last = {id: row for row, here in enumerate(used) for id in here}
        first = {id: row for row, here in reversed([*enumerate(used)]) for id in here}
        inside = [[self.web.figure.frames[number] for number in sorted(place[id] for id in here)] for here in used]
        return [
            [_open_sided(frame, first[frame.id] < row, row < last[frame.id]) for frame in here]
            for row, here in enumerate(inside)
        ]

    def _put_in(self, box: Box, row: int, frames: list[Frame]) -> Box:
        """Return a given box, inside an open frame if it leads to the first boxes there: it comes in at that side."""
        opened = {frame.id for frame in frames if frame.open_at_start}
        if box.kind not in GIVEN or not opened:
            return box
        uses = [wire.target for wire in self.wires[row] if wire.source == box.id]
        first = self.spans[row][0]
        if not uses or any(self.ranks.get(id) != first for id in uses):
            return box
        common = self.web.common_frame(uses)
        inside = next((id for id in frames_around(common, self.web.parents) if id in opened), None)
        return replace(box, frame=inside)


def _open_sided(frame: Frame, before: bool, after: bool) -> Frame:
    if not before and not after:
        return frame
    title = f"{'… ' if before else ''}{frame.title}{' …' if after else ''}"
    return replace(frame, title=title, open_at_start=before, open_at_end=after)
