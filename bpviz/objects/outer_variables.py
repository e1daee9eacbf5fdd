"""Globals, and variables around a function, that ``wrt`` names: recorded values stand in their place during a run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from types import CodeType
from typing import Any

from bpviz.errors import UsageError, did_you_mean
from bpviz.objects.choice import Choice, last_parts, means, parts_of
from bpviz.objects.copies import Copies
from bpviz.objects.held import is_object

__all__ = ["replaced", "written_function"]

_globals_lock = threading.RLock()
_Place = tuple[Callable[[], Any], Callable[[Any], None]]


@contextmanager
def replaced(function: Any, choice: Choice | None, copies: Copies | None, inputs: Sequence[str]) -> Iterator[None]:
    """Put recorded values in the place of globals (and variables around the function) that ``wrt`` names.

    They are put back whatever happens. Two recordings that replace globals run one after the other.

    Raises `UsageError` for a name that is neither an input nor such a variable.
    """
    if choice is None or copies is None or choice.wrt is None:
        yield
        return
    with _globals_lock:
        undo: list[Callable[[], None]] = []
        try:
            for word in choice.wrt:
                names = list(dict.fromkeys([*inputs, *copies.names]))
                if not any(means(word, name, frozenset(names)) for name in names):
                    _replace(function, word, copies, names, undo)
            yield
        finally:
            for put_back in reversed(undo):
                put_back()


def _replace(function: Any, word: str, copies: Copies, names: Sequence[str], undo: list[Callable[[], None]]) -> None:
    places = dict(_places(function))
    head = parts_of(word)[0]
    # A variable of that name, else an object among those that the function speaks of, which has such an attribute.
    for name in [head] if head in places else list(places):
        get, put = places[name]
        value = get()
        if name != head and not is_object(value):
            continue
        made = copies.of(float(value) if type(value) is int else value, name)
        if any(means(word, known) for known in copies.names):
            undo.append(partial(put, value))
            put(made)
            return
    known = [*names, *(name for name, (get, _) in places.items() if _is_number(get()))]
    hint = did_you_mean(word, last_parts(known), f"there are: {', '.join(known[:12])}")
    raise UsageError(f"wrt names {word!r}, which is neither an input nor a global that holds floats; {hint}")


def _is_number(value: Any) -> bool:
    return isinstance(value, float) or getattr(getattr(value, "dtype", None), "kind", "") == "f"


def _places(function: Any) -> Iterator[tuple[str, _Place]]:
    """Iterate over the variables around a function: those it speaks of first, then all globals of its module."""
    function = written_function(function)
    if function is None:
        return
    names = function.__globals__
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        with suppress(ValueError):
            # Raised by a variable that has no value yet.
            _ = cell.cell_contents
            yield name, _cell(cell)
    for name in dict.fromkeys([*_names_in_code(function.__code__), *names]):
        if name in names and not name.startswith("__"):
            yield name, _global(names, name)


def _cell(cell: Any) -> _Place:
    return lambda: cell.cell_contents, lambda value: setattr(cell, "cell_contents", value)


def _global(names: dict[str, Any], name: str) -> _Place:
    return lambda: names[name], lambda value: names.__setitem__(name, value)


def _names_in_code(code: CodeType) -> Iterator[str]:
    """Iterate over the globals and attributes that a function speaks of, and the functions within it."""
    yield from code.co_names
    for part in code.co_consts:
        if isinstance(part, CodeType):
            yield from _names_in_code(part)


def written_function(function: Any) -> Any:
    """Return a function as somebody wrote it, behind methods, decorators and partial arguments; ``None`` for no Python.

    >>> written_function(abs)
    """
    while hasattr(function, "func"):
        function = function.func
    if not hasattr(function, "__code__"):
        # A model that is called like a function.
        function = type(function).__call__
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    function = getattr(function, "__func__", function)
    return function if hasattr(function, "__code__") else None
