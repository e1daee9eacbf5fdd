"""What is read off a record is worked out when it is first asked for, and kept until the record grows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from bpviz.graph.graph import Graph

__all__ = ["Reading"]

Read = TypeVar("Read")


class Reading(Generic[Read]):
    """A property of a graph that is worked out once, and again when the record has grown or a value was named."""

    def __init__(self, read: Callable[[Any], Read]) -> None:
        self.read = read
        self.name = read.__name__
        self.__doc__ = read.__doc__

    def __get__(self, graph: Graph, owner: type[Graph]) -> Read:
        if graph is None:
            return self
        edition = (len(graph.record), graph.record.renamed)
        if graph._edition != edition:
            graph._readings.clear()
            graph._edition = edition
        readings: dict[str, Any] = graph._readings
        if self.name not in readings:
            readings[self.name] = self.read(graph)
        found: Read = readings[self.name]
        return found
