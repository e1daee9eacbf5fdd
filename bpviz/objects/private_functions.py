"""Copies of functions that look up some variables of their own: other threads do not see these variables.

A plain function that names a global, or calls plain functions of the same module that do, can run from a copy with a
namespace of its own. Methods, functions in lists and decorated functions keep the namespace of their module.
"""

from __future__ import annotations

import builtins
import dis
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache, partial
from types import CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

from bpviz.code_files import is_library

__all__ = ["Replacement", "other_thread", "private"]

_MOST = 10_000
"""The most functions and objects that are searched."""
_INDIRECT = frozenset({"__dict__", "__globals__", "eval", "exec", "globals", "importlib", "sys", "vars"})
"""Names with which code reads variables that it does not name."""
_PLAIN = frozenset({int, float, bool, str, bytes, complex, type(None)})


class Replacement(NamedTuple):
    """Another value for a variable: a global of the function's module, or a variable around it (``cell``)."""

    name: str
    value: Any
    cell: CellType | None = None


def private(function: Any, replacements: Sequence[Replacement], given: Sequence[Any] = ()) -> Any:
    """Return a copy of a function in which variables have other values; ``None`` if something else may read them.

    ``given`` are its arguments, whose methods may read the variables.

    >>> space = {}
    >>> exec("rate = 2.0\\ndef scaled(x): return x * rate\\ndef f(x): return scaled(x) + rate", space)
    >>> private(space["f"], [Replacement("rate", 3.0)])(1.0), space["f"](1.0)
    (6.0, 4.0)
    """
    if type(function) is MethodType:
        inner = private(function.__func__, replacements, [function.__self__, *given])
        return None if inner is None else MethodType(inner, function.__self__)
    if type(function) is not FunctionType:
        return None
    cells = {id(made.cell): CellType(made.value) for made in replacements if made.cell is not None}
    values = {made.name: made.value for made in replacements if made.cell is None}
    search = _Search(function, frozenset(values), frozenset(cells))
    if not search.finds_all([*given, *(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]):
        return None
    space = dict(function.__globals__)
    for name, helper in search.copied.items():
        space[name] = _copy(helper, space, helper.__closure__)
    space.update(values)
    closure = function.__closure__
    return _copy(function, space, closure and tuple(cells.get(id(cell), cell) for cell in closure))


def _copy(function: FunctionType, space: dict[str, Any], closure: tuple[CellType, ...] | None) -> FunctionType:
    made = FunctionType(function.__code__, space, function.__name__, function.__defaults__, closure)
    made.__kwdefaults__ = function.__kwdefaults__
    made.__qualname__, made.__module__, made.__doc__ = function.__qualname__, function.__module__, function.__doc__
    # The same dictionary: what the function stores in its attributes is seen by the original.
    made.__dict__ = function.__dict__
    return made


class _Search:
    """The search for functions that read variables: ``copied`` are those that can be copied, by their names."""

    def __init__(self, function: FunctionType, names: frozenset[str], cells: frozenset[int]) -> None:
        self.function, self.names, self.cells = function, names, cells
        self.space = function.__globals__
        self.copied: dict[str, FunctionType] = {}
        self.ahead: list[Any] = []
        self.seen: set[int] = set()

    def finds_all(self, given: Sequence[Any]) -> bool:
        """Return whether only functions that can be copied read the variables."""
        waiting = [self.function]
        while waiting:
            for name, helper in self._named(waiting.pop()):
                if type(helper) is not FunctionType or helper.__globals__ is not self.space or helper.__closure__:
                    self.ahead.append(helper)
                elif name not in self.copied and not is_library(helper.__code__.co_filename):
                    self.copied[name] = helper
                    waiting.append(helper)
        for function in (self.function, *self.copied.values()):
            code = _reads(function.__code__)
            if code.stores or not _INDIRECT.isdisjoint(code.names) or self.space.get("__name__") in code.names:
                return False
            contents = [_content(cell) for cell in function.__closure__ or () if id(cell) not in self.cells]
            self.ahead += [*contents, *(function.__defaults__ or ())]
            self.ahead += (function.__kwdefaults__ or {}).values()
        self.ahead += given
        return self._others_read_none()

    def _named(self, function: FunctionType) -> Iterator[tuple[str, Any]]:
        for name in _reads(function.__code__).names:
            if name in function.__globals__ and (function.__globals__ is not self.space or name not in self.names):
                yield name, function.__globals__[name]

    def _others_read_none(self) -> bool:
        """Return whether nothing that stays as it is may read the variables."""
        while self.ahead:
            value = self.ahead.pop()
            if type(value) in _PLAIN or id(value) in self.seen:
                continue
            self.seen.add(id(value))
            if len(self.seen) > _MOST or not self._may_stay(value):
                return False
        return True

    def _may_stay(self, value: Any) -> bool:
        kind = type(value)
        if kind is FunctionType:
            return is_library(value.__code__.co_filename) or self._stays(value)
        if kind is ModuleType:
            return vars(value) is not self.space
        if kind is MethodType:
            self.ahead += (value.__func__, value.__self__)
        elif kind is partial:
            self.ahead += (value.func, *value.args, *value.keywords.values())
        elif kind is staticmethod or kind is classmethod:
            self.ahead.append(value.__func__)
        elif kind is property:
            self.ahead += (value.fget, value.fset)
        elif isinstance(value, Mapping):
            self.ahead += list(value.values())
        elif isinstance(value, list | tuple | set | frozenset):
            self.ahead += value
        elif isinstance(value, type):
            if _is_users(value.__module__):
                self.ahead += [found for base in value.__mro__[:-1] for found in vars(base).values()]
        elif _is_users(kind.__module__):
            self.ahead += (kind, getattr(value, "__dict__", None))
        elif hasattr(value, "__wrapped__"):
            # Such as the cache of functools.
            self.ahead.append(value.__wrapped__)
        return True

    def _stays(self, function: FunctionType) -> bool:
        code = _reads(function.__code__)
        mine = function.__globals__ is self.space
        if mine and not (self.names.isdisjoint(code.names) and _INDIRECT.isdisjoint(code.names)):
            return False
        if any(id(cell) in self.cells for cell in function.__closure__ or ()) or (mine and code.stores):
            return False
        self.ahead += [value for _, value in self._named(function)]
        self.ahead += [_content(cell) for cell in function.__closure__ or ()]
        self.ahead += [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
        self.ahead.append(getattr(function, "__wrapped__", None))
        return self.space.get("__name__") not in code.names


class _Reads(NamedTuple):
    """What the code of a function, with the functions inside it, names, and whether it sets globals."""

    names: frozenset[str]
    stores: bool


@lru_cache(maxsize=1024)
def _reads(code: CodeType) -> _Reads:
    names = {*code.co_names}
    stores = any(part.opname in ("STORE_GLOBAL", "DELETE_GLOBAL", "IMPORT_STAR") for part in dis.get_instructions(code))
    for constant in code.co_consts:
        if type(constant) is CodeType:
            inner = _reads(constant)
            names |= inner.names
            stores = stores or inner.stores
    return _Reads(frozenset(names), stores)


def _is_users(module: str | None) -> bool:
    if module is None or module == builtins.__name__ or module in sys.builtin_module_names:
        return False
    return not is_library(getattr(sys.modules.get(module), "__file__", None) or "")


def _content(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        # It is still empty.
        return None


def other_thread() -> str:
    """Return the name of another thread that may run the user's code now; empty if there is none.

    Threads in the background that only run code of libraries, such as those of a notebook, are none.
    """
    here, frames = threading.current_thread(), sys._current_frames()
    for thread in threading.enumerate():
        frame = frames.get(thread.ident or 0)
        if thread is here or frame is None:
            continue
        runs = not thread.daemon
        while frame is not None and not runs:
            runs = not is_library(frame.f_code.co_filename)
            frame = frame.f_back
        if runs:
            return thread.name
    return ""
