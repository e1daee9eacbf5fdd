"""Which calls of the user's code traced which equations.

JAX says of an equation where it was traced, not in which call: two rounds of a loop look alike. So while a function is
traced, every call of a user's function, and every call from there into a library, is a named scope of its own. JAX
writes these into the equations.
"""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from types import FrameType
from typing import Any, NamedTuple

from bpviz.code_files import is_library
from bpviz.lazy import LazyModule
from bpviz.recording.source import Returned, stored_name

__all__ = ["Place", "Scoped", "name_of", "scoped", "scopes_of", "user_places"]

jax: Any = LazyModule("jax")

_PREFIX = "bpviz:"
_TRACING = ("pjit.py", "ad_checkpoint.py")
"""The files of JAX from which functions are traced by themselves."""
_numbers = itertools.count()
_titles: dict[int, Scoped] = {}
"""The calls of this process. JAX keeps what it has traced of a jitted function, with our scopes in it."""


class Scoped(NamedTuple):
    """A call: the number of its scope, the name of the function, and whether it is a library's."""

    number: int
    title: str
    library: bool


class Place(NamedTuple):
    """A place in the user's code: ``frame.f_code`` and ``frame.f_lasti``."""

    code: Any
    offset: int


def scoped(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function, which puts each call into a scope while it is traced."""

    def traced(*args: Any) -> Any:
        watch = _Watch(sys._getframe())
        before = sys.getprofile()
        sys.setprofile(watch)
        try:
            return function(*args)
        finally:
            sys.setprofile(before)
            watch.close()

    return traced


class _Watch:
    """A profiler that opens and closes scopes."""

    def __init__(self, start: FrameType) -> None:
        self.start = start
        self.open: list[tuple[FrameType, bool, AbstractContextManager[Any]]] = []

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        if event == "return":
            if self.open and self.open[-1][0] is frame:
                self.open.pop()[2].__exit__(None, None, None)
        elif event == "call":
            library = is_library(frame.f_code.co_filename)
            around, inside_library = self.open[-1][:2] if self.open else (self.start, False)
            # What a library calls in turn belongs to its call, up to a function of the user's.
            if not (library and (inside_library or frame.f_back is not around)):
                self._enter(frame, library)

    def _enter(self, frame: FrameType, library: bool) -> None:
        number = next(_numbers)
        _titles[number] = Scoped(number, frame.f_code.co_name, library)
        scope: AbstractContextManager[Any] = jax.named_scope(f"{_PREFIX}{number}")
        scope.__enter__()
        self.open.append((frame, library, scope))

    def close(self) -> None:
        """Close what an error has left open."""
        while self.open:
            self.open.pop()[2].__exit__(None, None, None)


def scopes_of(equation: Any) -> tuple[Scoped | str, ...]:
    """Return the scopes of an equation, the outermost first: calls, and names that the user's code has given."""
    names = [name for name in str(equation.source_info.name_stack).split("/") if name]
    return tuple(_scope(name) for name in names)


def _scope(name: str) -> Scoped | str:
    # A transformation writes the scope of what it transforms: jvp(bpviz:3), transpose(jvp(bpviz:3)).
    _, found, rest = name.partition(_PREFIX)
    number = rest.rstrip(")")
    return _titles[int(number)] if found and number.isdigit() and int(number) in _titles else name


def user_places(equation: Any) -> tuple[Place, ...]:
    """Return where in the user's code an equation was traced, the innermost place first.

    They end where JAX begins to trace another function: what it has traced it may use again elsewhere.
    """
    traceback = equation.source_info.traceback
    if traceback is None:
        return ()
    found: list[Place] = []
    codes, offsets = traceback.raw_frames()
    for code, offset in zip(codes, offsets, strict=True):
        if not is_library(code.co_filename):
            found.append(Place(code, offset))
        elif found and (code.co_filename == __file__ or os.path.basename(code.co_filename) in _TRACING):
            break
    return tuple(found)


def name_of(places: Sequence[Place], path: tuple[int, ...] = ()) -> str:
    """Return the variable that takes a result; empty if none does.

    A result that a function returns at once gets its name where the function was called. ``path`` is the place of the
    result in a tuple.
    """
    for place in places:
        found = stored_name(place.code, place.offset, path)
        if not isinstance(found, Returned):
            return found or ""
        path = found.path
    return ""
