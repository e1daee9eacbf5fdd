"""The user's own arrays that are constants of a record."""

from __future__ import annotations

from typing import Any

from bpviz.lazy import LazyModule

__all__ = ["Constant"]

np: Any = LazyModule("numpy")


class Constant:
    """An array (or list) of the user's: the very object, a copy of what it held, and the nodes that show it.

    >>> array = np.array([1.0, np.nan])
    >>> constant = Constant(array, array.copy(), 0)
    >>> constant.is_unchanged()
    True
    >>> array[0] = 2.0
    >>> constant.is_unchanged()
    False
    """

    __slots__ = ("holds", "indices", "original")

    def __init__(self, original: Any, holds: Any, index: int) -> None:
        self.original = original
        self.holds = holds
        self.indices = [index]

    def is_unchanged(self) -> bool:
        """Whether the object still holds the same numbers, bit for bit, so that NaN is the same as NaN."""
        holds, now = self.holds, self.original
        if now.__class__ is not holds.__class__:
            now = np.asarray(now)
        dtype = holds.dtype
        if now.dtype != dtype or now.shape != holds.shape:
            return False
        if holds.nbytes > 4096 and dtype.itemsize in (1, 2, 4, 8):
            # Without copying them.
            as_bits = f"u{dtype.itemsize}"
            return bool((holds.view(as_bits) == now.view(as_bits)).all())
        return bool(holds.tobytes() == now.tobytes())
