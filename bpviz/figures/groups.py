"""The groups of a circuit: which are closed, which box or frame holds a step, and which frames are drawn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bpviz.analysis.fitting import ALL
from bpviz.errors import UsageError, did_you_mean
from bpviz.figure import Box, Frame
from bpviz.recording.recorder import Recorder
from bpviz.recording.scopes import Scope, gradient_title, split_title
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
        self.record, self.say = record, say
        self._scopes = {frame_of(scope): scope for scope in record.scopes}
        scopes = record.scopes[1:]
        titles = {scope.title for scope in scopes}
        for wanted in (*open, *close):
            if wanted not in titles and (wanted != ALL or wanted in close):
                there = f"its groups are: {', '.join(sorted(titles))}" if titles else "it has no groups"
                raise UsageError(f"there is no group named {wanted!r}; {did_you_mean(wanted, titles, there)}")
        self.closed = set()
        for scope in scopes:
            too_deep = depth is not None and _depth(scope) > depth and ALL not in open
            if scope.title in close or (too_deep and scope.title not in open):
                self.closed.add(scope.index)

    def closed_around(self, index: int) -> Scope | None:
        """Return the outermost closed group around a step, or around all uses of a module's parameter; ``None`` for
        other inputs, and where all groups are open.
        """
        found, scope = None, self.record.step_scopes[index]
        while scope.parent is not None:
            if scope.index in self.closed:
                found = scope
            scope = scope.parent
        return found

    def frames(self, boxes: Iterable[Box]) -> tuple[Frame, ...]:
        """Return the frames around these boxes; a frame is in the background if all its content is."""
        used: dict[int, Scope] = {}
        loud: set[int] = set()
        for box in boxes:
            scope = None if box.frame is None else self._scopes[box.frame]
            while scope is not None and scope.parent is not None:
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
        while source is not None and not any(source in self._around(target) for target in targets):
            source = frame_of(self._scopes[source].parent)
        return source

    def _around(self, frame: str | None) -> list[str]:
        around = []
        while frame is not None:
            around.append(frame)
            frame = frame_of(self._scopes[frame].parent)
        return around


def titled(title: str, say: Language) -> str:
    """Return the title of a graph or a group; "gradient of" is in the reader's language."""
    return gradient_title(*split_title(title), say)


def group_title(scope: Scope, say: Language) -> str:
    """Return the title of a group, so that something of it can be seen."""
    return visible(titled(scope.title, say))


def frame_of(scope: Scope | None) -> str | None:
    """Return the name of a group's frame; ``None`` outside of groups."""
    return None if scope is None or scope.parent is None else f"f{scope.index}"


def _depth(scope: Scope) -> int:
    depth = 0
    while scope.parent is not None:
        depth, scope = depth + 1, scope.parent
    return depth
