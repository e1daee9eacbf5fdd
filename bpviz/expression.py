"""An expression in named values: what it is made of, and questions that can be asked about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bpviz.ops import OPERATIONS, Operation, Shape

__all__ = ["UNWRITTEN", "Count", "Expression", "is_number", "is_upstream", "made_by", "same", "starts_upstream"]


UNWRITTEN = ("broadcast_to", "reshape", "positive")
"""Operations that an author does not write: the number stays the same."""


class Count(int):
    """A number of elements that is written as a letter.

    >>> Count(3, "n").name, Count(3, "n") + 0
    ('n', 3)
    """

    name: str

    def __new__(cls, value: int, name: str) -> Count:
        """The number, and its letter."""
        made = super().__new__(cls, value)
        made.name = name
        return made

    def __rmul__(self, other: int) -> int:
        # math.prod starts at 1.
        return self if other == 1 else int(self) * other

    def __sub__(self, other: int) -> int:
        return self if other == 0 else int(self) - other


class Expression:
    """A named value, or an operation of the table on expressions and numbers; it knows its shape, but no value."""

    __slots__ = ("name", "operands", "operation", "parameters", "shape")
    __array_ufunc__ = None

    def __init__(
        self,
        name: str,
        shape: Shape = (),
        operation: Operation | None = None,
        operands: tuple[Any, ...] = (),
        parameters: Mapping[str, Any] | None = None,
    ) -> None:
        self.name = name
        self.shape = shape
        self.operation = operation
        self.operands = operands
        self.parameters: Mapping[str, Any] = parameters or {}

    __hash__ = object.__hash__


def is_number(value: Any) -> bool:
    """Whether this is a plain number, not one that is written as a letter.

    >>> is_number(2), is_number(Count(2, "n"))
    (True, False)
    """
    return isinstance(value, int | float) and not isinstance(value, Count)


def made_by(value: Any, name: str) -> bool:
    """Whether an expression is the result of this operation."""
    return isinstance(value, Expression) and value.operation is OPERATIONS[name]


def is_upstream(value: Any) -> bool:
    """Whether this is a derivative that comes from elsewhere, ∂L/∂z: a fraction in its own name."""
    return isinstance(value, Expression) and value.operation is None and "/" in value.name


def starts_upstream(value: Any) -> bool:
    """Whether a product starts with such a derivative, which then stays in front."""
    while any(made_by(value, name) for name in ("multiply", "divide", *UNWRITTEN)):
        value = value.operands[0]
    return is_upstream(value)


def same(x: Any, y: Any) -> bool:
    """Whether two expressions are written alike."""
    if not isinstance(x, Expression) or not isinstance(y, Expression):
        return x is y or (is_number(x) and is_number(y) and x == y)
    if x is y:
        return True
    alike = x.operation is y.operation and x.operation is not None and x.shape == y.shape
    return alike and _same_parameters(x, y) and all(map(same, x.operands, y.operands))


def _same_parameters(x: Expression, y: Expression) -> bool:
    if x.parameters.keys() != y.parameters.keys() or len(x.operands) != len(y.operands):
        return False
    pairs = ((value, y.parameters[name]) for name, value in x.parameters.items())
    # Arrays in an index have no single answer to ==.
    return all(a is b or (isinstance(a, int | float | str) and a.__class__ is b.__class__ and a == b) for a, b in pairs)
