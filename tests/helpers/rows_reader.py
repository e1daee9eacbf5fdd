"""A reader of figures in rows: finds in a finished SVG the letters, the branch dots, and the wires that end there."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from math import hypot
from typing import NamedTuple
from xml.etree import ElementTree

from svg_reader import read_svg

__all__ = ["Letter", "dots", "letters", "names", "numbers", "page_width", "written"]

SVG = "{http://www.w3.org/2000/svg}"
NEAR = 2.0
"""How far, in points, the end of a wire may be from the rim of its ring."""

_PLAIN = str.maketrans("−⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "--0123456789")

Point = tuple[float, float]


class Letter(NamedTuple):
    """A ring with a letter: its place on the page, what is read aloud, and the texts at its wire, by kind."""

    text: str
    x: float
    y: float
    sentence: str
    texts: tuple[tuple[str, str], ...]
    heads: frozenset[str]


def letters(svg: str) -> dict[str, tuple[list[Letter], list[Letter]]]:
    """Return for each letter the rings at the ends of rows, and those at their beginnings."""
    root = read_svg(svg)
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
            found[text][side].append(Letter(text, x, y, sentence, tuple(written(wire)), heads))
    for sides in found.values():
        for side in sides:
            side.sort(key=lambda one: one.y)
    return dict(found)


def dots(svg: str) -> Iterator[tuple[list[float], list[list[float]]]]:
    """Yield for each branch dot the gradient to its left, and those to its right: numbers, cell by cell."""
    root = read_svg(svg)
    wires = [group for group in root.iter(f"{SVG}g") if "wire" in _classes(group)]
    for group in root.iter(f"{SVG}g"):
        if "branch" not in _classes(group):
            continue
        (circle,) = group.iter(f"{SVG}circle")
        x, y = float(circle.attrib["cx"]), float(circle.attrib["cy"])
        near = [(wire, list(_tips(wire))) for wire in wires]
        right = [wire for wire, tips in near if any(hypot(u - x, v - y) < 2 * NEAR + 2 for u, v in tips)]
        left = [wire for wire in wires if wire not in right and any(hypot(u - x, v - y) < 5 for u, v in _starts(wire))]
        if left and right:
            yield numbers(left[0], "backward value"), [numbers(wire, "backward value") for wire in right]


def numbers(wire: ElementTree.Element, kind: str) -> list[float]:
    """Return the numbers at a wire, in the order of reading; empty if something else is written there."""
    found = []
    texts = [text for text in wire.iter(f"{SVG}text") if text.attrib["class"] == kind]
    for text in sorted(texts, key=lambda text: (float(text.attrib["y"]), float(text.attrib["x"]))):
        for word in "".join(text.itertext()).split():
            try:
                found.append(float(word.translate(_PLAIN).replace("×10", "e")))
            except ValueError:
                return []
    return found


def names(svg: str, name: str) -> list[list[float]]:
    """Return the gradient that arrives at each place where an input is written."""
    root = read_svg(svg)
    wires = [group for group in root.iter(f"{SVG}g") if "wire" in _classes(group)]
    starts = [
        (wire, _start(path)) for wire in wires for path in wire.iter(f"{SVG}path") if _classes(path) == ["forward"]
    ]
    found = []
    for group in root.iter(f"{SVG}g"):
        if "input" in _classes(group):
            text = next(group.iter(f"{SVG}text"))
            if "".join(text.itertext()) == name:
                x, y = float(text.attrib["x"]), float(text.attrib["y"])
                wire = min(starts, key=lambda entry: hypot(entry[1][0] - x, entry[1][1] - y))[0]
                found.append(numbers(wire, "backward value"))
    return found


def written(wire: ElementTree.Element) -> Iterator[tuple[str, str]]:
    """Yield the texts at a wire, each with its kind."""
    for text in wire.iter(f"{SVG}text"):
        yield text.attrib["class"], "".join(text.itertext())


def page_width(svg: str) -> float:
    """Return the width of the page in points."""
    return float(read_svg(svg).attrib["width"].removesuffix("pt"))


def _classes(element: ElementTree.Element) -> list[str]:
    return element.attrib.get("class", "").split()


def _tips(wire: ElementTree.Element) -> Iterator[Point]:
    """Yield the tips of the heads of backward arrows."""
    for path in wire.iter(f"{SVG}path"):
        if {"head", "backward"} <= set(_classes(path)):
            yield _start(path)


def _starts(wire: ElementTree.Element) -> Iterator[Point]:
    """Yield where backward arrows start."""
    for path in wire.iter(f"{SVG}path"):
        if _classes(path) == ["backward"]:
            yield _start(path)


def _start(path: ElementTree.Element) -> Point:
    start = re.match(r"M(-?[\d.]+),(-?[\d.]+)", path.attrib["d"])
    assert start
    return float(start[1]), float(start[2])


def _ends(wire: ElementTree.Element) -> Iterator[Point]:
    """Yield where the lines of a wire start, and the tips of its heads."""
    for path in wire.iter(f"{SVG}path"):
        if not {"bracket", "bar", "mark"} & set(_classes(path)):
            yield _start(path)
