"""Long arrays in JSON, whose numbers become text piece by piece: a list of them would take four times the room."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Iterator
from typing import Any

from bpviz.errors import BpvizWarning

__all__ = ["LONG", "LongArrays"]

LONG = 1000
"""The most numbers of an array that are written one to a line."""
_PIECE = 1 << 14
_MANY = 1_000_000
"""The most numbers that are written without a warning."""


class LongArrays:
    """The arrays that stand in a document as marks, until their numbers are put in place of these.

    >>> import numpy as np
    >>> arrays = LongArrays()
    >>> arrays.put_into(json.dumps({"array": arrays.mark(np.array([1.0, np.inf]))}))
    '{"array": [1.0, {"float": "inf"}]}'
    """

    def __init__(self) -> None:
        self._arrays: list[Any] = []

    def takes(self, array: Any) -> bool:
        """Return whether an array is so long that it is written with others of its kind."""
        return bool(array.size > LONG)

    def mark(self, array: Any) -> str:
        """Return the mark for an array; no text of a user's can be one."""
        self._arrays.append(array)
        return f"\0array {len(self._arrays) - 1}\0"

    def put_into(self, text: str) -> str:
        """Return the text of a document with the numbers of the arrays in place of the marks.

        Warns (`BpvizWarning`) of more than a million numbers.
        """
        count = sum(array.size for array in self._arrays)
        if count > _MANY:
            warnings.warn(
                f"the JSON has {count:,} numbers, about {count // 50_000:,} MB; trace the function on smaller arrays, "
                "or keep the flow with pickle",
                BpvizWarning,
                stacklevel=4,
            )
        return "".join(self._pieces(text))

    def _pieces(self, text: str) -> Iterator[str]:
        at = 0
        for number, array in enumerate(self._arrays):
            mark = json.dumps(f"\0array {number}\0")
            found = text.index(mark, at)
            yield text[at:found]
            yield from _cells(array)
            at = found + len(mark)
        yield text[at:]


def _cells(array: Any) -> Iterator[str]:
    """Yield the numbers of an array as the text of a list."""
    flat, before = array.reshape(-1), "["
    for start in range(0, len(flat), _PIECE):
        cells = flat[start : start + _PIECE].tolist()
        if flat.dtype.kind == "f" and not all(map(math.isfinite, cells)):
            cells = [cell if math.isfinite(cell) else {"float": str(cell)} for cell in cells]
        yield before + json.dumps(cells)[1:-1]
        before = ",\n"
    yield "]"
