"""A reader of figures in rows: finds the letters in a finished SVG, and the wires that end or begin at each."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from math import hypot
from typing import NamedTuple
from xml.etree import ElementTree

__all__ = ["Letter", "letters", "page_width", "written"]

SVG = "{http://www.w3.org/2000/svg}"
NEAR = 2.0
"""How far, in points, the end of a wire may be from the rim of its ring."""

Point = tuple[float, float]


class Letter(NamedTuple):
    """A ring with a letter: its height on the page, what is read aloud, and the texts at its wire, by kind."""

    text: str
    y: float
    sentence: str
    texts: tuple[tuple[str, str], ...]
    heads: frozenset[str]


def letters(svg: str) -> dict[str, tuple[list[Letter], list[Letter]]]:
    """Return for each letter the rings at the ends of rows, and those at their beginnings."""
    root = ElementTree.fromstring(svg)
    wires = [group for group in root.iter(f"{SVG}g") if "wire" in _classes(group)]
    ends = [(wire, list(_ends(wire))) for wire in wires]
    found: dict[str, tuple[list[Letter], list[Letter]]] = defaultdict(lambda: ([], []))
    for group in root.iter(f"{SVG}g"):
        for side, kind in enumerate(("continues", "continued")):
            if kind not in _classes(group):
                continue
            (circle,) = group.iter(f"{SVG}circle")
            x, y, r = (float(circle.attrib[name]) for name in ("cx", "cy", "r"))
            (wire,) = (wire for wire, points in ends if any(abs(hypot(u - x, v - y) - r) < NEAR for u, v in points))
            text = "".join(next(group.iter(f"{SVG}text")).itertext())
            heads = frozenset(path.attrib["class"] for path in wire.iter(f"{SVG}path") if "head" in _classes(path))
            sentence = group.findtext(f"{SVG}title", "")
            found[text][side].append(Letter(text, y, sentence, tuple(written(wire)), heads))
    return dict(found)


def written(wire: ElementTree.Element) -> Iterator[tuple[str, str]]:
    """Yield the texts at a wire, each with its kind."""
    for text in wire.iter(f"{SVG}text"):
        yield text.attrib["class"], "".join(text.itertext())


def page_width(svg: str) -> float:
    """Return the width of the page in points."""
    return float(ElementTree.fromstring(svg).attrib["width"].removesuffix("pt"))


def _classes(element: ElementTree.Element) -> list[str]:
    return element.attrib.get("class", "").split()


def _ends(wire: ElementTree.Element) -> Iterator[Point]:
    """Yield where the lines of a wire start, and the tips of its heads."""
    for path in wire.iter(f"{SVG}path"):
        if not {"bracket", "bar", "mark"} & set(_classes(path)):
            start = re.match(r"M(-?[\d.]+),(-?[\d.]+)", path.attrib["d"])
            assert start
            yield float(start[1]), float(start[2])
