"""How expressions are written: the notation of each row, and no more brackets than it takes to read them aright."""

from __future__ import annotations

import math
import re
from typing import Any

from bpviz import ops
from bpviz.expression import UNWRITTEN, Count, Expression, is_upstream
from bpviz.lazy import LazyModule
from bpviz.number import number, superscript
from bpviz.ops import OPERATIONS, Operation

__all__ = ["text_of"]

np: Any = LazyModule("numpy")

_ATOM = 90
_PRECEDENCE = {
    "where": 0,
    "larger": 0,
    "less": 10,
    "less_equal": 10,
    "greater": 10,
    "greater_equal": 10,
    "equal": 10,
    "not_equal": 10,
    "add": 20,
    "subtract": 20,
    "sum": 25,
    "sum_to": 25,
    "multiply": 30,
    "matmul": 30,
    "divide": 30,
    "negative": 30,
    "sqrt": 40,
    "power": 50,
    "transpose": 50,
    "index": 60,
}
"""How tightly an operation binds; what is not listed tells by its notation (`_binding`)."""


def text_of(value: Any) -> tuple[str, int]:
    """The text of an expression or a number, and how tightly it binds (`_PRECEDENCE`).

    >>> text_of(2.0), text_of(Count(3, "n"))
    (('2', 90), ('n', 90))
    """
    if isinstance(value, Count):
        return value.name, _ATOM
    if not isinstance(value, Expression):
        if isinstance(value, int | float):
            text = number(float(value))
            return text, (_ATOM if value >= 0 else _PRECEDENCE["negative"])
        return _of_array(value) if ops.shape_of(value) else str(value), _ATOM
    operation = value.operation
    if operation is None:
        return value.name, (_PRECEDENCE["divide"] if is_upstream(value) else _ATOM)
    if operation.name in UNWRITTEN or _only_moves(value):
        return text_of(value.operands[0])
    binds = _binding(operation)
    if operation.name == "power" and isinstance(value.operands[1], int | float):
        return _closed(value.operands[0], binds + 1) + superscript(number(float(value.operands[1]))), binds
    notation = operation.notation
    if operation.name == "multiply" and _elementwise(value):
        # Element by element, as opposed to the product of matrices.
        notation = "{x} ∘ {y}"
    if operation.name == "divide" and is_upstream(value.operands[0]):
        # ∂L/∂z/y would look as if y belonged to the derivative.
        notation = "{x}·1/{y}"
    return _filled(notation, operation, value, binds), binds


def _of_array(value: Any) -> str:
    """The identity matrix has a letter; another array is not written out."""
    shape = ops.shape_of(value)
    return "I" if len(shape) == 2 and np.array_equal(value, np.eye(*shape)) else "…"


def _only_moves(value: Expression) -> bool:
    """Whether numbers only change places: axes in another order, unless it is that of a transposed matrix."""
    operand = value.operands[0]
    if value.operation is OPERATIONS["sum_to"]:
        return math.prod(value.shape) == ops.size_of(operand)
    if value.operation is not OPERATIONS["transpose"] or value.parameters.get("axes") is None:
        return False
    n = len(value.shape)
    return tuple(value.parameters["axes"]) != (*range(n - 2), n - 1, n - 2)


def _elementwise(value: Expression) -> bool:
    return all(isinstance(x, Expression) and x.shape for x in value.operands)


def _binding(operation: Operation) -> int:
    """How tightly a notation binds: listed, closed by brackets of its own, a raised sign behind, or hardly."""
    listed = _PRECEDENCE.get(operation.name)
    if listed is not None:
        return listed
    if re.fullmatch(r"[\w √∛-]*[(\[|‖⌊⌈].*[)\]|‖⌋⌉]", operation.notation):
        return _ATOM
    return _PRECEDENCE["power"] if re.fullmatch(r"\{\w+\}[^\s{}·/]+", operation.notation) else _PRECEDENCE["less"]


def _need(operation: Operation, notation: str, name: str, at: int, binds: int) -> int:
    """How tightly an operand must bind where it stands, to do without brackets."""
    if operation.name not in _PRECEDENCE:
        before, _, after = notation.partition("{" + name + "}")
        # Between brackets, bars or commas nothing can be misread.
        alone = before.endswith(("(", "[", "|", "‖", "⌊", "⌈", ", ")) and after.startswith(tuple(")]|‖⌋⌉,;"))
        return 0 if alone else _PRECEDENCE["power"] + 1
    if operation.name == "power":
        return _ATOM if at else binds + 1
    # x − (y − z) and x/(y·z) need their brackets, (x − y) − z does not.
    return binds + (at > 0 and operation.name in ("subtract", "divide", "equal", "not_equal"))


def _filled(notation: str, operation: Operation, value: Expression, binds: int) -> str:
    names = dict(zip(operation.operands, value.operands, strict=False))
    parts: dict[str, str] = {}
    for at, (name, operand) in enumerate(names.items()):
        if is_upstream(operand) and _apart(notation, name):
            parts[name] = operand.name
        elif _mixes(value, operand, at):
            parts[name] = f"({text_of(operand)[0]})"
        else:
            parts[name] = _closed(operand, _need(operation, notation, name, at, binds))
    if operation.variadic:
        rest = value.operands[len(operation.operands) - 1 :]
        parts[operation.operands[-1]] = ", ".join(text_of(x)[0] for x in rest)
    told = {key: ops.key_text(part) if key == "key" else part for key, part in value.parameters.items()}
    return notation.format(**{**operation.parameters, **told, **parts})


def _apart(notation: str, name: str) -> bool:
    """Whether an operand stands free, so that a fraction is not misread."""
    before, _, after = notation.partition("{" + name + "}")
    return (before + after != "") and before[-1:] in ("", " ", "·") and after[:1] in ("", " ", "·")


def _mixes(value: Expression, operand: Any, at: int) -> bool:
    """Whether two kinds of product meet, for which an order of reading is not agreed; or a Σ would reach too far."""
    if not isinstance(operand, Expression) or value.operation is None or operand.operation is None:
        return False
    outer, inner = value.operation.name, _written(operand)
    if inner.operation is None:
        return False
    if outer == "matmul":
        name = inner.operation.name
        return (name in ("multiply", "divide") and _elementwise(inner)) or (at > 0 and name == "matmul")
    if outer in ("multiply", "divide"):
        return (_elementwise(value) and inner.operation.name == "matmul") or (at == 0 and _ends_in_sum(inner))
    return False


def _written(value: Expression) -> Expression:
    """What of an expression is written first: operations that only move numbers are not."""
    while value.operation is not None and (value.operation.name in UNWRITTEN or _only_moves(value)):
        value = value.operands[0]
    return value


def _ends_in_sum(value: Any) -> bool:
    while isinstance(value, Expression) and value.operation is not None:
        if value.operation.name in ("sum", "sum_to"):
            return True
        if value.operation.name not in ("multiply", "matmul", "negative"):
            return False
        value = value.operands[-1]
    return False


def _closed(value: Any, least: int) -> str:
    text, binds = text_of(value)
    # Behind a sign of multiplication a Σ takes all that follows: nothing does.
    loose = least == _PRECEDENCE["multiply"] and binds == _PRECEDENCE["sum"]
    return text if binds >= least or loose else f"({text})"
