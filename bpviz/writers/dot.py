"""Pictures as DOT with every position fixed: ``dot -Kneato -n2`` draws them in any of its formats.

Boxes are nodes, and so is each line of text; the arrows of a wire are edges along their own curves. Graphviz has no
elements for arrow heads of exact size, frames, brackets and heat maps: they are written into ``_background``, in the
language of the ``xdot`` format. Names and texts are data: none is read as markup or as an escape sequence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from math import ceil

from bpviz.picture.elements import Bracket, Cell, Element, Head, Part, Path, Picture, Point, Shape, Text
from bpviz.picture.looks import Looks
from bpviz.picture.runs import pieces
from bpviz.picture.theme import Stroke, Theme
from bpviz.text import font_metrics, widths
from bpviz.writers.svg import shade

__all__ = ["LIFT", "write"]

LIFT = 0.1
"""How far Graphviz raises text, as a fraction of its size: its default estimate. (With Pango: 0.05 in Graphviz 14, 0.2
in 2.43; at 14 points the difference is 2 points at most.)"""

# A text's node is this many times as high as its type size, and a fraction of it wider than the text: larger than the
# text in any common font, so that it hangs from the node's upper edge, whatever the font.
_ROOM = 1.6
_SIDE = 0.5

# The length of the handles of a cubic curve that stands for a quarter of a circle of radius 1.
_ARC = 0.5523


def write(picture: Picture, theme: Theme, *, lift: float = LIFT) -> bytes:
    """Return ``picture`` as a DOT file with the looks of ``theme``; for ``lift`` see `LIFT`.

    >>> from bpviz.picture.theme import theme
    >>> write(Picture(10.0, 5.0, ()), theme("light")).decode().splitlines()[0]
    'digraph {'
    """
    page = _DotPicture(picture, theme, lift)
    lines = [
        "digraph {",
        f'graph [bb="0,0,{page.width},{page.height}", pad=0, margin=0, notranslate=true, outputorder=edgesfirst, '
        f'bgcolor="{_painted(theme)}", _background={_long(page.background())}]',
        f'node [shape=none, label="", margin=0, fixedsize=true, labelloc=t, fontname="{page.family}"]',
        "edge [dir=none]",
        *page.nodes(),
        *page.edges(),
        "}\n",
    ]
    return "\n".join(lines).encode()


class _DotPicture:
    """Writes one picture: its size is in whole points, with y upwards; it keeps the names of the nodes."""

    def __init__(self, picture: Picture, theme: Theme, lift: float) -> None:
        self._picture, self._theme, self._lift = picture, theme, lift
        self._looks = Looks(theme)
        self.family = theme.font.family if theme.font else widths.FAMILY
        if theme.font:
            # Graphviz hangs text from the top of its font.
            self._lift += theme.font.ascent - font_metrics.ASCENT / font_metrics.UNITS_PER_EM
        # Graphviz rounds the page, which could cut off a little at its right and lower edges.
        self.width, self.height = ceil(picture.width), ceil(picture.height)
        self._taken: set[str] = set()
        self._names = {part.id: self._name(part.id) for part in picture.parts if part.kind == "node"}

    def _look(self, part: Part) -> Theme:
        return self._looks[part.look]

    def nodes(self) -> Iterator[str]:
        """Yield the statements of all nodes, in the order of painting."""
        middle = (self.width / 2, self.height / 2)
        for part in self._picture.parts:
            shapes = [element for element in part.elements if isinstance(element, Shape) and _is_node(part, element)]
            lines = [element for element in part.elements if isinstance(element, Text) and element.text]
            texts = [piece for line in lines for piece in pieces(line, self._theme.font)]
            # The names of the nodes at the ends of wires; a bare text is such a node itself.
            names = iter([self._names[part.id]] if part.kind == "node" else [])
            for shape in shapes:
                yield self._shape(shape, next(names, None) or self._name("shape"), self._look(part))
            for line in texts:
                yield self._text(line, next(names, None) or self._name("text"), self._look(part))
            for name in names:
                yield f'{_quoted(name)} [style=invis, pos="{self._at(middle)}", {_size(0, 0)}]'

    def edges(self) -> Iterator[str]:
        """Yield the statements of all edges."""
        for part in self._picture.parts:
            for element in part.elements:
                if isinstance(element, Path):
                    stroke = self._look(part).strokes[element.role]
                    ends = [_quoted(self._names[end]) for end in (part.source, part.target)]
                    start, end = reversed(ends) if element.role == "backward" else ends
                    course = " ".join(map(self._at, element.points))
                    yield f'{start} -> {end} [class={element.role}, pos="{course}", {_pen(stroke)}]'

    def background(self) -> str:
        """Return everything else, with the page itself below it, which fixes the size."""
        corners = ((0, 0), (self.width, 0), (self.width, self.height), (0, self.height))
        colour = _painted(self._theme)
        operations = [f"{_ink(Stroke(colour, 0.0))} {_fill(colour)} {self._points('P', corners)}"]
        for part in self._picture.parts:
            for element in part.elements:
                operations += self._decoration(part, element)
        return " ".join(operations)

    def _decoration(self, part: Part, element: Element) -> Iterator[str]:
        look = self._look(part)
        match element:
            case Head():
                colour = look.strokes[element.role].colour
                corners = self._points("P", element.corners(look.head[1]))
                yield f"{_ink(Stroke(colour, 0.0))} {_fill(colour)} {corners}"
            case Bracket():
                yield f"{_ink(Stroke(look.inks[element.role], 1.0))} {self._points('L', element.points)}"
            case Cell():
                yield from self._cell(element, look)
            case Shape():
                if not _is_node(part, element):
                    lines = [_rounded(element)] if element.open == "none" else element.lines()
                    for line in lines:
                        yield f"{_ink(look.strokes[element.role])} {self._points('B', line)}"
            case Path() | Text():
                pass  # an edge and a node
            case _:
                raise TypeError(f"Not an element of a picture: {type(element).__name__}")

    def _cell(self, cell: Cell, look: Theme) -> Iterator[str]:
        left, top, right, bottom = cell.x, cell.y, cell.x + cell.width, cell.y + cell.height
        colour = _painted(look) if cell.value is None else shade(cell.value, look)
        outline = self._points("P", ((left, top), (right, top), (right, bottom), (left, bottom)))
        yield f"{_ink(look.strokes['cell'])} {_fill(colour)} {outline}"
        if cell.value is None:
            yield _ink(look.strokes["mark"])
            yield self._points("L", ((left, top), (right, bottom)))
            yield self._points("L", ((right, top), (left, bottom)))

    def _text(self, line: Text, name: str, look: Theme) -> str:
        middle = line.x + {"start": 0.5, "middle": 0.0, "end": -0.5}[line.anchor] * line.width
        y = line.y + (_ROOM / 2 - 1 + self._lift) * line.size
        slanted = "Italic" if self._theme.font else "Oblique"
        italic = f', fontname="{self.family} {slanted}"' if line.runs else ""
        return (
            f'{_quoted(name)} [label="{_label(line.text)}", pos="{self._at((middle, y))}", '
            f"{_size(line.width + _SIDE * line.size, _ROOM * line.size)}, fontsize={_number(line.size)}, "
            f'fontcolor="{look.inks[line.role]}"{italic}]'
        )

    def _shape(self, shape: Shape, name: str, look: Theme) -> str:
        stroke = look.strokes[shape.role]
        fill = stroke.colour if shape.kind == "dot" else _painted(look)
        style = "filled,rounded" if shape.kind == "box" and shape.radius else "filled"
        pen = _pen(stroke, style) if shape.kind != "dot" else f'style=filled, penwidth=0, color="{fill}"'
        return (
            f"{_quoted(name)} [shape={'box' if shape.kind == 'box' else 'circle'}, "
            f'pos="{self._at((shape.x, shape.y))}", {_size(shape.width, shape.height)}, fillcolor="{fill}", {pen}]'
        )

    def _name(self, wanted: str) -> str:
        """Return a unique name for a node, without backslashes: DOT cannot write one before a quote."""
        base = re.sub(r'[\\"]', "_", widths.printable(wanted)) or "_"
        name, number = base, 2
        while name in self._taken:
            name, number = f"{base} {number}", number + 1
        self._taken.add(name)
        return name

    def _at(self, point: Point) -> str:
        return f"{_number(point[0])},{_number(self.height - point[1])}"

    def _points(self, operation: str, points: Iterable[Point]) -> str:
        shown = [self._at(point).replace(",", " ") for point in points]
        return f"{operation} {len(shown)} {' '.join(shown)}"


def _painted(theme: Theme) -> str:
    """Return the colour of the page and of the inside of boxes, as Graphviz writes it."""
    return "transparent" if theme.transparent else theme.background


def _is_node(part: Part, shape: Shape) -> bool:
    return shape.kind == "dot" or (part.kind == "node" and shape.role not in ("frame", "mark"))


def _rounded(shape: Shape) -> tuple[Point, ...]:
    """Return the outline of a box with round corners as cubic curves, clockwise from the end of its first corner."""
    right, bottom, radius = shape.width / 2, shape.height / 2, min(shape.radius, shape.width / 2, shape.height / 2)
    bend = radius * (1 - _ARC)
    corner = ((right - bend, -bottom), (right, bend - bottom), (right, radius - bottom))
    opposite = ((right, bottom - bend), (right - bend, bottom), (right - radius, bottom))
    start = (radius - right, -bottom)
    top = _straight(start, (right - radius, -bottom))
    side = _straight(corner[-1], (right, bottom - radius))
    half = (*top, *corner, *side, *opposite)
    return tuple((shape.x + x, shape.y + y) for x, y in (start, *half, *((-x, -y) for x, y in half)))


def _straight(start: Point, end: Point) -> tuple[Point, Point, Point]:
    return start, end, end


def _label(line: str) -> str:
    """Return a text as a DOT label that is shown unchanged: no entity and no sequence such as ``\\N`` is replaced."""
    return widths.printable(line).replace("&", "&amp;").replace("\\", r"\\").replace('"', r"\"")


def _long(words: str) -> str:
    """Return a long string as quoted pieces joined by DOT's ``+``: Graphviz reads at most 16,384 characters each."""
    pieces = [words[start : start + 8000] for start in range(0, len(words), 8000)]
    return " + ".join(f'"{piece}"' for piece in pieces)


def _quoted(name: str) -> str:
    return f'"{name}"'


def _pen(stroke: Stroke, style: str = "") -> str:
    styles = ",".join(filter(None, (style, "dashed" if stroke.dash else "")))
    drawn = f', style="{styles}"' if styles else ""
    return f'color="{stroke.colour}", penwidth={_number(stroke.width)}{drawn}'


def _ink(stroke: Stroke) -> str:
    """Pen colour and line style in the language of xdot."""
    width = f"setlinewidth({_number(stroke.width)})"
    style = "dashed" if stroke.dash else "solid"
    return f"c {len(stroke.colour)} -{stroke.colour} S {len(width)} -{width} S {len(style)} -{style}"


def _fill(colour: str) -> str:
    return f"C {len(colour)} -{colour}"


def _size(width: float, height: float) -> str:
    return f"width={width / 72:.5f}, height={height / 72:.5f}"


def _number(value: float) -> str:
    """Write a number with at most two decimals and no zeros at its end."""
    shown = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if shown == "-0" else shown
