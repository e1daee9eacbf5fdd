"""What an operation is: one row of the table, and the one way to call it.

A row holds everything bpviz knows of an operation. Its rules (``vjp``) are written once, in the operations' own
vocabulary, so that the same line gives numbers when it is called with numbers, records the backward pass when it is
called with handles, and reads as text when it is called with formulas: whoever is *traced* decides (see `Operation`).

In every rule ``g`` is the incoming gradient, ``z`` the output, ``x, y`` the operands.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property, partial, wraps
from typing import Any, TypeVar

from bpviz.errors import UsageError
from bpviz.lazy import LazyModule, imported

__all__ = [
    "COMPOSITES",
    "COMPOSITE_METHODS",
    "OPERATIONS",
    "REQUIRED",
    "Case",
    "Operation",
    "composite",
    "computed",
    "evaluate",
    "find",
    "made_of_operations",
    "operation",
    "plain",
    "pull",
    "shape_of",
    "silence",
    "size_of",
]

np: Any = LazyModule("numpy")

_NONE: Mapping[str, Any] = {}

Rule = Callable[..., Any]
Shape = tuple[int, ...]
Function = TypeVar("Function", bound=Callable[..., Any])


class _Required:
    """Stands in a row for a parameter that has no default."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "required"


REQUIRED = _Required()


@dataclass(frozen=True, slots=True)
class Case:
    """An example that the tests try: the shapes of the operands and the parameters.

    ``given`` holds operands (by name) that cannot be sampled from a domain: numbers of classes, masks.
    ``typical`` marks the example that the card of the operation shows.
    """

    shapes: tuple[Shape, ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    given: Mapping[str, Any] = field(default_factory=dict)
    typical: bool = False


@dataclass(frozen=True, eq=False)
class Operation:
    """One operation, everything in one row.

    ``forward`` takes NumPy arrays or Python floats; ``scalar``, where given, is the quick way for Python floats (when
    it raises, ``forward`` is asked with NumPy numbers, so that 1/0 is infinity, not an exception).
    ``vjp`` holds one rule per operand, ``None`` for an operand without gradient; a *variadic* operation has a single
    rule, called with the keyword ``slot``. A rule returns the gradient of its operand and need not undo broadcasting.
    ``together``, in the place of ``vjp``, is one rule that answers the gradients of all operands, for operations whose
    rules have much of their work in common.
    ``keeping``, in the place of ``forward``, answers (value, kept): what it has computed on the way and the rules need
    again. Numbers that flow back hand it to the rules by the keyword ``kept``; without it they compute it themselves.
    ``symbol`` may name operands (``"½Σ({y}−{t})²"``); ``drawn``, where given, makes it from the constant operands
    (``None`` for those that vary) and the parameters, and tells which constants it has written into it.
    ``inside``, where given, is the same computation in smaller operations, called as the operation is: what the figure
    shows when the operation is opened. Of an operation that ``commutes`` the operands may change places.

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

    def __call__(self, *arguments: Any, **parameters: Any) -> Any:
        """Compute with numbers, record with handles: the first traced operand decides."""
        scalar = self.scalar
        if scalar is not None and not parameters:
            # The quick way for plain numbers; wrong numbers of operands and what Python refuses go the long way.
            for x in arguments:
                if x.__class__ is not float and x.__class__ is not bool:
                    break
            else:
                try:
                    return scalar(*arguments)
                except (ArithmeticError, ValueError, TypeError):
                    pass
        if len(arguments) > len(self.operands) and not self.variadic:
            # What follows the operands by position are the parameters, in the order of the row.
            arguments, told = arguments[: len(self.operands)], arguments[len(self.operands) :]
            parameters = dict(zip(self.parameters, told, strict=False)) | parameters
        return self.on(arguments, parameters)

    def on(self, xs: Sequence[Any], parameters: Mapping[str, Any] = _NONE) -> Any:
        """The operation called on operands and parameters that are told apart already, by what the user calls."""
        for x in xs:
            if x.__class__ not in _PLAIN:
                door = getattr(x, "__bpviz_record__", None)
                if door is not None:
                    return door(self, xs, parameters, sys._getframe(2))
                if x.__class__.__module__ == "numpy":
                    # An array has no door, nor has any other of its class: it is not asked again.
                    _PLAIN.add(x.__class__)
        return evaluate(self, xs, parameters)

    def __repr__(self) -> str:
        return f"<operation {self.name} {self.symbol}>"

    @cached_property
    def has_flat_slots(self) -> bool:
        """Whether there are operands to which no gradient ever flows."""
        return isinstance(self.vjp, tuple) and None in self.vjp

    def rules(self, count: int) -> tuple[Rule | None, ...]:
        """One rule per operand; ``None`` where no gradient flows to it."""
        rules = self.vjp
        if isinstance(rules, tuple):
            return rules
        return tuple(partial(rules, slot=slot) for slot in range(count))


# The classes of numbers and arrays that were seen: none of them is traced.
_PLAIN: set[type] = {float, int, bool}

OPERATIONS: dict[str, Operation] = {}
_BY_NUMPY: dict[str, Operation] = {}


def operation(name: str, symbol: str, operands: str, **row: Any) -> Operation:
    """Add a row to the table and return it.

    ``operands`` names them, parted by spaces; a trailing ``*`` makes the operation variadic. The other keywords are
    the fields of `Operation`.

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
    for numpy_name in made.numpy:
        _BY_NUMPY[numpy_name] = made
    return made


def _value_of(keeping: Callable[..., tuple[Any, Any]]) -> Callable[..., Any]:
    """The value alone, of what also answers what is kept for the rules."""

    @wraps(keeping)
    def forward(*xs: Any, **parameters: Any) -> Any:
        return keeping(*xs, **parameters)[0]

    return forward


def _part(together: Rule, own: int | None = None) -> Rule:
    """One operand's rule, of a rule for all of them; without ``own`` it is asked by the keyword ``slot``."""

    @wraps(together)
    def rule(*values: Any, slot: int | None = own, **parameters: Any) -> Any:
        return together(*values, **parameters)[slot]

    return rule


COMPOSITES: dict[str, Callable[..., Any]] = {}
"""NumPy's functions that are no rows of the table but made of several, by name."""
COMPOSITE_METHODS: dict[str, Callable[..., Any]] = {}


def made_of_operations(*numpy_names: str, methods: Sequence[str] = ()) -> Callable[[Function], Function]:
    """Mark a function that does, by operations of the table, what these NumPy functions (and methods of arrays) do."""

    def mark(function: Function) -> Function:
        for name in numpy_names:
            COMPOSITES[name] = function
        for name in methods:
            COMPOSITE_METHODS[name] = function
        return function

    return mark


def composite(numpy_name: str) -> Callable[..., Any] | None:
    """The function that stands for a NumPy function which is no operation of its own, if any.

    >>> composite("dot").__name__
    'dot'
    """
    return COMPOSITES.get(numpy_name)


def find(numpy_name: str) -> Operation | None:
    """The operation that stands for a NumPy function (``"exp"``, ``"linalg.norm"``), if any.

    >>> find("exp")
    <operation exp exp>
    """
    return _BY_NUMPY.get(numpy_name)


def shape_of(value: Any) -> Shape:
    """The shape of a number, an array or anything traced.

    >>> shape_of(3.0)
    ()
    """
    if value.__class__ is float:
        return ()
    try:
        found: Shape = value.shape
    except AttributeError:
        return () if isinstance(value, int | float) else tuple(np.shape(value))
    return found


def size_of(value: Any) -> int:
    """The number of elements.

    >>> size_of(3.0)
    1
    """
    return math.prod(shape_of(value))


def plain(value: Any) -> Any:
    """Python's own float for a single 64-bit number, an array for all others: fewer kinds of number to think of."""
    kind = value.__class__
    if kind is float or kind is int or kind is bool:
        return value
    if isinstance(value, float):
        return float(value)
    if kind is np.ndarray or kind.__module__ == "numpy":
        value = np.asarray(value)
        if not value.ndim and value.dtype == np.float64:
            return float(value)
    return value


_silent = ContextVar("_silent", default=False)
"""Whether NumPy's warnings are off already: turning them off takes as long as a small operation does."""


class silence:
    """Let NaN and infinities flow in what is done here, without a word from NumPy.

    NumPy is not imported for it: without it there is nothing to silence.

    >>> from bpviz import ops
    >>> with silence():
    ...     ops.divide.forward(np.ones(1), 0.0)
    array([inf])
    """

    __slots__ = ("_state", "_token")

    def __enter__(self) -> None:
        self._token = None
        if not _silent.get() and imported("numpy"):
            self._state = np.errstate(all="ignore")
            self._state.__enter__()
            self._token = _silent.set(True)

    def __exit__(self, *exception: object) -> None:
        if self._token is not None:
            _silent.reset(self._token)
            self._state.__exit__(*exception)


def evaluate(row: Operation, xs: Sequence[Any], parameters: Mapping[str, Any]) -> Any:
    """The forward value. NaN and infinities flow; what NumPy itself refuses (shapes) is raised."""
    if row.scalar is not None and not parameters:
        for x in xs:
            if x.__class__ is not float and x.__class__ is not bool:
                break
        else:
            try:
                return row.scalar(*xs)
            except (ArithmeticError, ValueError):
                xs = tuple(map(_as_numpy, xs))
    if _silent.get():
        try:
            value = row.forward(*xs, **parameters)
            return value if value.__class__ is np.ndarray and value.ndim else plain(value)
        except (ArithmeticError, TypeError):
            pass
    return plain(_done(row.forward, xs, parameters))


def computed(row: Operation, xs: Sequence[Any], parameters: Mapping[str, Any]) -> tuple[Any, Any]:
    """The forward value, and what its rules are spared to compute again (``None`` where the row keeps nothing)."""
    if row.keeping is None or (row.scalar is not None and all(x.__class__ is float for x in xs)):
        return evaluate(row, xs, parameters), None
    value, kept = _done(row.keeping, xs, parameters)
    return plain(value), kept


def _done(work: Callable[..., Any], xs: Sequence[Any], parameters: Mapping[str, Any]) -> Any:
    if not _silent.get():
        # Only what is imported can be silenced.
        np.ndarray  # noqa: B018
        with silence():
            return _done(work, xs, parameters)
    # Python's floats stay what they are: among float32 arrays NumPy's would make float64 of them all.
    try:
        return work(*xs, **parameters)
    except (ArithmeticError, TypeError):
        return work(*map(_as_numpy, xs), **parameters)


def _as_numpy(x: Any) -> Any:
    """NumPy's number for Python's: where Python raises (1/0, exp(1000), log(−1)) it says inf or nan. And for lists."""
    kind = x.__class__
    return np.float64(x) if kind is float or kind is int else np.asarray(x) if kind in (list, tuple) else x


def pull(rule: Rule, g: Any, z: Any, xs: Sequence[Any], parameters: Mapping[str, Any]) -> Any:
    """One rule with numbers; where Python's floats raise (1/0), NumPy's numbers say inf or nan instead."""
    try:
        return rule(g, z, *xs, **parameters)
    except (ArithmeticError, ValueError):
        with np.errstate(all="ignore"):
            return plain(rule(*map(_as_numpy, (g, z, *xs)), **parameters))
