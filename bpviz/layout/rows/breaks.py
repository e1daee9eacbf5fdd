"""Where rows begin: between ranks, where few values cross and few groups are divided, at about equal lengths."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from itertools import accumulate
from math import inf

from bpviz import deadline
from bpviz.figure import Wire
from bpviz.layout.placement.plan import RANK_SEPARATION, Plan
from bpviz.layout.rows.letters import letter
from bpviz.layout.rows.web import OPERATIONS, Web, count_of, frames_around, ranks_of

__all__ = ["Span", "breaks", "length"]

_ROW, _CROSSING, _PARTED, _SLACK, _OVER = 60.0, 50.0, 150.0, 100.0, 200.0
"""The costs of a row, a value that crosses a break, a divided group, an empty row, and a row of twice the width."""
_KNOWN = 30.0
"""What a row that has been laid out costs less: others stay as they are when a long one is divided."""
_UNNAMED = 30.0
"""What a value without a name costs more: a reader looks for names."""
_LAST = 0.3
"""The share of the cost that free space has in the last row."""
_LETTER = 24.0
"""The width of a letter in its ring."""
_LONGER = 12.0
"""How much wider each further letter makes it."""

Span = tuple[int, int]
"""The first rank of a row, and the first after it."""


def breaks(
    web: Web, ranks: dict[str, int], plan: Plan, width: float, limit: float, known: Mapping[Span, float]
) -> list[int]:
    """Return the ranks at which rows begin, and the number of ranks.

    Rows are about ``width`` points wide, and at most ``limit``; a single rank may be wider. Lengths are estimated;
    ``known`` has those of rows that have been laid out.
    """
    n = count_of(web, ranks)
    filled = {rank for id, rank in ranks.items() if web.boxes[id].kind in OPERATIONS}
    lengths = _Lengths(plan, web, ranks, n)
    # In many rows letters are longer: AB, then ABC.
    longer = len(letter(int(lengths.of(0, n) / width))) - 1
    lengths.add(2 * _LONGER * longer)
    lengths.learn(known)
    return _cut(lengths, _break_costs(web, ranks, n), filled, width, limit, known)


def length(web: Web, plan: Plan) -> float:
    """Return about how long a figure is in one line, without its layout."""
    ranks = ranks_of(web)
    n = count_of(web, ranks)
    return _Lengths(plan, web, ranks, n).of(0, n)


def _cut(
    lengths: _Lengths, costs: list[float], filled: Set[int], width: float, limit: float, known: Mapping[Span, float]
) -> list[int]:
    """Return the ranks at which rows begin, and the number of ranks: the breaks of the lowest total cost.

    Every row has one of the ``filled`` ranks: others have only branch dots.
    """
    n = len(costs) - 1
    before = [0, *accumulate(rank in filled for rank in range(n))]
    ending: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for (first, after), long in known.items():
        ending[after].append((first, long))
    # The longest known row that begins at a rank and ends at ``end`` or before.
    longest = [0.0] * n
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, n + 1):
        deadline.check("parting the figure into rows")
        for first, long in ending[end]:
            longest[first] = max(longest[first], long)
        found, least = (inf, end - 1), 0.0
        for start in range(end - 1, -1, -1):
            # A longer row is not shorter than one that is known.
            least = max(least, longest[start])
            long, count = known.get((start, end), max(lengths.of(start, end), least)), before[end] - before[start]
            if long > limit and count > 1:
                break
            if not count:
                continue
            slack = _SLACK * max(0.0, 1 - long / width) ** 2 * (1.0 if end < n else _LAST)
            over = _OVER * max(0.0, long / width - 1)
            kept = _KNOWN if (start, end) in known else 0.0
            found = min(found, (best[start][0] + _ROW + slack + over + costs[end] - kept, start))
        best.append(found)
    cuts = [n]
    while cuts[-1]:
        cuts.append(best[cuts[-1]][1])
    return cuts[::-1]


class _Lengths:
    """Estimates the length of a row: of its ranks, the labels between them, and the names and letters at its ends."""

    def __init__(self, plan: Plan, web: Web, ranks: dict[str, int], n: int) -> None:
        boxes = {box.box.id: box.width for box in plan.boxes}
        labels = {wire.wire.id: wire.width for wire in plan.wires}
        columns, gaps, starts = [0.0] * n, [0.0] * (n + 1), [0.0] * n
        beginning: list[tuple[float, int, int]] = []
        ending: list[tuple[float, int, int]] = []
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
            stretch = ranks[wire.source] + 1, min(rank, n)
            ending.append((end, *stretch))
            if not is_output:
                beginning.append((label + _LETTER + RANK_SEPARATION, *stretch))
        for id, rank in ranks.items():
            if web.boxes[id].kind == "branch":
                # If the row begins after its rank, the dot moves there, with the label before it.
                using = min((ranks[use.target] for use in web.leaving[id]), default=0)
                before = _LETTER + labels[web.entering[id][0].id] + boxes[id] + 3 * RANK_SEPARATION
                for cut in range(rank + 1, min(using, n - 1) + 1):
                    starts[cut] = max(starts[cut], before + gaps[cut])
        self._ends = _covered(ending, n + 1)
        starts = [max(pair) for pair in zip(starts, _covered(beginning, n + 1), strict=False)]
        self._starts = [max(0.0, start - gap) for start, gap in zip(starts, gaps, strict=False)]
        self._sums = [0.0]
        for column, gap in zip(columns, gaps, strict=False):
            self._sums.append(self._sums[-1] + column + gap + 2 * RANK_SEPARATION)

    def learn(self, known: Mapping[Span, float]) -> None:
        """Correct the estimates by the lengths of rows that are ``known``.

        What nearly all of them are longer is added to every row; what one is longer than that, to its ranks.
        """
        if not known:
            return
        more = {span: long - self.of(*span) for span, long in known.items()}
        common = max(0.0, sorted(more.values())[len(more) // 10])
        beyond = sorted((over - common) / (end - start) for (start, end), over in more.items())
        # While few rows are known, the others are thought to be like most of these.
        few = sum(end - start for start, end in known) < len(self._sums) / 2
        shares = [max(0.0, beyond[len(beyond) // 5]) if few else 0.0] * (len(self._sums) - 1)
        for (start, end), over in more.items():
            for rank in range(start, end):
                shares[rank] = max(shares[rank], (over - common) / (end - start))
        self._sums = [sum + own for sum, own in zip(self._sums, accumulate(shares, initial=0.0), strict=True)]
        self.add(common)

    def add(self, more: float) -> None:
        """Add a length to the estimate of every row."""
        self._ends = [end + more for end in self._ends]

    def of(self, start: int, end: int) -> float:
        """Return the length of the ranks from ``start`` to the one before ``end``."""
        return self._starts[start] + self._sums[end] - self._sums[start] + self._ends[end]

    @staticmethod
    def _before(web: Web, source: str, boxes: dict[str, float], labels: dict[str, float]) -> float:
        """Return the length of what is given before a wire: its name; and, before a branch dot, another label."""
        if source not in web.dots:
            return boxes[source] + RANK_SEPARATION
        return boxes[web.dots[source]] + labels[web.entering[source][0].id] + boxes[source] + 3 * RANK_SEPARATION


def _covered(stretches: Iterable[tuple[float, int, int]], n: int) -> list[float]:
    """Return for each of ``n`` places the largest value of a stretch, from its first place to its last, around it.

    >>> _covered([(1.0, 0, 2), (5.0, 2, 3)], 5)
    [1.0, 1.0, 5.0, 5.0, 0.0]
    """
    found = [0.0] * n
    # From each place, the way to the next without a value. The largest value is first, and remains.
    free = list(range(n + 1))
    for value, first, last in sorted(stretches, key=lambda stretch: -stretch[0]):
        place = _next(free, first)
        while place <= last:
            found[place] = value
            free[place] = place + 1
            place = _next(free, place)
    return found


def _next(free: list[int], place: int) -> int:
    """Return the first free place from ``place`` on, and shorten the way to it."""
    while free[place] != place:
        free[place] = free[free[place]]
        place = free[place]
    return place


def _is_named(wire: Wire) -> bool:
    return bool(wire.forward and wire.forward.label and wire.forward.label.name)


def _break_costs(web: Web, ranks: dict[str, int], n: int) -> list[float]:
    """Return the cost of a break before each rank."""
    # By how much the cost of each rank differs from that of the one before it.
    more = [0.0] * (n + 2)
    for id, rank in ranks.items():
        if web.boxes[id].kind not in OPERATIONS:
            continue
        for wire in web.leaving[id]:
            # A value crosses a break once, whatever the number of its uses.
            uses = [ranks[use.target] for use in web.uses(wire) if web.boxes[use.target].kind != "output"]
            cost = _CROSSING if _is_named(wire) else _CROSSING + _UNNAMED
            more[rank + 1] += cost
            more[max(uses, default=rank) + 1] -= cost
    spans: dict[str, list[int]] = defaultdict(list)
    for id, rank in ranks.items():
        if web.boxes[id].kind in OPERATIONS:
            for frame in frames_around(web.boxes[id].frame, web.parents):
                spans[frame].append(rank)
    for inside in spans.values():
        more[min(inside) + 1] += _PARTED
        more[max(inside) + 1] -= _PARTED
    costs = list(accumulate(more[: n + 1]))
    costs[n] = 0.0
    return costs
