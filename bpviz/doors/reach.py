"""The namespaces in which a function of the user's looks up names: of its module, and of its helpers' modules."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import lru_cache, partial
from types import CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from bpviz.code_files import is_library

__all__ = ["Reach"]

_MOST = 1000
"""The most functions and objects that are searched."""
_STILL = frozenset({int, float, bool, str, bytes, type(None), dict, list, tuple})


class Reach:
    """The namespaces and variables of closures in which a function, and the functions that it names, look up names.

    >>> def helper():
    ...     return 1
    >>> reach = Reach(lambda: helper())
    >>> reach.namespaces == [globals()], len(reach.cells)
    (True, 0)
    """

    __slots__ = ("_ahead", "_seen", "cells", "namespaces")

    def __init__(self, function: Any) -> None:
        self.namespaces: list[dict[str, Any]] = []
        self.cells: list[CellType] = []
        self._ahead = [function]
        self._seen: set[int] = set()
        while self._ahead and len(self._seen) < _MOST:
            value = self._ahead.pop()
            if type(value) not in _STILL and id(value) not in self._seen:
                self._seen.add(id(value))
                self._visit(value)

    def _visit(self, value: Any) -> None:
        kind = type(value)
        if kind is FunctionType:
            self._function(value)
        elif kind is MethodType:
            self._ahead += (value.__func__, value.__self__)
        elif kind is partial:
            self._ahead.append(value.func)
        elif kind is staticmethod or kind is classmethod:
            self._ahead.append(value.__func__)
        elif kind is property:
            self._ahead += (value.fget, value.fset)
        elif isinstance(value, type):
            if _is_users(value.__module__):
                self._ahead += [found for base in value.__mro__[:-1] for found in vars(base).values()]
        elif kind is not ModuleType and _is_users(kind.__module__):
            # An object of the user's has the methods of its class, and may hold layers.
            self._ahead.append(kind)
            for part in getattr(value, "__dict__", {}).values():
                self._ahead += part if type(part) in (list, tuple) else (part,)

    def _function(self, function: FunctionType) -> None:
        names = _names(function.__code__)
        if names is None:
            return
        found = function.__globals__
        if not any(found is known for known in self.namespaces):
            self.namespaces.append(found)
        for name in names:
            value = found.get(name)
            if type(value) is ModuleType:
                if _is_users(value.__name__):
                    self._ahead += [vars(value).get(part) for part in names]
            elif value is not None:
                self._ahead.append(value)
        for cell in function.__closure__ or ():
            self.cells.append(cell)
            try:
                self._ahead.append(cell.cell_contents)
            except ValueError:
                # It is still empty.
                continue
        wrapped = getattr(function, "__wrapped__", None)
        if wrapped is not None:
            self._ahead.append(wrapped)


@lru_cache(maxsize=1024)
def _is_users(module: str | None) -> bool:
    """Return whether a module is the user's own."""
    if module is None or module in sys.builtin_module_names:
        return False
    return not is_library(getattr(sys.modules.get(module), "__file__", None) or "")


@lru_cache(maxsize=1024)
def _names(code: CodeType) -> tuple[str, ...] | None:
    """Return the names that a function, and the functions inside it, may look up in its module.

    It is ``None`` for a function of a library.
    """
    return None if is_library(code.co_filename) else tuple(_all_names(code))


def _all_names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if type(constant) is CodeType:
            yield from _all_names(constant)
