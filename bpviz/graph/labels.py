"""The names of the nodes of a record: labels from the source, and unique names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

from bpviz.recording.recorder import Recorder
from bpviz.recording.scopes import Scope
from bpviz.recording.source import Returned, by_operator, stored_name, unpacks

__all__ = ["Kept", "Labels"]

Read = TypeVar("Read")


class _Grows(Protocol):
    """An object with an edition, which changes when it grows or something in it is named."""

    kept: dict[str, Any]

    @property
    def edition(self) -> tuple[int, ...]: ...


class Kept(Generic[Read]):
    """A property that is computed when it is first read, and again after its owner's edition has changed."""

    def __init__(self, read: Callable[[Any], Read]) -> None:
        self.read = read
        self.name = read.__name__
        self.__doc__ = read.__doc__

    def __get__(self, owner: _Grows, _: type[_Grows]) -> Read:
        if owner is None:
            return self
        kept, edition = owner.kept, owner.edition
        if kept.get("edition") != edition:
            kept.clear()
            kept["edition"] = edition
        if self.name not in kept:
            kept[self.name] = self.read(owner)
        found: Read = kept[self.name]
        return found


class Labels:
    """The names of the nodes of a record.

    >>> import bpviz
    >>> graph = bpviz.trace(lambda x=2.0: (x + 1) * (x + 2))
    >>> Labels(graph.record).unique
    ('x', 'constant', 'add', 'constant_2', 'add_2', 'output')
    """

    def __init__(self, record: Recorder) -> None:
        self.record = record
        self.kept: dict[str, Any] = {}

    @property
    def edition(self) -> tuple[int, ...]:
        """The length of the record, and how often something in it was named."""
        return len(self.record), self.record.renamed

    @Kept
    def written(self) -> tuple[str, ...]:
        """Per node, the name from the source (or ``bpviz.name``); empty if there is none."""
        constants = self.record.constant_names()
        return tuple(self.of(i) or constants.get(i, "") for i in range(len(self.record)))

    @Kept
    def unique(self) -> tuple[str, ...]:
        """Per node, a unique name: its label or its kind, with a number if that is used already."""
        record = self.record
        taken = set(record.is_input.values())
        counts: dict[str, int] = {}
        names = []
        for index, label in enumerate(self.written):
            if index in record.is_input:
                names.append(record.is_input[index])
                continue
            operation = record.operations[index]
            stem = label or ("constant" if operation is None else operation.name)
            name = stem
            while name in taken:
                counts[stem] = counts.get(stem, 1) + 1
                name = f"{stem}_{counts[stem]}"
            taken.add(name)
            names.append(name)
        return tuple(names)

    def of(self, index: int) -> str:
        """Return the name of one node from the source (or ``bpviz.name``); empty if there is none."""
        return self._by_source(index) or self.record.last_words.get(index, "")

    def _by_source(self, index: int) -> str:
        record = self.record
        if index in record.labels:
            return record.labels[index]
        if index in record.is_input:
            return record.is_input[index]
        offset, operation = record.offsets[index], record.operations[index]
        if offset < 0 or operation is None:
            return ""
        scope: Scope | None = record.step_scopes[index]
        path: tuple[int, ...] = ()
        assert scope is not None
        if operation.operator and not by_operator(scope.code, offset) and index in self._intermediate:
            return ""
        if operation.name == "index" and unpacks(scope.code, offset):
            # In a, b = x the second element belongs to b.
            path = (record.parameters[index]["key"],)
        while scope is not None:
            name = stored_name(scope.code, offset, path)
            if not isinstance(name, Returned):
                return name or ""
            # A result that is returned at once has the name of the caller's variable.
            path, offset, scope = name.path, scope.call_offset, scope.caller
        return ""

    @Kept
    def _intermediate(self) -> frozenset[int]:
        """Return the steps whose results the same call uses again: ``y = sum(parts)`` names only the last addition."""
        record = self.record
        found: set[int] = set()
        for index, operation in enumerate(record.operations):
            if operation is None or not operation.operator:
                continue
            offset, scope = record.offsets[index], record.step_scopes[index]
            if offset >= 0 and not by_operator(scope.code, offset):
                operands = record.operands[index]
                found.update(i for i in operands if record.offsets[i] == offset and record.step_scopes[i] is scope)
        return frozenset(found)
