"""Writes into arrays as operations: each makes a new array in which some places hold other numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bpviz.lazy import LazyModule
from bpviz.ops.primitives.shaping import index, indexed, key_text, sum_to
from bpviz.ops.table.registry import operation
from bpviz.ops.table.row import REQUIRED, Case, Operation
from bpviz.ops.table.values import Shape, shape_of

__all__ = ["arrange", "assign", "fill"]

np: Any = LazyModule("numpy")


def _assigned(x: Any, v: Any, *positions: Any, key: Any) -> Any:
    made = np.array(x)
    made[indexed(key, positions)] = v
    return made


def _assign_rule(g: Any, z: Any, x: Any, v: Any, *positions: Any, key: Any, slot: int) -> Any:
    if slot == 0:
        return assign(g, 0.0, *positions, key=key)
    return sum_to(index(g, *positions, key=key), shape=shape_of(v)) if slot == 1 else None


def _assign_symbol(constants: Sequence[Any], parameters: Any) -> tuple[str, tuple[int, ...]]:
    return f"[{key_text(parameters['key'])}] ←", ()


assign: Operation = operation(
    "assign",
    "[ ] ←",
    "x v positions*",
    forward=_assigned,
    vjp=_assign_rule,
    parameters={"key": REQUIRED},
    drawn=_assign_symbol,
    says="Writes v at a place of x: the gradient of that place goes to v, and what stood there before gets 0.",
    notation="assign({x}, {v}, [{key}])",
    opaque=True,
    shape=lambda x, v, *positions, key: x,
    cases=(
        Case(((3,), ()), {"key": 1}),
        Case(((3, 4), (3,)), {"key": (slice(None), -1)}),
        Case(((3, 4), (2, 4)), {"key": [2, 0]}),
        Case(((3, 4), (4,)), {"key": slice(0, 2)}),
    ),
)


def _filled(*parts: Any, keys: Sequence[Any], shape: Shape, rest: float = 0.0) -> Any:
    made = np.full(shape, rest, np.result_type(*parts))
    for part, key in zip(parts, keys, strict=True):
        made[key] = part
    return made


def _fill_rule(g: Any, z: Any, *parts: Any, keys: Sequence[Any], shape: Shape, rest: float = 0.0, slot: int) -> Any:
    if keys[slot] is not Ellipsis:
        return index(g, key=keys[slot])
    others = [key for key in keys if key is not Ellipsis]
    return fill(g, *[0.0] * len(others), keys=(Ellipsis, *others), shape=shape)


fill: Operation = operation(
    "fill",
    "fill",
    "xs*",
    forward=_filled,
    vjp=_fill_rule,
    parameters={"keys": REQUIRED, "shape": REQUIRED, "rest": 0.0},
    says="Parts at places of one array, none at the place of another; each gets the gradient of its own place.",
    notation="fill({xs})",
    opaque=True,
    shape=lambda *xs, keys, shape, rest=0.0: tuple(shape),
    cases=(
        Case(((), ()), {"keys": (0, 2), "shape": (4,)}),
        Case(((3,), (2, 3)), {"keys": (2, slice(0, 2)), "shape": (3, 3)}),
        Case(((2, 3), (3,), ()), {"keys": (Ellipsis, 1, (0, 1)), "shape": (2, 3)}),
    ),
)


def _arranged(*parts: Any, shape: Shape, axes: Sequence[int]) -> Any:
    stacked = np.stack(parts)
    return np.moveaxis(stacked.reshape((*shape, *stacked.shape[1:])), range(len(axes)), axes)


def _arrange_rule(g: Any, z: Any, *parts: Any, shape: Shape, axes: Sequence[int], slot: int) -> Any:
    return index(g, key=_place(slot, shape, axes))


def _place(slot: int, shape: Shape, axes: Sequence[int]) -> tuple[Any, ...]:
    """Return the index of a part: its row and column, and all of the axes between them."""
    places = dict(zip(axes, map(int, np.unravel_index(slot, shape)), strict=True))
    return tuple(places.get(axis, slice(None)) for axis in range(max(axes) + 1))


def _arranged_shape(*shapes: Shape, shape: Shape, axes: Sequence[int]) -> Shape:
    lengths, rest = dict(zip(axes, shape, strict=True)), iter(shapes[0])
    return tuple(lengths[i] if i in lengths else next(rest) for i in range(len(axes) + len(shapes[0])))


def _arrange_symbol(constants: Sequence[Any], parameters: Any) -> tuple[str, tuple[int, ...]]:
    return f"array {'×'.join(map(str, parameters['shape']))}", ()


arrange: Operation = operation(
    "arrange",
    "array",
    "xs*",
    forward=_arranged,
    vjp=_arrange_rule,
    parameters={"shape": REQUIRED, "axes": REQUIRED},
    drawn=_arrange_symbol,
    says="Parts in rows and columns of one array; each gets its own part of the gradient.",
    notation="[{xs}]",
    shape=_arranged_shape,
    cases=(
        Case(((), (), (), ()), {"shape": (2, 2), "axes": (0, 1)}),
        Case(((3,),) * 2, {"shape": (1, 2), "axes": (0, 2)}),
    ),
)
