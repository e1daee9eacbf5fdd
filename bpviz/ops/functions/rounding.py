"""Whole parts and remainders: functions made of steps, where no gradient passes, and what is left over."""

from __future__ import annotations

import math
from typing import Any

from bpviz.lazy import LazyModule
from bpviz.ops.primitives.selection import where
from bpviz.ops.table.registry import made_of_operations
from bpviz.ops.table.row import Case
from bpviz.ops.table.row_shapes import flat, function_of_two

__all__ = ["ceil", "divmod_", "floor", "floor_divide", "fmod", "heaviside", "remainder", "rint", "round_", "trunc"]

np: Any = LazyModule("numpy")

floor = flat("floor", "⌊x⌋", notation="⌊{x}⌋", scalar=lambda x: float(math.floor(x)), js="Math.floor({x})")
ceil = flat("ceil", "⌈x⌉", notation="⌈{x}⌉", js="Math.ceil({x})")
trunc = flat("trunc", "trunc", numpy=("trunc", "fix"), js="Math.trunc({x})")
rint = flat("rint", "rint", js="F.rint({x})")

round_ = flat(
    "round",
    "round",
    forward=lambda x, decimals=0: np.round(x, decimals),
    parameters={"decimals": 0},
    numpy=("round", "around"),
    method=True,
    cases=(Case(((),)), Case(((2, 3),)), Case(((2, 3),), {"decimals": -1})),
    js="F.round({x}, {decimals})",
)

_DIVISIONS: dict[str, Any] = {
    "cases": (Case(((), ())), Case(((2, 3), (3,))), Case(((2, 1), (1, 3)))),
    "domain": ((-5, 5), (0.7, 2)),
}

remainder = function_of_two(
    "remainder",
    "mod",
    lambda g, z, x, y: g,
    lambda g, z, x, y: -g * floor(x / y),
    numpy=("remainder", "mod"),
    operator="mod",
    says="x − y·⌊x/y⌋: the gradient passes to x; −⌊x/y⌋ of it goes to y.",
    notation="{x} mod {y}",
    convention="at its jumps: the slope between them",
    **_DIVISIONS,
    js="F.remainder({x}, {y})",
)

fmod = function_of_two(
    "fmod",
    "fmod",
    lambda g, z, x, y: g,
    lambda g, z, x, y: -g * trunc(x / y),
    says="x − y·trunc(x/y): the gradient passes to x; −trunc(x/y) of it goes to y.",
    convention="at its jumps: the slope between them",
    **_DIVISIONS,
    elsewhere=("math.fmod",),
    js="{x} % {y}",
)

floor_divide = function_of_two(
    "floor_divide",
    "⌊x/y⌋",
    lambda g, z, x, y: g * 0.0,
    lambda g, z, x, y: g * 0.0,
    says="Flat between its jumps: no gradient passes.",
    notation="⌊{x}/{y}⌋",
    operator="floordiv",
    convention="0 everywhere",
    **_DIVISIONS,
    js="F.floorDivide({x}, {y})",
)

heaviside = function_of_two(
    "heaviside",
    "step",
    lambda g, z, x, y: g * 0.0,
    lambda g, z, x, y: where(x == 0, g, 0.0),
    says="0 below zero, 1 above it, y at it: no gradient passes to x; y gets it where it was taken.",
    notation="step({x}, {y})",
    convention="0 everywhere for x",
    js="{x} !== {x} ? {x} : {x} < 0 ? 0 : {x} > 0 ? 1 : {y}",
)


@made_of_operations("divmod")
def divmod_(x1: Any, x2: Any) -> tuple[Any, Any]:
    """``np.divmod``: the whole quotient and the remainder."""
    return floor_divide(x1, x2), remainder(x1, x2)
