"""The functions of NumPy that make arrays, while a model is traced: they make arrays that can become recorded.

They are put in place in the module ``numpy`` (and in the traced function's own module, where it imported them by
name) when the first trace begins, and the originals are put back when the last one ends. Other threads, libraries
and bpviz itself get the originals at once.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import wraps
from types import FrameType
from typing import Any

from bpviz.ops import OPERATIONS
from bpviz.recording.aliases import detached
from bpviz.recording.recorder import Recorder
from bpviz.recording.source import called_name, is_ours
from bpviz.writes.assignments import gathered, has_handles
from bpviz.writes.buffers import Buffer, bare, buffer

__all__ = ["open_doors"]

_MAKERS = (
    *("zeros", "ones", "empty", "full", "zeros_like", "ones_like", "empty_like", "full_like", "eye", "identity"),
    *("arange", "array", "asarray", "asanyarray", "ascontiguousarray", "copy"),
)
_COPIES = ("array", "copy")
_SAME = ("asarray", "asanyarray", "ascontiguousarray")
_OF_LISTS = (
    *("sum", "mean", "prod", "max", "min", "amax", "amin", "std", "var", "median", "cumsum", "argmax", "argmin"),
)

_NAMES = (*_MAKERS, *_OF_LISTS)


class _Open(threading.local):
    """The record that is made in this thread, if any, and the package of the function that is traced."""

    def __init__(self) -> None:
        self.recorder: Recorder | None = None
        self.package = ""


class _Placed:
    """The doors in one namespace, the originals that stood there, and how many traces need them."""

    __slots__ = ("count", "namespace", "originals")

    def __init__(self, namespace: dict[str, Any], originals: dict[str, Any]) -> None:
        self.namespace = namespace
        self.originals = originals
        self.count = 0
        namespace.update({name: _doors[id(original)] for name, original in originals.items()})

    def take_away(self) -> None:
        """Put the originals back; what the user has put there meanwhile stays."""
        namespace = self.namespace
        for name, original in self.originals.items():
            if namespace.get(name) is _doors[id(original)]:
                namespace[name] = original


_open = _Open()
_lock = threading.Lock()
_placed: dict[int, _Placed] = {}
_doors: dict[int, Any] = {}
"""The door of each original, by identity."""


class open_doors(AbstractContextManager[None]):
    """Let NumPy make arrays that can become recorded, in this thread, while a function is traced.

    What was in place before is put back, whatever happens.
    """

    __slots__ = ("_before", "_namespaces", "_package", "_recorder")

    def __init__(self, recorder: Recorder, function: Any) -> None:
        self._recorder = recorder
        self._namespaces: list[dict[str, Any]] = []
        names = getattr(function, "__globals__", None) or {}
        self._package = (names.get("__name__") or "").partition(".")[0]
        numpy = sys.modules.get("numpy")
        if numpy is not None:
            if not _doors:
                _make_doors(numpy)
            self._namespaces = [vars(numpy), names] if names is not vars(numpy) else [names]

    def __enter__(self) -> None:
        self._before = _open.recorder, _open.package
        with _lock:
            for namespace in self._namespaces:
                found = _placed.get(id(namespace))
                if found is None:
                    found = _placed[id(namespace)] = _Placed(namespace, _originals(namespace))
                found.count += 1
        _open.recorder, _open.package = self._recorder, self._package

    def __exit__(self, *exception: object) -> None:
        _open.recorder, _open.package = self._before
        with _lock:
            for namespace in self._namespaces:
                found = _placed[id(namespace)]
                found.count -= 1
                if not found.count:
                    del _placed[id(namespace)]
                    found.take_away()


def _originals(namespace: dict[str, Any]) -> dict[str, Any]:
    """The functions that make arrays, by the names that they have in a namespace."""
    if namespace is vars(sys.modules["numpy"]):
        return {name: namespace[name] for name in _NAMES if id(namespace.get(name)) in _doors}
    return {name: value for name, value in list(namespace.items()) if id(value) in _doors}


def _make_doors(numpy: Any) -> None:
    with _lock:
        for name in _NAMES if not _doors else ():
            original = vars(numpy).get(name)
            if original is not None:
                _doors[id(original)] = _door(name, original, _made if name in _MAKERS else _reduced)


def _door(name: str, original: Any, work: Callable[..., Any]) -> Any:
    @wraps(original)
    def door(*args: Any, **keywords: Any) -> Any:
        recorder = _open.recorder
        if recorder is None or not (_is_models(sys._getframe(1), name) or has_handles(args)):
            return original(*args, **keywords)
        return work(recorder, name, original, args, keywords)

    vars(door)["__bpviz_original__"] = original
    return door


_LIBRARIES = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
_STANDARD = os.path.dirname(os.__file__) + os.sep
_models: dict[str, bool] = {}


def _is_models(frame: FrameType, name: str) -> bool:
    """Whether a call comes from the model, not from a library that it uses.

    What a library in C calls seems to be called where the model calls the library: the name tells them apart.
    """
    code = frame.f_code
    found = _models.get(code.co_filename)
    if found is None:
        library = code.co_filename.startswith(_STANDARD) or any(part in code.co_filename for part in _LIBRARIES)
        found = _models[code.co_filename] = not library and not is_ours(frame)
    if not found and (frame.f_globals.get("__name__") or "").partition(".")[0] != _open.package:
        return False
    called = called_name(code, frame.f_lasti)
    # By another name it is called where it was imported as that, or kept in a variable.
    return called == name or (not called and name in code.co_names) or _door_named(frame, called)


def _door_named(frame: FrameType, name: str) -> bool:
    value = frame.f_globals.get(name)
    return hasattr(value if value is not None else frame.f_locals.get(name), "__bpviz_original__")


def _made(recorder: Recorder, name: str, original: Any, args: tuple[Any, ...], keywords: Mapping[str, Any]) -> Any:
    """What a function that makes arrays makes for the model."""
    if name in _COPIES or name in _SAME:
        given = args[0] if args else keywords.get("object", keywords.get("a"))
        if has_handles(given):
            return _recorded(name, given, *_type_of(name, args, keywords))
        if type(given) is Buffer and name in _SAME:
            made = original(given.data, *args[1:], **keywords)
            return given if made is given.data else buffer(recorder, made)
        made = original(*map(bare, args), **keywords)
        # What is the user's own array stays that.
        return made if made is given else buffer(recorder, made)
    if name == "full" and has_handles(args[1] if len(args) > 1 else keywords.get("fill_value")):
        value = args[1] if len(args) > 1 else keywords["fill_value"]
        shape = args[0] if args else keywords["shape"]
        shape = (int(shape),) if hasattr(shape, "__index__") else tuple(map(int, shape))
        made = OPERATIONS["broadcast_to"](gathered(value), shape=shape)
        dtype = keywords.get("dtype", args[2] if len(args) > 2 else None)
        return detached(made if dtype is None or made.dtype == dtype else made.astype(dtype))
    return buffer(recorder, original(*args, **keywords))


def _type_of(name: str, args: tuple[Any, ...], keywords: Mapping[str, Any]) -> tuple[Any, int]:
    dtype = keywords.get("dtype", args[1] if len(args) > 1 and name != "copy" else None)
    return dtype, keywords.get("ndmin", 0)


def _recorded(name: str, given: Any, dtype: Any, least: int) -> Any:
    made = gathered(given)
    if dtype is not None and made.dtype != dtype:
        made = made.astype(dtype)
    if len(made.shape) < least:
        made = made.reshape((1,) * (least - len(made.shape)) + made.shape)
    return detached(made) if name in _COPIES and made is given else made


def _reduced(recorder: Recorder, name: str, original: Any, args: tuple[Any, ...], keywords: Mapping[str, Any]) -> Any:
    """A function of one array, given a list of recorded values."""
    if args and isinstance(args[0], list | tuple) and has_handles(args[0]):
        args = (gathered(args[0]), *args[1:])
    return original(*args, **keywords)
