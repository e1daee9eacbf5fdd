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
    titles = {scope.title for scope in flow.graph.record.scopes[1:]}
    toggles = list(shown_toggles(flow, figure))
    opened = {title for _, title, is_open in toggles if is_open}
    shut = {title for _, title, is_open in toggles if not is_open}
    # What lies in a closed group is closed when that is opened.
    start = frozenset(shut | ((titles - opened) if shut else set()))
    found = [Layout(figure, picture, start)]
    seen, size, spare = {start}, _size(picture), _SPARE
    for layout in found:
        for _, title, is_open in shown_toggles(flow, layout.figure):
            closed = layout.closed | {title} if is_open else layout.closed - {title}
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


def _size(picture: Picture) -> int:
    return sum(len(part.elements) for part in picture.parts)
