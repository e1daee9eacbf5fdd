"""A reader of figures with repeats: finds every ``⋯ ×10 ⋯`` in a finished SVG, and what is written at its wires.

Nothing of bpviz is used: only the shapes, arrow heads and printed texts in the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from xml.etree import ElementTree

from svg_reader import read_svg

__all__ = ["At", "Ellipsis_", "ellipses", "number_of"]

SVG = "{http://www.w3.org/2000/svg}"
NEAR = 2.5
SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


class At(NamedTuple):
    """The texts at one wire: the name, what is written above it, and below."""

    name: str
    value: str
    gradient: str


class Ellipsis_(NamedTuple):
    """A box for hidden blocks: how many, what is read aloud, and the wires that arrive and leave."""

    count: int
    sentence: str
    arriving: tuple[At, ...]
    leaving: tuple[At, ...]


def ellipses(svg: str) -> list[Ellipsis_]:
    """Return the boxes for hidden blocks, in the order of the file."""
    root = read_svg(svg)
    wires = [group for group in root.iter(f"{SVG}g") if group.get("class") == "wire"]
    found = []
    for group in root.iter(f"{SVG}g"):
        text = re.fullmatch(r"⋯ ×(\d+) ⋯", "".join(t.text or "" for t in group.findall(f"{SVG}text")))
        box = group.find(f"{SVG}rect")
        if text and box is not None:
            x, y, w, h = (float(box.get(key, "nan")) for key in ("x", "y", "width", "height"))
            at = [(wire, [_near(point, x, y, w, h) for point in _forward(wire)]) for wire in wires]
            arriving = tuple(_texts(wire) for wire, (_, tip) in at if tip)
            leaving = tuple(_texts(wire) for wire, (start, _) in at if start)
            found.append(Ellipsis_(int(text[1]), group.findtext(f"{SVG}title", ""), arriving, leaving))
    return found


def number_of(text: str) -> float:
    """Return a printed number."""
    mantissa, _, power = text.replace("−", "-").partition("×10")
    return float(mantissa) * 10.0 ** int(power.translate(SUPERSCRIPTS) or 0)


def _forward(wire: ElementTree.Element) -> Iterator[tuple[float, float]]:
    """Yield where the forward arrow of a wire starts, and where its head points."""
    for head in (False, True):
        for path in wire.iter(f"{SVG}path"):
            classes = set(path.get("class", "").split())
            point = re.match(r"M(-?[\d.]+)[, ](-?[\d.]+)", path.get("d", ""))
            if point and classes & {"forward", "constant"} and ("head" in classes) == head:
                yield float(point[1]), float(point[2])
                break
        else:
            yield float("nan"), float("nan")


def _near(point: tuple[float, float], x: float, y: float, width: float, height: float) -> bool:
    """Return whether a point lies on the left or the right side of a box."""
    return y - NEAR < point[1] < y + height + NEAR and min(abs(point[0] - x), abs(point[0] - x - width)) < NEAR


def _texts(wire: ElementTree.Element) -> At:
    texts = {"muted": "", "forward": "", "backward": "", "constant": ""}
    for text in wire.iter(f"{SVG}text"):
        kind = text.get("class", "").split()[0]
        texts[kind] = texts.get(kind, "") + (text.text or "")
    return At(texts["muted"], texts["forward"] + texts["constant"], texts["backward"])
