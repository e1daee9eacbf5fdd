"""Lengths as people write them: 720pt, 16cm, 6in, or a name such as the column of a paper."""

from __future__ import annotations

import math
import re

from bpviz.errors import UsageError

__all__ = ["NAMED", "points"]

_UNITS = {"": 1.0, "pt": 1.0, "in": 72.0, "cm": 72 / 2.54, "mm": 72 / 25.4}
_WRITTEN = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+) *([a-z]*)")

NAMED = {"column": "84mm", "page": "165mm"}
"""The widths with a name: the column and the page of a paper."""


def points(width: str | float | None) -> float | None:
    """Return a width in points, 72 to the inch; ``None`` for ``none``, which means any width.

    >>> points("6in"), points("2.54cm"), points(500), points("none")
    (432.0, 72.0, 500.0, None)

    Raises `UsageError` for anything else, and for a width that is not above 0.
    """
    if width is None or width == "none":
        return None
    if isinstance(width, int | float) and not isinstance(width, bool):
        found = float(width)
    else:
        parts = _WRITTEN.fullmatch(NAMED.get(width, width).strip()) if isinstance(width, str) else None
        if parts is None or parts[2] not in _UNITS:
            raise _wrong(width)
        found = float(parts[1]) * _UNITS[parts[2]]
    if not 0 < found < math.inf:
        raise _wrong(width)
    return found


def _wrong(width: object) -> UsageError:
    named = ", ".join((*NAMED, "none"))
    return UsageError(f"width must be a length such as 720pt, 16cm, 84mm or 6in, or one of {named}, but got {width!r}")
