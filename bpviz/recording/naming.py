"""Names, groups and looks that the user's code gives to what it computes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from bpviz.errors import UsageError
from bpviz.recording.frames import current_groups
from bpviz.recording.handle import Handle
from bpviz.recording.scopes import Group
from bpviz.text.styles import Style, style_of

__all__ = ["group", "name", "style"]

Value = TypeVar("Value")
Function = TypeVar("Function", bound=Callable[..., Any])


def name(value: Value, text: str = "", *, meaning: str = "") -> Value:
    """Give a value a name, a meaning, or both, and return it; a plain value is returned as it is.

    The name is for the figure and for look-up, the meaning for the table that `bpviz.explain` makes.

    >>> import bpviz
    >>> graph = bpviz.trace(lambda x=100, t=1.1: bpviz.name(x * t, "税込み合計", meaning="what is paid"))
    >>> graph.outputs
    ('税込み合計',)

    Raises `UsageError` if neither is given, or one is no text.
    """
    if not (isinstance(text, str) and isinstance(meaning, str) and (text or meaning)):
        raise UsageError(
            f"a value is given a name, a meaning or both, as text, but got {text!r} and meaning={meaning!r}; "
            'write bpviz.name(x, "subtotal", meaning="before tax")'
        )
    if isinstance(value, Handle):
        if text:
            value.recorder.name(value.index, text)
        if meaning:
            value.recorder.meanings[value.index] = meaning
    return value


def style(value: Value, *, color: str | None = None, note: str | None = None, hide: bool | None = None) -> Value:
    """Give a value a look in figures, and return it; a plain value is returned as it is.

    - ``color``: the colour of its circle or name, and of its forward arrow and number, as ``#RRGGBB``.
    - ``note``: a short text above its number.
    - ``hide``: leaves out its numbers, the gradient too; the wire and its arrows stay.

    >>> import bpviz
    >>> graph = bpviz.trace(lambda x=0.5, w=2.0: bpviz.style(x * w, color="#0072B2", note="hidden state"))
    >>> bpviz.draw(graph).figure.boxes[2].color
    '#0072B2'

    Raises `UsageError` if no look is given, for a color that is none, and for a wrong note or hide.
    """
    given = {"color": color, "note": note, "hide": hide}
    if all(part is None for part in given.values()):
        raise UsageError("a style has a color, a note or hide; write bpviz.style(h, color='#0072B2', note='hidden')")
    found = style_of(given, "bpviz.style")
    if isinstance(value, Handle):
        styles = value.recorder.styles
        styles[value.index] = found.over(styles.get(value.index, Style()))
    return value


class group:
    """A named group: everything recorded inside is drawn in one frame, closed or open.

    >>> import bpviz
    >>> def model(x=2.0, w=3.0):
    ...     with bpviz.group("Affine 1"):
    ...         y = x * w
    ...     return y + 1
    >>> bpviz.trace(model)["y"].scope
    <scope 1 Affine 1>

    As a decorator it names the group of a function's steps.
    """

    def __init__(self, title: str) -> None:
        if not isinstance(title, str):
            raise UsageError(f'a group needs a title, but got {title!r}; write @bpviz.group("Affine 1")')
        self.title = title
        self._opened: list[Group] = []

    def __enter__(self) -> group:
        self._open(Group(self.title, sys._getframe(1)))
        return self

    def __exit__(self, *exception: object) -> None:
        groups = current_groups()
        mine = self._opened.pop()
        if groups and groups[-1] is mine:
            # The usual case, however many are open.
            groups.close_from(len(groups) - 1)
        elif mine in groups:
            groups.close_from(groups.index(mine))

    def _open(self, made: Group) -> None:
        self._opened.append(made)
        current_groups().append(made)

    def __call__(self, function: Function) -> Function:
        """Return the same function, whose steps are in a group of this title at every call."""
        title = self.title

        @wraps(function)
        def grouped(*args: Any, **kwargs: Any) -> Any:
            frame = sys._getframe(1)
            own = group(title)
            own._open(Group(title, frame, getattr(function, "__code__", None)))
            try:
                return function(*args, **kwargs)
            finally:
                own.__exit__()

        return grouped  # type: ignore[return-value]
