"""How doors are put in place, and taken away again.

A door is a function that stands in the place of one of a library (``np.zeros``, ``math.exp``) while a model is traced:
in the library's module, and wherever the user's own modules hold the original by a name of theirs. The originals are
put back when the last trace ends, whatever happens. Other threads find the doors there meanwhile; they get what the
originals return.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from types import CellType
from typing import Any

from bpviz.doors.reach import Reach
from bpviz.lazy import imported
from bpviz.recording.recorder import Recorder

__all__ = ["Door", "door_of", "open_doors", "opened"]

_MISSING = object()


Door = tuple[Any, str, Any]
"""What stands in the place of a library's function: where (a module or a class), by which name, and what."""


class _Open(threading.local):
    """The record that is made in this thread, if any, and the package of the function that is traced."""

    recorder: Recorder | None = None
    package = ""


opened = _Open()

Makers = tuple[tuple[str, Callable[[Any], Iterator[Door]]], ...]


class _Place:
    """Where doors stand: something that is read, written and emptied by name, and how many traces need them there."""

    __slots__ = ("count", "doors", "holder", "originals")

    def __init__(self, holder: Any, doors: dict[str, Any]) -> None:
        self.holder, self.doors, self.count = holder, doors, 0
        self.originals = {name: self.get(name) for name in doors}
        for name, door in doors.items():
            self.put(name, door)

    def take_away(self) -> None:
        """Put the originals back; what the user has put there meanwhile stays."""
        for name, original in self.originals.items():
            if self.get(name) is self.doors[name]:
                self.put(name, original)

    def get(self, name: str) -> Any:
        """Return what stands there by a name."""
        return self.holder.get(name, _MISSING)

    def put(self, name: str, value: Any) -> None:
        """Put something there."""
        self.holder[name] = value


class _ClassPlace(_Place):
    __slots__ = ()

    def get(self, name: str) -> Any:
        return vars(self.holder).get(name, _MISSING)

    def put(self, name: str, value: Any) -> None:
        if value is _MISSING:
            delattr(self.holder, name)
        else:
            setattr(self.holder, name, value)


class _CellPlace(_Place):
    __slots__ = ()

    def get(self, name: str) -> Any:
        return _content(self.holder)

    def put(self, name: str, value: Any) -> None:
        self.holder.cell_contents = value


def _content(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return _MISSING


_lock = threading.Lock()
_places: dict[int, _Place] = {}
_known: dict[str, list[tuple[Any, dict[str, Any]]]] = {}
"""The doors of each library that is imported, by the module or class where they stand."""
_door_of: dict[int, Any] = {}
"""The door of each original, by identity; the door keeps the original."""


def door_of(value: Any) -> Any:
    """Return the door of a library's function, where it has one; anything else as it is."""
    return _door_of.get(id(value), value)


class open_doors(AbstractContextManager[None]):
    """Open the doors of the libraries that are imported, for what a function calls in this thread.

    ``makers`` are the libraries, each with what makes its doors. What was in place before is put back, whatever
    happens.
    """

    __slots__ = ("_before", "_mine", "_package", "_reach", "_recorder")

    def __init__(self, recorder: Recorder, function: Any, makers: Makers) -> None:
        self._recorder = recorder
        for library, make in makers:
            if library not in _known and imported(library):
                _make(library, make)
        self._reach = Reach(function)
        own = getattr(function, "__globals__", None) or {}
        self._package = (own.get("__name__") or "").partition(".")[0]
        self._mine: list[Any] = []

    def __enter__(self) -> None:
        self._before = opened.recorder, opened.package
        with _lock:
            for holders in _known.values():
                for holder, doors in holders:
                    self._place(holder, _ClassPlace if isinstance(holder, type) else _Place, doors)
            for namespace in self._reach.namespaces:
                self._place(namespace, _Place, None)
            for cell in self._reach.cells:
                if id(_content(cell)) in _door_of or id(cell) in _places:
                    self._place(cell, _CellPlace, None)
        opened.recorder, opened.package = self._recorder, self._package

    def _place(self, holder: Any, kind: type[_Place], doors: dict[str, Any] | None) -> None:
        found = _places.get(id(holder))
        if found is None:
            if doors is None:
                items = [("", _content(holder))] if kind is _CellPlace else list(holder.items())
                doors = {name: _door_of[id(value)] for name, value in items if id(value) in _door_of}
                if not doors:
                    return
            found = _places[id(holder)] = kind(holder, doors)
        found.count += 1
        self._mine.append(holder)

    def __exit__(self, *exception: object) -> None:
        opened.recorder, opened.package = self._before
        with _lock:
            for holder in self._mine:
                found = _places[id(holder)]
                found.count -= 1
                if not found.count:
                    del _places[id(holder)]
                    found.take_away()


def _make(library: str, make: Callable[[Any], Iterator[Door]]) -> None:
    with _lock:
        if library in _known:
            return
        holders: dict[int, tuple[Any, dict[str, Any]]] = {}
        for holder, name, door in make(sys.modules[library]):
            space = holder if isinstance(holder, type) else vars(holder)
            holders.setdefault(id(space), (space, {}))[1][name] = door
            original = vars(holder).get(name)
            if original is not None:
                _door_of[id(original)] = door
        _known[library] = list(holders.values())
