"""An operation: one row of the table, and how it is called.

A row holds everything bpviz knows of an operation. Its rules (``vjp``) are written once, in the operations' own
vocabulary. So the same rule gives numbers when it is called with numbers, records the backward pass when it is called
with handles, and gives formulas when it is called with formulas: the operands decide (see `Operation`).

In every rule ``g`` is the incoming gradient, ``z`` the output, ``x, y`` the operands.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from functools import cached_property, partial
from typing import Any, Literal

from bpviz.errors import UsageError
from bpviz.frozen import dataclass
from bpviz.ops.table.evaluation import evaluate
from bpviz.ops.table.values import Shape

__all__ = ["REQUIRED", "Case", "Operation", "Rule"]

_NONE: Mapping[str, Any] = {}

Rule = Callable[..., Any]


class _Required:
    """Marks a parameter of a row that has no default."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "required"


REQUIRED = _Required()


@dataclass(frozen=True, slots=True)
class Case:
    """An example for the tests: the shapes of the operands and the parameters.

    ``given`` holds operands (by name) that cannot be sampled from a domain: numbers of classes, masks. ``typical``
    marks the example that the card of the operation shows.
    """

    shapes: tuple[Shape, ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    given: Mapping[str, Any] = field(default_factory=dict)
    typical: bool = False


# The classes of numbers and arrays seen so far that are not traced.
_PLAIN: set[type] = {float, int, bool}


@dataclass(frozen=True, eq=False)
class Operation:
    """One operation: everything about it, in one row.

    - ``forward`` takes NumPy arrays or Python floats. ``scalar``, where given, is quicker for Python floats; when it
      raises, ``forward`` is called with NumPy numbers, so that 1/0 is infinity, not an exception.
    - ``vjp`` holds one rule per operand, ``None`` for an operand without gradient. A *variadic* operation has a single
      rule, called with the keyword ``slot``. A rule returns the gradient of its operand and need not undo broadcasting.
    - ``together``, in place of ``vjp``, is one rule that returns the gradients of all operands, for operations whose
      rules share most of their work.
    - ``keeping``, in place of ``forward``, returns (value, kept): ``kept`` is an intermediate result for the rules. The
      backward pass gives it to them by the keyword ``kept``; without it they compute it themselves.
    - ``symbol`` may name operands (``"½Σ({y}−{t})²"``). ``drawn``, where given, makes the symbol from the constant
      operands (``None`` for those that vary) and the parameters, and returns which constants are written in it.
    - ``inside``, where given, is the same computation in smaller operations, with the same arguments. The figure shows
      it when the operation is opened.
    - ``view`` says that NumPy's result may share the memory of its first operand: a write to one is seen in the other.
      It is the operation that puts such a result back, called as ``view(z, x, *positions, **parameters)``.
    - ``operator`` is the name of Python's operator for it: ``add`` for ``+``.
    - ``elsewhere`` names the same function in other libraries: ``math.asin``, ``scipy.special.expit``.
    - Where it ``commutes``, a figure may draw its operands in any order.

    How formulas write it:

    - ``binds`` is how tightly its ``notation`` binds (`bpviz.ops.table.binding`: 20 as a sum, 30 as a product, 50 as a
      power); ``None`` where the notation shows it (``exp({x})``). ``needs`` is how tightly each operand must bind to
      stand without brackets, where that is not ``binds``: x − (y − z).
    - ``unwritten``: an author does not write it, because the numbers stay the same.
    - ``opaque``: it has no notation in mathematics; a rule that needs it is written by its name.
    - ``granted``: an author takes it for granted, and writes what is left of it, in whatever shape.
    - ``capitals``: its card writes the operands with capitals, as matrices.
    - ``reduces``: it is a reduction, over ``"all"`` axes or the ``"last"`` one where no ``axis`` is given, or down to a
      ``"shape"``. ``over_axes`` is its notation with a place for the axes (``"Σ{axes} {x}"``); ``word`` is NumPy's
      function for it, where that has another name.

    How graphs take it:

    - ``plumbing``: it only brings numbers into another shape, which readers take for granted; figures may hide it.
    - ``framework``: the name of the framework that computes it, where that is not NumPy (`bpviz.sources`); the row is
      then in no table.
    - ``of_operands``: the name of the row that does with single operands what this reduction does with an array.

    How a living figure computes it:

    - ``js`` is the same for single numbers as an expression of JavaScript, with places for the operands and the
      parameters, as in ``notation``. Conditions are 1 and 0 where they are operands. Functions that JavaScript lacks
      are those of ``bpviz/living/functions.js``: ``F.erf({x})``.

    >>> from bpviz import ops
    >>> ops.multiply(100.0, 2.0)
    200.0
    >>> ops.multiply.vjp[0](1.1, 200.0, 100.0, 2.0)  # the gradient is multiplied by the other operand
    2.2
    """

    name: str
    symbol: str
    operands: tuple[str, ...]
    forward: Callable[..., Any]
    vjp: tuple[Rule | None, ...] | Rule
    says: str
    notation: str
    scalar: Callable[..., Any] | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    numpy: tuple[str, ...] = ()
    method: bool = False
    adapt: Callable[..., tuple[Sequence[Any], Mapping[str, Any]]] | None = None
    drawn: Callable[[Sequence[Any], Mapping[str, Any]], tuple[str, tuple[int, ...]] | None] | None = None
    shape: Callable[..., Shape] | None = None
    domain: tuple[tuple[float, float], ...] = ()
    cases: tuple[Case, ...] = ()
    convention: str = ""
    reference: str = ""
    inside: Callable[..., Any] | None = None
    variadic: bool = False
    together: Rule | None = None
    keeping: Callable[..., tuple[Any, Any]] | None = None
    commutes: bool = False
    view: Callable[..., Any] | None = None
    binds: int | None = None
    needs: tuple[int, ...] = ()
    unwritten: bool = False
    opaque: bool = False
    granted: bool = False
    capitals: bool = False
    reduces: Literal["", "all", "last", "shape"] = ""
    over_axes: str = ""
    word: str = ""
    plumbing: bool = False
    of_operands: str = ""
    operator: str = ""
    elsewhere: tuple[str, ...] = ()
    js: str = ""
    framework: str = ""

    def __call__(self, *arguments: Any, **parameters: Any) -> Any:
        """Compute with numbers or record with handles: the first traced operand decides."""
        scalar = self.scalar
        if scalar is not None and not parameters:
            # Quick for plain numbers. A wrong number of operands, or what Python refuses, is handled below.
            for x in arguments:
                if type(x) is not float and type(x) is not bool:
                    break
            else:
                try:
                    return scalar(*arguments)
                except (ArithmeticError, ValueError, TypeError):
                    pass
        if len(arguments) > len(self.operands) and not self.variadic:
            arguments, parameters = self._split(arguments, parameters)
        return self.on(arguments, parameters)

    def _split(self, arguments: tuple[Any, ...], parameters: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the operands and the parameters; what follows the operands by position takes the row's order."""
        count = len(self.operands)
        rest = arguments[count:]
        named = dict(zip(self.parameters, rest, strict=False))
        if len(rest) > len(self.parameters):
            takes = ", ".join((*self.operands, *self.parameters))
            raise UsageError(f"{self.name} was given {len(arguments)} values; it takes {takes}")
        twice = sorted(named.keys() & parameters.keys())
        if twice:
            raise UsageError(f"{self.name} was given {twice[0]!r} twice, by position and by name; give it once")
        return arguments[:count], named | parameters

    def on(self, xs: Sequence[Any], parameters: Mapping[str, Any] = _NONE) -> Any:
        """Return the result for operands and parameters that are already separate."""
        for x in xs:
            if type(x) not in _PLAIN:
                door = getattr(x, "__bpviz_record__", None)
                if door is not None:
                    return door(self, xs, parameters, sys._getframe(2))
                if type(x).__module__ == "numpy":
                    # An array is not traced, nor is any other of its class: the class is not looked at again.
                    _PLAIN.add(type(x))
        return evaluate(self, xs, parameters)

    def __repr__(self) -> str:
        return f"<operation {self.name} {self.symbol}>"

    @cached_property
    def has_flat_slots(self) -> bool:
        """Whether some operands never get a gradient."""
        return isinstance(self.vjp, tuple) and None in self.vjp

    def rules(self, count: int) -> tuple[Rule | None, ...]:
        """Return one rule per operand; ``None`` where no gradient flows to it."""
        rules = self.vjp
        if isinstance(rules, tuple):
            return rules
        return tuple(partial(rules, slot=slot) for slot in range(count))
