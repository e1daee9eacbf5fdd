"""All numbers of one run: the value and the gradient of every node, and the gradient of every wire."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from bpviz import ops
from bpviz.errors import UsageError
from bpviz.frozen import dataclass
from bpviz.graph.export import plain_value
from bpviz.graph.graph import Graph, Node
from bpviz.lazy import LazyModule
from bpviz.ops.table.copying import lent
from bpviz.ops.table.thumbnails import Thumbnail, thumbnail
from bpviz.ops.table.unknown import WITHIN, Unknown
from bpviz.recording.aliases import present
from bpviz.recording.handle import Handle
from bpviz.text.language import Language, language

if TYPE_CHECKING:
    import networkx

    from bpviz.formulas.formula import Formula
    from bpviz.formulas.symbols import Symbols

__all__ = ["Flow", "Gradients", "Later", "NonFinite", "gradient_at", "gradients_of", "whole"]

np: Any = LazyModule("numpy")

Name = str | Handle | Node


@dataclass(frozen=True, slots=True)
class NonFinite:
    """A number that is not finite: where it first appears, and whether it is a ``value`` or a ``gradient``."""

    name: str
    what: str
    text: str
    line: int | None

    def sentence(self, say: Language) -> str:
        """Return a sentence with the name, the kind and the line, in a language.

        >>> from bpviz.text.language import ENGLISH
        >>> NonFinite("z", "gradient", "infinite", 3).sentence(ENGLISH)
        'the gradient of z is infinite (line 3)'
        """
        match self.what, self.text:
            case "value", "nan":
                sentence = say("the value of {name} is nan", name=self.name)
            case "value", _:
                sentence = say("the value of {name} is infinite", name=self.name)
            case _, "nan":
                sentence = say("the gradient of {name} is nan", name=self.name)
            case _:
                sentence = say("the gradient of {name} is infinite", name=self.name)
        return sentence + say(" (line {line})", line=self.line) if self.line else sentence

    def __str__(self) -> str:
        return self.sentence(language())


class Later:
    """A gradient that is a large array: its ``summary`` is kept, the array is computed when it is needed.

    Two add up to another, and NumPy takes it for the array. ``wires`` are those whose gradients it is the sum of, and
    ``sums`` the sums of some wires that are known: the gradients of nodes.
    """

    __slots__ = ("_summary", "make", "sums", "wires")

    def __init__(
        self,
        summary: Thumbnail | None,
        make: Callable[[], Any],
        wires: frozenset[tuple[int, int]] = frozenset(),
        sums: Mapping[frozenset[tuple[int, int]], Any] = MappingProxyType({}),
    ) -> None:
        self._summary, self.make, self.wires, self.sums = summary, make, wires, sums

    @property
    def summary(self) -> Thumbnail:
        """What a figure shows of the array."""
        if self._summary is None:
            self._summary = thumbnail(self.make())
        return self._summary

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array."""
        return self.summary.shape

    def __add__(self, other: Any) -> Any:
        """Return the sum with another array, which is computed when it is needed, too."""
        if other.__class__ is not Later:
            return Later(None, partial(_sum, self, other))
        wires = self.wires | other.wires
        known = self.sums.get(wires) if self.wires and other.wires else None
        return Later(None, partial(_sum, self, other), wires, self.sums) if known is None else known

    __radd__ = __add__

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        made = self.make()
        return made if dtype is None else made.astype(dtype, copy=False)


def _sum(one: Later, other: Any) -> Any:
    made = whole(other)
    return made + one.make()


def whole(value: Any) -> Any:
    """Return a gradient as a number or an array, if it is to be computed later."""
    return value.make() if value.__class__ is Later else value


class Gradients(tuple[Any, ...]):
    """The gradient of every node, if some are to be computed later: whoever asks for one gets the array."""

    __slots__ = ()

    def __getitem__(self, index: Any) -> Any:
        return whole(tuple.__getitem__(self, index))

    def __iter__(self) -> Iterator[Any]:
        return map(whole, tuple.__iter__(self))


def gradients_of(found: Sequence[Any]) -> tuple[Any, ...]:
    """Return the gradients of all nodes as a flow keeps them.

    >>> gradients_of([1.0, None])
    (1.0, None)
    """
    return Gradients(found) if any(one.__class__ is Later for one in found) else tuple(found)


@dataclass(frozen=True, eq=False)
class Flow:
    """The numbers of one run through a graph, as `bpviz.propagate` returns them.

    ``values`` and ``gradients`` are per node, ``wire_gradients`` per node and operand slot; ``None`` if no gradient
    flows. Where a large array is only computed when it is needed, ``wire_gradients`` have a `Later`. Of another
    framework (`bpviz.sources`) a gradient may be `UNKNOWN`, which is neither none nor 0, large arrays are thumbnails,
    and a wire to a step with several results has its gradient at the first of these that has one, `WITHIN` at the
    others.

    Methods take names: ``flow.value("subtotal")``, ``flow.grad("price")``, ``flow.wire_grad("price",
    "subtotal")``.

    >>> import bpviz
    >>> flow = bpviz.backprop(lambda x=3.0: x * x + x)
    >>> flow.grad("x"), flow.wire_grad("x", "multiply", 0), flow.wire_grad("x", "output", 1)
    (7.0, 3.0, 1.0)
    """

    graph: Graph
    values: tuple[Any, ...]
    gradients: tuple[Any, ...]
    wire_gradients: tuple[tuple[Any, ...] | None, ...]
    output_index: int
    seed: Any
    given: Mapping[int, Any]

    @property
    def output(self) -> Any:
        """The value of the output that is differentiated."""
        return self._out(self.values[self.output_index], self.output_index)

    @property
    def output_name(self) -> str:
        """The name of the output that is differentiated."""
        return self.graph.names[self.output_index]

    def value(self, name: Name) -> Any:
        """Return the forward value of a node.

        Raises `UsageError` for an unknown name.
        """
        index = self.find(name)
        return self._out(present(self.values[index]), index)

    def grad(self, name: Name) -> Any:
        """Return the gradient of the output with respect to a node; zeros if none flows.

        It is ``None`` for an input that another framework did not differentiate (see `grads`). Raises `UsageError` for
        an unknown name.
        """
        index = self.find(name)
        return None if self._is_left_out(index) else self.gradient_of(index)

    def _is_left_out(self, index: int) -> bool:
        """Return whether a node is an input that another framework did not differentiate."""
        record = self.graph.record
        if not self.graph.framework or index not in record.is_input:
            return False
        return not record.reached[index] or self.gradients[self.output_index] is None

    def find(self, name: Name) -> int:
        """Return the number of a node of this run, by its name (or handle, or node).

        Raises `UsageError` with similar names if there is none, or if it was recorded after the run.
        """
        index = self.graph.find(name)
        if index >= len(self.values):
            raise UsageError(f"{self.graph.names[index]!r} was recorded after this run; propagate the graph again")
        return index

    def gradient_of(self, index: int) -> Any:
        """Return the gradient of a node, by number."""
        return gradient_at(self.values, self.gradients, self.given, index)

    def formula(self, name: Name, of: Literal["gradient", "value"] = "gradient") -> Formula:
        """Return the gradient of a node as a formula in the named values (or, ``of="value"``, what the node computes).

        ``str`` gives it as text, ``.latex`` as LaTeX (for notebooks too), ``.value`` as a number.

        >>> import bpviz
        >>> def total(price=100, count=2, tax=1.1):
        ...     subtotal = price * count
        ...     return subtotal * tax
        >>> flow = bpviz.backprop(total)
        >>> flow.formula("price"), flow.formula("price").value, flow.formula("subtotal", of="value")
        (<formula count·tax>, 2.2, <formula price·count>)
        >>> flow.formula("count").latex
        '\\\\mathrm{price} \\\\cdot \\\\mathrm{tax}'

        Raises `UsageError` for an unknown name.
        """
        if of not in ("gradient", "value"):
            raise UsageError(f"a formula is one of the gradient or of the value, but got of={of!r}")
        index = self.find(name)
        return self.symbols.formula(index) if of == "gradient" else self.symbols.expression(index)

    @cached_property
    def symbols(self) -> Symbols:
        """The flow read in symbols, once."""
        # Imported here: a figure of numbers needs no formulas.
        from bpviz.formulas.symbols import Symbols

        return Symbols(self)

    def wire_grad(self, source: Name, target: Name, slot: int | None = None) -> Any:
        """Return the gradient that flows back along one wire: from operand ``slot`` of ``target`` to ``source``.

        Without ``slot``, the only wire between the two. A step of another framework that returns several values has one
        wire from each operand, for all of them. Raises `UsageError` if there is no such wire, or several.
        """
        start, end = self.find(source), self.find(target)
        operands = self.graph.record.operands[end]
        slots = [i for i, operand in enumerate(operands) if operand == start]
        if slot is None and len(slots) == 1:
            slot = slots[0]
        if slot not in slots:
            there = f"there is one at slot {', '.join(map(str, slots))}" if slots else "there is none"
            given = "" if slot is None else f" at slot {slot}"
            raise UsageError(f"no single wire leads from {source!r} to {target!r}{given}; {there}")
        share = self._joined_share(end, slot)
        return self._out(0.0 if share is None else share, start)

    def _joined_share(self, target: int, slot: int) -> Any:
        """Return the gradient of a wire to a step; of one with several results, the sum for all of them."""
        joint = self.graph.record.joint
        first = joint.get(target, target)
        results = [first, *(i for i, other in joint.items() if other == first)] if joint else [target]
        found = None
        for share in (self.wire_share(index, slot) for index in results):
            if share is not None:
                found = share if found is None else found + share
        return found

    def wire_share(self, target: int, slot: int) -> Any:
        """Return the gradient of one wire, by number; ``None`` if none flows, or it is `WITHIN` another."""
        wires = self.wire_gradients[target]
        share = None if wires is None else wires[slot]
        return None if share is WITHIN else whole(share)

    def shown_share(self, target: int, slot: int) -> Any:
        """Return the gradient of one wire, by number, for a figure: large arrays as a `Later`, which has a summary."""
        wires = self.wire_gradients[target]
        share = None if wires is None else wires[slot]
        return None if share is WITHIN else share

    def shown_gradient(self, index: int) -> Any:
        """Return the gradient of one node, by number, for a figure; ``None`` if none flows."""
        return tuple.__getitem__(self.gradients, index)

    @property
    def grads(self) -> dict[str, Any]:
        """The gradient of every input, by name.

        It is ``None`` for an input that another framework did not differentiate: a tensor without ``requires_grad``,
        whole numbers. That is no statement on how the output depends on it.
        """
        gradients, given = self.gradients, self.given
        return {
            name: _handed_out(gradient, given[i])
            if (gradient := gradients[i]) is not None
            else None
            if self._is_left_out(i)
            else gradient_at(self.values, gradients, given, i)
            for i, name in self.graph.record.is_input.items()
        }

    @cached_property
    def nx(self) -> networkx.MultiDiGraph[str]:
        """The graph for networkx with the numbers of this run: nodes have a value and a gradient, edges a gradient.

        What no gradient reaches has none.

        >>> import bpviz
        >>> made = bpviz.backprop(lambda x=3.0: x * x).nx
        >>> made.nodes["x"]["gradient"], made.edges["x", "output", 0]
        (6.0, {'gradient': 3.0})
        """
        made = self.graph.nx.copy()
        names, operands = self.graph.names, self.graph.record.operands
        for index, value in enumerate(self.values):
            made.nodes[names[index]]["value"] = plain_value(value)
            if self.shown_gradient(index) is not None:
                made.nodes[names[index]]["gradient"] = plain_value(self.gradients[index])
            for slot, operand in enumerate(operands[index]):
                share = self.wire_share(index, slot)
                if share is not None:
                    made.edges[names[operand], names[index], slot]["gradient"] = plain_value(share)
        return made

    @property
    def nonfinite(self) -> tuple[NonFinite, ...]:
        """The first NaNs and infinities: forward, those with finite operands; backward, those with a finite incoming
        gradient and finite values."""
        found = []
        names, operands = self.graph.names, self.graph.record.operands
        odd = [_odd(value) for value in self.values]
        for i, text in enumerate(odd):
            if text and not any(odd[operand] for operand in operands[i]):
                found.append(NonFinite(names[i], "value", text, self.graph.nodes[i].line))
        # In a chain of infinite gradients, from the output back, only the first is the cause.
        explained = {self.output_index}
        for i in range(self.output_index, -1, -1):
            text = _odd(self.shown_gradient(i))
            if text and i not in explained and not odd[i]:
                # Each share is finite, but their sum is not.
                found.append(NonFinite(names[i], "gradient", text, self.graph.nodes[i].line))
            for slot, operand in enumerate(operands[i]):
                share = _odd(self.shown_share(i, slot))
                if not share or operand in explained:
                    continue
                explained.add(operand)
                if not text and not odd[i] and not odd[operand]:
                    found.append(NonFinite(names[operand], "gradient", share, self.graph.nodes[i].line))
        return tuple(found)

    def _out(self, value: Any, index: int) -> Any:
        return _handed_out(value, self.given.get(index))

    def __repr__(self) -> str:
        return f"<flow of {self.graph.name or 'a graph'}: {self.output_name} = {self.output!r}>"

    def __str__(self) -> str:
        lines = [f"{self.output_name} = {self.output}"]
        lines += [
            f"d {self.output_name} / d {name} = {value}" for name, value in self.grads.items() if value is not None
        ]
        return "\n".join(lines)


def gradient_at(values: Sequence[Any], gradients: Sequence[Any], given: Mapping[int, Any], index: int) -> Any:
    """Return the gradient of a node by number, in the form for users; ``None`` if the node is newer than the run."""
    if index >= len(values):
        return None
    gradient = gradients[index]
    if gradient is None:
        value = values[index]
        gradient = 0.0
        if not isinstance(value, float | int):
            gradient = np.zeros(value.shape, value.dtype if value.dtype.kind == "f" else np.float64)
    return _handed_out(gradient, given.get(index))


def _handed_out(value: Any, given: Any) -> Any:
    """Return a value in the form for users: a Python float, or a read-only array (always an array if the input is)."""
    if value.__class__ is given.__class__ is float or isinstance(value, Unknown | Thumbnail):
        return value
    if value.__class__ is not given.__class__ or not value.ndim:
        if given is None or given.__class__ is float:
            value = float(value) if isinstance(value, int) else ops.plain(value)
            if value.__class__ is float:
                return value
        value = np.asarray(value)
    # Several nodes and wires may share one array, so it must not be changed.
    return lent(value)


def _odd(value: Any) -> str:
    """Return ``nan`` or ``infinite`` if a number or an element of an array is; empty if all are finite."""
    if value is None or isinstance(value, int | Unknown):
        return ""
    if isinstance(value, Later):
        value = value.summary
    if isinstance(value, Thumbnail):
        return value.odd
    if value.__class__ is float:
        if value - value == 0:
            return ""
        return "nan" if value != value else "infinite"
    array = np.asarray(value)
    if array.dtype.kind != "f" or np.isfinite(array).all():
        return ""
    return "nan" if np.isnan(array).any() else "infinite"
