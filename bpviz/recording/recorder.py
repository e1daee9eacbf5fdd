"""The record of a computation: one entry per step, in the order in which it was done.

Everything is in parallel lists, so that a step costs a few appends and makes few objects for the garbage collector.
The place of a step in the user's file is kept as a code object and an offset, and decoded only when it is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

from bpviz import progress
from bpviz.errors import RecordingError
from bpviz.lazy import LazyModule
from bpviz.ops import Operation, plain
from bpviz.ops.table.copying import sealed
from bpviz.recording.frames import Frames
from bpviz.recording.scopes import Scope, around_both
from bpviz.recording.variables import Variables, held_names
from bpviz.text.styles import Style

__all__ = ["NO_VALUE", "Constant", "Recorder", "differentiable"]

np: Any = LazyModule("numpy")

_EACH = 0x3FF
"""Entries are counted where these bits of their numbers are 0: a count for each would be felt."""


_BY_ENTRY = (
    "parameters",
    "is_input",
    "labels",
    "last_words",
    "meanings",
    "styles",
    "orders",
    "symbols",
    "lines",
    "weights",
)
"""What only some entries have, by the number of the entry."""


class _NoValue:
    """The value of an input that was given none."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<no value>"


NO_VALUE = _NoValue()


class Constant:
    """An array (or list) of the user's: the object itself, a copy of its content, and the nodes that show it.

    >>> array = np.array([1.0, np.nan])
    >>> constant = Constant(array, array.copy(), 0)
    >>> constant.is_unchanged()
    True
    >>> array[0] = 2.0
    >>> constant.is_unchanged()
    False
    """

    __slots__ = ("holds", "indices", "original")

    def __init__(self, original: Any, holds: Any, index: int) -> None:
        self.original = original
        self.holds = holds
        self.indices = [index]

    def is_unchanged(self) -> bool:
        """Return whether the object still holds the same numbers, bit for bit, so that NaN equals NaN."""
        holds, now = self.holds, self.original
        if type(now) is not type(holds):
            now = np.asarray(now)
        dtype = holds.dtype
        if now.dtype != dtype or now.shape != holds.shape:
            return False
        if holds.nbytes > 4096 and dtype.itemsize in (1, 2, 4, 8):
            # Without copying them.
            as_bits = f"u{dtype.itemsize}"
            return bool((holds.view(as_bits) == now.view(as_bits)).all())
        return bool(holds.tobytes() == now.tobytes())


class Recorder(Frames):
    """The lists, and the methods that change them.

    Every entry has an operation (``None`` for an input or a constant), the entries it used, its value, whether a
    gradient can flow to it, and its place in the source (scope and offset). `add_inputs`, `add_constant`, `add_step`,
    `add_read` and `copy` append an entry; `replace_step`, `redirect` and `freeze` change entries.
    """

    __slots__ = (
        "compacts",
        "constants",
        "decided",
        "depth",
        "gradient_of",
        "is_input",
        "joint",
        "kept",
        "labels",
        "last_words",
        "lifted",
        "lines",
        "meanings",
        "offsets",
        "operands",
        "operations",
        "orders",
        "parameters",
        "reached",
        "renamed",
        "rewrites",
        "step_scopes",
        "styles",
        "symbols",
        "titles",
        "values",
        "weights",
        "whole",
        "written",
    )

    def __init__(self, root: FrameType, name: str = "", *, boundary: bool = False, depth: int = 0) -> None:
        super().__init__(root, name, boundary=boundary)
        self.operations: list[Operation | None] = []
        self.operands: list[tuple[int, ...]] = []
        self.values: list[Any] = []
        self.reached: list[bool] = []
        self.offsets: list[int] = []
        # The lines of steps without code: from JSON, from another Python, of another framework.
        self.lines: dict[int, int] = {}
        self.step_scopes: list[Scope] = []
        self.parameters: dict[int, dict[str, Any]] = {}
        # Intermediate results of steps, for their rules (see `Operation.keeping`).
        self.kept: dict[int, Any] = {}
        self.is_input: dict[int, str] = {}
        self.labels: dict[int, str] = {}
        # Variables that hold entries at the end of the traced function: names for entries without another.
        self.last_words: dict[int, str] = {}
        # The meanings that the user gave; those in the source are read when they are needed.
        self.meanings: dict[int, str] = {}
        # The looks that the user gave.
        self.styles: dict[int, Style] = {}
        # The steps of a backward pass, by number: 1 for that of the function, 2 for that of the first backward pass.
        self.orders: dict[int, int] = {}
        # The titles of values that are returned as gradients, whatever else they are called.
        self.titles: dict[int, list[str]] = {}
        # How deep this record is nested in others, and its inputs that are values of theirs: (record, number there,
        # name of the parameter) → number here.
        self.depth = depth
        self.lifted: dict[tuple[Recorder, int, str], int] = {}
        # How often a label was given; if this or the number of entries changes, names are read again.
        self.renamed = 0
        # Inputs that were given as whole numbers, so that `range(n)` and `x[n]` work with them.
        self.whole: set[int] = set()
        # Values that decided how the function went on, or left it as plain numbers, with the line where they did: with
        # other values, the record may not be that of the function. −1 stands for values that are not in this record,
        # −2 for those that a rule of the backward pass reads.
        self.decided: dict[int, int] = {}
        # The user's arrays that are constants here, by identity: one that is used twice is one node.
        self.constants: dict[int, Constant] = {}
        # The gradients of the latest run, by number.
        self.gradient_of: Callable[[int], Any] | None = None
        # The writes into arrays, by the number of the step that makes the array's new value; see `bpviz.writes`.
        self.written: dict[int, Any] = {}
        # Whether arrays that were written into may be superseded; they must be settled at the end.
        self.compacts = False
        # Whether a handle has another value than the one it was made with.
        self.rewrites = False
        # Of a step of another framework that has several results, each but the first → the first one: they share a box.
        self.joint: dict[int, int] = {}
        # What stands in the circles of steps of another framework, in place of the symbols of their rows.
        self.symbols: dict[int, str] = {}
        # The parameters of modules, each with the depth of its group: in a figure that is less deep it disappears.
        self.weights: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self.operations)

    def decides(self, index: int, line: int) -> None:
        """Note that the plain value of an entry leaves the record at a line of the user's code.

        Records around this one have no such entry.
        """
        self.decided.setdefault(index, line)
        for outer in {record for record, _, _ in self.lifted}:
            outer.decides(-1, line)

    def add_inputs(self, names: Sequence[str], values: Sequence[Any]) -> int:
        """Append inputs; return the number of the first one."""
        first, count = len(self.operations), len(values)
        self.operations += [None] * count
        self.operands += [()] * count
        self.values += values
        self.reached += map(differentiable, values)
        self.offsets += [-1] * count
        self.step_scopes += [self.scopes[0]] * count
        self.is_input.update(enumerate(names, first))
        return first

    def add_constant(self, value: Any, frame: FrameType | None = None) -> int:
        """Append a constant in the scope of this frame (default: of the last step); return its number."""
        index = len(self.operations)
        if frame is not self.frame and frame is not None:
            self.enter(frame)
        self.operations.append(None)
        self.operands.append(())
        self.values.append(value)
        self.reached.append(False)
        self.offsets.append(-1)
        self.step_scopes.append(self.scope)
        if not index & _EACH:
            progress.count("recorded {done} values", index)
        return index

    def copy(self, other: Recorder, index: int, operands: tuple[int, ...]) -> int:
        """Append an entry of another record with other operands; return its number here.

        What is kept for its rules is not copied, since the value may be replaced.
        """
        new = len(self.operations)
        self.operations.append(other.operations[index])
        self.operands.append(operands)
        self.values.append(other.values[index])
        self.reached.append(other.reached[index])
        self.offsets.append(other.offsets[index])
        self.step_scopes.append(other.step_scopes[index])
        if index in other.whole:
            self.whole.add(new)
        for name in _BY_ENTRY:
            table = getattr(other, name)
            if index in table:
                getattr(self, name)[new] = table[index]
        return new

    def add_step(
        self,
        operation: Operation,
        operands: tuple[int, ...],
        parameters: dict[str, Any] | None,
        value: Any,
        reached: bool,
        frame: FrameType,
    ) -> int:
        """Append a step; return its number."""
        index = len(self.operations)
        if frame is not self.frame:
            frame = self.enter(frame)
        self.operations.append(operation)
        self.operands.append(operands)
        self.values.append(value)
        self.reached.append(reached)
        self.offsets.append(frame.f_lasti)
        self.step_scopes.append(self.scope)
        if parameters:
            self.parameters[index] = parameters
        if not index & _EACH:
            progress.count("recorded {done} values", index)
        return index

    def add_read(
        self,
        operation: Operation,
        operands: tuple[int, ...],
        parameters: dict[str, Any] | None,
        value: Any,
    ) -> int:
        """Append a step that was read from a file, so that it has no place in a source; return its number."""
        index = len(self.operations)
        self.operations.append(None)
        self.operands.append(())
        self.values.append(value)
        self.reached.append(False)
        self.offsets.append(-1)
        self.step_scopes.append(self.scope)
        self.replace_step(index, operation, operands, parameters)
        return index

    def replace_step(
        self,
        index: int,
        operation: Operation | None,
        operands: tuple[int, ...] = (),
        parameters: dict[str, Any] | None = None,
    ) -> None:
        """Make an entry another step of the same value, on earlier entries; without an operation, a constant.

        Its name and its place stay. The rules of the operation decide whether a gradient can flow to it.
        """
        self.operations[index] = operation
        self.operands[index] = operands
        rules = () if operation is None else operation.rules(len(operands))
        self.reached[index] = any(rule and self.reached[i] for rule, i in zip(rules, operands, strict=True))
        self.kept.pop(index, None)
        self.parameters.pop(index, None)
        if parameters:
            self.parameters[index] = parameters

    def redirect(self, index: int, operands: tuple[int, ...]) -> None:
        """Give a step other operands of the same values."""
        self.operands[index] = operands

    def freeze(self, indices: Sequence[int]) -> None:
        """Make inputs constants of the same names: no gradient flows to them, or to what depends only on them."""
        for index in indices:
            self.labels[index] = self.is_input.pop(index)
        for index, operation in enumerate(self.operations):
            operands = self.operands[index]
            if operation is None:
                self.reached[index] &= index in self.is_input
            else:
                rules = operation.rules(len(operands))
                self.reached[index] &= any(rule and self.reached[i] for rule, i in zip(rules, operands, strict=True))
        self.renamed += 1

    def move(self, index: int, scope: Scope) -> None:
        """Move an entry to another scope; it then has no place in the source."""
        self.step_scopes[index] = scope
        self.offsets[index] = -1

    def name(self, index: int, text: str) -> None:
        """Give an entry its name."""
        self.labels[index] = text
        self.renamed += 1

    def array(self, original: Any, frame: FrameType) -> tuple[int, Any]:
        """Return the entry of an array (or list) of the user's that is a constant here, and a copy of its content.

        An array that is used again with the same content is one entry. The number is −1 if it is no array of numbers;
        a single number is returned as such.
        """
        found = self.constants.get(id(original))
        if found is not None and found.is_unchanged():
            if frame is not self.frame:
                self.enter(frame)
            index = found.indices[-1]
            self.step_scopes[index] = around_both(self.step_scopes[index], self.scope)
            return index, found.holds
        holds = sealed(np.array(original))
        if holds.dtype.kind not in "fiub":
            return -1, holds
        if not holds.ndim:
            number = plain(holds[()])
            return self.add_constant(number, frame), number
        index = self.add_constant(holds, frame)
        if found is None:
            self.constants[id(original)] = Constant(original, holds, index)
        else:
            found.holds = holds
            found.indices.append(index)
        return index, holds

    def constant_names(self) -> dict[int, str]:
        """Return the names of the arrays that are constants, from the user's variables that hold them."""
        return self._names_held(self.variables()) if self.constants else {}

    def _names_held(self, frames: Sequence[Variables]) -> dict[int, str]:
        names = held_names(frames, self.constants)
        return {index: name for key, name in names.items() for index in self.constants[key].indices}

    def close(self) -> list[tuple[str, Any]]:
        """Release the frames; return their local variables, (name, value), for entries without a name."""
        frames = self.variables()
        if self.constants:
            self.labels = self._names_held(frames) | self.labels
        if not frames:
            # There is no code of the user's: a NumPy function itself was traced.
            self.offsets = [-1] * len(self)
        self.leave()
        self.constants = {}
        # The name of a parameter says little about the value that was given.
        return [pair for variables in frames for pair in variables.own]

    def same(self, other: Recorder, what: str) -> None:
        """Raise `RecordingError` if a value of another graph is used in this one."""
        if other is not self:
            raise RecordingError(
                f"{what} mixes values of two different graphs; a value can only be used in the graph it was made in "
                "(value.data is its plain number)"
            )


def differentiable(value: Any) -> bool:
    """Return whether a gradient can flow to a value: to numbers and arrays of them, not to true and false.

    This includes arrays of whole numbers; if they are only an index, no gradient arrives there.

    >>> differentiable(3.0), differentiable(True)
    (True, False)
    """
    if type(value) is float or value is NO_VALUE:
        return True
    return hasattr(value, "dtype") and value.dtype.kind in "fiu"
