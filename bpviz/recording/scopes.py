"""Where a step stands: the calls and named groups around it, and the code that it is written in."""

from __future__ import annotations

import re
from types import CodeType, FrameType

from bpviz.text.language import ENGLISH, Language

__all__ = ["Group", "Scope", "around_both", "gradient_title", "group_path", "parted_title", "title_of"]

_GRADIENT = r"(?:gradient|derivative of order (\d+)) of (.+)"


class Scope:
    """One call of one of the user's functions (or one ``bpviz.group``): the steps recorded in it form a group.

    ``parent`` is the group around it. ``code`` is what its steps were written in, ``caller`` the scope that called
    that code, and ``call_offset`` where the caller stood.
    """

    __slots__ = ("call_offset", "caller", "code", "index", "parent", "title")

    def __init__(
        self,
        index: int,
        parent: Scope | None,
        title: str,
        code: CodeType,
        call_offset: int,
        caller: Scope | None = None,
    ) -> None:
        self.index = index
        self.parent = parent
        self.title = title
        self.code = code
        self.call_offset = call_offset
        self.caller = caller

    def within(self, code: CodeType, call_offset: int, caller: Scope | None) -> Scope:
        """The same group, for steps that are written in other code: a lambda, a cell of a notebook."""
        return Scope(self.index, self.parent, self.title, code, call_offset, caller)

    def __repr__(self) -> str:
        return f"<scope {self.index} {self.title}>"


class Group:
    """A group that the user opened by name; ``frame`` is where, ``skips`` the function that it stands for."""

    __slots__ = ("frame", "skips", "title")

    def __init__(self, title: str, frame: FrameType, skips: CodeType | None = None) -> None:
        self.title = title
        self.frame = frame
        self.skips = skips


def group_path(scope: Scope) -> tuple[str, ...]:
    """The titles of the groups around a step, outermost first; empty at the top."""
    titles: list[str] = []
    while scope.parent is not None:
        titles.append(scope.title)
        scope = scope.parent
    return tuple(reversed(titles))


def around_both(one: Scope, other: Scope) -> Scope:
    """The innermost group that holds both scopes."""
    indices = set()
    scope: Scope | None = one
    while scope is not None:
        indices.add(scope.index)
        scope = scope.parent
    while other.index not in indices and other.parent is not None:
        other = other.parent
    return other


def title_of(frame: FrameType) -> str:
    """A function's name as a reader would say it; for ``Affine.forward`` the class.

    >>> import sys
    >>> title_of(sys._getframe())
    '<module>'
    """
    name = frame.f_code.co_name
    if name in ("forward", "__call__", "call", "apply"):
        owner = frame.f_code.co_qualname.rpartition(".")[0].rpartition(".")[2]
        if owner and owner != "<locals>":
            return owner
    return name


def gradient_title(function: str, order: int, say: Language = ENGLISH) -> str:
    """What the gradient of a function is called, or a later derivative; of order 0 it is the function itself.

    >>> gradient_title("loss", 1), gradient_title("loss", 2)
    ('gradient of loss', 'derivative of order 2 of loss')
    """
    match order:
        case 0:
            return function
        case 1:
            return say("gradient of {function}", function=function)
        case _:
            return say("derivative of order {order} of {function}", function=function, order=order)


def parted_title(title: str) -> tuple[str, int]:
    """The function and the order of which `gradient_title` made a title.

    >>> parted_title("derivative of order 2 of loss"), parted_title("loss")
    (('loss', 2), ('loss', 0))
    """
    found = re.fullmatch(_GRADIENT, title)
    return (found[2], int(found[1] or 1)) if found else (title, 0)
