"""Gradients that are no numbers: one that is not known, and one that is part of another."""

from __future__ import annotations

from typing import Any, Final

__all__ = ["UNKNOWN", "WITHIN", "Unknown", "Within"]


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


class Within:
    """The class of `WITHIN`."""

    __slots__ = ()

    def __reduce__(self) -> str:
        return "WITHIN"


WITHIN: Final = Within()
"""In place of the gradient of a wire to a step with several results: it is within the one for another result of it."""
