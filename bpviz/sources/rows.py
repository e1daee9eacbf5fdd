"""Rows for operations of other frameworks: callable ones, and those that hold their numbers alone."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, NoReturn

from bpviz import ops
from bpviz.errors import RecordingError
from bpviz.frozen import dataclass
from bpviz.ops import Operation
from bpviz.ops.table.row import Rule
from bpviz.ops.table.unknown import UNKNOWN
from bpviz.sources.steps import Call, Step

__all__ = ["letters", "row_of"]

_ShapeRule = Callable[..., ops.Shape]
_LETTERS = ("x", "y", "w", "b", "c", "d", "e", "f")


def letters(count: int) -> tuple[str, ...]:
    """Return names for so many operands.

    >>> letters(2), letters(9)[-1]
    (('x', 'y'), 'x8')
    """
    return _LETTERS[:count] if count <= len(_LETTERS) else tuple(f"x{i}" for i in range(count))


def row_of(step: Step, result: int, framework: str) -> Operation:
    """Return the row of one result of a step: ours where it computes the same, else one for this step alone.

    Raises `RecordingError` where our row takes another number of operands.
    """
    same = step.same[result] if step.same else None
    count = len(step.operands)
    if same is not None:
        row = ops.named(same.row)
        if len(row.operands) != count and not row.variadic:
            raise RecordingError(
                f"the step {step.function!r} has {count} operands, but the operation {row.name!r} takes "
                f"{len(row.operands)}; give its operands in the order of that row"
            )
        return row
    shape = ops.shape_of(step.results[result])
    made = _Named(step.function, step.symbol or step.function, framework)
    return _numbers_only(made, count, shape) if step.call is None else _called(made, step.call, result, count, shape)


@dataclass(frozen=True, slots=True)
class _Named:
    """What a row is called, and by whom it is computed."""

    name: str
    symbol: str
    framework: str

    def rule(self, slot: int, count: int) -> _Named:
        """Return the name of the rule of one operand of so many: ``linear′2``."""
        which = str(slot + 1) if count > 1 else ""
        return _Named(f"{self.name}′{which}", f"{self.symbol}′", self.framework)

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
            notation=f"{self.name}({', '.join('{' + letter + '}' for letter in operands)})",
            shape=shape,
            framework=self.framework,
        )


def _numbers_only(named: _Named, count: int, shape: ops.Shape) -> Operation:
    """Return the row of a step that cannot be computed again; other gradients than its own are unknown."""

    def forward(*_: Any, **__: Any) -> NoReturn:
        raise RecordingError(
            f"the step {named.name!r} of {named.framework} has only the numbers of its own run; run the model again "
            "with other inputs, and draw that"
        )

    return named.row(count, forward, (lambda *_, **__: UNKNOWN,) * count, lambda *_, **__: shape)


def _called(named: _Named, call: Call, result: int, count: int, shape: ops.Shape | int) -> Operation:
    """Return the row of an operation that its framework computes; each of its rules is such an operation as well.

    Its result has this shape, or that of an operand.
    """

    def forward(*xs: Any) -> Any:
        made = call(*xs)
        return ops.plain(made[result] if isinstance(made, tuple) else made)

    def shape_of(*shapes: ops.Shape) -> ops.Shape:
        return shapes[shape] if isinstance(shape, int) else shape

    return named.row(count, forward, tuple(_Rule(named, call, result, slot, count) for slot in range(count)), shape_of)


class _Rule:
    """The rule of one operand; its operation is made when it is first called, since most never are."""

    def __init__(self, named: _Named, call: Call, result: int, slot: int, count: int) -> None:
        self.named, self.call, self.result, self.slot, self.count = named, call, result, slot, count

    @cached_property
    def row(self) -> Operation | None:
        """The operation that computes the gradient from ``(g, *xs)``; ``None`` if none flows."""
        pullback = self.call.pullback(self.result, self.slot)
        if pullback is None:
            return None
        return _called(self.named.rule(self.slot, self.count), pullback, 0, self.count + 1, self.slot + 1)

    def __call__(self, g: Any, z: Any, *xs: Any) -> Any:
        return None if self.row is None else self.row(g, *xs)
