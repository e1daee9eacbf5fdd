"""The places in the source at which steps are recorded: their frames, callers and open groups."""

from __future__ import annotations

import threading
from types import CodeType, FrameType
from typing import Any

from bpviz.errors import RecordingError
from bpviz.recording.scopes import Group, Scope, goes_on, title_of
from bpviz.recording.source import is_ours, place, written
from bpviz.recording.variables import Variables

__all__ = ["Frames", "current_groups"]


class Groups(list[Group]):
    """The open groups, outermost first; each frame's are found at once, however many there are."""

    def __init__(self) -> None:
        super().__init__()
        self.of_frame: dict[FrameType, list[Group]] = {}
        self.skipped: dict[CodeType, int] = {}

    def append(self, group: Group) -> None:
        """Open a group."""
        super().append(group)
        self.of_frame.setdefault(group.frame, []).append(group)
        if group.skips is not None:
            self.skipped[group.skips] = self.skipped.get(group.skips, 0) + 1

    def close_from(self, place: int) -> None:
        """Close the group at a place, and all inside it."""
        for group in reversed(self[place:]):
            mine = self.of_frame[group.frame]
            mine.remove(group)
            if not mine:
                del self.of_frame[group.frame]
            if group.skips is not None:
                self.skipped[group.skips] -= 1
                if not self.skipped[group.skips]:
                    del self.skipped[group.skips]
        del self[place:]


class _Open(threading.local):
    """The open groups of this thread, and the recorders that remember their latest frame."""

    def __init__(self) -> None:
        self.groups = Groups()
        self.remembering: list[Frames] = []


_open = _Open()


def current_groups() -> Groups:
    """Return the open groups of this thread (the list itself: `bpviz.group` changes it).

    Recorders forget their latest frame: the next step may be in another group.
    """
    for recorder in _open.remembering:
        recorder.frame = None
        recorder.seen.clear()
    _open.remembering.clear()
    return _open.groups


class Frames:
    """The frames in which a record is made, and the scope of each.

    ``root`` is the frame whose steps are in no group. With ``boundary`` it is the tracer's own frame, and the user's
    function is the first one that it calls. ``frame`` is the frame of the latest step, and ``scope`` its scope.
    """

    __slots__ = ("__weakref__", "boundary", "closed", "frame", "pinned", "scope", "scope_of", "scopes", "seen")

    def __init__(self, root: FrameType, name: str = "", *, boundary: bool = False) -> None:
        self.closed = False
        # While an operation is opened, its steps are recorded in this scope, wherever their code is.
        self.pinned: Scope | None = None
        self.scope = Scope(0, None, name, root.f_code, -1)
        self.scopes: list[Scope] = [self.scope]
        self.frame: FrameType | None = None
        # The scope of each frame for the groups that are open now; emptied when a group opens or closes.
        self.seen: dict[FrameType, Scope] = {}
        self.boundary = root if boundary else None
        # Frames are keys, not their ids, which are used again: two calls of one function stay two groups.
        self.scope_of: dict[Any, Scope] = {root: self.scope}
        if not boundary:
            # The caller of a helper that made a graph may add to it: its frame is at the top too.
            caller = root
            while caller.f_code.co_name != "<module>" and caller.f_back is not None:
                caller = caller.f_back
                self.scope_of[caller] = self.scope.within(caller.f_code, -1, None)

    def enter(self, frame: FrameType) -> FrameType:
        """Find (or make) the scope of a frame. Return the user's own frame, the nearest one that is not bpviz's.

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
        """Return the scope of a frame that is new since a group was opened or closed."""
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
            # The usual case: the caller has recorded steps before.
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
            # A graph built by hand continues in another cell of a notebook, which is at the top as well.
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
        """Return the scope of a frame whose steps are in no group."""
        self.scope_of[frame] = scope = self.scopes[0].within(frame.f_code, -1, None)
        return scope

    def _called(self, caller: Scope, frame: FrameType, offset: int, opened: Groups) -> Scope:
        """Return the scope of a function that another one called."""
        code = frame.f_code
        # A reader does not see lambdas and comprehensions as groups of their own.
        if code.co_name.startswith("<") or goes_on(frame) or code in opened.skipped:
            self.scope_of[frame] = scope = caller.within(code, offset, caller)
            return scope
        return self._child(frame, Scope(len(self.scopes), caller, title_of(frame), code, offset, caller))

    def _grouped(self, scope: Scope, frame: FrameType, opened: Groups) -> Scope:
        """Return the innermost group that was opened in this frame, or the frame's own scope."""
        for group in opened.of_frame.get(frame, ()):
            inside = Scope(len(self.scopes), scope, group.title, scope.code, scope.call_offset, scope.caller)
            scope = self.scope_of.get(group) or self._child(group, inside)
        return scope

    def _child(self, key: Any, scope: Scope) -> Scope:
        self.scopes.append(scope)
        self.scope_of[key] = scope
        return scope

    def variables(self) -> list[Variables]:
        """Return the variables of the user's frames."""
        boundary = self.boundary
        return [Variables(f) for f in self.scope_of if f.__class__ is FrameType and f is not boundary]

    def leave(self) -> None:
        """Release the frames: nothing can be recorded any more."""
        self.closed = True
        self.forget()

    def forget(self) -> None:
        """Release the frames, whose variables would be kept with the record; what follows starts at the top."""
        if self.seen:
            _open.remembering.remove(self)
        self.frame = self.boundary = None
        self.scope_of = {}
        self.seen = {}
