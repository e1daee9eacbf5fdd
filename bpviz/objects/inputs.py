"""The value of an input: a number or an array of real numbers, and nothing else."""

from __future__ import annotations

from typing import Any

from bpviz.errors import RecordingError, UsageError
from bpviz.lazy import LazyModule
from bpviz.ops.table.copying import sealed
from bpviz.recording.handle import Handle
from bpviz.recording.refusals import of_class

__all__ = ["as_input"]

np: Any = LazyModule("numpy")


def as_input(name: str, value: Any) -> Any:
    """Return a user's number or array as an input: numbers become floats, arrays are copied.

    >>> as_input("price", 100), as_input("weights", [1, 2.5])
    (100.0, array([1. , 2.5]))

    Raises `UsageError` for anything else.
    """
    if isinstance(value, Handle):
        raise RecordingError(f"the input {name!r} is a recorded value of another graph; give a number or an array")
    if isinstance(value, bool):
        raise UsageError(f"the input {name!r} must be a number or an array of numbers, but got {value!r}")
    if isinstance(value, float):
        return float(value)
    if isinstance(value, int):
        try:
            return float(value)
        except OverflowError:
            raise UsageError(
                f"the input {name!r} is a whole number too large for a float: about 10^{len(str(value))}"
            ) from None
    if value.__class__ is np.ndarray and value.dtype.kind in "fiub":
        # The usual case; the code below would do the same.
        return sealed(np.array(value))
    odd = of_class(value)
    if odd:
        raise UsageError(f"the input {name!r} is {odd}")
    try:
        array = np.array(value)
    except ValueError as error:
        raise UsageError(f"the input {name!r} is no regular array of numbers: {error}") from None
    if array.dtype.kind not in "fiub":
        shown = repr(value)
        raise UsageError(
            f"the input {name!r} must be a number or an array of real numbers, but got "
            f"{shown if len(shown) < 60 else shown[:57] + '…'} ({type(value).__name__}"
            f"{f' of {array.dtype}' if array.ndim else ''})"
        )
    return sealed(array)
