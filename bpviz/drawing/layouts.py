"""The layouts of a living figure: pictures in which single groups are opened and closed."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace

from bpviz.analysis.fitting import ALL
from bpviz.errors import BpvizError, BpvizWarning
from bpviz.figure import Figure
from bpviz.figures.options import CircuitOptions
from bpviz.graph.flow import Flow
from bpviz.living.layouts import REPEATS, Layout, shown_toggles
from bpviz.picture.elements import Picture

__all__ = ["layouts_of"]

_MOST = 8
"""The most pictures of one page, unless it has more groups."""
_SPARE = 3
"""How many pictures may be made in vain."""
_ELEMENTS = 4_000
"""The most lines, shapes and texts of all its pictures together: in a file they have about half a megabyte."""


def layouts_of(
    flow: Flow,
    figure: Figure,
    picture: Picture,
    options: CircuitOptions,
    redrawn: Callable[[CircuitOptions], tuple[Figure, Picture]],
) -> list[Layout]:
    """Return a picture with those that a reader comes to by opening and closing groups, the nearest first.

    Groups of one title open together. ``redrawn`` returns the figure and the picture for other options.
    """
    start = _whole(flow, frozenset(title for _, title, is_open in shown_toggles(flow, figure) if not is_open))
    found = [Layout(figure, picture, start)]
    seen, size, spare = {start}, _size(picture), _SPARE
    for layout in found:
        for _, title, is_open in shown_toggles(flow, layout.figure):
            closed = _whole(flow, layout.closed | {title} if is_open else layout.closed - {title})
            # Every group that is drawn can be opened or closed by itself.
            if closed in seen or not spare or (len(found) >= _MOST and layout is not found[0]):
                continue
            seen.add(closed)
            repeats = options.repeats if REPEATS in closed or REPEATS not in start else "all"
            groups = tuple(sorted(closed - {REPEATS}))
            made = replace(options, depth=None, open=(ALL,), close=groups, repeats=repeats)
            try:
                with warnings.catch_warnings(action="ignore", category=BpvizWarning):
                    other = Layout(*redrawn(made), closed)
            except BpvizError:
                # It stays as it is drawn.
                spare -= 1
                continue
            if size + _size(other.picture) <= _ELEMENTS:
                found.append(other)
                size += _size(other.picture)
            else:
                spare -= 1
    return found


def _whole(flow: Flow, closed: frozenset[str]) -> frozenset[str]:
    """Return the titles of closed groups, with those that lie in closed groups only: opening shows one level."""
    hidden: dict[str, bool] = {}
    for scope in flow.graph.record.scopes[1:]:
        around = scope.parent
        # The whole function is no group.
        while around is not None and around.parent is not None and around.title not in closed:
            around = around.parent
        hidden[scope.title] = hidden.get(scope.title, True) and around is not None and around.parent is not None
    return closed | {title for title, is_hidden in hidden.items() if is_hidden}


def _size(picture: Picture) -> int:
    return sum(len(part.elements) for part in picture.parts)
