"""Plain data as JSON: dataclasses as objects, arrays as nested lists."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

__all__ = ["write"]


def write(value: Any) -> str:
    """Return the value as JSON text; numbers that are not finite become strings (``"nan"``, ``"inf"``).

    >>> write({"slope": 2.2, "grown": math.inf})
    '{\\n "slope": 2.2,\\n "grown": "inf"\\n}\\n'
    """
    return json.dumps(_plain(value), ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    # NumPy's numbers and arrays
    return _plain(value.tolist())
