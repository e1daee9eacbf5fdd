"""Where a step stands: the calls and named groups around it, and the code that it is written in."""

from __future__ import annotations

import re
from types import CodeType, FrameType

from bpviz.text.language import ENGLISH, Language

__all__ = ["Group", "Scope", "around_both", "goes_on", "gradient_title", "group_path", "parted_title", "title_of"]

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
    """A function's name as a reader would say it; for the ``forward`` of an object that of the object, or its class.

    >>> import sys
    >>> title_of(sys._getframe())
    '<module>'
    """
    name = frame.f_code.co_name
    if name in _FORWARD:
        owner = frame.f_code.co_qualname.rpartition(".")[0].rpartition(".")[2]
        if owner and owner != "<locals>":
            return _attribute_of_caller(frame) or _class_of(frame, owner)
    return name


def goes_on(frame: FrameType) -> bool:
    """Whether a method only goes on with what another of the same object began: ``__call__`` that calls ``forward``."""
    caller = frame.f_back
    if caller is None or frame.f_code.co_name not in _FORWARD or caller.f_code.co_name not in _FORWARD:
        return False
    mine = _object_of(frame)
    return mine is not None and mine is _object_of(caller)


def _class_of(frame: FrameType, owner: str) -> str:
    """The class of a method's object, which may inherit the method from the owner."""
    kinds = type(_object_of(frame)).__mro__
    return kinds[0].__name__ if owner in (kind.__name__ for kind in kinds) else owner


_FORWARD = frozenset({"forward", "__call__", "call", "apply"})
"""The methods that are what their object does."""


def _attribute_of_caller(frame: FrameType) -> str:
    """The attribute by which a method's object is known to the method that calls it; empty where to none.

    ``layer1`` for ``self.layer1``, ``Affine1`` for ``self.layers["Affine1"]``.
    """
    mine, caller = _object_of(frame), frame.f_back
    while caller is not None and (_object_of(caller) is mine or caller.f_code.co_name[0] == "<"):
        # One method of the object may call the other, and a list comprehension may stand between.
        caller = caller.f_back
    theirs = _object_of(caller) if caller is not None else None
    if mine is None or not hasattr(type(theirs), "__dict__"):
        return ""
    try:
        # Not by the object's own look-up, which may be anything.
        held = object.__getattribute__(theirs, "__dict__")
    except AttributeError:
        return ""
    for key, value in held.items():
        if value is mine:
            return str(key)
        if isinstance(value, dict):
            for inner, part in value.items():
                if part is mine and isinstance(inner, str):
                    return inner
    return ""


def _object_of(frame: FrameType) -> object:
    """The object whose method a frame runs, by its first parameter; ``None`` where it has none."""
    code = frame.f_code
    return frame.f_locals.get(code.co_varnames[0]) if code.co_argcount else None


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
