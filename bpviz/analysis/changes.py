"""The change of the output when inputs change: predicted by the gradient, and computed."""

from __future__ import annotations

import math
from typing import Any

from bpviz import ops
from bpviz.analysis.influences import objective_of, settled
from bpviz.frozen import dataclass
from bpviz.graph.flow import Flow
from bpviz.graph.meanings import meanings
from bpviz.lazy import LazyModule
from bpviz.ops.table.thumbnails import Thumbnail
from bpviz.ops.table.unknown import Unknown

__all__ = ["Change", "change"]

np: Any = LazyModule("numpy")


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """The change of one input (or of several at once: then ``name`` is empty), and its effect on the output.

    ``predicted`` is gradient × step, summed over all elements, ``true`` the real growth of the output. ``slope`` and
    ``slope_after`` are the slopes before and after: the gradient of a single number, else the slope along the step.
    ``reaches`` is true if a gradient flows back to the input (if that is not known, nothing is predicted: NaN, and
    ``is_known`` is false), ``same_way`` if the model computes the same steps with
    the new value.
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
    is_known: bool = True

    @property
    def difference(self) -> float:
        """The true growth of the output minus the predicted one."""
        return self.true - self.predicted


def change(before: Flow, after: Flow, *names: str) -> Change:
    """Return the effect of a change of these inputs between two runs.

    >>> import bpviz
    >>> graph = bpviz.trace(lambda x=3.0: x**2)
    >>> found = change(bpviz.propagate(graph), bpviz.propagate(graph, {"x": 4.0}), "x")
    >>> found.predicted, found.true, found.difference, found.slope_after
    (6.0, 7.0, 1.0, 8.0)
    """
    ends = [(before.find(name), after.find(name)) for name in names]
    with ops.silence():
        steps = [np.subtract(after.values[end], before.values[start], dtype=np.float64) for start, end in ends]
        predicted = sum(_along(before, start, step) for (start, _), step in zip(ends, steps, strict=True))
        ahead = sum(_along(after, end, step) for (_, end), step in zip(ends, steps, strict=True))
        old, new = (flow.values[flow.output_index] for flow in (before, after))
        true = settled(predicted, objective_of(after, new) - objective_of(before, old), old, new)
    (start, end), alone = ends[0], len(names) == 1
    single = alone and not ops.shape_of(before.values[start])
    return Change(
        name=names[0] if alone else "",
        meaning=meanings(before.graph).get(start, "") if alone else "",
        before=before.values[start] if alone else None,
        after=after.values[end] if alone else None,
        predicted=predicted,
        true=true,
        slope=_number(before.gradient_of(start)) if single else predicted,
        slope_after=_number(after.gradient_of(end)) if single else ahead,
        reaches=any(before.shown_gradient(start) is not None for start, _ in ends),
        same_way=_same_structure(before, after),
        is_known=all(_is_known(before.gradients[start]) for start, _ in ends),
    )


def _is_known(gradient: Any) -> bool:
    return not isinstance(gradient, Unknown | Thumbnail)


def _number(gradient: Any) -> float:
    return float(gradient) if _is_known(gradient) else math.nan


def _same_structure(one: Flow, other: Flow) -> bool:
    """Return whether two runs computed the same steps."""
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
    """Return gradient × step, the growth of the output that the gradient predicts."""
    gradient = flow.gradients[index]
    if gradient is None:
        return 0.0
    if not _is_known(gradient):
        return math.nan
    product = float(np.sum(np.multiply(gradient, step)))
    # 0 × ∞ for an element that does not change
    return product if not math.isnan(product) else float(np.sum(np.where(step == 0, 0.0, np.multiply(gradient, step))))
