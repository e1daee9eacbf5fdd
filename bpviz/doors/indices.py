"""NumPy's ``c_``, ``r_`` and ``ix_``, of recorded values."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

from bpviz.lazy import LazyModule
from bpviz.ops import OPERATIONS, shape_of
from bpviz.recording import refusals
from bpviz.recording.handle import HANDLES
from bpviz.recording.numpy_calls import composed
from bpviz.writes.assignments import gathered, has_handles

__all__ = ["Joined", "ix_"]

np: Any = LazyModule("numpy")


class Joined:
    """``np.c_`` or ``np.r_``: values written side by side in brackets are joined.

    >>> Joined(np.c_, "c_")[[1, 2], [3, 4]]
    array([[1, 3],
           [2, 4]])
    """

    def __init__(self, original: Any, name: str) -> None:
        self._original = original
        self._name = name

    def __getitem__(self, key: Any) -> Any:
        parts = key if isinstance(key, tuple) else (key,)
        if not any(map(has_handles, parts)):
            return self._original[key]
        if any(isinstance(part, str) for part in parts):
            frame = sys._getframe(1)
            raise refusals.unknown(f"np.{self._name} with a text in it", frame)
        parts = tuple(self._original[part] if isinstance(part, slice) else gathered(part) for part in parts)
        found = next(part for part in parts if type(part) in HANDLES)
        join = _columns if self._name == "c_" else _rows
        return composed(found.recorder, join, parts, {}, sys._getframe(1))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._original, name)

    def __len__(self) -> int:
        return len(self._original)


def _columns(*parts: Any) -> Any:
    return OPERATIONS["concatenate"](*[_with_axes(part, 2) for part in parts], axis=-1)


def _rows(*parts: Any) -> Any:
    return OPERATIONS["concatenate"](*[_with_axes(part, 1) for part in parts], axis=0)


def _with_axes(x: Any, least: int) -> Any:
    shape = shape_of(x)
    missing = least - len(shape)
    return OPERATIONS["reshape"](x, shape=(*shape, *(1,) * missing)) if missing > 0 else x


def ix_(original: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``np.ix_`` for positions some of which are recorded."""

    @wraps(original)
    def door(*args: Any) -> Any:
        if not has_handles(args):
            return original(*args)
        made = []
        for i, x in enumerate(map(gathered, args)):
            if type(x) in HANDLES and x.dtype.kind == "b":
                raise refusals.unknown("np.nonzero", sys._getframe(1))
            axes = tuple(-1 if k == i else 1 for k in range(len(args)))
            made.append(
                OPERATIONS["reshape"](x, shape=axes) if type(x) in HANDLES else np.reshape(original(x)[0], axes)
            )
        return tuple(made)

    return door
