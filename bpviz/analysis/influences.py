"""The effect of every variable on the output: its gradient, and the true change when it grows by 1."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, Literal, NamedTuple

from bpviz import ops
from bpviz.errors import RecordingError, UsageError
from bpviz.formulas.symbols import Symbols
from bpviz.frozen import dataclass
from bpviz.graph.flow import Flow
from bpviz.graph.meanings import meanings
from bpviz.graph.propagate import output_with
from bpviz.lazy import LazyModule
from bpviz.ops.table.thumbnails import Thumbnail
from bpviz.ops.table.unknown import Unknown
from bpviz.text.language import ENGLISH, Language
from bpviz.text.numerals import number

__all__ = ["Influence", "Objective", "influences", "named", "objective", "objective_of", "settled"]

np: Any = LazyModule("numpy")

_WORK = 200_000
"""The most steps that are computed again to find the true change."""


@dataclass(frozen=True, slots=True, eq=False)
class Influence:
    """One variable, and its effect on the output.

    ``gradient`` has the shape of the value (zeros where none flows: then ``reaches`` is false), or it is `UNKNOWN`.
    ``slope`` is the sum of its elements, the rate at which the output grows when all of them grow; NaN if the output is
    not finite or the gradient not known, or kept as a thumbnail. ``grown``
    is the true growth of the output when the variable (every element of it) grows by 1 and the others stay; ``None`` if
    it is not known. ``derivative`` is the name of the gradient, ``formula`` its formula, ``expression`` the expression
    that a step computes.
    """

    index: int
    name: str
    kind: Literal["input", "step", "output"]
    meaning: str
    value: Any
    gradient: Any
    reaches: bool
    derivative: str
    formula: str
    expression: str
    slope: float
    grown: float | None

    @property
    def is_number(self) -> bool:
        """Whether the variable is a single number."""
        return not ops.shape_of(self.value)

    @property
    def is_known(self) -> bool:
        """Whether there is a gradient to compute with."""
        return not isinstance(self.gradient, Unknown | Thumbnail)

    @property
    def straight(self) -> bool:
        """Whether a growth by 1 changes the output exactly as the gradient predicts."""
        return self.grown == self.slope


def settled(predicted: float, true: float, before: Any, after: Any) -> float:
    """Return the predicted change if the true one differs from it only by rounding, else the true change.

    >>> settled(20.0, 19.999999999999972, 220.00000000000003, 240.0), settled(6.0, 7.0, 9.0, 16.0)
    (20.0, 7.0)
    """
    if not math.isfinite(true):
        return true
    single = any(getattr(value, "dtype", None) in (np.float32, np.float16) for value in (before, after))
    size = max(float(np.max(np.abs(before), initial=0)), float(np.max(np.abs(after), initial=0)))
    rounding = max((1e-6 if single else 1e-13) * size, (1e-4 if single else 1e-9) * abs(predicted))
    return predicted if abs(true - predicted) <= rounding else true


def influences(flow: Flow, indices: Sequence[int], symbols: Symbols | None) -> tuple[Influence, ...]:
    """Return the influence of each of these nodes on the output; without ``symbols``, without formulas.

    >>> import bpviz
    >>> def y(p=100, n=2, t=1.1):
    ...     x = p * n
    ...     return x * t
    >>> flow = bpviz.backprop(y)
    >>> [(i.name, i.gradient, i.formula, round(i.grown, 9)) for i in influences(flow, named(flow), Symbols(flow))]
    [('p', 2.2, 'n·t', 2.2), ('n', 110.00000000000001, 'p·t', 110.0), ('t', 200.0, 'x', 200.0), ('x', 1.1, 't', 1.1),
     ('y', 1.0, '1', 1.0)]
    """
    meaning_of, record = meanings(flow.graph), flow.graph.record
    output = flow.values[flow.output_index]
    finite = not isinstance(output, Thumbnail) and bool(np.isfinite(output).all())
    # A step of another framework takes as long as its array is large.
    costs = [1 + ops.size_of(value) // 100 if flow.graph.framework else 1 for value in flow.values]
    ahead = list(accumulate(reversed(costs)))[::-1]
    found = []
    work = 0
    for index in indices:
        reaches = flow.shown_gradient(index) is not None
        value, gradient = flow.values[index], flow.gradient_of(index)
        grown = None
        if reaches and finite and work <= _WORK:
            work += ahead[index]
            grown = _grown(flow, index)
        step = record.operations[index] is not None
        found.append(
            Influence(
                index=index,
                name=flow.graph.names[index],
                kind="output" if index == flow.output_index else "step" if step else "input",
                meaning=meaning_of.get(index, ""),
                value=value,
                gradient=gradient,
                reaches=reaches,
                derivative=symbols.derivative(index) if symbols is not None else "",
                formula=symbols.gradient(index) if symbols is not None else "",
                expression=symbols.value(index) if symbols is not None and step else "",
                slope=_slope(gradient) if finite else math.nan,
                grown=grown,
            )
        )
    return tuple(found)


def named(flow: Flow) -> tuple[int, ...]:
    """Return the variables of a flow: its inputs, then the steps that have a name and a gradient, the output last.

    Inputs that a framework did not differentiate (``requires_grad=False``) are none: nobody knows their gradients.
    """
    record, labels = flow.graph.record, flow.graph.labels
    steps = [
        i
        for i, operation in enumerate(record.operations[: flow.output_index])
        if operation is not None and labels[i] and flow.shown_gradient(i) is not None
    ]
    inputs = [i for i in record.is_input if i < len(flow.values) and i != flow.output_index]
    if flow.graph.framework:
        inputs = [i for i in inputs if record.reached[i]]
    return (*inputs, *steps, flow.output_index)


class Objective(NamedTuple):
    """The number that is differentiated: in words, and as it is written in a derivative."""

    words: str
    symbol: str


def objective(flow: Flow, say: Language = ENGLISH) -> Objective:
    """Return what a flow's gradients are of: its output, or the one number that the seed makes of it.

    >>> import bpviz, numpy as np
    >>> graph = bpviz.trace(lambda x: bpviz.name(x * 2, "y"), np.ones(3))
    >>> objective(bpviz.propagate(graph)).words, objective(bpviz.propagate(graph, seed=[1, 0, 0])).words
    ('the sum of y', 'the weighted sum of y')
    """
    name, seed = flow.output_name, flow.seed
    if not ops.shape_of(flow.values[flow.output_index]):
        if float(seed) == 1:
            return Objective(name, name)
        return Objective(f"{number(float(seed))}·{name}", f"({number(float(seed))}·{name})")
    if bool(np.all(np.asarray(seed) == 1)):
        return Objective(say("the sum of {name}", name=name), f"Σ{name}")
    return Objective(say("the weighted sum of {name}", name=name), f"Σ(seed·{name})")


def objective_of(flow: Flow, output: Any) -> float:
    """Return the number that is differentiated, for a value of the output."""
    if output.__class__ is float and flow.seed.__class__ is float:
        return float(flow.seed * output)
    return float(np.sum(np.asarray(flow.seed) * output))


def _grown(flow: Flow, index: int) -> float | None:
    """Return the growth of the objective when every element of a node grows by 1; ``None`` if it cannot be computed."""
    value, gradient = flow.values[index], flow.gradients[index]
    if isinstance(value, Thumbnail) or isinstance(gradient, Unknown | Thumbnail):
        return None
    try:
        after = output_with(flow, index, value + 1.0 if value.__class__ is float else value + value.dtype.type(1))
    except (UsageError, RecordingError):
        return None
    output = flow.values[flow.output_index]
    if ops.shape_of(after) != ops.shape_of(output):
        return None
    with ops.silence():
        grown = objective_of(flow, after) - objective_of(flow, output)
        return settled(_slope(gradient), grown, output, after)


def _slope(gradient: Any) -> float:
    """Return the sum of the elements; 0 where they cancel except for rounding, NaN where it is not known."""
    if isinstance(gradient, Unknown | Thumbnail):
        return math.nan
    if not ops.shape_of(gradient):
        return float(gradient)
    slope, size = float(np.sum(gradient)), float(np.sum(np.abs(gradient)))
    return 0.0 if abs(slope) <= 4 * np.finfo(gradient.dtype).eps * size else slope
