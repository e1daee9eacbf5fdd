"""Gradient descent: the runs of one model, in which the inputs go down the gradient step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import inf, isfinite
from numbers import Integral, Real
from typing import Any, overload

from bpviz import ops, progress
from bpviz.errors import UsageError
from bpviz.frozen import dataclass
from bpviz.graph.flow import Flow
from bpviz.graph.graph import Graph
from bpviz.lazy import LazyModule
from bpviz.ops.table.thumbnails import Thumbnail
from bpviz.ops.table.unknown import Unknown
from bpviz.sources.targets import Target, flow_of

__all__ = ["Training", "descended", "descending", "difference", "training_of"]

np: Any = LazyModule("numpy")


@dataclass(frozen=True, eq=False)
class Training(Sequence[Flow]):
    """The runs of a training, one for each step.

    ``numbers`` are those of the steps: 0 is the start. ``planned`` is the number of the last step, as it was given; the
    descent may end earlier. ``learned`` are the names of the inputs that change, ``rate`` is how much of the gradient
    is subtracted from them; ``None`` for a loop of the user's own. ``drawn`` are the flows of the figures, if they are
    not the runs themselves but single numbers or gradients of them.
    """

    flows: tuple[Flow, ...]
    numbers: tuple[int, ...]
    planned: int
    learned: tuple[str, ...]
    rate: float | None = None
    drawn: tuple[Flow, ...] = ()

    @property
    def losses(self) -> tuple[float, ...]:
        """The output of every run."""
        return tuple(float(flow.output) for flow in self.flows)

    @property
    def inputs(self) -> dict[str, Any]:
        """The values of the inputs after the last step, by name."""
        last = self.flows[-1]
        return {name: last.value(name) for name in last.graph.inputs}

    @property
    def diverges(self) -> bool:
        """Whether the last step has a number that is not finite, so that there is no next one."""
        return not _is_finite(self.flows[-1])

    def __len__(self) -> int:
        return len(self.flows)

    @overload
    def __getitem__(self, at: int) -> Flow: ...
    @overload
    def __getitem__(self, at: slice) -> Training: ...
    def __getitem__(self, at: int | slice) -> Flow | Training:
        """Return the run of a step, or the training with some of its steps, which keep their numbers."""
        if isinstance(at, slice):
            return replace(self, flows=self.flows[at], numbers=self.numbers[at], drawn=self.drawn[at])
        return self.flows[at]


def descended(target: Target, args: tuple[Any, ...], rate: float, steps: int, **run: Any) -> Training:
    """Return the runs of gradient descent on a target: the start, and so many steps.

    ``run`` has the keywords of `bpviz.sources.targets.source_of`. A function is traced anew in every step, so that its
    branches follow; a graph or a flow keeps its steps. All inputs that hold floats go down the gradient, in their own
    precision, or those that ``wrt`` names. The descent ends before ``steps`` if a number is not finite.

    >>> found = descended(lambda w=0.0: (w - 3) ** 2, (), 0.5, 2)
    >>> found.losses, found.inputs
    ((9.0, 0.0, 0.0), {'w': 3.0})

    Raises `UsageError` if the rate, the number of steps or the output is none to descend with, and what `flow_of`
    raises.
    """
    if isinstance(rate, bool) or not isinstance(rate, Real) or not 0 < rate < inf:
        raise UsageError(
            f"rate is the share of the gradient that is subtracted, above 0, such as 0.1, but got {rate!r}"
        )
    if isinstance(steps, bool) or not isinstance(steps, Integral) or steps < 1:
        raise UsageError(f"steps is how many steps are taken, from 1 on, but got {steps!r}")
    inputs = dict(run.pop("inputs", None) or {})
    if isinstance(target, Flow) and not ops.shape_of(target.seed):
        # The gradient itself, not a multiple of it.
        run["seed"] = 1.0
    flows = [flow_of(target, args, inputs=inputs or None, **run)]
    names = descending(flows[0], run.get("wrt"))
    if not _is_finite(flows[0]):
        found = flows[0].nonfinite[0]
        raise UsageError(f"the descent cannot begin, because {found}; give inputs at which all numbers are finite")
    while len(flows) <= steps and _is_finite(flows[-1]):
        flow = flows[-1]
        inputs |= {name: _next(flow.value(name), flow.grad(name), float(rate)) for name in names}
        flows.append(flow_of(target, args, inputs=inputs, **run))
        progress.count("descended {done} of {total} steps", len(flows) - 1, int(steps))
    return Training(tuple(flows), tuple(range(len(flows))), int(steps), tuple(names), float(rate))


def descending(flow: Flow, wrt: Any = None) -> list[str]:
    """Return the names of the inputs that go down the gradient; ``wrt`` names them if they were chosen.

    Raises `UsageError` if there is none, or the output is not a single number.
    """
    if ops.shape_of(flow.values[flow.output_index]):
        raise UsageError(
            f"descent goes down on a single number, but {flow.output_name!r} has shape "
            f"{ops.shape_of(flow.values[flow.output_index])}; return its sum or mean, or name a number (output=, --of)"
        )
    record = flow.graph.record
    reached = {name: i for i, name in record.is_input.items() if flow.shown_gradient(i) is not None}
    for name, i in reached.items():
        if isinstance(flow.gradients[i], Unknown | Thumbnail) or isinstance(flow.given[i], Thumbnail):
            raise UsageError(
                f"{name!r} cannot go down: its gradient is not known, or of its numbers only a thumbnail is kept; name "
                "in freeze what is to stay"
            )
    names = [name for name, i in reached.items() if _is_float(flow.given[i])]
    whole = [name for name in reached if name not in names]
    if whole and (wrt is not None or not names):
        raise UsageError(f"the input {whole[0]!r} holds whole numbers, which cannot go down a gradient; give floats")
    if not names:
        raise UsageError(
            f"no input can go down a gradient, because none reaches {flow.output_name!r} by one; leave out freeze, or "
            "name in wrt what is to be learned"
        )
    return names


def _is_float(value: Any) -> bool:
    return value.__class__ is float or value.dtype.kind == "f"


def _next(value: Any, gradient: Any, rate: float) -> Any:
    """Return a value one step down, in its own precision; it may become infinite."""
    with ops.silence():
        moved = value - rate * gradient
    return moved if value.__class__ is float else np.asarray(moved, value.dtype)


def _is_finite(flow: Flow) -> bool:
    """Return whether the output and the gradients of all inputs are finite."""
    numbers = [one for one in (flow.output, *flow.grads.values()) if not isinstance(one, Unknown | Thumbnail | None)]
    return all(isfinite(one) if one.__class__ is float else bool(np.isfinite(one).all()) for one in numbers)


def training_of(flows: Sequence[Flow]) -> Training:
    """Return the training whose runs were made by a loop of the user's own.

    Raises `UsageError` for anything but flows, or an output that is not a single number.
    """
    if isinstance(flows, Training):
        return flows
    for at, flow in enumerate(flows):
        if not isinstance(flow, Flow):
            raise UsageError(f"steps takes flows, as bpviz.backprop returns them, but number {at} is {flow!r:.60}")
        if ops.shape_of(flow.values[flow.output_index]):
            raise UsageError(
                f"the steps of a training have a single number as output, but {flow.output_name!r} of number {at} has "
                f"shape {ops.shape_of(flow.values[flow.output_index])}; return its sum or mean"
            )
    if not flows:
        raise UsageError("steps has no flows; give those of the training, one for each step")
    first = flows[0]
    learned = tuple(name for i, name in first.graph.record.is_input.items() if first.shown_gradient(i) is not None)
    return Training(tuple(flows), tuple(range(len(flows))), len(flows) - 1, learned)


def difference(one: Graph, other: Graph) -> str:
    """Return the first thing that the other graph computes in another way; empty if there is none.

    >>> import bpviz
    >>> plus, minus = (bpviz.trace(f, 1.0) for f in (lambda x: x + 1, lambda x: x - 1))
    >>> difference(plus, minus), difference(plus, plus)
    ('computes subtract, not add (line 1)', '')
    """
    before, now = one.record, other.record
    if one.inputs != other.inputs:
        return f"has the inputs {', '.join(other.inputs)}, not {', '.join(one.inputs)}"
    olds, news = ([i for i, step in enumerate(record.operations) if step is not None] for record in (before, now))
    for old, new in zip(olds, news, strict=False):
        line = other.nodes[new].line
        where = f" (line {line})" if line else ""
        was, called = (getattr(step, "name", "") for step in (before.operations[old], now.operations[new]))
        if called != was:
            return f"computes {called}, not {was}{where}"
        if old != new or before.operands[old] != now.operands[new]:
            return f"computes {called} from other values{where}"
        if not _same(before.parameters.get(old, {}), now.parameters.get(new, {})):
            return f"computes {called} with other options{where}"
    if len(olds) != len(news):
        return f"takes {len(news)} operations, not {len(olds)}"
    return "" if one.output_indices == other.output_indices else "returns other values"


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return whether two operations have the same options."""
    return one.keys() == other.keys() and all(_alike(one[key], other[key]) for key in one)


def _alike(one: Any, other: Any) -> bool:
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(_alike, one, other))
    if hasattr(one, "shape") or hasattr(other, "shape"):
        return bool(np.array_equal(one, other))
    return one is other or bool(one == other)
