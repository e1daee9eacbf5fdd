"""Errors for what cannot be recorded, each one sentence: the call, its line, and what to write instead."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import FrameType
from typing import Any

from bpviz import ops
from bpviz.errors import RecordingError, RefusedAnyway
from bpviz.lazy import LazyModule
from bpviz.recording.source import is_ours, place, stores_item, users_frame, written

__all__ = [
    "NoAttribute",
    "advised",
    "another_class",
    "cannot_write",
    "fails",
    "instead_of",
    "into_plain",
    "leaves_the_record",
    "no_attribute",
    "no_number",
    "of_class",
    "several",
    "undecided",
    "undefined_elsewhere",
    "unknown",
    "unused",
    "without_value",
]


np: Any = LazyModule("numpy")


class NoAttribute(RefusedAnyway, AttributeError):
    """The user's code read an attribute that NumPy's arrays have and recorded values do not.

    The error does no harm if ``hasattr`` catches it.
    """


_LABELLED = ("pandas", "xarray", "polars")
"""Libraries whose arrays have labels."""
_ONLY_ARRAYS = (
    *("argpartition", "base", "byteswap", "choose", "ctypes", "device", "dump", "dumps"),
    *("flags", "getfield", "imag", "itemsize", "mT", "nbytes", "partition", "resize"),
    *("searchsorted", "setfield", "setflags", "strides", "to_device", "tobytes", "tofile", "view"),
)
"""Attributes of NumPy's arrays that recorded values do not have."""
_ADVICE = {
    "backward": "call bpviz.propagate(graph), or bpviz.backprop(function), and read value.grad",
    "detach": "value.data is its plain number, through which no gradient flows",
    "numpy": "value.data is its plain number, through which no gradient flows",
}
_INSTEAD = {
    "nanmedian": "np.median(x[~np.isnan(x)])",
}
_GENERAL = "the eigenvalues of a general matrix are complex numbers; for a symmetric one write np.linalg.eigvalsh(A)"
_COUNTS = "counts carry no gradient; compute it before, from plain numbers"
_BECAUSE = {
    "argpartition": "it leaves the order open; write np.argsort(x)",
    "ceil": "write np.ceil(x)",
    "choose": "write np.select or np.where",
    "floor": "write np.floor(x)",
    "histogram": _COUNTS,
    "histogram2d": _COUNTS,
    "ldexp": "write x * 2.0**n",
    "lexsort": "sort by one key: np.argsort(x)",
    "linalg.eig": _GENERAL,
    "linalg.eigvals": _GENERAL,
    "linalg.qr": "write np.linalg.cholesky(A.T @ A).T for R",
    "nanpercentile": "write np.percentile(x[~np.isnan(x)], q)",
    "nanquantile": "write np.quantile(x[~np.isnan(x)], q)",
    "partition": "it leaves the order open; write np.sort(x)",
    "round": "write np.round(x)",
    "trunc": "write np.trunc(x)",
    "unique": "how long its result is depends on the values; compute it before, from plain numbers",
}
_TABLE = "`bpviz ops` lists the operations that can be recorded"


def unknown(name: str, frame: FrameType) -> RecordingError:
    """Return the error for a function or operator that is not in the table."""
    scipy = _of_scipy(frame)
    if scipy or name.startswith("scipy."):
        return RecordingError(f"{written(frame)} ({place(frame)}): {scipy or f'{name} cannot be recorded; {_TABLE}'}")
    advice = instead_of(name.removeprefix("np.")) or _TABLE
    return RecordingError(f"{name} cannot be recorded ({place(frame)}: {written(frame)}); {advice}")


def _of_scipy(frame: FrameType) -> str:
    """Return the message for a function of SciPy, written in Python, that fails on a recorded value; else nothing."""
    users = users_frame(frame)
    called, step = None, frame
    while step is not users and step.f_back is not None:
        if (step.f_globals.get("__name__") or "").startswith("scipy."):
            called = step
        step = step.f_back
    if called is None:
        return ""
    name, module = called.f_code.co_name, called.f_globals["__name__"].split(".")
    where = ".".join(part for part in module if not part.startswith("_"))
    return f"{name} of SciPy ({where}) cannot be recorded; {_SCIPY.get(name, _TABLE)}"


_SCIPY = {
    "cross_entropy": "write -np.sum(t * np.log(y))",
    "ppf": "compute it before, from plain numbers",
    "solve": "write np.linalg.solve(A, b)",
    "inv": "write np.linalg.inv(A)",
    "det": "write np.linalg.det(A)",
    "cholesky": "write np.linalg.cholesky(A)",
    "norm": "write np.linalg.norm(x)",
    "convolve": "write np.convolve(x, y)",
    "expm": "write the first terms of its series",
}
"""What to write instead of functions of SciPy."""


def instead_of(name: str) -> str:
    """Return what to write instead of a function of NumPy, or why it cannot be recorded; empty if unknown.

    >>> instead_of("nanmedian")
    'write np.median(x[~np.isnan(x)])'
    """
    if name.startswith("fft."):
        return "it computes with complex numbers, and only real ones can be recorded"
    return f"write {_INSTEAD[name]}" if name in _INSTEAD else _BECAUSE.get(name, "")


def leaves_the_record(frame: FrameType) -> RecordingError:
    """Return the error for code that needs a plain number: ``float(x)``, ``np.asarray(x)``."""
    if _stores(frame):
        return into_plain(frame)
    text = written(frame)
    advice = "compute with the value itself, or with NumPy's functions (np.exp, np.log, …)"
    called, _, argument = text.partition("(")
    module, _, name = called.rpartition(".")
    scipy = _of_scipy(frame)
    if scipy:
        return RecordingError(f"{text} ({place(frame)}): {scipy}")
    if module == "math":
        instead = ops.find(name)
        advice = f"write np.{name} instead of math.{name}" if instead else f"{_TABLE}"
    elif ".dot(" in text:
        left, _, right = text.rpartition(".dot(")
        operands = right.removesuffix(")") if left == "np.ndarray" else f"{left}, {right.removesuffix(')')}"
        advice = f"a plain array's own method takes plain numbers alone: write np.dot({operands})"
    elif called == "int":
        advice = "leave the conversion out, or write np.trunc(x), whose gradient is 0"
    elif called == "float":
        advice = "leave the conversion out"
    elif name == "arange":
        advice = "how many numbers there are cannot depend on a recorded value; give a plain one, or np.linspace"
    elif argument.startswith("[") or "[" in text.replace("(", ""):
        advice = "to put several values into one array write np.stack([x, y]); to join arrays np.concatenate"
    elif name in ("array", "asarray", "asanyarray", "ascontiguousarray"):
        advice = "use the value as it is"
    return RecordingError(
        f"{text} asks a recorded value for a plain number ({place(frame)}), where its gradient would be lost; {advice}"
    )


def into_plain(frame: FrameType) -> RecordingError:
    """Return the error for a recorded value that is written into an array of the user's own."""
    text = written(frame) + (" = …" if _stores(frame) else "")
    return RecordingError(
        f"{text} writes a recorded value into a plain array ({place(frame)}), which stays "
        "as it is; give the array as a parameter, or write into a copy of it: y = np.array(y)"
    )


def _stores(frame: FrameType) -> bool:
    frame = users_frame(frame)
    return stores_item(frame.f_code, frame.f_lasti)


def cannot_write(what: str, frame: FrameType) -> RecordingError:
    """Return the error for a write that NumPy refuses too, or whose gradient is not defined."""
    text = written(frame) + (" = …" if _stores(frame) else "")
    return RecordingError(f"{text} ({place(frame)}): {what}")


def undecided(shape: tuple[int, ...], frame: FrameType) -> RefusedAnyway:
    """Return the error for a branch on an array of several elements."""
    text = written(frame)
    keyword, _, rest = text.partition(" ")
    if keyword in ("if", "elif", "while"):
        # Some versions of Python give the position of the whole statement.
        text = rest.partition(": ")[0].removesuffix(":")
    return RefusedAnyway(
        f"{text}: a branch needs a single value, but got an array of shape {shape} ({place(frame)}); "
        "choose element by element with np.where(condition, x, y)"
    )


def no_number(value: Any, frame: FrameType) -> RecordingError:
    """Return the error for an operand that is no real number."""
    kind = f"an array of {value.dtype}" if hasattr(value, "dtype") and hasattr(value, "ndim") else type(value).__name__
    if isinstance(value, int):
        kind = "a whole number too large for a float"
    return RecordingError(
        f"{written(frame)} computes with {kind} ({place(frame)}); only real numbers and arrays of them can be recorded"
    )


def of_class(value: Any) -> str:
    """Return what is special about an array of another class, and what to write instead; empty for any other value.

    Lists are searched. Memory-mapped arrays are treated as plain ones.

    >>> import numpy as np
    >>> of_class([np.matrix([[1.0]])]), of_class(np.ones(2))
    ('a matrix, whose * is a product of matrices: write np.asarray(x), and @ for the product', '')
    """
    if isinstance(value, list | tuple):
        return next(filter(None, map(of_class, value)), "")
    kind = type(value)
    if kind.__module__.partition(".")[0] in _LABELLED:
        return f"a {kind.__name__} of {kind.__module__.partition('.')[0]}, whose labels are lost: write x.to_numpy()"
    if not isinstance(value, np.ndarray) or kind is np.ndarray or kind is np.memmap:
        return ""
    if isinstance(value, np.ma.MaskedArray):
        return "a masked array, whose mask is lost: write x.filled(0), or np.where(mask, 0, x)"
    if isinstance(value, np.matrix):
        return "a matrix, whose * is a product of matrices: write np.asarray(x), and @ for the product"
    return f"an array of the class {kind.__name__}, whose own meaning is lost: write np.asarray(x)"


def another_class(value: Any, frame: FrameType) -> RecordingError | None:
    """Return the error for an array of a class with its own meaning (a matrix); ``None`` for any other operand."""
    odd = of_class(value)
    return RecordingError(f"{written(frame)} computes with {odd} ({place(frame)})") if odd else None


def fails(shapes: Sequence[tuple[int, ...]], error: Exception, frame: FrameType) -> RefusedAnyway:
    """Return the error for a step that NumPy refuses, mostly for shapes that do not fit."""
    given = " and ".join(map(str, shapes))
    return RefusedAnyway(f"{written(frame)} fails on operands of shape {given} ({place(frame)}): {str(error).strip()}")


def unused(operation: ops.Operation, what: str, frame: FrameType) -> RecordingError:
    """Return the error for a call with operands or parameters that the row does not have."""
    takes = f"it takes {len(operation.operands)}: {', '.join(operation.operands)}"
    if what.isdigit():
        return RecordingError(f"{written(frame)} gives {operation.name} {what} operand(s) ({place(frame)}); {takes}")
    advice = {
        "where": "choose before: np.where(condition, x, 0), or x[condition]",
    }
    return RecordingError(
        f"{written(frame)}: {what}= cannot be recorded ({place(frame)}); {advice.get(what, 'leave it out')}"
    )


def several(count: int, frame: FrameType) -> RefusedAnyway:
    """Return the error for an array of several elements of which one number is wanted."""
    return RefusedAnyway(
        f"{written(frame)}: an array of {count} elements is no single number ({place(frame)}); "
        "give the place of one, x.item(0), or take all, x.tolist()"
    )


def undefined_elsewhere(name: str, frame: FrameType) -> RecordingError:
    """Return the error for a function with ``where=`` and no ``out=``, whose other elements are not defined."""
    return RecordingError(
        f"{written(frame)} ({place(frame)}): np.{name} with where= leaves the other elements undefined; "
        "give the array whose elements they are: out=np.zeros(x.shape)"
    )


def advised() -> Iterator[str]:
    """Yield attributes that recorded values do not have and for which there is advice."""
    yield from _ONLY_ARRAYS
    yield from _ADVICE
    functions = [*ops.COMPOSITES, *(name for row in ops.OPERATIONS.values() for name in row.numpy)]
    yield from filter(str.isidentifier, functions)


def no_attribute(name: str, frame: FrameType) -> RecordingError:
    """Return the error for an attribute that arrays have and recorded values do not."""
    step: FrameType | None = frame
    while step is not None and is_ours(step):
        # In a method of a matrix, or of a masked array.
        odd = another_class(step.f_locals.get("self"), frame)
        if odd is not None:
            return odd
        step = step.f_back
    advice = _ADVICE.get(name)
    if advice is None:
        advice = f"write np.{name}(…)" if ops.find(name) or ops.composite(name) else _TABLE
    return NoAttribute(f"{written(frame)}: a recorded value has no .{name} ({place(frame)}); {advice}")


def without_value(why: str, frame: FrameType) -> RecordingError:
    """Return the error for a step that needs a number, while the graph's inputs have no values."""
    return RecordingError(
        f"{written(frame)}: {why} needs a value ({place(frame)}), but the inputs have none; "
        'give them values: graph.input("x", 3.0)'
    )
