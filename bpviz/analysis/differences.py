"""Differences between two runs, of one model or of two: node by node, in structure, values and gradients."""

from __future__ import annotations

import math
from typing import Any, Literal

from bpviz import ops
from bpviz.analysis.pairing import Pairing
from bpviz.frozen import dataclass
from bpviz.graph.flow import Flow
from bpviz.lazy import LazyModule
from bpviz.ops.table.thumbnails import Thumbnail
from bpviz.ops.table.unknown import Unknown
from bpviz.text.language import ENGLISH, Language

__all__ = ["Difference", "Side", "differences"]

np: Any = LazyModule("numpy")

Aspect = Literal["name", "operation", "operands", "value", "gradient"]


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """A node in one of the runs: ``operation`` is its operation with parameters, or ``input`` or ``constant``."""

    name: str
    operation: str
    operands: tuple[str, ...]
    value: Any
    gradient: Any


@dataclass(frozen=True, slots=True, eq=False)
class Difference:
    """One node in both runs; ``None`` where a run does not have it. ``aspects`` names what differs."""

    before: Side | None
    after: Side | None
    aspects: tuple[Aspect, ...] = ()

    @property
    def kind(self) -> Literal["added", "removed", "changed", "same"]:
        """What happened to the node."""
        if self.before is None:
            return "added"
        if self.after is None:
            return "removed"
        return "changed" if self.aspects else "same"


def differences(pairing: Pairing, tolerance: float = 1e-9, say: Language = ENGLISH) -> tuple[Difference, ...]:
    """Return every input and step of the later run with its pair in the earlier one, then the removed ones.

    Numbers differ if their distance is more than ``tolerance`` times their size. Constants are included if they
    changed; ``say`` writes names for those without one.

    >>> import bpviz
    >>> from bpviz.analysis.pairing import paired
    >>> one = bpviz.backprop(lambda price=100, count=2: price * count)
    >>> two = bpviz.propagate(one.graph, {"price": 200})
    >>> [(found.after.name, found.kind, found.aspects) for found in differences(paired(one, two))]
    [('price', 'changed', ('value',)), ('count', 'changed', ('gradient',)), ('output', 'changed', ('value',))]
    """
    before, after, old = pairing.before, pairing.after, pairing.old
    found = []
    for now in _compared(after):
        was = old.get(now)
        constant = after.graph.is_constant(now)
        if was is None:
            # A constant is added and removed with its step.
            found += [] if constant else [Difference(None, _side(after, now, say))]
            continue
        sides = _side(before, was, say), _side(after, now, say)
        aspects = _aspects(pairing, was, now, *sides, tolerance)
        if aspects or not constant:
            found.append(Difference(*sides, aspects))
    kept = set(old.values())
    gone = [was for was in _compared(before) if was not in kept and not before.graph.is_constant(was)]
    return (*found, *(Difference(_side(before, was, say), None) for was in gone))


def _compared(flow: Flow) -> list[int]:
    """Return the inputs and all steps that lead to the outputs."""
    graph = flow.graph
    return graph.ancestors((*graph.record.is_input, *graph.output_indices, flow.output_index))


def _side(flow: Flow, index: int, say: Language) -> Side:
    graph, record = flow.graph, flow.graph.record
    names, operation = graph.names, record.operations[index]
    gradient = None if graph.is_constant(index) else flow.gradient_of(index)
    name, what = names[index], graph.nodes[index].kind
    if operation is not None:
        given = ", ".join(f"{key}={value!r}" for key, value in record.parameters.get(index, {}).items())
        what = operation.name + (f"({given})" if given else "")
    elif what == "constant" and not graph.labels[index]:
        user = next(i for i, operands in enumerate(record.operands) if index in operands)
        name = say("constant of {name}", name=names[user])
    return Side(name, what, tuple(names[i] for i in record.operands[index]), flow.values[index], gradient)


def _aspects(pairing: Pairing, was: int, now: int, before: Side, after: Side, tolerance: float) -> tuple[Aspect, ...]:
    found: list[Aspect] = []
    labels = pairing.before.graph.labels[was], pairing.after.graph.labels[now]
    ends = now in pairing.after.graph.output_indices or now == pairing.after.output_index
    # A result named after its function has another name in another function.
    if labels[0] and labels[1] and labels[0] != labels[1] and not ends:
        found.append("name")
    if before.operation != after.operation:
        found.append("operation")
    slots = range(len(after.operands))
    if len(before.operands) != len(slots) or not all(pairing.slot_kept(now, slot) for slot in slots):
        found.append("operands")
    if differs(before.value, after.value, tolerance):
        found.append("value")
    if after.gradient is not None and differs(before.gradient, after.gradient, tolerance):
        found.append("gradient")
    return tuple(found)


def differs(one: Any, other: Any, tolerance: float) -> bool:
    """Return whether the distance of two numbers or arrays is more than ``tolerance`` times their size.

    >>> differs(220.00000000000003, 220.0, 1e-9), differs(1.1, 1.2, 1e-9), differs(math.nan, math.nan, 1e-9)
    (False, True, False)
    """
    if isinstance(one, Unknown | Thumbnail) or isinstance(other, Unknown | Thumbnail):
        return not (one is other or (isinstance(one, Thumbnail) and one.is_of(other)))
    if ops.shape_of(one) != ops.shape_of(other):
        return True
    # Elements that are almost 0 have no size of their own.
    nothing = 1e-3 * tolerance
    if not ops.shape_of(one):
        a, b = float(one), float(other)
        return not (math.isclose(a, b, rel_tol=tolerance, abs_tol=nothing) or (a != a and b != b))
    a, b = np.asarray(one, dtype=float), np.asarray(other, dtype=float)
    sizes = np.abs(a[np.isfinite(a)])
    size = float(np.max(sizes, initial=0.0))
    return not bool(np.allclose(b, a, rtol=tolerance, atol=max(nothing, tolerance * size), equal_nan=True))
