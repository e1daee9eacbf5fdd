"""``plain.dot(value)``: the method of a plain array, with a recorded value as its argument.

NumPy has no hook for methods of arrays: ``dot`` converts its argument to an array and multiplies. But an array without
axes is multiplied by ``*``, which has a hook. So the argument is converted to such an array, which records the product
when it is multiplied, and NumPy returns what the hook returns.
"""

from __future__ import annotations

import ast
import sys
from functools import cache
from types import FrameType
from typing import Any

from bpviz.lazy import LazyModule
from bpviz.recording import refusals
from bpviz.recording.handle import Handle
from bpviz.recording.source import arguments_of_call, called_name, is_ours, syntax_of, written

__all__ = ["is_dot"]

np: Any = LazyModule("numpy")

_MISSING = object()


def is_dot(frame: FrameType) -> bool:
    """Return whether the code in this frame calls a method ``dot`` with one argument."""
    code, at = frame.f_code, frame.f_lasti
    return arguments_of_call(code, at) == 1 and called_name(code, at) == "dot" and not is_ours(frame)


def _array(self: Handle, dtype: Any = None, copy: Any = None) -> Any:
    """Return the value as an array, if it may leave the record; for ``plain.dot(value)`` what stands for it."""
    frame = sys._getframe(1)
    if not is_dot(frame):
        return self._as_array(dtype, frame)
    made = np.empty((), object).view(_stand_in())
    made.value, made.frame = self, frame
    return made


setattr(Handle, "__array__", _array)  # noqa: B010


@cache
def _stand_in() -> type:
    """Make the class of the arrays that record a product; NumPy is imported only now."""

    class StandIn(np.ndarray):  # type: ignore[misc]
        """An array without axes, in place of a recorded value."""

        value: Any
        frame: FrameType

        def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **keywords: Any) -> Any:
            if ufunc is not np.multiply or method != "__call__" or keywords or inputs[1] is not self:
                raise refusals.leaves_the_record(self.frame)
            return np.dot(_plain(inputs[0], self.value, self.frame), self.value)

        def __array_function__(self, *_: Any) -> Any:
            raise refusals.leaves_the_record(self.frame)

    return StandIn


def _plain(converted: Any, value: Any, frame: FrameType) -> Any:
    """Return the array on the left, from its copy of Python's numbers: the user's own where it can be found.

    Raises `RecordingError` if its type cannot be known: a number of Python has no precision.
    """
    own = _left(frame)
    if isinstance(own, np.ndarray) and np.array_equal(own.astype(object), converted):
        return own
    made = np.array(converted.tolist())
    if made.dtype.kind not in "fiub" or (made.dtype.kind == "f" and value.dtype != np.float64):
        raise refusals.leaves_the_record(frame)
    return made


def _left(frame: FrameType) -> Any:
    """Return what is left of ``.dot`` in the source, if it is a variable or a part of one."""
    try:
        call = syntax_of(written(frame), "eval").body
    except SyntaxError:
        return _MISSING
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
        return _MISSING
    return _found(call.func.value, frame)


def _found(part: ast.expr, frame: FrameType) -> Any:
    """Return the value of a variable, of an attribute, or of a part of a list or a dict; runs no code of the user's."""
    match part:
        case ast.Name(id=name):
            return frame.f_locals.get(name, frame.f_globals.get(name, _MISSING))
        case ast.Attribute(value=holder, attr=name):
            return getattr(_found(holder, frame), "__dict__", {}).get(name, _MISSING)
        case ast.Subscript(value=holder, slice=ast.Constant(value=key) | (ast.Name() as key)):
            found = _found(holder, frame)
            place = _found(key, frame) if isinstance(key, ast.Name) else key
            if type(found) is dict and type(place) in (str, int):
                return found.get(place, _MISSING)
            if type(found) in (list, tuple) and type(place) is int and -len(found) <= place < len(found):
                return found[place]
    return _MISSING
