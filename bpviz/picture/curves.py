"""Curves as chains of cubic Bézier pieces: shifted aside, cut, measured.

A curve is a tuple of 3n + 1 points: the start, then two handles and an end for each piece. Most pieces are level or
upright lines, which are shifted and cut exactly, without sampling.
"""

from __future__ import annotations

from math import hypot

from bpviz.picture.elements import Point

__all__ = ["Curve", "Piece", "at", "line", "reverse", "sampled", "shifted", "shorten", "split", "straight"]

Curve = tuple[Point, ...]
Piece = tuple[Point, Point, Point, Point]

_NEAR = 1e-6


def line(start: Point, end: Point) -> Piece:
    """Return the straight line between two points.

    >>> line((0, 0), (3, 0))
    ((0, 0), (1.0, 0), (2.0, 0), (3, 0))
    """
    (x0, y0), (x3, y3) = start, end
    # Exact where nothing changes, so that straight lines differ from almost straight ones.
    if y0 == y3:
        step = (x3 - x0) / 3
        return (start, (x0 + step, y0), (x3 - step, y0), end)
    if x0 == x3:
        step = (y3 - y0) / 3
        return (start, (x0, y0 + step), (x0, y3 - step), end)
    across, down = (x3 - x0) / 3, (y3 - y0) / 3
    return (start, (x0 + across, y0 + down), (x3 - across, y3 - down), end)


def reverse(curve: Curve) -> Curve:
    """Return the curve in the opposite direction."""
    return curve[::-1]


def sampled(curve: Curve, count: int = 12) -> tuple[Point, ...]:
    """Return the curve's start and ``count`` points on each of its pieces.

    >>> sampled(line((0, 0), (3, 0)), 3)
    ((0, 0), (1.0, 0.0), (2.0, 0.0), (3.0, 0.0))
    """
    points = [curve[0]]
    for i in range(0, len(curve) - 1, 3):
        piece = (curve[i], curve[i + 1], curve[i + 2], curve[i + 3])
        points.extend(at(piece, step / count) for step in range(1, count + 1))
    return tuple(points)


def shifted(curve: Curve, distance: float) -> Curve:
    """Return the curve moved aside by ``distance``, to its left in its own direction (y grows downwards).

    >>> shifted(line((0, 0), (3, 0)), 2)[-1]
    (3, -2)
    """
    points: list[Point] = []
    for i in range(0, len(curve) - 1, 3):
        (x0, y0), (x1, y1), (x2, y2), (x3, y3) = curve[i : i + 4]
        if y0 == y1 == y2 == y3:
            y = y0 - distance if x3 > x0 else y0 + distance
            moved: tuple[Point, ...] = ((x0, y), (x1, y), (x2, y), (x3, y))
        elif x0 == x1 == x2 == x3:
            x = x0 + distance if y3 > y0 else x0 - distance
            moved = ((x, y0), (x, y1), (x, y2), (x, y3))
        else:
            moved = _bend_shifted(((x0, y0), (x1, y1), (x2, y2), (x3, y3)), distance)
        points += moved[1:] if points else moved
    return tuple(points)


def shorten(curve: Curve, length: float) -> Curve:
    """Return the curve without its last ``length`` points, but with at least a tenth of its last piece.

    >>> [round(length) for length in shorten(line((0, 0), (9, 0)), 3)[-1]]
    [6, 0]
    """
    for i in range(len(curve) - 4, -1, -3):
        piece = (curve[i], curve[i + 1], curve[i + 2], curve[i + 3])
        if straight(piece):
            (x0, y0), (x3, y3) = piece[0], piece[3]
            whole = abs(x3 - x0) + abs(y3 - y0)
            if whole > length:
                share = max(0.02, 1 - length / whole)
                return (*curve[:i], *line(piece[0], (x0 + (x3 - x0) * share, y0 + (y3 - y0) * share)))
            length -= whole
            continue
        last = piece[3]
        for k in range(7, -1, -1):
            x, y = at(piece, k / 8)
            step = hypot(last[0] - x, last[1] - y)
            if step >= length and step > 0:
                return (*curve[:i], *split(piece, max(0.02, (k + 1 - length / step) / 8))[0])
            length -= step
            last = (x, y)
    return curve[:4] if len(curve) < 4 else split((curve[0], curve[1], curve[2], curve[3]), 0.1)[0]


def straight(piece: Piece) -> bool:
    """Return whether a piece is a level or an upright line."""
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = piece
    return y0 == y1 == y2 == y3 or x0 == x1 == x2 == x3


def at(piece: Piece, t: float) -> Point:
    """Return the point of a piece at the parameter ``t``, from 0 to 1."""
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = piece
    s = 1 - t
    a, b, c, d = s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t
    return (a * x0 + b * x1 + c * x2 + d * x3, a * y0 + b * y1 + c * y2 + d * y3)


def split(piece: Piece, t: float) -> tuple[Piece, Piece]:
    """Cut a piece in two at the parameter ``t`` (de Casteljau)."""
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = piece
    ax, bx, cx = x0 + (x1 - x0) * t, x1 + (x2 - x1) * t, x2 + (x3 - x2) * t
    ay, by, cy = y0 + (y1 - y0) * t, y1 + (y2 - y1) * t, y2 + (y3 - y2) * t
    dx, ex, dy, ey = ax + (bx - ax) * t, bx + (cx - bx) * t, ay + (by - ay) * t, by + (cy - by) * t
    middle = (dx + (ex - dx) * t, dy + (ey - dy) * t)
    return (piece[0], (ax, ay), (dx, dy), middle), (middle, (ex, ey), (cx, cy), piece[3])


def _bend_shifted(piece: Piece, distance: float) -> tuple[Point, ...]:
    """Shift a bent piece in two halves: one cubic cannot follow a shifted bend, two can."""
    first, second = split(piece, 0.5)
    start, middle, end = _heading(*piece), _heading(*second), _heading(*piece[::-1])
    return (
        *_shifted_piece(first, start, middle, distance),
        *_shifted_piece(second, middle, (-end[0], -end[1]), distance)[1:],
    )


def _heading(*points: Point) -> Point:
    """Return the direction, of length 1, in which a piece starts; handles may coincide with its end."""
    x0, y0 = points[0]
    for x1, y1 in points[1:]:
        length = hypot(x1 - x0, y1 - y0)
        if length > _NEAR:
            return ((x1 - x0) / length, (y1 - y0) / length)
    return (1.0, 0.0)


def _shifted_piece(piece: Piece, start: Point, end: Point, distance: float) -> Piece:
    """Shift a piece that starts and ends in the directions ``start`` and ``end``."""
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = piece
    first = (x0 + start[1] * distance, y0 - start[0] * distance)
    last = (x3 + end[1] * distance, y3 - end[0] * distance)
    old = hypot(x3 - x0, y3 - y0)
    scale = hypot(last[0] - first[0], last[1] - first[1]) / old if old > _NEAR else 1.0
    out, back = hypot(x1 - x0, y1 - y0) * scale, hypot(x3 - x2, y3 - y2) * scale
    return (
        first,
        (first[0] + start[0] * out, first[1] + start[1] * out),
        (last[0] - end[0] * back, last[1] - end[1] * back),
        last,
    )
