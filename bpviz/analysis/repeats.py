"""Equal blocks in a chain: the body of a loop, the layers of a net, the steps of a recurrence.

A block is a stretch of steps and groups that the same lines of code recorded, again and again, each time with the
value of the block before. Blocks are equal if they have the same operations on the same shapes, joined in the same
way, and take from each other in the same way; their inputs, constants and indices may differ.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dis import opmap
from types import CodeType
from typing import Any, NamedTuple

from bpviz import ops
from bpviz.frozen import dataclass
from bpviz.graph.graph import Graph
from bpviz.lazy import LazyModule
from bpviz.recording.scopes import Scope

__all__ = ["Repeat", "repeats"]

np: Any = LazyModule("numpy")

_MOST = 4
"""The most equal blocks that are shown one by one."""
_CACHE = opmap.get("CACHE", -1)
"""What stands in Python's code after an instruction, as room for its specialized form."""


@dataclass(frozen=True, slots=True)
class Repeat:
    """A chain of equal blocks of which the first and the last are shown: those between them, in order.

    Each block has its nodes by number, in the same order in all blocks. ``scope`` is the group that holds the chain.
    """

    hidden: tuple[tuple[int, ...], ...]
    scope: Scope

    @property
    def places(self) -> dict[int, tuple[int, int]]:
        """Where each hidden node stands: the number of its block, and its place in the block."""
        return {node: (count, place) for count, block in enumerate(self.hidden) for place, node in enumerate(block)}


def repeats(
    graph: Graph, steps: Sequence[int], kind: Callable[[int], Any] = lambda node: None, ends: Sequence[int] = ()
) -> tuple[Repeat, ...]:
    """Return the chains of more than four equal blocks among these steps (numbers in the order of recording).

    Equal steps have also the same ``kind``. ``ends`` are nodes that the figure names as its outputs. A chain within a
    block is found in those blocks that are shown.

    >>> import bpviz
    >>> def power(x=2.0):
    ...     y = 1.0
    ...     for _ in range(6):
    ...         y = y * x
    ...     return y
    >>> graph = bpviz.trace(power)
    >>> [repeat.hidden for repeat in repeats(graph, [node.index for node in graph.nodes if node.operation])]
    [((3,), (4,), (5,), (6,))]
    """
    if len(steps) <= _MOST:
        return ()
    return tuple(_Finder(graph, steps, kind, frozenset(ends)).found())


class _Item(NamedTuple):
    """A step, or a group; ``size`` counts its steps, ``offset`` is its place in the code around it (−1: unknown)."""

    node: int
    scope: Scope | None
    size: int
    code: CodeType | None
    offset: int


class _Run(NamedTuple):
    """Equal blocks found: the place of the first item in its list, the items in a block, and the number of blocks."""

    start: int
    period: int
    blocks: int

    @property
    def end(self) -> int:
        return self.start + self.period * self.blocks


class _Finder:
    """Finds the chains, from the outer groups inwards."""

    def __init__(self, graph: Graph, steps: Sequence[int], kind: Callable[[int], Any], ends: frozenset[int]) -> None:
        self.graph, self.record, self.kind, self.ends = graph, graph.record, kind, ends
        self.numbers: dict[Any, int] = {}
        self.scopes: dict[int, Scope] = {}
        self.texts: dict[CodeType, bytes] = {}
        self.children = self._tree(steps)
        self.sizes = self._sizes()
        # The steps that no chain holds, each with those that use it.
        self.free: dict[int, list[int]] = {node: [] for node in steps}
        for node in steps:
            for operand in self.record.operands[node]:
                if operand in self.free:
                    self.free[operand].append(node)

    def _tree(self, steps: Sequence[int]) -> dict[int, list[int | Scope]]:
        """Return what every group holds, by the group's number: steps and groups, in the order of recording."""
        children: dict[int, list[int | Scope]] = {}
        for node in steps:
            inner: int | Scope = node
            scope: Scope | None = self.record.step_scopes[node]
            while scope is not None:
                known = scope.index in children
                children.setdefault(scope.index, []).append(inner)
                self.scopes.setdefault(scope.index, scope)
                if known:
                    break
                inner, scope = scope, scope.parent
        return children

    def _sizes(self) -> dict[int, int]:
        """Return how many steps every group holds, also in the groups in it."""
        sizes: dict[int, int] = {}
        # A group is opened before those in it.
        for index in sorted(self.children, reverse=True):
            sizes[index] = sum(1 if isinstance(child, int) else sizes[child.index] for child in self.children[index])
        return sizes

    def _items(self, scope: int) -> list[_Item]:
        items = []
        for child in self.children[scope]:
            if isinstance(child, int):
                code, offset = self.record.step_scopes[child].code, self.record.offsets[child]
                items.append(_Item(child, None, 1, code, self._instruction(code, offset)))
            else:
                caller = None if child.caller is None else child.caller.code
                items.append(_Item(-1, child, self.sizes[child.index], caller, child.call_offset))
        return items

    def _instruction(self, code: CodeType, offset: int) -> int:
        """Return the place of the instruction; once it is specialized, Python may give a place in its cache."""
        text = self.texts.setdefault(code, code.co_code)
        while 0 < offset < len(text) and text[offset] == _CACHE:
            offset -= 2
        return offset

    def _nodes(self, items: Sequence[_Item]) -> list[int]:
        """Return all steps of items, also those of the groups in them."""
        found = []
        waiting: list[int | Scope] = [item.node if item.scope is None else item.scope for item in reversed(items)]
        while waiting:
            child = waiting.pop()
            if isinstance(child, int):
                found.append(child)
            else:
                waiting.extend(reversed(self.children[child.index]))
        return found

    def found(self) -> list[Repeat]:
        """Return the chains."""
        chains: list[tuple[list[list[int]], Scope]] = []
        waiting: deque[tuple[int, list[_Item] | None]] = deque([(0, None)])
        while waiting:
            scope, items = waiting.popleft()
            items = self._items(scope) if items is None else items
            runs = self._runs(items)
            if not runs:
                waiting.extend((item.scope.index, None) for item in items if item.scope is not None)
                continue
            at = 0
            for run in runs:
                blocks = [self._block(items, run, number) for number in range(run.blocks)]
                chains.append(([self._nodes(block) for block in blocks], self.scopes[scope]))
                # There may be chains also in the blocks that are shown, and before and after this one.
                waiting.extend((scope, piece) for piece in (items[at : run.start], blocks[0], blocks[-1]))
                at = run.end
            waiting.append((scope, items[at:]))
        for blocks_of_nodes, _ in chains:
            for node in itertools.chain.from_iterable(blocks_of_nodes):
                self.free.pop(node, None)
        return [Repeat(self._with_feeders(blocks[1:]), scope) for blocks, scope in chains]

    def _block(self, items: Sequence[_Item], run: _Run, number: int) -> list[_Item]:
        start = run.start + run.period * number
        return list(items[start : start + run.period])

    # Equal letters

    def _letters(self, items: Sequence[_Item]) -> list[int]:
        """Return a number for each item: equal ones may be the same part of equal blocks. 0 stands alone."""
        rough = [self._rough(item) for item in items]
        counts = Counter(rough)
        return [
            0 if counts[key] <= _MOST else self._number(key if item.scope is None else (key, self._inner(item.scope)))
            for key, item in zip(rough, items, strict=True)
        ]

    def _rough(self, item: _Item) -> tuple[Any, ...]:
        if item.scope is not None:
            # Groups of equal structure may be called at different places, and be numbered.
            return "group", re.sub(r"\d+", "", item.scope.title), item.size
        return "step", (item.code, item.offset) if item.offset >= 0 else None, *self._step(item.node)

    def _number(self, key: Any) -> int:
        return self.numbers.setdefault(key, len(self.numbers) + 1)

    def _inner(self, group: Scope) -> tuple[Any, ...]:
        """Return the structure of a group: its steps and groups, and how they are joined."""
        nodes = self._nodes([_Item(-1, group, 0, None, -1)])
        place = {node: at for at, node in enumerate(nodes)}
        groups: dict[int, int] = {}
        found = []
        for node in nodes:
            around, scope = [], self.record.step_scopes[node]
            while scope.parent is not None and scope.index != group.index:
                around.append((groups.setdefault(scope.index, len(groups)), re.sub(r"\d+", "", scope.title)))
                scope = scope.parent
            joined = tuple(place.get(operand, -1) for operand in self.record.operands[node])
            found.append((self._number(self._step(node)), joined, tuple(around)))
        return tuple(found)

    def _step(self, node: int) -> tuple[Any, ...]:
        """Return what equal steps have in common, apart from their operands."""
        record = self.record
        operation = record.operations[node]
        assert operation is not None
        parameters = record.parameters.get(node, {})
        # x[0] and x[1] differ in their key alone; their shapes must still be the same.
        fixed = tuple((key, _plain(value)) for key, value in sorted(parameters.items()) if key != "key")
        shape = ops.shape_of(record.values[node])
        return (
            operation.name,
            len(record.operands[node]),
            fixed,
            shape,
            record.reached[node],
            record.orders.get(node),
            self.kind(node),
        )

    # Runs of equal blocks

    def _runs(self, items: Sequence[_Item]) -> list[_Run]:
        """Return the chains in a list of items, those that hide most first chosen; in order, without overlaps."""
        if len(items) <= _MOST:
            return []
        candidates: list[tuple[int, _Run]] = []
        tried: list[tuple[int, int, int, int]] = []
        for start, end, period in _periodic(self._letters(items)):
            # Two equal blocks are not one larger block, unless the chain leaves out every other one.
            if any(
                first <= start and end <= last and not period % length and period > length * most
                for first, last, length, most in tried
            ):
                continue
            run = self._verified(items, start, end, period)
            tried.append((start, end, period, 1 if run else _MOST))
            if run is not None:
                size = sum(item.size for item in items[run.start : run.end]) // run.blocks
                candidates.append(((run.blocks - 2) * size, run))
        chosen: list[_Run] = []
        for _, run in sorted(candidates, key=lambda pair: (-pair[0], pair[1])):
            if all(run.end <= other.start or other.end <= run.start for other in chosen):
                chosen.append(run)
        return sorted(chosen)

    def _verified(self, items: Sequence[_Item], start: int, end: int, period: int) -> _Run | None:
        """Return the longest chain of equal blocks in a stretch that repeats itself; ``None`` if there is none."""
        shift = _first_line(items[start : start + period])
        # Where that costs no block, the blocks begin as the loop does.
        shifts = [shift, 0] if shift and shift <= (end - start) % period else [0]
        for first in (start + shift for shift in shifts):
            whole = _Run(first, period, (end - first) // period)
            blocks = [self._nodes(self._block(items, whole, number)) for number in range(whole.blocks)]
            at, count = self._longest(blocks)
            if count > _MOST:
                return _Run(first + at * period, period, count)
        return None

    def _longest(self, blocks: Sequence[Sequence[int]]) -> tuple[int, int]:
        """Return the longest chain of blocks that are joined in the same way: its first block, and how many it has."""
        places = {node: (number, at) for number, block in enumerate(blocks) for at, node in enumerate(block)}
        joints = [[self._joints(node, number, places) for node in block] for number, block in enumerate(blocks)]
        best, start = (0, 1), 0
        for number in range(1, len(blocks)):
            carried = any(joint == 1 for ends in joints[number] for joint, _ in ends)
            if not carried or not _alike(joints[number - 1], joints[number], number):
                start = number
            best = max(best, (start, number + 1 - start), key=lambda found: found[1])
        return best

    def _joints(self, node: int, number: int, places: Mapping[int, tuple[int, int]]) -> list[tuple[int, Any]]:
        """Return where the operands of a step come from: how many blocks before, and the place there.

        −1 stands for what is from outside: whether it is a constant.
        """
        found: list[tuple[int, Any]] = []
        for operand in self.record.operands[node]:
            if operand in places:
                block, at = places[operand]
                found.append((number - block, at))
            else:
                found.append((-1, self.graph.is_constant(operand)))
        return found

    # What feeds a single block

    def _with_feeders(self, blocks: Sequence[Sequence[int]]) -> tuple[tuple[int, ...], ...]:
        """Return the hidden ones of the blocks after the first, with the steps that each block alone uses.

        The last block must have such steps, too: it stays as it is, and shows how the others are made.
        """
        made = [list(block) for block in blocks]
        owner = {node: number for number, block in enumerate(made) for node in block}
        at = 0
        while at < len(made[0]):
            for slot in range(len(self.record.operands[made[0][at]])):
                operands = [self.record.operands[block[at]][slot] for block in made]
                if self._feeds(operands, owner):
                    for number, node in enumerate(operands):
                        made[number].append(node)
                        owner[node] = number
                        del self.free[node]
            at += 1
        return tuple(map(tuple, made[:-1]))

    def _feeds(self, nodes: Sequence[int], owner: Mapping[int, int]) -> bool:
        """Return whether these nodes, one for each block, are equal steps that no other block uses."""
        if len(set(nodes)) < len(nodes) or any(node not in self.free or node in self.ends for node in nodes):
            return False
        alone = all(owner.get(user) == number for number, node in enumerate(nodes) for user in self.free[node])
        return alone and len({self._step(node) for node in nodes}) == 1


def _alike(before: Sequence[Sequence[tuple[int, Any]]], now: Sequence[Sequence[tuple[int, Any]]], number: int) -> bool:
    """Return whether two blocks, one after the other, take their operands from the same places.

    A block may take from outside what a later one takes from a block that the first one does not have before it.
    """
    return all(
        one == other or (one[0] == -1 and other[0] >= number)
        for ends, later in zip(before, now, strict=True)
        for one, other in zip(ends, later, strict=True)
    )


def _first_line(period: Sequence[_Item]) -> int:
    """Return the item at which the body of a loop begins: that of the earliest place in the code, after a later one."""
    code = period[0].code
    known = [at for at, item in enumerate(period) if item.code is code and item.offset >= 0]
    return min(known, key=lambda at: (period[at].offset, -period[at - 1].offset), default=0)


def _periodic(letters: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """Yield the stretches in which more than four equal pieces follow each other: start, end, length of a piece.

    >>> list(_periodic([9, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 8]))
    [(1, 11, 2)]
    """
    counts = Counter(letter for letter in letters if letter)
    if not counts or max(counts.values()) <= _MOST:
        return
    numbers = np.array(letters)
    for period in range(1, len(letters) // (_MOST + 1) + 1):
        equal = (numbers[period:] == numbers[:-period]) & (numbers[period:] > 0)
        if np.count_nonzero(equal) < _MOST * period:
            continue
        edges = np.flatnonzero(np.diff(np.concatenate(([False], equal, [False])).astype(np.int8)))
        for start, end in edges.reshape(-1, 2).tolist():
            if end - start >= _MOST * period:
                yield start, end + period, period


def _plain(value: Any) -> Any:
    """Return a parameter as something that can be compared."""
    if isinstance(value, tuple | list):
        return tuple(map(_plain, value))
    return (value.shape, value.tobytes()) if hasattr(value, "tobytes") else repr(value)
