"""A long figure in rows, like text: from one figure to one figure for each row, with letters where wires go on.

Breaks are between ranks, where few wires cross and few groups are parted. Each wire that crosses a break ends in a
letter and goes on from the same letter. An input or constant that is used in several rows is written at each use.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import count, pairwise
from math import inf
from types import MappingProxyType
from typing import NamedTuple

from bpviz import deadline
from bpviz.figure import Box, Figure, Frame, Wire
from bpviz.layout.placement.plan import RANK_SEPARATION, Plan, ordered
from bpviz.text.language import Language

__all__ = ["Rows", "can_be_parted", "in_rows", "length"]

_ROW, _CROSSING, _PARTED, _SLACK, _OVER = 60.0, 50.0, 150.0, 100.0, 100.0
"""The costs of a row, a wire that crosses a break, a parted group, an empty row, and a row of twice the width."""
_FULL = 1.2
"""How much wider than the width a row may be."""
_LAST = 0.3
"""The share of the cost that free space has in the last row."""
_LETTER = 22.0
"""The width of a letter in its ring."""
_GIVEN = ("input", "constant")
_OPERATIONS = ("operation", "group")


Span = tuple[int, int]
_UNKNOWN: Mapping[Span, float] = MappingProxyType({})


class Rows(NamedTuple):
    """The rows of a figure.

    ``spans`` has the first rank of each row, and the first after it. ``origins`` has the id in the figure of every box
    that is written several times; ``links`` leads from the id of each letter to that of its other end; ``notes`` has
    the sums of the gradients of what is written several times.
    """

    figures: tuple[Figure, ...]
    spans: tuple[Span, ...]
    origins: Mapping[str, str]
    links: Mapping[str, str]
    notes: tuple[str, ...]


class _Web(NamedTuple):
    """The boxes of a figure by id, their wires, and the branch dots whose value is given, each with its source."""

    boxes: dict[str, Box]
    entering: dict[str, list[Wire]]
    leaving: dict[str, list[Wire]]
    order: list[str]
    dots: dict[str, str]

    def is_given(self, id: str) -> bool:
        """Whether a box is an input, a constant, or the branch dot of one."""
        return self.boxes[id].kind in _GIVEN or id in self.dots

    def uses(self, id: str) -> list[Wire]:
        """Return the wires to what uses a box's value, behind its branch dot if there is one."""
        onward = self.leaving[id]
        return [use for wire in onward for use in (self.leaving[wire.target] if self._is_dot(wire.target) else [wire])]

    def _is_dot(self, id: str) -> bool:
        return self.boxes[id].kind == "branch"


def in_rows(figure: Figure, plan: Plan, width: float, say: Language, known: Mapping[Span, float] = _UNKNOWN) -> Rows:
    """Return the rows of a figure, each about ``width`` points wide, or a fifth more; a single rank may be wider.

    Lengths are estimated; ``known`` has those of rows that have been laid out, by their spans.

    >>> from bpviz.layout.placement.plan import planned
    >>> from bpviz.picture.theme import theme
    >>> from bpviz.text.language import ENGLISH
    >>> boxes = Box("x", "input", "x"), Box("f", "operation", "f"), Box("g", "operation", "g")
    >>> long = Figure(boxes, (Wire("w", "x", "f"), Wire("v", "f", "g")))
    >>> rows = in_rows(long, planned(long, theme("light")), 100.0, ENGLISH)
    >>> [[box.text for box in row.boxes] for row in rows.figures]
    [['x', 'f', 'a'], ['g', 'a']]
    """
    web = _web(figure)
    ranks = _ranked(web)
    n = _count(web, ranks)
    cuts = _cuts(_Lengths(plan, web, ranks, n, known), _break_costs(figure, web, ranks, n), width)
    return _Setting(figure, web, _row_of_each(web, ranks, cuts), tuple(pairwise(cuts)), say).rows()


def can_be_parted(figure: Figure) -> bool:
    """Return whether a figure is one that rows are made for: from inputs to outputs, with one wire to each dot."""
    kinds = {box.id: box.kind for box in figure.boxes}
    if any(kinds[wire.target] in _GIVEN or kinds[wire.source] == "output" for wire in figure.wires):
        return False
    stems = Counter(wire.target for wire in figure.wires if kinds[wire.target] == "branch")
    return all(stems[id] == 1 for id, kind in kinds.items() if kind == "branch")


def length(figure: Figure, plan: Plan) -> float:
    """Return about how long a figure is in one line, without its layout."""
    web = _web(figure)
    ranks = _ranked(web)
    n = _count(web, ranks)
    return _Lengths(plan, web, ranks, n).of(0, n)


def _web(figure: Figure) -> _Web:
    boxes = {box.id: box for box in figure.boxes}
    entering: dict[str, list[Wire]] = {id: [] for id in boxes}
    leaving: dict[str, list[Wire]] = {id: [] for id in boxes}
    for wire in figure.wires:
        entering[wire.target].append(wire)
        leaving[wire.source].append(wire)
    dots = {
        id: wire.source
        for id, box in boxes.items()
        if box.kind == "branch"
        for wire in entering[id]
        if boxes[wire.source].kind in _GIVEN
    }
    return _Web(boxes, entering, leaving, ordered(figure), dots)


def _ranked(web: _Web) -> dict[str, int]:
    """Return the rank of every box that is not given: the longest path to it.

    A chain that begins with inputs and has a single end stands as late as possible, just before that end.
    """
    ranks: dict[str, int] = {}
    for id in web.order:
        if not web.is_given(id):
            sources = (wire.source for wire in web.entering[id])
            ranks[id] = max((ranks[source] + 1 for source in sources if source in ranks), default=0)
    free: set[str] = set()
    for id in web.order:
        feeding = [wire.source for wire in web.entering[id] if not web.is_given(wire.source)]
        if web.boxes[id].kind in _OPERATIONS and len(web.leaving[id]) == 1 and all(one in free for one in feeding):
            free.add(id)
    for id in reversed(web.order):
        if id in free:
            ranks[id] = max(ranks[id], ranks[web.leaving[id][0].target] - 1)
    return ranks


def _count(web: _Web, ranks: dict[str, int]) -> int:
    """Return the number of ranks with operations, at least 1."""
    return max((rank for id, rank in ranks.items() if web.boxes[id].kind in _OPERATIONS), default=0) + 1


def _cuts(lengths: _Lengths, costs: list[float], width: float) -> list[int]:
    """Return the ranks at which rows begin, and the number of ranks: the breaks of the lowest total cost."""
    n = len(costs) - 1
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, n + 1):
        deadline.check("parting the figure into rows")
        found = (inf, end - 1)
        for start in range(end - 1, -1, -1):
            long = lengths.of(start, end)
            if long > _FULL * width and end - start > 1:
                break
            slack = _SLACK * max(0.0, 1 - long / width) ** 2 * (1.0 if end < n else _LAST)
            over = _OVER * max(0.0, long / width - 1)
            found = min(found, (best[start][0] + _ROW + slack + over + costs[end], start))
        best.append(found)
    cuts = [n]
    while cuts[-1]:
        cuts.append(best[cuts[-1]][1])
    return cuts[::-1]


class _Lengths:
    """Estimates the length of a row: of its ranks, the labels between them, and the names and letters at its ends."""

    def __init__(
        self, plan: Plan, web: _Web, ranks: dict[str, int], n: int, known: Mapping[Span, float] = _UNKNOWN
    ) -> None:
        self._known = known
        boxes = {box.box.id: box.width for box in plan.boxes}
        labels = {wire.wire.id: wire.width for wire in plan.wires}
        columns, gaps, starts = [0.0] * n, [0.0] * (n + 1), [0.0] * n
        self._ends = [0.0] * (n + 1)
        for id, rank in ranks.items():
            if rank < n:
                columns[rank] = max(columns[rank], boxes[id])
        for wire in (drawn.wire for drawn in plan.wires):
            rank, label = ranks.get(wire.target, n), labels[wire.id]
            if wire.target in ranks:
                gaps[min(rank, n)] = max(gaps[min(rank, n)], label)
            if web.is_given(wire.source):
                if rank < n:
                    starts[rank] = max(starts[rank], label + self._before(web, wire.source, boxes, labels))
                continue
            is_output = web.boxes[wire.target].kind == "output"
            end = label + RANK_SEPARATION + (boxes[wire.target] if is_output else _LETTER)
            for cut in range(ranks[wire.source] + 1, min(rank, n) + 1):
                self._ends[cut] = max(self._ends[cut], end)
                if cut < n and not is_output:
                    starts[cut] = max(starts[cut], label + _LETTER + RANK_SEPARATION)
        for id, rank in ranks.items():
            if web.boxes[id].kind == "branch":
                # If the row begins after its rank, the dot moves there, with the label before it.
                using = min((ranks[use.target] for use in web.leaving[id]), default=0)
                before = _LETTER + labels[web.entering[id][0].id] + boxes[id] + 3 * RANK_SEPARATION
                for cut in range(rank + 1, min(using, n - 1) + 1):
                    starts[cut] = max(starts[cut], before + gaps[cut])
        self._starts = [max(0.0, start - gap) for start, gap in zip(starts, gaps, strict=False)]
        self._sums = [0.0]
        for column, gap in zip(columns, gaps, strict=False):
            self._sums.append(self._sums[-1] + column + gap + 2 * RANK_SEPARATION)

    def of(self, start: int, end: int) -> float:
        """Return the length of the ranks from ``start`` to the one before ``end``."""
        estimate = self._starts[start] + self._sums[end] - self._sums[start] + self._ends[end]
        # A longer row is not shorter than one that is known.
        return max([estimate, *(long for (a, b), long in self._known.items() if start <= a and b <= end)])

    @staticmethod
    def _before(web: _Web, source: str, boxes: dict[str, float], labels: dict[str, float]) -> float:
        """Return the length of what is given before a wire: its name; and, before a branch dot, another label."""
        if source not in web.dots:
            return boxes[source] + RANK_SEPARATION
        return boxes[web.dots[source]] + labels[web.entering[source][0].id] + boxes[source] + 3 * RANK_SEPARATION


def _break_costs(figure: Figure, web: _Web, ranks: dict[str, int], n: int) -> list[float]:
    """Return the cost of a break before each rank."""
    costs = [0.0] * (n + 1)
    for id, rank in ranks.items():
        if web.boxes[id].kind not in _OPERATIONS:
            continue
        uses = sorted(ranks[use.target] for use in web.uses(id) if web.boxes[use.target].kind != "output")
        for cut in range(rank + 1, uses[-1] + 1 if uses else 0):
            # One wire leads to the first row with a use, and branches there.
            costs[cut] += _CROSSING * (1 if cut <= uses[0] else len(uses) - bisect_left(uses, cut))
    parents = {frame.id: frame.parent for frame in figure.frames}
    spans: dict[str, list[int]] = defaultdict(list)
    for id, rank in ranks.items():
        if web.boxes[id].kind in _OPERATIONS:
            for frame in _around(web.boxes[id].frame, parents):
                spans[frame].append(rank)
    for inside in spans.values():
        for cut in range(min(inside) + 1, max(inside) + 1):
            costs[cut] += _PARTED
    costs[n] = 0.0
    return costs


def _around(frame: str | None, parents: Mapping[str, str | None]) -> Iterator[str]:
    """Yield a frame and the frames around it."""
    while frame is not None:
        yield frame
        frame = parents[frame]


def _row_of_each(web: _Web, ranks: dict[str, int], cuts: list[int]) -> dict[str, int]:
    """Return the row of every box that is not given.

    A branch dot stands in the first row with a use of its value; an output in the row of what leads to it.
    """
    place = [row for row, (start, end) in enumerate(pairwise(cuts)) for _ in range(start, end)]
    rows = {id: place[ranks[id]] for id in ranks if web.boxes[id].kind in _OPERATIONS}
    for id in web.order:
        box = web.boxes[id]
        if box.kind == "branch":
            using = [rows[wire.target] for wire in web.leaving[id] if wire.target in rows]
            if id not in web.dots:
                rows[id] = min(using) if using else rows[web.entering[id][0].source]
        elif box.kind == "output":
            source = web.entering[id][0].source if web.entering[id] else ""
            using = [rows[use.target] for use in web.leaving.get(source, ()) if use.target in rows]
            rows[id] = rows.get(source, min(using, default=0))
    return rows


class _Setting:
    """Sets the boxes and wires of a figure into rows."""

    def __init__(self, figure: Figure, web: _Web, row: dict[str, int], spans: tuple[Span, ...], say: Language) -> None:
        """Take the row of every box that is not given, and the ranks of each row."""
        self.figure, self.web, self.row, self.spans, self.say = figure, web, row, spans, say
        self.parents = {frame.id: frame.parent for frame in figure.frames}
        self.boxes: list[list[Box]] = [[] for _ in spans]
        self.wires: list[list[Wire]] = [[] for _ in spans]
        self.origins: dict[str, str] = {}
        self.links: dict[str, str] = {}
        self.copies: dict[str, Box] = {}
        """The box in front of each wire whose input is written again, by the id of the wire."""
        self.stems: dict[str, Wire] = {}
        """The wire between such an input and its branch dot, by the same ids."""
        self.again: set[str] = set()

    def rows(self) -> Rows:
        letters = self._letters()
        self._set_given()
        for box in self.figure.boxes:
            if box.id in self.row:
                self.boxes[self.row[box.id]].append(box)
        for wire in self.figure.wires:
            self._set_wire(wire, letters.get(wire.id, ""))
        frames = self._frames()
        pieces = zip(self.boxes, self.wires, frames, strict=True)
        parted = tuple(Figure(tuple(b), tuple(w), tuple(f), width=None) for b, w, f in pieces)
        sums = dict(self.figure.sums)
        notes = tuple(sums[dot] for dot, source in self.web.dots.items() if source in self.again and dot in sums)
        return Rows(parted, self.spans, self.origins, self.links, notes)

    def _letters(self) -> dict[str, str]:
        """Return the letter of each wire that crosses a break, in the order of reading."""
        row = self.row
        crossing = [
            wire
            for wire in self.figure.wires
            if wire.source in row and wire.target in row and row[wire.source] != row[wire.target]
        ]
        crossing.sort(key=lambda wire: (row[wire.source], row[wire.target]))
        return dict(zip((wire.id for wire in crossing), map(_letter, count()), strict=False))

    def _set_given(self) -> None:
        """Set inputs and constants, each with its branch dot; or, if several rows use it, once before each use."""
        for box in self.figure.boxes:
            if box.kind not in _GIVEN:
                continue
            uses = self.web.uses(box.id)
            rows = {self.row[use.target] for use in uses}
            dots = [wire.target for wire in self.web.leaving[box.id] if wire.target in self.web.dots]
            if len(rows) <= 1:
                here = min(rows, default=0)
                self.row[box.id] = here
                self.row.update(dict.fromkeys(dots, here))
                continue
            self.again.add(box.id)
            stem = self.web.leaving[box.id][0]
            for number, use in enumerate(uses):
                self.stems[use.id] = stem
                frame = box.frame and self.web.boxes[use.target].frame
                copy = replace(box, id=self._free(f"{box.id}.{number}"), frame=frame)
                self.origins[copy.id] = box.id
                self.copies[use.id] = copy
                self.boxes[self.row[use.target]].append(copy)

    def _set_wire(self, wire: Wire, letter: str) -> None:
        if wire.id in self.copies:
            # What is written only once, before the dot, is written at each use. In a backward pass, another form of the
            # value may arrive.
            stem = self.stems[wire.id].forward
            again = wire.forward and not wire.forward.label and self.web.boxes[wire.target].belongs == "forward"
            forward = stem if again else wire.forward
            source, description = self.copies[wire.id].id, wire.direct or wire.description
            alone = replace(wire, source=source, forward=forward, description=description)
            self.wires[self.row[wire.target]].append(alone)
        elif not letter:
            # The wire between an input that is written again and its branch dot is left out.
            if wire.target in self.row:
                self.wires[self.row[wire.target]].append(wire)
        else:
            here, there = self.row[wire.source], self.row[wire.target]
            end, start = self._free(f"{wire.id} to row {there + 1}"), self._free(f"{wire.id} from row {here + 1}")
            onward = self.say("continues in row {row} as {letter}", row=there + 1, letter=letter)
            back = self.say("{letter} continues from row {row}", row=here + 1, letter=letter)
            frame = self._common_frame(wire)
            self.boxes[here].append(Box(end, "continues", letter, frame, onward, wire.tone, wire.belongs))
            self.boxes[there].append(Box(start, "continued", letter, frame, back, wire.tone, wire.belongs))
            self.links |= {end: start, start: end}
            self.wires[here].append(replace(wire, target=end, slot=0))
            self.wires[there].append(replace(wire, source=start))

    def _free(self, id: str) -> str:
        """Return an id that no box of the figure has."""
        while id in self.web.boxes:
            id += "′"
        return id

    def _common_frame(self, wire: Wire) -> str | None:
        """Return the innermost frame around both ends of a wire: there it does not leave the group."""
        source, target = (self.web.boxes[id].frame for id in (wire.source, wire.target))
        around = set(_around(target, self.parents))
        return next((frame for frame in _around(source, self.parents) if frame in around), None)

    def _frames(self) -> list[list[Frame]]:
        """Return the frames of each row; the titles of a parted group show that it goes on."""
        used = [{id for box in boxes for id in _around(box.frame, self.parents)} for boxes in self.boxes]
        last = {id: row for row, here in enumerate(used) for id in here}
        first = {id: row for row, here in reversed([*enumerate(used)]) for id in here}
        return [
            [_parted(f, first[f.id] < row, row < last[f.id]) for f in self.figure.frames if f.id in here]
            for row, here in enumerate(used)
        ]


def _parted(frame: Frame, before: bool, after: bool) -> Frame:
    title = f"{'… ' if before else ''}{frame.title}{' …' if after else ''}"
    return frame if title == frame.title else replace(frame, title=title)


def _letter(number: int) -> str:
    """Return the letter of a number: a to z, then aa, ab and so on.

    >>> _letter(0), _letter(25), _letter(26), _letter(52)
    ('a', 'z', 'aa', 'ba')
    """
    more, last = divmod(number, 26)
    return (_letter(more - 1) if more else "") + chr(ord("a") + last)
