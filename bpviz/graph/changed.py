"""A function whose object holds other values: what ``--set`` and what-if change besides parameters."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from bpviz import ops
from bpviz.errors import UsageError
from bpviz.graph.objects import Copies
from bpviz.lazy import LazyModule
from bpviz.recording.recorder import Recorder

__all__ = ["changed", "held_names"]

np: Any = LazyModule("numpy")


class _Changed(Copies):
    """Copies of objects in which some of the values are others, and none is recorded."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        super().__init__(Recorder(sys._getframe()))
        self.values = values
        self.names: list[str] = []

    def _holding(self, data: Any, name: str) -> Any:
        self.names.append(name)
        if name not in self.values:
            return data
        value = self.values[name]
        shape, before = np.shape(value), ops.shape_of(data)
        if shape != before:
            raise UsageError(f"{name!r} has shape {before}, but was given {value!r}; a change keeps the shape")
        return np.array(value, data.dtype) if hasattr(data, "dtype") else float(value)


def changed(function: Any, values: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Return the method of a copy of the object that holds these values, by name; and the values it has no place for.

    >>> class Line:
    ...     slope = 0.0
    ...     def at(self, x=2.0):
    ...         return self.slope * x
    >>> line = Line()
    >>> changed(line.at, {"slope": 3.0})[1]
    {'slope': 3.0}

    Raises `UsageError` for a value of another shape.
    """
    copies = _Changed(values)
    made = copies.called_on_copy(function)
    return made, {name: value for name, value in values.items() if name not in copies.names}


def held_names(function: Any) -> list[str]:
    """Return the names of what the object of a method holds; none for a function.

    >>> held_names(abs)
    []
    """
    copies = _Changed({})
    copies.called_on_copy(function)
    return copies.names
