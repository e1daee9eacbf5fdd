"""Themes: what each role of a picture looks like. Pictures name roles, never colours.

Lengths are points. Colour is never the only sign: forward lines are thin and backward lines thick, numbers of the
forward pass stand above their wire and gradients below it, marked content is boxed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal, get_args

from bpviz.errors import UsageError, did_you_mean
from bpviz.figure import Tone

__all__ = ["THEMES", "LineRole", "Stroke", "TextRole", "Theme", "looks", "mixed", "theme"]

LineRole = Literal["forward", "backward", "constant", "node", "group", "frame", "mark", "cell"]
TextRole = Literal["name", "constant", "symbol", "forward", "backward", "muted", "frame", "title", "note"]


@dataclass(frozen=True, slots=True)
class Stroke:
    """A line: its colour, its width and, where it is dashed, the lengths of dash and gap."""

    colour: str
    width: float
    dash: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours, line widths, type sizes and distances of a figure.

    ``fill`` is the inside of boxes; ``heat`` holds the colours of −1, 0 and 1. ``pale`` is the ink of text in the
    background, ``shared`` the line of gradients that serve several others (see `looks`). ``gap`` parts the middles of
    the two arrows of a wire, ``clearance`` their text from them; ``head`` is the length and the width of an arrow head;
    ``node`` the diameter of a circle that holds a short symbol, ``dot`` that of a branch dot; ``margin`` lies between
    the figure and the edge of its page.
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


def theme(name: str) -> Theme:
    """Return the theme called ``name``.

    Raises: UsageError where there is none; the message offers what comes close.

    >>> theme("dark").background
    '#1E1E1E'
    """
    if name in THEMES:
        return THEMES[name]
    hint = did_you_mean(name, THEMES, "choose another")
    raise UsageError(f"there is no theme {name!r}; {hint} (there are: {', '.join(THEMES)})")


def looks(theme: Theme) -> Mapping[Tone, Theme]:
    """Return the theme as it is in each tone.

    In the background lines almost vanish and text stays just legible; what is brought to the front has thicker lines;
    what is shared has a line of its own for gradients and outlines.

    >>> looks(theme("light"))["strong"].strokes["backward"].width
    3.4
    """
    return MappingProxyType({tone: _toned(theme, tone) for tone in get_args(Tone)})


def _toned(theme: Theme, tone: Tone) -> Theme:
    strokes, inks, heat = dict(theme.strokes), dict(theme.inks), theme.heat
    match tone:
        case "plain":
            return theme
        case "pale":
            strokes = {role: replace(s, colour=mixed(s.colour, theme.background, _PALE)) for role, s in strokes.items()}
            inks = dict.fromkeys(inks, theme.pale)
            heat = tuple(mixed(colour, theme.background, _PALE) for colour in heat)  # type: ignore[assignment]
        case "strong":
            strokes = {role: replace(s, width=round(s.width * _STRONG, 2)) for role, s in strokes.items()}
        case "shared":
            strokes |= {"backward": theme.shared, "node": replace(theme.shared, dash=())}
            inks["backward"] = theme.shared.colour
        case _:
            raise TypeError(f"Not a tone: {tone!r}")
    return replace(theme, strokes=MappingProxyType(strokes), inks=MappingProxyType(inks), heat=heat)


_PALE = 0.75
"""How much of the background is in the lines of what stands in it."""
_STRONG = 1.7
"""How many times as thick lines are that are brought to the front."""


def mixed(colour: str, other: str, share: float) -> str:
    """Return a colour with a share (0 to 1) of another mixed into it.

    >>> mixed("#000000", "#FFFFFF", 0.5)
    '#808080'
    """
    ends = ((int(colour[i : i + 2], 16), int(other[i : i + 2], 16)) for i in (1, 3, 5))
    channels = (round(start + (end - start) * share) for start, end in ends)
    return "#" + "".join(f"{channel:02X}" for channel in channels)


_SIZES: Mapping[TextRole, float] = MappingProxyType(
    {
        "name": 14.0,
        "constant": 14.0,
        "symbol": 14.0,
        "forward": 14.0,
        "backward": 14.0,
        "muted": 14.0,
        "frame": 12.0,
        "title": 17.0,
        "note": 12.0,
    }
)


def _made(
    name: str,
    *,
    background: str,
    ink: str,
    forward: str,
    backward: str,
    grey: str,
    mark: str,
    heat: tuple[str, str, str],
    pale: str,
    shared: Stroke,
    backward_stroke: Stroke | None = None,
) -> Theme:
    """Spread a handful of colours over the roles."""
    strokes: dict[LineRole, Stroke] = {
        "forward": Stroke(forward, 1.0),
        "backward": backward_stroke or Stroke(backward, 2.0),
        "constant": Stroke(grey, 1.0),
        "node": Stroke(ink, 1.0),
        "group": Stroke(ink, 2.2),
        "frame": Stroke(grey, 1.0, (6.0, 4.0)),
        "mark": Stroke(mark, 1.4),
        "cell": Stroke(grey, 0.6),
    }
    inks: dict[TextRole, str] = {
        "name": ink,
        "constant": grey,
        "symbol": ink,
        "forward": forward,
        "backward": backward,
        "muted": grey,
        "frame": ink,
        "title": ink,
        "note": grey,
    }
    return Theme(
        name, background, background, MappingProxyType(strokes), MappingProxyType(inks), heat, pale, shared, _SIZES
    )


_LIGHT = _made(
    "light",
    background="#FFFFFF",
    ink="#1A1A1A",
    forward="#1A1A1A",
    backward="#B84A00",
    grey="#6B6B6B",
    mark="#C2185B",
    heat=("#2166AC", "#F5F5F5", "#B2182B"),
    pale="#757575",
    shared=Stroke("#7B1FA2", 3.0),
)
_DARK = _made(
    "dark",
    background="#1E1E1E",
    ink="#E6E6E6",
    forward="#56B4E9",
    backward="#E69F00",
    grey="#A0A0A0",
    mark="#FF6F91",
    heat=("#56B4E9", "#333333", "#FF8A65"),
    pale="#8C8C8C",
    shared=Stroke("#CE93D8", 3.0),
)
_BOOK = _made(
    "book",
    background="#FFFFFF",
    ink="#000000",
    forward="#000000",
    backward="#0072B2",
    grey="#666666",
    mark="#0072B2",
    heat=("#0072B2", "#FFFFFF", "#000000"),
    pale="#757575",
    # One accent only: what is shared is told by its weight.
    shared=Stroke("#0072B2", 3.6),
)
# One ink only: the gradient is dashed as well as thick, and heat runs from white to black.
_PRINT = _made(
    "print",
    background="#FFFFFF",
    ink="#000000",
    forward="#000000",
    backward="#000000",
    grey="#555555",
    mark="#000000",
    heat=("#FFFFFF", "#A6A6A6", "#000000"),
    pale="#757575",
    shared=Stroke("#000000", 3.6),
    backward_stroke=Stroke("#000000", 1.8, (4.0, 2.5)),
)

THEMES: Mapping[str, Theme] = MappingProxyType({made.name: made for made in (_LIGHT, _DARK, _BOOK, _PRINT)})
"""Every theme by its name."""
