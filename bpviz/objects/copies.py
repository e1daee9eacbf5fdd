"""Objects as models: copies in which every float and every array of floats is a recorded value.

The caller's object is never changed. The function runs on a copy of it, so what a method stores (``self.z``, a cache,
the next state of a random generator) stays in the copy, even after an error or with other threads.
"""

from __future__ import annotations

import contextlib
import copy
import functools
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from types import CellType, FunctionType, MappingProxyType, MemberDescriptorType, MethodType, SimpleNamespace
from typing import Any

from bpviz import ops
from bpviz.errors import UsageError
from bpviz.lazy import LazyModule
from bpviz.objects.held import ATOMS, HEAP_TYPE, Held, begin_using, end_using, is_generator, is_object, of_library
from bpviz.objects.inputs import as_input
from bpviz.recording.handle import Handle
from bpviz.recording.recorder import Recorder

__all__ = ["Copies"]

np: Any = LazyModule("numpy")


class Copies:
    """The copies that one recording runs on. Each object has one, however often it is referenced.

    Arrays are known by identity: one that a layer and a dict share is one input. Objects are walked breadth first,
    so that an input has its shortest name. Single numbers that are ``plain``, by name, are left as they are.

    >>> import sys
    >>> W = np.ones(2)
    >>> net = SimpleNamespace(params={"W": W}, layer=SimpleNamespace(W=W, rate=0.1, size=2))
    >>> copies = Copies(Recorder(sys._getframe()))
    >>> made = copies.of(net)
    >>> [held.called for held in copies.held], made.layer.W is made.params["W"], made.layer.size
    (["params['W']", 'layer.rate'], True, 2)
    """

    def __init__(
        self,
        recorder: Recorder | None = None,
        taken: frozenset[str] = frozenset(),
        plain: Callable[[str], bool] = lambda name: False,
        values: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        """Prepare copies for a record; ``values``, by name, replace those of the objects."""
        self.recorder = recorder
        self.taken = taken
        self.plain = plain
        self.values = values
        self.held: list[Held] = []
        # The name of every input, the caller's number or array, and the handle that stands for it.
        self.sources: list[tuple[str, Any, Handle]] = []
        # The names of all floats and arrays of floats that were met.
        self.names: list[str] = []
        # By identity, with the original: while it is kept, no other object can have its identity.
        self._made: dict[int, tuple[Any, Any]] = {}
        self._of_objects: set[int] = set()
        self._waiting: deque[Callable[[], None]] = deque()
        self._empty: list[Any] = []
        # The classes of the copied objects: there is one of each, which the copies share.
        self._classes: list[type] = []
        self._using: tuple[type, ...] = ()
        # Whether it is the object of the traced method: then the names of its attributes have no prefix.
        self._is_own = False

    def of(self, value: Any, name: str = "") -> Any:
        """Return the copy of a value, whose parts have names that begin with ``name`` (if it is not empty)."""
        self._is_own = not name
        made = self._copied(value, name, whole=True)
        while self._waiting:
            self._waiting.popleft()()
        return made

    def called_on_copy(self, function: Any) -> Any:
        """Return the function to call: for a method of an object, that of the copy."""
        if isinstance(function, MethodType) and is_object(function.__self__):
            return MethodType(function.__func__, self.of(function.__self__))
        if isinstance(function, functools.partial):
            inner = self.called_on_copy(function.func)
            return function if inner is function.func else functools.partial(inner, *function.args, **function.keywords)
        return self.of(function) if is_object(function) else function

    def value_of(self, data: Any, name: str) -> Any:
        """Return the value that is given by this name, in the form of the data; the data itself if there is none.

        Raises `UsageError` for a value of another shape.
        """
        if name not in self.values:
            return data
        value, before = self.values[name], ops.shape_of(data)
        if _shape(value) != before:
            raise UsageError(f"{name!r} has shape {before}, but was given {value!r}; a change keeps the shape")
        if not hasattr(data, "dtype"):
            return float(value)
        # In gradient checks the values are in double precision.
        made = np.array(value, None if hasattr(value, "dtype") else data.dtype)
        return made if isinstance(data, np.ndarray) else made[()]

    def of_object(self, value: Any) -> Any:
        """Return the copy of a list, a dict or an array that an object holds; ``None`` if none holds it."""
        return self._made[id(value)][1] if id(value) in self._of_objects else None

    def share(self, array: Any, make: Callable[[], Any]) -> Any:
        """Return the value of an array in an argument: the same as in an object, if an object holds it too."""
        if id(array) not in self._made:
            return self.keep(array, make())
        found = self.of_object(array)
        return make() if found is None else found

    def stand_in(self, name: str, value: Any, handle: Handle) -> Handle:
        """Note that a handle stands for the caller's number or array, and return the handle."""
        self.sources.append((name, value, handle))
        return handle

    def keep(self, value: Any, made: Any) -> Any:
        """Store ``made`` as the copy of a value, and return it."""
        self._made[id(value)] = value, made
        return made

    @property
    def originals(self) -> frozenset[int]:
        """The identities of what was copied, and of the classes that are put back after a run."""
        return frozenset([*self._made, *map(id, self._classes)])

    def has_single_numbers(self) -> bool:
        """Return whether an object holds a single number that is an input."""
        return any(not getattr(held.data, "ndim", 0) for held in self.held)

    def open(self) -> None:
        """Prepare for a run of the copies; `close` ends it."""
        self._using = tuple(self._classes)
        begin_using(self._using)

    def close(self) -> None:
        """Empty again the objects that had no attributes and were not copied; give classes again what they held."""
        for value in self._empty:
            vars(value).clear()
        end_using(self._using)

    # Copying, by kind

    def _copied(self, value: Any, name: str, *, whole: bool = False) -> Any:
        kind = type(value)
        if kind in ATOMS:
            return value
        if kind is float:
            return value if self.plain(name) else self._holding(value, name)
        if id(value) in self._made:
            return self._made[id(value)][1]
        copier = _COPIERS.get(kind) or self._copier(value, kind, whole)
        if copier is None:
            return value
        try:
            return copier(self, value, name)
        except TypeError:
            # A class that cannot be made without its arguments.
            return value

    def _copier(self, value: Any, kind: type, whole: bool) -> Callable[[Copies, Any, str], Any] | None:
        """Return the copier for a value of no common class; ``None`` if it stays as it is."""
        if kind.__module__ == "numpy":
            if kind.__name__ == "ndarray":
                return Copies._array
            if getattr(getattr(value, "dtype", None), "kind", "") == "f":
                return Copies._number if value.ndim == 0 else None
        if is_generator(kind):
            return Copies._generator
        for base, copier in _BASES:
            if isinstance(value, base):
                return copier
        if not is_object(value):
            return None
        if not whole and not _has_methods(kind) and not any(True for _ in _attributes(value)):
            # An object without content, which may be compared by identity.
            if hasattr(value, "__dict__"):
                self._empty.append(value)
            return None
        return Copies._object

    def _holding(self, data: Any, name: str) -> Any:
        """Return what replaces a float or an array of floats."""
        head = name.partition(".")[0].partition("[")[0]
        name = f"self.{name}" if self._is_own and head in self.taken else name
        self.names.append(name)
        return self.of_number(data, name)

    def of_number(self, data: Any, name: str) -> Any:
        """Return the recorded value of a float or an array of floats, by its name as an input."""
        assert self.recorder is not None
        held = Held(self.recorder, self.value_of(data, name), name)
        self.held.append(held)
        return self.stand_in(name, data, held)

    def _number(self, value: Any, name: str) -> Any:
        # A number of NumPy keeps its precision, as an array does.
        return (
            value
            if self.plain(name)
            else self._holding(value if self.recorder is None else as_input(name, value), name)
        )

    def _array(self, value: Any, name: str) -> Any:
        made = self._holding(value, name) if value.dtype.kind == "f" else value.copy()
        self._of_objects.add(id(value))
        return self.keep(value, made)

    def _generator(self, value: Any, name: str) -> Any:
        return self.keep(value, copy.deepcopy(value))

    def _object(self, value: Any, name: str) -> Any:
        for base in type(value).__mro__:
            if base.__flags__ & HEAP_TYPE and base not in self._classes and not of_library(base):
                self._classes.append(base)
        kind = _without_finalizer(type(value))
        made = self.keep(value, SimpleNamespace() if kind is SimpleNamespace else object.__new__(kind))
        self._waiting.append(lambda: self._fill(value, made, name))
        return made

    def _fill(self, value: Any, made: Any, name: str) -> None:
        """Give a copy its attributes without its class's ``__setattr__``, which may refuse or react."""
        for attribute, part, slot in _attributes(value):
            copied = self._copied(part, f"{name}.{attribute}" if name else attribute)
            if slot is None:
                object.__getattribute__(made, "__dict__")[attribute] = copied
            else:
                slot.__set__(made, copied)

    def _mapping(self, value: Any, name: str) -> Any:
        base: Any = next(base for base in (OrderedDict, defaultdict, dict) if isinstance(value, base))
        made = self.keep(value, base.__new__(type(value)))
        self._of_objects.add(id(value))
        if base is defaultdict:
            made.default_factory = value.default_factory

        def fill() -> None:
            for key, part in base.items(value):
                base.__setitem__(made, key, self._copied(part, f"{name}[{key!r}]"))
            self._fill(value, made, name)

        self._waiting.append(fill)
        return made

    def _sequence(self, value: Any, name: str) -> Any:
        base: Any = list if isinstance(value, list) else deque
        made = self.keep(value, base.__new__(type(value)))
        self._of_objects.add(id(value))
        if base is deque:
            deque.__init__(made, maxlen=value.maxlen)

        def fill() -> None:
            base.extend(made, [self._copied(part, f"{name}[{i}]") for i, part in enumerate(base.__iter__(value))])
            self._fill(value, made, name)

        self._waiting.append(fill)
        return made

    def _set(self, value: Any, name: str) -> Any:
        return self.keep(value, set(value))

    def _tuple(self, value: Any, name: str) -> Any:
        fields = getattr(value, "_fields", None)
        names = [f"{name}.{field}" for field in fields] if fields else [f"{name}[{i}]" for i in range(len(value))]
        parts = [self._copied(part, called) for part, called in zip(tuple.__iter__(value), names, strict=True)]
        if all(part is old for part, old in zip(parts, value, strict=True)):
            return value
        return self.keep(value, tuple.__new__(type(value), parts))

    def _proxy(self, value: Any, name: str) -> Any:
        inner: dict[Any, Any] = {}
        made = self.keep(value, MappingProxyType(inner))
        self._waiting.append(
            lambda: inner.update((key, self._copied(part, f"{name}[{key!r}]")) for key, part in value.items())
        )
        return made

    def _method(self, value: Any, name: str) -> Any:
        return MethodType(value.__func__, self._copied(value.__self__, name))

    def _partial(self, value: Any, name: str) -> Any:
        return functools.partial(self._copied(value.func, name), *value.args, **value.keywords)

    def _function(self, value: Any, name: str) -> Any:
        """Return a copy of a function that an object holds; its closure refers to copies of objects."""
        cells = [(cell, *_content(cell)) for cell in value.__closure__ or ()]
        if not any(full and is_object(content) for _, full, content in cells):
            return value
        new = [
            CellType(self._copied(content, name)) if full and is_object(content) else cell
            for cell, full, content in cells
        ]
        made = FunctionType(value.__code__, value.__globals__, value.__name__, value.__defaults__, tuple(new))
        made.__kwdefaults__ = value.__kwdefaults__
        made.__dict__.update(value.__dict__)
        return self.keep(value, made)


def _shape(value: Any) -> tuple[int, ...] | None:
    """Return the shape of numbers; ``None`` for anything else."""
    try:
        array = np.asarray(value)
    except ValueError:
        return None
    shape: tuple[int, ...] = array.shape
    return shape if array.dtype.kind in "fiub" else None


def _has_methods(kind: type) -> bool:
    """Return whether a class has methods of its own, except those that show or compare it."""
    return any(
        isinstance(part, FunctionType) and (name == "__call__" or not name.startswith("__"))
        for base in kind.__mro__
        for name, part in vars(base).items()
    )


def _without_finalizer(kind: type) -> type:
    """Return the class of a copy, without a finalizer: what it frees would be freed twice."""
    if not hasattr(kind, "__del__"):
        return kind
    return type(kind)(kind.__name__, (kind,), {"__del__": lambda self: None, "__slots__": ()})


def _content(cell: Any) -> tuple[bool, Any]:
    try:
        return True, cell.cell_contents
    except ValueError:
        return False, None


def _attributes(value: Any) -> Iterator[tuple[str, Any, Any]]:
    """Iterate over what an object holds: name, value, and the slot that holds it (``None``: its ``__dict__``)."""
    with contextlib.suppress(AttributeError):
        yield from ((name, part, None) for name, part in list(object.__getattribute__(value, "__dict__").items()))
    for kind in type(value).__mro__:
        for name, slot in vars(kind).items():
            if type(slot) is MemberDescriptorType and kind.__flags__ & HEAP_TYPE:
                try:
                    yield name, slot.__get__(value, kind), slot
                except AttributeError:
                    continue


_COPIERS: dict[type, Callable[[Copies, Any, str], Any]] = {
    list: Copies._sequence,
    dict: Copies._mapping,
    tuple: Copies._tuple,
    set: Copies._set,
    MappingProxyType: Copies._proxy,
    MethodType: Copies._method,
    functools.partial: Copies._partial,
    FunctionType: Copies._function,
}
"""How the common classes are copied."""


_BASES: tuple[tuple[type, Callable[[Copies, Any, str], Any]], ...] = (
    (dict, Copies._mapping),
    (list, Copies._sequence),
    (deque, Copies._sequence),
    (tuple, Copies._tuple),
)
"""How what is made of these classes is copied."""
