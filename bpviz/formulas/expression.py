"""Expressions in named values: their parts, their numbers, and tests on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bpviz import ops
from bpviz.errors import UsageError
from bpviz.lazy import LazyModule
from bpviz.ops import OPERATIONS, Operation, Shape
from bpviz.ops.table.unknown import UNKNOWN
from bpviz.ops.table.values import broadcast_shape

__all__ = [
    "Count",
    "Expression",
    "evaluated",
    "is_constant",
    "is_number",
    "is_upstream",
    "made_by",
    "same",
]

np: Any = LazyModule("numpy")


class Count(int):
    """A number of elements that is written as a letter.

    >>> Count(3, "n").name, Count(3, "n") + 0
    ('n', 3)
    """

    name: str

    def __new__(cls, value: int, name: str) -> Count:
        """Return the number, and its letter."""
        made = super().__new__(cls, value)
        made.name = name
        return made

    def __rmul__(self, other: int) -> int:
        # math.prod starts at 1.
        return self if other == 1 else int(self) * other

    def __sub__(self, other: int) -> int:
        return self if other == 0 else int(self) - other


class Expression:
    """A named value, or an operation of the table on expressions and numbers.

    A name may hold what it stands for: its ``number``; its ``meaning``, an expression; the pair that it is the
    ``derivative`` of (∂y/∂x: ``("y", "x")``; dX: ``("", "X")``); and its ``order`` among the names of the source.
    ``size`` counts the names, numbers and operations in it.
    """

    __slots__ = (
        *("name", "shape", "operation", "operands", "parameters"),
        *("number", "meaning", "derivative", "order", "size"),
    )
    __array_ufunc__ = None

    def __init__(
        self,
        name: str,
        shape: Shape = (),
        operation: Operation | None = None,
        operands: tuple[Any, ...] = (),
        parameters: Mapping[str, Any] | None = None,
        *,
        number: Any = None,
        meaning: Any = None,
        derivative: tuple[str, str] | None = None,
        order: int | None = None,
    ) -> None:
        self.name = name
        self.shape = shape
        self.operation = operation
        self.operands = operands
        self.parameters: Mapping[str, Any] = parameters or {}
        self.number = number
        self.meaning = meaning
        self.derivative = derivative
        places = [x.order for x in operands if isinstance(x, Expression) and x.order is not None]
        self.order: int | None = min(places) if places else order
        self.size: int = 1 + sum(x.size if isinstance(x, Expression) else 1 for x in operands)

    __hash__ = object.__hash__

    @classmethod
    def of(cls, operation: str, *xs: Any) -> Any:
        """Return an arithmetic operation on expressions and numbers, without rewriting, element by element."""
        return cls("", broadcast_shape([ops.shape_of(x) for x in xs]), OPERATIONS[operation], xs)


def evaluated(value: Any) -> Any:
    """Return the number of an expression, computed with the operations' forward functions from its names' numbers.

    Raises `UsageError` if a name stands for no number.
    """
    found: dict[int, Any] = {}
    waiting = [value]
    while waiting:
        here = waiting[-1]
        # The expressions live as long as the whole, so their ids are unique (equal small numbers may share one).
        used = (*here.operands, *_meant(here)) if isinstance(here, Expression) else ()
        later = [x for x in used if id(x) not in found]
        if later:
            waiting += later
            continue
        waiting.pop()
        if not isinstance(here, Expression):
            found[id(here)] = here
        elif any(found[id(x)] is UNKNOWN for x in here.operands):
            found[id(here)] = UNKNOWN
        elif here.operation is not None:
            with ops.silence():
                found[id(here)] = ops.evaluate(here.operation, [found[id(x)] for x in here.operands], here.parameters)
        elif is_constant(here):
            everywhere = here.parameters["value"]
            found[id(here)] = np.full(here.shape, everywhere) if here.shape else everywhere
        elif here.number is not None:
            found[id(here)] = here.number
        elif _meant(here):
            found[id(here)] = found[id(here.meaning)]
        else:
            raise UsageError(f"the formula has no number: {here.name!r} stands for none; take it from flow.formula")
    return found[id(value)]


def _meant(value: Expression) -> tuple[Any, ...]:
    """Return the meaning of a name without a number, if it has one."""
    return () if value.number is not None or value.meaning is None else (value.meaning,)


def is_constant(value: Any) -> bool:
    """Return whether every element of this array is the same number (``parameters["value"]``)."""
    return isinstance(value, Expression) and value.operation is None and "value" in value.parameters


def is_number(value: Any) -> bool:
    """Return whether this is a plain number, not one that is written as a letter.

    >>> is_number(2), is_number(Count(2, "n"))
    (True, False)
    """
    return isinstance(value, int | float) and not isinstance(value, Count)


def made_by(value: Any, name: str) -> bool:
    """Return whether an expression is the result of this operation."""
    return isinstance(value, Expression) and value.operation is OPERATIONS[name]


def is_upstream(value: Any) -> bool:
    """Return whether this is an upstream gradient, ∂L/∂z, which is a fraction in its own name."""
    return isinstance(value, Expression) and bool(value.derivative and value.derivative[0])


def same(x: Any, y: Any) -> bool:
    """Return whether two expressions are written in the same way."""
    if not isinstance(x, Expression) or not isinstance(y, Expression):
        return x is y or (is_number(x) and is_number(y) and x == y)
    if x is y:
        return True
    if is_constant(x) and is_constant(y):
        return bool(x.shape == y.shape and x.parameters["value"] == y.parameters["value"])
    alike = x.operation is y.operation and x.operation is not None and x.shape == y.shape
    return alike and _same_parameters(x, y) and all(map(same, x.operands, y.operands))


def _same_parameters(x: Expression, y: Expression) -> bool:
    if x.parameters.keys() != y.parameters.keys() or len(x.operands) != len(y.operands):
        return False
    pairs = ((value, y.parameters[name]) for name, value in x.parameters.items())
    # Arrays in an index have no single result for ==.
    return all(a is b or (isinstance(a, int | float | str) and a.__class__ is b.__class__ and a == b) for a, b in pairs)
