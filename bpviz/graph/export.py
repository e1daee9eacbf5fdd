"""Graphs for networkx, with attributes that every writer of networkx takes: texts, whole numbers and floats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bpviz.lazy import LazyModule
from bpviz.ops.table.thumbnails import Thumbnail
from bpviz.ops.table.unknown import Unknown

__all__ = ["attributes", "plain_value"]

np: Any = LazyModule("numpy")


def plain_value(value: Any) -> float | str:
    """Return a number as a float, an array as the JSON text of nested lists; what is no such number as text.

    >>> plain_value(3.0), plain_value(np.array([[1.0, 2.0]]))
    (3.0, '[[1.0, 2.0]]')
    """
    if isinstance(value, float | int):
        return float(value)
    if isinstance(value, Unknown | Thumbnail):
        return str(value)
    # Imported by those who export: a figure needs none.
    import json

    array = np.asarray(value)
    return json.dumps(array.tolist()) if array.ndim else float(array)


def attributes(**given: Any) -> dict[str, Any]:
    """Return attributes of plain types; those that are ``None``, or empty texts, are left out.

    >>> attributes(kind="input", line=None, parameters={"axis": 0, "key": slice(1, None)})
    {'kind': 'input', 'parameters': '{"axis": 0, "key": "slice(1, None, None)"}'}
    """
    return {key: _plain(value) for key, value in given.items() if value is not None and value != ""}


def _plain(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    import json

    return json.dumps(value, default=_listed, ensure_ascii=False)


def _listed(value: Any) -> Any:
    """Return what JSON has no word for: arrays as lists, anything else as Python writes it."""
    return value.tolist() if hasattr(value, "tolist") else repr(value)
