"""Operations that move numbers without changing them. They come in adjoint pairs: the rule of one is the other."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from bpviz.errors import UsageError
from bpviz.lazy import LazyModule
from bpviz.ops.table.binding import INDEX, POWER, REDUCTION
from bpviz.ops.table.registry import OPERATIONS, operation
from bpviz.ops.table.row import REQUIRED, Case, Operation
from bpviz.ops.table.values import Shape, is_whole_number, shape_of, size_of

__all__ = [
    "Operand",
    "added_up",
    "broadcast_to",
    "concatenate",
    "index",
    "indexed",
    "indexed_shape",
    "kept_shape",
    "key_text",
    "normalized_axes",
    "plus",
    "reshape",
    "scatter",
    "stack",
    "sum_to",
    "transpose",
]

np: Any = LazyModule("numpy")


def normalized_axes(axis: Any, dimensions: int) -> tuple[int, ...]:
    """Return the axes as non-negative numbers; ``None`` means all of them.

    >>> normalized_axes(-1, 3), normalized_axes(None, 2)
    ((2,), (0, 1))
    """
    if axis is None:
        return tuple(range(dimensions))
    if type(axis) is int and dimensions:
        return (axis % dimensions,)
    axes = (axis,) if is_whole_number(axis) else axis
    return tuple([operator.index(a) % dimensions if dimensions else 0 for a in axes])


def kept_shape(shape: Shape, axis: Any) -> Shape:
    """Return a shape with the reduced axes kept as 1, so that it broadcasts against the original.

    >>> kept_shape((4, 3), 1)
    (4, 1)
    """
    axes = normalized_axes(axis, len(shape))
    return tuple(1 if i in axes else n for i, n in enumerate(shape))


_MOST = 4096


@lru_cache(maxsize=64)
def _ones(count: int, kind: str) -> Any:
    ones = np.ones(count, kind)
    ones.setflags(write=False)
    return ones


def added_up(x: Any, axis: int) -> Any:
    """Σ over the first axis (0) of an array, or over its last (−1), which stays as 1.

    Matrices are multiplied by ones, which takes as little as a fifth of what np.add.reduce takes.

    >>> added_up(np.eye(2), 0), added_up(np.eye(2), -1)
    (array([1., 1.]), array([[1.],
           [1.]]))
    """
    if x.ndim == 2 and x.shape[axis] <= _MOST:
        kind = x.dtype.char
        if kind == "d" or kind == "f":
            ones = _ones(x.shape[axis], kind)
            return x.dot(ones).reshape(-1, 1) if axis else ones.dot(x)
    return np.add.reduce(x, axis, keepdims=axis != 0)


def plus(made: Any, row: Any) -> Any:
    """Return an array that was made just now, plus a row: in its own memory, where that holds the sum.

    >>> plus(np.zeros((2, 2)), np.array([1.0, 2.0]))
    array([[1., 2.],
           [1., 2.]])
    """
    if type(made) is type(row) and row.shape == made.shape[-1:] and row.dtype is made.dtype:
        made += row
        return made
    return made + row


def _sum_to(x: Any, shape: Shape) -> Any:
    here = shape_of(x)
    if here == shape:
        return x
    lead = len(here) - len(shape)
    # np.sum comes to the same, by a longer way.
    if here[lead:] == shape:
        return added_up(x, 0) if lead == 1 else np.add.reduce(x, tuple(range(lead)))
    inner = [lead + i for i, n in enumerate(shape) if n == 1 and here[lead + i] != 1]
    return np.add.reduce(x, axis=(*range(lead), *inner), keepdims=True).reshape(shape)


def _broadcast_to(x: Any, shape: Shape) -> Any:
    if shape_of(x):
        return np.broadcast_to(x, shape)
    # One number everywhere: np.broadcast_to takes four times as long to say so.
    x = np.asarray(x)
    spread = np.ndarray(shape, x.dtype, x, 0, (0,) * len(shape))
    spread.flags.writeable = False
    return spread


broadcast_to = operation(
    "broadcast_to",
    "broadcast",
    "x",
    forward=_broadcast_to,
    vjp=(lambda g, z, x, shape: sum_to(g, shape=shape_of(x)),),
    parameters={"shape": REQUIRED},
    numpy=("broadcast_to",),
    says="One number is used at many places: their gradients add up.",
    notation="{x}",
    unwritten=True,
    plumbing=True,
    shape=lambda x, shape: tuple(shape),
    cases=(Case(((3,),), {"shape": (2, 3)}), Case(((),), {"shape": (2, 2)}), Case(((2, 1),), {"shape": (4, 2, 3)})),
)

sum_to: Operation = operation(
    "sum_to",
    "Σ",
    "x",
    forward=_sum_to,
    vjp=(lambda g, z, x, shape: broadcast_to(g, shape=shape_of(x)),),
    parameters={"shape": REQUIRED},
    says="Adds up what broadcasting had spread.",
    notation="Σ {x}",
    binds=REDUCTION,
    reduces="shape",
    over_axes="Σ{axes} {x}",
    word="sum",
    plumbing=True,
    shape=lambda x, shape: tuple(shape),
    cases=(Case(((2, 3),), {"shape": (3,)}), Case(((2, 3),), {"shape": ()}), Case(((2, 3),), {"shape": (2, 1)})),
)


def _reshape_arguments(x: Any, *shape: Any, **keywords: Any) -> tuple[Sequence[Any], dict[str, Any]]:
    # np.reshape(x, (2, 3)), x.reshape(2, 3) and x.reshape((2, 3)) all mean the same.
    if len(shape) == 1 and type(shape[0]) is tuple and not keywords:
        return (x,), {"shape": tuple(map(operator.index, shape[0]))}
    if not shape:
        shape = (keywords.pop("shape", keywords.pop("newshape", None)),)
    if keywords.pop("order", "C") != "C":
        raise TypeError("reshape with another order than 'C' cannot be recorded; transpose first")
    if keywords:
        raise TypeError(f"reshape with {', '.join(keywords)}= cannot be recorded")
    wanted = shape[0] if len(shape) == 1 else shape
    wanted = (wanted,) if is_whole_number(wanted) else tuple(wanted)
    return (x,), {"shape": tuple(map(operator.index, wanted))}


def _reshaped(x: Shape, shape: Shape) -> Shape:
    if -1 not in shape:
        return tuple(shape)
    rest = math.prod(n for n in shape if n != -1)
    return tuple(math.prod(x) // rest if n == -1 else n for n in shape)


reshape: Operation = operation(
    "reshape",
    "reshape",
    "x",
    forward=lambda x, shape: np.asarray(x).reshape(shape),
    vjp=(lambda g, z, x, shape: reshape(g, shape=shape_of(x)),),
    parameters={"shape": REQUIRED},
    numpy=("reshape",),
    method=True,
    adapt=_reshape_arguments,
    view=lambda z, x, shape: reshape(z, shape=shape_of(x)),
    says="The gradient takes the old shape back.",
    notation="{x}",
    unwritten=True,
    plumbing=True,
    shape=_reshaped,
    cases=(Case(((2, 3),), {"shape": (3, 2)}), Case(((4,),), {"shape": (2, -1)}), Case(((),), {"shape": (1, 1)})),
)


def _transpose_arguments(x: Any, *axes: Any, **keywords: Any) -> tuple[Sequence[Any], dict[str, Any]]:
    if not axes:
        axes = (keywords.pop("axes", None),)
    if keywords:
        raise TypeError(f"transpose with {', '.join(keywords)}= cannot be recorded")
    wanted = axes[0] if len(axes) == 1 else axes
    return (x,), {"axes": None if wanted is None else normalized_axes(wanted, len(shape_of(x)))}


def _undone(axes: tuple[int, ...] | None) -> tuple[int, ...] | None:
    return None if axes is None else tuple([axes.index(i) for i in range(len(axes))])


transpose: Operation = operation(
    "transpose",
    "T",
    "x",
    forward=lambda x, axes=None: np.asarray(x).transpose(axes),
    vjp=(lambda g, z, x, axes=None: transpose(g, axes=_undone(axes)),),
    parameters={"axes": None},
    numpy=("transpose",),
    method=True,
    adapt=_transpose_arguments,
    view=lambda z, x, axes=None: transpose(z, axes=_undone(axes)),
    says="The gradient is turned back.",
    notation="{x}ᵀ",
    binds=POWER,
    plumbing=True,
    shape=lambda x, axes=None: x[::-1] if axes is None else tuple(x[a] for a in axes),
    cases=(Case(((2, 3),)), Case(((2, 3, 4),), {"axes": (2, 0, 1)}), Case(((3,),))),
)


class Operand:
    """Stands in an index for a recorded operand, so that the index follows it when the inputs change.

    >>> Operand(0)
    <operand 0>
    """

    __slots__ = ("slot",)

    def __init__(self, slot: int) -> None:
        self.slot = slot

    def __repr__(self) -> str:
        return f"<operand {self.slot}>"


def indexed(key: Any, positions: Sequence[Any]) -> Any:
    """Return the index with the recorded operands put back in."""
    if isinstance(key, Operand):
        position = positions[key.slot]
        if not isinstance(position, float):
            return position
        if not position.is_integer():
            raise UsageError(f"an index must be a whole number, but is {position}")
        return int(position)
    if isinstance(key, tuple):
        return tuple(indexed(part, positions) for part in key)
    if isinstance(key, slice):
        return slice(indexed(key.start, positions), indexed(key.stop, positions), indexed(key.step, positions))
    return key


def _index_rule(g: Any, z: Any, x: Any, *positions: Any, key: Any, slot: int) -> Any:
    return scatter(g, *positions, key=key, shape=shape_of(x)) if slot == 0 else None


def _scatter(x: Any, *positions: Any, key: Any, shape: Shape) -> Any:
    spread = np.zeros(shape, np.result_type(x, np.float32 if np.asarray(x).dtype == np.float32 else np.float64))
    # add.at: a place that was taken twice gets both gradients.
    np.add.at(spread, indexed(key, positions), x)
    return spread


_POSITIONS = 6
"""The most positions of an index that are written out."""


def key_text(key: Any, whole: bool = False) -> str:
    """Return an index as it is written: ``:, −1``. Recorded positions are ``i``; short lists, too, unless ``whole``.

    >>> key_text((slice(None), 2)), key_text([0, 2]), key_text(([0, 2], None), whole=True)
    (':, 2', 'i', '[0, 2], None')
    """
    if isinstance(key, tuple):
        return ", ".join("None" if part is None else key_text(part, whole) for part in key)
    if isinstance(key, slice):
        text = f"{key_text(key.start)}:{key_text(key.stop)}"
        return text if key.step is None else f"{text}:{key_text(key.step)}"
    if key is None:
        return "None" if whole else ""
    if key is Ellipsis:
        return "…"
    if isinstance(key, int):
        return str(key)
    positions = key.tolist() if whole and hasattr(key, "tolist") else key
    few = whole and isinstance(positions, list) and len(positions) <= _POSITIONS
    return str(positions) if few and all(type(n) is int for n in positions) else "i"


def _index_symbol(constants: Sequence[Any], parameters: Any) -> tuple[str, tuple[int, ...]]:
    key = parameters["key"]
    return f"[{'None' if key is None else key_text(key)}]", ()


def indexed_shape(x: Shape, positions: Sequence[Any], key: Any) -> Shape:
    """Return the shape of what is taken from an array of this shape at recorded positions, or where a mask is true.

    >>> indexed_shape((3,), [np.array([True, False, True])], Operand(0))
    (2,)
    """
    # NumPy's own answer, on an array that takes no memory.
    return tuple(np.broadcast_to(False, x)[indexed(key, positions)].shape)


def _indexed_shape(x: Shape, *positions: Shape, key: Any) -> Shape:
    return indexed_shape(x, [np.zeros(shape, np.int64) for shape in positions], key)


index = operation(
    "index",
    "[ ]",
    "x positions*",
    forward=lambda x, *positions, key: np.asarray(x)[indexed(key, positions)],
    vjp=_index_rule,
    parameters={"key": REQUIRED},
    drawn=_index_symbol,
    view=lambda z, x, *positions, key: OPERATIONS["assign"](x, z, *positions, key=key),
    says="The gradient goes back to the place that was taken; all other places get 0.",
    notation="{x}[{key}]",
    binds=INDEX,
    shape=_indexed_shape,
    cases=(
        Case(((3,),), {"key": 1}),
        Case(((3, 4),), {"key": (slice(None), -1)}),
        Case(((3, 4),), {"key": (Ellipsis, None, slice(0, 4, 2))}),
        Case(((3,),), {"key": [0, 0, 2]}),
    ),
)

scatter = operation(
    "scatter",
    "put",
    "x positions*",
    forward=_scatter,
    vjp=lambda g, z, x, *positions, key, shape, slot: index(g, *positions, key=key) if slot == 0 else None,
    parameters={"key": REQUIRED, "shape": REQUIRED},
    says="Puts numbers at their places in an array of zeros.",
    notation="put({x})",
    shape=lambda x, *positions, key, shape: tuple(shape),
    cases=(Case(((),), {"key": 1, "shape": (3,)}), Case(((3,),), {"key": [0, 0, 2], "shape": (4,)})),
)


def _concatenate_arguments(xs: Any, axis: Any = 0, **keywords: Any) -> tuple[Sequence[Any], dict[str, Any]]:
    if any(value is not None for value in keywords.values()):
        raise TypeError(f"concatenate with {', '.join(keywords)}= cannot be recorded")
    return tuple(xs), {"axis": axis}


def _concatenate_rule(g: Any, z: Any, *xs: Any, axis: int | None = 0, slot: int) -> Any:
    if axis is None:
        sizes = list(map(size_of, xs))
        start = sum(sizes[:slot])
        return reshape(index(g, key=slice(start, start + sizes[slot])), shape=shape_of(xs[slot]))
    lengths = [shape_of(x)[axis] for x in xs]
    start = sum(lengths[:slot])
    before = (slice(None),) * (axis % len(shape_of(z)))
    return index(g, key=(*before, slice(start, start + lengths[slot])))


def _concatenated_shape(*shapes: Shape, axis: int | None = 0) -> Shape:
    if axis is None:
        return (sum(map(math.prod, shapes)),)
    axis %= len(shapes[0])
    return tuple(sum(shape[axis] for shape in shapes) if i == axis else n for i, n in enumerate(shapes[0]))


concatenate = operation(
    "concatenate",
    "concat",
    "xs*",
    forward=lambda *xs, axis=0: np.concatenate(xs, axis=axis),
    vjp=_concatenate_rule,
    parameters={"axis": 0},
    numpy=("concatenate", "concat"),
    adapt=_concatenate_arguments,
    says="Each part gets its own stretch of the gradient.",
    notation="concat({xs})",
    shape=_concatenated_shape,
    cases=(
        Case(((2, 3), (1, 3))),
        Case(((2, 3), (2, 1), (2, 2)), {"axis": -1}),
        Case(((2, 2), (3,)), {"axis": None}),
    ),
)


def _stack_rule(g: Any, z: Any, *xs: Any, axis: int = 0, slot: int) -> Any:
    return index(g, key=(*(slice(None),) * (axis % len(shape_of(z))), slot))


def _stacked_shape(*shapes: Shape, axis: int = 0) -> Shape:
    axis %= len(shapes[0]) + 1
    return (*shapes[0][:axis], len(shapes), *shapes[0][axis:])


stack = operation(
    "stack",
    "stack",
    "xs*",
    forward=lambda *xs, axis=0: np.stack(xs, axis=axis),
    vjp=_stack_rule,
    parameters={"axis": 0},
    numpy=("stack",),
    adapt=_concatenate_arguments,
    says="Each part gets its own slice of the gradient.",
    notation="[{xs}]",
    shape=_stacked_shape,
    cases=(Case(((), (), ())), Case(((2,), (2,))), Case(((2, 3), (2, 3)), {"axis": -1})),
)
