"""Tensors inside of arguments and results: in lists, tuples, dicts, slices and dataclasses."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bpviz.lazy import LazyModule

__all__ = ["Path", "placed", "replaced", "tensors"]

torch: Any = LazyModule("torch")

Path = tuple[Any, ...]
"""Where something stands in a nested value: positions and keys, outermost first."""


def placed(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Iterate over the tensors in a value, each with its place: ``("loss", 0)`` for ``{"loss": [tensor]}``."""
    if isinstance(value, torch.Tensor):
        yield path, value
    elif isinstance(value, tuple | list):
        for position, part in enumerate(value):
            yield from placed(part, (*path, position))
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from placed(part, (*path, key))
    elif isinstance(value, slice):
        for key in ("start", "stop", "step"):
            yield from placed(getattr(value, key), (*path, key))
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from placed(getattr(value, field.name, None), (*path, field.name))


def tensors(value: Any) -> list[Any]:
    """Return the tensors in a value, in order."""
    if isinstance(value, torch.Tensor):
        return [value]
    return [tensor for _, tensor in placed(value)]


def replaced(value: Any, swap: Callable[[Any], Any], kind: type) -> Any:
    """Return a value in which everything of a kind is replaced; what holds none of it stays the same object.

    >>> replaced([1, (2, "x")], lambda number: number + 1, int)
    [2, (3, 'x')]
    """
    if isinstance(value, kind):
        return swap(value)
    if isinstance(value, tuple | list):
        parts = [replaced(part, swap, kind) for part in value]
        if all(new is old for new, old in zip(parts, value, strict=True)):
            return value
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    if type(value) is dict:
        return {key: replaced(part, swap, kind) for key, part in value.items()}
    if isinstance(value, slice):
        return slice(*(replaced(part, swap, kind) for part in (value.start, value.stop, value.step)))
    return value
