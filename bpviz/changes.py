"""What becomes of the output when inputs change: foretold by the gradient, and computed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from bpviz import ops
from bpviz.flow import Flow
from bpviz.influences import objective_of, settled
from bpviz.lazy import LazyModule
from bpviz.meanings import meanings

__all__ = ["Change", "change", "same_structure"]

np: Any = LazyModule("numpy")


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """The change of one input (or of several at once: then ``name`` is empty), and what it does to the output.

    ``predicted`` is gradient × step, added up over all elements, ``true`` by how much the output really grows.
    ``slope`` and ``slope_after`` are the rates before and after: of a single number its gradient, else the slope along
    the step. ``reaches`` tells whether a gradient flows back to the input, ``same_way`` whether the model computes the
    same steps with the new value.
    """

    name: str
    meaning: str
    before: Any
    after: Any
    predicted: float
    true: float
    slope: float
    slope_after: float
    reaches: bool
    same_way: bool

    @property
    def difference(self) -> float:
        """By how much more the output grows than was foretold."""
        return self.true - self.predicted


def change(before: Flow, after: Flow, *names: str) -> Change:
    """What the change of these inputs between two runs does.

    >>> import bpviz
    >>> graph = bpviz.trace(lambda x=3.0: x**2)
    >>> found = change(bpviz.propagate(graph), bpviz.propagate(graph, {"x": 4.0}), "x")
    >>> found.predicted, found.true, found.difference, found.slope_after
    (6.0, 7.0, 1.0, 8.0)
    """
    same_way = same_structure(before, after)
    foretold = ahead = 0.0
    reaches = False
    with ops.silence():
        for name in names:
            start, end = before.find(name), after.find(name)
            step = np.subtract(after.values[end], before.values[start], dtype=np.float64)
            reaches = reaches or before.gradients[start] is not None
            foretold += _along(before, start, step)
            ahead += _along(after, end, step)
        old, new = (flow.values[flow.output_index] for flow in (before, after))
        true = settled(foretold, objective_of(after, new) - objective_of(before, old), old, new)
    name = names[0] if len(names) == 1 else ""
    index = before.find(names[0])
    single = bool(name) and not ops.shape_of(before.values[index]) and step != 0
    return Change(
        name=name,
        meaning=meanings(before.graph).get(index, "") if name else "",
        before=before.values[index] if name else None,
        after=after.values[after.find(name)] if name else None,
        predicted=foretold,
        true=true,
        slope=foretold / float(step) if single else foretold,
        slope_after=ahead / float(step) if single else ahead,
        reaches=reaches,
        same_way=same_way,
    )


def same_structure(one: Flow, other: Flow) -> bool:
    """Whether two runs computed the same steps."""
    a, b = one.graph.record, other.graph.record
    if a is b:
        return True
    return (
        len(a) == len(b)
        and all(x is y for x, y in zip(a.operations, b.operations, strict=True))
        and a.operands == b.operands
        and a.is_input == b.is_input
    )


def _along(flow: Flow, index: int, step: Any) -> float:
    """Gradient × step: by how much the output grows, as far as the gradient can tell."""
    gradient = flow.gradients[index]
    if gradient is None:
        return 0.0
    product = float(np.sum(np.multiply(gradient, step)))
    # 0 × ∞ of an element that does not change
    return product if not math.isnan(product) else float(np.sum(np.where(step == 0, 0.0, np.multiply(gradient, step))))
