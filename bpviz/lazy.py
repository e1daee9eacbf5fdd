"""Libraries that are imported when they are first used, so that what does not need them starts at once."""

from __future__ import annotations

import importlib
import sys
from typing import Any

__all__ = ["LazyModule", "imported"]


class LazyModule:
    """Stands for a module until an attribute of it is asked for.

    >>> LazyModule("math").floor(2.5)
    2
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        value = getattr(importlib.import_module(self._name), attribute)
        # Kept on the instance, so that the next look-up is an ordinary one.
        setattr(self, attribute, value)
        return value


def imported(name: str) -> bool:
    """Return whether a module was imported already, by bpviz or by the user's own file.

    >>> imported("sys")
    True
    """
    return name in sys.modules
