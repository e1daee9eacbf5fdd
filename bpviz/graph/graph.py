"""The recorded steps as a graph, with their names from the user's source."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, overload

from bpviz import ops
from bpviz.errors import UsageError, did_you_mean
from bpviz.frozen import dataclass
from bpviz.graph.export import attributes, plain_value
from bpviz.graph.labels import Kept, Labels
from bpviz.objects.choice import full_name
from bpviz.objects.inputs import as_input
from bpviz.ops.table.copying import lent, own
from bpviz.recording import operators  # noqa: F401 - gives the handles their operators
from bpviz.recording.aliases import present
from bpviz.recording.handle import HANDLES, Handle
from bpviz.recording.recorder import NO_VALUE, Recorder
from bpviz.recording.scopes import Scope, group_path
from bpviz.recording.source import line_of
from bpviz.text.element_names import element_name, split_name
from bpviz.text.language import Language

if TYPE_CHECKING:
    import networkx

    from bpviz.graph.verification import Plain

__all__ = ["End", "Graph", "Node", "Note", "Said"]


class Node:
    """One step, input or constant of a graph, as data to read.

    ``operands`` are the names of the nodes it uses, slot by slot; ``operation`` is ``None`` for inputs and constants.
    """

    __slots__ = ("graph", "index")

    def __init__(self, graph: Graph, index: int) -> None:
        self.graph = graph
        self.index = index

    @property
    def name(self) -> str:
        """The name that no other node of the graph has."""
        return self.graph.names[self.index]

    @property
    def label(self) -> str:
        """The name as the source gave it; empty for a step that it left unnamed."""
        return self.graph.labels[self.index]

    @property
    def kind(self) -> str:
        """``input``, ``constant`` or ``operation``."""
        if self.index in self.graph.record.is_input:
            return "input"
        return "constant" if self.operation is None else "operation"

    @property
    def operation(self) -> ops.Operation | None:
        """The row of the table."""
        return self.graph.record.operations[self.index]

    @property
    def operands(self) -> tuple[str, ...]:
        """The names of the nodes it uses, slot by slot."""
        return tuple(self.graph.names[i] for i in self.graph.record.operands[self.index])

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The parameters of the operation (axis, shape, index)."""
        # A copy: the record stays as it is.
        return {name: own(value) for name, value in self.graph.record.parameters.get(self.index, {}).items()}

    @property
    def value(self) -> Any:
        """The value that was recorded; for other inputs see `bpviz.propagate`."""
        value = present(self.graph.record.values[self.index])
        return lent(value) if type(value).__name__ == "ndarray" else value

    @property
    def scope(self) -> Scope:
        """The call or group in which it was recorded."""
        return self.graph.record.step_scopes[self.index]

    @property
    def order(self) -> int:
        """0 in the forward part of a graph, 1 in the backward part that `bpviz.gradient_graph` adds, 2 in the part
        that it adds to that, and so on."""
        return self.graph.record.orders.get(self.index, 0)

    @property
    def line(self) -> int | None:
        """The line of the user's file, where known."""
        record = self.graph.record
        offset = record.offsets[self.index]
        return record.lines.get(self.index) if offset < 0 else line_of(self.scope.code, offset)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Node) and other.graph is self.graph and other.index == self.index

    def __hash__(self) -> int:
        return hash((id(self.graph), self.index))

    def __repr__(self) -> str:
        what = self.kind if self.operation is None else self.operation.name
        return f"<{what} {self.name}>"


class Nodes(Sequence[Node]):
    """The nodes of a graph, in the order in which they were recorded."""

    __slots__ = ("_graph",)

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    @overload
    def __getitem__(self, place: int) -> Node: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Node, ...]: ...
    def __getitem__(self, place: int | slice) -> Node | tuple[Node, ...]:
        found = range(len(self))[place]
        return Node(self._graph, found) if isinstance(found, int) else tuple(Node(self._graph, i) for i in found)

    def __len__(self) -> int:
        return len(self._graph.record)

    def __repr__(self) -> str:
        return repr(tuple(self))


class End(NamedTuple):
    """An end of the graph: its title, the node by number, and whether the title belongs to this end alone (see
    `Graph.mark_output`)."""

    title: str
    node: int
    own: bool = False


class Note(Protocol):
    """A remark on a recorded run, for below its figure."""

    def sentence(self, say: Language) -> str:
        """Return the remark as a sentence in a language."""


@dataclass(frozen=True, slots=True)
class Said:
    """A remark that is a sentence by itself (see also `bpviz.graph.verification.Remark`)."""

    text: str

    def sentence(self, say: Language) -> str:
        """Return the sentence in a language."""
        return say(self.text)


class Graph:
    """A recorded computation. `bpviz.trace` makes it from a function; built by hand it records as you compute.

    >>> import bpviz
    >>> g = bpviz.Graph("apples")
    >>> price, count, tax = g.input("price", 100), g.input("count", 2), g.input("tax", 1.1)
    >>> subtotal = price * count
    >>> total = g.output(subtotal * tax, "total")
    >>> total.data
    220.00000000000003
    >>> [node.name for node in g.nodes]
    ['price', 'count', 'tax', 'subtotal', 'total']
    >>> bpviz.propagate(g).grads
    {'price': 2.2, 'count': 110.00000000000001, 'tax': 200.0}
    """

    def __init__(self, name: str = "", *, record: Recorder | None = None) -> None:
        self.name = name
        self.record = Recorder(sys._getframe(1), name) if record is None else record
        # The traced function, whose source has the meanings of variables. None for a graph that was built by hand.
        self.function: Callable[..., Any] | None = None
        # The same function with its arguments, for plain runs.
        self.plain: Plain | None = None
        self.notes: tuple[Note, ...] = ()
        # The framework that computed it; empty where bpviz did.
        self.framework = ""
        self._inputs: dict[str, int] = {}
        self._outputs: dict[str, int] = {}
        self._own_titles: set[str] = set()
        self._labels = Labels(self.record)
        self.kept: dict[str, Any] = {}

    # Building

    def input(self, name: str, value: Any = NO_VALUE) -> Handle:
        """Add an input. Without a value, one must be given to `bpviz.propagate`.

        Raises `UsageError` if the name is taken, or the value is no number or array of numbers.
        """
        return self.take([(name, value)])[0]

    def take(self, inputs: Sequence[tuple[str, Any]]) -> list[Handle]:
        """Add several inputs at once, each with its name, as `input` does."""
        record, known = self.record, self._inputs
        if record.closed:
            raise UsageError(f"the graph {self.name!r} was traced and is complete; build another with bpviz.Graph()")
        if len(known) != len(record.is_input):
            known = self._inputs = {name: i for i, name in record.is_input.items()}
        handles: list[Handle] = []
        index = len(record)
        for name, value in inputs:
            if name in known:
                raise UsageError(f"the graph has an input {name!r} already; give each input its own name")
            if type(value) is not float and value is not NO_VALUE:
                if type(value) is int:
                    record.whole.add(index)
                value = as_input(name, value)
            known[name] = index
            handles.append(Handle(record, index, value))
            index += 1
        record.add_inputs([name for name, _ in inputs], [handle.data for handle in handles])
        return handles

    def output(self, value: Handle, name: str = "") -> Handle:
        """Mark a value as an output of the graph; a name names it."""
        if type(value) not in HANDLES:
            raise UsageError(
                f"an output must be a recorded value, but got {value!r}; compute it from the graph's inputs"
            )
        self.record.same(value.recorder, "output()")
        if name:
            self.record.name(value.index, name)
        self.mark_output(value.index, name or self.label_of(value.index) or self.name or "output")
        return value

    def mark_output(self, index: int, title: str, *, own: bool = False) -> str:
        """Mark a node, by number, as an output. Return its title, with a number if the title is taken.

        An ``own`` title has an end of its own, whatever the node is called: one value may be two gradients.
        """
        unique, count = title, 1
        while unique in self._outputs:
            count += 1
            unique = f"{title}_{count}"
        self._outputs[unique] = index
        if own:
            self._own_titles.add(unique)
        return unique

    # Reading

    @property
    def edition(self) -> tuple[int, ...]:
        """What changes when the graph grows, a value in it is named, or an output is marked."""
        return *self._labels.edition, len(self._outputs)

    @property
    def labels(self) -> tuple[str, ...]:
        """Per node, the name that the source (or ``bpviz.name``) gave it; empty if it gave none."""
        return self._labels.written

    @property
    def names(self) -> tuple[str, ...]:
        """Per node, a name that no other node has: its label, or what it is, with a number if that is taken."""
        return self._labels.unique

    def label_of(self, index: int) -> str:
        """Return the name that the source (or ``bpviz.name``) gave to one node; empty if it gave none."""
        return self._labels.of(index)

    @property
    def nodes(self) -> Nodes:
        """All inputs, constants and steps, in the order in which they were recorded."""
        # Made when they are read: kept here, they would be in a cycle with the graph, and all its arrays would wait for
        # the garbage collector.
        return Nodes(self)

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the inputs, in order."""
        return tuple(self.record.is_input.values())

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of the output nodes, in order."""
        return tuple(self.names[i] for i in self.output_indices)

    @property
    def output_indices(self) -> tuple[int, ...]:
        """The numbers of the output nodes, each once; the last step if none is marked."""
        if self._outputs:
            return tuple(dict.fromkeys(self._outputs.values()))
        steps = [i for i, operation in enumerate(self.record.operations) if operation is not None]
        last = steps[-1] if steps else len(self.record) - 1
        return (last,) if last >= 0 else ()

    @property
    def ends(self) -> tuple[End, ...]:
        """The ends of the figure: each output once, and each title of its own."""
        ends: dict[tuple[int, str], End] = {}
        for name, index in self._outputs.items():
            own = name in self._own_titles
            title = name if own else self.labels[index] or name
            ends.setdefault((index, name if own else ""), End(title, index, own))
        return tuple(ends.values())

    @Kept
    def _by_name(self) -> dict[str, int]:
        found = {name: i for i, name in enumerate(self.names)}
        for index, label in enumerate(self.labels):
            if label:
                found.setdefault(label, index)
        # An output can also be found by its title, and by the name of the graph.
        for name, index in self._outputs.items():
            if name in self._own_titles:
                found[name] = index
            found.setdefault(name, index)
        if len(self._outputs) == 1 and self.name:
            found.setdefault(self.name, next(iter(self._outputs.values())))
        # The last variable that held it: hs[0].
        for index, name in self.record.last_words.items():
            found.setdefault(name, index)
        return found

    @property
    def is_gradient(self) -> bool:
        """Whether it computes gradients: its ends have titles of their own."""
        return bool(self._own_titles)

    def is_constant(self, index: int) -> bool:
        """Return whether a node, by number, is a number or an array that no input leads to."""
        return self.record.operations[index] is None and index not in self.record.is_input

    def ancestors(self, indices: Iterable[int]) -> list[int]:
        """Return the numbers of these nodes and of all that lead to them, in the order of recording.

        >>> import bpviz
        >>> graph = bpviz.trace(lambda x=3.0, y=2.0: (x * x, x + y))
        >>> [graph.names[i] for i in graph.ancestors(graph.output_indices[:1])]
        ['x', 'output[0]']
        """
        operands = self.record.operands
        found = bytearray(len(operands))
        for index in indices:
            found[index] = 1
        # An operand has a smaller number than what uses it.
        for index in range(len(found) - 1, -1, -1):
            if found[index]:
                for operand in operands[index]:
                    found[operand] = 1
        return [index for index, is_found in enumerate(found) if is_found]

    def find(self, name: str | Handle | Node) -> int:
        """Return the number of a node, by its name (or handle, or node).

        Raises `UsageError` with similar names if there is none of that name.
        """
        if isinstance(name, Handle):
            self.record.same(name.recorder, "the look-up")
            return name.index
        if isinstance(name, Node):
            self.record.same(name.graph.record, "the look-up")
            return name.index
        if name in self._by_name:
            return self._by_name[name]
        stem, brackets = split_name(name)
        if brackets.replace(",", "").isdigit():
            # A single element, as a user types it: b[0] for b₀.
            place = tuple(int(part) for part in brackets.split(","))
            for element in (element_name(stem, place, small=False), element_name(stem, place)):
                if element in self._by_name:
                    return self._by_name[element]
        full = full_name(name, self.names)
        if full in self._by_name:
            # By the last part of a name: W1 for params['W1'].
            return self._by_name[full]
        hint = did_you_mean(name, self._by_name, f"it has: {', '.join(list(self._by_name)[:12])}")
        raise UsageError(f"the graph has no value named {name!r}; {hint}")

    def __getitem__(self, name: str) -> Node:
        return self.nodes[self.find(name)]

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def __len__(self) -> int:
        return len(self.record)

    def __repr__(self) -> str:
        steps = sum(operation is not None for operation in self.record.operations)
        return f"<graph {self.name or 'without a name'}: {len(self.inputs)} inputs, {steps} operations>"

    @Kept
    def nx(self) -> networkx.MultiDiGraph[str]:
        """The same graph for networkx: a directed acyclic ``MultiDiGraph`` whose edge keys are operand slots.

        Attributes are of plain types, so that networkx writes them in any of its formats: values are floats, or the
        JSON text of nested lists. What a node does not have (a line, a group) is left out.

        >>> import bpviz
        >>> sorted(bpviz.trace(lambda x=3.0: x * x).nx.edges(keys=True))
        [('x', 'output', 0), ('x', 'output', 1)]
        """
        import networkx

        made: networkx.MultiDiGraph[str] = networkx.MultiDiGraph(name=self.name)
        for node in self.nodes:
            made.add_node(
                node.name,
                **attributes(
                    kind=node.kind,
                    operation=None if node.operation is None else node.operation.name,
                    parameters=node.parameters or None,
                    label=node.label,
                    value=None if node.value is NO_VALUE else plain_value(node.value),
                    line=node.line,
                    group=" / ".join(group_path(node.scope)),
                ),
            )
            for slot, operand in enumerate(node.operands):
                made.add_edge(operand, node.name, slot)
        return made
