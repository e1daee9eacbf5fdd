"""The rules read as text: a rule called with formulas instead of numbers answers the formula of its gradient.

A `Formula` is an expression: a named value, or an operation of the table on formulas and numbers. It is traced through
the same door as a handle, but keeps shapes instead of values. A few rewritings, each of which keeps the number, make
it as short as an author would write it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from types import FrameType
from typing import Any

from bpviz import ops
from bpviz.expression import Expression, is_number, made_by, same, starts_upstream
from bpviz.notation import text_of
from bpviz.ops import OPERATIONS, Operation, Shape

__all__ = ["Formula", "symbol", "written_out"]


class Formula(Expression):
    """An expression in named values.

    >>> n, t = symbol("n"), symbol("t")
    >>> str(n * t), str((n + t) * t), str(n - (t - 1)), str(-(n / t))
    ('n·t', '(n + t)·t', 'n − (t − 1)', '−n/t')
    >>> str(1.0 * n), str(-(-n)), str(n + -t)
    ('n', 'n', 'n − t')
    >>> str(n * 2.0), str(n * n), str((n + t) * 2 * 3)
    ('2·n', 'n²', '6·(n + t)')
    """

    __slots__ = ()

    def __bpviz_record__(
        self, operation: Operation, xs: Sequence[Any], parameters: Mapping[str, Any], frame: FrameType
    ) -> Any:
        return _made(operation, tuple(xs), parameters)

    @property
    def T(self) -> Any:
        """The transpose."""
        return _made(OPERATIONS["transpose"], (self,), {})

    def __bpviz_called__(self, name: str) -> Formula:
        # What an author gives a name of its own (`bpviz.ops.assumptions.called`).
        return Formula(name, self.shape)

    def __str__(self) -> str:
        return text_of(self)[0]

    def __repr__(self) -> str:
        return f"<formula {self}>"


def symbol(name: str, shape: Shape = ()) -> Formula:
    """A named value.

    >>> str(ops.exp(symbol("x")))
    'exp(x)'
    """
    return Formula(name, shape)


def written_out(value: Any) -> str:
    """A formula or a plain number as text.

    >>> written_out(1.0)
    '1'
    """
    return text_of(value)[0]


# Making: shapes, numbers, rewritings


def _made(operation: Operation, xs: tuple[Any, ...], parameters: Mapping[str, Any]) -> Any:
    if not any(isinstance(x, Formula) for x in xs):
        return operation(*xs, **parameters)
    # What is as it would be anyway is not told.
    usual = operation.parameters
    parameters = {k: v for k, v in parameters.items() if k not in usual or v is not usual[k]}
    shapes = [x.shape if isinstance(x, Formula) else ops.shape_of(x) for x in xs]
    shape = operation.shape(*shapes, **parameters) if operation.shape is not None else _broadcast(shapes)
    rewriting = _REWRITINGS.get(operation.name)
    if rewriting is not None and not parameters:
        found = rewriting(*xs)
        if found is not None and (ops.shape_of(found) == shape or operation.name in _TAKEN_FOR_GRANTED):
            return found
        if isinstance(found, int | float):
            # Everywhere the same number; how often counts where it is added up.
            return Formula(written_out(found), shape, parameters={"value": found})
    return Formula("", shape, operation, xs, parameters)


def _broadcast(shapes: Sequence[Shape]) -> Shape:
    size = max(map(len, shapes))
    padded = [(1,) * (size - len(shape)) + shape for shape in shapes]
    return tuple(next((n for n in column if n != 1), 1) for column in zip(*padded, strict=True))


def _is(value: Any, wanted: float) -> bool:
    if isinstance(value, Formula):
        value = value.parameters.get("value") if value.operation is None else None
    return isinstance(value, int | float) and value == wanted


def _minus(value: Any) -> Any:
    """What stands behind a leading minus, if there is one."""
    if isinstance(value, Formula):
        return value.operands[0] if value.operation is OPERATIONS["negative"] else None
    return -value if isinstance(value, int | float) and value < 0 else None


def _negative(x: Any) -> Any:
    # −(−x) = x
    return _minus(x)


def _add(x: Any, y: Any) -> Any:
    if _is(x, 0):
        return y
    if _is(y, 0):
        return x
    # x + (−y) = x − y
    return x - _minus(y) if _minus(y) is not None else None


def _subtract(x: Any, y: Any) -> Any:
    if _is(y, 0):
        return x
    if _is(x, 0):
        return -y
    # x − (−y) = x + y
    return x + _minus(y) if _minus(y) is not None else None


def _multiply(x: Any, y: Any) -> Any:
    if _is(x, 0) or _is(y, 0):
        return 0.0
    if _is(x, 1):
        return y
    if _is(y, 1):
        return x
    # The minus goes to the front: (−x)·y = x·(−y) = −(x·y)
    if _minus(x) is not None:
        return -(_minus(x) * y)
    if _minus(y) is not None:
        return -(x * _minus(y))
    # x·(1/y) = x/y, and (x/c)·y = x·y/c
    if made_by(y, "divide") and _is(y.operands[0], 1):
        return x / y.operands[1]
    if made_by(x, "divide"):
        return x.operands[0] * y / x.operands[1]
    # The number goes to the front, and numbers are multiplied out: x·2 = 2·x, 2·(3·x) = 6·x
    if is_number(y) and not starts_upstream(x):
        return y * x
    if is_number(x) and made_by(y, "multiply") and is_number(y.operands[0]):
        return x * y.operands[0] * y.operands[1]
    # x·x = x², and (a·x)·x = a·x²
    if same(x, y):
        return x**2
    if made_by(x, "multiply") and same(x.operands[1], y) and not is_number(y):
        return x.operands[0] * y**2
    return None


def _divide(x: Any, y: Any) -> Any:
    if _is(y, 1):
        return x
    if _is(x, 0):
        return 0.0
    # (−x)/y = x/(−y) = −(x/y)
    if _minus(x) is not None:
        return -(_minus(x) / y)
    if _minus(y) is not None:
        return -(x / _minus(y))
    # The sum of n elements, divided by n
    if made_by(x, "sum") and _is(y, _elements(x.operands[0]) / _elements(x)):
        return ops.named("mean")(*x.operands, **x.parameters)
    return None


def _elements(x: Formula) -> int:
    return math.prod(x.shape) or 1


def _power(x: Any, y: Any) -> Any:
    # x¹ = x, x⁰ = 1
    return x if _is(y, 1) else 1.0 if _is(y, 0) else None


def _matmul(x: Any, y: Any) -> Any:
    if made_by(x, "negative"):
        return -(x.operands[0] @ y)
    return -(x @ y.operands[0]) if made_by(y, "negative") else None


def _transpose(x: Any) -> Any:
    # (xᵀ)ᵀ = x, and a single number is its own transpose
    if isinstance(x, Formula) and x.operation is OPERATIONS["transpose"] and not x.parameters:
        return x.operands[0]
    # (Xᵀ·Y)ᵀ = Yᵀ·X
    if made_by(x, "matmul") and len(x.shape) == 2 and all(len(ops.shape_of(part)) == 2 for part in x.operands):
        left, right = x.operands
        if made_by(left, "transpose") or made_by(right, "transpose"):
            return OPERATIONS["transpose"](right) @ OPERATIONS["transpose"](left)
    return x if isinstance(x, Formula) and len(x.shape) < 2 else None


def _where(c: Any, x: Any, y: Any) -> Any:
    if isinstance(c, bool):
        return x if c else y
    # Both the same: nothing is decided.
    same = isinstance(x, int | float) and isinstance(y, int | float) and x == y
    return x if same else None


_REWRITINGS: dict[str, Callable[..., Any]] = {
    "negative": _negative,
    "add": _add,
    "subtract": _subtract,
    "multiply": _multiply,
    "divide": _divide,
    "power": _power,
    "matmul": _matmul,
    "transpose": _transpose,
    "where": _where,
    # What an author takes for granted: nothing is 0 where it would do harm, and shares add up to 1.
    "guard": lambda c, s, x: x,
    "total_share": lambda x: 1.0,
}
_TAKEN_FOR_GRANTED = frozenset({"guard", "total_share"})


# Python's operators, from the table

_OPERATORS = {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "truediv": "divide",
    "pow": "power",
    "matmul": "matmul",
    "lt": "less",
    "le": "less_equal",
    "gt": "greater",
    "ge": "greater_equal",
    "eq": "equal",
    "ne": "not_equal",
}


def _dress() -> None:
    def forward(operation: Operation) -> Callable[[Formula, Any], Any]:
        return lambda self, other: _made(operation, (self, other), {})

    def reflected(operation: Operation) -> Callable[[Formula, Any], Any]:
        return lambda self, other: _made(operation, (other, self), {})

    for python_name, name in _OPERATORS.items():
        setattr(Formula, f"__{python_name}__", forward(OPERATIONS[name]))
        setattr(Formula, f"__r{python_name}__", reflected(OPERATIONS[name]))
    setattr(Formula, "__neg__", lambda self: _made(OPERATIONS["negative"], (self,), {}))  # noqa: B010


_dress()
