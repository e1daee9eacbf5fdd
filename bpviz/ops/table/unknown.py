"""The gradient that is not known: a step lets a gradient through, but nobody says which."""

from __future__ import annotations

from typing import Any, Final

__all__ = ["UNKNOWN", "Unknown"]


class Unknown:
    """The class of `UNKNOWN`. Whatever is added to an unknown gradient, or multiplied by it, is unknown.

    It is neither ``None``, which says that no gradient flows, nor 0.

    >>> import numpy as np
    >>> UNKNOWN, 2.0 * UNKNOWN, np.ones(2) + UNKNOWN, -UNKNOWN is UNKNOWN
    (unknown, unknown, unknown, True)
    """

    __slots__ = ()
    # Whatever shape it has is not looked at.
    shape: tuple[int, ...] = ()
    ndim = 0
    size = 1
    # So that an array leaves the operation to this class.
    __array_ufunc__ = None

    def __copy__(self) -> Unknown:
        return self

    def __deepcopy__(self, memo: object) -> Unknown:
        return self

    def __reduce__(self) -> str:
        return "UNKNOWN"

    def __repr__(self) -> str:
        return "unknown"

    def _stays(self, *_: Any) -> Unknown:
        return self

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __neg__ = __truediv__ = __rtruediv__ = _stays


UNKNOWN: Final = Unknown()
"""The gradient of which only is known that it may be there."""
