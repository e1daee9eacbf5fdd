"""Libraries that are imported when they are first used, so that programs without them start quickly."""

from __future__ import annotations

import importlib
import sys
from typing import Any

__all__ = ["LazyModule", "imported"]


class LazyModule:
    """Stands for a module, and imports it when an attribute is read.

    >>> LazyModule("math").floor(2.5)
    2
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        if attribute == "__wrapped__":
            # What looks through a module for functions asks each thing for it; that is no use of the library.
            raise AttributeError(attribute)
        value = getattr(importlib.import_module(self._name), attribute)
        # While a model is traced, some functions of NumPy are replaced by doors (see `bpviz.doors`).
        value = getattr(value, "__bpviz_original__", value)
        # Kept on the instance, so that the next read is an ordinary one.
        setattr(self, attribute, value)
        return value


def imported(name: str) -> bool:
    """Return whether a module is already imported, by bpviz or by the user's file.

    >>> imported("sys")
    True
    """
    return name in sys.modules
