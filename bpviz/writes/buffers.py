"""The arrays that a model makes while it is traced: NumPy's own until a recorded value is written into them.

A buffer computes as the array that it holds and takes part in the record as a constant does. When a recorded value
is written into it, it becomes a handle, wherever it is held, and so do its views.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable, Iterator, Mapping
from types import FrameType
from typing import Any

from bpviz.lazy import LazyModule
from bpviz.ops import OPERATIONS
from bpviz.recording import refusals
from bpviz.recording.aliases import Alias, link, shares_memory
from bpviz.recording.handle import HANDLES, Handle, index_by
from bpviz.recording.recorder import Recorder
from bpviz.recording.source import users_frame
from bpviz.recording.value import Cell
from bpviz.writes.assignments import has_handles, set_item

__all__ = ["Buffer", "bare", "buffer"]

np: Any = LazyModule("numpy")

_getframe = sys._getframe


class Buffer(Cell):
    """An array of the model's own; ``data`` is the array of NumPy, ``recorder`` the record in which it was made."""

    __slots__ = ()
    __array_priority__ = 900.0

    def __init__(self, recorder: Recorder, data: Any) -> None:
        self.recorder = recorder
        self.data = data

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        """The class of NumPy's arrays."""
        return np.ndarray

    # Becoming recorded

    def __bpviz_become__(self, frame: FrameType) -> None:
        """Become a handle, with all that shares memory with it.

        Raises `RecordingError` if it was made in another record.
        """
        recorder = self.recorder
        if recorder.closed:
            raise refusals.into_plain(frame)
        root = self
        while (alias := getattr(root, "alias", None)) is not None and alias.parent is not None:
            root = alias.parent
        index, value = recorder.array(root, users_frame(frame))
        _turn(root, Handle(recorder, index, value))

    def __bpviz_write__(self, value: Any, frame: FrameType) -> Any:
        """Store what was computed for it, as ``out=``."""
        self.__bpviz_become__(frame)
        return self.__bpviz_write__(value, frame)  # a handle's from here on

    # As an array

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        made = self.data if dtype is None else np.asarray(self.data, dtype)
        return np.array(made) if copy else made

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **keywords: Any) -> Any:
        found = _handle_in((*inputs, *keywords.get("out", ()), keywords.get("where")))
        if found is not None:
            return found.__array_ufunc__(ufunc, method, *inputs, **keywords)
        out = keywords.get("out")
        if out is not None:
            keywords["out"] = tuple(map(bare, out))
        if "where" in keywords:
            keywords["where"] = bare(keywords["where"])
        made = getattr(ufunc, method)(*map(bare, inputs), **keywords)
        return out[0] if out is not None else self._kept(made)

    def __array_function__(self, function: Any, types: Any, args: Any, keywords: Any) -> Any:
        found = _handle_in((*args, *keywords.values()))
        if found is not None:
            return found.__array_function__(function, types, args, keywords)
        return self._called(function, args, keywords)

    def _called(self, function: Callable[..., Any], args: Any, keywords: Mapping[str, Any]) -> Any:
        """Call a function of NumPy; a result that shares its memory is a view."""
        out = keywords.get("out")
        made = function(*bare(args), **{key: bare(value) for key, value in keywords.items()})
        if out is not None:
            return out
        if made is self.data:
            return self
        if type(made) is np.ndarray and shares_memory(made, self.data):
            return self._view(made, lambda places: function(*_put_in(args, self, places), **keywords))
        return self._kept(made)

    def _kept(self, made: Any) -> Any:
        return buffer(self.recorder, made)

    def _view(self, made: Any, of: Callable[[Any], Any], key: Any = None) -> Any:
        """Return a view by a plain index ``key``, or by the elements of this array that ``of`` selects."""
        view = Buffer(self.recorder, made)
        if key is not None:
            link(view, self, OPERATIONS["index"], (), {"key": key})
            return view
        places = of(np.arange(self.data.size).reshape(self.data.shape))
        link(view, self, _gather(), (), {"places": places})
        return view

    def _constant(self, recorder: Recorder, frame: FrameType) -> Handle:
        """Return its present content as a constant of a record."""
        return Handle(recorder, *recorder.array(self, users_frame(frame)))

    def __getattr__(self, name: str) -> Any:
        if name == "alias":
            # The slot is empty.
            raise AttributeError(name)
        found = getattr(self.data, name)
        if not callable(found):
            if type(found) is np.ndarray and found.ndim:
                return self._called(lambda array: getattr(array, name), (self,), {})
            return found

        def method(*args: Any, **keywords: Any) -> Any:
            recorded = _handle_in((*args, *keywords.values()))
            if recorded is not None:
                if name in ("fill", "put"):
                    self.__bpviz_become__(_getframe(1))
                    return getattr(self, name)(*args, **keywords)
                return getattr(self._constant(recorded.recorder, _getframe(1)), name)(*args, **keywords)
            return self._called(_method(name), (self, *args), keywords)

        return method

    def __getitem__(self, key: Any) -> Any:
        if has_handles(key) or (isinstance(key, tuple) and any(map(has_handles, key))):
            frame = _getframe(1)
            recorder = _handle_in(key if isinstance(key, tuple) else (key,)).recorder
            return index_by(self._constant(recorder, frame), key, frame)
        key = bare(key)
        made = self.data[key]
        if type(made) is np.ndarray and shares_memory(made, self.data):
            return self._view(made, lambda places: places[key], key)
        return self._kept(made)

    def __setitem__(self, key: Any, value: Any) -> None:
        if has_handles(value) or has_handles(key) or (isinstance(key, tuple) and any(map(has_handles, key))):
            frame = _getframe(1)
            self.__bpviz_become__(frame)
            set_item(self, key, value, frame)  # type: ignore[arg-type]
        else:
            self.data[bare(key)] = bare(value)

    def __iter__(self) -> Iterator[Any]:
        # It may become a handle during the loop.
        return (self[i] for i in range(len(self)))

    def __len__(self) -> int:
        return len(self.data)

    def __contains__(self, value: Any) -> bool:
        return bare(value) in self.data

    def __bool__(self) -> bool:
        return bool(self.data)

    def __int__(self) -> int:
        return int(self.data)

    def __float__(self) -> float:
        return float(self.data)

    def __complex__(self) -> complex:
        return complex(self.data)

    def __index__(self) -> int:
        return operator.index(self.data)

    def __repr__(self) -> str:
        return repr(self.data)

    def __str__(self) -> str:
        return str(self.data)

    def __format__(self, form: str) -> str:
        return format(self.data, form)

    def __copy__(self) -> Any:
        return self._kept(self.data.copy())

    def __deepcopy__(self, memory: Any) -> Any:
        return self._kept(self.data.copy())

    def __reduce__(self) -> Any:
        return np.array, (self.data,)

    __hash__ = None  # type: ignore[assignment]


def _method(name: str) -> Callable[..., Any]:
    return lambda array, *args, **keywords: getattr(array, name)(*args, **keywords)


def buffer(recorder: Recorder, made: Any) -> Any:
    """Return arrays of real numbers as buffers, also in tuples and lists; anything else as it is."""
    if type(made) is np.ndarray:
        return Buffer(recorder, made) if made.dtype.kind in "fiub" and made.flags.writeable else made
    if type(made) in (tuple, list):
        return type(made)(buffer(recorder, part) for part in made)
    return made


def bare(value: Any) -> Any:
    """Return a value with NumPy's arrays in place of buffers."""
    kind = type(value)
    if kind is Buffer:
        return value.data
    if kind is tuple or kind is list:
        return kind(map(bare, value))
    if kind is slice:
        return slice(bare(value.start), bare(value.stop), bare(value.step))
    return value


def _put_in(args: Any, of: Buffer, places: Any) -> Any:
    """Return arguments with other numbers in place of one buffer."""
    return tuple(places if part is of else bare(part) for part in args)


def _handle_in(values: Any) -> Any:
    """Return the first handle among values, and in lists of them; ``None`` if there is none."""
    for value in values:
        if type(value) in HANDLES:
            return value
        if type(value) in (tuple, list):
            found = _handle_in(value)
            if found is not None:
                return found
    return None


def _turn(cell: Any, handle: Handle) -> None:
    """Make a buffer the handle of a value, and its views handles of the same parts of the value."""
    alias = getattr(cell, "alias", None)
    _CLASS.__set__(cell, Handle)
    cell.index, cell.data, cell.recorder = handle.index, handle.data, handle.recorder
    if alias is None:
        return
    for view in [found for found in (r() for r in alias.views) if found is not None]:
        mine: Alias = view.alias
        made = mine.operation(cell, **mine.parameters)
        made.recorder.labels.setdefault(made.index, "")
        _turn(view, made)


_CLASS: Any = object.__dict__["__class__"]
"""Python's own setter of a class, for objects whose ``__class__`` returns another one."""


class _Gather:
    """The part of an array with these elements, numbered row by row; for views of any kind."""

    name = "gather"

    def __call__(self, x: Any, *, places: Any) -> Any:
        return OPERATIONS["index"](OPERATIONS["reshape"](x, shape=(-1,)), key=places)

    def view(self, z: Any, x: Any, *, places: Any) -> Any:
        """Put such a part back."""
        line = OPERATIONS["reshape"](x, shape=(-1,))
        return OPERATIONS["reshape"](OPERATIONS["assign"](line, z, key=places), shape=x.shape)


_the_gather = _Gather()


def _gather() -> Any:
    return _the_gather


def _binary(name: str) -> Callable[[Any, Any], Any]:
    function = getattr(operator, name)

    def method(self: Buffer, other: Any) -> Any:
        if type(other) in HANDLES:
            return NotImplemented
        return self._kept(function(self.data, bare(other)))

    return method


def _reflected(name: str) -> Callable[[Any, Any], Any]:
    function = getattr(operator, name)

    def method(self: Buffer, other: Any) -> Any:
        return self._kept(function(bare(other), self.data))

    return method


def _in_place(name: str) -> Callable[[Any, Any], Any]:
    function = getattr(operator, name)

    def method(self: Any, other: Any) -> Any:
        if has_handles(other):
            frame = users_frame(_getframe(1))
            self.__bpviz_become__(frame)
            return getattr(Handle, f"__{name}__")(self, other)
        function(self.data, bare(other))
        return self

    return method


def _unary(name: str) -> Callable[[Any], Any]:
    function = getattr(operator, name)
    return lambda self: self._kept(function(self.data))


for _name in (
    "add",
    "sub",
    "mul",
    "truediv",
    "floordiv",
    "mod",
    "pow",
    "matmul",
    "and_",
    "or_",
    "xor",
    "lshift",
    "rshift",
):
    _plain = _name.rstrip("_")
    setattr(Buffer, f"__{_plain}__", _binary(_name))
    setattr(Buffer, f"__r{_plain}__", _reflected(_name))
    setattr(Buffer, f"__i{_plain}__", _in_place(f"i{_plain}"))
for _name in ("lt", "le", "gt", "ge", "eq", "ne"):
    setattr(Buffer, f"__{_name}__", _binary(_name))
for _name in ("neg", "pos", "abs", "invert"):
    setattr(Buffer, f"__{_name}__", _unary(_name))
