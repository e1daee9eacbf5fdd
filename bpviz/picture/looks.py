"""The look of every part of a picture: the theme, changed by the part's pass, its tone and its own colour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import get_args

from bpviz.figure import Pass, Tone
from bpviz.picture.theme import LineRole, Stroke, TextRole, Theme

__all__ = ["Look", "Looks", "looks", "mixed"]


def looks(theme: Theme, belongs: Pass = "forward", color: str = "") -> Mapping[Tone, Theme]:
    """Return the theme for each tone, for steps of the forward pass or of the backward pass.

    A value's own ``color`` is that of its outline, its name, its forward arrow and its number.

    In the background, lines are very pale and text is just readable; in front, lines are thicker; shared factors have
    another line for gradients and outlines. Steps of the backward pass carry gradients: their lines, outlines and
    symbols are drawn as gradients are.

    >>> from bpviz.picture.theme import theme
    >>> looks(theme("light"))["strong"].strokes["backward"].width
    3.4
    """
    if belongs == "backward":
        theme = _backward(theme)
    if color:
        theme = _coloured(theme, color)
    return MappingProxyType({tone: _toned(theme, tone, belongs) for tone in get_args(Tone)})


class Looks:
    """The theme for every part of a picture: by the pass it belongs to, its tone, and its own colour if it has one.

    >>> from bpviz.picture.theme import theme
    >>> Looks(theme("light"))["backward", "plain", ""].strokes["forward"].width
    2.0
    """

    def __init__(self, theme: Theme) -> None:
        self._theme = theme
        self._known: dict[tuple[Pass, str], Mapping[Tone, Theme]] = {}

    def __getitem__(self, look: Look) -> Theme:
        belongs, tone, color = look
        if (belongs, color) not in self._known:
            self._known[belongs, color] = looks(self._theme, belongs, color)
        return self._known[belongs, color][tone]


Look = tuple[Pass, Tone, str]
"""The pass of a part, its tone, and its own colour: ``#RRGGBB``, or empty."""


def _coloured(theme: Theme, color: str) -> Theme:
    """Return the theme in which everything but gradients has a colour."""
    lines: tuple[LineRole, ...] = ("forward", "constant", "node", "group")
    texts: tuple[TextRole, ...] = ("name", "symbol", "forward", "constant", "muted")
    strokes = {**theme.strokes, **{role: replace(theme.strokes[role], colour=color) for role in lines}}
    inks = {**theme.inks, **dict.fromkeys(texts, color)}
    return replace(theme, strokes=MappingProxyType(strokes), inks=MappingProxyType(inks))


def _backward(theme: Theme) -> Theme:
    """Return the theme in which forward arrows, and the boxes they start from, look like the backward pass."""
    line = theme.strokes["backward"]
    node = Stroke(line.colour, line.width, ())
    carriers: tuple[TextRole, ...] = ("forward", "symbol", "name")
    inks = {**theme.inks, **dict.fromkeys(carriers, theme.inks["backward"])}
    strokes = MappingProxyType({**theme.strokes, "forward": line, "node": node})
    return replace(theme, strokes=strokes, inks=MappingProxyType(inks))


def _toned(theme: Theme, tone: Tone, belongs: Pass) -> Theme:
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
            carriers: tuple[Pass, ...] = ("forward", "backward") if belongs == "backward" else ("backward",)
            for carrier in carriers:
                strokes[carrier], inks[carrier] = theme.shared, theme.shared.colour
            strokes["node"] = replace(theme.shared, dash=())
        case _:
            raise TypeError(f"Not a tone: {tone!r}")
    return replace(theme, strokes=MappingProxyType(strokes), inks=MappingProxyType(inks), heat=heat)


_PALE = 0.75
"""The share of the background colour in lines of the background."""
_STRONG = 1.7
"""How many times as thick lines in front are."""


def mixed(colour: str, other: str, share: float) -> str:
    """Return a mix of two colours; ``share`` (0 to 1) is that of the second.

    >>> mixed("#000000", "#FFFFFF", 0.5)
    '#808080'
    """
    ends = ((int(colour[i : i + 2], 16), int(other[i : i + 2], 16)) for i in (1, 3, 5))
    channels = (round(start + (end - start) * share) for start, end in ends)
    return "#" + "".join(f"{channel:02X}" for channel in channels)
