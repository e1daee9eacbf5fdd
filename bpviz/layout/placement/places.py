"""Where boxes, labels and frames stand before the wires are drawn: what every engine returns.

Lengths are points in the coordinates of the flow: ``u`` runs from source to target, ``v`` across (downwards where the
flow runs to the right, rightwards where it runs down).
"""

from __future__ import annotations

from typing import NamedTuple

from bpviz.picture.elements import Point

__all__ = ["Edges", "Places"]

Edges = tuple[float, float, float, float]
"""The sides of a rectangle: left, top, right, bottom on the page; start, low, end, high in the flow."""


class Places(NamedTuple):
    """The middles of all boxes and of the room of all labels, in the order of the plan, and frames by number.

    ``banners`` says that the upper end of a frame is kept free for its title, so that no wire may enter there.
    """

    boxes: list[Point]
    labels: list[Point]
    frames: dict[int, Edges]
    banners: bool = False
