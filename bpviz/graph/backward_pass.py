"""The backward pass in numbers: the gradient of every node and every wire, from the output back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from bpviz import ops
from bpviz.graph.flow import Later
from bpviz.lazy import LazyModule
from bpviz.ops import Operation
from bpviz.ops.table.backward import unbroadcast
from bpviz.ops.table.copying import sealed
from bpviz.ops.table.thumbnails import Thumbnail
from bpviz.ops.table.unknown import UNKNOWN
from bpviz.recording.recorder import Recorder

__all__ = ["backward", "fit", "shares_of"]

np: Any = LazyModule("numpy")


def backward(
    record: Recorder, values: Sequence[Any], kept: Mapping[int, Any], output: int, seed: Any
) -> tuple[list[Any], list[tuple[Any, ...] | None]]:
    """Return the gradient of every node and every wire, from the output back, in read-only arrays.

    ``kept`` has intermediate results of steps, for their rules.

    >>> import bpviz
    >>> record = bpviz.trace(lambda x=3.0: x * x).record
    >>> backward(record, record.values, {}, 1, 1.0)
    ([6.0, 1.0], [None, (3.0, 3.0)])
    """
    return _sealed(*_walked(record, values, kept, output, seed))


def _walked(
    record: Recorder, values: Sequence[Any], kept: Mapping[int, Any], output: int, seed: Any
) -> tuple[list[Any], list[tuple[Any, ...] | None]]:
    """Return the gradient of every node and every wire.

    This is `bpviz.ops.table.backward.walk_back` for numbers, where each microsecond counts.
    """
    gradients: list[Any] = [None] * len(values)
    wires: list[tuple[Any, ...] | None] = [None] * len(values)
    large = _Large(record, values, gradients, wires)
    gradients[output] = seed
    operations, all_operands, reached = record.operations, record.operands, record.reached
    parameters = record.parameters
    for index in range(output, -1, -1):
        g, operation = gradients[index], operations[index]
        if g is None or operation is None:
            continue
        operands, rules = all_operands[index], operation.vjp
        if len(operands) != 2 or type(rules) is not tuple or index in parameters or index in kept or g is UNKNOWN:
            found = shares_of(record, index, g, values, kept)
            for i, share in zip(operands, found, strict=True):
                if share is not None:
                    before = gradients[i]
                    gradients[i] = share if before is None else before + share
            wires[index] = found
            if any(map(_is_large, found)):
                large.let_go(index)
            continue
        # The same, written out for two operands, of which long scalar programs consist.
        i, j = operands
        z, x, y = values[index], values[i], values[j]
        rule, other = rules
        share = share_y = None
        try:
            if rule is not None and reached[i]:
                share = rule(g, z, x, y)
            if other is not None and reached[j]:
                share_y = other(g, z, x, y)
        except (ArithmeticError, ValueError, TypeError):
            share, share_y = shares_of(record, index, g, values, kept)
        if type(share) is not float or type(x) is not float:
            share = fit(share, x)
        if share is not None:
            before = gradients[i]
            gradients[i] = share if before is None else before + share
        if type(share_y) is not float or type(y) is not float:
            share_y = fit(share_y, y)
        if share_y is not None:
            before = gradients[j]
            gradients[j] = share_y if before is None else before + share_y
        wires[index] = share, share_y
        if (type(share) is not float or type(share_y) is not float) and (_is_large(share) or _is_large(share_y)):
            large.let_go(index)
            # They are in no variable either while the next step is computed.
            share = share_y = before = None
    return gradients, wires


def _sealed(gradients: list[Any], wires: list[Any]) -> tuple[list[Any], list[Any]]:
    """Make all arrays read-only."""
    if not _NUMBERS.issuperset(map(type, gradients)):
        # Where all gradients are numbers, so are the shares that they are sums of.
        for value in gradients:
            sealed(value)
        for shares in wires:
            for share in shares or ():
                sealed(share)
    return gradients, wires


_NUMBERS = frozenset({float, type(None)})


_LARGE = 1_000_000
"""The most elements of an array that is kept for a wire, where the wire is one of several that add up."""


def _is_large(share: Any) -> bool:
    return share is not None and type(share) is not float and share.size > _LARGE


class _Large:
    """Shares of large arrays that are summands of a gradient: each is computed again when it is read."""

    def __init__(
        self, record: Recorder, values: Sequence[Any], gradients: list[Any], wires: list[tuple[Any, ...] | None]
    ) -> None:
        self.record, self.values, self.gradients, self.wires = record, values, gradients, wires
        # The wire whose share is the gradient of a node so far.
        self.first: dict[int, tuple[int, int]] = {}

    def let_go(self, index: int) -> None:
        """Let go of the shares of a step that have been added to others, and of those they were added to."""
        for slot, operand in enumerate(self.record.operands[index]):
            share = (self.wires[index] or ())[slot]
            if not _is_large(share):
                continue
            if share is self.gradients[operand]:
                self.first[operand] = index, slot
                continue
            for wire in filter(None, ((index, slot), self.first.pop(operand, None))):
                self._make_later(*wire)

    def _make_later(self, index: int, slot: int) -> None:
        shares = list(self.wires[index] or ())
        again = partial(_share_again, self.record, self.values, index, slot, self.gradients[index])
        shares[slot] = Later(again)
        self.wires[index] = tuple(shares)


def _share_again(record: Recorder, values: Sequence[Any], index: int, slot: int, g: Any) -> Any:
    operation, operands = record.operations[index], record.operands[index]
    assert operation is not None
    xs, parameters = [values[i] for i in operands], record.parameters.get(index, _NONE)
    with ops.silence():
        if operation.together is not None:
            return sealed(fit(ops.pull(operation.together, g, values[index], xs, parameters)[slot], xs[slot]))
        rule = operation.rules(len(operands))[slot]
        assert rule is not None
        return sealed(fit(ops.pull(rule, g, values[index], xs, parameters), xs[slot]))


def shares_of(record: Recorder, index: int, g: Any, values: Sequence[Any], kept: Mapping[int, Any]) -> tuple[Any, ...]:
    """Return the gradients of one step's operands for the gradient ``g`` of its result; ``None`` if none flows."""
    operation, operands, reached = record.operations[index], record.operands[index], record.reached
    assert operation is not None
    z, xs, parameters = values[index], [values[i] for i in operands], record.parameters.get(index, _NONE)
    if g is UNKNOWN:
        return _unknown_shares(record, index)
    if index in kept:
        parameters = {**parameters, "kept": kept[index]}
    try:
        shares = _pulled_all(operation, (g, z, *xs), parameters, [reached[i] for i in operands])
    except TypeError:
        if not any(type(x) is Thumbnail for x in (g, z, *xs)):
            raise
        # Of a large array only a thumbnail is kept, from which no gradient can be computed.
        return _unknown_shares(record, index)
    return tuple(fit(share, x) for share, x in zip(shares, xs, strict=True))


def _unknown_shares(record: Recorder, index: int) -> tuple[Any, ...]:
    """Return unknown gradients for the operands to which one may flow."""
    operation, operands = record.operations[index], record.operands[index]
    assert operation is not None
    pairs = zip(operation.rules(len(operands)), operands, strict=True)
    return tuple(UNKNOWN if rule and record.reached[i] else None for rule, i in pairs)


def _pulled_all(
    operation: Operation, numbers: Sequence[Any], parameters: Mapping[str, Any], reached: Sequence[bool]
) -> Sequence[Any]:
    """Return what the rules of an operation return for ``(g, z, *xs)``; ``None`` where no gradient flows."""
    g, z, *xs = numbers
    if operation.together is not None:
        found = ops.pull(operation.together, g, z, xs, parameters)
        return [share if flows else None for share, flows in zip(found, reached, strict=True)]
    shares = []
    for rule, flows in zip(operation.rules(len(xs)), reached, strict=True):
        share = None
        if rule is not None and flows:
            try:
                share = rule(g, z, *xs, **parameters)
            except (ArithmeticError, ValueError):
                share = ops.pull(rule, g, z, xs, parameters)
        shares.append(share)
    return shares


_NONE: Mapping[str, Any] = {}
_SUM_TO, _BROADCAST_TO = ops.sum_to.forward, ops.broadcast_to.forward


def fit(gradient: Any, operand: Any) -> Any:
    """Return a gradient in the shape and precision of its operand; ``None`` stays ``None``."""
    if gradient is None or gradient is UNKNOWN:
        return gradient
    if type(gradient) is type(operand):
        if type(gradient) is float:
            return gradient
        dtype = gradient.dtype
        if dtype is operand.dtype and dtype.kind == "f" and gradient.shape == operand.shape:
            return gradient
    if type(operand) is float:
        return float(np.sum(gradient))
    if type(gradient) is not np.ndarray:
        gradient = np.asarray(gradient)
    gradient = np.asarray(unbroadcast(gradient, operand.shape, _SUM_TO, _BROADCAST_TO))
    dtype = operand.dtype
    if gradient.dtype is dtype and dtype.kind == "f":
        return gradient
    return gradient.astype(dtype if dtype.kind == "f" else np.float64, copy=False)
