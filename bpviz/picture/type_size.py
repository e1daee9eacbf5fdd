"""The size of the type of a picture on the page that it is made for."""

from __future__ import annotations

from collections.abc import Iterable

from bpviz.picture.elements import Element, Picture, Text
from bpviz.picture.runs import placed_runs

__all__ = ["LEAST_TYPE", "effective_type", "least_type", "small_type"]

LEAST_TYPE = 6.0
"""The smallest type, in points, that a page should have: journals ask for this or more."""


def effective_type(picture: Picture, width: float) -> float:
    """Return the size of the smallest text, in points, where a page of ``width`` points shows the whole picture.

    Subscripts and superscripts count.

    A picture that is wider than the page is made smaller, and none is made larger. Without text it is infinite.

    >>> from bpviz.picture.elements import Part
    >>> word = Part("x", "node", (Text("name", "x", 0.0, 0.0, 14.0, 8.0),))
    >>> effective_type(Picture(936.0, 50.0, (word,)), 468.0), effective_type(Picture(200.0, 50.0, (word,)), 468.0)
    (7.0, 14.0)
    """
    return least_type(element for part in picture.parts for element in part.elements) * min(1.0, width / picture.width)


def least_type(elements: Iterable[Element]) -> float:
    """Return the size of the smallest text, subscripts and superscripts too; without text it is infinite.

    >>> least_type([Text("name", "x", 0.0, 0.0, 14.0, 8.0), Text("note", "y", 0.0, 0.0, 12.0, 8.0)])
    12.0
    """
    texts = {(element.size, element.runs) for element in elements if isinstance(element, Text)}
    sizes = (min([size, *(run.size for run in placed_runs(runs, size))]) for size, runs in texts)
    return min(sizes, default=float("inf"))


def small_type(picture: Picture, width: float) -> str:
    """Return a sentence if the type of a picture is below `LEAST_TYPE` on a page of ``width`` points, else nothing.

    >>> small_type(Picture(936.0, 50.0, ()), 468.0)
    ''
    """
    size = effective_type(picture, width)
    if size >= LEAST_TYPE:
        return ""
    return (
        f"the figure is {picture.width:.0f} pt wide; on a page of {width:.0f} pt its smallest type has {size:.1f} pt, "
        f"and below {LEAST_TYPE:g} pt it is hard to read: close groups (--depth 0), show a part (--only A..B), or give "
        "it more room (--width)"
    )
