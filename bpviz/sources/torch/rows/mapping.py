"""PyTorch's functions in our own operations, where these compute the same; the numbers stay PyTorch's.

Each entry takes the arguments of PyTorch's function, with a `Slot` for every tensor, and returns a `Mapped`, or
``None`` where our operation does something else.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from bpviz.ops.primitives.shaping import Operand
from bpviz.sources.torch.tensors.drafts import Slot, StepDraft

__all__ = ["Constant", "Mapped", "axis_of", "mapped_shaping"]

Entry = Callable[..., "Mapped | None"]


class Constant(NamedTuple):
    """An operand of our operation that is no tensor of the call."""

    value: Any
    name: str = ""


class Mapped(NamedTuple):
    """One of our operations: its name, its operands (slots of the call and constants), its parameters.

    ``each`` has the parameters of every result, where there are several.
    """

    row: str
    operands: Sequence[Any]
    parameters: Mapping[str, Any] = {}
    each: Sequence[Mapping[str, Any]] = ()


def called_entry(entry: Entry, draft: StepDraft) -> Mapped | None:
    """Return what an entry makes of a call; ``None`` for arguments that it does not take."""
    try:
        bound = _signature(entry).bind(draft, *draft.called.args, **draft.called.kwargs)
    except TypeError:
        return None
    return entry(*bound.args, **bound.kwargs)


@cache
def _signature(entry: Entry) -> inspect.Signature:
    return inspect.signature(entry)


def axis_of(dim: Any, x: Slot) -> Any:
    """Return an axis, or several, as NumPy counts them; ``None`` for all."""
    if dim is None or dim == () or dim == []:
        return None
    if isinstance(dim, tuple | list):
        return tuple(int(d) % x.ndim for d in dim)
    return int(dim) % x.ndim if x.ndim else None


# Arithmetic


def _binary(row: str, turned: bool = False) -> Entry:
    def entry(
        draft: Any, x: Any, y: Any, *, alpha: Any = 1, rounding_mode: Any = None, out: Any = None
    ) -> Mapped | None:
        if alpha != 1 or rounding_mode is not None:
            return None
        return Mapped(row, (y, x) if turned else (x, y))

    return entry


def _unary(row: str) -> Entry:
    return lambda draft, x, *, out=None: Mapped(row, (x,))


def _scaled(draft: Any, x: Any, *, inplace: bool = False) -> Mapped:
    return Mapped("relu", (x,))


def _reduction(row: str, most: int = 8) -> Entry:
    def entry(draft: Any, x: Slot, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Mapped | None:
        if dtype not in (None, x.dtype) or isinstance(dim, Slot):
            return None
        return Mapped(row, (x,), {"axis": axis_of(dim, x), "keepdims": bool(keepdim)})

    return entry


def _whole(row: str, other: str) -> Entry:
    """Return the entry of a reduction that takes all elements, or of the elementwise function of two operands."""

    def entry(draft: Any, x: Slot, y: Any = None) -> Mapped | None:
        if y is None:
            return Mapped(row, (x,))
        return Mapped(other, (x, y)) if isinstance(y, Slot) else None

    return entry


def _spread(row: str) -> Entry:
    def entry(
        draft: Any, x: Slot, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: Any = None
    ) -> Mapped | None:
        if isinstance(dim, bool):
            dim, unbiased = None, dim
        ddof = (1 if unbiased else 0) if correction is None else correction
        return Mapped(row, (x,), {"axis": axis_of(dim, x), "keepdims": bool(keepdim), "ddof": int(ddof)})

    return entry


def _norm(
    draft: Any, x: Slot, p: Any = "fro", dim: Any = None, keepdim: bool = False, dtype: Any = None
) -> Mapped | None:
    if p not in ("fro", 2, 2.0, None) or dtype is not None:
        return None
    return Mapped("norm", (x,), {"axis": axis_of(dim, x), "keepdims": bool(keepdim)})


def _vector_norm(draft: Any, x: Slot, ord: Any = 2, dim: Any = None, keepdim: bool = False) -> Mapped | None:
    return _norm(draft, x, ord, dim, keepdim)


def _power(draft: Any, x: Any, y: Any) -> Mapped:
    return Mapped("power", (x, y))


def _clamp(draft: Any, x: Slot, min: Any = None, max: Any = None) -> Mapped | None:
    if isinstance(min, Slot) or isinstance(max, Slot):
        return None
    low, high = (-float("inf") if min is None else float(min)), (float("inf") if max is None else float(max))
    return Mapped("clip", (x, low, high))


def _where(draft: Any, c: Slot, x: Any, y: Any) -> Mapped:
    return Mapped("where", (c, x, y))


def _masked_fill(draft: Any, x: Slot, mask: Slot, value: Any) -> Mapped:
    return Mapped("where", (mask, value, x))


# Shapes


def _reshaped(draft: StepDraft, x: Slot, *_: Any, **__: Any) -> Mapped:
    return Mapped("reshape", (x,), {"shape": draft.values[0].shape})


def _broadcast(draft: StepDraft, x: Slot, *_: Any, **__: Any) -> Mapped:
    return Mapped("broadcast_to", (x,), {"shape": draft.values[0].shape})


def _permuted(draft: Any, x: Slot, *dims: Any) -> Mapped:
    if len(dims) == 1 and isinstance(dims[0], tuple | list):
        dims = tuple(dims[0])
    return Mapped("transpose", (x,), {"axes": tuple(int(d) % x.ndim for d in dims)})


def _swapped(draft: Any, x: Slot, dim0: int, dim1: int) -> Mapped:
    axes = list(range(x.ndim))
    axes[dim0], axes[dim1] = axes[dim1], axes[dim0]
    return Mapped("transpose", (x,), {"axes": tuple(axes)})


def _turned(draft: Any, x: Slot) -> Mapped:
    return Mapped("transpose", (x,))


def _turned_matrices(draft: Any, x: Slot) -> Mapped:
    return _swapped(draft, x, x.ndim - 2, x.ndim - 1)


def _joined(row: str) -> Entry:
    def entry(draft: StepDraft, parts: Sequence[Slot], dim: int = 0) -> Mapped | None:
        if not isinstance(parts, tuple | list):
            return None
        return Mapped(row, tuple(parts), {"axis": int(dim) % len(draft.values[0].shape)})

    return entry


def _element(draft: Any, x: Slot, key: Any) -> Mapped | None:
    """Return an index; tensors in it are operands."""
    positions: list[Any] = []

    def plain(part: Any) -> Any:
        if isinstance(part, Slot):
            positions.append(part)
            return Operand(len(positions) - 1)
        return tuple(plain(p) for p in part) if isinstance(part, tuple) else part

    made = plain(key)
    if any(isinstance(p, slice) and any(isinstance(e, Slot) for e in (p.start, p.stop, p.step)) for p in _parts(made)):
        return None
    return Mapped("index", (x, *positions), {"key": made})


def _parts(key: Any) -> tuple[Any, ...]:
    return key if isinstance(key, tuple) else (key,)


def _at(x: Slot, dim: int, part: Any) -> tuple[Any, ...]:
    return (slice(None),) * (int(dim) % x.ndim) + (part,)


def _select(draft: Any, x: Slot, dim: int, index: int) -> Mapped:
    return Mapped("index", (x,), {"key": _at(x, dim, int(index))})


def _index_select(draft: Any, x: Slot, dim: int, index: Slot) -> Mapped:
    return Mapped("index", (x, index), {"key": _at(x, dim, Operand(0))})


def _pieces(draft: StepDraft, x: Slot, sizes: Any = None, dim: int = 0) -> Mapped | None:
    """Parts of one length or of several, one after the other."""
    axis, start, keys = int(dim) % x.ndim, 0, []
    for value in draft.values:
        keys.append({"key": _at(x, axis, slice(start, start + value.shape[axis]))})
        start += value.shape[axis]
    return Mapped("index", (x,), each=keys) if start == x.shape[axis] else None


def _rows(draft: StepDraft, x: Slot, dim: int = 0) -> Mapped | None:
    keys = [{"key": _at(x, dim, place)} for place in range(len(draft.values))]
    return Mapped("index", (x,), each=keys) if len(keys) == x.shape[int(dim) % x.ndim] else None


def _triangle(row: str) -> Entry:
    return lambda draft, x, diagonal=0: Mapped(row, (x,), {"k": int(diagonal)})


def _einsum(draft: Any, subscripts: str, *xs: Any) -> Mapped | None:
    if not isinstance(subscripts, str):
        return None
    parts = xs[0] if len(xs) == 1 and isinstance(xs[0], tuple | list) else xs
    return Mapped("einsum", tuple(parts), {"subscripts": subscripts.replace(" ", "")})


def _running(row: str) -> Entry:
    return lambda draft, x, dim: Mapped(row, (x,), {"axis": axis_of(dim, x)})


_UNARY = {
    "neg": "negative", "exp": "exp", "log": "log", "sqrt": "sqrt", "tanh": "tanh", "sigmoid": "sigmoid", "abs": "abs",
    "sin": "sin", "cos": "cos", "tan": "tan", "square": "square", "reciprocal": "reciprocal", "log1p": "log1p",
    "expm1": "expm1", "log2": "log2", "log10": "log10", "exp2": "exp2", "erf": "erf", "asin": "arcsin",
    "acos": "arccos", "atan": "arctan", "sinh": "sinh", "cosh": "cosh", "sign": "sign", "floor": "floor",
    "ceil": "ceil", "trunc": "trunc", "lgamma": "gammaln", "logical_not": "logical_not", "isnan": "isnan",
}  # fmt: skip
_BINARY = {
    "add": "add", "sub": "subtract", "mul": "multiply", "div": "divide", "truediv": "divide", "true_divide": "divide",
    "maximum": "maximum", "minimum": "minimum", "hypot": "hypot", "atan2": "arctan2", "logaddexp": "logaddexp",
    "xlogy": "xlogy", "eq": "equal", "ne": "not_equal", "lt": "less", "le": "less_equal", "gt": "greater",
    "ge": "greater_equal", "matmul": "matmul", "mm": "matmul", "bmm": "matmul", "mv": "matmul", "dot": "matmul",
    "outer": "outer", "logical_and": "logical_and", "logical_or": "logical_or",
}  # fmt: skip
_TURNED = {
    "radd": "add",
    "rsub": "subtract",
    "rmul": "multiply",
    "rdiv": "divide",
    "rtruediv": "divide",
    "rmatmul": "matmul",
}

_RESHAPES = ("view", "reshape", "flatten", "unflatten", "unsqueeze", "squeeze", "view_as", "reshape_as", "ravel")

mapped_shaping: dict[str, Entry] = {
    **{name: _unary(row) for name, row in _UNARY.items()},
    **{name: _binary(row) for name, row in _BINARY.items()},
    **{name: _binary(row, turned=True) for name, row in _TURNED.items()},
    "pow": _power, "rpow": lambda draft, x, y: Mapped("power", (y, x)),
    "sum": _reduction("sum"), "mean": _reduction("mean"), "amax": _reduction("max"), "amin": _reduction("min"),
    "logsumexp": _reduction("logsumexp"), "prod": _reduction("prod"),
    "max": _whole("max", "maximum"), "min": _whole("min", "minimum"),
    "var": _spread("var"), "std": _spread("std"), "norm": _norm, "vector_norm": _vector_norm,
    "clamp": _clamp, "clip": _clamp, "where": _where, "masked_fill": _masked_fill,
    **dict.fromkeys(_RESHAPES, _reshaped),
    **dict.fromkeys(("expand", "expand_as", "broadcast_to"), _broadcast),
    "permute": _permuted, "transpose": _swapped, "swapaxes": _swapped, "t": _turned, "T": _turned,
    "mT": _turned_matrices,
    "cat": _joined("concatenate"), "concat": _joined("concatenate"), "stack": _joined("stack"),
    "__getitem__": _element, "select": _select, "index_select": _index_select,
    "split": _pieces, "chunk": _pieces, "tensor_split": _pieces, "unbind": _rows,
    "tril": _triangle("tril"), "triu": _triangle("triu"), "einsum": _einsum,
    "cumsum": _running("cumsum"), "cumprod": _running("cumprod"),
}  # fmt: skip
"""Arithmetic, reductions, and what only brings numbers into another shape."""
