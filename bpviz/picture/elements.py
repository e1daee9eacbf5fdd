"""A picture: all elements at their places, as frozen plain data that every writer reads.

Lengths are points, the origin is the top left corner, y grows downwards. Elements name their role; the
`bpviz.picture.theme.Theme` gives its look. Parts and elements stand in the order in which they are painted.
"""

from __future__ import annotations

from dataclasses import field
from typing import Literal

from bpviz.figure import Origin, Pass, Tone
from bpviz.frozen import dataclass
from bpviz.picture.looks import Look
from bpviz.picture.theme import LineRole, TextRole
from bpviz.text.notation import MATH, Notation, Run

__all__ = [
    "Anchor",
    "Bracket",
    "Cell",
    "Element",
    "Head",
    "OpenSide",
    "Part",
    "PartKind",
    "Path",
    "Picture",
    "Point",
    "Shape",
    "ShapeKind",
    "Text",
]

_ARC = 0.5523
"""The length of the handles of a cubic curve that stands for a quarter of a circle of radius 1."""

Point = tuple[float, float]
Anchor = Literal["start", "middle", "end"]
ShapeKind = Literal["circle", "box", "dot"]
OpenSide = Literal["none", "left", "right", "both"]
PartKind = Literal["frame", "wire", "node", "title", "note"]


@dataclass(frozen=True, slots=True)
class Path:
    """A line of an arrow, without its head: cubic Bézier curves end to end, in the direction in which values flow.

    ``points`` holds the start, then two handles and an end for each curve: 3n + 1 points.
    """

    role: LineRole
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Head:
    """A filled arrow head, pointing from the middle of its base to its tip. Its width is the theme's."""

    role: LineRole
    base: Point
    tip: Point

    def corners(self, width: float) -> tuple[Point, Point, Point]:
        """Return the tip and the two corners of the base.

        >>> Head("forward", (0.0, 0.0), (9.0, 0.0)).corners(6.0)
        ((9.0, 0.0), (0.0, 3.0), (0.0, -3.0))
        """
        (x, y), (tip_x, tip_y) = self.base, self.tip
        along_x, along_y = tip_x - x, tip_y - y
        length = (along_x * along_x + along_y * along_y) ** 0.5 or 1.0
        side_x, side_y = -along_y / length * width / 2, along_x / length * width / 2
        return (self.tip, (x + side_x, y + side_y), (x - side_x, y - side_y))


@dataclass(frozen=True, slots=True)
class Shape:
    """An outline around a centre: a circle, a box (rounded where ``radius`` is above 0) or a filled dot.

    A box has no line at its ``open`` sides.
    """

    role: LineRole
    kind: ShapeKind
    x: float
    y: float
    width: float
    height: float
    radius: float = 0.0
    open: OpenSide = "none"

    def lines(self) -> tuple[tuple[Point, ...], ...]:
        """Return the lines of a box with open sides, each as cubic curves end to end.

        >>> Shape("frame", "box", 5.0, 5.0, 10.0, 10.0, open="both").lines()[0][::3]
        ((0.0, 0.0), (10.0, 0.0))
        """
        left, right = self.x - self.width / 2, self.x + self.width / 2
        top, bottom = self.y - self.height / 2, self.y + self.height / 2
        if self.open == "both":
            return tuple(_bent(((left, y), (right, y)), 0.0) for y in (top, bottom))
        start, turn = (left, right) if self.open == "left" else (right, left)
        corners = (start, top), (turn, top), (turn, bottom), (start, bottom)
        line = _bent(corners, min(self.radius, self.width, self.height / 2))
        return (line,) if self.open != "none" else (line, _bent((corners[0], corners[3]), 0.0))


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text. ``y`` is its baseline, ``x`` the place of its ``anchor``, ``width`` its measured width.

    ``latex`` is the same in LaTeX's mathematical mode; empty where it is not known. ``runs`` are its pieces if it has
    italics, subscripts or superscripts (`bpviz.picture.runs` places them).
    """

    role: TextRole
    text: str
    x: float
    y: float
    size: float
    width: float
    anchor: Anchor = "middle"
    latex: str = ""
    runs: tuple[Run, ...] = ()


def _bent(corners: tuple[Point, ...], radius: float) -> tuple[Point, ...]:
    """Return straight lines from corner to corner, each corner rounded, as cubic curves end to end."""
    found = [corners[0]]
    for (x0, y0), (x, y), (x1, y1) in zip(corners, corners[1:], corners[2:], strict=False):
        before = (x + radius * _sign(x0 - x), y + radius * _sign(y0 - y))
        after = (x + radius * _sign(x1 - x), y + radius * _sign(y1 - y))
        toward = [(u + (x - u) * _ARC, v + (y - v) * _ARC) for u, v in (before, after)]
        found += [found[-1], before, before, *toward, after]
    return (*found, found[-1], corners[-1], corners[-1])


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a heat map, from its top left corner; ``value`` is between −1 and 1, or None if it is not finite."""

    x: float
    y: float
    width: float
    height: float
    value: float | None


@dataclass(frozen=True, slots=True)
class Bracket:
    """Straight lines in a text's colour: a square bracket of a grid (four points), the bar of a fraction, a curve."""

    role: TextRole
    points: tuple[Point, ...]


Element = Path | Head | Shape | Text | Cell | Bracket


@dataclass(frozen=True, slots=True)
class Part:
    """Everything that belongs to one frame, wire or node of the figure, or its title, or one of its notes.

    ``detail`` is the kind of a node's box, or ``"constant"`` at a constant wire. ``source`` and ``target`` are the ids
    of the nodes that a wire joins. ``description`` is read aloud. ``tone``, ``belongs`` and ``color`` are those of its
    box or wire. ``backward`` has the positions of the elements of a wire's backward arrow. An input that is
    written several times has several parts; ``of`` is its id in the figure. ``link`` is the id of the other part with
    the same letter. A part of a film is shown ``during`` its first and last step; ``None`` means in all steps.
    ``origin`` is that of its wire.
    """

    id: str
    kind: PartKind
    elements: tuple[Element, ...]
    description: str = ""
    detail: str = ""
    source: str = ""
    target: str = ""
    tone: Tone = "plain"
    belongs: Pass = "forward"
    color: str = ""
    backward: tuple[int, ...] = ()
    of: str = ""
    link: str = ""
    during: tuple[int, int] | None = None
    origin: Origin | None = field(default=None, repr=False, compare=False)

    @property
    def look(self) -> Look:
        """The key of its theme in `bpviz.picture.looks.Looks`."""
        return self.belongs, self.tone, self.color

    @property
    def shows(self) -> str:
        """The id of what it shows in the figure; the two pieces of a wire that is divided between rows have one id."""
        return self.of or self.id


@dataclass(frozen=True, slots=True)
class Picture:
    """A page of ``width`` × ``height`` points with its parts, in the order of painting.

    ``breaks`` are the heights between rows, where the picture may be divided.
    """

    width: float
    height: float
    parts: tuple[Part, ...]
    title: str = ""
    description: str = ""
    notation: Notation = MATH
    breaks: tuple[float, ...] = ()
