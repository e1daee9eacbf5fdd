"""The backward pass, for whatever the rules are called with; numbers have a faster one in `bpviz.graph.propagate`.

What runs through a record from its output back is written here once: which rule gets which gradient, where shares are
added, and how broadcasting is undone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from bpviz.lazy import LazyModule
from bpviz.ops.table.row import Operation, Rule
from bpviz.ops.table.values import Shape, shape_of

__all__ = ["Steps", "unbroadcast", "walk_back"]

np: Any = LazyModule("numpy")


class Steps(Protocol):
    """The part of a record that a backward pass needs."""

    @property
    def operations(self) -> Sequence[Operation | None]:
        """Per entry its operation; ``None`` for an input or a constant."""

    @property
    def operands(self) -> Sequence[tuple[int, ...]]:
        """Per entry the numbers of those that it uses, slot by slot."""

    @property
    def reached(self) -> Sequence[bool]:
        """Per entry whether a gradient can flow to it."""


def walk_back(
    record: Steps,
    output: int,
    seed: Any,
    *,
    complete: Callable[[int, Any], Any],
    call: Callable[[int, int, Rule, Any], Any],
    fit: Callable[[int, int, Any], Any],
    add: Callable[[Any, Any], Any],
) -> None:
    """Call the rules of a record from its output, which has the gradient ``seed``, back to its inputs.

    ``complete(index, gradient)`` is called once per node, when all shares of its gradient are there. It returns ``g``,
    with which ``call(index, slot, rule, g)`` returns the share of one operand, ``None`` if no gradient flows to it.
    ``fit(index, slot, share)`` returns the share in the shape of that operand, ``add(gradient, share)`` the sum of two.

    >>> from bpviz import ops
    >>> class Squared:  # z = x·x
    ...     operations, operands, reached = [None, ops.multiply], [(), (0, 0)], [True, True]
    >>> gradients = {}
    >>> walk_back(
    ...     Squared,
    ...     1,
    ...     1.0,
    ...     complete=lambda index, g: gradients.setdefault(index, g),
    ...     call=lambda index, slot, rule, g: rule(g, 9.0, 3.0, 3.0),
    ...     fit=lambda index, slot, share: share,
    ...     add=lambda gradient, share: gradient + share,
    ... )
    >>> gradients
    {1: 1.0, 0: 6.0}
    """
    gradients = {output: seed}
    for index in range(output, -1, -1):
        if index not in gradients:
            continue
        g, operation, operands = complete(index, gradients.pop(index)), record.operations[index], record.operands[index]
        if operation is None:
            continue
        for slot, (operand, rule) in enumerate(zip(operands, operation.rules(len(operands)), strict=True)):
            share = call(index, slot, rule, g) if rule is not None and record.reached[operand] else None
            if share is not None:
                share = fit(index, slot, share)
                gradients[operand] = add(gradients[operand], share) if operand in gradients else share


def unbroadcast(
    gradient: Any, shape: Shape, sum_to: Callable[[Any, Shape], Any], broadcast_to: Callable[[Any, Shape], Any]
) -> Any:
    """Return a gradient in the shape of its operand: sum what broadcasting had spread, spread what is too small.

    ``sum_to(value, shape)`` and ``broadcast_to(value, shape)`` compute it: with numbers, handles or formulas.

    >>> from bpviz import ops
    >>> unbroadcast(np.ones((4, 3)), (3,), ops.sum_to, ops.broadcast_to)
    array([4., 4., 4.])
    >>> unbroadcast(5.0, (2,), ops.sum_to, ops.broadcast_to)
    array([5., 5.])

    Raises `ValueError` where the two shapes do not broadcast.
    """
    here = shape_of(gradient)
    if here == shape:
        return gradient
    lead = len(here) - len(shape)
    if lead < 0 or (here[lead:] != shape and any(n not in (m, 1) for m, n in zip(here[lead:], shape, strict=True))):
        common = np.broadcast_shapes(here, shape)
        if common == shape:
            # The shape itself: in a formula its numbers may be letters.
            return broadcast_to(gradient, shape)
        gradient = broadcast_to(gradient, common)
    return sum_to(gradient, shape)
