"""What a step was given, as the record keeps it: a copy of everything that the user may change later."""

from __future__ import annotations

import operator
from typing import Any

from bpviz.lazy import LazyModule

__all__ = ["lent", "own", "sealed"]

np: Any = LazyModule("numpy")

_STILL = frozenset({int, float, bool, str, bytes, complex, type(None), type(Ellipsis), type})


def own(value: Any) -> Any:
    """Return a copy of a parameter, with copies of all that is in it.

    >>> rows = np.array([0, 1])
    >>> kept = own((rows, [2, 3], slice(1, None)))
    >>> rows[:] = 5
    >>> kept
    (array([0, 1]), [2, 3], slice(1, None, None))
    """
    kind = type(value)
    if kind in _STILL:
        return value
    if kind is slice:
        return slice(own(value.start), own(value.stop), own(value.step))
    if kind is tuple or kind is list:
        return kind(map(own, value))
    if kind is dict:
        return {key: own(part) for key, part in value.items()}
    if kind.__module__ == "numpy" and isinstance(value, np.generic | np.dtype):
        return value
    if hasattr(value, "__bpviz_record__"):
        # A whole number that was recorded, in a list: x[[i, j]].
        return operator.index(value)
    if isinstance(value, bytearray | memoryview | range) or hasattr(value, "__array__"):
        return sealed(np.array(value))
    return value


def sealed(value: Any) -> Any:
    """Return a number or an array of the record's own, an array so that nobody can write into it.

    >>> sealed(np.zeros(2))[0] = 1.0
    Traceback (most recent call last):
    ValueError: assignment destination is read-only
    """
    # By its name, which takes a tenth of the time, and no NumPy for numbers alone.
    if type(value).__name__ == "ndarray":
        value.setflags(write=False)
    return value


def lent(array: Any) -> Any:
    """Return an array of the record's for users: neither it nor its base can be made writeable.

    >>> kept = np.zeros(2)
    >>> given = lent(kept)
    >>> given.flags.writeable = True
    Traceback (most recent call last):
    ValueError: cannot set WRITEABLE flag to True of this array
    >>> kept.flags.writeable, type(given.base)
    (True, <class 'memoryview'>)
    """
    try:
        return np.asarray(memoryview(array).toreadonly())
    except (ValueError, BufferError):
        # Dates, for instance, have no such form.
        return sealed(array.copy())
