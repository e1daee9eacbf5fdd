"""Common kinds of rows: functions of one number, or of two, applied to every element."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bpviz.lazy import LazyModule
from bpviz.ops.table.registry import operation
from bpviz.ops.table.row import Case, Operation

__all__ = ["decision", "flat", "function", "function_of_two"]

np: Any = LazyModule("numpy")

_ONE = (Case(((),)), Case(((2, 3),)), Case(((0,),)))
_PAIRS = (Case(((), ())), Case(((2, 3), (3,))), Case(((2, 1), (1, 3))), Case(((), (4,))))


def function(name: str, symbol: str, rule: Callable[..., Any], *, says: str, **row: Any) -> Operation:
    """Add the row of a function of one number that NumPy knows by the same name.

    >>> from bpviz import ops
    >>> ops.arctan.vjp[0](1.0, 0.0, 0.0)
    1.0
    """
    fields: dict[str, Any] = {
        "numpy": (name,),
        "notation": f"{symbol}({{x}})",
        "forward": lambda x: getattr(np, name)(x),
        "cases": _ONE,
    }
    return operation(name, symbol, "x", vjp=(rule,), says=says, **(fields | row))


def function_of_two(name: str, symbol: str, *rules: Callable[..., Any], says: str, **row: Any) -> Operation:
    """Add the row of a function of two numbers, with the rule of the first and of the second."""
    fields: dict[str, Any] = {
        "operands": "x y",
        "numpy": (name,),
        "notation": f"{symbol}({{x}}, {{y}})",
        "forward": lambda x, y: getattr(np, name)(x, y),
        "cases": _PAIRS,
    }
    fields |= row
    return operation(name, symbol, fields.pop("operands"), vjp=rules, says=says, **fields)


def flat(name: str, symbol: str, **row: Any) -> Operation:
    """Add the row of a step function: its slope is 0 everywhere but at its jumps, and no gradient is drawn."""
    fields: dict[str, Any] = {"says": "Flat between its jumps: no gradient passes.", "convention": "0 everywhere"}
    return function(name, symbol, lambda g, z, x, **_: g * 0.0, **(fields | row))


def decision(name: str, symbol: str, operands: str, **row: Any) -> Operation:
    """Add the row of an operation whose result is true, false or a whole number: no gradient flows through it."""
    count = len(operands.split())
    fields: dict[str, Any] = {
        "numpy": (name,),
        "forward": lambda *xs: getattr(np, name)(*xs),
        "says": "True or false; a decision carries no gradient.",
        "cases": _ONE if count == 1 else _PAIRS,
    }
    return operation(name, symbol, operands, vjp=(None,) * count, **(fields | row))
