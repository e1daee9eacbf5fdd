"""Where rows begin: between ranks, where few values cross and few groups are divided, at about equal lengths."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Set
from itertools import accumulate
from math import inf
from types import MappingProxyType

from bpviz import deadline
from bpviz.figure import Wire
from bpviz.layout.placement.plan import RANK_SEPARATION, Plan
from bpviz.layout.rows.web import OPERATIONS, Web, count_of, frames_around, ranks_of

__all__ = ["Span", "breaks", "length"]

_ROW, _CROSSING, _PARTED, _SLACK, _OVER = 60.0, 50.0, 150.0, 100.0, 200.0
"""The costs of a row, a value that crosses a break, a divided group, an empty row, and a row of twice the width."""
_UNNAMED = 30.0
"""What a value without a name costs more: a reader looks for names."""
_LAST = 0.3
"""The share of the cost that free space has in the last row."""
_LETTER = 24.0
"""The width of a letter in its ring."""

Span = tuple[int, int]
"""The first rank of a row, and the first after it."""

_UNKNOWN: Mapping[Span, float] = MappingProxyType({})


def breaks(
    web: Web, ranks: dict[str, int], plan: Plan, width: float, limit: float, known: Mapping[Span, float]
) -> list[int]:
    """Return the ranks at which rows begin, and the number of ranks.

    Rows are about ``width`` points wide, and at most ``limit``; a single rank may be wider. Lengths are estimated;
    ``known`` has those of rows that have been laid out.
    """
    n = count_of(web, ranks)
    filled = {rank for id, rank in ranks.items() if web.boxes[id].kind in OPERATIONS}
    return _cut(_Lengths(plan, web, ranks, n, known), _break_costs(web, ranks, n), filled, width, limit)


def length(web: Web, plan: Plan) -> float:
    """Return about how long a figure is in one line, without its layout."""
    ranks = ranks_of(web)
    n = count_of(web, ranks)
    return _Lengths(plan, web, ranks, n).of(0, n)


def _cut(lengths: _Lengths, costs: list[float], filled: Set[int], width: float, limit: float) -> list[int]:
    """Return the ranks at which rows begin, and the number of ranks: the breaks of the lowest total cost.

    Every row has one of the ``filled`` ranks: others have only branch dots.
    """
    n = len(costs) - 1
    before = [0, *accumulate(rank in filled for rank in range(n))]
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, n + 1):
        deadline.check("parting the figure into rows")
        found = (inf, end - 1)
        for start in range(end - 1, -1, -1):
            long, count = lengths.of(start, end), before[end] - before[start]
            if long > limit and count > 1:
                break
            if not count:
                continue
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
        self, plan: Plan, web: Web, ranks: dict[str, int], n: int, known: Mapping[Span, float] = _UNKNOWN
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
    def _before(web: Web, source: str, boxes: dict[str, float], labels: dict[str, float]) -> float:
        """Return the length of what is given before a wire: its name; and, before a branch dot, another label."""
        if source not in web.dots:
            return boxes[source] + RANK_SEPARATION
        return boxes[web.dots[source]] + labels[web.entering[source][0].id] + boxes[source] + 3 * RANK_SEPARATION


def _is_named(wire: Wire) -> bool:
    return bool(wire.forward and wire.forward.label and wire.forward.label.name)


def _break_costs(web: Web, ranks: dict[str, int], n: int) -> list[float]:
    """Return the cost of a break before each rank."""
    costs = [0.0] * (n + 1)
    for id, rank in ranks.items():
        if web.boxes[id].kind not in OPERATIONS:
            continue
        for wire in web.leaving[id]:
            # A value crosses a break once, whatever the number of its uses.
            uses = [ranks[use.target] for use in web.uses(wire) if web.boxes[use.target].kind != "output"]
            for cut in range(rank + 1, max(uses, default=rank) + 1):
                costs[cut] += _CROSSING if _is_named(wire) else _CROSSING + _UNNAMED
    spans: dict[str, list[int]] = defaultdict(list)
    for id, rank in ranks.items():
        if web.boxes[id].kind in OPERATIONS:
            for frame in frames_around(web.boxes[id].frame, web.parents):
                spans[frame].append(rank)
    for inside in spans.values():
        for cut in range(min(inside) + 1, max(inside) + 1):
            costs[cut] += _PARTED
    costs[n] = 0.0
    return costs
