"""How a step on arrays is spelled in single numbers: from which elements of its operands each element is made, and how.

No operation is described a second time: what a step does with single elements is read off its own row, from its forward
values and from what its rule answers to a gradient that is 1 at one element and 0 elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bpviz import ops
from bpviz.errors import UsageError
from bpviz.lazy import LazyModule
from bpviz.ops import Operation

__all__ = ["Each", "Fold", "Known", "Spelling", "Sums", "Term", "spelled"]

np: Any = LazyModule("numpy")

Place = tuple[int, int]
"""An element of an operand: the slot, and its number when the array is read row by row."""


@dataclass(frozen=True, slots=True)
class Each:
    """The operation itself, element by element: per element the places it uses, slot by slot."""

    uses: tuple[tuple[Place, ...], ...]


@dataclass(frozen=True, slots=True)
class Term:
    """A part of a sum: a number times the product of one or two elements."""

    factor: float
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Sums:
    """A sum per element; ``rest`` is the number that is added to each, mostly 0."""

    terms: tuple[tuple[Term, ...], ...]
    rest: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Fold:
    """An operation of two operands applied to one element after the other."""

    operation: Operation
    uses: tuple[tuple[Place, ...], ...]


@dataclass(frozen=True, slots=True)
class Known:
    """Values that carry no gradient: they stand as they are."""


Spelling = Each | Sums | Fold | Known

_PAIRWISE = {"max": "maximum", "min": "minimum", "prod": "multiply"}
"""What takes many numbers and can as well be applied to two at a time."""


def spelled(operation: Operation, xs: Sequence[Any], parameters: Mapping[str, Any], z: Any) -> Spelling:
    """How the elements of ``z``, the result of an operation on the values ``xs``, are made.

    >>> spelled(ops.OPERATIONS["matmul"], [np.ones((1, 2)), np.ones((2, 1))], {}, np.full((1, 1), 2.0)).terms[0]
    (Term(factor=1.0, places=((0, 0), (1, 0))), Term(factor=1.0, places=((0, 1), (1, 1))))

    Raises `UsageError` for an operation that is neither element by element nor made of sums of products.
    """
    step = _Step(operation, [np.asarray(x) for x in xs], parameters, np.asarray(z))
    if not step.slots:
        return Known()
    if operation.name in _PAIRWISE:
        axis = parameters.get("axis")
        return Fold(ops.named(_PAIRWISE[operation.name]), _groups(step.xs[0].shape, axis))
    for attempt in (_each, _sums, _products):
        found = attempt(step)
        if found is not None:
            return found
    raise UsageError(
        f"{operation.name} cannot be spelled out in single numbers: it is neither done element by element nor a sum of "
        "products; show a part of the model without it, or the matrices"
    )


class _Step:
    """One step with its values, asked for slopes."""

    def __init__(self, operation: Operation, xs: list[Any], parameters: Mapping[str, Any], z: Any) -> None:
        self.operation, self.xs, self.parameters, self.z = operation, xs, parameters, z
        rules = operation.rules(len(xs))
        self.slots = [i for i, rule in enumerate(rules) if rule is not None and xs[i].dtype.kind == "f"]

    def value(self, xs: Sequence[Any]) -> Any:
        return np.asarray(ops.evaluate(self.operation, xs, self.parameters))

    def slopes(self, slot: int, g: Any, xs: Sequence[Any]) -> Any:
        """What the rule of a slot answers to the gradient ``g``, as an array of the operand's shape."""
        rule = self.operation.rules(len(xs))[slot]
        assert rule is not None
        with ops.silence():
            share = ops.pull(rule, g, self.value(xs), xs, self.parameters)
        shape = xs[slot].shape
        if share is None:
            return np.zeros(shape)
        share = np.asarray(share, float)
        if share.shape != shape:
            whole = np.broadcast_shapes(share.shape, shape)
            share = np.asarray(ops.sum_to.forward(np.broadcast_to(share, whole), shape))
        return share

    def elsewhere(self, number: int = 0) -> list[Any]:
        """Other values for the operands that vary, in the same order of size, so that decisions stay as they are."""
        bend = (np.tanh, np.arctan, np.arcsinh)[number]
        return [x + bend(x) * 0.7 if i in self.slots else x for i, x in enumerate(self.xs)]

    def units(self) -> Any:
        """One gradient per element of the result: 1 there, 0 elsewhere."""
        for i in range(self.z.size):
            g = np.zeros(self.z.size)
            g[i] = 1.0
            yield g.reshape(self.z.shape)


def _each(step: _Step) -> Each | None:
    operation = step.operation
    if operation.variadic or (operation.shape is not None and step.z.shape):
        return None
    if operation.shape is not None and any(x.shape for x in step.xs):
        return None
    try:
        places = [np.broadcast_to(np.arange(x.size).reshape(x.shape), step.z.shape).ravel() for x in step.xs]
    except ValueError:
        return None
    uses = tuple(tuple((slot, int(place[i])) for slot, place in enumerate(places)) for i in range(step.z.size))
    # A few elements tell whether each is made of its own place alone (a cross product is not).
    flat = [x.ravel() for x in step.xs]
    for i in {0, step.z.size // 2, step.z.size - 1}:
        try:
            alone = ops.evaluate(operation, [flat[slot][place] for slot, place in uses[i]], step.parameters)
        except ValueError:
            return None
        if np.shape(alone) or not np.allclose(alone, step.z.ravel()[i], equal_nan=True):
            return None
    return Each(uses)


def _sums(step: _Step) -> Sums | None:
    """z = J·x + c with slopes that do not change where x does."""
    g = np.random.default_rng(0).standard_normal(step.z.shape)
    other = step.elsewhere()
    if not all(_alike(step.slopes(slot, g, step.xs), step.slopes(slot, g, other)) for slot in step.slots):
        return None
    terms, rest = [], []
    # A number that is added to all is the same wherever x is; where it is not, the slopes do not tell all.
    flat, flat_other, z_other = step.xs, other, step.value(other).ravel()
    for i, unit in enumerate(step.units()):
        found: list[Term] = []
        here = there = 0.0
        for slot in step.slots:
            slopes = step.slopes(slot, unit, step.xs).ravel()
            for place in np.flatnonzero(slopes).tolist():
                factor = float(slopes[place])
                found.append(Term(factor, ((slot, place),)))
                here += factor * float(flat[slot].ravel()[place])
                there += factor * float(flat_other[slot].ravel()[place])
        left, left_other = float(step.z.ravel()[i]) - here, float(z_other[i]) - there
        scale = 1e-9 * max(1.0, abs(here), abs(there))
        if abs(left - left_other) > scale:
            return None
        terms.append(tuple(found))
        rest.append(0.0 if abs(left) <= scale else left)
    return Sums(tuple(terms), tuple(rest))


def _products(step: _Step) -> Sums | None:
    """z = Σ c·x·y: the slope of each of two operands is a sum of elements of the other."""
    if len(step.slots) != 2:
        return None
    one, two = step.slots
    g = np.random.default_rng(0).standard_normal(step.z.shape)
    other = step.elsewhere()
    for slot, partner in ((one, two), (two, one)):
        mixed = list(step.xs)
        mixed[slot] = other[slot]
        doubled = list(step.xs)
        doubled[partner] = 2 * step.xs[partner]
        slopes = step.slopes(slot, g, step.xs)
        if not _alike(slopes, step.slopes(slot, g, mixed)) or not _alike(2 * slopes, step.slopes(slot, g, doubled)):
            return None
    # Numbers by which every element of the second operand is known again.
    marks = np.random.default_rng(1).uniform(1.0, 2.0, step.xs[two].size)
    marked = list(step.xs)
    marked[two] = marks.reshape(step.xs[two].shape)
    of_mark = {float(mark): place for place, mark in enumerate(marks)}
    terms = []
    for unit in step.units():
        found: list[Term] = []
        slopes = step.slopes(one, unit, marked).ravel()
        for place in np.flatnonzero(slopes).tolist():
            partner_place = of_mark.get(float(slopes[place]))
            pairs = [(partner_place, 1.0)] if partner_place is not None else _partners(step, one, two, unit, place)
            found += [Term(factor, ((one, place), (two, partner))) for partner, factor in pairs]
        terms.append(tuple(found))
    flat = [x.ravel() for x in step.xs]
    sums = [sum(t.factor * math.prod(float(flat[s][p]) for s, p in t.places) for t in row) for row in terms]
    return Sums(tuple(terms), (0.0,) * step.z.size) if _alike(np.array(sums), step.z.ravel()) else None


def _partners(step: _Step, one: int, two: int, unit: Any, place: int) -> list[tuple[int, float]]:
    """The elements of the second operand that the slope of one element of the first is made of, and how often."""
    found = []
    for partner in range(step.xs[two].size):
        alone = list(step.xs)
        alone[two] = np.zeros(step.xs[two].shape)
        alone[two].ravel()[partner] = 1.0
        factor = float(step.slopes(one, unit, alone).ravel()[place])
        if factor:
            found.append((partner, factor))
    return found


def _groups(shape: tuple[int, ...], axis: Any) -> tuple[tuple[Place, ...], ...]:
    """The places that go into each result of a reduction."""
    axes = ops.normalized_axes(axis, len(shape))
    kept = [i for i in range(len(shape)) if i not in axes]
    places = np.arange(math.prod(shape)).reshape(shape).transpose(*kept, *axes)
    rows = places.reshape(math.prod(shape[i] for i in kept), -1)
    return tuple(tuple((0, place) for place in row) for row in rows.tolist())


def _alike(x: Any, y: Any) -> bool:
    return x.shape == y.shape and bool(np.allclose(x, y, rtol=1e-9, atol=1e-12))
