"""Constants in the circle of the operation that uses them: ×3, +1, −2, 2−, ÷5, 1/x."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property

from bpviz import ops
from bpviz.graph.graph import Graph
from bpviz.text.numerals import number

__all__ = ["Folding"]

_LONGEST = 7
"""The most characters of a constant in a circle; a longer one has a wire."""

# With the constant as the second operand, and as the first: the order is that of the operands.
_SECOND = {"add": "+{}", "subtract": "−{}", "multiply": "×{}", "divide": "÷{}"}
_FIRST = {"add": "+{}", "subtract": "{}−", "multiply": "×{}", "divide": "{}/x"}


class Folding:
    """Where the constants of a graph are drawn.

    >>> import bpviz
    >>> graph = bpviz.trace(lambda x=2.0: 1 / (5 - 3 * x))
    >>> folding = Folding(graph, graph.labels, "fold", 4)
    >>> [folding.symbol(index) for index in range(len(graph.record)) if graph.record.operations[index]]
    [('×3', (1,)), ('5−', (3,)), ('1/x', (5,))]
    """

    def __init__(self, graph: Graph, labels: Sequence[str], constants: str, precision: int) -> None:
        """Take the graph, the name of every node, where constants are drawn (``fold``, ``wires``, ``hide``), and the
        number of digits shown.
        """
        self._graph, self._labels = graph, labels
        self._constants, self._precision = constants, precision

    def symbol(self, index: int) -> tuple[str, tuple[int, ...]] | None:
        """Return the symbol of a step with the constant in it, and that constant; ``None`` if the step has none.

        A constant with a name, with several uses, or with more digits than a circle holds, has a wire.
        """
        operation, operands = self._graph.record.operations[index], self._graph.record.operands[index]
        if self._constants != "fold" or operation is None or operation.name not in _SECOND or len(operands) != 2:
            return None
        slots = [slot for slot in (0, 1) if self._is_folded(operands[slot])]
        if len(slots) != 1:
            return None
        slot = slots[0]
        value = number(float(self._graph.record.values[operands[slot]]), self._precision)
        if len(value) > _LONGEST or "×" in value or not value[-1].isdigit():
            return None
        sign = (_FIRST, _SECOND)[slot][operation.name]
        bare = value[0].isdigit() or (slot == 0 and operation.name == "divide")
        return sign.format(value if bare else f"({value})"), (operands[slot],)

    def hidden(self, indices: Iterable[int]) -> set[int]:
        """Return which of these nodes are constants that are not drawn at all."""
        if self._constants != "hide":
            return set()
        return {index for index in indices if self._graph.is_constant(index) and self._is_bare(index)}

    def empty_sums(self, indices: Iterable[int]) -> dict[int, tuple[int, int]]:
        """Return the first sums of loops, 0 + x, among these steps: each with the 0, and the x that it returns."""
        record, found = self._graph.record, {}
        for index in indices if self._constants == "fold" else ():
            operation, operands = record.operations[index], record.operands[index]
            if operation is None or operation.name != "add" or not self._is_folded(operands[0]):
                continue
            zero, other = (record.values[operand] for operand in operands)
            same = ops.shape_of(other) == ops.shape_of(record.values[index])
            if zero == 0 and same and not self._graph.is_constant(operands[1]):
                found[index] = operands[0], operands[1]
        return found

    def _is_folded(self, index: int) -> bool:
        graph = self._graph
        single = graph.is_constant(index) and not ops.shape_of(graph.record.values[index])
        return single and self._is_bare(index) and self._uses[index] == 1

    def _is_bare(self, index: int) -> bool:
        """Return whether a constant has no name and is no output."""
        return not self._labels[index] and index not in self._graph.output_indices

    @cached_property
    def _uses(self) -> Counter[int]:
        """How often each node is an operand."""
        record = self._graph.record
        return Counter(operand for index in range(len(record)) for operand in record.operands[index])
