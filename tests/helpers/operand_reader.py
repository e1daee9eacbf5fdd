"""Read a finished SVG as a person does: which numbers arrive at a circle, from top to bottom, and which one leaves it.

Nothing of bpviz is used: only the shapes, arrow heads and printed numbers in the file. A printed number stands for all
that would be printed alike, with 4 significant digits.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from math import floor, hypot, log10
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray
from svg_reader import read_svg

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
    """An operation as it is read: the operands in the order in which they stand, and the result.

    If it ``is_folded``, one of them is a constant in the circle.
    """

    symbol: str
    operands: tuple[Array, Array]
    result: Array
    is_folded: bool = False

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
    end: tuple[float, float]
    value: Array | None


def readings(svg: str, across: str = "y") -> Iterator[Reading]:
    """Iterate over what is read at the circles of a picture whose operands stand side by side ``across``: y or x."""
    root = read_svg(svg)
    groups = [(set(g.get("class", "").split()), g) for g in root.iter(f"{SVG}g")]
    names = [
        (float(text.get("x", "nan")), float(text.get("y", "nan")), _number("".join(text.itertext())))
        for classes, g in groups
        if "constant" in classes and "node" in classes
        for text in g.iter(f"{SVG}text")
    ]
    circles = [g.find(f"{SVG}circle") for classes, g in groups if "branch" in classes]
    dots = [(float(c.get("cx", "nan")), float(c.get("cy", "nan"))) for c in circles if c is not None]
    wires = list(
        _from_dots([wire for classes, g in groups if "wire" in classes for wire in _wire(g, names, dots)], dots)
    )
    for classes, g in groups:
        circle, text = g.find(f"{SVG}circle"), g.find(f"{SVG}text")
        if "operation" not in classes or circle is None or text is None:
            continue
        symbol, constant, is_first = _constant("".join(text.itertext()))
        if symbol not in ORDERED:
            continue
        x, y, r = (float(circle.get(key, "nan")) for key in ("cx", "cy", "r"))
        arriving = [w for w in wires if w.tip and abs(hypot(w.tip[0] - x, w.tip[1] - y) - r) < NEAR]
        leaving = [w for w in wires if abs(hypot(w.start[0] - x, w.start[1] - y) - r) < NEAR and w not in arriving]
        arriving.sort(key=lambda w: w.tip[across == "y"] if w.tip else 0.0)
        if constant is not None:
            number = _Wire((x, y), None, (x, y), np.array([[constant]]))
            arriving = [number, *arriving] if is_first else [*arriving, number]
        values = [w.value for w in (*arriving, *leaving[:1])]
        if len(arriving) == 2 and len(values) == 3:
            first, second, result = values
            if first is not None and second is not None and result is not None:
                yield Reading(symbol, (first, second), result, constant is not None)


def _constant(text: str) -> tuple[str, float | None, bool]:
    """Read a symbol with a constant in it: its sign, the constant, and whether that is the first operand."""
    for pattern, symbol, is_first in ((r"([−÷])(.+)", "", False), (r"(.+)(−)", "−", True), (r"(.+)(/x)", "÷", True)):
        found = re.fullmatch(pattern, text)
        number = _number(found[1 if is_first else 2].strip("()")) if found else None
        if found and number is not None:
            return symbol or found[1], number, is_first
    return text, None, False


def _from_dots(wires: list[_Wire], dots: list[tuple[float, float]]) -> Iterator[_Wire]:
    """Give the wires that leave a dot the value that stands before it, if they have none of their own."""
    for wire in wires:
        dot = next((dot for dot in dots if hypot(wire.start[0] - dot[0], wire.start[1] - dot[1]) < 6), None)
        if wire.value is None and dot:
            stems = [w.value for w in wires if hypot(w.end[0] - dot[0], w.end[1] - dot[1]) < 6 and w.value is not None]
            yield replace(wire, value=stems[0]) if len(stems) == 1 else wire
        else:
            yield wire


def _end(course: str) -> tuple[float, float]:
    """Return where a path ends, whose lines and curves are written relative to the point before."""
    x = y = 0.0
    for command, rest in re.findall(r"([Mchvl])([^Mchvl]*)", course):
        numbers = [float(number) for number in re.findall(r"-?[\d.]+", rest)]
        if command == "M":
            x, y = numbers[:2]
        elif command in "hv":
            x, y = (x + numbers[0], y) if command == "h" else (x, y + numbers[0])
        else:
            x, y = x + numbers[-2], y + numbers[-1]
    return x, y


def _wire(
    g: ElementTree.Element, names: list[tuple[float, float, float | None]], dots: list[tuple[float, float]]
) -> Iterator[_Wire]:
    """Read the forward arrow of a wire: where it starts, where its head points, and the number at it."""
    start = tip = None
    end = (0.0, 0.0)
    for path in g.iter(f"{SVG}path"):
        classes, point = set(path.get("class", "").split()), POINT.match(path.get("d", ""))
        if point and classes & {"forward", "constant"}:
            place = float(point[1]), float(point[2])
            if "head" in classes:
                tip = place
            elif start is None:
                start, end = place, _end(path.get("d", ""))
    if start is None:
        return
    value = _grid(
        [
            (float(t.get("x", "nan")), float(t.get("y", "nan")), "".join(t.itertext()))
            for t in g.iter(f"{SVG}text")
            if {"value"} < set(t.get("class", "").split()) <= {"value", "forward", "constant"}
        ]
    )
    if value is None and not any(hypot(start[0] - x, start[1] - y) < 6 for x, y in dots):
        # A constant's number is its name, where its wire starts.
        near = [number for x, y, number in names if abs(y - start[1]) < 12 and -4 < start[0] - x < 40]
        near = near or [number for x, y, number in names if abs(x - start[0]) < 20 and -4 < start[1] - y < 24]
        if len(near) == 1 and near[0] is not None:
            value = np.array([[near[0]]])
    yield _Wire(start, tip, end, value)


def _grid(texts: list[tuple[float, float, str]]) -> Array | None:
    factors = [text for _, _, text in texts if text.startswith("×10")]
    texts = [entry for entry in texts if entry[2] not in factors]
    scale = _number("1" + factors[0]) if len(factors) == 1 else 1.0
    rows = []
    for _, row in itertools.groupby(sorted(texts, key=lambda t: (t[1], t[0])), key=lambda t: t[1]):
        rows.append([_number(text) for _, _, text in row])
    if not rows or len({len(row) for row in rows}) > 1 or any(number is None for row in rows for number in row):
        return None
    return np.array(rows, dtype=float) * scale


def _number(text: str) -> float | None:
    found = NUMBER.fullmatch(text.strip())
    if not found:
        return None
    exponent = int(found[2].translate(SUPERSCRIPTS)) if found[2] else 0
    return float(found[1].replace("−", "-")) * 10.0**exponent


def _blur(x: Array) -> Array:
    """Return by how much the numbers may differ from what is printed; those of an array have the same decimals."""
    numbers = x.ravel().tolist()
    made = [0.5 * 10.0 ** (floor(log10(abs(v))) - DIGITS + 1) if v else 5e-16 for v in numbers]
    if x.size > 1:
        decimals = max(-int(Decimal(f"{v:.10g}").normalize().as_tuple().exponent) for v in numbers)
        made = [max(room, 0.5 * 10.0**-decimals if decimals > 0 else 0.0) for room in made]
    return np.reshape(made, x.shape) * 1.0001


def _fits(symbol: str, x: Array, y: Array, result: Array) -> bool:
    """Whether numbers printed as ``x`` and ``y`` can make what is printed as ``result``."""
    room = _blur(result).ravel()
    for one, other in itertools.product(_shapes(x), _shapes(y)):
        try:
            low, high = _range(symbol, one, other)
        except ValueError:
            continue
        numbers = zip(low.ravel(), result.ravel(), high.ravel(), room, strict=True) if low.size == result.size else None
        if numbers and all(least - r <= number <= most + r for least, number, most, r in numbers):
            return True
    return False


def _shapes(x: Array) -> list[Array]:
    """Return what a printed grid may be: one row is a vector too, and one number a number."""
    return [x, *([x[0]] if x.shape[0] == 1 else []), *([x[0, 0].reshape(())] if x.size == 1 else [])]


def _range(symbol: str, x: Array, y: Array) -> tuple[Array, Array]:
    u, v = _blur(x), _blur(y)
    if symbol == "dot":
        middle = np.asarray(x @ y)
        room = np.asarray(np.abs(x) @ v + u @ np.abs(y) + u @ v)
        return middle - room, middle + room
    with np.errstate(all="ignore"):
        corners = [ORDERED[symbol](x + a * u, y + b * v) for a, b in itertools.product((-1, 0, 1), repeat=2)]
    return np.min(corners, axis=0), np.max(corners, axis=0)
