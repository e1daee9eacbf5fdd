"""The table: all rows by their own names and by NumPy's, and NumPy's functions that are made of several rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, TypeVar

from bpviz.errors import UsageError
from bpviz.ops.table.row import Operation, Rule

__all__ = [
    "COMPOSITES",
    "COMPOSITE_METHODS",
    "OPERATIONS",
    "composite",
    "find",
    "made_of_operations",
    "operation",
]

Function = TypeVar("Function", bound=Callable[..., Any])

OPERATIONS: dict[str, Operation] = {}
_BY_NUMPY: dict[str, Operation] = {}


def operation(name: str, symbol: str, operands: str, **row: Any) -> Operation:
    """Add a row to the table and return it.

    ``operands`` holds their names, separated by spaces; a final ``*`` makes the operation variadic. The other keywords
    are the fields of `Operation`.

    Raises `UsageError` when the name is taken.
    """
    if name in OPERATIONS:
        raise UsageError(f"the operation {name!r} exists already; choose another name")
    names = tuple(operands.split())
    variadic = bool(names) and names[-1].endswith("*")
    if "keeping" in row:
        row["forward"] = _value_of(row["keeping"])
    if "together" in row:
        together = row["together"]
        row["vjp"] = _part(together) if variadic else tuple(_part(together, slot) for slot in range(len(names)))
    made = Operation(name, symbol, tuple(n.rstrip("*") for n in names), variadic=variadic, **row)
    if isinstance(made.vjp, tuple) and len(made.vjp) != len(made.operands):
        raise UsageError(f"the operation {name!r} has {len(made.operands)} operand(s) but {len(made.vjp)} rule(s)")
    OPERATIONS[name] = made
    for numpy_name in (*made.numpy, *made.elsewhere):
        _BY_NUMPY[numpy_name] = made
    return made


def _value_of(keeping: Callable[..., tuple[Any, Any]]) -> Callable[..., Any]:
    """Return a function that returns the value alone, without what is kept for the rules."""

    @wraps(keeping)
    def forward(*xs: Any, **parameters: Any) -> Any:
        return keeping(*xs, **parameters)[0]

    return forward


def _part(together: Rule, own: int | None = None) -> Rule:
    """Return one operand's rule, from a rule for all operands; without ``own`` the keyword ``slot`` chooses it."""

    @wraps(together)
    def rule(*values: Any, slot: int | None = own, **parameters: Any) -> Any:
        return together(*values, **parameters)[slot]

    return rule


COMPOSITES: dict[str, Callable[..., Any]] = {}
"""NumPy's functions that are made of several rows, by name."""
COMPOSITE_METHODS: dict[str, Callable[..., Any]] = {}


def made_of_operations(*numpy_names: str, methods: Sequence[str] = ()) -> Callable[[Function], Function]:
    """Mark a function of several operations that stands for these NumPy functions (and methods of arrays)."""

    def mark(function: Function) -> Function:
        for name in numpy_names:
            COMPOSITES[name] = function
        for name in methods:
            COMPOSITE_METHODS[name] = function
        return function

    return mark


def composite(numpy_name: str) -> Callable[..., Any] | None:
    """Return the function that stands for a NumPy function which is no operation of its own, if any.

    >>> composite("dot").__name__
    'dot'
    """
    return COMPOSITES.get(numpy_name)


def find(numpy_name: str) -> Operation | None:
    """Return the operation that stands for a function of NumPy (``"exp"``, ``"linalg.norm"``), if any.

    Functions of other libraries are named in full: ``"math.asin"``.

    >>> find("exp"), find("math.asin")
    (<operation exp exp>, <operation arcsin arcsin>)
    """
    return _BY_NUMPY.get(numpy_name)
