"""Curves as chains of cubic Bézier pieces: shifted aside, cut, measured.

A curve is a tuple of 3n + 1 points: the start, then two handles and an end for each piece.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import hypot

from bpviz.picture import Point

__all__ = [
    "Curve",
    "Inside",
    "cut_end",
    "joined",
    "line",
    "pieces",
    "reverse",
    "sampled",
    "shifted",
    "shorten",
]

Curve = tuple[Point, ...]
Piece = tuple[Point, Point, Point, Point]
Inside = Callable[[Point], bool]

_NEAR = 1e-6


def line(start: Point, end: Point) -> Curve:
    """Return the straight line between two points.

    >>> line((0, 0), (3, 0))
    ((0, 0), (1.0, 0), (2.0, 0), (3, 0))
    """
    return (start, _between(start, end, 1 / 3), _between(start, end, 2 / 3), end)


def joined(*curves: Curve) -> Curve:
    """Return one curve that runs through all of them in turn; each begins where the one before it ends.

    Straight pieces that go on in the same direction, level or upright, become one.

    >>> joined(line((0, 0), (3, 0)), line((3, 0), (9, 0)))
    ((0, 0), (3.0, 0), (6.0, 0), (9, 0))
    """
    chain: list[Piece] = []
    for piece in (piece for curve in curves for piece in pieces(curve)):
        if chain and any(
            len({point[axis] for point in (*chain[-1], *piece)}) == 1
            and (chain[-1][0][1 - axis] < piece[0][1 - axis]) == (piece[0][1 - axis] < piece[3][1 - axis])
            for axis in (0, 1)
        ):
            start, a, b, end = line(chain[-1][0], piece[3])
            chain[-1] = (start, a, b, end)
        else:
            chain.append(piece)
    return _chained(chain)


def reverse(curve: Curve) -> Curve:
    """Return the same curve run through the other way."""
    return curve[::-1]


def pieces(curve: Curve) -> Iterator[Piece]:
    """Iterate over the cubic pieces."""
    for i in range(0, len(curve) - 1, 3):
        yield (curve[i], curve[i + 1], curve[i + 2], curve[i + 3])


def sampled(curve: Curve, count: int = 12) -> tuple[Point, ...]:
    """Return the curve's start and ``count`` points on each of its pieces.

    >>> sampled(line((0, 0), (3, 0)), 3)
    ((0, 0), (1.0, 0.0), (2.0, 0.0), (3.0, 0.0))
    """
    points = [curve[0]]
    for piece in pieces(curve):
        points.extend(_at(piece, i / count) for i in range(1, count + 1))
    return tuple(points)


def shifted(curve: Curve, distance: float) -> Curve:
    """Return the curve moved aside by ``distance``, to its left as one walks along it (y grows downwards).

    >>> shifted(line((0, 0), (3, 0)), 2)[-1]
    (3.0, -2.0)
    """
    result: list[Point] = []
    for piece in pieces(curve):
        for part in _halves(piece):
            moved = _shifted_piece(part, distance)
            result.extend(moved if not result else moved[1:])
    return tuple(result)


def cut_end(curve: Curve, inside: Inside) -> Curve:
    """Return the curve up to where it finally enters a region that holds its end; all of it if it never is outside."""
    chain = list(pieces(curve))
    while chain:
        piece = chain.pop()
        if not inside(piece[3]):
            return _chained([*chain, piece])
        for i in range(7, -1, -1):
            if not inside(_at(piece, i / 8)):
                low, high = i / 8, (i + 1) / 8
                for _ in range(18):
                    middle = (low + high) / 2
                    low, high = (low, middle) if inside(_at(piece, middle)) else (middle, high)
                return _chained([*chain, _split(piece, low)[0]])
    return curve


def shorten(curve: Curve, length: float) -> Curve:
    """Return the curve without the last ``length`` points of its way, but never less than a tenth of its last piece."""
    chain = list(pieces(curve))
    while chain:
        piece = chain.pop()
        steps = sampled(piece, 8)
        for i in range(8, 0, -1):
            step = hypot(steps[i][0] - steps[i - 1][0], steps[i][1] - steps[i - 1][1])
            if step >= length and step > 0:
                return _chained([*chain, _split(piece, max(0.02, (i - length / step) / 8))[0]])
            length -= step
    return curve[:4] if len(curve) < 4 else _split((curve[0], curve[1], curve[2], curve[3]), 0.1)[0]


def _between(start: Point, end: Point, share: float) -> Point:
    # Exact where nothing changes, so that straight lines can be told from almost straight ones.
    x = start[0] if start[0] == end[0] else start[0] + (end[0] - start[0]) * share
    y = start[1] if start[1] == end[1] else start[1] + (end[1] - start[1]) * share
    return (x, y)


def _chained(chain: list[Piece]) -> Curve:
    points: list[Point] = [chain[0][0]]
    for piece in chain:
        points.extend(piece[1:])
    return tuple(points)


def _at(piece: Piece, t: float) -> Point:
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = piece
    s = 1 - t
    a, b, c, d = s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t
    return (a * x0 + b * x1 + c * x2 + d * x3, a * y0 + b * y1 + c * y2 + d * y3)


def _split(piece: Piece, t: float) -> tuple[Piece, Piece]:
    """Cut a piece in two at the parameter ``t`` (de Casteljau)."""
    a, b, c = (_between(piece[i], piece[i + 1], t) for i in range(3))
    d, e = _between(a, b, t), _between(b, c, t)
    middle = _between(d, e, t)
    return (piece[0], a, d, middle), (middle, e, c, piece[3])


def _heading(piece: Piece, *, at_end: bool) -> Point:
    """Return the direction, of length 1, in which a piece starts or ends; handles may coincide with their ends."""
    if at_end:
        pairs = ((piece[2], piece[3]), (piece[1], piece[3]), (piece[0], piece[3]))
    else:
        pairs = ((piece[0], piece[1]), (piece[0], piece[2]), (piece[0], piece[3]))
    for (x0, y0), (x1, y1) in pairs:
        length = hypot(x1 - x0, y1 - y0)
        if length > _NEAR:
            return ((x1 - x0) / length, (y1 - y0) / length)
    return (1.0, 0.0)


def _halves(piece: Piece) -> tuple[Piece, ...]:
    """Cut what bends in two: one cubic cannot follow a shifted bow, two can."""
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = piece
    across, down = x3 - x0, y3 - y0
    bow = abs((x1 - x0) * down - (y1 - y0) * across) + abs((x2 - x0) * down - (y2 - y0) * across)
    return (piece,) if bow < 0.1 * hypot(across, down) else _split(piece, 0.5)


def _shifted_piece(piece: Piece, distance: float) -> Piece:
    start, end = _heading(piece, at_end=False), _heading(piece, at_end=True)
    first = (piece[0][0] + start[1] * distance, piece[0][1] - start[0] * distance)
    last = (piece[3][0] + end[1] * distance, piece[3][1] - end[0] * distance)
    old = hypot(piece[3][0] - piece[0][0], piece[3][1] - piece[0][1])
    new = hypot(last[0] - first[0], last[1] - first[1])
    scale = new / old if old > _NEAR else 1.0
    out = hypot(piece[1][0] - piece[0][0], piece[1][1] - piece[0][1]) * scale
    back = hypot(piece[3][0] - piece[2][0], piece[3][1] - piece[2][1]) * scale
    return (
        first,
        (first[0] + start[0] * out, first[1] + start[1] * out),
        (last[0] - end[0] * back, last[1] - end[1] * back),
        last,
    )
