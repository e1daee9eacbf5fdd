"""Colours for readers who prefer dark pages: a drawing is written once, each of its colours with the one by night.

While a drawing is written, a colour that differs by night is a pair, ``#FFFFFF|#1E1E1E``. `followed` then writes the
colour by day as an attribute, and the one by night as a rule of a style sheet.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from bpviz.picture.looks import Look, Looks
from bpviz.picture.theme import Theme

__all__ = ["PREFIX", "DaysAndNights", "both", "followed", "scoped"]

PREFIX = "\0"
"""Stands for the prefix of the ids until the whole file is known; no drawn text can contain it."""

_BETWEEN = "|"


class DaysAndNights:
    """The theme of every part, as `Looks`; in it each colour that differs by night is a pair.

    >>> from bpviz.picture.theme import theme
    >>> found = DaysAndNights(theme("auto"))
    >>> found.plain.background, found.plain.inks["muted"] == found["forward", "plain", ""].inks["muted"]
    ('#FFFFFF|#1E1E1E', True)
    >>> DaysAndNights(theme("light")).plain.background
    '#FFFFFF'
    """

    def __init__(self, theme: Theme) -> None:
        self._day = Looks(theme)
        self._night = None if theme.dark is None else Looks(theme.dark)
        self._known: dict[Look, Theme] = {}
        self.plain = theme if theme.dark is None else _paired(theme, theme.dark)

    def __getitem__(self, look: Look) -> Theme:
        if self._night is None:
            return self._day[look]
        if look not in self._known:
            self._known[look] = _paired(self._day[look], self._night[look])
        return self._known[look]


def _paired(day: Theme, night: Theme) -> Theme:
    """Return the theme by day with the colours by night beside its own."""
    strokes = {
        role: replace(stroke, colour=_pair(stroke.colour, night.strokes[role].colour))
        for role, stroke in day.strokes.items()
    }
    least, zero, most = map(_pair, day.heat, night.heat)
    return replace(
        day,
        background=_pair(day.background, night.background),
        fill=_pair(day.fill, night.fill),
        strokes=MappingProxyType(strokes),
        inks=MappingProxyType({role: _pair(ink, night.inks[role]) for role, ink in day.inks.items()}),
        heat=(least, zero, most),
    )


def _pair(day: str, night: str) -> str:
    return day if day == night else f"{day}{_BETWEEN}{night}"


def both(make: Callable[..., str], *colours: str) -> str:
    """Return the colour that ``make`` makes of colours, a pair if it differs by night.

    >>> both(lambda one, other: min(one, other), "#333333|#CCCCCC", "#444444")
    '#333333|#444444'
    """
    ends = [colour.split(_BETWEEN) for colour in colours]
    return _pair(*(make(*(end[side] for end in ends)) for side in (0, -1)))


def followed(lines: list[str], *, inline: bool = False) -> list[str]:
    """Return a drawing that is light, and dark if the reader prefers that; its first line is its opening.

    With ``inline`` it is dark when its page is: a reader may have chosen that with a button of the page. The style
    sheet comes after the opening, if any colour differs. A rule finds a colour by its attribute; where one colour by
    day has several by night, all but the most frequent are found by a class.
    """
    nights: dict[tuple[str, str], Counter[str]] = {}
    for line in lines:
        for paint, day, night in _PAINT.findall(line):
            nights.setdefault((paint, day), Counter())[night or day] += 1
    rules: dict[tuple[str, str, str], tuple[str, str]] = {}
    for (paint, day), counts in nights.items():
        # A colour that stays as it is has no class, so no rule for all may change it.
        stays = day in counts
        for night, _ in counts.most_common():
            if night != day:
                colour = f"light-dark({day},{night})" if inline else night
                first = not stays and night == counts.most_common(1)[0][0]
                selector = f'[{paint}="{day}"]' if first else f".c{len(rules)}"
                rules[paint, day, night] = selector, f"{{{paint}:{colour}}}"
    opening, *pieces = (_TAG.sub(lambda tag: _by_day(tag[0], rules), line) for line in lines)
    if not rules:
        return [opening, *pieces]
    # The opening has the colour that the whole drawing inherits.
    # Of two rules for one element the later one, with a class, is stronger.
    written = sorted(rules.values(), key=lambda rule: rule[0].startswith("."))
    style = "".join(f".{PREFIX} {selector},.{PREFIX}{selector}{rule}" for selector, rule in written)
    when = "screen" if inline else "screen and (prefers-color-scheme:dark)"
    return [scoped(opening), f"<style>@media {when}{{{style}}}</style>", *pieces]


def scoped(opening: str) -> str:
    """Return the opening of a drawing with a unique class, so that rules apply to this drawing only."""
    return _CLASS.sub(rf"\1bpviz {PREFIX}\2", opening, count=1)


_TAG = re.compile(r"<[a-z]+ [^<>]*\|[^<>]*>")
_PAINT = re.compile(r'(fill|stroke)="(#[0-9A-F]+)(?:\|(#[0-9A-F]+))?"')
_CLASS = re.compile('( class="(?:c[0-9]+ )*)bpviz(")')


def _by_day(tag: str, rules: Mapping[tuple[str, str, str], tuple[str, str]]) -> str:
    """Return a tag in its colours by day, with the classes of its rules."""
    found = [rules[paint][0] for paint in _PAINT.findall(tag) if paint[2]]
    names = " ".join(selector[1:] for selector in found if selector.startswith("."))
    tag = _PAINT.sub(r'\1="\2"', tag)
    if not names:
        return tag
    if ' class="' in tag:
        return tag.replace(' class="', f' class="{names} ', 1)
    start, rest = tag.split(" ", 1)
    return f'{start} class="{names}" {rest}'
