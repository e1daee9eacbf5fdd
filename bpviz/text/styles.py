"""The looks that an author gives to single values: a colour, a note, numbers that are not shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from bpviz.errors import UsageError, closest, did_you_mean
from bpviz.frozen import dataclass
from bpviz.text.colours import colour

__all__ = ["Style", "Styles", "named_styles", "style_of"]

_KEYS = ("color", "note", "hide")
_WORD = re.compile(rf"(?P<name>.+?):(?P<key>{'|'.join(_KEYS)})(?:=(?P<value>.*))?", re.DOTALL)
_EXAMPLES = "h:color=#0072B2, 'h:note=hidden state' or h:hide"


@dataclass(frozen=True, slots=True)
class Style:
    """The look of a value. ``color`` is ``#RRGGBB``, ``note`` a short text beside it, ``hide`` leaves out its numbers.

    Empty texts and ``None`` are no choice.
    """

    color: str = ""
    note: str = ""
    hide: bool | None = None

    def over(self, other: Style) -> Style:
        """Return this style, with what it does not choose from another.

        >>> Style(color="#0072B2").over(Style(color="#000000", note="hidden state"))
        Style(color='#0072B2', note='hidden state', hide=None)
        """
        return Style(self.color or other.color, self.note or other.note, other.hide if self.hide is None else self.hide)


Styles = tuple[tuple[str, Style], ...]
"""Names of values, each with its style; the later of two styles for one value wins."""


def style_of(given: Any, called: str) -> Style:
    """Return the style that a dict describes; ``called`` says in messages whose style it is.

    >>> style_of({"color": "#07b", "hide": True}, "the style of 'h'")
    Style(color='#0077BB', note='', hide=True)

    Raises `UsageError` for an unknown key, or a wrong value.
    """
    if isinstance(given, Style):
        return given
    if not isinstance(given, Mapping):
        raise UsageError(f"{called} must be a dict such as {{'color': '#0072B2', 'note': 'hidden'}}, but got {given!r}")
    for key in given:
        if key not in _KEYS:
            hint = did_you_mean(key, _KEYS, f"there are: {', '.join(_KEYS)}")
            raise UsageError(f"{called} has an unknown key {key!r}; {hint}")
    painted, note, hide = given.get("color"), given.get("note"), given.get("hide")
    found = colour(painted)
    if painted is not None and found is None:
        raise UsageError(f"the color of {called} must be written as #RRGGBB, such as #0072B2, but got {painted!r}")
    if note is not None and not isinstance(note, str):
        raise UsageError(f"the note of {called} must be a text, but got {note!r}")
    if hide is not None and not isinstance(hide, bool):
        raise UsageError(f"the hide of {called} must be True or False, but got {hide!r}")
    return Style(found or "", note or "", hide)


def named_styles(given: Mapping[str, Any] | Iterable[Any]) -> Styles:
    """Return the styles of a dict, or of words as on the command line.

    >>> named_styles({"h": {"note": "hidden"}}) == named_styles(["h:note=hidden"])
    True
    >>> named_styles(["params['W']:color=#0072B2", "b:hide"])
    (("params['W']", Style(color='#0072B2', note='', hide=None)), ('b', Style(color='', note='', hide=True)))

    Raises `UsageError` for what is neither, and what `style_of` raises.
    """
    if isinstance(given, Mapping):
        return tuple((_name(name), style_of(style, f"the style of {name!r}")) for name, style in given.items())
    if isinstance(given, str):
        given = (given,)
    return tuple(_spelled(word) if isinstance(word, str) else word for word in given)


def _name(name: Any) -> str:
    if not isinstance(name, str):
        raise UsageError(f"styles are given by names of values, such as {{'h': {{'hide': True}}}}, but got {name!r}")
    return name


def _spelled(word: str) -> tuple[str, Style]:
    """Return the value's name and its style from a word of the command line."""
    found = _WORD.fullmatch(word)
    if found is None:
        key = closest(word.rpartition(":")[2].partition("=")[0], _KEYS)
        hint = f"did you mean {key!r}? " if key else ""
        raise UsageError(f"a style is given as {_EXAMPLES}, but got {word!r}; {hint}the keys are {', '.join(_KEYS)}")
    name, key, value = found["name"], found["key"], found["value"]
    if (key == "hide") == bool(value):
        expected = "stands alone" if key == "hide" else "needs a value"
        raise UsageError(f"a style is given as {_EXAMPLES}, but got {word!r}; {key} {expected}")
    return name, style_of({key: True if key == "hide" else value}, f"the style of {name!r}")
