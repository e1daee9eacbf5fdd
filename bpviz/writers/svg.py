"""Pictures as SVG: one group per frame, wire and node, every colour written out, nothing that needs a browser.

The same bytes are shown by browsers, rasterisers and vector editors: no style sheet, no script, no outside link.
"""

from __future__ import annotations

from zlib import crc32

from bpviz import text
from bpviz.picture import Bracket, Cell, Element, Head, Part, Path, Picture, Point, Shape, Text
from bpviz.theme import Stroke, Theme

__all__ = ["FONTS", "write"]

FONTS = f"'{text.FAMILY}', Verdana, 'Noto Sans CJK JP', 'Hiragino Sans', 'Yu Gothic', Meiryo, IPAGothic, sans-serif"
"""The bundled font, what is as wide where it is missing, then what has Japanese; a browser takes each in turn."""

_CLASSES = {
    "forward": "forward value",
    "backward": "backward value",
    "muted": "muted value",
    "constant": "constant value",
}


def write(picture: Picture, theme: Theme) -> bytes:
    """Return ``picture`` as an SVG file in the looks of ``theme``.

    >>> from bpviz.theme import theme
    >>> write(Picture(10.0, 5.0, ()), theme("light")).decode().splitlines()[0][:40]
    '<svg xmlns="http://www.w3.org/2000/svg" '
    """
    width, height = _number(picture.width), _number(picture.height)
    prefix = _PREFIX
    title = _escaped(picture.title or "Computation graph")
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="bpviz" role="img" '
        f'aria-labelledby="{prefix}-title {prefix}-desc" width="{width}pt" height="{height}pt" '
        f'viewBox="0 0 {width} {height}" font-family="{FONTS}" text-anchor="middle" fill="none">',
        f'<title id="{prefix}-title">{title}</title>',
        f'<desc id="{prefix}-desc">{_escaped(picture.description)}</desc>',
        f'<rect class="background" width="{width}" height="{height}" fill="{theme.background}"/>',
    ]
    for number, part in enumerate(picture.parts):
        lines.append(_part(part, f"{prefix}-{number}", theme))
    lines.append("</svg>\n")
    body = "\n".join(lines).encode("utf-8")
    # The ids of two figures on one page must differ; those of equal pictures may be the same.
    return body.replace(_PREFIX.encode(), f"bpviz-{crc32(body):08x}".encode())


_PREFIX = "\0"
"""Stands for the prefix of the ids until the whole is known; no text that is drawn can hold it."""


def _part(part: Part, name: str, theme: Theme) -> str:
    about = f"<title>{_escaped(part.description)}</title>" if part.description else ""
    classes = f"{part.kind} {part.detail}".strip()
    body = "\n".join(_element(element, part, theme) for element in part.elements)
    return f'<g class="{classes}" id="{name}">{about}\n{body}\n</g>'


def _element(element: Element, part: Part, theme: Theme) -> str:
    match element:
        case Path():
            stroke = _stroke(theme.strokes[element.role])
            return f'<path class="{element.role}" d="{_curve(element.points)}" {stroke}/>'
        case Head():
            colour = theme.strokes[element.role].colour
            return f'<path class="head {element.role}" d="{_lines(element.corners(theme.head[1]))}Z" fill="{colour}"/>'
        case Text():
            return _text(element, part, theme)
        case Shape():
            return _shape(element, theme)
        case Cell():
            return _cell(element, theme)
        case Bracket():
            return f'<path class="bracket" d="{_lines(element.points)}" stroke="{theme.inks[element.role]}"/>'
        case _:
            raise TypeError(f"Not an element of a picture: {type(element).__name__}")


def _text(element: Text, part: Part, theme: Theme) -> str:
    classes = _CLASSES.get(element.role, element.role) if part.kind == "wire" else element.role
    anchor = "" if element.anchor == "middle" else f' text-anchor="{element.anchor}"'
    # Without this, spaces at the ends and in a row would be lost.
    space = ' xml:space="preserve"' if "  " in element.text or element.text != element.text.strip(" ") else ""
    place = f'x="{_number(element.x)}" y="{_number(element.y)}" font-size="{_number(element.size)}"'
    ink = theme.inks[element.role]
    return f'<text class="{classes}" {place} fill="{ink}"{anchor}{space}>{_escaped(element.text)}</text>'


def _shape(element: Shape, theme: Theme) -> str:
    x, y, width, height = element.x, element.y, element.width, element.height
    stroke = theme.strokes[element.role]
    if element.kind == "dot":
        paint = f'fill="{stroke.colour}"'
    elif element.role in ("frame", "mark"):
        paint = _stroke(stroke)
    else:
        paint = f'fill="{theme.fill}" {_stroke(stroke)}'
    classes = "mark" if element.role == "mark" else "shape"
    if element.kind == "box":
        corner = f'x="{_number(x - width / 2)}" y="{_number(y - height / 2)}" rx="{_number(element.radius)}"'
        return f'<rect class="{classes}" {corner} width="{_number(width)}" height="{_number(height)}" {paint}/>'
    return f'<circle class="{classes}" cx="{_number(x)}" cy="{_number(y)}" r="{_number(width / 2)}" {paint}/>'


def _cell(cell: Cell, theme: Theme) -> str:
    x, y, width, height = cell.x, cell.y, cell.width, cell.height
    frame = f'x="{_number(x)}" y="{_number(y)}" width="{_number(width)}" height="{_number(height)}"'
    edge = _stroke(theme.strokes["cell"])
    if cell.value is not None:
        return f'<rect class="cell" {frame} fill="{shade(cell.value, theme)}" {edge}/>'
    cross = f"M{_pair((x, y))}L{_pair((x + width, y + height))}M{_pair((x + width, y))}L{_pair((x, y + height))}"
    mark = _stroke(theme.strokes["mark"])
    return f'<rect class="cell" {frame} fill="{theme.background}" {edge}/><path class="mark" d="{cross}" {mark}/>'


def shade(value: float, theme: Theme) -> str:
    """Return the colour of a heat map's ``value`` between −1 and 1.

    >>> from bpviz.theme import theme
    >>> shade(1, theme("light")) == theme("light").heat[2]
    True
    """
    least, zero, most = theme.heat
    end, share = (most, value) if value >= 0 else (least, -value)
    channels = (
        round(int(zero[i : i + 2], 16) + (int(end[i : i + 2], 16) - int(zero[i : i + 2], 16)) * min(share, 1.0))
        for i in (1, 3, 5)
    )
    return "#" + "".join(f"{channel:02X}" for channel in channels)


def _stroke(stroke: Stroke) -> str:
    dash = f' stroke-dasharray="{" ".join(map(_number, stroke.dash))}"' if stroke.dash else ""
    return f'stroke="{stroke.colour}" stroke-width="{_number(stroke.width)}"{dash}'


def _curve(points: tuple[Point, ...]) -> str:
    """Write a chain of cubic curves, with the short forms for what is level or upright."""
    steps = [f"M{_pair(points[0])}"]
    for i in range(0, len(points) - 1, 3):
        (x0, y0), (x1, y1), (x2, y2), (x3, y3) = points[i : i + 4]
        if abs(y0 - y3) + abs(y0 - y1) + abs(y0 - y2) < 0.005:
            steps.append(f"H{_number(x3)}")
        elif abs(x0 - x3) + abs(x0 - x1) + abs(x0 - x2) < 0.005:
            steps.append(f"V{_number(y3)}")
        else:
            steps.append(f"C{_number(x1)},{_number(y1)} {_number(x2)},{_number(y2)} {_number(x3)},{_number(y3)}")
    return "".join(steps)


def _lines(points: tuple[Point, ...]) -> str:
    return f"M{_pair(points[0])}L" + " ".join(map(_pair, points[1:]))


def _pair(point: Point) -> str:
    return f"{_number(point[0])},{_number(point[1])}"


def _number(value: float) -> str:
    """Write a number with at most two decimals and no zeros at its end."""
    shown = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if shown == "-0" else shown


def _escaped(content: str) -> str:
    shown = text.printable(content)
    return shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
