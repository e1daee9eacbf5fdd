"""Python's operators and the methods of arrays, given to the handles from the table."""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from bpviz import ops
from bpviz.ops import OPERATIONS, Operation, evaluate
from bpviz.recording import refusals
from bpviz.recording.aliases import detached, is_zero
from bpviz.recording.handle import HANDLES, Handle, Missing
from bpviz.recording.numpy_calls import adapted, chosen, composed
from bpviz.recording.recorder import NO_VALUE
from bpviz.recording.settled import is_settled
from bpviz.recording.source import accumulates, by_operator

__all__: list[str] = []

_getframe = sys._getframe


def _binary(operation: Operation, *, reflected: bool = False, in_place: bool = False) -> Callable[[Handle, Any], Any]:
    scalar = operation.scalar
    differentiates = operation.vjp != (None, None)
    adds = operation.name == "add"
    repeats = operation.name == "multiply"
    compares = operation.name in ("equal", "not_equal")

    def method(self: Handle, other: Any) -> Any:
        x = self.data
        kind = type(other)
        if type(x) is float and scalar is not None:
            # The fast way for plain numbers, of which long scalar programs consist.
            recorder = self.recorder
            if kind in HANDLES:
                y = other.data
                if type(y) is float and other.recorder is recorder:
                    try:
                        z = scalar(x, y)
                    except (ArithmeticError, ValueError):
                        z = evaluate(operation, (x, y), {})
                    i = self.index
                    j = other.index
                    reached = recorder.reached
                    index = recorder.add_step(
                        operation, (i, j), None, z, differentiates and (reached[i] or reached[j]), _getframe(1)
                    )
                    return Handle(recorder, index, z)
            elif kind is float or (kind is int and -_LARGEST < other < _LARGEST):
                frame = _getframe(1)
                y = float(other)
                if adds and reflected and not y and _starts_a_sum(kind, frame):
                    return self
                left, right = (y, x) if reflected else (x, y)
                try:
                    z = scalar(left, right)
                except (ArithmeticError, ValueError):
                    z = evaluate(operation, (left, right), {})
                i = self.index
                j = recorder.add_constant(y, frame)
                operands = (j, i) if reflected else (i, j)
                index = recorder.add_step(operation, operands, None, z, differentiates and recorder.reached[i], frame)
                return Handle(recorder, index, z)
        if repeats and (kind is list or kind is tuple or kind is str) and _is_count(self, other):
            return other * operator.index(self)
        frame = _getframe(1)
        if kind.__module__ == "fractions":
            other = float(other)
        if kind not in HANDLES and not _is_operand(other):
            # An object of another library may have an operator for handles; Python's own types have none.
            if compares or kind.__module__ != "builtins":
                return NotImplemented
            raise refusals.no_number(other, frame)
        if adds and reflected and kind in (int, float) and other == 0 and _starts_a_sum(kind, frame):
            return detached(self)
        if in_place and x is not NO_VALUE and self.shape:
            if adds and is_zero(self) and getattr(other, "dtype", None) == x.dtype:
                return self.__bpviz_write__(other, frame)  # type: ignore[attr-defined]
            made = self.__bpviz_record__(operation, (self, other), {}, frame)
            return self.__bpviz_write__(made, frame)  # type: ignore[attr-defined]
        return self.__bpviz_record__(operation, (other, self) if reflected else (self, other), {}, frame)

    return method


def _starts_a_sum(kind: type, frame: FrameType) -> bool:
    """Return whether a sum starts here at a 0: the hidden one of ``sum(parts)``, or that of ``total += part``."""
    code, offset = frame.f_code, frame.f_lasti
    return accumulates(code, offset) or (kind is int and not by_operator(code, offset))


def _is_count(x: Handle, parts: Any) -> bool:
    """Return whether a list times a value repeats the list, as [0.5] * 3; else it is a product, or refused."""
    if x.data is NO_VALUE or ops.shape_of(x.data):
        return False
    return is_settled(x, counts=True) or not any(type(part) in HANDLES for part in parts)


_LARGEST = 1 << 1000
"""Whole numbers beyond this may be too large for a float."""


def _unary(operation: Operation) -> Callable[[Handle], Any]:
    def method(self: Handle) -> Any:
        return self.__bpviz_record__(operation, (self,), {}, _getframe(1))

    return method


def _named(operation: Operation) -> Callable[..., Any]:
    def method(self: Handle, *args: Any, **keywords: Any) -> Any:
        frame = _getframe(1)
        part = chosen(operation.name, keywords) if keywords else None
        if part is not None:
            return composed(self.recorder, part, (self, *args), keywords, frame)
        if operation.adapt is None:
            given = dict(zip(operation.parameters, args, strict=False)) | keywords
            return self.__bpviz_record__(operation, (self,), given, frame)
        xs, parameters = adapted(operation, None, (self, *args), keywords, frame)
        return self.__bpviz_record__(operation, xs, parameters, frame)

    method.__name__ = operation.name
    method.__doc__ = operation.says
    return method


def _rounded(operation: Operation, plainly: Callable[[Any], Any]) -> Callable[[Handle], Any]:
    def method(self: Handle) -> Any:
        if type(self.data) is float and is_settled(self, counts=True):
            return plainly(self.data)
        return self.__bpviz_record__(operation, (self,), {}, _getframe(1))

    return method


def _round(self: Handle, digits: int | None = None) -> Any:
    if type(self.data) is float and is_settled(self, counts=True):
        return round(self.data, digits)
    given = {"decimals": operator.index(digits)} if digits is not None else {}
    return self.__bpviz_record__(OPERATIONS["round"], (self,), given, _getframe(1))


_METHODS: dict[str, Callable[..., Any]] = {
    "round": _round,
    "divmod": lambda self, other: (self // other, self % other),
    "rdivmod": lambda self, other: (other // self, other % self),
}


def _composed_method(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def method(self: Handle, *args: Any, **keywords: Any) -> Any:
        return composed(self.recorder, function, (self, *args), keywords, _getframe(1))

    method.__name__ = name
    method.__doc__ = (function.__doc__ or "").partition("\n")[0]
    return method


def _is_operand(value: Any) -> bool:
    return isinstance(value, (float, int, list, tuple)) or hasattr(value, "__array__")


_ROUNDED: dict[str, Callable[[Any], Any]] = {"floor": math.floor, "ceil": math.ceil, "trunc": math.trunc}


def _give(operation: Operation) -> None:
    """Give the class Python's operator of this row."""
    name = operation.operator
    if len(operation.operands) == 1:
        setattr(Handle, f"__{name}__", _unary(operation))
        return
    setattr(Handle, f"__{name}__", _binary(operation))
    # Comparisons have no form in place, and Python turns their operands round by itself.
    if hasattr(operator, f"i{name}"):
        setattr(Handle, f"__i{name}__", _binary(operation, in_place=True))
        setattr(Handle, f"__r{name}__", _binary(operation, reflected=True))


def _dress() -> None:
    """Give the class its operators and methods, from the table."""
    for operation in OPERATIONS.values():
        if operation.operator:
            _give(operation)
        if operation.method:
            setattr(Handle, operation.name, _named(operation))
    for python_name, plainly in _ROUNDED.items():
        setattr(Handle, f"__{python_name}__", _rounded(OPERATIONS[python_name], plainly))
    for python_name, method in _METHODS.items():
        setattr(Handle, f"__{python_name}__", method)
    for name, function in ops.COMPOSITE_METHODS.items():
        setattr(Handle, name, _composed_method(name, function))
    for name in refusals.advised():
        if not hasattr(Handle, name):
            setattr(Handle, name, Missing(name))


_dress()
