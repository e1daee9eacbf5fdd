"""The names of tensors that no step made: parameters, buffers, arguments, the user's variables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import FrameType, FunctionType, MethodType
from typing import Any

from bpviz.code_files import is_library
from bpviz.lazy import LazyModule
from bpviz.recording.source import is_ours
from bpviz.sources.steps import Kind

__all__ = ["Leaves", "modules_of"]

torch: Any = LazyModule("torch")

_DEEPEST = 4
"""How deep functions that functions call, and objects that objects hold, are looked through."""


class Leaves:
    """The names that are known before the recording, and those that are found while it is made."""

    def __init__(self) -> None:
        self.names: dict[int, tuple[str, Kind]] = {}
        # So that no other object gets their identities.
        self.kept: list[Any] = []
        self.taken: set[str] = set()

    def add(self, name: str, tensor: Any, kind: Kind) -> None:
        """Name a tensor, if it has no name yet."""
        if id(tensor) not in self.names:
            self.names[id(tensor)] = self._unique(name), kind
            self.kept.append(tensor)

    def _unique(self, name: str) -> str:
        found, count = name, 1
        while found in self.taken:
            count += 1
            found = f"{name}_{count}"
        self.taken.add(found)
        return found

    def add_module(self, prefix: str, module: Any) -> None:
        """Name the parameters and buffers of a module as `named_parameters` does, behind the prefix of a variable."""
        for name, parameter in module.named_parameters():
            self.add(_dotted(prefix, name), parameter, "parameter")
        for name, buffer in module.named_buffers():
            self.add(_dotted(prefix, name), buffer, "constant")

    def add_value(self, name: str, value: Any, kind: Kind = "input", depth: int = 0) -> None:
        """Name the tensors in a value of the user's, as the code would name them: ``x``, ``p['W']``, ``xs[0]``."""
        if isinstance(value, torch.Tensor):
            self.add(name, value, "parameter" if isinstance(value, torch.nn.Parameter) else kind)
        elif isinstance(value, torch.nn.Module):
            self.add_module(name, value)
        elif depth > _DEEPEST:
            return
        elif isinstance(value, Mapping):
            for key, part in value.items():
                self.add_value(f"{name}[{key!r}]", part, kind, depth + 1)
        elif isinstance(value, tuple | list):
            for position, part in enumerate(value):
                self.add_value(f"{name}[{position}]", part, kind, depth + 1)

    def name_of(self, tensor: Any, frame: FrameType | None) -> tuple[str, Kind]:
        """Return the name of a leaf and what it is: by what is known of it, else by a variable around ``frame``."""
        found = self.names.get(id(tensor))
        if found is not None:
            return found
        kind: Kind = "parameter" if isinstance(tensor, torch.nn.Parameter) else "constant"
        name = _variable(tensor, frame)
        if not name and not tensor.requires_grad:
            return "", kind
        self.add(name or "leaf", tensor, kind)
        return self.names[id(tensor)]


def _dotted(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name


def _variable(tensor: Any, frame: FrameType | None) -> str:
    """Return the variable of the user's that holds a tensor, from a frame outwards; empty if none does."""
    while frame is not None:
        if not is_ours(frame) and not is_library(frame.f_code.co_filename):
            for name, value in frame.f_locals.items():
                if value is tensor:
                    return name
                if not name.startswith("_") and isinstance(value, dict):
                    for key, part in value.items():
                        if part is tensor and isinstance(key, str):
                            return f"{name}[{key!r}]"
            return ""
        frame = frame.f_back
    return ""


def modules_of(thing: Any) -> Iterator[tuple[str, Any]]:
    """Iterate over the modules and tensors that a target uses, by the names of its variables.

    The target's own module has an empty name.
    """
    if isinstance(thing, torch.nn.Module):
        yield "", thing
        return
    seen: set[int] = set()
    todo: list[tuple[Any, int]] = [(thing, 0)]
    for one, depth in todo:
        if id(one) in seen or depth > _DEEPEST:
            continue
        seen.add(id(one))
        if isinstance(one, MethodType):
            owner = one.__self__
            if isinstance(owner, torch.nn.Module):
                yield "", owner
            else:
                yield from getattr(owner, "__dict__", {}).items()
            one = one.__func__
        one = getattr(one, "__wrapped__", one)
        if not isinstance(one, FunctionType) or is_library(one.__code__.co_filename):
            continue
        for name, value in _variables(one):
            if isinstance(value, FunctionType | MethodType):
                todo.append((value, depth + 1))
            else:
                yield name, value


def _variables(function: FunctionType) -> Iterator[tuple[str, Any]]:
    """Iterate over the outer variables that a function names, and over those of the functions inside of it."""
    code = function.__code__
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        try:
            yield name, cell.cell_contents
        except ValueError:
            # It has no value yet.
            continue
    codes = [code]
    for one in codes:
        yield from ((name, function.__globals__[name]) for name in one.co_names if name in function.__globals__)
        codes += [constant for constant in one.co_consts if hasattr(constant, "co_names")]
