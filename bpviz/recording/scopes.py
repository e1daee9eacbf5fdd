"""The place of a step: the calls and named groups around it, and its code."""

from __future__ import annotations

import re
from types import CodeType, FrameType

from bpviz.text.language import ENGLISH, Language

__all__ = ["Group", "Scope", "around_both", "goes_on", "gradient_title", "group_path", "split_title", "title_of"]

_GRADIENT = r"(?:gradient|derivative of order (\d+)) of (.+)"


class Scope:
    """One call of one of the user's functions (or one ``bpviz.group``): the steps recorded in it form a group.

    ``parent`` is the group around it. ``code`` is the code of its steps, ``caller`` the scope that called that code,
    and ``call_offset`` the place of the call.
    """

    __slots__ = ("call_offset", "caller", "code", "depth", "index", "jump", "parent", "title")

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
        self.depth: int = 0 if parent is None else parent.depth + 1
        # A group further out: with such jumps, of lengths 1, 1, 3, 1, 1, 3, 7, …, any other is a few steps away.
        self.jump: Scope | None = parent
        if parent is not None and parent.jump is not None:
            far = parent.jump
            if parent.depth - far.depth == far.depth - (0 if far.jump is None else far.jump.depth):
                self.jump = far.jump or far

    def within(self, code: CodeType, call_offset: int, caller: Scope | None) -> Scope:
        """Return the same group for steps in other code: a lambda, a cell of a notebook."""
        return Scope(self.index, self.parent, self.title, code, call_offset, caller)

    def __repr__(self) -> str:
        return f"<scope {self.index} {self.title}>"


class Group:
    """A group that the user opened in ``frame`` by name; ``skips`` is the function it replaces as a group."""

    __slots__ = ("frame", "skips", "title")

    def __init__(self, title: str, frame: FrameType, skips: CodeType | None = None) -> None:
        self.title = title
        self.frame = frame
        self.skips = skips


def group_path(scope: Scope) -> tuple[str, ...]:
    """Return the titles of the groups around a step, outermost first; empty at the top."""
    titles: list[str] = []
    while scope.parent is not None:
        titles.append(scope.title)
        scope = scope.parent
    return tuple(reversed(titles))


def around_both(one: Scope, other: Scope) -> Scope:
    """Return the innermost group that holds both scopes."""
    depth = min(one.depth, other.depth)
    one, other = _at(one, depth), _at(other, depth)
    while other.index != one.index and one.parent is not None and other.parent is not None:
        # Both are as deep, so both have jumps of the same length.
        far, other_far = one.jump or one.parent, other.jump or other.parent
        one, other = (one.parent, other.parent) if far.index == other_far.index else (far, other_far)
    return other


def _at(scope: Scope, depth: int) -> Scope:
    """Return the group around a scope, or the scope itself, that is so deep."""
    while scope.depth > depth:
        far = scope.jump if scope.jump is not None and scope.jump.depth >= depth else scope.parent
        assert far is not None
        scope = far
    return scope


def title_of(frame: FrameType) -> str:
    """Return the name of a function for a reader; for the ``forward`` of an object, that of the object or its class.

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
    """Return whether a method continues another of the same object: ``forward``, called by ``__call__``."""
    caller = frame.f_back
    if caller is None or frame.f_code.co_name not in _FORWARD or caller.f_code.co_name not in _FORWARD:
        return False
    mine = _object_of(frame)
    return mine is not None and mine is _object_of(caller)


def _class_of(frame: FrameType, owner: str) -> str:
    """Return the class of a method's object, which may inherit the method from the owner."""
    kinds = type(_object_of(frame)).__mro__
    return kinds[0].__name__ if owner in (kind.__name__ for kind in kinds) else owner


_FORWARD = frozenset({"forward", "__call__", "call", "apply"})
"""Methods that are named after their object."""


def _attribute_of_caller(frame: FrameType) -> str:
    """Return the attribute by which the calling method knows a method's object; empty if by none.

    ``layer1`` for ``self.layer1``, ``Affine1`` for ``self.layers["Affine1"]``.
    """
    mine, caller = _object_of(frame), frame.f_back
    while caller is not None and (_object_of(caller) is mine or caller.f_code.co_name[0] == "<"):
        # One method of the object may call another, also from a list comprehension.
        caller = caller.f_back
    theirs = _object_of(caller) if caller is not None else None
    if mine is None or not hasattr(type(theirs), "__dict__"):
        return ""
    try:
        # Without the object's own look-up, which may do anything.
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
    """Return the object whose method a frame runs, by its first parameter; ``None`` if it has none."""
    code = frame.f_code
    return frame.f_locals.get(code.co_varnames[0]) if code.co_argcount else None


def gradient_title(function: str, order: int, say: Language = ENGLISH) -> str:
    """Return the title of the gradient of a function, or of a later derivative; of order 0, the function itself.

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


def split_title(title: str) -> tuple[str, int]:
    """Return the function and the order of a title that `gradient_title` made.

    >>> split_title("derivative of order 2 of loss"), split_title("loss")
    (('loss', 2), ('loss', 0))
    """
    found = re.fullmatch(_GRADIENT, title)
    return (found[2], int(found[1] or 1)) if found else (title, 0)
