"""Rows for operations of other frameworks: callable ones, and those that hold their numbers alone."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, NoReturn, Protocol

from bpviz.errors import BpvizError, RecordingError, UsageError
from bpviz.frozen import dataclass
from bpviz.ops.table.binding import ATOM
from bpviz.ops.table.row import Operation, Rule
from bpviz.ops.table.unknown import UNKNOWN
from bpviz.ops.table.values import Shape, plain, shape_of
from bpviz.text.notation import LOWERED

__all__ = ["Call", "Called", "called", "letters", "numbers_only"]

_ShapeRule = Callable[..., Shape]
_LETTERS = ("x", "y", "w", "b", "c", "d", "e", "f")


def letters(count: int) -> tuple[str, ...]:
    """Return names for so many operands.

    >>> letters(2), letters(9)[-1]
    (('x', 'y'), 'x8')
    """
    return _LETTERS[:count] if count <= len(_LETTERS) else tuple(f"x{i}" for i in range(count))


class Call(Protocol):
    """One operation of a framework that can be computed again, and whose gradient is another such operation."""

    def __call__(self, *xs: Any) -> Any:
        """Return the results for operands (floats or NumPy arrays): a value, or a tuple where the step has several.

        The results are floats or NumPy arrays. Where an operand comes in double precision, compute in that
        (`gradcheck` needs it). What was random in the step (dropout) stays what it was.
        """

    def pullback(self, result: int, slot: int) -> Call | None:
        """Return the call that takes ``(g, *xs)`` and returns the gradient of operand ``slot``, in its shape.

        ``g`` is the gradient of that result alone. ``None`` if no gradient flows to the operand.
        """


@dataclass(frozen=True, slots=True)
class Called:
    """What a row is called, and by whom it is computed; formulas may call it ``written``."""

    name: str
    symbol: str
    framework: str
    written: str = ""

    def rule(self, slot: int, count: int) -> Called:
        """Return the name of the rule of one operand of so many, which formulas write as ``linear′₂(g, x, w)``."""
        which = str(slot + 1).translate(LOWERED) if count > 1 else ""
        return Called(f"{self.name}′", f"{self.symbol}′", self.framework, f"{self.written or self.name}′{which}")

    def row(self, count: int, forward: Callable[..., Any], rules: tuple[Rule, ...], shape: _ShapeRule) -> Operation:
        """Return the row with this name."""
        operands = letters(count)
        return Operation(
            name=self.name,
            symbol=self.symbol.replace("{", "{{").replace("}", "}}"),
            operands=operands,
            forward=forward,
            vjp=rules,
            says=f"A step of {self.framework}: its value and its gradients are {self.framework}'s own.",
            notation=f"{self.written or self.name}({', '.join('{' + letter + '}' for letter in operands)})",
            shape=shape,
            binds=ATOM,
            framework=self.framework,
        )


def numbers_only(named: Called, count: int, shape: Shape) -> Operation:
    """Return the row of a step that cannot be computed again; other gradients than its own are unknown."""

    def forward(*_: Any, **__: Any) -> NoReturn:
        raise RecordingError(
            f"the step {named.name!r} of {named.framework} has only the numbers of its own run; run the model again "
            "with other inputs, and draw that"
        )

    return named.row(count, forward, (lambda *_, **__: UNKNOWN,) * count, lambda *_, **__: shape)


def called(named: Called, call: Call, result: int, count: int, shape: Shape | int) -> Operation:
    """Return the row of an operation that its framework computes; each of its rules is such an operation as well.

    Its result has this shape, or that of an operand.
    """

    def forward(*xs: Any) -> Any:
        try:
            made = call(*xs)
        except BpvizError:
            raise
        except Exception as error:  # whatever the framework raises
            shapes = " and ".join(str(shape_of(x)) for x in xs)
            raise UsageError(f"{named.framework} cannot compute {named.name!r} on shapes {shapes}: {error}") from error
        return plain(made[result] if isinstance(made, tuple) else made)

    def shape_rule(*shapes: Shape) -> Shape:
        return shapes[shape] if isinstance(shape, int) else shape

    rules = tuple(_Rule(named, call, result, slot, count) for slot in range(count))
    return named.row(count, forward, rules, shape_rule)


class _Rule:
    """The rule of one operand; its operation is made when it is first called, since most never are."""

    def __init__(self, named: Called, call: Call, result: int, slot: int, count: int) -> None:
        self.named, self.call, self.result, self.slot, self.count = named, call, result, slot, count

    @cached_property
    def row(self) -> Operation | None:
        """The operation that computes the gradient from ``(g, *xs)``; ``None`` if none flows."""
        pullback = self.call.pullback(self.result, self.slot)
        if pullback is None:
            return None
        return called(self.named.rule(self.slot, self.count), pullback, 0, self.count + 1, self.slot + 1)

    def __call__(self, g: Any, z: Any, *xs: Any) -> Any:
        return None if self.row is None else self.row(g, *xs)
