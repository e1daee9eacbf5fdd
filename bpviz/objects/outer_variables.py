"""Globals, and variables around a function, that ``wrt`` names: recorded values replace them during a run."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import CellType, CodeType
from typing import Any, NamedTuple

from bpviz.errors import UsageError, did_you_mean
from bpviz.objects.choice import Choice, last_parts, means, parts_of
from bpviz.objects.copies import Copies
from bpviz.objects.held import is_object
from bpviz.objects.private_functions import Replacement, other_thread, private

__all__ = ["replaced", "written_function"]

_globals_lock = threading.RLock()


class _Variable(NamedTuple):
    """A variable around a function: a name in its module, or a cell of its closure."""

    space: dict[str, Any]
    name: str
    cell: CellType | None

    def get(self) -> Any:
        return self.space[self.name] if self.cell is None else self.cell.cell_contents

    def put(self, value: Any) -> None:
        if self.cell is None:
            self.space[self.name] = value
        else:
            self.cell.cell_contents = value


@contextmanager
def replaced(
    function: Any, choice: Choice | None, copies: Copies | None, inputs: Sequence[str], given: Sequence[Any] = ()
) -> Iterator[Any]:
    """Return the function to run with these arguments: in it ``wrt``'s globals and closure are recorded values.

    It is a copy, so that other threads never see the recorded values. Where methods or functions in lists read the
    variables too, no copy will do; then the variables themselves are replaced, and put back even after an error.

    Raises `UsageError` for a name that is neither an input nor such a variable, and where no copy will do while other
    threads may read the variables.
    """
    if choice is None or copies is None or choice.wrt is None:
        yield function
        return
    found: list[tuple[_Variable, Any]] = []
    for word in choice.wrt:
        names = list(dict.fromkeys([*inputs, *copies.names]))
        if not any(means(word, name, frozenset(names)) for name in names):
            found.append(_replacement(function, word, copies, names))
    new = [Replacement(variable.name, made, variable.cell) for variable, made in found]
    own = private(function, new, given) if new else function
    if own is not None:
        yield own
        return
    with _globals_lock:
        thread = other_thread()
        if thread:
            name = new[0].name
            raise UsageError(
                f"wrt names {name!r}, a variable that not only plain functions of the module read, while the thread "
                f"{thread!r} may read it too; give it as a parameter, or wait until the thread has ended"
            )
        kept = [variable.get() for variable, _ in found]
        try:
            for variable, made in found:
                variable.put(made)
            yield function
        finally:
            for (variable, _), value in zip(reversed(found), reversed(kept), strict=True):
                variable.put(value)


def _replacement(function: Any, word: str, copies: Copies, names: Sequence[str]) -> tuple[_Variable, Any]:
    """Return the variable that a word means, and its recorded value."""
    variables = {variable.name: variable for variable in reversed([*_variables(function)])}
    head = parts_of(word)[0]
    # A variable of that name, else an object with such an attribute among those that the function names.
    for name in [head] if head in variables else list(reversed(variables)):
        value = variables[name].get()
        if name != head and not is_object(value):
            continue
        made = copies.of(float(value) if type(value) is int else value, name)
        if any(means(word, known) for known in copies.names):
            return variables[name], made
    known = [*names, *(name for name, variable in reversed(variables.items()) if _is_number(variable.get()))]
    hint = did_you_mean(word, last_parts(known), f"there are: {', '.join(known[:12])}")
    raise UsageError(f"wrt names {word!r}, which is neither an input nor a global that holds floats; {hint}")


def _is_number(value: Any) -> bool:
    return isinstance(value, float) or getattr(getattr(value, "dtype", None), "kind", "") == "f"


def _variables(function: Any) -> Iterator[_Variable]:
    """Iterate over the variables around a function: first those it names, then all globals of its module."""
    function = written_function(function)
    if function is None:
        return
    space = function.__globals__
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        with suppress(ValueError):
            # Raised by a variable that has no value yet.
            _ = cell.cell_contents
            yield _Variable(space, name, cell)
    for name in dict.fromkeys([*_names_in_code(function.__code__), *space]):
        if name in space and not name.startswith("__"):
            yield _Variable(space, name, None)


def _names_in_code(code: CodeType) -> Iterator[str]:
    """Iterate over the globals and attributes that a function, and the functions inside it, name."""
    yield from code.co_names
    for part in code.co_consts:
        if isinstance(part, CodeType):
            yield from _names_in_code(part)


def written_function(function: Any) -> Any:
    """Return the Python function inside methods, decorators and partial arguments; ``None`` if there is none.

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
