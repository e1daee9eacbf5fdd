"""How deep groups are open, so that a figure fits its page: they are closed from the inside until it does."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from math import prod

from bpviz.analysis.repeats import Repeat
from bpviz.frozen import dataclass
from bpviz.recording.recorder import Recorder
from bpviz.recording.scopes import Scope
from bpviz.text.language import Language

__all__ = ["ALL", "Fit", "fitted"]

ALL = "all"
"""Stands for every group, among those to open."""

_MOST = 60
"""The most boxes of operations and groups that go on a page, if each makes a single number."""
_NESTED = 40
"""The most frames within each other that are readable on a page."""
_LONGEST = 4
"""The most rows and columns of an array that is written in numbers."""
_HEAT_MAP = 4
"""The room of a larger array."""
_FEWEST = 3
"""The fewest boxes that still say something; groups stay open where closing them would leave fewer."""


@dataclass(frozen=True, slots=True)
class Fit:
    """The depth to which groups are open, ``None`` for all.

    If some were closed, ``boxes`` is how many there would be if all were open; or ``nested``, if there are only too
    many frames within each other, how deep they would go.
    """

    depth: int | None = None
    boxes: int = 0
    nested: int = 0

    def notes(self, say: Language) -> tuple[str, ...]:
        """Return the note about groups that were closed, if any were."""
        if self.nested:
            return (
                say(
                    "groups deeper than {depth} are closed, because {count} within each other do not fit a page: {one} "
                    "opens one, {all} every one",
                    depth=self.depth,
                    count=self.nested,
                    one="--open NAME",
                    all='--open all (open="all")',
                ),
            )
        if not self.boxes:
            return ()
        words = {"boxes": self.boxes, "depth": self.depth, "one": "--open NAME", "all": '--open all (open="all")'}
        if self.depth == 0:
            return (
                say(
                    "groups are closed, because all {boxes} boxes do not fit a page: {one} opens one, {all} every one",
                    **words,
                ),
            )
        return (
            say(
                "groups deeper than {depth} are closed, because all {boxes} boxes do not fit a page: {one} opens one, "
                "{all} every one",
                **words,
            ),
        )


def fitted(
    record: Recorder,
    steps: Sequence[int],
    found: Sequence[Repeat] = (),
    depth: int | None = None,
    open: Collection[str] = (),
    close: Collection[str] = (),
) -> Fit:
    """Return how deep the groups of a figure are open: to this ``depth``, else so deep that the figure fits its page.

    An array takes as much room as its numbers. ``found`` holds the chains of which a figure shows the first and the
    last block. Groups that are named to ``open`` stay open, and so do those around them. Where closing all groups
    leaves more than fits, and more than three quarters of the whole, they stay open.

    >>> import bpviz
    >>> def inner(x):
    ...     return bpviz.nn.tanh(x * x + x)
    >>> def outer(x):
    ...     return inner(x) + inner(2 * x)
    >>> graph = bpviz.trace(lambda x=1.0: [outer(x * n) for n in range(1, 11)])
    >>> steps = [node.index for node in graph.nodes if node.operation]
    >>> fitted(graph.record, steps).depth
    1
    """
    if depth is not None or ALL in open:
        return Fit(depth)
    room = {node: _room(record.values[node]) for node in steps}
    deepest = max((record.step_scopes[node].depth for node in steps), default=0)
    if sum(room.values()) <= _MOST and deepest <= _NESTED:
        return Fit()
    counts = _Counts(record, room, found, open, close)
    low, most = counts.least, max(min(counts.deepest, _NESTED), counts.least)
    open_as_far_as_possible = Fit() if most == counts.deepest else Fit(most, nested=counts.deepest)
    boxes, whole = counts.of(counts.deepest)
    if whole <= _MOST:
        return open_as_far_as_possible
    high = most
    # Opening a group never makes a figure smaller: the deepest that fits is found by halves.
    while low < high:
        middle = (low + high + 1) // 2
        if counts.of(middle)[1] <= _MOST:
            low = middle
        else:
            high = middle - 1
    while low < most and counts.of(low)[0] < _FEWEST:
        low += 1
    if low == counts.deepest or counts.of(low)[1] > max(_MOST, whole * 3 // 4):
        return open_as_far_as_possible
    return Fit(low, boxes)


def _room(value: object) -> int:
    """Return the room that the box of a value takes with its numbers, in times that of a single number.

    >>> import numpy as np
    >>> _room(3.0), _room(np.ones(3)), _room(np.ones((3, 2))), _room(np.ones(100))
    (1, 3, 6, 4)
    """
    shape = getattr(value, "shape", ())
    return prod(shape) if len(shape) <= 2 and max(shape, default=1) <= _LONGEST else _HEAT_MAP


class _Counts:
    """How many boxes a figure has, and how much room they take."""

    def __init__(
        self,
        record: Recorder,
        room: Mapping[int, int],
        found: Sequence[Repeat],
        open: Collection[str],
        close: Collection[str],
    ) -> None:
        """Take the room of every step."""
        self.open, self.close = open, close
        hidden = {node for repeat in found for block in repeat.hidden for node in block}
        boxes = [(record.step_scopes[node], size) for node, size in room.items() if node not in hidden]
        boxes += [(one.scope, 1) for one in found]
        scopes = [scope for scope, _ in boxes]
        self.boxes_in = Counter(scope.index for scope in scopes)
        self.room_in: dict[int, int] = defaultdict(int)
        self.last: dict[int, int] = {}
        """The room of the last step of every group: that of the group if it is closed."""
        for scope, size in boxes:
            self.room_in[scope.index] += size
        for scope, size in reversed(boxes):
            around: Scope | None = scope
            while around is not None and around.index not in self.last:
                self.last[around.index] = size
                around = around.parent
        known: dict[int, Scope] = {}
        for scope in scopes:
            inner: Scope | None = scope
            while inner is not None and inner.index not in known:
                known[inner.index] = inner
                inner = inner.parent
        # A group is opened before those in it.
        self.scopes = [known[index] for index in sorted(known)]
        self.depths: dict[int, int] = {}
        for scope in self.scopes:
            self.depths[scope.index] = 0 if scope.parent is None else self.depths[scope.parent.index] + 1
        hidden_in: set[int] = set()
        for scope in self.scopes:
            if scope.parent is not None and (scope.parent.index in hidden_in or scope.parent.title in close):
                hidden_in.add(scope.index)
        self.deepest = max(depth for index, depth in self.depths.items() if index not in hidden_in)
        named = (self.depths[scope.index] - 1 for scope in self.scopes if scope.title in open)
        self.least = max(named, default=0)

    def of(self, depth: int) -> tuple[int, int]:
        """Return how many there are if groups are open to this depth, and their room."""
        closed: dict[int, int | None] = {}
        for scope in self.scopes:
            around = None if scope.parent is None else closed[scope.parent.index]
            if around is None and scope.parent is not None and self._is_closed(scope, depth):
                around = scope.index
            closed[scope.index] = around
        shown = [index for index in self.boxes_in if closed[index] is None]
        groups = {group for index in self.boxes_in if (group := closed[index]) is not None}
        room = sum(self.room_in[index] for index in shown) + sum(self.last[group] for group in groups)
        return sum(self.boxes_in[index] for index in shown) + len(groups), room

    def _is_closed(self, scope: Scope, depth: int) -> bool:
        too_deep = self.depths[scope.index] > depth
        return scope.title in self.close or (too_deep and scope.title not in self.open)
