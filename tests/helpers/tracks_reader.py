"""Read a finished SVG as a finger follows it: where wires run together, cross, bend and turn back, and where heads meet.

Nothing of bpviz is used: only the lines, arrow heads, circles and boxes in the file. Lengths are points. The figure
runs from left to right.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations, pairwise
from math import atan2, ceil, degrees, hypot, pi
from typing import Any
from xml.etree import ElementTree

import numpy as np
from svg_reader import read_svg

__all__ = ["Tracks", "tracks"]

Array = Any
Point = tuple[float, float]

SVG = "{http://www.w3.org/2000/svg}"
FINE = 1.5
"""The longest piece of a line between two points that are read."""
AT_A_DOT = 7.0
TOGETHER = 1.5
"""Lines that run nearer than this are on one track …"""
PARALLEL = 0.2
"""… if their directions differ less than this, in radians …"""
STRETCH = 8.0
"""… for longer than this."""
HEADS = 4.0
"""The least distance of two tips …"""
APART = 0.3
"""… or the least angle, in radians, between two arrows into a dot."""
BEND = 0.4
"""A turn by less than this, in radians, is not a bend."""
CURL = 2.2
"""A turn to one side by more than this, in radians, leads back."""
STEEPEST = 1.3
"""How steep, in radians, a wire may leave a dot."""


@dataclass(frozen=True)
class Line:
    """A line of a wire, forward or backward, from the source of the wire to its target; ``dot`` is one at its source."""

    wire: str
    kind: str
    points: tuple[Point, ...]
    dot: Point | None = None


@dataclass(frozen=True)
class Head:
    """The head of an arrow: its tip, and the angle at which it points."""

    wire: str
    kind: str
    tip: Point
    angle: float


@dataclass(frozen=True)
class Tracks:
    """What is found in one figure; every finding is a sentence."""

    wires: int = 0
    crossings: int = 0
    bends: int = 0
    shared: list[str] = field(default_factory=list)
    touching: list[str] = field(default_factory=list)
    curls: list[str] = field(default_factory=list)

    @property
    def faults(self) -> list[str]:
        """All that must not be."""
        return [*self.shared, *self.touching, *self.curls]


def tracks(svg: str) -> Tracks:
    """Measure the wires of a finished figure."""
    root = read_svg(svg)
    dots, lines, heads = list(_dots(root)), list[Line](), list[Head]()
    for number, group in enumerate(root.iter(f"{SVG}g")):
        if "wire" in _classes(group):
            _read(group, f"{number}: {group.findtext(f'{SVG}title', '')}", lines, heads)
    origins = {line.wire: _at_dot(line.points[0], dots) for line in lines if line.kind == "forward"}
    origins |= {head.wire: dot for head in heads if head.kind == "backward" and (dot := _at_dot(head.tip, dots))}
    lines = [replace(line, dot=origins.get(line.wire)) for line in lines]
    # A wire is followed along its forward line if it has one.
    courses = list({line.wire: line for line in sorted(lines, key=lambda line: line.kind == "forward")}.values())
    return Tracks(
        len(courses),
        sum(_crossings(one, other) for one, other in _near(courses)),
        sum(_bends(line.points) for line in courses),
        list(_shared(lines)),
        list(_touching(heads, dots)),
        list(_curls(lines)),
    )


def _classes(element: ElementTree.Element) -> list[str]:
    return element.attrib.get("class", "").split()


def _dots(root: ElementTree.Element) -> Iterator[Point]:
    for group in root.iter(f"{SVG}g"):
        if "branch" in _classes(group):
            (circle,) = group.iter(f"{SVG}circle")
            yield float(circle.attrib["cx"]), float(circle.attrib["cy"])


def _read(group: ElementTree.Element, wire: str, lines: list[Line], heads: list[Head]) -> None:
    for path in group.iter(f"{SVG}path"):
        classes = _classes(path)
        kind = "backward" if "backward" in classes else "forward"
        if not {"forward", "backward", "constant"} & set(classes) or {"bracket", "bar", "mark"} & set(classes):
            continue
        points = list(_followed(path.attrib["d"]))
        if "head" in classes:
            (tip_x, tip_y), (x, y), (u, v) = points[0], *_corners(path.attrib["d"])
            heads.append(Head(wire, kind, (tip_x, tip_y), atan2(tip_y - (y + v) / 2, tip_x - (x + u) / 2)))
        else:
            lines.append(Line(wire, kind, tuple(points if kind == "forward" else reversed(points))))


def _numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"-?[\d.]+", text)]


def _corners(course: str) -> tuple[Point, Point]:
    """Return the two corners of a head behind its tip."""
    x = y = 0.0
    found = []
    for command, text in re.findall(r"([Mhvl])([^Mhvlz]*)", course):
        numbers = _numbers(text)
        steps = list(zip(numbers[::2], numbers[1::2], strict=True)) if command in "Ml" else []
        for dx, dy in steps or [(numbers[0], 0.0) if command == "h" else (0.0, numbers[0])]:
            x, y = x + dx, y + dy
            found.append((x, y))
    return found[1], found[2]


def _followed(course: str) -> Iterator[Point]:
    """Yield points along a path of lines and curves, which are written relative to the point before."""
    x = y = 0.0
    for command, text in re.findall(r"([Mchvl])([^Mchvl]*)", course):
        numbers = _numbers(text)
        if command == "M":
            x, y = numbers[:2]
            yield x, y
            numbers, command = numbers[2:], "l"
        if command == "c":
            pieces = [tuple(numbers[k : k + 6]) for k in range(0, len(numbers), 6)]
        elif command == "l":
            pieces = [(0.0, 0.0, dx, dy, dx, dy) for dx, dy in zip(numbers[::2], numbers[1::2], strict=True)]
        else:
            steps = [(d, 0.0) if command == "h" else (0.0, d) for d in numbers]
            pieces = [(0.0, 0.0, dx, dy, dx, dy) for dx, dy in steps]
        for a, b, c, d, dx, dy in pieces:
            count = max(1, ceil((hypot(a, b) + hypot(c - a, d - b) + hypot(dx - c, dy - d)) / FINE))
            for k in range(1, count + 1):
                t = k / count
                one, two, three = 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t * t, t**3
                yield x + one * a + two * c + three * dx, y + one * b + two * d + three * dy
            x, y = x + dx, y + dy


def _at_dot(point: Point, dots: Sequence[Point]) -> Point | None:
    return next((dot for dot in dots if hypot(point[0] - dot[0], point[1] - dot[1]) < AT_A_DOT), None)


def _edges(points: Sequence[Point], room: float) -> tuple[float, float, float, float]:
    across, down = zip(*points, strict=True)
    return min(across) - room, min(down) - room, max(across) + room, max(down) + room


def _near(lines: Sequence[Line]) -> Iterator[tuple[Line, Line]]:
    """Yield every two lines of different wires whose boxes meet."""
    boxed = [(_edges(line.points, TOGETHER), line) for line in lines]
    for (a, one), (b, other) in combinations(boxed, 2):
        if one.wire != other.wire and a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]:
            yield one, other


def _crossings(one: Line, other: Line) -> int:
    """Count the places where two wires cross; those at their common dot are none."""
    found: list[Point] = []
    common = _common_dot(one, other)
    a, b, c, d = _pieces(one, other)
    beside = (np.maximum(a[0], b[0]) < np.minimum(c[0], d[0])) | (np.maximum(c[0], d[0]) < np.minimum(a[0], b[0]))
    crossed = ~beside & _parts(a, b, c, d, common) & _parts(c, d, a, b, common)
    for k in np.flatnonzero(crossed.any(axis=1)):
        u, v = one.points[k]
        away = not common or hypot(u - common[0], v - common[1]) > AT_A_DOT
        if away and all(hypot(u - x, v - y) > HEADS for x, y in found):
            found.append((u, v))
    return len(found)


def _pieces(one: Line, other: Line) -> tuple[Array, Array, Array, Array]:
    """Return where the pieces of two lines begin and end: ``x, y = …``, pieces of the first as rows, of the other as columns."""
    here, there = np.array(one.points).T[:, :, None], np.array(other.points).T[:, None, :]
    return here[:, :-1], here[:, 1:], there[:, :, :-1], there[:, :, 1:]


def _parts(a: Array, b: Array, c: Array, d: Array, touching: Point | None) -> Array:
    """Whether the line through ``a`` and ``b`` parts ``c`` from ``d``; ``touching`` lines do not part what is on them."""
    one, other = _side(a, b, c), _side(a, b, d)
    return one * other < 0 if touching else (one > 0) != (other > 0)


def _side(a: Array, b: Array, c: Array) -> Array:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _common_dot(one: Line, other: Line) -> Point | None:
    return one.dot if one.dot == other.dot else None


def _turns(points: Sequence[Point]) -> Iterator[float]:
    """Yield the turns of a line, in radians: together what it turns to one side, before it turns to the other."""
    angles = [atan2(d - b, c - a) for (a, b), (c, d) in pairwise(points) if hypot(c - a, d - b) > 0.05]
    total = 0.0
    for one, other in pairwise(angles):
        turn = (other - one + pi) % (2 * pi) - pi
        if abs(turn) < 1e-3 and abs(total) >= BEND:
            # A straight piece ends a bend.
            yield total
            total = 0.0
        elif turn * total < 0:
            yield total
            total = turn
        else:
            total += turn
    yield total


def _bends(points: Sequence[Point]) -> int:
    return sum(abs(turn) > BEND for turn in _turns(points))


def _shared(lines: Sequence[Line]) -> Iterator[str]:
    """Yield the lines of two wires that are on one track, other than from their common dot on."""
    for one, other in _near(lines):
        alone = not (_common_dot(one, other) and one.kind == other.kind)
        run = 0.0
        for (a, b), along in zip(pairwise(one.points), _runs_along(one, other), strict=True):
            if along:
                run += hypot(b[0] - a[0], b[1] - a[1])
                continue
            if alone and run > STRETCH:
                break
            # What leaves a dot together has parted here.
            alone, run = True, 0.0
        if alone and run > STRETCH:
            yield f"{one.kind} {one.wire!r} and {other.kind} {other.wire!r} share a track for {run:.0f} points"


def _runs_along(one: Line, other: Line) -> Array:
    """Return for every piece of a line whether it lies on a parallel piece of the other line."""
    here, there = np.array(one.points), np.array(other.points)
    middles = (here[:-1] + here[1:]) / 2
    # Of all pairs of pieces few are near each other.
    low, high = there.min(axis=0) - FINE - TOGETHER, there.max(axis=0) + FINE + TOGETHER
    rows = np.flatnonzero(((low < middles) & (middles < high)).all(axis=1))
    near = (np.abs(there[None, :-1] - middles[rows, None]) < FINE + TOGETHER).all(axis=2)
    i, k = np.nonzero(near)
    i = rows[i]
    (a, b), (c, d) = (here[i].T, here[i + 1].T), (there[k].T, there[k + 1].T)
    on = np.abs(_side(c, d, middles[i].T)) < TOGETHER * np.hypot(*(d - c))
    apart = np.abs((np.arctan2(*(d - c)[::-1]) - np.arctan2(*(b - a)[::-1]) + pi / 2) % pi - pi / 2)
    along = np.zeros(len(middles), dtype=bool)
    along[i[on & (apart < PARALLEL)]] = True
    return along


def _touching(heads: Sequence[Head], dots: Sequence[Point]) -> Iterator[str]:
    """Yield the heads of one kind that are too near to one another; at a dot, heads of one bus may be one."""
    for one, other in combinations(heads, 2):
        apart = hypot(one.tip[0] - other.tip[0], one.tip[1] - other.tip[1])
        if one.wire == other.wire or one.kind != other.kind or apart >= HEADS:
            continue
        turned = abs((one.angle - other.angle + pi) % (2 * pi) - pi)
        if _at_dot(one.tip, dots) and (apart < 0.5 or turned > APART):
            continue
        yield f"heads of {one.wire!r} and {other.wire!r} are {apart:.1f} points apart, turned by {degrees(turned):.0f}°"


def _curls(lines: Sequence[Line]) -> Iterator[str]:
    """Yield the lines that turn back, and those that leave a dot to the left or nearly straight up or down."""
    for line in lines:
        back = sum(min(d[0] - c[0], 0.0) for c, d in pairwise(line.points))
        if back < -1.0:
            yield f"{line.kind} {line.wire!r} turns back by {-back:.1f} points"
        if any(abs(turn) > CURL for turn in _turns(line.points)):
            yield f"{line.kind} {line.wire!r} curls"
        if line.dot and line.kind == "forward" and len(line.points) > 3:
            (a, b), (c, d) = line.points[0], line.points[3]
            if abs(atan2(d - b, c - a)) > STEEPEST:
                yield f"{line.kind} {line.wire!r} leaves its dot at {degrees(atan2(d - b, c - a)):.0f}°"
