"""What a function may change: random state, objects, lists and global variables; and what it prints.

A function that runs a second time, to be compared with its record, starts from the state before the first run, and
leaves the state after it.
"""

from __future__ import annotations

import sys
import threading
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import lru_cache, partial
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, MemberDescriptorType, MethodType, ModuleType
from typing import Any

from bpviz.code_files import is_library
from bpviz.doors.placing import original_of
from bpviz.lazy import imported
from bpviz.objects.held import class_entries, put_class_entries

__all__ = ["Prints", "Surroundings", "muted"]

_MOST = 10_000
"""The most things that are searched."""
_ELEMENTS = 2_000_000
"""The most elements of arrays that are kept: larger arrays are data, which functions do not change."""
_STILL = frozenset({"numpy", "math", "bpviz", "bpviz.nn"})
"""Modules of libraries whose functions draw no random numbers, except those of ``np.random``."""
_PLAIN = frozenset({int, float, bool, str, bytes, complex, type(None)})
_MISSING = object()


class Surroundings:
    """The present state of everything that a function can reach and change.

    >>> import random
    >>> def draw():
    ...     return random.random()
    >>> before = Surroundings(draw)
    >>> first = draw()
    >>> before.put_back()
    >>> draw() == first
    True

    Arrays of more than two million elements, and files, are not kept.
    """

    def __init__(
        self, *functions: Callable[..., Any], without: Sequence[Any] = (), copied: Collection[int] = ()
    ) -> None:
        """Read the state of what these functions can reach, ``without`` the arguments that are copied.

        What is ``copied``, by identity, is searched, but its own state is not kept.
        """
        found = _Search(functions, without, copied)
        self._kept = [(holder, holder[0](*holder[1:])) for holder in found.holders]
        # Modules imported later will begin with a state that is not known now.
        self._modules = imported("numpy.random"), imported("random")

    @property
    def is_known(self) -> bool:
        """Whether the state of random numbers is in it: not if their module was imported later."""
        return self._modules == (imported("numpy.random"), imported("random"))

    def put_back(self) -> None:
        """Restore the state."""
        for (take, *where), kept in self._kept:
            _PUT[take](kept, *where)

    def now(self) -> Surroundings:
        """Return the present state of the same things."""
        made = object.__new__(Surroundings)
        made._kept = [(holder, holder[0](*holder[1:])) for holder, _ in self._kept]
        made._modules = imported("numpy.random"), imported("random")
        return made


class _Search:
    """The things that a function can reach, each with the functions that read and restore it."""

    def __init__(self, functions: Sequence[Any], without: Sequence[Any], copied: Collection[int]) -> None:
        self.holders: list[tuple[Any, ...]] = []
        self.copied = copied
        self.seen = {id(value) for value in without if not callable(value)}
        self.ahead: list[Any] = [*functions]
        self.room = _ELEMENTS
        random, numpy_random = sys.modules.get("random"), sys.modules.get("numpy.random")
        # The state of random numbers is long, so it is kept only if something may draw from it.
        self.draws = False
        self.array = getattr(sys.modules.get("numpy"), "ndarray", ())
        self.python: Any = getattr(random, "Random", ())
        self.generator: Any = getattr(numpy_random, "Generator", ())
        self.legacy: Any = getattr(numpy_random, "RandomState", ())
        self._search()
        if self.draws:
            self.ahead += [] if random is None else [random._inst]
            self.ahead += [] if numpy_random is None else [numpy_random.mtrand._rand]
            self._search()

    def _search(self) -> None:
        while self.ahead and len(self.seen) < _MOST:
            value = self.ahead.pop()
            if value.__class__ not in _PLAIN and id(value) not in self.seen:
                self.seen.add(id(value))
                self._visit(value)

    def _visit(self, value: Any) -> None:
        kind = type(value)
        if kind is tuple or kind is frozenset:
            # First, since tables of numbers have many.
            self.ahead += [part for part in value if part.__class__ not in _PLAIN]
        elif kind is FunctionType:
            self._function(value)
        elif kind is MethodType:
            self.ahead += (value.__func__, value.__self__)
        elif kind is partial:
            self.ahead += (value.func, *value.args, *value.keywords.values())
        elif isinstance(value, dict):
            self._hold(value, _entries, value)
            self.ahead += list(value.values())[:_MOST]
        elif isinstance(value, list | set):
            self._hold(value, _members, value)
            # A table of numbers has many rows.
            self.ahead += [
                part
                for part in list(value)[:_MOST]
                if part.__class__ not in _PLAIN and not (type(part) is tuple and _PLAIN.issuperset(map(type, part)))
            ]
        elif kind is BuiltinFunctionType:
            # random.gauss, imported by name, uses the module's generator.
            self.ahead.append(value.__self__)
        elif kind is self.array:
            if value.size <= self.room and value.flags.writeable:
                self.room -= value.size
                self._hold(value, _elements, value)
        elif isinstance(value, self.generator):
            self._hold(value, _bits, value.bit_generator)
        elif isinstance(value, self.legacy):
            self._hold(value, _legacy, value)
        elif isinstance(value, self.python):
            self._hold(value, _python, value)
        elif isinstance(value, type):
            if _is_users(value.__module__):
                self._hold(value, class_entries, value)
                self.ahead += (*value.__bases__, *vars(value).values())
        elif isinstance(value, staticmethod | classmethod):
            self.ahead.append(value.__func__)
        elif isinstance(value, property):
            self.ahead += (value.fget, value.fset)
        elif not isinstance(value, ModuleType) and _is_users(kind.__module__):
            self.ahead.append(kind)
            if hasattr(value, "__dict__"):
                self._hold(value, _entries, vars(value))
                self.ahead += vars(value).values()
            slots = _slots_of(kind)
            if slots:
                self._hold(value, _in_slots, value, slots)
                self.ahead += _in_slots(value, slots)

    def _hold(self, value: Any, *holder: Any) -> None:
        if id(value) not in self.copied:
            self.holders.append(holder)

    def _function(self, function: FunctionType) -> None:
        names = _all_names(function.__code__)
        if names is None:
            return
        found = function.__globals__
        self.holders.append((_bindings, found, names))
        self.draws = self.draws or "random" in names
        for name in names:
            value = found.get(name)
            if isinstance(value, ModuleType):
                if value.__name__ in _STILL:
                    continue
                if _is_users(value.__name__):
                    self.ahead += (vars(value)[part] for part in names if part in vars(value))
                else:
                    self.draws = True
            elif value.__class__ not in _PLAIN:
                self.ahead.append(value)
        for cell in function.__closure__ or ():
            self.holders.append((_content, cell))
            self.ahead.append(_content(cell))
        self.ahead += function.__defaults__ or ()
        if function.__dict__:
            # A function counts its calls in an attribute.
            self._hold(function.__dict__, _entries, function.__dict__)
        wrapped = getattr(function, "__wrapped__", None)
        if wrapped is not None:
            self.ahead.append(wrapped)


def _is_users(module: str | None) -> bool:
    """Return whether a module is the user's; one that cannot be found is."""
    if module in sys.builtin_module_names:
        return False
    return not is_library(getattr(sys.modules.get(module or ""), "__file__", None) or "")


@lru_cache(maxsize=1024)
def _all_names(code: CodeType) -> tuple[str, ...] | None:
    """Return the names that a function may look up in its module; ``None`` for a function of a library."""
    return None if is_library(code.co_filename) else tuple(_names(code))


def _names(code: CodeType) -> Iterator[str]:
    """Yield the names that a function, and the functions inside it, may look up in its module."""
    yield from code.co_names
    for constant in code.co_consts:
        if constant.__class__ is CodeType:
            yield from _names(constant)


# Functions that read and restore each kind of thing


def _bindings(found: dict[str, Any], names: tuple[str, ...]) -> list[Any]:
    # Another thread may trace meanwhile, and have doors there.
    return [original_of(found.get(name, _MISSING)) for name in names]


def _put_bindings(kept: list[Any], found: dict[str, Any], names: tuple[str, ...]) -> None:
    for name, value in zip(names, kept, strict=True):
        if original_of(found.get(name, _MISSING)) is not value:
            if value is _MISSING:
                del found[name]
            else:
                found[name] = value


def _content(cell: CellType) -> Any:
    try:
        return original_of(cell.cell_contents)
    except ValueError:
        # It is still empty.
        return _MISSING


def _put_content(kept: Any, cell: CellType) -> None:
    if kept is not _MISSING and _content(cell) is not kept:
        cell.cell_contents = kept


def _entries(found: dict[Any, Any]) -> dict[Any, Any]:
    return dict(found)


def _put_entries(kept: dict[Any, Any], found: dict[Any, Any]) -> None:
    if len(kept) != len(found) or any(found.get(key, _MISSING) is not value for key, value in kept.items()):
        found.clear()
        found.update(kept)


def _slots_of(kind: type) -> tuple[Any, ...]:
    """Return the slots that the ``class`` statements of a class and its bases made."""
    bases = [base for base in kind.__mro__ if "__slots__" in vars(base) and _is_users(base.__module__)]
    return tuple(slot for base in bases for slot in vars(base).values() if type(slot) is MemberDescriptorType)


def _in_slots(value: Any, slots: tuple[Any, ...]) -> list[Any]:
    found = []
    for slot in slots:
        try:
            found.append(slot.__get__(value))
        except AttributeError:
            found.append(_MISSING)
    return found


def _put_in_slots(kept: list[Any], value: Any, slots: tuple[Any, ...]) -> None:
    for slot, before, now in zip(slots, kept, _in_slots(value, slots), strict=True):
        if before is _MISSING and now is not _MISSING:
            slot.__delete__(value)
        elif before is not now:
            slot.__set__(value, before)


def _members(found: Any) -> Any:
    return list(found)


def _put_members(kept: Any, found: Any) -> None:
    if found.__class__ is list:
        found[:] = kept
    else:
        found.clear()
        found.update(kept)


def _elements(array: Any) -> Any:
    return array.copy()


def _put_elements(kept: Any, array: Any) -> None:
    if array.flags.writeable:
        array[...] = kept


def _bits(generator: Any) -> Any:
    return generator.state


def _put_bits(kept: Any, generator: Any) -> None:
    generator.state = kept


def _legacy(state: Any) -> Any:
    return state.get_state(legacy=False)


def _put_legacy(kept: Any, state: Any) -> None:
    state.set_state(kept)


def _python(random: Any) -> Any:
    return random.getstate()


def _put_python(kept: Any, random: Any) -> None:
    random.setstate(kept)


_PUT: dict[Any, Callable[..., None]] = {
    _bindings: _put_bindings,
    _content: _put_content,
    _entries: _put_entries,
    class_entries: put_class_entries,
    _in_slots: _put_in_slots,
    _members: _put_members,
    _elements: _put_elements,
    _bits: _put_bits,
    _legacy: _put_legacy,
    _python: _put_python,
}


# Prints


class _Stream:
    """A stream that passes on what the filters of the thread leave of a text."""

    def __init__(self, stream: Any, name: str) -> None:
        self.stream = stream
        self.name = name

    def write(self, text: str) -> int:
        """Write what is left of a text; of another thread all of it."""
        left = text
        for each in reversed(_filters.get(threading.get_ident(), ())):
            left = each(self.name, left)
        if left:
            self.stream.write(left)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write several texts."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


_Filter = Callable[[str, str], str]
"""What is left of a text that is written to a stream of this name."""
_filters: dict[int, list[_Filter]] = {}
"""The filters of each thread."""
_lock = threading.Lock()
_put_aside: list[tuple[tuple[_Stream, _Stream], Any, Any]] = []


def _dropped(name: str, text: str) -> str:
    return ""


def muted() -> AbstractContextManager[None]:
    """Drop the prints and warnings of this thread; other threads print as usual.

    >>> with muted():
    ...     print("unheard")
    """
    return _filtered(_dropped)


class Prints:
    """What a function prints, so that it prints it once, although it runs again.

    >>> prints = Prints()
    >>> with prints.heard():
    ...     print("step 1")
    step 1
    >>> with prints.heard():
    ...     print("step 1")
    ...     print("step 2")
    step 2
    """

    def __init__(self) -> None:
        self._said: dict[str, str] = {}

    def heard(self) -> AbstractContextManager[None]:
        """Let this thread print, except what it printed before in the same order."""
        known, self._said = self._said, {}

        def new(name: str, text: str) -> str:
            self._said[name] = self._said.get(name, "") + text
            before = known.get(name, "")
            if before.startswith(text):
                known[name] = before[len(text) :]
                return ""
            known[name] = ""
            return text[len(before) :] if text.startswith(before) else text

        return _filtered(new)


@contextmanager
def _filtered(each: _Filter) -> Iterator[None]:
    thread = threading.get_ident()
    with _lock:
        if not _filters:
            own = _Stream(sys.stdout, "stdout"), _Stream(sys.stderr, "stderr")
            heard = warnings.showwarning

            def show(*args: Any, **keywords: Any) -> None:
                if _dropped not in _filters.get(threading.get_ident(), ()):
                    heard(*args, **keywords)

            _put_aside[:] = [(own, heard, show)]
            sys.stdout, sys.stderr = own
            warnings.showwarning = show
        _filters.setdefault(thread, []).append(each)
    try:
        yield
    finally:
        with _lock:
            _filters[thread].pop()
            if not _filters[thread]:
                del _filters[thread]
            if not _filters:
                (out, err), heard, show = _put_aside.pop()
                # A stream that someone else has set meanwhile stays.
                if sys.stdout is out:
                    sys.stdout = out.stream
                if sys.stderr is err:
                    sys.stderr = err.stream
                if warnings.showwarning is show:
                    warnings.showwarning = heard
