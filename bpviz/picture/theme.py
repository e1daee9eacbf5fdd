"""Themes: how each role of a picture looks. Pictures name roles, never colours.

A theme is one small TOML file, one of bpviz's (``bpviz/picture/themes``) or the user's. Lengths are points. Colour is
never the only sign: forward lines are thin, backward lines thick; values stand above their wire and gradients below it;
marked content is boxed.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args

from bpviz.errors import BpvizWarning, UsageError, did_you_mean
from bpviz.frozen import dataclass
from bpviz.tables import read_table
from bpviz.text.colours import NO_BACKGROUND, checked_background, colour
from bpviz.text.notation import MATH, Notation
from bpviz.text.styles import Styles, named_styles
from bpviz.text.typefaces import Typeface, room_width, typeface

__all__ = [
    "LineRole",
    "Stroke",
    "TextRole",
    "Theme",
    "contrast",
    "faint_colors",
    "names",
    "on_background",
    "theme",
]

LineRole = Literal["forward", "backward", "constant", "node", "group", "frame", "mark", "cell"]
TextRole = Literal["name", "constant", "symbol", "forward", "backward", "muted", "frame", "title", "note"]


@dataclass(frozen=True, slots=True)
class Stroke:
    """A line: its colour, its width and, if it is dashed, the lengths of dash and gap."""

    colour: str
    width: float
    dash: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours, line widths, type sizes and distances of a figure.

    ``fill`` is the inside of boxes; ``heat`` holds the colours of −1, 0 and 1. ``pale`` is the colour of text in the
    background, ``shared`` the line of shared factors (see `looks`). ``gap`` is the distance between the two arrows of a
    wire, ``clearance`` that between an arrow and its text; ``head`` the length and the width of an arrow head; ``node``
    the diameter of a circle that holds a short symbol, ``dot`` that of a branch dot; ``margin`` lies between the figure
    and the edge of its page. ``dark``, where given, is the theme for readers who prefer dark pages, in formats that can
    follow (SVG, HTML). If it is ``transparent``, the page and the boxes are not painted, and ``background`` is only the
    colour of the page that is assumed behind them. ``styles`` are the looks of values with these names.
    ``notation`` is that of the names of the figure that is being set. ``font`` is the author's, if there is one.
    """

    name: str
    background: str
    fill: str
    strokes: Mapping[LineRole, Stroke]
    inks: Mapping[TextRole, str]
    heat: tuple[str, str, str]
    pale: str
    shared: Stroke
    sizes: Mapping[TextRole, float]
    gap: float = 5.0
    clearance: float = 3.0
    head: tuple[float, float] = (9.5, 6.5)
    node: float = 36.0
    dot: float = 6.0
    margin: float = 8.0
    dark: Theme | None = None
    transparent: bool = False
    styles: Styles = ()
    notation: Notation = MATH
    font: Typeface | None = None

    def room(self, text: str, size: float) -> float:
        """Return the room of a text in the theme's font, at a size in points; see `bpviz.text.typefaces`."""
        return room_width(text, size, self.font)


_HOME = Path(__file__).parent / "themes"
_SUFFIX = ".toml"


def names() -> tuple[str, ...]:
    """Return the names of bpviz's own themes.

    >>> names()
    ('auto', 'book', 'cs231n', 'dark', 'light', 'print')
    """
    return tuple(sorted(path.stem for path in _HOME.glob(f"*{_SUFFIX}")))


def theme(name: str) -> Theme:
    """Return the theme called ``name``, or that of a file ``name.toml``.

    A file may set any of the keys of bpviz's own themes; the others are those of its ``base`` (light, where it names
    none). ``dark`` names the theme for readers who prefer dark pages. Where text is hard to read, a warning says so.

    Raises `UsageError` when there is no such theme (the message offers similar names), and for a file with unknown keys
    or with values that are not colours or numbers.

    >>> theme("dark").background
    '#1E1E1E'
    """
    return _found(name, ())


def _found(name: str, within: tuple[Path, ...]) -> Theme:
    """Return the theme of that name; ``within`` are the files that name it, one the other."""
    path = Path(name) if name.endswith(_SUFFIX) else _HOME / f"{name}{_SUFFIX}"
    if any(path == other or _same_file(path, other) for other in within):
        raise _Wrong("is its own base; name another, such as 'light'")
    try:
        # A user's file is read each time: it may have changed, and so may the files that it names.
        return _read(path, within) if path.parent != _HOME else _of_our_own(path)
    except (FileNotFoundError, NotADirectoryError):
        if name.endswith(_SUFFIX):
            raise UsageError(f"there is no file {name!r} with a theme; choose one of {', '.join(names())}") from None
        hint = did_you_mean(name, names(), "choose another, or name a file: my.toml")
        raise UsageError(f"there is no theme {name!r}; {hint} (there are: {', '.join(names())})") from None


def _same_file(path: Path, other: Path) -> bool:
    """Return whether two paths lead to one file, through links too."""
    try:
        return path.samefile(other)
    except (OSError, ValueError):  # no such file, or a name that no file can have
        return False


@lru_cache
def _of_our_own(path: Path) -> Theme:
    return _read(path, ())


def _read(path: Path, within: tuple[Path, ...]) -> Theme:
    """Return the theme of a file; ``within`` are the files that name it, one the other."""
    called = f"the theme {str(path)!r}"
    try:
        return _made(path, read_table(path, called), within)
    except _Wrong as error:
        raise UsageError(f"{called} {error}") from None


class _Wrong(Exception):
    """A fault in a theme's file, in words that follow the file's name."""


_COLOURS = ("background", "ink", "forward", "backward", "grey", "pale", "shared", "mark")
_NONE = ("background", NO_BACKGROUND)
_MEASURES = ("gap", "clearance", "node", "dot", "margin")
_FONT = ("upright", "italic")
_KEYS = ("base", "dark", *_COLOURS, "heat", "lines", "sizes", "measures", "styles", "font")


def _made(path: Path, table: Mapping[str, Any], within: tuple[Path, ...]) -> Theme:
    """Return the theme that the table of a file describes, on top of its base."""
    _only(table, _KEYS, "")
    others = {key: _other(table[key], (*within, path)) for key in ("base", "dark") if key in table}
    base = others.get("base") or (_BARE if path.parent == _HOME else theme("light"))
    colours = {key: _colour(key, table[key]) for key in _COLOURS if key in table and (key, table[key]) != _NONE}
    lines = table.get("lines", {})
    _only(lines, (*get_args(LineRole), "shared"), "lines.")
    strokes = {role: _stroke(role, s, colours, lines.get(role, {})) for role, s in base.strokes.items()}
    see_through = table.get("background") == NO_BACKGROUND
    inks = {role: colours.get(_INKS[role], ink) for role, ink in base.inks.items()}
    sizes, measures = table.get("sizes", {}), table.get("measures", {})
    _only(sizes, get_args(TextRole), "sizes.")
    _only(measures, _MEASURES, "measures.")
    made = replace(
        base,
        name=path.stem,
        background=colours.get("background", base.background),
        fill=NO_BACKGROUND if see_through else colours.get("background", base.fill),
        transparent=see_through or (base.transparent and "background" not in colours),
        strokes=MappingProxyType(strokes),
        inks=MappingProxyType(inks),
        heat=_heat(table["heat"]) if "heat" in table else base.heat,
        pale=colours.get("pale", base.pale),
        shared=_stroke("shared", base.shared, colours, lines.get("shared", {})),
        sizes=MappingProxyType({**base.sizes, **{k: _length(f"sizes.{k}", v) for k, v in sizes.items()}}),
        dark=others.get("dark", base.dark),
        styles=(*base.styles, *_styles(table.get("styles", {}))),
        font=_font(table["font"], path.parent) if "font" in table else base.font,
    )
    made = replace(made, **{key: _length(f"measures.{key}", value) for key, value in measures.items()})  # type: ignore[arg-type]
    _check_contrast(made, f"in the theme {path.stem!r}")
    return made


def on_background(made: Theme, background: str | None) -> Theme:
    """Return a theme with another background, if there is one: a colour, or ``none`` for a transparent page.

    With a colour it no longer follows readers who prefer dark pages. Where text is hard to read, a warning says so.

    >>> on_background(theme("auto"), "none").transparent, on_background(theme("light"), "#FFF").background
    (True, '#FFFFFF')

    Raises `UsageError` for anything else.
    """
    found = checked_background(background)
    if found is None:
        return made
    if found == NO_BACKGROUND:
        dark = made.dark and on_background(made.dark, found)
        return replace(made, fill=NO_BACKGROUND, transparent=True, dark=dark)
    made = replace(made, background=found, fill=found, transparent=False, dark=None)
    _check_contrast(made, f"on the background {found}")
    return made


def faint_colors(colors: Iterable[str], made: Theme) -> list[str]:
    """Return those of an author's colours in which little can be seen on a page of a theme, dark or light.

    Their contrast is less than 3:1, what WCAG 2 asks of graphics; no colour reaches that of text on both pages.

    >>> faint_colors(["#0072B2", "#E69F00"], theme("light")), faint_colors(["#222266", "#E69F00"], theme("dark"))
    (['#E69F00'], ['#222266'])
    """
    grounds = [look.background for look in (made, made.dark) if look is not None]
    return sorted({color for color in colors for ground in grounds if contrast(color, ground) < _VISIBLE})


def _check_contrast(made: Theme, where: str) -> None:
    """Warn of text that is hard to read."""
    faint = sorted(role for role, ink in made.inks.items() if contrast(ink, made.background) < _LEGIBLE)
    if faint:
        warnings.warn(
            f"{where} the text of {', '.join(faint)} is hard to read: its contrast to the "
            f"background is less than {_LEGIBLE}:1",
            BpvizWarning,
            stacklevel=3,
        )


def _styles(table: Any) -> Styles:
    if not isinstance(table, dict):
        raise _Wrong(f"has styles = {table!r}; a table is expected for each value: [styles.h]")
    try:
        return named_styles(table)
    except UsageError as error:
        raise _Wrong(f"has a wrong style: {error}") from None


def _font(table: Any, folder: Path) -> Typeface:
    """Return the font of two files, whose paths are meant from the folder of the theme."""
    _only(table, _FONT, "font.")
    for key in _FONT:
        if not isinstance(table.get(key), str):
            given = f"font.{key} = {table[key]!r}" if key in table else f"a font without {key!r}"
            raise _Wrong(f"has {given}; two font files are expected: font.upright and font.italic, such as 'Book.ttf'")
    try:
        return typeface(folder / table["upright"], folder / table["italic"])
    except UsageError as error:
        raise _Wrong(f"has a wrong font: {error}") from None


def _other(name: Any, within: tuple[Path, ...]) -> Theme:
    """Return the theme that a file names: one of bpviz's, or a file in the same folder."""
    if not isinstance(name, str):
        raise _Wrong(f"names another theme as {name!r}; write its name in quotes, such as 'light'")
    return _found(str(within[-1].parent / name) if name.endswith(_SUFFIX) else name, within)


def _only(table: Any, known: Iterable[str], where: str) -> None:
    if not isinstance(table, dict):
        raise _Wrong(f"has {where.rstrip('.')} = {table!r}; a table is expected: [{where.rstrip('.')}]")
    for key in table:
        if key not in known:
            hint = did_you_mean(key, known, f"there are: {', '.join(known)}")
            raise _Wrong(f"has an unknown key {where + key!r}; {hint}")


def _colour(key: str, value: Any) -> str:
    found = colour(value)
    if found is None:
        hint = ", or 'none' for a transparent page" if key == "background" else ""
        raise _Wrong(f"has {key} = {value!r}; a colour is written as '#RRGGBB', such as '#B84A00'{hint}")
    return found


def _heat(value: Any) -> tuple[str, str, str]:
    if not isinstance(value, list) or len(value) != 3:
        raise _Wrong(f"has heat = {value!r}; three colours are expected: of −1, 0 and 1")
    least, zero, most = (_colour("heat", colour) for colour in value)
    return least, zero, most


def _length(key: str, value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < 1000:
        raise _Wrong(f"has {key} = {value!r}; a length in points is expected, such as 14")
    return float(value)


def _stroke(role: str, base: Stroke, colours: Mapping[str, str], given: Any) -> Stroke:
    """Return the base's line in this theme's colour, with the width and the dash that the file gives."""
    _only(given, ("width", "dash"), f"lines.{role}.")
    width = _length(f"lines.{role}.width", given["width"]) if "width" in given else base.width
    dash = _dash(f"lines.{role}.dash", given["dash"]) if "dash" in given else base.dash
    return Stroke(colours.get(_LINES[role], base.colour), width, dash)


def _dash(key: str, value: Any) -> tuple[float, ...]:
    if not isinstance(value, list) or len(value) > 2:
        raise _Wrong(f"has {key} = {value!r}; the lengths of a dash and a gap are expected, such as [6, 4]")
    return tuple(_length(key, part) for part in value)


_LINES: Mapping[str, str] = {
    "forward": "forward",
    "backward": "backward",
    "constant": "grey",
    "node": "ink",
    "group": "ink",
    "frame": "grey",
    "mark": "mark",
    "cell": "grey",
    "shared": "shared",
}
"""The colour, by its key in the file, of each kind of line."""

_INKS: Mapping[TextRole, str] = {
    "name": "ink",
    "constant": "grey",
    "symbol": "ink",
    "forward": "forward",
    "backward": "backward",
    "muted": "grey",
    "frame": "ink",
    "title": "ink",
    "note": "grey",
}
"""The colour, by its key in the file, of each kind of text."""

_BARE = Theme(
    name="",
    background="",
    fill="",
    strokes=MappingProxyType(
        {
            "forward": Stroke("", 1.0),
            "backward": Stroke("", 2.0),
            "constant": Stroke("", 1.0),
            "node": Stroke("", 1.0),
            "group": Stroke("", 2.2),
            "frame": Stroke("", 1.0, (6.0, 4.0)),
            "mark": Stroke("", 1.4),
            "cell": Stroke("", 0.6),
        }
    ),
    inks=MappingProxyType(dict.fromkeys(_INKS, "")),
    heat=("", "", ""),
    pale="",
    shared=Stroke("", 3.0),
    sizes=MappingProxyType({**dict.fromkeys(_INKS, 14.0), "frame": 12.0, "title": 17.0, "note": 12.0}),
)
"""The measures that bpviz's own themes start from; each theme sets all colours."""

_LEGIBLE = 4.5
_VISIBLE = 3.0


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, from 1 to 21, as WCAG 2 defines it; text needs 4.5 or more.

    >>> contrast("#000000", "#FFFFFF")
    21.0
    """
    dark, light = sorted(map(_luminance, (one, other)))
    return round((light + 0.05) / (dark + 0.05), 2)


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
