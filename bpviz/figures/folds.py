"""What a circuit shows of equal blocks in a chain: the first, a box ``⋯ ×10 ⋯`` for those between, and the last.

What enters or leaves the hidden blocks one by one (the input of every step, collected states) is a bundle: one wire
for all, with their names and their number.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bpviz import ops
from bpviz.analysis.repeats import Repeat, repeats
from bpviz.figure import Arrow, Box, Label, Plain
from bpviz.figures.groups import frame_of
from bpviz.figures.labels import Use
from bpviz.figures.options import CircuitOptions
from bpviz.figures.styles import Looks
from bpviz.frozen import dataclass
from bpviz.graph.graph import End, Graph
from bpviz.recording.recorder import NO_VALUE
from bpviz.recording.scopes import Scope, group_path
from bpviz.text.language import Language
from bpviz.text.numerals import number

if TYPE_CHECKING:
    from bpviz.analysis.pairing import Pairing

__all__ = ["Folds", "Strand", "chains"]

_FEWEST = 3
"""The fewest values that are one bundle."""


def chains(
    graph: Graph,
    steps: Sequence[int],
    ends: Sequence[End],
    options: CircuitOptions,
    looks: Looks,
    named: Collection[int] = (),
    pairing: Pairing | None = None,
) -> tuple[Repeat, ...]:
    """Return the chains of equal blocks that a figure folds: none if the options want all blocks.

    A block is unlike the others if it holds a ``named`` step or uses a named input, if its values look otherwise, if it
    holds a group that the options open or close, or if it is new, compared with an earlier run.
    """
    if options.repeats == "all":
        return ()
    titles, known = {*options.open, *options.close}, frozenset(steps)
    inputs = {*named} - known

    def kind(node: int) -> Hashable:
        around = titles.intersection(group_path(graph.record.step_scopes[node])) if titles else ()
        operands = graph.record.operands[node]
        is_named = node in named or not inputs.isdisjoint(operands)
        seen = frozenset(looks.style(i) for i in (node, *operands) if looks.has(i) and (i == node or i not in known))
        return is_named, seen, frozenset(around), pairing is None or pairing.kept(node)

    return repeats(graph, steps, kind, [end.node for end in ends])


@dataclass(frozen=True, slots=True)
class Strand:
    """A value with those of its uses that are drawn one by one; or a bundle: a node for each of its uses."""

    nodes: tuple[int, ...]
    uses: tuple[Use, ...]
    is_bundle: bool = False


class Folds:
    """The hidden blocks of a circuit, and what enters and leaves them.

    ``places`` has for every hidden node the number of its chain, its block there, and its place in the block.
    """

    def __init__(
        self, graph: Graph, found: Sequence[Repeat], labels: Sequence[str], closed: Callable[[int], Scope | None]
    ) -> None:
        """Take the chains, the names of all nodes, and what returns the closed group around a node.

        A chain within a closed group is not seen.
        """
        self.graph, self.record, self.labels = graph, graph.record, labels
        self.repeats = [repeat for repeat in found if not _holds(closed(repeat.hidden[0][0]), repeat.scope)]
        self.places: dict[int, tuple[int, int, int]] = {}
        self.bundles: dict[int, str] = {}
        self.members: dict[str, list[int]] = {}

    def take_steps(self, steps: Sequence[int]) -> None:
        """Hide the steps of the chains; a chain stays open if another step stands between its blocks."""
        while self.repeats:
            self.places = {
                node: (chain, *place)
                for chain, repeat in enumerate(self.repeats)
                for node, place in repeat.places.items()
            }
            known = set(steps)
            torn = {
                self.places[end][0]
                for node in steps
                for operand in self.record.operands[node]
                if operand in known and self.id_of(operand) != self.id_of(node)
                if self.position(operand) > self.position(node)
                for end in (operand, node)
                if end in self.places
            }
            if not torn:
                return
            self.repeats = [repeat for chain, repeat in enumerate(self.repeats) if chain not in torn]
        self.places = {}

    def position(self, node: int) -> int:
        """Return the place of a node's box in the order of computation."""
        return self.repeats[self.places[node][0]].hidden[0][0] if node in self.places else node

    def take_leaves(self, leaves: Iterable[int], steps: Sequence[int]) -> None:
        """Hide the inputs and constants among these that only hidden steps use: those with a name in bundles."""
        if not self.repeats:
            return
        users: dict[int, list[tuple[int, int]]] = {leaf: [] for leaf in leaves}
        for node in steps:
            for slot, operand in enumerate(self.record.operands[node]):
                if operand in users:
                    users[operand].append((node, slot))
        roles: dict[Hashable, list[tuple[int, int]]] = {}
        for leaf, uses in users.items():
            if not uses or any(node not in self.places for node, _ in uses):
                continue
            chain, block, place = min(self.places[node] for node, _ in uses)
            if not self.labels[leaf] and all(self.places[node][0] == chain for node, _ in uses):
                # Numbers without a name belong to their blocks.
                self.places[leaf] = (chain, block, -1 - place)
                continue
            role = frozenset((self.places[node][0], self.places[node][2], slot) for node, slot in uses)
            roles.setdefault((role, self.graph.is_constant(leaf)), []).append((block, leaf))
        for found in roles.values():
            if len(found) >= _FEWEST:
                nodes = [leaf for _, leaf in sorted(found)]
                self.members[f"m{nodes[0]}"] = nodes
                self.bundles.update(dict.fromkeys(nodes, f"m{nodes[0]}"))

    def id_of(self, node: int) -> str | None:
        """Return the id of the box that stands for a node with others; ``None`` if it has a box of its own."""
        if node in self.bundles:
            return self.bundles[node]
        return f"r{self.places[node][0]}" if node in self.places else None

    def box(self, node: int, called: Callable[[int], str], say: Language) -> Box:
        """Return the box that stands for a node with others; ``called`` returns the name or number of an input."""
        if node in self.bundles:
            nodes = self.members[self.bundles[node]]
            text = _from_to([called(i) for i in nodes])
            if self.graph.is_constant(node):
                return Box(self.bundles[node], "constant", text, None, say("constants {names}", names=text))
            return Box(self.bundles[node], "input", text, None, say("inputs {names}", names=text))
        chain = self.places[node][0]
        repeat = self.repeats[chain]
        count = len(repeat.hidden)
        description = say("{count} equal blocks are not shown", count=count)
        return Box(f"r{chain}", "group", f"⋯ ×{count} ⋯", frame_of(repeat.scope), description)

    def outputs(self, ends: Sequence[tuple[str, End]], say: Language) -> Mapping[str, Box]:
        """Return the boxes for outputs that hidden blocks have one by one, by the id that each would have alone."""
        roles: dict[Hashable, list[tuple[str, End]]] = {}
        for key, end in ends:
            if end.node in self.places and not end.own:
                chain, _, place = self.places[end.node]
                roles.setdefault((chain, place), []).append((key, end))
        made = {}
        for found in roles.values():
            if len(found) >= _FEWEST:
                text = _from_to([end.title for _, end in found])
                box = Box(f"{found[0][0]}s", "output", text, None, say("outputs {names}", names=text))
                made.update({key: box for key, _ in found})
        return made

    def strands(self, found: Mapping[int, Sequence[Use]]) -> Iterator[Strand]:
        """Yield the values with their uses; several that go the same way from or to hidden blocks are bundles."""
        roles: dict[Hashable, list[tuple[int, Use]]] = {}
        role_of: dict[tuple[int, str], Hashable] = {}
        for node in found if self.repeats else ():
            for use in found[node]:
                if node in self.bundles or node in self.places:
                    role = role_of[node, use.box.id] = (self.bundles.get(node) or self._way(node), use.box.id)
                    roles.setdefault(role, []).append((node, use))
        done: set[Hashable] = set()
        for node, uses in found.items():
            alone = []
            for use in uses:
                way = role_of.get((node, use.box.id))
                together = roles.get(way, ())
                if len({other for other, _ in together}) < (1 if node in self.bundles else _FEWEST):
                    alone.append(use)
                elif way not in done:
                    done.add(way)
                    nodes, shares = zip(*together, strict=True)
                    yield Strand(nodes, shares, is_bundle=True)
            if alone:
                yield Strand((node,), tuple(alone))

    def _way(self, node: int) -> Hashable:
        chain, _, place = self.places[node]
        return chain, place

    def arrows(self, strand: Strand, show: str, labels: str, say: Language) -> tuple[Arrow | None, Arrow | None]:
        """Return both arrows of a bundle, with the number of its values and gradients."""
        count = len(set(strand.nodes))
        names = {self.labels[node] for node in strand.nodes}
        name = "" if strand.nodes[0] in self.bundles or len(names) > 1 else self.labels[strand.nodes[0]]
        if strand.uses[0].box.kind == "output":
            name = ""
        written = labels != "none"
        values = Label(Plain(say("{count} values", count=count) if written else ""), name) if written or name else None
        back = {node for node, use in zip(strand.nodes, strand.uses, strict=True) if use.share is not None}
        gradients = Label(Plain(say("{count} gradients", count=len(back)))) if written else None
        forward = None if show == "backward" and back else Arrow(None if show == "backward" else values)
        return forward, Arrow(gradients) if back and show != "forward" else None

    # Notes

    def notes(self, value: Callable[[int], Any], precision: int, say: Language) -> tuple[str, ...]:
        """Return the notes below the figure: what is not shown, and how to see it."""
        found: dict[str, None] = {}
        for chain, repeat in enumerate(self.repeats):
            count = len(repeat.hidden)
            own = say(", ").join(dict.fromkeys(self._own(chain, repeat, value, precision, say)))
            found[
                say("⋯ ×{count} ⋯: {count} equal blocks are not shown, with their own {parts}", count=count, parts=own)
                if own
                else say("⋯ ×{count} ⋯: {count} equal blocks are not shown", count=count)
            ] = None
        if not found:
            return ()
        return (
            *found,
            say("all blocks are shown with {option} ({python})", option="--repeats all", python='repeats="all"'),
        )

    def _own(
        self, chain: int, repeat: Repeat, value: Callable[[int], Any], precision: int, say: Language
    ) -> Iterator[str]:
        """Yield in which groups, elements and constants the hidden blocks differ."""
        depth = len(group_path(repeat.scope))
        paths = [[group_path(self.record.step_scopes[node])[depth:] for node in block] for block in repeat.hidden]
        titles = [next((path[0] for path in block if path), "") for block in paths]
        if len(set(titles)) > 1:
            yield _from_to(titles)
        columns = list(zip(*repeat.hidden, strict=True))
        for nodes in columns:
            yield from self._elements(nodes)
        for nodes in columns:
            for operands in zip(*(self.record.operands[node] for node in nodes), strict=True):
                if len(set(operands)) > 1 and all(self.places.get(i, (0, 0, 0))[2] < 0 for i in operands):
                    yield from self._constants([value(i) for i in operands], precision, say)

    def _constants(self, values: Sequence[Any], precision: int, say: Language) -> Iterator[str]:
        if any(value is NO_VALUE or ops.shape_of(value) for value in values):
            yield say("constants")
            return
        texts = [number(float(value), precision) for value in values]
        if len(set(texts)) > 1:
            yield say("constants {names}", names=_from_to(texts))

    def _elements(self, nodes: Sequence[int]) -> Iterator[str]:
        if not all("key" in self.record.parameters.get(node, ()) for node in nodes):
            return
        keys = [ops.key_text(self.record.parameters[node]["key"], whole=True) for node in nodes]
        texts = [f"{self.labels[self.record.operands[node][0]]}[{key}]" for node, key in zip(nodes, keys, strict=True)]
        if len(set(texts)) > 1:
            yield _from_to(texts)


def _holds(closed: Scope | None, scope: Scope | None) -> bool:
    """Return whether a closed group is that of a chain, or is around it."""
    while closed is not None and scope is not None:
        if scope.index == closed.index:
            return True
        scope = scope.parent
    return False


def _from_to(texts: Sequence[str]) -> str:
    """Return several names or numbers in short form.

    >>> _from_to(["x1", "x2", "x3"]), _from_to(["h", "h", "h"])
    ('x1 … x3', 'h ×3')
    """
    return f"{texts[0]} … {texts[-1]}" if len(set(texts)) > 1 else f"{texts[0]} ×{len(texts)}"
