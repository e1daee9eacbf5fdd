"""The rules read as text: a rule called with formulas instead of numbers answers the formula of its gradient.

A `Formula` is an expression: a named value, or an operation of the table on formulas and numbers. It is traced through
the same door as a handle, but keeps shapes instead of values. A few rewritings, each of which keeps the number, make
it as short as an author would write it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import FrameType
from typing import Any

from bpviz import ops
from bpviz.number import number
from bpviz.ops import OPERATIONS, Operation

__all__ = ["Formula", "symbol", "written_out"]

Shape = tuple[int, ...]

_ATOM = 9
_PRECEDENCE = {
    "add": 2,
    "subtract": 2,
    "multiply": 3,
    "matmul": 3,
    "divide": 3,
    "negative": 3,
    "sum": 3,
    "sum_to": 3,
    "sqrt": 4,
    "power": 5,
    "transpose": 5,
    "where": 0,
    "larger": 0,
}
"""How tightly an operation binds; what is not listed encloses its operands (``exp(x)``, ``|x|``)."""
_PASSES = frozenset({"broadcast_to", "reshape", "positive"})
"""Operations that an author does not write: the number stays the same."""


class Formula:
    """An expression in named values.

    >>> n, t = symbol("n"), symbol("t")
    >>> str(n * t), str((n + t) * t), str(n - (t - 1)), str(-(n / t))
    ('n·t', '(n + t)·t', 'n − (t − 1)', '−n/t')
    >>> str(1.0 * n), str(-(-n)), str(n + -t)
    ('n', 'n', 'n − t')
    """

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

    def __bpviz_record__(
        self, operation: Operation, xs: Sequence[Any], parameters: Mapping[str, Any], frame: FrameType
    ) -> Any:
        return _made(operation, tuple(xs), parameters)

    def __str__(self) -> str:
        return _text(self)[0]

    def __repr__(self) -> str:
        return f"<formula {self}>"

    __hash__ = object.__hash__


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
    return _text(value)[0]


# Making: shapes, numbers, rewritings


def _made(operation: Operation, xs: tuple[Any, ...], parameters: Mapping[str, Any]) -> Any:
    if not any(isinstance(x, Formula) for x in xs):
        return operation(*xs, **parameters)
    rewriting = _REWRITINGS.get(operation.name)
    if rewriting is not None and not parameters:
        found = rewriting(*xs)
        if found is not None:
            return found
    shapes = [x.shape if isinstance(x, Formula) else ops.shape_of(x) for x in xs]
    shape = operation.shape(*shapes, **parameters) if operation.shape is not None else _broadcast(shapes)
    return Formula("", shape, operation, xs, parameters)


def _broadcast(shapes: Sequence[Shape]) -> Shape:
    size = max(map(len, shapes))
    padded = [(1,) * (size - len(shape)) + shape for shape in shapes]
    return tuple(next((n for n in column if n != 1), 1) for column in zip(*padded, strict=True))


def _is(value: Any, wanted: float) -> bool:
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
    # x·(1/y) = x/y
    if isinstance(y, Formula) and y.operation is OPERATIONS["divide"] and _is(y.operands[0], 1):
        return x / y.operands[1]
    return None


def _divide(x: Any, y: Any) -> Any:
    if _is(y, 1):
        return x
    if _is(x, 0):
        return 0.0
    # (−x)/y = x/(−y) = −(x/y)
    if _minus(x) is not None and not _is(x, -1):
        return -(_minus(x) / y)
    return None


def _power(x: Any, y: Any) -> Any:
    # x¹ = x, x⁰ = 1
    return x if _is(y, 1) else 1.0 if _is(y, 0) else None


def _transpose(x: Any) -> Any:
    # (xᵀ)ᵀ = x, and a single number is its own transpose
    if isinstance(x, Formula) and x.operation is OPERATIONS["transpose"] and not x.parameters:
        return x.operands[0]
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
    "transpose": _transpose,
    "where": _where,
}


# Writing


def _text(value: Any) -> tuple[str, int]:
    """The text of an expression, and how tightly it binds."""
    if not isinstance(value, Formula):
        if isinstance(value, int | float):
            text = number(float(value))
            return text, (_ATOM if value >= 0 else _PRECEDENCE["negative"])
        return str(value), _ATOM
    operation = value.operation
    if operation is None:
        return value.name, _ATOM
    if operation.name in _PASSES:
        return _text(value.operands[0])
    binds = _PRECEDENCE.get(operation.name, _ATOM)
    if operation.name == "power" and isinstance(value.operands[1], int | float):
        from bpviz.number import superscript

        return _closed(value.operands[0], binds + 1) + superscript(number(float(value.operands[1]))), binds
    notation = operation.notation
    if operation.name == "multiply" and all(isinstance(x, Formula) and x.shape for x in value.operands):
        # Element by element, as opposed to the product of matrices.
        notation = "{x} ∘ {y}"
    return _filled(notation, operation, value, binds), binds


def _filled(notation: str, operation: Operation, value: Formula, binds: int) -> str:
    names = dict(zip(operation.operands, value.operands, strict=False))
    parts: dict[str, str] = {}
    for at, (name, operand) in enumerate(names.items()):
        if binds == _ATOM:
            # Between brackets, bars or commas nothing can be misread.
            parts[name] = _text(operand)[0]
        else:
            # x − (y − z) and x/(y·z) need their brackets, (x − y) − z does not.
            strict = at > 0 and operation.name in ("subtract", "divide")
            parts[name] = _closed(operand, binds + strict)
    if operation.variadic:
        rest = value.operands[len(operation.operands) - 1 :]
        parts[operation.operands[-1]] = ", ".join(_text(x)[0] for x in rest)
    told = {key: ops.key_text(part) if key == "key" else part for key, part in value.parameters.items()}
    return notation.format(**{**operation.parameters, **told, **parts})


def _closed(value: Any, least: int) -> str:
    text, binds = _text(value)
    return text if binds >= least else f"({text})"


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
