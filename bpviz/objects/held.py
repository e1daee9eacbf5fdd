"""Values that an object holds, and which objects are models."""

from __future__ import annotations

import enum
import os
import sys
import threading
from collections.abc import Iterable
from types import FunctionType, MethodType
from typing import Any

from bpviz.code_files import is_library
from bpviz.lazy import LazyModule
from bpviz.ops.table.copying import sealed
from bpviz.recording.handle import HANDLES, Handle
from bpviz.recording.recorder import Recorder
from bpviz.recording.value import Cell

__all__ = [
    "ATOMS",
    "HEAP_TYPE",
    "Held",
    "begin_using",
    "class_entries",
    "end_using",
    "is_generator",
    "is_model",
    "is_object",
    "is_setting",
    "is_used",
    "keys_of",
    "of_library",
    "put_class_entries",
]

np: Any = LazyModule("numpy")

ATOMS = frozenset({type(None), bool, int, str, bytes, complex, type, range, slice})
_GENERATORS = ("Generator", "RandomState", "Random")
HEAP_TYPE = 1 << 9  # of a class's flags: it was made by a `class` statement
_OTHERS = frozenset(
    ("bpviz", "numpy", "scipy", "networkx", "matplotlib", "pandas", "torch", "tensorflow", "jax", "jaxlib", "sklearn")
)
"""Libraries whose own objects are no models of the user's."""
_OWN_KINDS = ("builtins", "numpy")
_NAMESPACES = ("types.SimpleNamespace", "argparse.Namespace")
# The slot itself, which a property of `Held` hides.
_index: Any = vars(Cell)["index"]


class Held(Handle):
    """A value that an object holds. It becomes an input of the record when a step first reads it.

    It is one of the `HANDLES`, so that steps need no second case.
    """

    __slots__ = ("called",)

    def __init__(self, recorder: Recorder, data: Any, called: str) -> None:
        self.recorder = recorder
        # A view: nobody can write into the caller's array through the handle.
        self.data = sealed(data.view()) if type(data) is np.ndarray else data
        self.called = called

    @property
    def index(self) -> int:
        """The number of the input, which is made when a step first reads it."""
        if not is_used(self):
            if type(self.data) is not float:
                # The record keeps the present numbers: the caller may change the array later.
                self.data = sealed(np.array(self.data))
            self.index = self.recorder.add_inputs((self.called,), (self.data,))
        made: int = _index.__get__(self, Held)
        return made

    @index.setter
    def index(self, number: int) -> None:
        _index.__set__(self, number)


HANDLES.add(Held)


def is_used(handle: Handle) -> bool:
    """Return whether a step has read the value; true for every value that no object holds.

    >>> import sys
    >>> weight = Held(Recorder(sys._getframe()), 2.0, "weight")
    >>> is_used(weight), weight.index, is_used(weight)
    (False, 0, True)
    """
    if type(handle) is not Held:
        return True
    try:
        _index.__get__(handle, Held)
    except AttributeError:
        return False
    return True


def is_object(value: Any) -> bool:
    """Return whether a value is an object of one of the user's classes, whose attributes may be inputs.

    >>> from collections import deque
    >>> from types import SimpleNamespace
    >>> is_object(SimpleNamespace()), is_object(SimpleNamespace), is_object(3.0), is_object(deque())
    (True, False, False, False)
    """
    kind = type(value)
    # First the most frequent, which the rest would refuse too.
    if (
        kind in ATOMS
        or kind.__module__ in _OWN_KINDS
        or kind is Held
        or isinstance(value, type | BaseException | enum.Enum | Handle | FunctionType)
    ):
        return False
    if f"{kind.__module__}.{kind.__qualname__}" in _NAMESPACES:
        return True
    library = kind.__module__.partition(".")[0]
    ours = kind.__flags__ & HEAP_TYPE and library not in _OTHERS and library not in sys.stdlib_module_names
    return bool(ours) and not isinstance(value, float | int | str | bytes | tuple)


def of_library(kind: type) -> bool:
    """Return whether a class belongs to Python, to bpviz or to an installed package.

    >>> of_library(threading.Thread), of_library(type("Net", (), {"__module__": "net"}))
    (True, False)
    """
    return is_library(getattr(sys.modules.get(kind.__module__), "__file__", None) or "")


def class_entries(kind: type) -> dict[str, Any]:
    """Return what a class holds, except what Python itself puts there."""
    return {name: value for name, value in vars(kind).items() if not name.startswith("__")}


_classes_lock = threading.Lock()
_in_use: dict[type, list[Any]] = {}
"""The classes of the models that run now: how many runs, and what the class held before the first of them."""


def begin_using(kinds: Iterable[type]) -> None:
    """Note what classes hold before methods run that may write into them."""
    with _classes_lock:
        for kind in kinds:
            _in_use.setdefault(kind, [0, class_entries(kind)])[0] += 1


def end_using(kinds: Iterable[type]) -> None:
    """Give classes again what they held, once no run uses them any more, in whatever thread."""
    with _classes_lock:
        for kind in kinds:
            _in_use[kind][0] -= 1
            if not _in_use[kind][0]:
                put_class_entries(_in_use.pop(kind)[1], kind)


def put_class_entries(kept: dict[str, Any], kind: type) -> None:
    """Give a class again what it held.

    >>> class Net:
    ...     calls = 0
    >>> kept = class_entries(Net)
    >>> Net.calls, Net.last = 1, 2.0
    >>> put_class_entries(kept, Net)
    >>> Net.calls, hasattr(Net, "last")
    (0, False)
    """
    now = class_entries(kind)
    for name in now.keys() - kept.keys():
        type.__delattr__(kind, name)
    for name, value in kept.items():
        if now.get(name, kept) is not value:
            type.__setattr__(kind, name, value)


def is_model(value: Any) -> bool:
    """Return whether an argument is an object whose floats are inputs, a method of one, or a random generator.

    They are copied: each run continues from the same state.
    """
    if is_generator(type(value)):
        return True
    if isinstance(value, MethodType):
        return is_object(value.__self__)
    return is_object(value) and not hasattr(type(value), "__array__")


def is_generator(kind: type) -> bool:
    """Return whether a class is one of random generators, of NumPy or of Python.

    >>> import random
    >>> is_generator(random.Random), is_generator(type("Generator", (), {"__module__": "gan"}))
    (True, False)
    """
    return kind.__name__ in _GENERATORS and kind.__module__.partition(".")[0] in ("numpy", "random")


def is_setting(value: Any) -> bool:
    """Return whether an argument is no number and holds none, but says what is done: a word, a function, a member.

    >>> is_setting("relu"), is_setting(len), is_setting(slice(0, 2)), is_setting({"a"}), is_setting(3.0)
    (True, True, True, True, False)
    """
    return (
        value is None
        or isinstance(value, str | bytes | bool | slice | set | frozenset | os.PathLike)
        or (isinstance(value, enum.Enum) and not isinstance(value, int | float))
        or callable(value)
    )


def keys_of(key: str, value: tuple[Any, ...] | list[Any]) -> list[str]:
    """Return the names of the parts of a list or tuple; a named tuple has those of its fields.

    >>> keys_of("p", [1.0, 2.0])
    ['p[0]', 'p[1]']
    """
    fields = getattr(value, "_fields", None) if isinstance(value, tuple) else None
    return [f"{key}.{field}" for field in fields] if fields else [f"{key}[{i}]" for i in range(len(value))]
