"""The record of a computation: one entry per step, in the order in which it was done.

Everything lies in parallel lists, so that a step costs a few appends and few objects for the garbage collector to walk.
Where a step stands in the user's file is kept as a code object and an offset, and decoded only when somebody asks.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from types import CodeType, FrameType
from typing import Any

from bpviz.errors import RecordingError
from bpviz.ops import Operation

__all__ = ["NO_VALUE", "Group", "Recorder", "Scope", "current_groups", "is_ours"]


class _NoValue:
    """The value of an input that was given none."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<no value>"


NO_VALUE = _NoValue()


class Scope:
    """One call of one of the user's functions (or one ``bpviz.group``): the steps recorded in it form a group.

    ``call_offset`` is where its caller stood when it was called.
    """

    __slots__ = ("call_offset", "code", "index", "parent", "title")

    def __init__(self, index: int, parent: Scope | None, title: str, code: CodeType, call_offset: int) -> None:
        self.index = index
        self.parent = parent
        self.title = title
        self.code = code
        self.call_offset = call_offset

    def __repr__(self) -> str:
        return f"<scope {self.index} {self.title}>"


class Group:
    """A group that the user opened by name; ``frame`` is where, ``skips`` the function that it stands for."""

    __slots__ = ("frame", "skips", "title")

    def __init__(self, title: str, frame: FrameType, skips: CodeType | None = None) -> None:
        self.title = title
        self.frame = frame
        self.skips = skips


_groups: list[Group] = []
# Recorders that remember the frame they saw last; opening or closing a group makes them look again.
_remembering: list[Recorder] = []


def current_groups() -> list[Group]:
    """The groups that are open now, outermost first (the list itself: `bpviz.group` pushes and pops here)."""
    for recorder in _remembering:
        recorder.frame = None
    _remembering.clear()
    return _groups


_HOME = os.path.dirname(__file__) + os.sep


def is_ours(frame: FrameType) -> bool:
    """Frames of bpviz and NumPy stand between the user's code and the record; they are not the user's."""
    if frame.f_code.co_filename.startswith(_HOME):
        return True
    module = frame.f_globals.get("__name__") or ""
    return module == "numpy" or module.startswith("numpy.")


class Recorder:
    """The lists, and the one door (`append`) through which they grow.

    Every entry has an operation (``None`` for an input or a constant), the entries it used, its value, whether a
    gradient can flow to it, and where it was written (scope and offset).

    ``root`` is the frame whose steps lie in no group. With ``boundary`` it is the tracer's own frame, and the user's
    function is the first one that it calls.
    """

    __slots__ = (
        "boundary",
        "frame",
        "is_input",
        "labels",
        "offsets",
        "operands",
        "operations",
        "parameters",
        "reached",
        "scope",
        "scope_of",
        "scopes",
        "flow",
        "whole",
        "step_scopes",
        "values",
    )

    def __init__(self, root: FrameType, name: str = "", *, boundary: bool = False) -> None:
        self.operations: list[Operation | None] = []
        self.operands: list[tuple[int, ...]] = []
        self.values: list[Any] = []
        self.reached: list[bool] = []
        self.offsets: list[int] = []
        self.step_scopes: list[Scope] = []
        self.parameters: dict[int, dict[str, Any]] = {}
        self.is_input: dict[int, str] = {}
        self.labels: dict[int, str] = {}
        # Inputs that were given as whole numbers, so that `range(n)` and `x[n]` work with them.
        self.whole: set[int] = set()
        self.flow: Any = None
        self.scope = Scope(0, None, name, root.f_code, -1)
        self.scopes: list[Scope] = [self.scope]
        self.frame: FrameType | None = None
        self.boundary = root if boundary else None
        # Frames are kept (not their ids, which are used again), so that two calls of one function stay two groups.
        self.scope_of: dict[Any, Scope] = {root: self.scope}

    def __len__(self) -> int:
        return len(self.operations)

    def leaf(self, value: Any, *, name: str | None = None, frame: FrameType | None = None) -> int:
        """Append an input (with a name) or a constant; answers its number."""
        index = len(self.operations)
        if frame is not None and frame is not self.frame:
            self.enter(frame)
        self.operations.append(None)
        self.operands.append(())
        self.values.append(value)
        self.offsets.append(-1)
        self.step_scopes.append(self.scopes[0] if name is not None else self.scope)
        if name is None:
            self.reached.append(False)
        else:
            self.is_input[index] = name
            self.reached.append(differentiable(value))
        return index

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
        """Find (or make) the scope of a frame; answers the user's own frame, the nearest one that is not ours."""
        while is_ours(frame) and frame.f_back is not None:
            frame = frame.f_back
        chain: list[FrameType] = []
        known: FrameType | None = frame
        while known is not None and known not in self.scope_of:
            if not is_ours(known):
                chain.append(known)
            known = known.f_back
        scope = self.scopes[0]
        if known is not None:
            scope = self.scope_of[known]
        else:
            # A graph built by hand goes on in another cell of a notebook, which is a top of its own.
            top = next((i for i, f in enumerate(chain) if f.f_code.co_name == "<module>"), 0)
            del chain[top + 1 :]
        if known is None or known is self.boundary:
            known = chain.pop()
            if self.boundary is not None:
                scope.code = known.f_code
            else:
                # Each cell of a notebook is a code object of its own; all of them are the top.
                scope = Scope(0, None, scope.title, known.f_code, -1)
            self.scope_of[known] = scope
        caller = known
        opened = list(_groups)
        scope = self._grouped(scope, known, opened)
        for inner in reversed(chain):
            offset = caller.f_lasti
            # Lambdas and comprehensions are not steps of their own in the reader's mind.
            named = not inner.f_code.co_name.startswith("<") and all(g.skips is not inner.f_code for g in opened)
            scope = self._child(scope, inner, title_of(inner), inner.f_code, offset) if named else scope
            self.scope_of.setdefault(inner, scope)
            scope = self._grouped(scope, inner, opened)
            caller = inner
        if self.frame is None:
            _remembering.append(self)
        self.frame = frame
        self.scope = scope
        return frame

    def _grouped(self, scope: Scope, frame: FrameType, opened: Sequence[Group]) -> Scope:
        for group in opened:
            if group.frame is frame:
                scope = self._child(scope, group, group.title, scope.code, scope.call_offset)
        return scope

    def _child(self, parent: Scope, key: Any, title: str, code: CodeType, offset: int) -> Scope:
        found = self.scope_of.get(key)
        if found is None:
            found = Scope(len(self.scopes), parent, title, code, offset)
            self.scopes.append(found)
            self.scope_of[key] = found
        return found

    def close(self) -> Iterator[tuple[str, Any]]:
        """Let go of the frames; yields what their local variables hold, (name, value), as the last word on names."""
        frames = [f for f in self.scope_of if isinstance(f, FrameType)]
        self.frame = self.boundary = None
        self.scope_of = {}
        for frame in frames:
            code = frame.f_code
            # What a function calls its parameters says little about the value that it was given.
            parameters = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
            yield from ((name, value) for name, value in frame.f_locals.items() if name not in parameters)

    def same(self, other: Recorder, what: str) -> None:
        """Raise `RecordingError` when a value of another graph is used in this one."""
        if other is not self:
            raise RecordingError(
                f"{what} mixes values of two different graphs; a value can only be used in the graph it was made in"
            )


def differentiable(value: Any) -> bool:
    """Whether a gradient can flow to such a value: numbers and float arrays, not whole-number or boolean arrays.

    >>> differentiable(3.0), differentiable(True)
    (True, False)
    """
    if value.__class__ is float or value is NO_VALUE:
        return True
    dtype = getattr(value, "dtype", None)
    return dtype is not None and dtype.kind == "f"


def title_of(frame: FrameType) -> str:
    """A function's name as a reader would say it; for ``Affine.forward`` the class.

    >>> import sys
    >>> title_of(sys._getframe())
    '<module>'
    """
    name = frame.f_code.co_name
    if name in ("forward", "__call__", "call", "apply"):
        owner = frame.f_code.co_qualname.rpartition(".")[0].rpartition(".")[2]
        if owner and owner != "<locals>":
            return owner
    return name
