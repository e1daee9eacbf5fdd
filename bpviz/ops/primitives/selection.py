"""Comparisons and choices. A comparison carries no gradient."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

from bpviz.lazy import LazyModule
from bpviz.ops.table.binding import CHOICE, COMPARISON
from bpviz.ops.table.registry import operation
from bpviz.ops.table.row import Case, Operation

__all__ = ["equal", "greater", "greater_equal", "less", "less_equal", "not_equal", "where"]

np: Any = LazyModule("numpy")

_MANY = 4096


def _comparison(name: str, symbol: str, forward: Any, **row: Any) -> Any:
    return operation(
        name,
        symbol,
        "x y",
        forward=forward,
        scalar=forward,
        vjp=(None, None),
        numpy=(name,),
        operator=forward.__name__,
        says="True or false; a decision carries no gradient.",
        notation="{x} " + symbol + " {y}",
        binds=COMPARISON,
        cases=(Case(((2, 3), (3,))),),
        **row,
    )


greater = _comparison("greater", ">", operator.gt, js="{x} > {y}")
greater_equal = _comparison("greater_equal", "≥", operator.ge, js="{x} >= {y}")
less = _comparison("less", "<", operator.lt, js="{x} < {y}")
less_equal = _comparison("less_equal", "≤", operator.le, js="{x} <= {y}")
equal = _comparison("equal", "=", operator.eq, needs=(COMPARISON, COMPARISON + 1), js="{x} === {y}")
not_equal = _comparison("not_equal", "≠", operator.ne, needs=(COMPARISON, COMPARISON + 1), js="{x} !== {y}")


def _choose(condition: Any, x: Any, y: Any) -> Any:
    if type(y) is float and not y and getattr(condition, "size", 0) > _MANY:
        alike = type(x) is np.ndarray and x.shape == condition.shape and x.dtype == np.float64
        if alike and condition.dtype == bool and math.copysign(1, y) > 0:
            # A mask of all bits or none: the same numbers in an eighth of np.where's time, which branches per element.
            mask = np.negative(condition.view(np.int8), dtype=np.int64)
            return np.bitwise_and(x.view(np.int64), mask, out=mask).view(np.float64)
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
    binds=CHOICE,
    cases=(Case(((2, 3), (2, 3), (3,))), Case(((), (), ()))),
    js="{c} === 0 ? {y} : {x}",
)
