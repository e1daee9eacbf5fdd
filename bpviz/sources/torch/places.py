"""Where a step stands: the user's line, the modules and functions around it, and the names of its results."""

from __future__ import annotations

from types import FrameType
from typing import Any

from bpviz.code_files import is_library
from bpviz.recording.frames import current_groups
from bpviz.recording.source import Returned, is_ours, stored_name
from bpviz.sources.steps import Group
from bpviz.sources.torch.tensors.drafts import NOWHERE, Place
from bpviz.sources.torch.tensors.nested import Path

__all__ = ["Places"]


class Places:
    """Finds places from frames, those below ``root`` alone.

    Every call of a module is a group, and so is every call of one of the user's functions, except for the outermost.
    """

    def __init__(self, root: FrameType) -> None:
        self.root: FrameType | None = root
        # The frames in which modules run now, with their groups.
        self.modules: dict[FrameType, Group] = {}
        # The frames around the latest step, outermost first, each with the group of what it does itself.
        self.frames: list[FrameType] = []
        self.groups: list[Group | None] = []
        self.named: dict[tuple[int, int], tuple[Any, Group]] = {}

    def at(self, frame: FrameType) -> Place:
        """Return the place of a step that a frame computes."""
        group = self.group_of(frame)
        direct = True
        own: FrameType | None = frame
        while own is not None and is_ours(own):
            direct = direct and "/nn/modules/" not in own.f_code.co_filename.replace("\\", "/")
            own = None if own is self.root else own.f_back
        if own is None:
            return NOWHERE._replace(group=group)
        return Place(own.f_code, own.f_lasti, group, direct)

    def group_of(self, frame: FrameType) -> Group | None:
        """Return the innermost group around what a frame does."""
        fresh: list[FrameType] = []
        known = {id(f): place for place, f in enumerate(self.frames)}
        at: FrameType | None = frame
        while at is not None and id(at) not in known and at is not self.root:
            fresh.append(at)
            at = at.f_back
        keep = known[id(at)] + 1 if at is not None and id(at) in known else 0
        del self.frames[keep:], self.groups[keep:]
        group = self.groups[-1] if self.groups else None
        if not self.frames and at is not None:
            self.frames.append(at)
            self.groups.append(None)
        for inner in reversed(fresh):
            group = self._inside(inner, group)
            self.frames.append(inner)
            self.groups.append(group)
        return self._with_named(group)

    def _inside(self, frame: FrameType, around: Group | None) -> Group | None:
        """Return the group of what a frame does, inside of the group of its caller."""
        if frame in self.modules:
            return self.modules[frame]
        code = frame.f_code
        if is_ours(frame) or is_library(code.co_filename) or code.co_name.startswith("<") or code.co_name in _ENTRIES:
            return around
        if not any(not is_ours(f) for f in self.frames):
            # The outermost function of the user's: what is drawn.
            return around
        return Group(code.co_name, self._with_named(around))

    def _with_named(self, group: Group | None) -> Group | None:
        """Return the innermost ``bpviz.group`` that is open in a frame around the latest step, or the group itself."""
        opened = current_groups()
        if not opened:
            return group
        found: Group | None = None
        for frame, around in zip(self.frames, self.groups, strict=True):
            for one in opened.of_frame.get(frame, ()):
                parent = found if found is not None else around
                key = (id(one), id(parent))
                # Both are kept, so that their identities stay theirs.
                made = self.named.setdefault(key, ((one, parent), Group(one.title, parent)))
                found = made[1]
        if found is None or group is None:
            return found or group
        return group if _depth(group) > _depth(found) else found

    # Modules

    def enter(self, frame: FrameType, title: str) -> None:
        """Begin the call of a module in a frame; an empty title is that of the whole, which has no group."""
        around = self.group_of(frame)
        if title:
            self.modules[frame] = Group(title, around)
            self.frames.pop()
            self.groups.pop()

    def leave(self, frame: FrameType) -> None:
        """End the call of a module."""
        self.modules.pop(frame, None)
        while frame in self.frames:
            self.frames.pop()
            self.groups.pop()

    def release(self) -> None:
        """Let go of all frames, with the variables in them."""
        self.root = None
        self.modules.clear()
        self.frames.clear()
        self.groups.clear()

    # Names

    def name_at(self, frame: FrameType, path: Path = ()) -> str:
        """Return the variable that takes a result of what a frame computes; empty if there is none.

        ``path`` is the place of the result in a tuple. A result that a function returns at once has the name of the
        caller's variable.
        """
        at: FrameType | None = frame
        while at is not None and is_ours(at):
            at = None if at is self.root else at.f_back
        while at is not None and all(isinstance(part, int) for part in path):
            found = stored_name(at.f_code, at.f_lasti, path)
            if not isinstance(found, Returned):
                return found or ""
            path, at = found.path, None if at is self.root else at.f_back
            if at is not None and is_ours(at):
                # A module or a helper of PyTorch's called it, and may do more with it.
                return ""
        return ""


_ENTRIES = frozenset({"forward", "__call__"})
"""Methods that are named after their object, whose call is a group already."""


def _depth(group: Group | None) -> int:
    depth = 0
    while group is not None:
        depth, group = depth + 1, group.parent
    return depth
