"""Pictures of one flow with other groups open and closed, between which a page turns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from bpviz.figure import Figure
from bpviz.frozen import dataclass
from bpviz.graph.flow import Flow
from bpviz.picture.elements import Picture

__all__ = ["REPEATS", "Layout", "shown_toggles", "toggles"]

REPEATS = "⋯"
"""Stands for all equal blocks in a chain, among the titles of groups."""


@dataclass(frozen=True, eq=False)
class Layout:
    """A picture of a flow, and the titles of its closed groups; `REPEATS` if only some of equal blocks are shown."""

    figure: Figure
    picture: Picture
    closed: frozenset[str]


def shown_toggles(flow: Flow, figure: Figure) -> Iterator[tuple[str, str, bool]]:
    """Yield what can be opened or closed in a figure: the id of its box or frame, its title, and whether it is open."""
    titles = {scope.index: scope.title for scope in flow.graph.record.scopes}
    for frame in figure.frames:
        yield frame.id, titles[int(frame.id[1:])], True
    for box in figure.boxes:
        if box.group is not None:
            yield box.id, titles[box.group], False
        elif box.is_gap:
            yield box.id, REPEATS, False


def toggles(flow: Flow, layouts: Sequence[Layout]) -> tuple[list[str], list[dict[str, Any]]]:
    """Return the titles of all groups that can be opened or closed, and the data of each layout for its page.

    ``state`` says for each title whether its groups are open (1), closed (0), or some of them (2). ``folds`` are
    lists (part, number of the title, whether a click opens it).
    """
    shown = [list(shown_toggles(flow, one.figure)) for one in layouts]
    names = list(dict.fromkeys(title for found in shown for _, title, _ in found))
    made = []
    for one, found in zip(layouts, shown, strict=True):
        places: dict[str, list[int]] = {}
        for i, part in enumerate(one.picture.parts):
            places.setdefault(part.shows, []).append(i)
        states = {title: {is_open for _, other, is_open in found if other == title} for title in names}
        made.append(
            {
                "state": [
                    2
                    if len(states[title]) > 1
                    else int(states[title] == {True} or (not states[title] and title not in one.closed))
                    for title in names
                ],
                "folds": [
                    [i, names.index(title), int(not is_open)]
                    for id, title, is_open in found
                    for i in places.get(id, [])
                ],
            }
        )
    return names, made
