"""Handles that share memory, as NumPy's arrays do: a write to one of them is seen in all.

A view knows its parent and the operation that made it. When a handle gets a new value, its views are computed again
from it, and the value is put back at its place in its parents. Handles that are copies share nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import starmap
from typing import Any, NamedTuple
from weakref import ref

from bpviz.lazy import LazyModule
from bpviz.ops import OPERATIONS, Operation
from bpviz.ops.primitives.shaping import indexed
from bpviz.ops.table.copying import sealed
from bpviz.ops.table.values import shape_of

__all__ = [
    "Alias",
    "Spans",
    "Superseded",
    "Write",
    "ancestors",
    "constant_part",
    "detached",
    "give",
    "is_child_at",
    "is_zero",
    "latest",
    "link",
    "present",
    "put",
    "settle",
    "shares_memory",
    "spans",
]

np: Any = LazyModule("numpy")

Spans = tuple[Any, ...]


class Write(NamedTuple):
    """One write: the entry before it, the entry that was written, and the places, where these are plain.

    ``key`` is the index, with numbered places for the entries ``positions``.
    """

    base: int
    value: int
    spans: Spans | None
    key: Any = None
    positions: tuple[int, ...] = ()


class Superseded:
    """An array before it was written into: its numbers are computed again when they are read.

    Without it, a fill of n elements would keep n arrays.
    """

    __slots__ = ("dtype", "index", "ndim", "recorder", "shape", "size")

    def __init__(self, recorder: Any, index: int, value: Any) -> None:
        # Weakly: the record holds it, and in a cycle all its arrays would wait for the garbage collector.
        self.recorder = ref(recorder)
        self.index = index
        self.shape, self.ndim, self.size, self.dtype = value.shape, value.ndim, value.size, value.dtype

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        made = _computed_again(self.recorder(), self.index)
        return made if dtype is None else made.astype(dtype)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__array__(), name)

    def __getitem__(self, key: Any) -> Any:
        return self.__array__()[key]

    def __len__(self) -> int:
        return len(self.__array__())

    def __reduce__(self) -> Any:
        return np.array, (self.__array__(),)


def present(value: Any) -> Any:
    """Return a recorded value, computed again if it was superseded."""
    return value.__array__() if type(value) is Superseded else value


def _computed_again(recorder: Any, index: int) -> Any:
    """Return the value of a superseded entry: the writes that led to it, one after the other."""
    values, chain = recorder.values, [index]
    while type(values[base := recorder.written[chain[-1]].base]) is Superseded:
        chain.append(base)
    value = np.array(values[base], values[index].dtype)
    for at in reversed(chain):
        write: Write = recorder.written[at]
        positions = [present(values[i]) for i in write.positions]
        value[indexed(write.key, positions)] = present(values[write.value])
    return sealed(value)


def settle(recorder: Any) -> None:
    """Compute again what steps of a finished record use, except other writes that no step uses."""
    values, operands, written = recorder.values, recorder.operands, recorder.written
    needed = bytearray(len(values))
    for index in range(len(values) - 1, -1, -1):
        if needed[index] or index not in written or recorder.operations[index] is not OPERATIONS["assign"]:
            for operand in operands[index]:
                needed[operand] = 1
    for index in range(len(values)):
        if needed[index] and type(values[index]) is Superseded:
            # All its operands are there.
            values[index] = _computed_again(recorder, index)


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
    """Record that a handle is a view of another."""
    view.alias = Alias(parent, operation, positions, parameters)
    try:
        views = parent.alias.views
    except AttributeError:
        # The parent is no view, and this is the first view of it.
        parent.alias = Alias(None, None, (), {})
        views = parent.alias.views
    if len(views) & 63 == 63:
        views[:] = [found for found in views if found() is not None]
    views.append(ref(view))


def shares_memory(view: Any, array: Any) -> bool:
    """Return whether an array that was made from another uses its memory.

    >>> x = np.zeros((2, 3))
    >>> shares_memory(x.T, x), shares_memory(x[:1].T, x[:1]), shares_memory(x[[0]], x)
    (True, True, False)
    """
    owner = getattr(view, "base", None)
    return owner is not None and view.ndim > 0 and (owner is array or owner is getattr(array, "base", None))


def give(handle: Any, new: Any) -> None:
    """Give a handle the value of another; all handles that share memory with it change too."""
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
    """Store a value in a handle, laid out in memory as before: the layout decides what is a view and what a copy."""
    before, now = handle.data, new.data
    if type(now) is not float and now.strides != before.strides:
        now = np.empty_like(before)
        now[...] = new.data
        sealed(now)
    recorder, old = handle.recorder, handle.index
    handle.index, handle.data = new.index, now
    if recorder.compacts and old in recorder.written and type(recorder.values[old]) is np.ndarray:
        recorder.values[old] = Superseded(recorder, old, recorder.values[old])


def _refresh(alias: Alias, handle: Any, but: Any) -> None:
    """Compute the views of a handle again, except one."""
    for child in [found for found in (view() for view in alias.views) if found is not None and found is not but]:
        mine = child.alias
        made = _unnamed(mine.operation(handle, *mine.positions, **mine.parameters))
        _hold(child, made)
        _refresh(mine, child, None)


def _unnamed(handle: Any) -> Any:
    """Mark a step as one that no variable of the source takes, and return its handle."""
    recorder = handle.recorder
    if recorder.operations[handle.index] is not None:
        recorder.labels.setdefault(handle.index, "")
    return handle


def put(base: Any, value: Any, positions: Sequence[Any], key: Any) -> Any:
    """Return the new value of ``base[key] = value``; record what was written where, so that it can be read again."""
    made = _unnamed(OPERATIONS["assign"](base, value, *positions, key=key))
    recorder = made.recorder
    plain = None if positions else spans(key, shape_of(base.data))
    _, written, *at = recorder.operands[made.index]
    recorder.written[made.index] = Write(base.index, written, plain, key, tuple(at))
    return made


def is_child_at(value: Any, parent: Any, key: Any) -> bool:
    """Return whether a value is the view of this part of another, as in the second half of ``x[key] += y``.

    Python takes the part, changes it in place, and then writes it to the place where it already is.
    """
    alias = getattr(value, "alias", None)
    if alias is None or alias.parent is not parent or alias.operation.name != "index" or alias.positions:
        return False
    here, there = spans(key, parent.shape), spans(alias.parameters["key"], parent.shape)
    return here is not None and here == there


# What was written where


def spans(key: Any, shape: Sequence[int]) -> Spans | None:
    """Return the places of an index of numbers and slices, per axis a number or a range; ``None`` for any other index.

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
    """Return whether two places have no element in common.

    >>> apart((0, range(3)), (1, range(3))), apart((0, range(3)), (range(2), 2))
    (True, False)
    """
    return any(_set(a).isdisjoint(_set(b)) for a, b in zip(one, other, strict=True) if a != b)


def _set(span: Any) -> frozenset[int]:
    return frozenset((span,)) if type(span) is int else frozenset(span)


_FARTHEST = 256
"""The most writes that are searched for the one that wrote a part; an older part is read by its index."""


def latest(recorder: Any, index: int, key: Any, shape: Sequence[int]) -> tuple[int, bool]:
    """Return where to read a part of an array that was written to: the entry, and whether it is exactly that part.

    What was written at the place is read again as it is; writes at other places are skipped.
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
            same = getattr(now, "dtype", np.float64) == before.dtype and shape_of(now) == shape_of(
                np.broadcast_to(0, before.shape)[key]
            )
            return (write.value, True) if same else (index, False)
        if not apart(write.spans, wanted):
            break
        index = write.base
    return index, False


def constant_part(recorder: Any, index: int, key: Any) -> Any:
    """Return the part of a constant; ``None`` if the entry is no constant."""
    if recorder.operations[index] is None and index not in recorder.is_input:
        return recorder.values[index][key]
    return None


def is_zero(handle: Any) -> bool:
    """Return whether a handle is a constant that is 0 everywhere: a buffer into which nothing has been written yet."""
    recorder, index = handle.recorder, handle.index
    return recorder.operations[index] is None and index not in recorder.is_input and not np.any(handle.data)


def ancestors(recorder: Any, roots: Sequence[int]) -> Iterator[int]:
    """Yield these entries and all that lead to them, the latest first."""
    wanted = bytearray(len(recorder))
    for index in roots:
        wanted[index] = 1
    for index in range(len(wanted) - 1, -1, -1):
        if wanted[index]:
            yield index
            for operand in recorder.operands[index]:
                wanted[operand] = 1
