"""The functions of Python's ``math``: on a recorded number they are recorded as NumPy's are."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import wraps
from types import FrameType
from typing import Any

from bpviz import ops
from bpviz.doors.placing import Door, opened
from bpviz.errors import RefusedAnyway
from bpviz.recording.handle import HANDLES, Handle
from bpviz.recording.numpy_calls import composed
from bpviz.recording.recorder import NO_VALUE
from bpviz.recording.source import place, written

__all__ = ["doors"]

_OF_LISTS = frozenset({"fsum", "prod", "sumprod", "dist"})
_DECISIONS = frozenset({"isnan", "isinf", "isfinite", "isclose"})
"""What returns true or false, which carries no gradient."""

_getframe = sys._getframe


def doors(math: Any) -> Iterator[Door]:
    """Make the doors of the functions that the table knows, and of those that decide."""
    for name, original in list(vars(math).items()):
        full = f"math.{name}"
        if name in _OF_LISTS:
            yield math, name, _of_lists(full, original)
        elif name in _DECISIONS or ops.find(full) or ops.composite(full):
            yield math, name, _of_numbers(full, original)


def _of_numbers(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    decides = name.removeprefix("math.") in _DECISIONS

    @wraps(original)
    def door(*args: Any, **keywords: Any) -> Any:
        for x in args:
            if type(x) in HANDLES:
                plain = _plainly(name, original, args, keywords, _getframe(1))
                return plain if decides else _record(name, x, args, keywords, _getframe(1))
        return original(*args, **keywords)

    return door


def _of_lists(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def door(*args: Any, **keywords: Any) -> Any:
        if opened.recorder is None:
            return original(*args, **keywords)
        # A generator can be walked through once.
        args = tuple(x if type(x) in _KNOWN or not hasattr(x, "__iter__") else list(x) for x in args)
        found = _first((*args, *keywords.values()))
        if found is None:
            return original(*args, **keywords)
        _plainly(name, original, args, keywords, _getframe(1))
        return _record(name, found, args, keywords, _getframe(1))

    return door


_KNOWN = frozenset({Handle, list, tuple, float, int})


def _first(values: Any) -> Handle | None:
    """The first recorded value among arguments, and in lists of them."""
    for value in values:
        if type(value) in HANDLES:
            handle: Handle = value
            return handle
        if type(value) in (list, tuple):
            found = _first(value)
            if found is not None:
                return found
    return None


def _plainly(name: str, original: Callable[..., Any], args: Any, keywords: Any, frame: FrameType) -> Any:
    """What the function itself returns for the numbers; what it raises (outside of its domain) is the model's."""
    if name.removeprefix("math.") not in _OF_LISTS:
        for x in args:
            if type(x) in HANDLES and x.data is not NO_VALUE and ops.size_of(x.data) != 1:
                raise RefusedAnyway(
                    f"{written(frame)}: {name} takes a single number, but got an array of shape {x.shape} "
                    f"({place(frame)}); write np.{_numpy_name(name)}"
                )
    if _without_value(args):
        return None
    return original(*map(_bare, args), **{key: _bare(value) for key, value in keywords.items()})


def _numpy_name(name: str) -> str:
    row = ops.find(name)
    return row.numpy[0] if row is not None and row.numpy else name.removeprefix("math.")


def _without_value(values: Any) -> bool:
    return any(type(x) in HANDLES and x.data is NO_VALUE for x in values)


def _bare(value: Any) -> Any:
    if type(value) in HANDLES:
        return value.data
    return [_bare(part) for part in value] if type(value) in (list, tuple) else value


def _record(name: str, found: Handle, args: Any, keywords: Any, frame: FrameType) -> Any:
    row = ops.find(name)
    if row is None:
        function = ops.composite(name)
        assert function is not None
        return composed(found.recorder, function, args, keywords, frame)
    xs = [ops.OPERATIONS["reshape"](x, shape=()) if type(x) in HANDLES and x.shape else x for x in args]
    return next(x for x in xs if type(x) in HANDLES).__bpviz_record__(row, xs, {}, frame)
