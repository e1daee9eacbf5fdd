"""The wires that carry a value to several of its uses at once: for a row or an end of a figure where it branches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bpviz.figure import Wire

__all__ = ["Gathered"]


class Gathered(Mapping[frozenset[str], Wire]):
    """Wires by the ids of those that they stand for, each made when it is first wanted: a value with ten uses has a
    thousand.

    It is pickled, and iterated over, as those that were made.

    >>> made = Gathered(lambda ids: Wire("", "x", "dot", description=" and ".join(sorted(ids))))
    >>> made[frozenset({"w1", "w2"})].description, len(made)
    ('w1 and w2', 1)
    """

    def __init__(self, make: Callable[[frozenset[str]], Wire | None]) -> None:
        """Take what makes such a wire, or returns ``None`` if there can be none."""
        self._make = make
        self._made: dict[frozenset[str], Wire | None] = {}

    def __getitem__(self, ids: frozenset[str]) -> Wire:
        if ids not in self._made:
            self._made[ids] = self._make(ids)
        wire = self._made[ids]
        if wire is None:
            raise KeyError(ids)
        return wire

    def __iter__(self) -> Iterator[frozenset[str]]:
        return (ids for ids, wire in self._made.items() if wire is not None)

    def __len__(self) -> int:
        return sum(wire is not None for wire in self._made.values())

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self),)
