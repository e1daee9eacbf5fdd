"""Pictures as SVG: one group per frame, wire and node, with every colour written out; no browser is needed.

Browsers, rasterisers and vector editors show the same bytes: no script, no outside link, and a style sheet only if the
theme is light or dark as the reader prefers (in an ``<img>`` as well). What most elements share they inherit from the
root or from their group, as attributes, which every viewer knows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from zlib import crc32

from bpviz import deadline
from bpviz.picture.elements import Bracket, Cell, Element, Head, Part, Path, Picture, Point, Shape, Text
from bpviz.picture.looks import mixed
from bpviz.picture.runs import placed_runs
from bpviz.picture.theme import Stroke, Theme
from bpviz.text import widths
from bpviz.text.colours import NO_BACKGROUND
from bpviz.text.escaping import escaped
from bpviz.text.language import ENGLISH, Language
from bpviz.writers.following import PREFIX, DaysAndNights, both, followed

__all__ = [
    "FONTS",
    "drawn",
    "finished",
    "frames",
    "group",
    "inherited",
    "ink_of",
    "links",
    "opened",
    "page",
    "shade",
    "unique",
    "write",
]

FONTS = f"'{widths.FAMILY}', Verdana, 'Noto Sans CJK JP', 'Hiragino Sans', 'Yu Gothic', Meiryo, IPAGothic, sans-serif"
"""The bundled font, fonts of the same width, then fonts with Japanese; a browser tries each in turn."""

_SIZE = 14.0
"""The size of most texts; they inherit it."""


def inherited(theme: Theme) -> str:
    """Return the attributes that all drawn elements inherit: most of them are filled with ink."""
    own = f"'{theme.font.family}', " if theme.font else ""
    return f'font-family="{own}{FONTS}" font-size="{_SIZE:g}" text-anchor="middle" fill="{_short(ink_of(theme))}"'


def write(picture: Picture, theme: Theme, *, inline: bool = False, say: Language = ENGLISH) -> bytes:
    """Return ``picture`` as an SVG file with the looks of ``theme``.

    ``inline`` is for a drawing inside a page (see `followed`); ``say`` is the language.

    >>> from bpviz.picture.theme import theme
    >>> write(Picture(10.0, 5.0, ()), theme("light")).decode().splitlines()[0][:40]
    '<svg xmlns="http://www.w3.org/2000/svg" '
    """
    return next(frames([picture], theme, inline=inline, say=say))


def frames(
    pictures: Iterable[Picture], theme: Theme, *, inline: bool = False, say: Language = ENGLISH
) -> Iterator[bytes]:
    """Yield the SVG files of pictures that share most of their parts; a shared part is written only once."""
    looks = DaysAndNights(theme)
    known: _Written = {}
    for picture in pictures:
        lines = _pieces(picture, looks, known, say)
        yield finished(lines if theme.dark is None else followed(lines, inline=inline))


def finished(lines: list[str]) -> bytes:
    """Return the pieces of a picture as a file."""
    return unique("\n".join([*lines, "</svg>\n"]))


def unique(document: str) -> bytes:
    """Return a document with its ids: different figures on one page need different ids, equal ones may share them."""
    body = document.encode("utf-8")
    return body.replace(PREFIX.encode(), f"bpviz-{crc32(body):08x}".encode())


_Written = dict[tuple[int, int], tuple[Part, str]]
"""The parts written so far, by place and identity; each part is kept, so that no other gets its identity."""


def _pieces(picture: Picture, looks: DaysAndNights, known: _Written, say: Language) -> list[str]:
    """Return the file without its end: a piece for the opening, the background and each part."""
    lines = opened(picture, looks.plain, say)
    ends, ink = links(picture), ink_of(looks.plain)
    for number, part in enumerate(picture.parts):
        deadline.check("writing the file")
        key = number, id(part)
        if key not in known:
            known[key] = part, group(part, number, drawn(part, looks[part.look], ink), ends.get(number))
        lines.append(known[key][1])
    return lines


def opened(picture: Picture, theme: Theme, say: Language = ENGLISH) -> list[str]:
    """Return the opening of the file and its background."""
    width, height = _number(picture.width), _number(picture.height)
    title = escaped(picture.title or say("Computation graph"))
    # Screen readers use it, and browsers that choose between Chinese and Japanese shapes of a letter.
    spoken = "" if say.code == ENGLISH.code else f' lang="{escaped(say.code)}" xml:lang="{escaped(say.code)}"'
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="bpviz"{spoken} role="graphics-document document" '
        f'aria-labelledby="{PREFIX}-title {PREFIX}-desc" width="{width}pt" height="{height}pt" '
        f'viewBox="0 0 {width} {height}" {inherited(theme)}>\n'
        f'<title id="{PREFIX}-title">{title}</title>\n'
        f'<desc id="{PREFIX}-desc">{escaped(picture.description)}</desc>',
        page(picture, theme),
    ]


def page(picture: Picture, theme: Theme) -> str:
    """Return the background."""
    size = f'width="{_number(picture.width)}" height="{_number(picture.height)}"'
    colour = NO_BACKGROUND if theme.transparent else theme.background
    return f'<rect class="background" {size} fill="{_short(colour)}"/>'


def links(picture: Picture) -> dict[int, int]:
    """Return for each letter, by the number of its part, the number of its other end."""
    numbers = {part.id: number for number, part in enumerate(picture.parts)}
    return {number: numbers[part.link] for number, part in enumerate(picture.parts) if part.link in numbers}


def group(part: Part, number: int, body: str, link: int | None = None) -> str:
    """Return a part's elements as one group, with a description for screen readers.

    A click on it leads to the part with the number ``link``, and from there to this one: only these have an id.
    """
    about = f"<title>{escaped(part.description)}</title>" if part.description else ""
    look = ("" if part.tone == "plain" else part.tone, "" if part.belongs == "forward" else "gradient")
    classes = " ".join(filter(None, (part.kind, part.detail, *look)))
    if link is not None:
        # The title is the name of the link. An image has no links for screen readers.
        body = f'<a href="#{PREFIX}-{link}">{about}{body}</a>'
        return f'<g class="{classes}" id="{PREFIX}-{number}">{body}</g>'
    role = ' role="img"' if about else ""
    return f'<g class="{classes}"{role}>{about}{body}</g>'


def drawn(part: Part, theme: Theme, ink: str) -> str:
    """Return the elements of a part as SVG, with the looks of its part; ``ink`` is the fill that they inherit.

    The elements of an arrow are a group: its line, its head and its label. What an element inherits is not written.
    """
    if part.kind != "wire":
        return "".join(
            _element(element, theme, ink, _OF_PARTS.get(part.detail or part.kind, "")) for element in part.elements
        )
    backward = set(part.backward)
    arrows = (
        [element for i, element in enumerate(part.elements) if i not in backward],
        [part.elements[i] for i in part.backward],
    )
    return "".join(_arrow(elements, theme, ink) for elements in arrows if elements)


_OF_PARTS = {
    "constant": "constant",
    "continued": "name",
    "continues": "name",
    "frame": "frame",
    "input": "name",
    "note": "note",
    "operation": "symbol",
    "output": "name",
    "title": "title",
}
"""The role of most texts of a part, by its detail or its kind; others say theirs by a class."""


def _arrow(elements: Sequence[Element], theme: Theme, ink: str) -> str:
    role = next(
        (element.role for element in elements if not isinstance(element, Cell) and element.role in _ARROWS), "forward"
    )
    fills = Counter(filter(None, (_filling(element, theme) for element in elements)))
    fill = max(fills, key=lambda paint: (fills[paint], paint == ink), default=ink)
    inner = "".join(_element(element, theme, fill, role) for element in elements)
    return f'<g class="{role}"{_filled(fill, ink)}>{inner}</g>'


_ARROWS = ("forward", "backward", "constant")


def _filling(element: Element, theme: Theme) -> str:
    """Return the colour of an arrow head or a text; other elements are not filled, or each in another colour."""
    match element:
        case Head():
            return theme.strokes[element.role].colour
        case Text():
            return theme.inks[element.role]
        case _:
            return ""


def ink_of(theme: Theme) -> str:
    """Return the colour of most texts, which all elements inherit."""
    return theme.inks["symbol"]


def _filled(fill: str, inherited: str) -> str:
    """Return the attribute of a fill, if it is not inherited."""
    return "" if fill == inherited else f' fill="{_short(fill)}"'


@lru_cache(maxsize=1 << 10)
def _short(colour: str) -> str:
    """Return a colour in its shortest form: white as ``#FFF``."""
    return both(lambda one: f"#{one[1::2]}" if one[1::2] == one[2::2] else one, colour)


def _element(element: Element, theme: Theme, fill: str, role: str) -> str:
    """Return an element as SVG within a group that has a fill and, by its class, the ``role`` of most texts."""
    match element:
        case Path():
            return f'<path d="{_curve(element.points)}" fill="none" {_stroke(theme.strokes[element.role])}/>'
        case Head():
            course = _lines(element.corners(theme.head[1]))
            return f'<path d="{course}z"{_filled(theme.strokes[element.role].colour, fill)}/>'
        case Text():
            return _text(element, theme, fill, role)
        case Shape():
            return _shape(element, theme, fill)
        case Cell():
            return _cell(element, theme)
        case Bracket():
            kind = "bracket" if len(element.points) > 2 else "bar"
            stroke = f'stroke="{_short(theme.inks[element.role])}"'
            return f'<path class="{kind}" d="{_lines(element.points)}" fill="none" {stroke}/>'
        case _:
            raise TypeError(f"Not an element of a picture: {type(element).__name__}")


def _text(element: Text, theme: Theme, fill: str, role: str) -> str:
    classes = "" if element.role == role else f' class="{element.role}"'
    anchor = "" if element.anchor == "middle" else f' text-anchor="{element.anchor}"'
    # Without this, spaces at the ends and in a row would be lost.
    space = ' xml:space="preserve"' if "  " in element.text or element.text != element.text.strip(" ") else ""
    size = "" if element.size == _SIZE else f' font-size="{_number(element.size)}"'
    body = _runs(element) if element.runs else escaped(element.text)
    if len(element.runs) == 1 and element.runs[0].level == 0:
        size, body = f'{size} font-style="italic"', escaped(element.text)
    place = f'x="{_number(element.x)}" y="{_number(element.y)}"{size}'
    return f"<text{classes} {place}{_filled(theme.inks[element.role], fill)}{anchor}{space}>{body}</text>"


def _runs(line: Text) -> str:
    """Return the pieces of a line: each is moved from the line of the one before it."""
    written, baseline = [], 0.0
    for run, _, down, size in placed_runs(line.runs, line.size):
        look = ' font-style="italic"' if run.italic else ""
        look += f' font-size="{_number(size)}"' if size != line.size else ""
        look += f' dy="{_number(down - baseline)}"' if down != baseline else ""
        baseline = down
        written.append(f"<tspan{look}>{escaped(run.text)}</tspan>" if look else escaped(run.text))
    return "".join(written)


def _shape(element: Shape, theme: Theme, fill: str) -> str:
    x, y, width, height = element.x, element.y, element.width, element.height
    stroke = theme.strokes[element.role]
    if element.kind == "dot":
        paint = _filled(stroke.colour, fill)
    elif element.role in ("frame", "mark"):
        paint = f' fill="none" {_stroke(stroke)}'
    else:
        paint = f' fill="{_short(theme.fill)}" {_stroke(stroke)}'
    classes = ' class="mark"' if element.role == "mark" else ""
    if element.open != "none":
        return f'<path{classes} d="{"".join(map(_curve, element.lines()))}"{paint}/>'
    if element.kind == "box":
        corner = f'x="{_number(x - width / 2)}" y="{_number(y - height / 2)}" rx="{_number(element.radius)}"'
        return f'<rect{classes} {corner} width="{_number(width)}" height="{_number(height)}"{paint}/>'
    return f'<circle{classes} cx="{_number(x)}" cy="{_number(y)}" r="{_number(width / 2)}"{paint}/>'


def _cell(cell: Cell, theme: Theme) -> str:
    x, y, width, height = cell.x, cell.y, cell.width, cell.height
    frame = f'x="{_number(x)}" y="{_number(y)}" width="{_number(width)}" height="{_number(height)}"'
    edge = _stroke(theme.strokes["cell"])
    if cell.value is not None:
        return f'<rect class="cell" {frame} fill="{_short(shade(cell.value, theme))}" {edge}/>'
    cross = _lines(((x, y), (x + width, y + height))) + _lines(((x + width, y), (x, y + height)))
    mark = _stroke(theme.strokes["mark"])
    fill = _short(theme.fill)
    return f'<rect class="cell" {frame} fill="{fill}" {edge}/><path class="mark" d="{cross}" fill="none" {mark}/>'


def shade(value: float, theme: Theme) -> str:
    """Return the colour of a heat map's ``value`` between −1 and 1.

    >>> from bpviz.picture.theme import theme
    >>> shade(1, theme("light")) == theme("light").heat[2]
    True
    """
    least, zero, most = theme.heat
    return both(lambda one, other: mixed(one, other, min(abs(value), 1.0)), zero, most if value >= 0 else least)


def _stroke(stroke: Stroke) -> str:
    width = "" if stroke.width == 1.0 else f' stroke-width="{_number(stroke.width)}"'
    dash = f' stroke-dasharray="{" ".join(map(_number, stroke.dash))}"' if stroke.dash else ""
    return f'stroke="{_short(stroke.colour)}"{width}{dash}'


def _curve(points: tuple[Point, ...]) -> str:
    """Write a chain of cubic curves in relative coordinates, which are shorter.

    Coordinates are whole hundredths, so that no rounding adds up; level and upright lines have short forms.
    """
    x, y = round(points[0][0] * 100), round(points[0][1] * 100)
    steps = [f"M{_hundredths(x)},{_hundredths(y)}"]
    for i in range(1, len(points), 3):
        (ax, ay), (bx, by), (cx, cy) = points[i : i + 3]
        end, foot = round(cx * 100), round(cy * 100)
        if foot == y == round(ay * 100) == round(by * 100):
            steps.append(f"h{_hundredths(end - x)}")
        elif end == x == round(ax * 100) == round(bx * 100):
            steps.append(f"v{_hundredths(foot - y)}")
        else:
            into = round(ax * 100) - x, round(ay * 100) - y, round(bx * 100) - x, round(by * 100) - y
            steps.append(f"c{_row(*into, end - x, foot - y)}")
        x, y = end, foot
    return "".join(steps)


def _lines(points: tuple[Point, ...]) -> str:
    """Write straight lines in relative coordinates."""
    x, y = round(points[0][0] * 100), round(points[0][1] * 100)
    steps = [f"M{_hundredths(x)},{_hundredths(y)}"]
    for point in points[1:]:
        end, foot = round(point[0] * 100), round(point[1] * 100)
        if foot == y:
            steps.append(f"h{_hundredths(end - x)}")
        elif end == x:
            steps.append(f"v{_hundredths(foot - y)}")
        else:
            # The letter of a line holds for the lines after it.
            letter = " " if steps[-1][0] in "l " else "l"
            steps.append(f"{letter}{_row(end - x, foot - y)}")
        x, y = end, foot
    return "".join(steps).replace(" -", "-")


def _row(*counts: int) -> str:
    """Return numbers in a row; a sign separates two numbers as well as a comma.

    >>> _row(950, -325, 0)
    '9.5-3.25,0'
    """
    return ",".join(map(_hundredths, counts)).replace(",-", "-")


def _number(value: float) -> str:
    """Write a number with at most two decimals and no zeros at its end."""
    return _hundredths(round(value * 100))


@lru_cache(maxsize=1 << 14)
def _hundredths(count: int) -> str:
    return f"{count / 100:.2f}".rstrip("0").rstrip(".")
