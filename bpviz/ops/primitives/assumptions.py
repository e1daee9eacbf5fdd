"""What an author assumes and does not write: shares add up to 1, guards against division by 0.

With numbers and with handles these compute; formulas leave them out (`bpviz.formulas.formula`).
"""

from __future__ import annotations

from typing import Any

from bpviz.lazy import LazyModule
from bpviz.ops.primitives.selection import where
from bpviz.ops.primitives.shaping import added_up, broadcast_to, kept_shape
from bpviz.ops.table.registry import operation
from bpviz.ops.table.row import Case, Operation
from bpviz.ops.table.values import shape_of

__all__ = ["called", "guard", "largest", "total_share"]

np: Any = LazyModule("numpy")


def called(value: Any, name: str) -> Any:
    """Return the value itself; a formula writes ``name`` in its place, as authors do for a long expression.

    >>> called(3.0, "x̂")
    3.0
    """
    naming = getattr(value, "__bpviz_called__", None)
    return value if naming is None else naming(name)


guard: Operation = operation(
    "guard",
    "guard",
    "c s x",
    forward=lambda c, s, x: np.where(c, s, x),
    scalar=lambda c, s, x: s if c else x,
    vjp=(None, lambda g, z, c, s, x: where(c, g, 0.0), lambda g, z, c, s, x: where(c, 0.0, g)),
    says="Puts s in the place of x where the condition holds, so that no division by 0 happens there.",
    notation="{s} if {c} else {x}",
    granted=True,
    cases=(Case(((2, 3), (2, 3), (3,))), Case(((), (), ()))),
    js="{c} === 0 ? {x} : {s}",
)

total_share = operation(
    "total_share",
    "Σ",
    "x",
    forward=lambda x: added_up(np.asarray(x), -1),
    vjp=(lambda g, z, x: broadcast_to(g, shape=shape_of(x)),),
    says="The sum of shares, which is 1 for correct targets; the gradient goes to every share.",
    notation="Σ {x}",
    reduces="last",
    over_axes="Σ{axes} {x}",
    word="sum",
    granted=True,
    shape=lambda x: kept_shape(x, -1),
    cases=(Case(((2, 3),)), Case(((3,),)), Case(((),))),
)


def _largest(x: Any, axis: int = -1) -> Any:
    if np.ndim(x) and not np.size(x):
        return np.zeros(kept_shape(np.shape(x), axis), np.asarray(x).dtype)
    return np.max(x, axis=axis, keepdims=True)


largest = operation(
    "largest",
    "max",
    "x",
    forward=_largest,
    vjp=(None,),
    parameters={"axis": -1},
    says="The largest logit is subtracted from all logits, so that exp cannot overflow: it cancels, without gradient.",
    notation="max({x})",
    reduces="last",
    over_axes="max{axes}({x})",
    word="max",
    of_operands="greatest",
    shape=lambda x, axis=-1: kept_shape(x, axis),
    cases=(Case(((2, 3),)), Case(((2, 3),), {"axis": 0}), Case(((),))),
)
