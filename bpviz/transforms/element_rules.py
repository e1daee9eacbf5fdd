"""How to write a step on arrays in single numbers: which elements of its operands make each element of its result.

No operation is described a second time. What a step does with single elements is found from its row: from its forward
values, and from what its rule returns for a gradient that is 1 at one element and 0 elsewhere. The row is called with
made-up numbers, since the model's own may hide what is done: zeros, infinities, 10²⁰ next to 1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from bpviz import ops
from bpviz.errors import UsageError
from bpviz.frozen import dataclass
from bpviz.lazy import LazyModule
from bpviz.ops import Operation
from bpviz.ops.table.backward import unbroadcast

__all__ = ["Each", "Fold", "Known", "Spelling", "Sums", "Term", "groups", "spelled"]

np: Any = LazyModule("numpy")

Place = tuple[int, int]
"""An element of an operand: the slot, and the position in the array, counted row by row."""


@dataclass(frozen=True, slots=True)
class Each:
    """The operation itself, element by element: for each element its places, slot by slot."""

    uses: tuple[tuple[Place, ...], ...]


@dataclass(frozen=True, slots=True)
class Term:
    """A part of a sum: a number times the product of one or two elements."""

    factor: float
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Sums:
    """One sum per element; ``rest`` is the number added to each, usually 0."""

    terms: tuple[tuple[Term, ...], ...]
    rest: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Fold:
    """An operation on several elements: all at once if it is variadic, else one after the other."""

    operation: Operation
    uses: tuple[tuple[Place, ...], ...]


@dataclass(frozen=True, slots=True)
class Known:
    """Values that carry no gradient: they become constants."""


Spelling = Each | Sums | Fold | Known


def spelled(operation: Operation, xs: Sequence[Any], parameters: Mapping[str, Any], z: Any) -> Spelling:
    """Return how the elements of ``z``, the result of an operation on the values ``xs``, are made.

    >>> spelled(ops.OPERATIONS["matmul"], [np.ones((1, 2)), np.ones((2, 1))], {}, np.full((1, 1), 2.0)).terms[0]
    (Term(factor=1.0, places=((0, 0), (1, 0))), Term(factor=1.0, places=((0, 1), (1, 1))))

    Raises `UsageError` for an operation that is neither elementwise nor a sum of products, or that another framework
    computes.
    """
    if operation.framework:
        raise UsageError(
            f"{operation.name} cannot be spelled out in single numbers: {operation.framework} computes it as a whole; "
            "show a part of the model without it, or the matrices"
        )
    step = _ProbedStep(operation, [np.asarray(x) for x in xs], parameters, np.asarray(z))
    if not step.slots:
        return Known()
    if operation.of_operands:
        axis = parameters.get("axis")
        return Fold(ops.named(operation.of_operands), groups(step.xs[0].shape, axis))
    for attempt in (_each, _sums, _products):
        try:
            found = attempt(step)
        except ValueError:
            # The operation fails for the made-up numbers.
            found = None
        if found is not None:
            return found
    raise UsageError(
        f"{operation.name} cannot be spelled out in single numbers: it is neither done element by element nor a sum of "
        "products; show a part of the model without it, or the matrices"
    )


class _ProbedStep:
    """One step with its values, from which slopes are computed."""

    def __init__(self, operation: Operation, xs: list[Any], parameters: Mapping[str, Any], z: Any) -> None:
        self.operation, self.xs, self.parameters, self.z = operation, xs, parameters, z
        self.slots = [i for i, rule in enumerate(operation.rules(len(xs))) if rule is not None and self._varies(i)]

    def _varies(self, slot: int) -> bool:
        """Return whether an operand holds numbers to vary; whole numbers may be positions."""
        kind = self.xs[slot].dtype.kind
        return kind == "f" or (kind in "iub" and self._share(slot, np.ones(self.z.shape), self.xs) is not None)

    def value(self, xs: Sequence[Any]) -> Any:
        return np.asarray(ops.evaluate(self.operation, xs, self.parameters))

    def _share(self, slot: int, g: Any, xs: Sequence[Any]) -> Any:
        rule = self.operation.rules(len(xs))[slot]
        assert rule is not None
        with ops.silence():
            return ops.pull(rule, g, self.value(xs), xs, self.parameters)

    def slopes(self, slot: int, g: Any, xs: Sequence[Any]) -> Any:
        """Return what the rule of a slot returns for the gradient ``g``, as an array of the operand's shape."""
        share, shape = self._share(slot, g, xs), xs[slot].shape
        if share is None:
            return np.zeros(shape)
        share = np.asarray(share, float)
        return np.asarray(unbroadcast(share, shape, ops.sum_to.forward, ops.broadcast_to.forward))

    def made_up(self, number: int) -> list[Any]:
        """Return numbers from 1 to 4 for the operands, in the order of the real ones, to keep all decisions."""
        xs = list(self.xs)
        for slot in self.slots:
            found, ranks = np.unique(xs[slot], return_inverse=True)
            xs[slot] = (1.0 + (ranks.reshape(xs[slot].shape) + 0.5) / max(found.size, 1)) ** (number + 1)
        return xs

    def units(self) -> Any:
        """Return one gradient per element of the result: 1 at that element, 0 elsewhere."""
        for i in range(self.z.size):
            g = np.zeros(self.z.size)
            g[i] = 1.0
            yield g.reshape(self.z.shape)


def _each(step: _ProbedStep) -> Each | None:
    operation = step.operation
    if operation.shape is not None and step.z.shape:
        return None
    if operation.shape is not None and any(x.shape for x in step.xs):
        return None
    try:
        places = [np.broadcast_to(np.arange(x.size).reshape(x.shape), step.z.shape).ravel() for x in step.xs]
    except ValueError:
        return None
    uses = tuple(tuple((slot, int(place[i])) for slot, place in enumerate(places)) for i in range(step.z.size))
    # A few elements show whether each depends on its own place alone (in a cross product it does not).
    flat = [x.ravel() for x in step.xs]
    for i in {0, step.z.size // 2, step.z.size - 1}:
        try:
            alone = ops.evaluate(operation, [flat[slot][place] for slot, place in uses[i]], step.parameters)
        except ValueError:
            return None
        if np.shape(alone) or not np.allclose(alone, step.z.ravel()[i], equal_nan=True):
            return None
    return Each(uses)


def _sums(step: _ProbedStep) -> Sums | None:
    """Return the sums for z = J·x + c, with slopes that do not depend on x; else ``None``."""
    g = np.random.default_rng(0).standard_normal(step.z.shape)
    xs, others = step.made_up(0), step.made_up(1)
    if not all(_alike(step.slopes(slot, g, xs), step.slopes(slot, g, others)) for slot in step.slots):
        return None
    terms, rest = [], []
    # The added number must be the same for every x; otherwise the slopes do not describe the whole step.
    z, z_other = step.value(xs).ravel(), step.value(others).ravel()
    for i, unit in enumerate(step.units()):
        found: list[Term] = []
        here = there = size = 0.0
        for slot in step.slots:
            slopes = step.slopes(slot, unit, xs).ravel()
            for place in np.flatnonzero(slopes).tolist():
                factor = float(slopes[place])
                found.append(Term(factor, ((slot, place),)))
                here += factor * float(xs[slot].ravel()[place])
                there += factor * float(others[slot].ravel()[place])
                size += abs(factor)
        left, left_other = float(z[i]) - here, float(z_other[i]) - there
        if abs(left - left_other) > 1e-9 * size:
            return None
        terms.append(tuple(found))
        rest.append(float(step.z.ravel()[i]) if not found else 0.0 if abs(left) <= 1e-9 * size else left)
    return Sums(tuple(terms), tuple(rest))


def _products(step: _ProbedStep) -> Sums | None:
    """Return the sums for z = Σ c·x·y, where either operand's slope is a sum of the other's elements; else ``None``."""
    if len(step.slots) != 2:
        return None
    one, two = step.slots
    g = np.random.default_rng(0).standard_normal(step.z.shape)
    xs, others = step.made_up(0), step.made_up(1)
    for slot, partner in ((one, two), (two, one)):
        mixed, doubled = list(xs), list(xs)
        mixed[slot] = others[slot]
        doubled[partner] = 2 * xs[partner]
        slopes = step.slopes(slot, g, xs)
        if not _alike(slopes, step.slopes(slot, g, mixed)) or not _alike(2 * slopes, step.slopes(slot, g, doubled)):
            return None
    # Distinct numbers, which identify every element of the second operand.
    marks = np.random.default_rng(1).uniform(1.0, 2.0, xs[two].size)
    marked = list(xs)
    marked[two] = marks.reshape(xs[two].shape)
    of_mark = {float(mark): place for place, mark in enumerate(marks)}
    terms = []
    for unit in step.units():
        found: list[Term] = []
        slopes = step.slopes(one, unit, marked).ravel()
        for place in np.flatnonzero(slopes).tolist():
            partner_place = of_mark.get(float(slopes[place]))
            pairs = [(partner_place, 1.0)] if partner_place is not None else _partners(step, xs, unit, place)
            found += [Term(factor, ((one, place), (two, partner))) for partner, factor in pairs]
        terms.append(tuple(found))
    flat = [x.ravel() for x in xs]
    sums = [sum(t.factor * math.prod(float(flat[s][p]) for s, p in t.places) for t in row) for row in terms]
    return Sums(tuple(terms), (0.0,) * step.z.size) if _alike(np.array(sums), step.value(xs).ravel()) else None


def _partners(step: _ProbedStep, xs: Sequence[Any], unit: Any, place: int) -> list[tuple[int, float]]:
    """Return the second operand's elements in the slope of one element of the first, each with its factor."""
    one, two = step.slots
    found = []
    for partner in range(xs[two].size):
        alone = list(xs)
        alone[two] = np.zeros(xs[two].shape)
        alone[two].ravel()[partner] = 1.0
        factor = float(step.slopes(one, unit, alone).ravel()[place])
        if factor:
            found.append((partner, factor))
    return found


def groups(shape: tuple[int, ...], axis: Any) -> tuple[tuple[Place, ...], ...]:
    """Return the places that each result of a reduction uses."""
    axes = ops.normalized_axes(axis, len(shape))
    kept = [i for i in range(len(shape)) if i not in axes]
    places = np.arange(math.prod(shape)).reshape(shape).transpose(*kept, *axes)
    rows = places.reshape(math.prod(shape[i] for i in kept), -1)
    return tuple(tuple((0, place) for place in row) for row in rows.tolist())


def _alike(x: Any, y: Any) -> bool:
    return x.shape == y.shape and bool(np.allclose(x, y, rtol=1e-9, atol=1e-12))
