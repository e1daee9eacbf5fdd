"""Pictures as SVG: one group per frame, wire and node, with every colour written out; no browser is needed.

Browsers, rasterisers and vector editors show the same bytes: no script, no outside link, and a style sheet only if the
theme is light or dark as the reader prefers (in an ``<img>`` as well).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from zlib import crc32

from bpviz import deadline
from bpviz.picture.elements import Bracket, Cell, Element, Head, Part, Path, Picture, Point, Shape, Text
from bpviz.picture.looks import Looks, mixed
from bpviz.picture.runs import placed_runs
from bpviz.picture.theme import Stroke, Theme
from bpviz.text import widths
from bpviz.text.colours import NO_BACKGROUND
from bpviz.text.escaping import escaped
from bpviz.text.language import ENGLISH, Language

__all__ = [
    "FONTS",
    "INHERITED",
    "PREFIX",
    "drawn",
    "finished",
    "followed",
    "frames",
    "group",
    "links",
    "opened",
    "page",
    "scoped",
    "shade",
    "unique",
    "write",
]

FONTS = f"'{widths.FAMILY}', Verdana, 'Noto Sans CJK JP', 'Hiragino Sans', 'Yu Gothic', Meiryo, IPAGothic, sans-serif"
"""The bundled font, fonts of the same width, then fonts with Japanese; a browser tries each in turn."""

_SIZE = 14.0
"""The size of most texts; they inherit it."""

INHERITED = f'font-family="{FONTS}" font-size="{_SIZE:g}" text-anchor="middle" fill="none"'
"""The attributes that all drawn elements inherit."""

_CLASSES = {
    "forward": "forward value",
    "backward": "backward value",
    "muted": "muted value",
    "constant": "constant value",
}


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
    day: _Written = {}
    night: _Written = {}
    for picture in pictures:
        lines = _pieces(picture, theme, day, say)
        if theme.dark is not None:
            lines = followed(lines, _pieces(picture, theme.dark, night, say), inline=inline)
        yield finished(lines)


def finished(lines: list[str]) -> bytes:
    """Return the pieces of a picture as a file."""
    return unique("\n".join([*lines, "</svg>\n"]))


def unique(document: str) -> bytes:
    """Return a document with its ids: different figures on one page need different ids, equal ones may share them."""
    body = document.encode("utf-8")
    return body.replace(PREFIX.encode(), f"bpviz-{crc32(body):08x}".encode())


_Written = dict[tuple[int, int], tuple[Part, str]]
"""The parts written so far, by place and identity; each part is kept, so that no other gets its identity."""


def _pieces(picture: Picture, theme: Theme, known: _Written, say: Language) -> list[str]:
    """Return the file without its end: a piece for the opening, the background and each part."""
    toned = Looks(theme)
    lines = opened(picture, theme, say)
    ends = links(picture)
    for number, part in enumerate(picture.parts):
        deadline.check("writing the file")
        key = number, id(part)
        if key not in known:
            look = toned[part.look]
            body = "\n".join(drawn(element, part, look) for element in part.elements)
            known[key] = part, group(part, number, body, ends.get(number))
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
        f'viewBox="0 0 {width} {height}" {INHERITED}>\n'
        f'<title id="{PREFIX}-title">{title}</title>\n'
        f'<desc id="{PREFIX}-desc">{escaped(picture.description)}</desc>',
        page(picture, theme),
    ]


def page(picture: Picture, theme: Theme) -> str:
    """Return the background."""
    size = f'width="{_number(picture.width)}" height="{_number(picture.height)}"'
    colour = NO_BACKGROUND if theme.transparent else theme.background
    return f'<rect class="background" {size} fill="{colour}"/>'


def followed(light: list[str], dark: list[str], *, inline: bool = False) -> list[str]:
    """Return a file that is light, and dark if the reader prefers that: elements that differ get a class and a rule.

    With ``inline`` it is dark when its page is: a reader may have chosen that with a button of the page.
    """
    rules: dict[str, str] = {}
    opening, *pieces = light
    both = []
    for piece, other in zip(pieces, dark[1:], strict=True):
        nights = iter(_TAG.findall(other))
        both.append(_TAG.sub(lambda tag, nights=nights: _classed(tag[0], next(nights), rules, inline), piece))  # type: ignore[misc]
    style = "".join(f".{PREFIX} .{name}{{{rule}}}" for rule, name in rules.items())
    when = "screen" if inline else "screen and (prefers-color-scheme:dark)"
    return [scoped(opening), f"<style>@media {when}{{{style}}}</style>", *both]


def scoped(opening: str) -> str:
    """Return the opening of a drawing with a unique class, so that rules apply to this drawing only."""
    return opening.replace('class="bpviz"', f'class="bpviz {PREFIX}"', 1)


_TAG = re.compile("<[a-z]+ class=[^>]*>")
_PAINT = re.compile('(fill|stroke)="(#[0-9A-F]{6})"')


def _classed(tag: str, night: str, rules: dict[str, str], inline: bool) -> str:
    pairs = zip(_PAINT.findall(tag), _PAINT.findall(night), strict=True)
    rule = ";".join(
        f"{paint}:{f'light-dark({light},{dark})' if inline else dark}"
        for (_, light), (paint, dark) in pairs
        if dark != light
    )
    if not rule:
        return tag
    name = rules.setdefault(rule, f"c{len(rules)}")
    return tag.replace('class="', f'class="{name} ', 1)


PREFIX = "\0"
"""Stands for the prefix of the ids until the whole file is known; no drawn text can contain it."""


def links(picture: Picture) -> dict[int, int]:
    """Return for each letter, by the number of its part, the number of its other end."""
    numbers = {part.id: number for number, part in enumerate(picture.parts)}
    return {number: numbers[part.link] for number, part in enumerate(picture.parts) if part.link in numbers}


def group(part: Part, number: int, body: str, link: int | None = None) -> str:
    """Return a part's elements as one group, with a description for screen readers.

    A click on it leads to the part with the number ``link``, and from there to this one: only these have an id.
    """
    id = ""
    if link is not None:
        id = f' id="{PREFIX}-{number}"'
        called = escaped(part.description).replace('"', "&quot;")
        body = f'<a href="#{PREFIX}-{link}" aria-label="{called}">{body}</a>'
    about = f"<title>{escaped(part.description)}</title>" if part.description else ""
    look = ("" if part.tone == "plain" else part.tone, "" if part.belongs == "forward" else "gradient")
    classes = " ".join(filter(None, (part.kind, part.detail, *look)))
    # An image has no links for screen readers.
    role = ' role="img"' if about and link is None else ""
    return f'<g class="{classes}"{id}{role}>{about}\n{body}\n</g>'


def drawn(element: Element, part: Part, theme: Theme) -> str:
    """Return an element as SVG, with the looks of its part."""
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
            kind = "bracket" if len(element.points) > 2 else "bar"
            return f'<path class="{kind}" d="{_lines(element.points)}" stroke="{theme.inks[element.role]}"/>'
        case _:
            raise TypeError(f"Not an element of a picture: {type(element).__name__}")


def _text(element: Text, part: Part, theme: Theme) -> str:
    classes = _CLASSES.get(element.role, element.role) if part.kind == "wire" else element.role
    anchor = "" if element.anchor == "middle" else f' text-anchor="{element.anchor}"'
    # Without this, spaces at the ends and in a row would be lost.
    space = ' xml:space="preserve"' if "  " in element.text or element.text != element.text.strip(" ") else ""
    size = "" if element.size == _SIZE else f' font-size="{_number(element.size)}"'
    body = _runs(element) if element.runs else escaped(element.text)
    if len(element.runs) == 1 and element.runs[0].level == 0:
        size, body = f'{size} font-style="italic"', escaped(element.text)
    place = f'x="{_number(element.x)}" y="{_number(element.y)}"{size}'
    ink = theme.inks[element.role]
    return f'<text class="{classes}" {place} fill="{ink}"{anchor}{space}>{body}</text>'


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
    if element.open != "none":
        return f'<path class="{classes}" d="{"".join(map(_curve, element.lines()))}" {paint}/>'
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
    cross = _lines(((x, y), (x + width, y + height))) + _lines(((x + width, y), (x, y + height)))
    mark = _stroke(theme.strokes["mark"])
    return f'<rect class="cell" {frame} fill="{theme.fill}" {edge}/><path class="mark" d="{cross}" {mark}/>'


def shade(value: float, theme: Theme) -> str:
    """Return the colour of a heat map's ``value`` between −1 and 1.

    >>> from bpviz.picture.theme import theme
    >>> shade(1, theme("light")) == theme("light").heat[2]
    True
    """
    least, zero, most = theme.heat
    end, share = (most, value) if value >= 0 else (least, -value)
    return mixed(zero, end, min(share, 1.0))


def _stroke(stroke: Stroke) -> str:
    width = "" if stroke.width == 1.0 else f' stroke-width="{_number(stroke.width)}"'
    dash = f' stroke-dasharray="{" ".join(map(_number, stroke.dash))}"' if stroke.dash else ""
    return f'stroke="{stroke.colour}"{width}{dash}'


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
            out = f"{_hundredths(round(ax * 100) - x)},{_hundredths(round(ay * 100) - y)}"
            into = f"{_hundredths(round(bx * 100) - x)},{_hundredths(round(by * 100) - y)}"
            steps.append(f"c{out} {into} {_hundredths(end - x)},{_hundredths(foot - y)}")
        x, y = end, foot
    return "".join(steps)


def _lines(points: tuple[Point, ...]) -> str:
    """Write straight lines in relative coordinates."""
    x, y = round(points[0][0] * 100), round(points[0][1] * 100)
    steps = [f"M{_hundredths(x)},{_hundredths(y)}"]
    for point in points[1:]:
        end, foot = round(point[0] * 100), round(point[1] * 100)
        steps.append(f"{'l' if len(steps) == 1 else ' '}{_hundredths(end - x)},{_hundredths(foot - y)}")
        x, y = end, foot
    return "".join(steps)


def _number(value: float) -> str:
    """Write a number with at most two decimals and no zeros at its end."""
    return _hundredths(round(value * 100))


@lru_cache(maxsize=1 << 14)
def _hundredths(count: int) -> str:
    return f"{count / 100:.2f}".rstrip("0").rstrip(".")
