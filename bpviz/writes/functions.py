"""NumPy's functions and methods that write into an array, as assignments."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from bpviz.lazy import LazyModule
from bpviz.ops import OPERATIONS, shape_of
from bpviz.ops.table.registry import made_of_operations
from bpviz.recording import refusals
from bpviz.recording.aliases import detached, give, is_zero
from bpviz.recording.handle import HANDLES, Handle, template
from bpviz.writes.assignments import gathered, set_item, set_whole
from bpviz.writes.buffers import buffer

__all__ = ["copyto", "fill_diagonal", "piecewise", "place", "put", "put_along_axis", "putmask"]

np: Any = LazyModule("numpy")


def _writable(x: Any, *, of: Any = ()) -> Any:
    """Return the handle to write into; an array that the model made becomes one.

    Raises `RecordingError` for an array of the user's own.
    """
    frame = sys._getframe(2)
    become = getattr(x, "__bpviz_become__", None)
    if become is not None:
        become(frame)
    if type(x) not in HANDLES:
        raise refusals.into_plain(frame)
    return x


@made_of_operations("copyto")
def copyto(dst: Any, src: Any, casting: str = "same_kind", where: Any = True) -> None:
    """Do ``np.copyto``: ``dst[...] = src``, everywhere or where a mask is true."""
    x = _writable(dst)
    src = gathered(src)
    if where is True:
        set_item(x, Ellipsis, src, sys._getframe(1))
    else:
        set_whole(x, OPERATIONS["where"](where, src, detached(x)), sys._getframe(1))


@made_of_operations("putmask")
def putmask(a: Any, mask: Any, values: Any) -> None:
    """Do ``np.putmask``: write a value (or values in the array's shape) where the mask is true."""
    if shape_of(values) not in ((), shape_of(a)):
        raise ValueError("np.putmask with values that are repeated; give one value, or an array of the same shape")
    copyto(a, values, where=mask)


@made_of_operations("place")
def place(arr: Any, mask: Any, vals: Any) -> None:
    """Do ``np.place``: write values in their order where the mask is true."""
    x = _writable(arr)
    vals = gathered(vals)
    if shape_of(vals) == (1,):
        vals = OPERATIONS["reshape"](vals, shape=())
    set_item(x, mask, vals, sys._getframe(1))


@made_of_operations("put")
def put(a: Any, ind: Any, v: Any, mode: str = "raise") -> None:
    """Do ``np.put``: write values at places numbered row by row."""
    if mode != "raise":
        raise TypeError(f"np.put with mode={mode!r} cannot be recorded; bring the positions into range first")
    x = _writable(a)
    line = OPERATIONS["reshape"](detached(x), shape=(-1,))
    line = detached(line)
    set_item(line, ind, gathered(v), sys._getframe(1))
    give(x, OPERATIONS["reshape"](line, shape=x.shape))


@made_of_operations("put_along_axis")
def put_along_axis(arr: Any, indices: Any, values: Any, axis: int | None = -1) -> None:
    """Do ``np.put_along_axis``: write at positions of its own in every line."""
    x = _writable(arr)
    if axis is None:
        put(x, indices, values)
        return
    shape = shape_of(x)
    key: list[Any] = []
    for i, n in enumerate(shape):
        line = [1] * len(shape)
        line[i] = n
        key.append(np.arange(n).reshape(line))
    key[axis % len(shape)] = indices
    set_item(x, tuple(key), gathered(values), sys._getframe(1))


@made_of_operations("fill_diagonal")
def fill_diagonal(a: Any, val: Any, wrap: bool = False) -> None:
    """Do ``np.fill_diagonal``: write one value, or a value each, at ``a[i, i]``."""
    if wrap:
        raise TypeError("np.fill_diagonal with wrap=True cannot be recorded; leave it out")
    x = _writable(a)
    steps = np.arange(min(shape_of(x)))
    set_item(x, (steps,) * len(shape_of(x)), gathered(val), sys._getframe(1))


@made_of_operations("piecewise")
def piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> Any:
    """Do ``np.piecewise``: of each function its values where its condition is true; of several conditions the last.

    A function is called with the elements for which its condition is true, as by NumPy.
    """
    if not isinstance(condlist, list | tuple) or (condlist and shape_of(condlist[0]) == () and shape_of(x)):
        condlist = [condlist]
    conditions, functions = [*map(gathered, condlist)], list(funclist)
    if len(functions) == len(conditions) + 1:
        rest = conditions[0]
        for condition in conditions[1:]:
            rest = rest | condition
        conditions.append(np.logical_not(rest))
    if len(functions) != len(conditions):
        raise ValueError(
            f"np.piecewise needs a function for each condition, and perhaps one for the rest, but got "
            f"{len(functions)} for {len(conditions)} condition(s)"
        )
    if np.dtype(x.dtype).kind in "iub":
        raise TypeError("np.piecewise of whole numbers drops the decimals; make them floats: x * 1.0")
    if not shape_of(x):
        found = 0.0
        for condition, function in zip(conditions, functions, strict=True):
            if condition:
                found = function(x, *args, **kw) if callable(function) else function
        return found
    recorded = next(value for value in (x, *conditions) if type(value) in HANDLES)
    made = buffer(recorded.recorder, np.zeros(shape_of(x), x.dtype))
    for condition, function in zip(conditions, functions, strict=True):
        if not callable(function):
            made[condition] = function
        elif np.any(condition):
            positions: list[Any] = []
            key = template(condition, positions)
            made[condition] = function(OPERATIONS["index"](x, *positions, key=key), *args, **kw)
    return made


def _at(name: str, combine: Callable[[Any, Any, Any, Any], Any]) -> None:
    @made_of_operations(f"{name}.at")
    def at(a: Any, indices: Any, b: Any) -> None:
        x = _writable(a)
        positions: list[Any] = []
        key = template(indices, positions)
        part = OPERATIONS["index"](detached(x), *positions, key=key)
        b = gathered(b)
        if shape_of(b) != shape_of(part):
            b = OPERATIONS["broadcast_to"](b, shape=shape_of(part))
        combine(x, part, b, (indices, positions, key))

    at.__doc__ = f"Do ``np.{name}.at``: a place that is given twice gets both values."


def _added(x: Handle, part: Any, b: Any, where: Any, sign: str = "add") -> None:
    _, positions, key = where
    spread = OPERATIONS["scatter"](b, *positions, key=key, shape=shape_of(x))
    set_whole(x, spread if sign == "add" and is_zero(x) else OPERATIONS[sign](detached(x), spread), sys._getframe(2))


def _combined(name: str, x: Handle, part: Any, b: Any, where: Any) -> None:
    set_item(x, where[0], OPERATIONS[name](part, b), sys._getframe(2))


_at("add", _added)
_at("subtract", lambda x, part, b, where: _added(x, part, b, where, "subtract"))
for _name in ("multiply", "divide", "maximum", "minimum"):
    _at(_name, partial(_combined, _name))


# Methods


def _fill(self: Handle, value: Any) -> None:
    """Write one value everywhere."""
    set_item(self, Ellipsis, value, sys._getframe(1))


def _sort(self: Handle, axis: int = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> None:
    """Sort in place, along the last axis."""
    set_whole(self, np.sort(detached(self), axis=axis), sys._getframe(1))


def _put(self: Handle, indices: Any, values: Any, mode: str = "raise") -> None:
    """Write values at places numbered row by row."""
    put(self, indices, values, mode)


def _flatten(self: Handle, order: str = "C") -> Any:
    """Return all elements in one line, as a copy."""
    return detached(self.ravel(order))  # type: ignore[attr-defined]


for _name, _method in {"fill": _fill, "sort": _sort, "put": _put, "flatten": _flatten}.items():
    setattr(Handle, _name, _method)
