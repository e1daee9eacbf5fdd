"""Simplification of a backward part while it is recorded: equal steps are one step, and identities are left out.

Rules are independent of each other: those of ``W`` and of ``b`` both start from ``dZ``, and the rules of two operands
may compute the same slope. Every step that they record is looked up here by its operation, operands and parameters.
The forward part is left as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bpviz import ops
from bpviz.ops import OPERATIONS, Operand
from bpviz.recording.recorder import Recorder

__all__ = ["Numbering"]


class Numbering:
    """Numbers for the entries of a record: an entry that equals an earlier one has the number of that one.

    >>> import bpviz
    >>> g = bpviz.Graph()
    >>> x = g.input("x", 2.0)
    >>> numbering = Numbering(g.record)
    >>> once, again, same = x * x, x * x, 1.0 * x
    >>> numbering.settle(once.index)
    >>> [numbering.of(step.index) for step in (once, again, same)]
    [1, 1, 0]
    """

    def __init__(self, record: Recorder) -> None:
        """Start after the present entries; constants and backward parts among them are looked up too."""
        self.record = record
        self._same: dict[int, int] = {}
        self._known: dict[Any, int] = {}
        # Single numbers, and arrays that are filled with one number.
        self._everywhere: dict[int, float] = {}
        # Single numbers by their value.
        self._numbers: dict[float, int] = {}
        for index, operation in enumerate(record.operations):
            if index in record.orders:
                self._known.setdefault(self._key(index), index)
            if operation is None and index not in record.is_input:
                self._note(index)

    def of(self, index: int) -> int:
        """Return the first entry that equals an entry."""
        return self._same.get(index, index)

    def settle(self, start: int) -> None:
        """Look up all entries from a number on."""
        record = self.record
        for index in range(start, len(record)):
            record.move(index, record.step_scopes[index])
            record.redirect(index, tuple(map(self.of, record.operands[index])))
            if record.operations[index] is not None and self._folds(index):
                record.replace_step(index, None)
            found = self._simpler(index)
            if found is None:
                found = self._known.setdefault(self._key(index), index)
            if found == index:
                self._note(index)
            else:
                self._same[index] = found

    def made_by(self, index: int, name: str) -> bool:
        """Return whether an entry is the result of this operation."""
        return self.record.operations[index] is OPERATIONS[name]

    def everywhere(self, index: int) -> float | None:
        """Return the number that fills an entry; ``None`` if it is not known."""
        return self._everywhere.get(index)

    def _note(self, index: int) -> None:
        """Remember the number that fills an entry."""
        record = self.record
        operation, value = record.operations[index], record.values[index]
        if operation is not None:
            only = record.operands[index][0] if operation.plumbing and not operation.reduces else -1
            if only in self._everywhere:
                self._everywhere[index] = self._everywhere[only]
        elif not ops.shape_of(value):
            self._everywhere[index] = float(value)
            self._numbers.setdefault(float(value), index)
        elif value.size and (value == value.flat[0]).all():
            self._everywhere[index] = float(value.flat[0])

    def _key(self, index: int) -> Any:
        record = self.record
        operation, operands = record.operations[index], record.operands[index]
        if operation is None:
            return _frozen(record.values[index])
        if operation.commutes and len(operands) == 2:  # of more, another order rounds otherwise
            operands = tuple(sorted(operands))
        return (operation, operands, _frozen(record.parameters.get(index, {})))

    def _folds(self, index: int) -> bool:
        """Return whether a step makes a plain number of plain numbers."""
        return not ops.shape_of(self.record.values[index]) and all(map(self._is_number, self.record.operands[index]))

    def _is_number(self, index: int) -> bool:
        record = self.record
        constant = record.operations[index] is None and index not in record.is_input
        return constant and not ops.shape_of(record.values[index])

    def _become(self, index: int, name: str, *operands: int, **parameters: Any) -> None:
        """Replace a step by another one of the same value."""
        self.record.replace_step(index, OPERATIONS[name], operands, parameters)

    # Identities

    def _simpler(self, index: int) -> int | None:
        """Return the entry that a step equals; ``None`` if there is none. The step may become a simpler one."""
        operation = self.record.operations[index]
        simplify = None if operation is None else _SIMPLER.get(operation.name)
        found = None if simplify is None else simplify(self, index, *self.record.operands[index])
        return found if found is not None and self._alike(found, index) else None

    def _alike(self, one: int, other: int) -> bool:
        """Return whether two entries have the same shape and type."""
        x, y = self.record.values[one], self.record.values[other]
        return ops.shape_of(x) == ops.shape_of(y) and _type(x) == _type(y)

    def _is(self, index: int, number: float) -> bool:
        return self._everywhere.get(index) == number

    def _multiply(self, index: int, x: int, y: int) -> int | None:
        values = self.record.values
        for one, other in ((x, y), (y, x)):
            if self._is(one, 1.0):
                if ops.shape_of(values[other]) != ops.shape_of(values[index]):
                    if _type(values[other]) == _type(values[index]):
                        self._become(index, "broadcast_to", other, shape=ops.shape_of(values[index]))
                    return None
                return other
            if self._is(one, -1.0) and self._alike(other, index):
                self._become(index, "negative", other)
                return self._negative(index, other)
        if self._is_number(y):
            # The number goes to the front.
            self.record.redirect(index, (y, x))
        return None

    def _negative(self, index: int, x: int) -> int | None:
        if self.made_by(x, "multiply"):
            # −(2·x) = −2·x
            number, other = self.record.operands[x]
            turned = self._numbers.get(-self.record.values[number]) if self._is_number(number) else None
            if turned is not None:
                self._become(index, "multiply", turned, other)
        # −(−x) = x
        return self.record.operands[x][0] if self.made_by(x, "negative") else None

    def _add(self, index: int, x: int, y: int) -> int | None:
        if x == y:
            # x + x = 2·x, and −x − x = −2·x
            minus = self.made_by(x, "negative")
            number = self._numbers.get(-2.0 if minus else 2.0)
            if number is not None:
                self._become(index, "multiply", number, self.record.operands[x][0] if minus else x)
            return None
        return y if self._is(x, 0.0) else x if self._is(y, 0.0) else None

    def _subtract(self, index: int, x: int, y: int) -> int | None:
        return x if self._is(y, 0.0) else None

    def _divide(self, index: int, x: int, y: int) -> int | None:
        # x ÷ 1 and x¹ are x.
        return x if self._is(y, 1.0) else None

    def _chosen(self, index: int, c: int, x: int, y: int) -> int | None:
        return (x if self.record.values[c] else y) if self._is_number(c) else None

    def _moved(self, index: int, x: int) -> int | None:
        return x

    def _transpose(self, index: int, x: int) -> int | None:
        if len(ops.shape_of(self.record.values[x])) < 2:
            return x
        axes = self.record.parameters.get(index, {}).get("axes")
        # (Xᵀ)ᵀ = X
        if not self.made_by(x, "transpose"):
            return None
        inner = self.record.parameters.get(x, {}).get("axes")
        undone = axes is None if inner is None else axes is not None and all(inner[a] == i for i, a in enumerate(axes))
        return self.record.operands[x][0] if undone else None


# The algebra of these operations; no other operation has the same, so it is found by name.
_SIMPLER: dict[str, Callable[..., int | None]] = {
    "multiply": Numbering._multiply,
    "negative": Numbering._negative,
    "add": Numbering._add,
    "subtract": Numbering._subtract,
    "divide": Numbering._divide,
    "power": Numbering._divide,
    "guard": Numbering._chosen,
    "where": Numbering._chosen,
    "reshape": Numbering._moved,
    "broadcast_to": Numbering._moved,
    "sum_to": Numbering._moved,
    "transpose": Numbering._transpose,
}


def _type(value: Any) -> str:
    """Return the name of a value's type, as NumPy has it."""
    return "float64" if value.__class__ is float else str(getattr(value, "dtype", type(value).__name__))


def _frozen(value: Any) -> Any:
    """Return a value or parameter as a key: keys are equal if no computation can tell the values apart."""
    if isinstance(value, dict):
        return tuple((name, _frozen(part)) for name, part in sorted(value.items()))
    if isinstance(value, tuple | list):
        return (type(value).__name__, *map(_frozen, value))
    if isinstance(value, slice):
        return ("slice", *map(_frozen, (value.start, value.stop, value.step)))
    if isinstance(value, Operand):
        return ("operand", value.slot)
    if hasattr(value, "tobytes"):
        return (str(value.dtype), value.shape, value.tobytes())
    # −0.0 is not 0.0, and True is not 1.
    return (type(value).__name__, repr(value))
