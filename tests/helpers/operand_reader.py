"""Read a finished SVG as a person does: which numbers arrive at a circle, from top to bottom, and which one leaves it.

Nothing of bpviz is used: only the shapes, arrow heads and printed numbers in the file. A printed number stands for all
that would be printed alike, with 4 significant digits.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import floor, hypot, log10
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

__all__ = ["Reading", "readings"]

Array = NDArray[np.float64]

SVG = "{http://www.w3.org/2000/svg}"
DIGITS = 4
NEAR = 2.5
SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
NUMBER = re.compile(r"(−?[\d.]+)(?:×10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+))?")
POINT = re.compile(r"M(-?[\d.]+)[, ](-?[\d.]+)")


def _matmul(x: Array, y: Array) -> Array:
    return np.asarray(x @ y)


ORDERED: dict[str, Callable[[Array, Array], Array]] = {
    "−": np.subtract,
    "÷": np.divide,
    "xʸ": np.power,
    "dot": _matmul,
}
"""What does not commute, by the symbol in its circle."""


@dataclass(frozen=True)
class Reading:
    """An operation as it is read: the operands in the order in which they stand, and the result."""

    symbol: str
    operands: tuple[Array, Array]
    result: Array

    @property
    def is_right(self) -> bool:
        """Whether the first operand, the symbol and the second operand make the result."""
        return _fits(self.symbol, *self.operands, self.result)

    @property
    def shows_order(self) -> bool:
        """Whether the numbers show the order: reversed, they do not give the result."""
        return not (self.is_right and _fits(self.symbol, *self.operands[::-1], self.result))


@dataclass(frozen=True)
class _Wire:
    start: tuple[float, float]
    tip: tuple[float, float] | None
    value: Array | None


def readings(svg: str, across: str = "y") -> Iterator[Reading]:
    """Iterate over what is read at the circles of a picture whose operands stand side by side ``across``: y or x."""
    root = ElementTree.fromstring(svg)
    groups = [(set(g.get("class", "").split()), g) for g in root.iter(f"{SVG}g")]
    names = [
        (float(text.get("x", "nan")), float(text.get("y", "nan")), _number("".join(text.itertext())))
        for classes, g in groups
        if "constant" in classes and "node" in classes
        for text in g.iter(f"{SVG}text")
    ]
    wires = [wire for classes, g in groups if "wire" in classes for wire in _wire(g, names)]
    for classes, g in groups:
        circle, text = g.find(f"{SVG}circle"), g.find(f"{SVG}text")
        if "operation" not in classes or circle is None or text is None or ("".join(text.itertext())) not in ORDERED:
            continue
        x, y, r = (float(circle.get(key, "nan")) for key in ("cx", "cy", "r"))
        arriving = [w for w in wires if w.tip and abs(hypot(w.tip[0] - x, w.tip[1] - y) - r) < NEAR]
        leaving = [w for w in wires if abs(hypot(w.start[0] - x, w.start[1] - y) - r) < NEAR and w not in arriving]
        arriving.sort(key=lambda w: w.tip[across == "y"] if w.tip else 0.0)
        values = [w.value for w in (*arriving, *leaving[:1])]
        if len(arriving) == 2 and len(values) == 3:
            first, second, result = values
            if first is not None and second is not None and result is not None:
                yield Reading("".join(text.itertext()), (first, second), result)


def _wire(g: ElementTree.Element, names: list[tuple[float, float, float | None]]) -> Iterator[_Wire]:
    """Read the forward arrow of a wire: where it starts, where its head points, and the number at it."""
    start = tip = None
    for path in g.iter(f"{SVG}path"):
        classes, point = set(path.get("class", "").split()), POINT.match(path.get("d", ""))
        if point and classes & {"forward", "constant"}:
            place = float(point[1]), float(point[2])
            if "head" in classes:
                tip = place
            elif start is None:
                start = place
    if start is None:
        return
    value = _grid(
        [
            (float(t.get("x", "nan")), float(t.get("y", "nan")), "".join(t.itertext()))
            for t in g.iter(f"{SVG}text")
            if {"value"} < set(t.get("class", "").split()) <= {"value", "forward", "constant"}
        ]
    )
    if value is None:
        # A constant's number is its name, where its wire starts.
        near = [number for x, y, number in names if abs(y - start[1]) < 12 and -4 < start[0] - x < 40]
        near = near or [number for x, y, number in names if abs(x - start[0]) < 20 and -4 < start[1] - y < 24]
        if len(near) == 1 and near[0] is not None:
            value = np.array([[near[0]]])
    yield _Wire(start, tip, value)


def _grid(texts: list[tuple[float, float, str]]) -> Array | None:
    rows = []
    for _, row in itertools.groupby(sorted(texts, key=lambda t: (t[1], t[0])), key=lambda t: t[1]):
        rows.append([_number(text) for _, _, text in row])
    if not rows or len({len(row) for row in rows}) > 1 or any(number is None for row in rows for number in row):
        return None
    return np.array(rows, dtype=float)


def _number(text: str) -> float | None:
    found = NUMBER.fullmatch(text.strip())
    if not found:
        return None
    exponent = int(found[2].translate(SUPERSCRIPTS)) if found[2] else 0
    return float(found[1].replace("−", "-")) * 10.0**exponent


def _blur(x: Array) -> Array:
    """Return by how much the numbers may differ from what is printed."""
    blur = np.vectorize(lambda v: 0.5 * 10.0 ** (floor(log10(abs(v))) - DIGITS + 1) if v else 5e-16, otypes=[float])
    return np.asarray(blur(x)) * 1.0001


def _fits(symbol: str, x: Array, y: Array, result: Array) -> bool:
    """Whether numbers printed as ``x`` and ``y`` can make what is printed as ``result``."""
    for one, other in itertools.product(_shapes(x), _shapes(y)):
        try:
            low, high = _range(symbol, one, other)
        except ValueError:
            continue
        if low.size == result.size:
            room = _blur(result).ravel()
            if (low.ravel() - room <= result.ravel()).all() and (result.ravel() <= high.ravel() + room).all():
                return True
    return False


def _shapes(x: Array) -> list[Array]:
    """Return what a printed grid may be: one row is a vector too, and one number a number."""
    return [x, *([x[0]] if x.shape[0] == 1 else []), *([x[0, 0].reshape(())] if x.size == 1 else [])]


def _range(symbol: str, x: Array, y: Array) -> tuple[Array, Array]:
    if symbol == "dot":
        middle = np.asarray(x @ y)
        room = np.asarray(np.abs(x) @ _blur(y) + _blur(x) @ np.abs(y) + _blur(x) @ _blur(y))
        return middle - room, middle + room
    with np.errstate(all="ignore"):
        corners = [
            ORDERED[symbol](x + a * _blur(x), y + b * _blur(y)) for a, b in itertools.product((-1, 0, 1), repeat=2)
        ]
    return np.min(corners, axis=0), np.max(corners, axis=0)
