"""A graph of arrays as a graph of single numbers: w₀₀·x₀ + w₀₁·x₁ + b₀ in place of W·x + b."""

from __future__ import annotations

import functools
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from bpviz import ops
from bpviz.errors import UsageError
from bpviz.graph.flow import Flow
from bpviz.graph.graph import End, Graph, Node
from bpviz.graph.propagate import propagate
from bpviz.lazy import LazyModule
from bpviz.recording.handle import Handle
from bpviz.recording.recorder import Recorder
from bpviz.sources.targets import recorded
from bpviz.text.element_names import arrays_of, element_name, selected, split_name
from bpviz.transforms.element_rules import Each, Fold, Known, Spelling, Sums, spelled
from bpviz.transforms.opening import opened

__all__ = ["LIMIT", "elements"]

np: Any = LazyModule("numpy")

LIMIT = 300
"""The most operations on single numbers: a figure with more of them cannot be read."""

_LARGEST = 100_000
"""The most elements of an array of which some are shown: the weights of a layer of 784 inputs and 100 neurons."""
_MOST_PAIRS = 50_000_000
"""The most pairs of an element of a step and one of an operand that are tried, in a few seconds."""


def elements(target: Callable[..., Any] | Graph | Flow, /, *only: str, limit: int = LIMIT) -> Graph | Flow:
    """Return a graph (or flow) of arrays as one of single numbers, with the same values and gradients.

    ``only`` names elements (``"W[0,:]"``, ``"b"``): what is not connected to them is left out; where it is added to
    something that is, it is one number. ``limit`` bounds the number of operations.

    >>> import bpviz
    >>> W, x, b = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1.0, -1.0]), np.array([0.5, 0.0])
    >>> flow = elements(bpviz.backprop(lambda W=W, x=x, b=b: np.sum((W @ x + b) ** 2)))
    >>> flow.output, flow.grads["w₀₁"], flow.grads["b₁"]
    (1.25, 1.0, -2.0)

    Raises `UsageError` if there would be more operations than ``limit``, if an operation cannot be spelled out, or for
    a choice of elements that do not exist.
    """
    source = recorded(target)
    source = opened(source, _is_opened)
    flow = source if isinstance(source, Flow) else propagate(source)
    made = _Elements(flow, only, limit).graph()
    if not isinstance(source, Flow):
        return made
    # The seed of an array is in the sum at the end of the graph.
    return propagate(made, seed=None if ops.shape_of(flow.seed) else float(flow.seed))


def _is_opened(node: Node) -> bool:
    """Return whether a step must be opened first: its operands are arrays, and it is not elementwise."""
    operation = node.operation
    assert operation is not None
    has_arrays = any(ops.shape_of(node.graph[name].value) for name in node.operands)
    return has_arrays and (operation.shape is not None or operation.variadic)


class _Sum:
    """A sum that is not recorded yet; another summand becomes one more part of it."""

    __slots__ = ("made", "parts")

    def __init__(self, parts: list[Any]) -> None:
        self.parts = parts
        self.made: Any = None


class _Elements:
    """An expansion in the making: for each node of the old graph its elements, row by row."""

    def __init__(self, flow: Flow, only: Sequence[str], limit: int) -> None:
        self.flow, self.graph_of_arrays, self.old = flow, flow.graph, flow.graph.record
        self.limit = limit
        # The value whose gradient is taken comes first.
        ends = [end for end in self.graph_of_arrays.ends if self.old.reached[end.node]]
        index = flow.output_index
        first = next((end for end in ends if end.node == index), End(self.graph_of_arrays.names[index], index))
        self.ends = [first, *(end for end in ends if end is not first)]
        self.new = Recorder(sys._getframe(), flow.graph.name)
        self.new.scopes = list(self.old.scopes)
        self.new.decided = {-1: min(self.old.decided.values())} if self.old.decided else {}
        self.needed = self.graph_of_arrays.ancestors(end.node for end in self.ends)
        labels = [self.graph_of_arrays.labels[i] for i in self.needed]
        # W and w in one model keep their own letters.
        self.letters = {name for name in labels if name != name.lower() and name.lower() in labels}
        self._check_sizes(bool(only))
        self.spellings: dict[int, Spelling] = {i: self._spelling(i) for i in self.needed if self.old.operations[i]}
        self.wanted = self._touched(only) if only else None
        self.uses = Counter(j for i in self.needed for j in set(self.old.operands[i]))
        self.elements: dict[int, list[Any]] = {}
        self.taken: set[str] = set()

    def _check_sizes(self, chosen: bool) -> None:
        most = _LARGEST if chosen else self.limit
        for index in self.needed:
            size = ops.size_of(self.flow.values[index])
            if not size:
                name = self.graph_of_arrays.names[index]
                raise UsageError(f"{name!r} is an array without elements; there is nothing to spell out")
            if size > most and (self.old.operations[index] is not None or chosen):
                name = self.graph_of_arrays.names[index]
                raise UsageError(
                    f"{name!r} has {size} elements, more than the {most} that can be shown one by one; take a smaller "
                    f"model (fewer examples, narrower layers){'' if chosen else ', or some elements: ' + self._hint()}"
                )

    def _hint(self) -> str:
        arrays = [name for i, name in self.old.is_input.items() if ops.shape_of(self.flow.values[i])]
        name = arrays[0] if arrays else "W"
        dimensions = len(ops.shape_of(self.flow.values[self.graph_of_arrays.find(name)])) if arrays else 2
        return f'--elements "{name}[{",".join(["0"] + [":"] * (dimensions - 1))}]"'

    def _spelling(self, index: int) -> Spelling:
        operation = self.old.operations[index]
        assert operation is not None
        xs = [self.flow.values[i] for i in self.old.operands[index]]
        # A value that depends on no input stays a number.
        if not self.old.reached[index]:
            return Known()
        pairs = ops.size_of(self.flow.values[index]) * sum(map(ops.size_of, xs))
        if operation.shape is not None and pairs > _MOST_PAIRS:
            raise UsageError(
                f"{self.graph_of_arrays.names[index]!r} is too large to be spelled out: its elements and those that it "
                f"may be made from are {pairs} pairs, more than {_MOST_PAIRS}; take a smaller model (fewer examples, "
                "narrower layers)"
            )
        return spelled(operation, xs, self.old.parameters.get(index, {}), self.flow.values[index])

    # What is connected to the chosen elements

    def _touched(self, only: Sequence[str]) -> dict[int, Any]:
        """Return, per node, which of its elements lead to a chosen one or come from one."""
        chosen = {i: np.zeros(ops.size_of(self.flow.values[i]), bool) for i in self.needed}
        for text in only:
            index, mask = self._chosen(text)
            chosen[index] |= mask
        after = {i: mask.copy() for i, mask in chosen.items()}
        before = {i: mask.copy() for i, mask in chosen.items()}
        for index in self.needed:
            for i, places in enumerate(self._places(index)):
                if any(after[node][place] for node, place in places):
                    after[index][i] = True
        for index in reversed(self.needed):
            for i, places in enumerate(self._places(index)):
                if before[index][i]:
                    for node, place in places:
                        before[node][place] = True
        return {i: after[i] | before[i] for i in self.needed}

    def _chosen(self, text: str) -> tuple[int, Any]:
        name, brackets = split_name(self._typed(text))
        index = self.graph_of_arrays.find(name)
        shape = ops.shape_of(self.flow.values[index])
        mask = np.zeros(shape, bool)
        if index not in self.spellings and index not in self.old.is_input:
            raise UsageError(f"{text!r} has nothing to do with {self.flow.output_name!r}; choose elements that do")
        try:
            mask[selected(brackets, text) if brackets else ...] = True
        except IndexError:
            raise UsageError(f"there are no elements {text!r}: {name} has the shape {shape}") from None
        return index, mask.ravel()

    def _typed(self, text: str) -> str:
        """Return an element as it is typed, W[0,1], for its name in the figure, w₀₁."""
        if text in self.graph_of_arrays or split_name(text)[1]:
            return text
        for name in arrays_of(text):
            value = self.flow.values[self.graph_of_arrays.find(name)] if name in self.graph_of_arrays else 0.0
            for place in np.ndindex(*ops.shape_of(value)):
                if self._plain_name(name, place) == text:
                    return f"{name}[{','.join(map(str, place))}]"
        return text

    def _places(self, index: int) -> Iterable[list[tuple[int, int]]]:
        """Yield, per element of a node, the elements that it is made from, (node, place)."""
        operands = self.old.operands[index]
        match self.spellings.get(index):
            case Each(uses) | Fold(_, uses):
                return [[(operands[slot], place) for slot, place in row] for row in uses]
            case Sums(terms, _):
                return [[(operands[slot], place) for term in row for slot, place in term.places] for row in terms]
            case _:
                return []

    # Recording

    def graph(self) -> Graph:
        """Return the graph of single numbers."""
        made = Graph(self.graph_of_arrays.name, record=self.new)
        made.notes = self.graph_of_arrays.notes
        for index in self.needed:
            if self.old.operations[index] is None:
                self._leaf(index)
            else:
                self._step(index)
        for end in self.ends:
            shape = ops.shape_of(self.flow.values[end.node])
            if shape and end is self.ends[0]:
                # The gradient of an array is that of the sum of its elements, weighted by the seed.
                results = [self._handle(end.node, i) for i in range(len(self.elements[end.node]))]
                made.mark_output(self._weighed(end.node, results).index, f"Σ {end.title}", own=end.own)
                continue
            for i, place in enumerate(np.ndindex(*shape)):
                if end is self.ends[0] or self._is_wanted(end.node, i):
                    handle = self._handle(end.node, i)
                    made.mark_output(handle.index, self._plain_name(end.title, place), own=end.own)
        self.new.pinned = None
        self.new.forget()
        return made

    def _weighed(self, index: int, results: list[Any]) -> Any:
        seed = np.asarray(self.flow.seed, float).ravel()
        self.new.pinned = self.old.step_scopes[index]
        parts = [r if s == 1.0 else r * float(s) for r, s in zip(results, seed, strict=True) if s]
        made = self._added(parts)
        self.new.name(made.index, f"Σ {self.graph_of_arrays.names[index]}")
        return made

    def _leaf(self, index: int) -> None:
        value = self.flow.values[index]
        name = self.graph_of_arrays.labels[index]
        given = index in self.old.is_input and self.old.reached[index]
        self.elements[index] = []
        self.new.pinned = self.old.step_scopes[index]
        for i, place in enumerate(np.ndindex(*ops.shape_of(value))):
            number = float(np.asarray(value)[place])
            label = self._name(name, place)
            if given and (self.wanted is None or self.wanted[index][i]):
                at = self.new.add_inputs((label,), (number,))
                self.elements[index].append(Handle(self.new, at, number))
                self._style(index, self.elements[index][-1])
            else:
                # Made when it is first used.
                self.elements[index].append((number, label if ops.shape_of(value) or given else ""))

    def _style(self, index: int, made: Any) -> None:
        """Give an element the look of its array, without the note, which would be there many times."""
        if index in self.old.styles and isinstance(made, Handle):
            self.new.styles[made.index] = replace(self.old.styles[index], note="")

    def _name(self, name: str, place: Sequence[int]) -> str:
        """Return the name of an element, unlike all others."""
        made = self._plain_name(name, place)
        while made in self.taken:
            made += "′"
        if made:
            self.taken.add(made)
        return made

    def _plain_name(self, name: str, place: Sequence[int]) -> str:
        return element_name(name, place, small=name not in self.letters)

    def _step(self, index: int) -> None:
        operands = self.old.operands[index]
        value = np.asarray(self.flow.values[index])
        label = self.graph_of_arrays.labels[index]
        self.new.pinned = self.old.step_scopes[index]
        found: list[Any] = []
        for i, place in enumerate(np.ndindex(*value.shape)):
            if self.wanted is not None and not self.wanted[index][i]:
                found.append((float(value[place]), self._plain_name(label, place)))
                continue
            made = self._element(index, i, operands)
            if label and not isinstance(made, tuple):
                made = self._recorded(made)
                if not self.new.labels.get(made.index):
                    self.new.name(made.index, self._name(label, place))
            self._style(index, made)
            found.append(made)
            if len(self.new) > 4 * self.limit or self._count() > self.limit:
                raise UsageError(
                    f"in single numbers the model has more than {self.limit} operations, which is the limit; choose "
                    f"some elements ({self._hint()}), or take a smaller model"
                )
        self.elements[index] = found

    def _count(self) -> int:
        return sum(operation is not None for operation in self.new.operations)

    def _element(self, index: int, i: int, operands: Sequence[int]) -> Any:
        """Return one element: a handle, an unfinished sum, or a number that carries no gradient, (number, name)."""
        operation = self.old.operations[index]
        assert operation is not None
        match self.spellings[index]:
            case Known():
                return (float(np.asarray(self.flow.values[index]).ravel()[i]), "")
            case Each(uses):
                if operation.name == "add":
                    return self._plus([(operands[slot], place) for slot, place in uses[i]])
                xs = [self._handle(operands[slot], place) for slot, place in uses[i]]
                return operation(*xs, **self.old.parameters.get(index, {}))
            case Fold(fold, uses):
                xs = [self._handle(operands[slot], place) for slot, place in uses[i]]
                return fold(*xs) if fold.variadic and len(xs) > 1 else functools.reduce(fold, xs)
            case Sums(terms, rest):
                return self._summed(terms[i], rest[i], operands)
            case other:
                raise TypeError(f"Not a spelling: {type(other).__name__}")

    def _summed(self, terms: Sequence[Any], rest: float, operands: Sequence[int]) -> Any:
        parts: list[Any] = []
        factors = {term.factor for term in terms}
        # A factor of all terms is outside the sum: (x + y)/2.
        common = factors.pop() if len(factors) == 1 and len(terms) > 1 and not rest else 1.0
        for term in terms:
            factor = term.factor / common
            if self.wanted is not None and not any(self._is_wanted(operands[s], p) for s, p in term.places):
                numbers = [float(np.asarray(self.flow.values[operands[s]]).ravel()[p]) for s, p in term.places]
                rest += factor * numbers[0] * (numbers[1] if len(numbers) > 1 else 1.0)
                continue
            xs = [self._handle(operands[slot], place) for slot, place in term.places]
            product = xs[0] * xs[1] if len(xs) > 1 else xs[0]
            parts.append(product if factor == 1.0 else -product if factor == -1.0 else factor * product)
        if rest or not parts:
            parts.append(self._number(rest, "…" if self.wanted is not None else ""))
        if common == 1.0:
            return _Sum(parts) if len(parts) > 1 else parts[0]
        whole = 1.0 / common
        made = self._added(parts)
        return made / round(whole) if abs(whole - round(whole)) < 1e-9 and abs(whole) > 1 else common * made

    def _is_wanted(self, node: int, place: int) -> bool:
        return self.wanted is None or bool(self.wanted[node][place])

    def _plus(self, places: Sequence[tuple[int, int]]) -> Any:
        """Return x + y; a sum that nothing else uses and that has no name takes y as one more part."""
        (node, place), (other, other_place) = places
        sum_ = self.elements[node][place]
        addend = self._handle(other, other_place)
        if isinstance(sum_, _Sum) and sum_.made is None and self.uses[node] == 1 and node != other:
            return _Sum([*sum_.parts, addend])
        return self._handle(node, place) + addend

    def _handle(self, node: int, place: int) -> Any:
        """Return an element as an operand; record it now if it is not recorded yet."""
        found = self.elements[node][place] = self._recorded(self.elements[node][place])
        return found

    def _recorded(self, element: Any) -> Any:
        if isinstance(element, _Sum):
            if element.made is None:
                element.made = self._added(element.parts)
            return element.made
        return self._number(*element) if isinstance(element, tuple) else element

    def _number(self, value: float, name: str) -> Any:
        """Record a constant. Return its handle."""
        at = self.new.add_constant(value)
        self.new.step_scopes[at] = self.new.pinned or self.new.scopes[0]
        if name:
            self.new.name(at, name)
        return Handle(self.new, at, value)

    def _added(self, parts: Sequence[Any]) -> Any:
        if len(parts) == 1:
            return parts[0]
        return parts[0] + parts[1] if len(parts) == 2 else ops.named("add_up")(*parts)
