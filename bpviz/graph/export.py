"""Values for other programs: attributes that every writer of networkx takes, and JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bpviz.lazy import LazyModule
from bpviz.ops import Operand
from bpviz.ops.table.thumbnails import Thumbnail
from bpviz.ops.table.unknown import UNKNOWN, WITHIN, Unknown

if TYPE_CHECKING:
    from bpviz.text.long_arrays import LongArrays

__all__ = ["attributes", "packed", "plain_value", "unpacked"]

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


def packed(value: Any, long: LongArrays) -> Any:
    """Return a value or parameter in a form for JSON; the cells of long arrays are written later."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"float": str(value)}
    if isinstance(value, tuple):
        return {"tuple": [packed(part, long) for part in value]}
    if isinstance(value, list):
        return {"list": [packed(part, long) for part in value]}
    if isinstance(value, slice):
        return {"slice": [packed(part, long) for part in (value.start, value.stop, value.step)]}
    if value is Ellipsis:
        return {"ellipsis": True}
    if isinstance(value, Operand):
        return {"operand": value.slot}
    if value is UNKNOWN or value is WITHIN:
        return {"unknown": True} if value is UNKNOWN else {"within": True}
    if isinstance(value, Thumbnail):
        made = {"shape": list(value.shape), "dtype": str(value.dtype), "odd": value.odd, "mark": value.mark}
        parts = {key: packed(getattr(value, key), long) for key in ("cells", "largest", "same")}
        return {"thumbnail": made | parts}
    array = np.asarray(value)
    cells = long.mark(array) if long.takes(array) else [packed(cell, long) for cell in array.ravel().tolist()]
    return {"array": cells, "shape": list(array.shape), "dtype": str(array.dtype)}


def unpacked(value: Any) -> Any:
    """Return what `packed` packed.

    >>> unpacked({"tuple": [1, {"float": "inf"}, {"unknown": True}]})
    (1, inf, unknown)
    """
    if not isinstance(value, dict):
        return value
    if "float" in value:
        return float(value["float"])
    if "tuple" in value:
        return tuple(unpacked(part) for part in value["tuple"])
    if "list" in value:
        return [unpacked(part) for part in value["list"]]
    if "slice" in value:
        return slice(*(unpacked(part) for part in value["slice"]))
    if "ellipsis" in value:
        return Ellipsis
    if "operand" in value:
        return Operand(int(value["operand"]))
    if "unknown" in value:
        return UNKNOWN
    if "within" in value:
        return WITHIN
    if "thumbnail" in value:
        of = {key: unpacked(part) for key, part in value["thumbnail"].items()}
        return Thumbnail(**of | {"shape": tuple(of["shape"]), "dtype": np.dtype(of["dtype"])})
    cells = [unpacked(cell) for cell in value["array"]]
    return np.array(cells, dtype=value["dtype"]).reshape(value["shape"])
