"""The record of a computation: one entry per step, in the order in which it was done.

Everything lies in parallel lists, so that a step costs a few appends and few objects for the garbage collector to walk.
Where a step stands in the user's file is kept as a code object and an offset, and decoded only when somebody asks.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

from bpviz.errors import RecordingError
from bpviz.lazy import LazyModule
from bpviz.ops import Operation, plain
from bpviz.recording.constants import Constant
from bpviz.recording.scopes import Group, Scope, around_both, goes_on, title_of
from bpviz.recording.source import is_ours, place, written
from bpviz.recording.variables import Variables, held_names

__all__ = ["NO_VALUE", "Group", "Recorder", "Scope", "current_groups", "differentiable"]

np: Any = LazyModule("numpy")


class _NoValue:
    """The value of an input that was given none."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<no value>"


NO_VALUE = _NoValue()


class _Open(threading.local):
    """What is open in this thread: groups, and recorders that remember the frame they saw last."""

    def __init__(self) -> None:
        self.groups: list[Group] = []
        self.remembering: list[Recorder] = []


_open = _Open()


def current_groups() -> list[Group]:
    """The groups that are open in this thread, outermost first (the list itself: `bpviz.group` changes it).

    Recorders look again at where they are: the next step may lie in another group.
    """
    for recorder in _open.remembering:
        recorder.frame = None
        recorder.seen.clear()
    _open.remembering.clear()
    return _open.groups


class Recorder:
    """The lists, and the one door (`append`) through which they grow.

    Every entry has an operation (``None`` for an input or a constant), the entries it used, its value, whether a
    gradient can flow to it, and where it was written (scope and offset).

    ``root`` is the frame whose steps lie in no group. With ``boundary`` it is the tracer's own frame, and the user's
    function is the first one that it calls.
    """

    __slots__ = (
        "boundary",
        "closed",
        "constants",
        "depth",
        "frame",
        "gradient_of",
        "is_input",
        "kept",
        "labels",
        "last_words",
        "lifted",
        "meanings",
        "offsets",
        "operands",
        "operations",
        "orders",
        "parameters",
        "pinned",
        "reached",
        "renamed",
        "scope",
        "scope_of",
        "scopes",
        "seen",
        "step_scopes",
        "titles",
        "values",
        "whole",
    )

    def __init__(self, root: FrameType, name: str = "", *, boundary: bool = False, depth: int = 0) -> None:
        self.operations: list[Operation | None] = []
        self.operands: list[tuple[int, ...]] = []
        self.values: list[Any] = []
        self.reached: list[bool] = []
        self.offsets: list[int] = []
        self.step_scopes: list[Scope] = []
        self.parameters: dict[int, dict[str, Any]] = {}
        # What steps have computed on the way, for their rules (see `Operation.keeping`).
        self.kept: dict[int, Any] = {}
        self.is_input: dict[int, str] = {}
        self.labels: dict[int, str] = {}
        # What the variables of the traced function were left holding, for what nothing else names.
        self.last_words: dict[int, str] = {}
        # What the user said that a value means; what the source says of it is read when somebody asks.
        self.meanings: dict[int, str] = {}
        # The steps of a backward pass, by number: 1 where it is that of the function, 2 where it is that of the first.
        self.orders: dict[int, int] = {}
        # What is returned as the gradient of something, whatever it is called otherwise.
        self.titles: dict[int, list[str]] = {}
        # How deep this record is nested in others, and its inputs that are values of theirs: (record, number there,
        # name of the parameter) → number here.
        self.depth = depth
        self.lifted: dict[tuple[Recorder, int, str], int] = {}
        # How often a label was given; with the number of entries it tells whether names must be read again.
        self.renamed = 0
        # Inputs that were given as whole numbers, so that `range(n)` and `x[n]` work with them.
        self.whole: set[int] = set()
        # The user's arrays that are constants here, by identity: used twice they are one node.
        self.constants: dict[int, Constant] = {}
        # The gradients of the latest run, by number.
        self.gradient_of: Callable[[int], Any] | None = None
        self.closed = False
        # While an operation is opened, its steps are recorded into this scope, wherever they are written.
        self.pinned: Scope | None = None
        self.scope = Scope(0, None, name, root.f_code, -1)
        self.scopes: list[Scope] = [self.scope]
        self.frame: FrameType | None = None
        # The scope of a frame with the groups that are open now; emptied when one opens or closes.
        self.seen: dict[FrameType, Scope] = {}
        self.boundary = root if boundary else None
        # Frames are kept (not their ids, which are used again), so that two calls of one function stay two groups.
        self.scope_of: dict[Any, Scope] = {root: self.scope}
        if not boundary:
            # A graph that a helper made is built on in the code that called it: that is the top, too.
            caller = root
            while caller.f_code.co_name != "<module>" and caller.f_back is not None:
                caller = caller.f_back
                self.scope_of[caller] = self.scope.within(caller.f_code, -1, None)

    def __len__(self) -> int:
        return len(self.operations)

    def inputs(self, names: Sequence[str], values: Sequence[Any]) -> int:
        """Append inputs; answers the number of the first one."""
        first, count = len(self.operations), len(values)
        self.operations += [None] * count
        self.operands += [()] * count
        self.values += values
        self.reached += map(differentiable, values)
        self.offsets += [-1] * count
        self.step_scopes += [self.scopes[0]] * count
        self.is_input.update(enumerate(names, first))
        return first

    def constant(self, value: Any, frame: FrameType | None = None) -> int:
        """Append a constant, which stands in this frame (else where the last step does); answers its number."""
        index = len(self.operations)
        if frame is not self.frame and frame is not None:
            self.enter(frame)
        self.operations.append(None)
        self.operands.append(())
        self.values.append(value)
        self.reached.append(False)
        self.offsets.append(-1)
        self.step_scopes.append(self.scope)
        return index

    def copy(self, other: Recorder, index: int, operands: tuple[int, ...]) -> int:
        """Append an entry of another record as it stands there, on other operands; answers its number here.

        What is kept for its rules is not: the value may be made another one.
        """
        new = len(self.operations)
        self.operations.append(other.operations[index])
        self.operands.append(operands)
        self.values.append(other.values[index])
        self.reached.append(other.reached[index])
        self.offsets.append(other.offsets[index])
        self.step_scopes.append(other.step_scopes[index])
        if index in other.parameters:
            self.parameters[new] = other.parameters[index]
        if index in other.is_input:
            self.is_input[new] = other.is_input[index]
        if index in other.whole:
            self.whole.add(new)
        if index in other.labels:
            self.labels[new] = other.labels[index]
        if index in other.last_words:
            self.last_words[new] = other.last_words[index]
        if index in other.meanings:
            self.meanings[new] = other.meanings[index]
        if index in other.orders:
            self.orders[new] = other.orders[index]
        return new

    def append(
        self,
        operation: Operation,
        operands: tuple[int, ...],
        parameters: dict[str, Any] | None,
        value: Any,
        reached: bool,
        frame: FrameType,
    ) -> int:
        """Append a step; answers its number."""
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
        return index

    def enter(self, frame: FrameType) -> FrameType:
        """Find (or make) the scope of a frame; answers the user's own frame, the nearest one that is not ours.

        Raises `RecordingError` when the graph was traced and is complete.
        """
        if self.pinned is not None:
            self.frame = frame
            self.scope = self.pinned.within(frame.f_code, -1, None)
            return frame
        while frame is not self.boundary and is_ours(frame) and frame.f_back is not None:
            frame = frame.f_back
        if frame is not self.frame:
            self.scope = self.seen.get(frame) or self._scope_at(frame)
            self.frame = frame
        return frame

    def _scope_at(self, frame: FrameType) -> Scope:
        """The scope of a frame that was not seen since a group was opened or closed."""
        if self.closed:
            raise RecordingError(
                f"{written(frame)} uses a value of a graph that is complete ({place(frame)}); compute it inside the "
                "function that is traced, or take its number: value.data"
            )
        opened = _open.groups
        if not self.seen:
            _open.remembering.append(self)
        caller = frame.f_back
        if not opened and caller in self.scope_of and frame not in self.scope_of and caller is not None:
            # A function that is called where earlier steps were written, which is what mostly happens.
            if caller is self.boundary:
                scope = self._top(frame)
            else:
                scope = self._called(self.scope_of[caller], frame, caller.f_lasti, opened)
            self.seen[frame] = scope
            return scope
        chain: list[FrameType] = []
        known: FrameType | None = frame
        while known is not None and known not in self.scope_of:
            if not is_ours(known):
                chain.append(known)
            known = known.f_back
        if known is None:
            # A graph built by hand goes on in another cell of a notebook, which is a top of its own.
            outermost = next((i for i, f in enumerate(chain) if f.f_code.co_name == "<module>"), 0)
            del chain[outermost + 1 :]
        if chain and (known is None or known is self.boundary):
            known = chain.pop()
            self._top(known)
        caller = known or frame
        scope = self.scope_of[caller]
        if opened:
            scope = self._grouped(scope, caller, opened)
        for inner in reversed(chain):
            scope = self._grouped(self._called(scope, inner, caller.f_lasti, opened), inner, opened)
            caller = inner
        self.seen[frame] = scope
        return scope

    def _top(self, frame: FrameType) -> Scope:
        """The scope of a frame whose steps lie in no group."""
        self.scope_of[frame] = scope = self.scopes[0].within(frame.f_code, -1, None)
        return scope

    def _called(self, caller: Scope, frame: FrameType, offset: int, opened: Sequence[Group]) -> Scope:
        """The scope of a function that was called from another."""
        code = frame.f_code
        # Lambdas and comprehensions are not steps of their own in the reader's mind.
        if code.co_name.startswith("<") or goes_on(frame) or any(group.skips is code for group in opened):
            self.scope_of[frame] = scope = caller.within(code, offset, caller)
            return scope
        return self._child(frame, Scope(len(self.scopes), caller, title_of(frame), code, offset, caller))

    def _grouped(self, scope: Scope, frame: FrameType, opened: Sequence[Group]) -> Scope:
        """The innermost of the groups that were opened in this frame, or the frame's own scope."""
        for group in opened:
            if group.frame is frame:
                inside = Scope(len(self.scopes), scope, group.title, scope.code, scope.call_offset, scope.caller)
                scope = self.scope_of.get(group) or self._child(group, inside)
        return scope

    def _child(self, key: Any, scope: Scope) -> Scope:
        self.scopes.append(scope)
        self.scope_of[key] = scope
        return scope

    def name(self, index: int, text: str) -> None:
        """Give an entry its name."""
        self.labels[index] = text
        self.renamed += 1

    def array(self, original: Any, frame: FrameType) -> tuple[int, Any]:
        """The entry of an array (or list) of the user's that is a constant here, and what it holds: a copy.

        What is used again, and holds the same as before, is one entry. The number is −1 where it is no array of
        numbers; a single number is held as such.
        """
        found = self.constants.get(id(original))
        if found is not None and found.is_unchanged():
            if frame is not self.frame:
                self.enter(frame)
            index = found.indices[-1]
            self.step_scopes[index] = around_both(self.step_scopes[index], self.scope)
            return index, found.holds
        holds = np.array(original)
        if holds.dtype.kind not in "fiub":
            return -1, holds
        if not holds.ndim:
            number = plain(holds[()])
            return self.constant(number, frame), number
        index = self.constant(holds, frame)
        if found is None:
            self.constants[id(original)] = Constant(original, holds, index)
        else:
            found.holds = holds
            found.indices.append(index)
        return index, holds

    def constant_names(self) -> dict[int, str]:
        """The names of the arrays that are constants: those of the user's variables that hold them."""
        return self._names_held(self._variables()) if self.constants else {}

    def _names_held(self, frames: Sequence[Variables]) -> dict[int, str]:
        names = held_names(frames, self.constants)
        return {index: name for key, name in names.items() for index in self.constants[key].indices}

    def _variables(self) -> list[Variables]:
        """What the variables of the user's frames hold."""
        boundary = self.boundary
        return [Variables(f) for f in self.scope_of if f.__class__ is FrameType and f is not boundary]

    def close(self) -> list[tuple[str, Any]]:
        """Let go of the frames; answers what their local variables hold, (name, value), as the last word on names."""
        frames = self._variables()
        if self.constants:
            self.labels = self._names_held(frames) | self.labels
        if not frames:
            # Nothing was written by the user: a NumPy function itself was traced.
            self.offsets = [-1] * len(self)
        if self.seen:
            _open.remembering.remove(self)
        self.closed = True
        self.frame = self.boundary = None
        self.scope_of = {}
        self.seen = {}
        self.constants = {}
        # What a function calls its parameters says little about the value that it was given.
        return [pair for variables in frames for pair in variables.own]

    def same(self, other: Recorder, what: str) -> None:
        """Raise `RecordingError` when a value of another graph is used in this one."""
        if other is not self:
            raise RecordingError(
                f"{what} mixes values of two different graphs; a value can only be used in the graph it was made in "
                "(value.data is its plain number)"
            )


def differentiable(value: Any) -> bool:
    """Whether a gradient can flow to such a value: numbers and arrays of them, not true and false.

    Arrays of whole numbers count: where they are no more than an index, no gradient comes their way.

    >>> differentiable(3.0), differentiable(True)
    (True, False)
    """
    if value.__class__ is float or value is NO_VALUE:
        return True
    return hasattr(value, "dtype") and value.dtype.kind in "fiu"
