"""Frozen dataclasses that are made quickly: most of a short command's time would else go into making classes.

`dataclasses.dataclass` compiles six functions for each frozen class. Here the classes share all methods but
``__init__``. Type checkers see the standard decorator; ``fields``, ``replace``, ``asdict``, matching, copying and
pickling work as usual.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, FrozenInstanceError, fields
from dataclasses import dataclass as _standard
from typing import TYPE_CHECKING, Any, TypeVar

__all__ = ["dataclass", "replace"]

T = TypeVar("T")


def replace(self: T, /, **changes: Any) -> T:
    """Return a copy of an object of a class of `dataclass` with other values, as `dataclasses.replace`, but faster.

    >>> @dataclass(frozen=True)
    ... class Point:
    ...     x: float
    ...     y: float
    >>> replace(Point(1.0, 2.0), y=3.0)
    Point(x=1.0, y=3.0)

    Raises `TypeError` if the class has no field of a name.
    """
    made = object.__new__(type(self))
    names = self.__frozen_names__  # type: ignore[attr-defined]
    for name in names:
        _set(made, name, changes[name] if name in changes else getattr(self, name))
    for name in changes:
        if name not in names:
            raise TypeError(f"{type(self).__name__} has no field {name!r}")
    return made


_set = object.__setattr__


if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(*, frozen: bool, slots: bool = False, eq: bool = True) -> Callable[[type], type]:
        """Return the decorator for a frozen dataclass: ``@dataclass(frozen=True, slots=True)``.

        >>> @dataclass(frozen=True, slots=True)
        ... class Point:
        ...     x: float
        ...     y: float = 0.0
        >>> Point(1.0), Point(1.0) == Point(1.0, 0.0), Point(1.0) == Point(2.0)
        (Point(x=1.0, y=0.0), True, False)

        Raises `TypeError` for a class that is not frozen: use the standard decorator.
        """
        if not frozen:
            raise TypeError("this decorator makes frozen classes; use dataclasses.dataclass for others")

        def make(cls: type) -> type:
            made = _standard(init=False, repr=False, eq=False, slots=slots)(cls)
            # Standard dataclasses may inherit from it.
            made.__dataclass_params__.frozen = True
            made.__frozen_names__ = tuple(field.name for field in fields(made))
            made.__compared_names__ = tuple(field.name for field in fields(made) if field.compare)
            made.__init__ = _init(made)
            made.__setattr__, made.__delattr__ = _refuse, _refuse
            if "__repr__" not in vars(made):
                made.__repr__ = _repr
            if eq:
                made.__eq__, made.__hash__ = _equal, _hash
            if slots:
                if "__getstate__" not in vars(made):
                    made.__getstate__ = _state
                made.__setstate__ = _restore
            return made

        return make


def _init(cls: type) -> Callable[..., None]:
    """Return ``__init__`` for the fields of a class, the only method that is compiled for it."""
    known: dict[str, Any] = {"_set": object.__setattr__, "_missing": MISSING}
    parameters, lines = [], []
    for field in fields(cls):
        name = field.name
        value = name
        if field.default is not MISSING:
            known[f"_default_{name}"] = field.default
            parameters.append(f"{name}=_default_{name}")
        elif field.default_factory is not MISSING:
            known[f"_make_{name}"] = field.default_factory
            parameters.append(f"{name}=_missing")
            value = f"_make_{name}() if {name} is _missing else {name}"
        else:
            parameters.append(name)
        lines.append(f"    _set(self, {name!r}, {value})")
    source = f"def __init__({', '.join(['self', *parameters])}):\n" + ("\n".join(lines) or "    pass")
    # In this file, so that it is not taken for code of the user's.
    exec(compile(source, __file__, "exec"), known)
    made: Callable[..., None] = known["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    return made


def _values(self: Any) -> tuple[Any, ...]:
    return tuple(getattr(self, name) for name in self.__frozen_names__)


def _compared(self: Any) -> tuple[Any, ...]:
    return tuple(getattr(self, name) for name in self.__compared_names__)


def _refuse(self: Any, name: str, value: Any = None) -> None:
    raise FrozenInstanceError(f"cannot change field {name!r}: a {type(self).__name__} is frozen")


def _repr(self: Any) -> str:
    parts = (f"{field.name}={getattr(self, field.name)!r}" for field in fields(self) if field.repr)
    return f"{type(self).__qualname__}({', '.join(parts)})"


def _equal(self: Any, other: object) -> Any:
    return _compared(self) == _compared(other) if type(other) is type(self) else NotImplemented


def _hash(self: Any) -> int:
    return hash(_compared(self))


def _state(self: Any) -> list[Any]:
    return list(_values(self))


def _restore(self: Any, state: list[Any]) -> None:
    for name, value in zip(self.__frozen_names__, state, strict=True):
        object.__setattr__(self, name, value)
