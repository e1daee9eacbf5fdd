"""The groups of a circuit: which are closed, which box or frame holds a step, and which frames are drawn."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from bpviz import deadline
from bpviz.analysis.fitting import ALL
from bpviz.errors import UsageError, did_you_mean
from bpviz.figure import Box, Frame
from bpviz.recording.recorder import Recorder
from bpviz.recording.scopes import Scope, around_both, gradient_title, split_title
from bpviz.text.language import ENGLISH, Language
from bpviz.text.widths import visible

__all__ = ["Groups", "frame_of", "group_title", "titled"]


class Groups:
    """The closed groups of a record: those deeper than ``depth`` (0: all), except for the groups named (or ``all``).

    >>> import bpviz
    >>> def half(x):
    ...     return x / 2
    >>> graph = bpviz.trace(lambda x=3.0: half(x) + 1)
    >>> groups = Groups(graph.record, depth=0)
    >>> [node.operation.name for node in graph.nodes if node.operation and groups.closed_around(node.index)]
    ['divide']

    Raises `UsageError` when ``open`` or ``close`` names no group.
    """

    def __init__(
        self,
        record: Recorder,
        depth: int | None = None,
        open: Sequence[str] = (),
        close: Sequence[str] = (),
        say: Language = ENGLISH,
    ) -> None:
        """Take the record, and which groups to open and to close."""
        self.record, self.say, self.close = record, say, close
        self._scopes = {frame_of(scope): scope for scope in record.scopes}
        scopes = record.scopes[1:]
        titles = {scope.title for scope in scopes}
        for wanted in (*open, *close):
            if wanted not in titles and (wanted != ALL or wanted in close):
                there = f"its groups are: {', '.join(sorted(titles))}" if titles else "it has no groups"
                raise UsageError(f"there is no group named {wanted!r}; {did_you_mean(wanted, titles, there)}")
        self.closed = set()
        for scope in scopes:
            too_deep = depth is not None and scope.depth > depth and ALL not in open
            if scope.title in close or (too_deep and scope.title not in open):
                self.closed.add(scope.index)
        self._outermost: dict[int, Scope | None] = {}
        self.kept_open: list[Scope] = []
        """Groups that are open although they were to be closed, see `open_circles`."""

    def closed_around(self, index: int) -> Scope | None:
        """Return the outermost closed group around a step, or around all uses of a module's parameter; ``None`` for
        other inputs, and where all groups are open.
        """
        new, scope = [], self.record.step_scopes[index]
        while scope.parent is not None and scope.index not in self._outermost:
            new.append(scope)
            scope = scope.parent
        found = self._outermost.get(scope.index)
        for inner in reversed(new):
            if found is None and inner.index in self.closed:
                found = inner
            self._outermost[inner.index] = found
        return found

    def open_circles(self, steps: Sequence[int]) -> None:
        """Open the closed groups that values leave and come back to: as boxes they would be in a circle of wires.

        A generator that the model sends values to is such a group. ``steps`` are those of the figure. Raises
        `UsageError` if all groups of such a circle are named to be closed.
        """
        while self.closed:
            deadline.check("closing groups")
            circles = _circles(self._joined(steps))
            if not circles:
                return
            for circle in circles:
                around = [scope for scope in self.record.scopes if scope.index in circle]
                free = [scope for scope in around if scope.title not in self.close]
                if not free:
                    raise UsageError(
                        f"the group {around[0].title!r} cannot be closed: values leave it and come back to it, so that "
                        f"its box would be in a circle of wires; leave out --close {shlex.quote(around[0].title)}"
                    )
                self.closed.difference_update(scope.index for scope in free)
                self.kept_open += free
            self._outermost = {}

    def notes(self) -> tuple[str, ...]:
        """Return the note about groups that are open although they were to be closed, if there are any."""
        titles = list(dict.fromkeys(group_title(scope, self.say) for scope in self.kept_open))
        if not titles:
            return ()
        names = self.say(", ").join([*titles[:_NAMED], *(["…"] if titles[_NAMED:] else [])])
        return (self.say("groups that values leave and come back to stay open: {names}", names=names),)

    def _joined(self, steps: Sequence[int]) -> dict[int, set[int]]:
        """Return for every box the boxes that its values lead to; a step has a negative number, a group its own."""
        boxes = {}
        for step in steps:
            closed = self.closed_around(step)
            boxes[step] = ~step if closed is None else closed.index
        following: dict[int, set[int]] = {box: set() for box in boxes.values()}
        for step, box in boxes.items():
            for operand in self.record.operands[step]:
                start = boxes.get(operand, box)
                if start != box:
                    following[start].add(box)
        return following

    def frames(self, boxes: Iterable[Box]) -> tuple[Frame, ...]:
        """Return the frames around these boxes; a frame is in the background if all its content is."""
        used: dict[int, Scope] = {}
        loud: set[int] = set()
        for box in boxes:
            scope = None if box.frame is None else self._scopes[box.frame]
            known = used if box.tone == "pale" else loud
            while scope is not None and scope.parent is not None and scope.index not in known:
                used[scope.index] = scope
                loud.update(() if box.tone == "pale" else [scope.index])
                scope = scope.parent
        return tuple(
            Frame(
                f"f{i}",
                group_title(scope, self.say),
                frame_of(scope.parent),
                "plain" if i in loud else "pale",
            )
            for i, scope in sorted(used.items())
        )

    def branch_frame(self, source: str | None, targets: Sequence[str | None]) -> str | None:
        """Return the frame of a branch dot: the source's, unless every branch leaves it."""
        if source is None:
            return None
        scope = self._scopes[source]
        around = [around_both(scope, self._scopes[target]) for target in targets if target is not None]
        return frame_of(max(around, key=lambda one: one.depth, default=None))


_NAMED = 3
"""The most groups that a note names."""


def _circles(following: Mapping[int, set[int]]) -> list[set[int]]:
    """Return the sets of boxes that lead to each other.

    >>> _circles({1: {2, 3}, 2: {3}, 3: set()}), _circles({1: {2}, 2: {3}, 3: {2}})
    ([], [{2, 3}])
    """
    arriving = Counter(target for targets in following.values() for target in targets)
    order = [box for box in following if not arriving[box]]
    for box in order:
        for target in following[box]:
            arriving[target] -= 1
            if not arriving[target]:
                order.append(target)
    if len(order) == len(following):
        return []
    import networkx

    graph = networkx.DiGraph((start, end) for start, ends in following.items() for end in ends)
    return [circle for circle in networkx.strongly_connected_components(graph) if len(circle) > 1]


def titled(title: str, say: Language) -> str:
    """Return the title of a graph or a group; "gradient of" is in the reader's language."""
    return gradient_title(*split_title(title), say)


def group_title(scope: Scope, say: Language) -> str:
    """Return the title of a group, so that something of it can be seen."""
    return visible(titled(scope.title, say))


def frame_of(scope: Scope | None) -> str | None:
    """Return the name of a group's frame; ``None`` outside of groups."""
    return None if scope is None or scope.parent is None else f"f{scope.index}"
