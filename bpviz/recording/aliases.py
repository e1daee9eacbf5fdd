"""Handles that share memory, as NumPy's arrays do: a write to one of them is seen in all.

A view knows its parent and the operation that made it. When a handle is given a new value, its views are computed
again from it, and its parents get the value put back at its place. Handles that are copies share nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import starmap
from typing import Any, NamedTuple
from weakref import ref

from bpviz.lazy import LazyModule
from bpviz.ops import OPERATIONS, Operation
from bpviz.ops.table.values import shape_of

__all__ = [
    "Alias",
    "Spans",
    "Write",
    "ancestors",
    "constant_part",
    "detached",
    "give",
    "is_child_at",
    "is_zero",
    "latest",
    "link",
    "put",
    "shares_memory",
    "spans",
]

np: Any = LazyModule("numpy")

Spans = tuple[Any, ...]


class Write(NamedTuple):
    """One write: the entry before it, the entry that was written, and the places, where these are plain."""

    base: int
    value: int
    spans: Spans | None


class Alias:
    """What a handle shares its memory with: its parent and how it was made from it, and its own views."""

    __slots__ = ("operation", "parameters", "parent", "positions", "views")

    def __init__(self, parent: Any, operation: Any, positions: Sequence[Any], parameters: dict[str, Any]) -> None:
        self.parent = parent
        self.operation = operation
        self.positions = positions
        self.parameters = parameters
        self.views: list[ref[Any]] = []


def detached(handle: Any) -> Any:
    """Return a handle of the same value that shares memory with none: a copy."""
    return handle.__bpviz_detached__()


def link(view: Any, parent: Any, operation: Operation, positions: Sequence[Any], parameters: dict[str, Any]) -> None:
    """Note that a handle is a view of another."""
    view.alias = Alias(parent, operation, positions, parameters)
    try:
        views = parent.alias.views
    except AttributeError:
        # What nobody has taken a view of, and is none itself.
        parent.alias = Alias(None, None, (), {})
        views = parent.alias.views
    if len(views) & 63 == 63:
        views[:] = [found for found in views if found() is not None]
    views.append(ref(view))


def shares_memory(view: Any, array: Any) -> bool:
    """Whether an array that was made from another lies in its memory.

    >>> x = np.zeros((2, 3))
    >>> shares_memory(x.T, x), shares_memory(x[:1].T, x[:1]), shares_memory(x[[0]], x)
    (True, True, False)
    """
    owner = getattr(view, "base", None)
    return owner is not None and view.ndim > 0 and (owner is array or owner is getattr(array, "base", None))


def give(handle: Any, new: Any) -> None:
    """Give a handle the value of another, and let all that share memory with it see it."""
    _hold(handle, new)
    handle.recorder.rewrites = True
    alias = getattr(handle, "alias", None)
    if alias is None:
        return
    _refresh(alias, handle, None)
    while alias.parent is not None:
        parent, child = alias.parent, handle
        if alias.operation.name == "index":
            made = put(parent, child, alias.positions, alias.parameters["key"])
        else:
            made = _unnamed(alias.operation.view(child, parent, *alias.positions, **alias.parameters))
        _hold(parent, made)
        handle, alias = parent, parent.alias
        _refresh(alias, parent, child)


def _hold(handle: Any, new: Any) -> None:
    """Let a handle hold a value, laid out in memory as before: that decides what is a view of it and what a copy."""
    before, now = handle.data, new.data
    if type(now) is not float and now.strides != before.strides:
        now = np.empty_like(before)
        now[...] = new.data
    handle.index, handle.data = new.index, now


def _refresh(alias: Alias, handle: Any, but: Any) -> None:
    """Compute the views of a handle again, except one."""
    for child in [found for found in (view() for view in alias.views) if found is not None and found is not but]:
        mine = child.alias
        made = _unnamed(mine.operation(handle, *mine.positions, **mine.parameters))
        _hold(child, made)
        _refresh(mine, child, None)


def _unnamed(handle: Any) -> Any:
    """The handle of a step that no variable of the source takes: its name is that of what holds it in the end."""
    recorder = handle.recorder
    if recorder.operations[handle.index] is not None:
        recorder.labels.setdefault(handle.index, "")
    return handle


def put(base: Any, value: Any, positions: Sequence[Any], key: Any) -> Any:
    """``base[key] = value`` as a new value; note what was written where, so that it can be read again."""
    made = _unnamed(OPERATIONS["assign"](base, value, *positions, key=key))
    recorder = made.recorder
    plain = None if positions else spans(key, shape_of(base.data))
    _, written, *_ = recorder.operands[made.index]
    recorder.written[made.index] = Write(base.index, written, plain)
    return made


def is_child_at(value: Any, parent: Any, key: Any) -> bool:
    """Whether a value is the view of this part of another, as in the second half of ``x[key] += y``.

    Python takes the part, changes it in place, and then writes it where it is already.
    """
    alias = getattr(value, "alias", None)
    if alias is None or alias.parent is not parent or alias.operation.name != "index" or alias.positions:
        return False
    here, there = spans(key, parent.shape), spans(alias.parameters["key"], parent.shape)
    return here is not None and here == there


# What was written where


def spans(key: Any, shape: Sequence[int]) -> Spans | None:
    """The places of an index of numbers and slices, axis by axis: a number or a range; ``None`` for any other index.

    >>> spans((Ellipsis, -1), (2, 3)), spans(slice(0, 1), (2, 3)), spans([0, 1], (2, 3))
    ((range(0, 2), 2), (range(0, 1), range(0, 3)), None)
    """
    parts = key if isinstance(key, tuple) else (key,)
    if any(part is Ellipsis for part in parts):
        at = next(i for i, part in enumerate(parts) if part is Ellipsis)
        parts = (*parts[:at], *[slice(None)] * (len(shape) - len(parts) + 1), *parts[at + 1 :])
    parts = (*parts, *[slice(None)] * (len(shape) - len(parts)))
    if len(parts) != len(shape) or not all(map(_is_plain, parts)):
        return None
    return tuple(starmap(_span, zip(parts, shape, strict=True)))


def _is_plain(part: Any) -> bool:
    if type(part) is slice:
        return all(end is None or _is_plain(end) for end in (part.start, part.stop, part.step))
    return type(part) is int or isinstance(part, np.integer)


def _span(part: Any, length: int) -> Any:
    return range(*part.indices(length)) if type(part) is slice else int(part) % length


def apart(one: Spans, other: Spans) -> bool:
    """Whether two places have no element in common.

    >>> apart((0, range(3)), (1, range(3))), apart((0, range(3)), (range(2), 2))
    (True, False)
    """
    return any(_set(a).isdisjoint(_set(b)) for a, b in zip(one, other, strict=True) if a != b)


def _set(span: Any) -> frozenset[int]:
    return frozenset((span,)) if type(span) is int else frozenset(span)


_FARTHEST = 256
"""How many writes are looked through for the one that wrote a part; what lies farther back is read by its index."""


def latest(recorder: Any, index: int, key: Any, shape: Sequence[int]) -> tuple[int, bool]:
    """Where to read a part of an array that was written to: the entry, and whether it is that very part.

    What was written at the place is read again as it is; writes at other places are passed over.
    """
    wanted = spans(key, shape)
    for _ in range(_FARTHEST):
        if wanted is None or index not in recorder.written:
            break
        write: Write = recorder.written[index]
        if write.spans is None:
            break
        if write.spans == wanted:
            before, now = recorder.values[index], recorder.values[write.value]
            same = getattr(now, "dtype", np.float64) == before.dtype and shape_of(now) == before[key].shape
            return (write.value, True) if same else (index, False)
        if not apart(write.spans, wanted):
            break
        index = write.base
    return index, False


def constant_part(recorder: Any, index: int, key: Any) -> Any:
    """The part of a constant, where an entry is one; else ``None``."""
    if recorder.operations[index] is None and index not in recorder.is_input:
        return recorder.values[index][key]
    return None


def is_zero(handle: Any) -> bool:
    """Whether a handle is a constant that is 0 everywhere: a buffer into which nothing was written yet."""
    recorder, index = handle.recorder, handle.index
    return recorder.operations[index] is None and index not in recorder.is_input and not np.any(handle.data)


def ancestors(recorder: Any, roots: Sequence[int]) -> Iterator[int]:
    """The entries that lead to these, and these themselves, the latest first."""
    wanted = bytearray(len(recorder))
    for index in roots:
        wanted[index] = 1
    for index in range(len(wanted) - 1, -1, -1):
        if wanted[index]:
            yield index
            for operand in recorder.operands[index]:
                wanted[operand] = 1
