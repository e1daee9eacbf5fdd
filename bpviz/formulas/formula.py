"""The rules as text: a rule that is called with formulas instead of numbers returns the formula of its gradient.

A `Formula` is an expression: a named value, or an operation of the table on formulas and numbers. It is traced in the
same way as a handle, but keeps shapes instead of values. A few rewritings (`bpviz.formulas.rewriting`) shorten it as an
author would; none of them changes the number.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Mapping, Sequence
from types import FrameType
from typing import Any

from bpviz import ops
from bpviz.errors import UsageError
from bpviz.formulas.expression import Expression, evaluated, is_constant
from bpviz.formulas.latex import latex_of
from bpviz.formulas.notation import text_of
from bpviz.formulas.rewriting import REWRITINGS
from bpviz.lazy import LazyModule
from bpviz.ops import OPERATIONS, Operation, Shape
from bpviz.ops.primitives.shaping import indexed_shape
from bpviz.ops.table.unknown import UNKNOWN
from bpviz.ops.table.values import broadcast_shape

__all__ = ["Formula", "as_formula", "constant", "derivative", "symbol", "written_out"]

np: Any = LazyModule("numpy")


class Formula(Expression):
    """An expression in named values, as text (``str``), as LaTeX and as a number.

    >>> n, t = symbol("n"), symbol("t")
    >>> str(n * t), str((n + t) * t), str(n - (t - 1)), str(-(n / t))
    ('n·t', '(n + t)·t', 'n − (t − 1)', '−n/t')
    >>> str(1.0 * n), str(-(-n)), str(n + -t)
    ('n', 'n', 'n − t')
    >>> str(n * 2.0), str(n * n), str((n + t) * 2 * 3)
    ('2·n', 'n²', '6·(n + t)')
    >>> (-(n / t) ** 2).latex
    '-\\\\left(\\\\frac{n}{t}\\\\right)^{2}'
    """

    __slots__ = ()

    @property
    def latex(self) -> str:
        """The formula in LaTeX's mathematical mode, without the dollar signs around it."""
        return latex_of(self)

    @property
    def value(self) -> Any:
        """The number of the formula in its run.

        Raises `UsageError` for a formula that belongs to no run, such as that of a card.
        """
        return ops.plain(evaluated(self))

    @property
    def T(self) -> Any:
        """The transpose."""
        return _made(OPERATIONS["transpose"], (self,), {})

    def __bpviz_record__(
        self, operation: Operation, xs: Sequence[Any], parameters: Mapping[str, Any], frame: FrameType
    ) -> Any:
        return _made(operation, tuple(xs), parameters)

    def __bpviz_called__(self, name: str) -> Formula:
        # An expression that authors give a name (`bpviz.ops.primitives.assumptions.called`).
        return Formula(name, self.shape, meaning=self, order=self.order)

    def __bool__(self) -> bool:
        raise TypeError("a formula is neither true nor false: it stands for all numbers")

    def __str__(self) -> str:
        return text_of(self)

    def __repr__(self) -> str:
        return f"<formula {self}>"

    def _repr_latex_(self) -> str:
        return f"${self.latex}$"


def symbol(name: str, shape: Shape = (), **known: Any) -> Formula:
    """Return a named value; ``known`` is what the name stands for (see `bpviz.formulas.expression.Expression`).

    >>> str(ops.exp(symbol("x")))
    'exp(x)'
    """
    return Formula(name, shape, **known)


def derivative(of: str, by: str, shape: Shape = (), **known: Any) -> Formula:
    """Return the name of a derivative: ∂y/∂x; without ``of`` dX, as it is written among arrays.

    >>> str(derivative("y", "x")), str(derivative("", "X", (4, 2)))
    ('∂y/∂x', 'dX')
    """
    return Formula(f"∂{of}/∂{by}" if of else f"d{by}", shape, derivative=(of, by), **known)


def constant(value: float, shape: Shape = ()) -> Formula:
    """Return the same number everywhere.

    >>> constant(1.0, (2, 2)).value
    array([[1., 1.],
           [1., 1.]])
    """
    return Formula(written_out(value), shape, parameters={"value": value})


def as_formula(value: Any) -> Formula:
    """Return a value as a formula; it may be a plain number or an array.

    >>> as_formula(1.0)
    <formula 1>
    """
    if isinstance(value, Formula):
        return value
    shape = ops.shape_of(value)
    if not shape:
        return constant(float(value))
    cells = set(value.ravel().tolist())
    if len(cells) == 1:
        return constant(cells.pop(), shape)
    return Formula(written_out(value), shape, parameters={"value": value})


def written_out(value: Any) -> str:
    """Return a formula or a plain number as text.

    >>> written_out(1.0)
    '1'
    """
    return text_of(value)


# New formulas: shapes, numbers, rewritings


def _made(operation: Operation, xs: tuple[Any, ...], parameters: Mapping[str, Any]) -> Any:
    if not any(isinstance(x, Formula) for x in xs):
        return operation(*xs, **parameters)
    if operation.name == "add_up":
        return functools.reduce(operator.add, xs)
    # Parameters with their default value are not written.
    usual = operation.parameters
    parameters = {k: v for k, v in parameters.items() if k not in usual or v is not usual[k]}
    shape = _shape(operation, xs, parameters)
    if operation.plumbing and not operation.reduces and is_constant(xs[0]):
        everywhere = xs[0].parameters["value"]
        if not ops.shape_of(everywhere):
            # The same everywhere is so in every shape.
            return constant(everywhere, shape)
    for row in REWRITINGS.get(operation.name, ()):
        found = row.rewrite(*xs, **parameters)
        if found is None:
            continue
        if ops.shape_of(found) == shape or operation.granted:
            return found
        # The same number everywhere; its count matters in a sum.
        if isinstance(found, Formula):
            return _made(OPERATIONS["broadcast_to"], (found,), {"shape": shape})
        return constant(found, shape)
    return Formula("", shape, operation, xs, parameters)


def _shape(operation: Operation, xs: tuple[Any, ...], parameters: Mapping[str, Any]) -> Shape:
    shapes = [ops.shape_of(x) for x in xs]
    if operation.shape is None:
        return broadcast_shape(shapes)
    if operation is OPERATIONS["index"]:
        # How many elements are taken, only the numbers of a mask or of a slice say.
        return indexed_shape(shapes[0], [_position(x) for x in xs[1:]], parameters["key"])
    return operation.shape(*shapes, **parameters)


def _position(x: Any) -> Any:
    """Return the number of a position; 0 where a name stands for none."""
    try:
        number = evaluated(x)
    except UsageError:
        number = UNKNOWN
    if number is UNKNOWN:
        return np.zeros(ops.shape_of(x), np.int64)
    return np.asarray(number, np.int64) if np.asarray(number).dtype.kind == "f" else number


# Python's operators, from the table


def _dress() -> None:
    def method(operation: Operation) -> Callable[..., Any]:
        return lambda *xs: _made(operation, xs, {})

    def reflected(operation: Operation) -> Callable[[Formula, Any], Any]:
        return lambda self, other: _made(operation, (other, self), {})

    for operation in OPERATIONS.values():
        if operation.operator:
            setattr(Formula, f"__{operation.operator}__", method(operation))
            if len(operation.operands) == 2:
                setattr(Formula, f"__r{operation.operator}__", reflected(operation))


_dress()
