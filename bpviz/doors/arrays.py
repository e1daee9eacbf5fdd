"""Doors of NumPy's functions that make arrays or take lists: arrays are recorded, lists of values become one array.

Other threads, libraries and bpviz itself get the results of the originals.
"""

from __future__ import annotations

import operator
import os
import sys
from collections.abc import Iterator, Mapping
from functools import wraps
from itertools import islice
from types import FrameType
from typing import Any

from bpviz.doors.indices import Joined, ix_
from bpviz.doors.placing import Door, opened
from bpviz.doors.vectorizing import vectorized
from bpviz.lazy import LazyModule
from bpviz.ops import OPERATIONS
from bpviz.recording import refusals
from bpviz.recording.aliases import detached
from bpviz.recording.handle import HANDLES
from bpviz.recording.recorder import Recorder
from bpviz.recording.source import called_name, is_ours
from bpviz.writes.assignments import gathered, has_handles
from bpviz.writes.buffers import Buffer, bare, buffer

__all__ = ["doors"]

np: Any = LazyModule("numpy")

_MAKERS = (
    *("zeros", "ones", "empty", "full", "zeros_like", "ones_like", "empty_like", "full_like", "eye", "identity"),
    *("arange", "array", "asarray", "asanyarray", "ascontiguousarray", "copy", "fromiter"),
    *("linspace", "logspace", "geomspace", "tri", "pad"),
)
_RANDOM = ("rand", "randn", "random", "random_sample", "normal", "standard_normal", "uniform")
_FRESH = frozenset({"where", "cumsum", "sort", "roll", "tile", "repeat", "outer", "kron", "append"})
"""Those of `_OF_LISTS` that make a new array also of plain ones."""
_COPIES = ("array", "copy")
_SAME = ("asarray", "asanyarray", "ascontiguousarray")
_OF_LISTS = (
    *("sum", "mean", "prod", "max", "min", "amax", "amin", "std", "var", "median", "cumsum", "argmax", "argmin"),
    *("average", "ptp", "sort", "argsort", "cumprod", "diff", "clip", "nansum", "nanmean", "all", "any"),
    *("dot", "inner", "outer", "vdot", "cross", "kron", "where", "reshape", "transpose", "squeeze", "ravel"),
    *("expand_dims", "flip", "roll", "tile", "repeat", "take", "count_nonzero", "round", "around", "trace", "diag"),
    *("linalg.norm", "linalg.inv", "linalg.det", "linalg.solve", "append"),
)
_JOINS = ("concatenate", "concat", "hstack", "vstack", "dstack", "column_stack", "stack")

_OF_SEVERAL = frozenset({"dot", "inner", "outer", "vdot", "cross", "kron", "where", "clip", "linalg.solve", "append"})
"""Those of several arrays; of the others only the first argument is one."""


def doors(numpy: Any) -> Iterator[Door]:
    """Make the doors of NumPy."""
    for work, names in ((_made, _MAKERS), (_reduced, _OF_LISTS), (_joined, _JOINS)):
        for name in names:
            holder = numpy.linalg if name.startswith("linalg.") else numpy
            short = name.removeprefix("linalg.")
            original = vars(holder).get(short)
            if original is not None:
                yield holder, short, work(name, original)
    # NumPy imports it when it is first asked for.
    random = sys.modules.get("numpy.random")
    for name in _RANDOM if random is not None else ():
        yield random, name, _made(name, getattr(random, name))
    yield numpy, "c_", Joined(numpy.c_, "c_")
    yield numpy, "r_", Joined(numpy.r_, "r_")
    yield numpy, "ix_", ix_(numpy.ix_)
    yield numpy.vectorize, "__call__", vectorized(numpy.vectorize.__call__)


def _made(name: str, original: Any) -> Any:
    @wraps(original)
    def door(*args: Any, **keywords: Any) -> Any:
        recorder = opened.recorder
        if recorder is None or not (_is_models(sys._getframe(1), name) or has_handles(args)):
            return original(*args, **keywords)
        return _of_model(recorder, name, original, args, keywords)

    vars(door)["__bpviz_original__"] = original
    return door


def _reduced(name: str, original: Any) -> Any:
    """Return the door of a function of arrays, for lists of recorded values."""

    most = None if name in _OF_SEVERAL else 1

    @wraps(original)
    def door(*args: Any, **keywords: Any) -> Any:
        for x in args[:most]:
            if type(x) in (list, tuple) and opened.recorder is not None and has_handles(x):
                args = (*map(gathered, args[:most]), *args[most:]) if most else tuple(map(gathered, args))
                break
        made = original(*args, **keywords)
        return _models_own(made, sys._getframe(1), name) if name in _FRESH else made

    vars(door)["__bpviz_original__"] = original
    return door


def _joined(name: str, original: Any) -> Any:
    """Return the door of a function that joins arrays, some of which are lists of recorded values."""

    @wraps(original)
    def door(*args: Any, **keywords: Any) -> Any:
        if opened.recorder is not None and args and type(args[0]) in (list, tuple):
            parts = [gathered(x) if type(x) in (list, tuple) and has_handles(x) else x for x in args[0]]
            args = (parts, *args[1:])
        return _models_own(original(*args, **keywords), sys._getframe(1), name)

    vars(door)["__bpviz_original__"] = original
    return door


def _models_own(made: Any, frame: FrameType, name: str) -> Any:
    """Return a new array as a buffer, if the model has called the function; anything else as it is."""
    recorder = opened.recorder
    if recorder is None or type(made) is not np.ndarray or not _is_models(frame, name):
        return made
    return buffer(recorder, made)


_LIBRARIES = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
_STANDARD = os.path.dirname(os.__file__) + os.sep
_models: dict[str, bool] = {}


def _is_models(frame: FrameType, name: str) -> bool:
    """Return whether a call comes from the model, not from a library that it uses.

    A call from a library in C seems to come from the line where the model calls the library; its name differs.
    """
    code = frame.f_code
    found = _models.get(code.co_filename)
    if found is None:
        library = code.co_filename.startswith(_STANDARD) or any(part in code.co_filename for part in _LIBRARIES)
        found = _models[code.co_filename] = not library and not is_ours(frame)
    if not found and (frame.f_globals.get("__name__") or "").partition(".")[0] != opened.package:
        return False
    called = called_name(code, frame.f_lasti)
    # It has another name if it was imported under that name, or kept in a variable.
    return called == name or (not called and name in code.co_names) or _door_named(frame, called)


def _door_named(frame: FrameType, name: str) -> bool:
    value = frame.f_globals.get(name)
    return hasattr(value if value is not None else frame.f_locals.get(name), "__bpviz_original__")


def _of_model(recorder: Recorder, name: str, original: Any, args: tuple[Any, ...], keywords: Mapping[str, Any]) -> Any:
    """Return what a function that makes arrays makes for the model."""
    if name in _COPIES or name in _SAME:
        given = args[0] if args else keywords.get("object", keywords.get("a"))
        if has_handles(given):
            return _recorded(name, given, *_type_of(name, args, keywords))
        if type(given) is Buffer and name in _SAME:
            made = original(given.data, *args[1:], **keywords)
            return given if made is given.data else buffer(recorder, made)
        made = original(*map(bare, args), **keywords)
        # The user's own array stays as it is.
        return made if made is given else buffer(recorder, made)
    if name == "fromiter":
        return _from_iterator(recorder, original, *args, **keywords)
    if name in ("full", "full_like") and has_handles(args[1] if len(args) > 1 else keywords.get("fill_value")):
        value = args[1] if len(args) > 1 else keywords["fill_value"]
        like = name == "full_like"
        if like and type(args[0]) in HANDLES:
            return original(*args, **keywords)
        shape = np.shape(args[0]) if like else args[0] if args else keywords["shape"]
        shape = (int(shape),) if hasattr(shape, "__index__") else tuple(map(int, shape))
        if like and np.asarray(bare(args[0])).dtype.kind in "iub":
            raise refusals.cannot_write(
                "an array of whole numbers drops the decimals; make it one of floats: x * 1.0", sys._getframe(2)
            )
        return detached(OPERATIONS["broadcast_to"](gathered(value), shape=shape))
    if name == "arange":
        # The length is a whole number, without a gradient.
        args = tuple(operator.index(x) if type(x) in HANDLES else x for x in args)
        keywords = {key: operator.index(x) if type(x) in HANDLES else x for key, x in keywords.items()}
    return buffer(recorder, original(*args, **keywords))


def _from_iterator(recorder: Recorder, original: Any, iter: Any, dtype: Any, count: int = -1, **keywords: Any) -> Any:
    values = list(iter if count < 0 else islice(iter, count))
    if not has_handles(values):
        return buffer(recorder, original(values, dtype, count, **keywords))
    if len(values) < count:
        raise ValueError(f"iterator too short: Expected {count} but iterator had only {len(values)} items.")
    return _recorded("fromiter", values, np.dtype(dtype), 1)


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
