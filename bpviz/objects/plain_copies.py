"""Copies of objects for a plain run: nothing is recorded, and some of the values may be others."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from bpviz.lazy import LazyModule
from bpviz.objects.copies import Copies
from bpviz.objects.held import is_model, is_setting, keys_of

__all__ = ["PlainCopies", "input_names"]

np: Any = LazyModule("numpy")


class PlainCopies(Copies):
    """Copies of objects in which some of the values are others, and none is recorded.

    >>> from types import SimpleNamespace
    >>> spring = SimpleNamespace(k=2.0, rest=1.0)
    >>> copies = PlainCopies({"spring.k": 3.0})
    >>> copies.argument("spring", spring), spring.k, copies.names
    (namespace(k=3.0, rest=1.0), 2.0, ['spring.k', 'spring.rest'])
    """

    def __init__(
        self,
        values: Mapping[str, Any],
        taken: frozenset[str] = frozenset(),
        number: Callable[[Any], Any] | None = None,
    ) -> None:
        """Take these values by name; ``number`` makes another kind of number of single ones."""
        super().__init__(None, taken, values=values)
        self.number = number

    def of_number(self, data: Any, name: str) -> Any:
        """Return the value of that name, else a copy of the data."""
        value = self.value_of(data, name)
        if not hasattr(data, "dtype"):
            return value if self.number is None else self.number(value)
        return np.array(value) if isinstance(data, np.ndarray) else value

    def argument(self, key: str, value: Any) -> Any:
        """Return a copy of an argument, with other values for the inputs in it that are given."""
        kind, given = type(value), self.values
        if kind is float or kind is int:
            number = value
            self.names.append(key)
            if key in given:
                # A whole number stays one where it can.
                number = float(given[key])
                number = int(number) if kind is int and number.is_integer() else number
            return number if self.number is None else self.number(number)
        if is_model(value):
            return self.of(value, key)
        if is_setting(value):
            return value
        known = self.of_object(value)
        if known is not None:
            return known
        if isinstance(value, Mapping):
            parts = {k: self.argument(f"{key}[{k!r}]", part) for k, part in value.items()}
            if kind is dict:
                return self.keep(value, parts)
            made: Any = copy.copy(value)
            for k, part in parts.items():
                made[k] = part
            return made
        if isinstance(value, tuple | list):
            items = [self.argument(k, part) for k, part in zip(keys_of(key, value), value, strict=True)]
            if kind is list:
                return self.keep(value, items)
            return kind(*items) if hasattr(value, "_fields") else kind(items)
        self.names.append(key)
        if key[-1] == "]" and kind is np.ndarray and value.dtype.kind == "f":
            return self.share(value, lambda: self._array_of(key, value))
        return self._array_of(key, value)

    def _array_of(self, key: str, value: Any) -> Any:
        if key in self.values:
            # A single number of NumPy stays one, which its functions tell from an array.
            given = self.values[key]
            array = np.array(given, None if hasattr(given, "dtype") else getattr(value, "dtype", None))
            return array[()] if isinstance(value, np.generic) else array
        return value.copy() if type(value) is np.ndarray else copy.deepcopy(value)


def input_names(function: Any) -> list[str]:
    """Return the names that values can be given to: of numbers in the defaults of a function, and in its object.

    >>> input_names(lambda x, p=(1.0, 2.0), name="a": x * p[0])
    ['p[0]', 'p[1]']
    """
    import inspect

    parameters = inspect.signature(function).parameters
    copies = PlainCopies({}, frozenset(parameters))
    for name, parameter in parameters.items():
        if parameter.default is not parameter.empty:
            copies.argument(name, parameter.default)
    copies.called_on_copy(function)
    copies.close()
    return copies.names
