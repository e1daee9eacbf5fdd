"""ONNX's operators that bring numbers into another shape, or choose some of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import Any

from bpviz import nn
from bpviz.lazy import LazyModule
from bpviz.recording.handle import HANDLES

__all__ = ["SHAPING", "axes_of", "numbers"]

np: Any = LazyModule("numpy")

_ALL = 2**31
"""From this size on, the end of a slice is that of the array."""


def numbers(value: Any) -> Any:
    """Return the numbers of a value, which decide about a shape or a choice and get no gradient."""
    return value.data if type(value) in HANDLES else value


def axes_of(given: Any, attribute: Any) -> tuple[int, ...] | None:
    """Return the axes that stand in an input, in newer files, or in an attribute; ``None`` for all.

    >>> axes_of(np.array([1, -1]), None), axes_of(None, [0]), axes_of(None, None)
    ((1, -1), (0,), None)
    """
    found = attribute if given is None else np.atleast_1d(numbers(given)).tolist()
    return tuple(int(axis) for axis in found) if found is not None and len(found) else None


def _reshape(x: Any, shape: Any, *, allowzero: int = 0) -> Any:
    have = np.shape(x)
    wanted = [int(n) for n in numbers(shape)]
    return np.reshape(x, tuple(have[k] if n == 0 and not allowzero else n for k, n in enumerate(wanted)))


def _flatten(x: Any, *, axis: int = 1) -> Any:
    return np.reshape(x, (prod(np.shape(x)[:axis]), -1))


def _transpose(x: Any, *, perm: Any = None) -> Any:
    return np.transpose(x, None if perm is None else tuple(map(int, perm)))


def _squeeze(x: Any, given: Any = None, *, axes: Any = None) -> Any:
    return np.squeeze(x, axis=axes_of(given, axes))


def _unsqueeze(x: Any, given: Any = None, *, axes: Any = None) -> Any:
    chosen = axes_of(given, axes) or ()
    shape = list(np.shape(x))
    for axis in sorted(axis % (len(shape) + len(chosen)) for axis in chosen):
        shape.insert(axis, 1)
    return np.reshape(x, tuple(shape))


def _slice(
    x: Any,
    first: Any = None,
    last: Any = None,
    over: Any = None,
    by: Any = None,
    *,
    starts: Any = (),
    ends: Any = (),
    axes: Any = None,
) -> Any:
    begin, end = (numbers(starts if first is None else first), numbers(ends if last is None else last))
    along = axes_of(over, axes) or range(len(begin))
    steps = [1] * len(begin) if by is None else numbers(by)
    key = [slice(None)] * np.ndim(x)
    for start, stop, axis, step in zip(begin, end, along, steps, strict=True):
        key[int(axis)] = slice(int(start), int(stop) if abs(int(stop)) < _ALL else None, int(step))
    return x[tuple(key)]


def _gather(x: Any, places: Any, *, axis: int = 0) -> Any:
    chosen = numbers(places)
    if axis == 0 and np.ndim(x) == 2 and np.ndim(chosen) and np.min(chosen, initial=0) >= 0:
        return nn.embedding(x, chosen)
    before = (slice(None),) * (axis % np.ndim(x))
    return x[(*before, chosen if np.ndim(chosen) else int(chosen))]


def _split(x: Any, given: Any = None, *, axis: int = 0, split: Any = None, num_outputs: int = 2) -> tuple[Any, ...]:
    length = np.shape(x)[axis]
    even = -(-length // num_outputs)
    sizes = split if given is None else numbers(given)
    sizes = [min(even, length - k * even) for k in range(num_outputs)] if sizes is None else [int(n) for n in sizes]
    before = (slice(None),) * (axis % np.ndim(x))
    ends = np.cumsum(sizes).tolist()
    return tuple(x[(*before, slice(end - size, end))] for size, end in zip(sizes, ends, strict=True))


def _expand(x: Any, shape: Any) -> Any:
    return np.broadcast_to(x, np.broadcast_shapes(np.shape(x), tuple(int(n) for n in numbers(shape))))


SHAPING: Mapping[str, Callable[..., Any]] = {
    "Concat": lambda *xs, axis: np.concatenate(xs, axis=axis),
    "Expand": _expand,
    "Flatten": _flatten,
    "Gather": _gather,
    "Reshape": _reshape,
    "Slice": _slice,
    "Split": _split,
    "Squeeze": _squeeze,
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
}
"""By the name of the operator."""
