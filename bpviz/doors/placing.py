"""How doors are put in place, and taken away again.

A door is a function that replaces one of a library (``np.zeros``, ``math.exp``) while a model is traced: in the
library's module, and in the user's own modules, where they have a name for the original. The originals are put back
when the last trace ends, even after an error. Meanwhile other threads call the doors too, which return for them what
the originals return.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from operator import itemgetter
from types import CellType
from typing import Any

from bpviz.doors.reach import Reach
from bpviz.lazy import imported
from bpviz.recording.recorder import Recorder

__all__ = ["Door", "door_of", "open_doors", "opened", "original_of"]

_MISSING = object()


Door = tuple[Any, str, Any]
"""A replacement of a library's function: the module or class that has it, its name, and the door."""


class _Open(threading.local):
    """The record that is made in this thread, if any, and the package of the function that is traced."""

    recorder: Recorder | None = None
    package = ""


opened = _Open()

Makers = tuple[tuple[str, Callable[[Any], Iterator[Door]]], ...]


class _Place:
    """A place of doors, which is read, written and emptied by name; ``count`` traces need it now."""

    __slots__ = ("count", "doors", "holder", "originals")

    def __init__(self, holder: Any, doors: Mapping[str, Any]) -> None:
        self.holder, self.doors, self.count = holder, doors, 0
        self.originals: dict[str, Any] = {}

    def open(self) -> None:
        """Put the doors there."""
        self.originals = {name: self.get(name) for name in self.doors}
        for name, door in self.doors.items():
            self.put(name, door)

    def close(self) -> None:
        """Put the originals back; what the user has put there in the meantime stays."""
        for name, original in self.originals.items():
            if self.get(name) is self.doors[name]:
                self.put(name, original)

    def get(self, name: str) -> Any:
        """Return what is there by a name."""
        return self.holder.get(name, _MISSING)

    def put(self, name: str, value: Any) -> None:
        """Put a value there by a name."""
        self.holder[name] = value


class _ModulePlace(_Place):
    """The module of a library. It has many doors, which are put in place and taken away all at once."""

    __slots__ = ("_all", "_doors", "_originals", "_usual")

    def __init__(self, holder: Any, doors: Mapping[str, Any]) -> None:
        super().__init__(holder, doors)
        self._all = itemgetter(*doors)
        self._doors, self._originals = self._all(doors), self._all(holder)
        self._usual = {name: holder[name] for name in doors}

    def open(self) -> None:
        if self._stands(self._originals):
            self.originals = self._usual
            self.holder.update(self.doors)
        else:
            super().open()

    def close(self) -> None:
        if self.originals is self._usual and self._stands(self._doors):
            self.holder.update(self._usual)
        else:
            super().close()

    def _stands(self, these: Any) -> bool:
        try:
            return bool(self._all(self.holder) == these)
        except KeyError:
            # The user has deleted one.
            return False


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
_known: dict[str, list[_Place]] = {}
"""The places of doors of each imported library."""
_users: dict[int, _Place] = {}
"""The places in the user's own code that have doors now, by identity."""
_door_of: dict[int, Any] = {}
"""The door of each original, by identity; the door keeps the original."""


_original_of: dict[int, tuple[Any, Any]] = {}
"""Each door with its original, by identity of the door."""


def door_of(value: Any) -> Any:
    """Return the door of a library's function, if it has one; anything else as it is."""
    return _door_of.get(id(value), value)


def original_of(value: Any) -> Any:
    """Return the library's function that a door replaces; anything else as it is."""
    found = _original_of.get(id(value))
    return value if found is None or found[0] is not value else found[1]


class open_doors(AbstractContextManager[None]):
    """Open the doors of the imported libraries for the calls of a function in this thread.

    ``makers`` are the libraries, each with the function that makes its doors. The originals are put back even after an
    error.
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
        self._mine: list[_Place] = []

    def __enter__(self) -> None:
        self._before = opened.recorder, opened.package
        try:
            with _lock:
                for places in _known.values():
                    for place in places:
                        self._begin(place)
                for namespace in self._reach.namespaces:
                    self._place(_Place, namespace, namespace)
                for cell in self._reach.cells:
                    content = _content(cell)
                    if id(content) in _door_of or id(cell) in _users:
                        self._place(_CellPlace, cell, {"": content})
        except BaseException:
            # The user may interrupt the program at this moment.
            self.__exit__()
            raise
        opened.recorder, opened.package = self._recorder, self._package

    def _place(self, kind: type[_Place], holder: Any, holds: Mapping[str, Any]) -> None:
        place = _users.get(id(holder))
        if place is None:
            # Most modules have none, and may have hundreds of names.
            if _door_of.keys().isdisjoint(map(id, list(holds.values()))):
                return
            doors = {name: _door_of[id(value)] for name, value in list(holds.items()) if id(value) in _door_of}
            place = _users[id(holder)] = kind(holder, doors)
        self._begin(place)

    def _begin(self, place: _Place) -> None:
        self._mine.append(place)
        place.count += 1
        if place.count == 1:
            place.open()

    def __exit__(self, *exception: object) -> None:
        opened.recorder, opened.package = self._before
        with _lock:
            for place in self._mine:
                place.count -= 1
                if not place.count:
                    place.close()
                    _users.pop(id(place.holder), None)


def _make(library: str, make: Callable[[Any], Iterator[Door]]) -> None:
    with _lock:
        if library in _known:
            return
        holders: dict[int, tuple[Any, dict[str, Any]]] = {}
        for holder, name, door in make(sys.modules[library]):
            original = vars(holder).get(name)
            if original is not None:
                _door_of[id(original)] = door
                _original_of[id(door)] = door, original
            space = holder if isinstance(holder, type) else vars(holder)
            holders.setdefault(id(space), (space, {}))[1][name] = door
        _known[library] = [
            (_ClassPlace if isinstance(holder, type) else _ModulePlace)(holder, doors)
            for holder, doors in holders.values()
        ]
