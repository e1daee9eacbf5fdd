"""A recorded value as a plain number or array: its class, shape, text, gradient and number."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

from bpviz import ops
from bpviz.errors import RecordingError, RefusedAnyway
from bpviz.lazy import LazyModule
from bpviz.recording import refusals
from bpviz.recording.recorder import NO_VALUE, Recorder
from bpviz.recording.settled import is_settled, is_whole
from bpviz.recording.source import formats, indexes, place, users_frame, written

__all__ = ["Cell", "Value"]

np: Any = LazyModule("numpy")

_getframe = sys._getframe


class Cell:
    """The memory layout of handles and of the arrays that the model makes (`bpviz.writes.buffers`).

    It is the same for both, so that an array can become a handle when a recorded value is written into it.
    ``alias`` is set only if memory is shared.
    """

    __slots__ = ("__weakref__", "alias", "data", "index", "recorder")


class Value(Cell):
    """A recorded value as a number or an array; `bpviz.recording.handle.Handle` adds what records steps."""

    __slots__ = ()

    recorder: Recorder
    index: int
    data: Any

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        """The class of the plain value; ``type`` tells a recorded value from a plain one."""
        data = self.data
        if type(data) is float:
            return int if is_whole(self) else float
        return type(self) if data is NO_VALUE else type(data)

    @property
    def grad(self) -> Any:
        """The gradient from the latest `bpviz.propagate` (or ``backprop``) of its graph; ``None`` before."""
        gradient_of = self.recorder.gradient_of
        return None if gradient_of is None else gradient_of(self.index)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the value; ``()`` for a number."""
        if self.data is NO_VALUE:
            raise refusals.without_value("a shape", _getframe(1))
        return ops.shape_of(self.data)

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        size = 1
        for n in self.shape:
            size *= n
        return size

    @property
    def dtype(self) -> Any:
        """The NumPy type of the value."""
        if self.data is NO_VALUE:
            raise refusals.without_value("a type", _getframe(1))
        return np.asarray(self.data).dtype

    def __repr__(self) -> str:
        return repr(self._shown())

    def __str__(self) -> str:
        return str(self._shown())

    def _shown(self) -> Any:
        """Return the number as a plain run would print it."""
        return int(self.data) if type(self.data) is float and is_whole(self) else self.data

    def __format__(self, form: str) -> str:
        return format(self._shown(), form)

    def __bool__(self) -> bool:
        data = self.data
        if data is NO_VALUE:
            raise refusals.without_value("a branch", _getframe(1))
        if type(data) is not float and ops.size_of(data) != 1:
            raise refusals.undecided(self.shape, _getframe(1))
        self._decides(_getframe(1))
        return bool(data)

    def _decides(self, frame: FrameType) -> None:
        """Note in the record that the plain value leaves it here."""
        self.recorder.decides(self.index, users_frame(frame).f_lineno)

    def __index__(self) -> int:
        data = self.data
        if type(data) is float:
            if data.is_integer() and is_settled(self, counts=True):
                self._decides(_getframe(1))
                return int(data)
        elif type(data) is bool or (
            data is not NO_VALUE and np.ndim(data) == 0 and np.asarray(data).dtype.kind in "iu"
        ):
            self._decides(_getframe(1))
            return int(data)
        frame = _getframe(1)
        # NumPy calls this for arrays too, before it takes them as positions.
        kind = RefusedAnyway if data is not NO_VALUE and ops.shape_of(data) else RecordingError
        raise kind(
            f"{written(frame)} needs a whole number, but got a recorded value ({place(frame)}); give a whole number as "
            "the input (n=3, not n=3.0), or a plain number here"
        )

    def __int__(self) -> int:
        return int(self._plain(_getframe(1), counts=True))

    def __float__(self) -> float:
        return float(self._plain(_getframe(1)))

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return self._as_array(dtype, _getframe(1))

    def _as_array(self, dtype: Any, frame: FrameType) -> Any:
        return np.array(self._plain(frame), dtype)

    def __complex__(self) -> complex:
        raise refusals.leaves_the_record(_getframe(1))

    def _plain(self, frame: FrameType, *, counts: bool = False) -> Any:
        """Return the plain value, if it may leave the record: it carries no gradient, or is only printed."""
        data = self.data
        if data is NO_VALUE:
            raise refusals.without_value("a plain number", frame)
        if is_settled(self, counts=counts):
            self._decides(frame)
            return data
        if formats(frame.f_code, frame.f_lasti):
            return data
        if (
            getattr(data, "dtype", None) is not None
            and data.dtype.kind in "iu"
            and indexes(frame.f_code, frame.f_lasti)
        ):
            self._decides(frame)
            return data
        raise refusals.leaves_the_record(frame)

    def __hash__(self) -> int:
        # A whole number finds the entry of its plain number in a dict. Others have a hash of their own: a function with
        # a cache (`functools.cache`) would give what it has computed of them to the plain run, and to the next trace.
        whole = type(self.data) is float and is_settled(self, counts=True)
        return hash(self.data) if whole else object.__hash__(self)
