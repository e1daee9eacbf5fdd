"""The places of boxes, labels and frames before the wires are drawn: the result of every engine.

Lengths are points in the coordinates of the flow: ``u`` runs from source to target, ``v`` across (downwards if the flow
runs to the right, rightwards if it runs down).
"""

from __future__ import annotations

from typing import NamedTuple

from bpviz.picture.elements import Point

__all__ = ["Edges", "Places"]

Edges = tuple[float, float, float, float]
"""The sides of a rectangle: left, top, right, bottom on the page; start, low, end, high in the flow."""


class Places(NamedTuple):
    """The middles of all boxes and of the room of all labels, in the order of the plan, and frames by number.

    ``banners`` means that the upper end of a frame is only for its title: no wire may enter there.
    """

    boxes: list[Point]
    labels: list[Point]
    frames: dict[int, Edges]
    banners: bool = False
