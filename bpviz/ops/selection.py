"""Comparisons and choices: what decides, and carries no gradient itself."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

from bpviz.lazy import LazyModule
from bpviz.ops.operation import Case, Operation, operation

__all__ = ["equal", "greater", "greater_equal", "less", "less_equal", "not_equal", "where"]

np: Any = LazyModule("numpy")


def _comparison(name: str, symbol: str, forward: Any) -> Any:
    return operation(
        name,
        symbol,
        "x y",
        forward=forward,
        scalar=forward,
        vjp=(None, None),
        numpy=(name,),
        says="True or false; a decision carries no gradient.",
        notation="{x} " + symbol + " {y}",
        cases=(Case(((2, 3), (3,))),),
    )


greater = _comparison("greater", ">", operator.gt)
greater_equal = _comparison("greater_equal", "≥", operator.ge)
less = _comparison("less", "<", operator.lt)
less_equal = _comparison("less_equal", "≤", operator.le)
equal = _comparison("equal", "=", operator.eq)
not_equal = _comparison("not_equal", "≠", operator.ne)


def _choose(condition: Any, x: Any, y: Any) -> Any:
    return np.where(condition, x, y)


def _where_arguments(condition: Any, *choices: Any) -> tuple[Sequence[Any], dict[str, Any]]:
    if len(choices) != 2:
        raise TypeError(
            "np.where(condition) alone gives positions whose number depends on the values; write "
            "np.where(condition, x, y), or x[condition] for what is chosen"
        )
    return (condition, *choices), {}


where: Operation = operation(
    "where",
    "where",
    "c x y",
    forward=_choose,
    scalar=lambda c, x, y: x if c else y,
    vjp=(None, lambda g, z, c, x, y: where(c, g, 0.0), lambda g, z, c, x, y: where(c, 0.0, g)),
    numpy=("where",),
    adapt=_where_arguments,
    says="Takes x where the condition holds and y elsewhere; the gradient goes to the one that was taken.",
    notation="{x} if {c} else {y}",
    cases=(Case(((2, 3), (2, 3), (3,))), Case(((), (), ()))),
)
