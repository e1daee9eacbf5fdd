"""What the user's variables hold: names for what the steps themselves leave without one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from types import FrameType
from typing import Any

from bpviz.recording.source import referred_names

__all__ = ["Variables", "held_names", "named_parts"]


class Variables:
    """The variables of one call, with what they hold; ``own`` are those that are no parameters of the function.

    >>> import sys
    >>> def f(x):
    ...     y = x + 1
    ...     return Variables(sys._getframe())
    >>> f(1).own, f(1).parameters
    ([('y', 2)], ('x',))
    """

    __slots__ = ("all", "frame", "own", "parameters")

    def __init__(self, frame: FrameType) -> None:
        code = frame.f_code
        self.frame = frame
        self.parameters = parameters = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        self.all = frame.f_locals
        # The names that the interpreter makes up start with a dot.
        self.own = [pair for pair in self.all.items() if pair[0] not in parameters and pair[0][0] != "."]


def held_names(calls: Sequence[Variables], wanted: Collection[int]) -> dict[int, str]:
    """The names of objects, by identity: the first of those by which these calls know each of them."""
    found: dict[int, str] = {}
    for name, value in _held(calls):
        if id(value) in wanted and id(value) not in found:
            found[id(value)] = name
            if len(found) == len(wanted):
                break
    return found


def _held(calls: Sequence[Variables]) -> Iterator[tuple[str, Any]]:
    """What the variables, the globals and the attributes of ``self`` hold that these pieces of code speak of.

    What they call their parameters comes last.
    """
    for variables in calls:
        yield from variables.own
        frame = variables.frame
        names, attributes = referred_names(frame.f_code), getattr(variables.all.get("self"), "__dict__", None)
        for place in (frame.f_globals, attributes) if attributes else (frame.f_globals,):
            for name in names:
                if name in place:
                    yield name, place[name]
    for variables in calls:
        for name in variables.parameters:
            if name in variables.all:
                yield name, variables.all[name]


def named_parts(variables: Sequence[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Iterate over the recorded values that variables hold, then over those in their lists and dicts: ``hs[0]``.

    >>> list(named_parts([("n", 3), ("hs", [1.0])]))
    []
    """
    for name, value in variables:
        if hasattr(type(value), "__bpviz_record__"):
            yield name, value
    for name, value in variables:
        pairs: Any = ()
        if type(value) is dict:
            pairs = value.items()
        elif type(value) is list:
            pairs = enumerate(value)
        for key, part in pairs:
            if hasattr(type(part), "__bpviz_record__"):
                yield f"{name}[{key!r}]", part
