"""Names and groups that the user's code gives to what it computes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from bpviz.errors import UsageError
from bpviz.recording.frames import current_groups
from bpviz.recording.handle import Handle
from bpviz.recording.scopes import Group

__all__ = ["group", "name"]

Value = TypeVar("Value")
Function = TypeVar("Function", bound=Callable[..., Any])


def name(value: Value, text: str = "", *, meaning: str = "") -> Value:
    """Give a value a name, a meaning, or both; what is not recorded is handed back as it is.

    The name is for the figure and for look-up, the meaning for the table that `bpviz.explain` makes.

    >>> import bpviz
    >>> graph = bpviz.trace(lambda x=100, t=1.1: bpviz.name(x * t, "税込み合計", meaning="what is paid"))
    >>> graph.outputs
    ('税込み合計',)

    Raises `UsageError` when neither is given, or one is no text.
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


class group:
    """A named group: everything recorded inside stands in one frame, which can be drawn closed or open.

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
        if mine in groups:
            del groups[groups.index(mine) :]

    def _open(self, made: Group) -> None:
        self._opened.append(made)
        current_groups().append(made)

    def __call__(self, function: Function) -> Function:
        """The same function, whose steps stand in a group of this title at every call."""
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
