"""The elements of an array one by one: ``x.flat``, ``x.item()`` and ``x.tolist()``."""

from __future__ import annotations

import operator
import sys
from collections.abc import Iterator
from typing import Any

from bpviz.lazy import LazyModule
from bpviz.ops import OPERATIONS
from bpviz.recording import refusals
from bpviz.recording.handle import Handle, index_by
from bpviz.recording.recorder import NO_VALUE
from bpviz.recording.settled import is_settled
from bpviz.recording.source import formats
from bpviz.writes.assignments import gathered
from bpviz.writes.buffers import Buffer

__all__ = ["Flat"]

np: Any = LazyModule("numpy")


class Flat:
    """``x.flat``: the elements of an array in one line, row by row; ``coords`` is the place of the next one."""

    def __init__(self, array: Any) -> None:
        self.base = array
        self._at = 0

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if self._at >= len(self):
            raise StopIteration
        place = self.coords
        self._at += 1
        return self.base[place]

    @property
    def coords(self) -> tuple[int, ...]:
        """The place of the next element; empty at the end."""
        return tuple(map(int, np.unravel_index(self._at, self.base.shape))) if self._at < len(self) else ()

    @property
    def index(self) -> int:
        """The number of the next element."""
        return self._at

    def __len__(self) -> int:
        return int(self.base.size)

    def __getitem__(self, key: Any) -> Any:
        return self.base.reshape(-1)[key]

    def __setitem__(self, key: Any, value: Any) -> None:
        places = np.arange(len(self)).reshape(self.base.shape)
        at = np.unravel_index(places.reshape(-1)[key], self.base.shape)
        self.base[at if np.ndim(at[0]) else tuple(map(int, at))] = gathered(value)

    def copy(self) -> Any:
        """Return the elements as an array of their own."""
        return self.base.reshape(-1).copy()


def _tolist(self: Handle) -> Any:
    """Return the elements as a list, of an array of several axes as lists in a list."""
    if not self.shape:
        return OPERATIONS["reshape"](self, shape=()) if type(self.data) is not float else self
    frame = sys._getframe(1)
    return _as_list(self, (), frame)


def _item(self: Handle, *place: Any) -> Any:
    """Return one element: recorded if it carries a gradient, which a plain number would lose, else plain.

    Raises `RecordingError` if no place is given and there are several elements.
    """
    frame = sys._getframe(1)
    if self.data is NO_VALUE:
        raise refusals.without_value("a plain number", frame)
    if is_settled(self, counts=False) or formats(frame.f_code, frame.f_lasti):
        return np.asarray(self).item(*place)
    if len(place) == 1 and isinstance(place[0], tuple):
        place = place[0]
    if not place and self.size != 1:
        raise refusals.several(self.size, frame)
    if not place or not self.shape:
        return OPERATIONS["reshape"](self, shape=()) if type(self.data) is not float else self
    if len(place) == 1:
        place = np.unravel_index(np.arange(self.size)[operator.index(place[0])], self.shape)
    return index_by(self, tuple(map(operator.index, place)), frame)


def _as_list(x: Handle, place: tuple[int, ...], frame: Any) -> Any:
    if len(place) == len(x.shape):
        return index_by(x, place if len(place) > 1 else place[0], frame)
    return [_as_list(x, (*place, i), frame) for i in range(x.shape[len(place)])]


for _kind in (Handle, Buffer):
    setattr(_kind, "flat", property(Flat, doc="The elements in one line."))  # noqa: B010
for _name, _method in {"item": _item, "tolist": _tolist}.items():
    setattr(Handle, _name, _method)
