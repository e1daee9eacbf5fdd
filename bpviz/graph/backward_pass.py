"""The backward pass in numbers: the gradient of every node and every wire, from the output back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from bpviz import ops
from bpviz.graph.flow import Later
from bpviz.lazy import LazyModule
from bpviz.ops import OPERATIONS, Operation
from bpviz.ops.table.backward import unbroadcast
from bpviz.ops.table.copying import sealed
from bpviz.ops.table.thumbnails import LARGE, Thumbnail, thumbnail
from bpviz.ops.table.unknown import UNKNOWN
from bpviz.recording.recorder import Recorder

__all__ = ["backward", "fit", "shares_of"]

np: Any = LazyModule("numpy")


def backward(
    record: Recorder, values: Sequence[Any], kept: Mapping[int, Any], output: int, seed: Any
) -> tuple[list[Any], list[tuple[Any, ...] | None]]:
    """Return the gradient of every node and every wire, from the output back, in read-only arrays.

    ``kept`` has intermediate results of steps, for their rules. A large array is kept for the inputs alone; in place of
    the others stands a `Later`.

    >>> import bpviz
    >>> record = bpviz.trace(lambda x=3.0: x * x).record
    >>> backward(record, record.values, {}, 1, 1.0)
    ([6.0, 1.0], [None, (3.0, 3.0)])
    """
    tape = _Tape(record.operations, record.operands, record.reached, record.parameters, values, kept, output, seed)
    return _sealed(*_walked(tape, _Summaries))


class _Tape(NamedTuple):
    """What a backward pass needs of a record, and where it starts; not the record, so that no cycle comes about."""

    operations: Sequence[Operation | None]
    operands: Sequence[tuple[int, ...]]
    reached: Sequence[bool]
    parameters: Mapping[int, Mapping[str, Any]]
    values: Sequence[Any]
    kept: Mapping[int, Any]
    output: int
    seed: Any

    def gradient(self, index: int) -> Any:
        """Return the gradient of a node: the backward pass again, down to this node."""
        if index == self.output:
            return self.seed
        with ops.silence():
            return sealed(_walked(self, _Nothing, index)[0][index])

    def share(self, index: int, slot: int) -> Any:
        """Return the gradient of a wire."""
        g = self.gradient(index)
        with ops.silence():
            return sealed(shares_of(self, index, g, self.values, self.kept, slot)[slot])


def _walked(tape: _Tape, manner: type[_Large], until: int = -1) -> tuple[list[Any], list[tuple[Any, ...] | None]]:
    """Return the gradient of every node and every wire, down to a node; ``manner`` says what is kept of large arrays.

    This is `bpviz.ops.table.backward.walk_back` for numbers, where each microsecond counts.
    """
    values, kept, output = tape.values, tape.kept, tape.output
    gradients: list[Any] = [None] * len(values)
    wires: list[tuple[Any, ...] | None] = [None] * len(values)
    large: _Large | None = None
    gradients[output] = tape.seed
    operations, all_operands, reached = tape.operations, tape.operands, tape.reached
    parameters = tape.parameters
    for index in range(output, until, -1):
        g, operation = gradients[index], operations[index]
        if g is None or operation is None:
            continue
        operands, rules = all_operands[index], operation.vjp
        if len(operands) != 2 or type(rules) is not tuple or index in parameters or index in kept or g is UNKNOWN:
            found = shares_of(tape, index, g, values, kept)
            wires[index] = found
            if _is_large(g) or any(map(_is_large, found)):
                large = large or manner(tape, gradients, wires)
                large.add(index, found)
                # They are in no variable either while the next step is computed.
                del g, found
                continue
            for i, share in zip(operands, found, strict=True):
                if share is not None:
                    before = gradients[i]
                    gradients[i] = share if before is None else before + share
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
            share, share_y = shares_of(tape, index, g, values, kept)
        if type(share) is not float or type(x) is not float:
            share = fit(share, x)
        if type(share_y) is not float or type(y) is not float:
            share_y = fit(share_y, y)
        wires[index] = share, share_y
        if type(g) is not float and (_is_large(g) or _is_large(share) or _is_large(share_y)):
            large = large or manner(tape, gradients, wires)
            large.add(index, (share, share_y))
            g = share = share_y = None
            continue
        if share is not None:
            before = gradients[i]
            gradients[i] = share if before is None else before + share
        if share_y is not None:
            before = gradients[j]
            gradients[j] = share_y if before is None else before + share_y
    if large is not None:
        large.end()
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


def _is_large(share: Any) -> bool:
    return share is not None and type(share) is not float and share.size > LARGE


class _Large:
    """The steps of a backward pass with large arrays: shares are added in their own memory where that is possible."""

    def __init__(self, tape: _Tape, gradients: list[Any], wires: list[tuple[Any, ...] | None]) -> None:
        self.tape, self.gradients, self.wires = tape, gradients, wires

    def add(self, index: int, shares: Sequence[Any]) -> None:
        """Add the shares of a step to the gradients of its operands, and let go of what is not needed any more."""
        for slot, (operand, share) in enumerate(zip(self.tape.operands[index], shares, strict=True)):
            if share is None:
                continue
            before = self.gradients[operand]
            self.let_go_of_share(index, slot, share, before is None)
            if before is None:
                self.gradients[operand] = share
            else:
                self.gradients[operand] = self._sum(before, share, index, shares)
        if _is_large(self.gradients[index]) and index != self.tape.output:
            self.let_go(index)

    def let_go(self, index: int) -> None:
        """Let go of the gradient of a step: nothing is computed from it any more."""
        raise NotImplementedError

    def let_go_of_share(self, index: int, slot: int, share: Any, is_first: bool) -> None:
        """Let go of the gradient of a wire; if it is the first of a node, it is the gradient of this node so far."""
        raise NotImplementedError

    def end(self) -> None:
        """Finish the walk."""

    def _sum(self, before: Any, share: Any, index: int, shares: Sequence[Any]) -> Any:
        """Return the sum of a gradient and a share, in the memory of the share if nothing else has it."""
        tape, operation = self.tape, self.tape.operations[index]
        assert operation is not None
        others = [*(tape.values[i] for i in tape.operands[index]), tape.values[index], self.gradients[index]]
        is_new = (
            _is_large(share)
            and type(share) is np.ndarray
            and share.base is None
            and share.flags.writeable
            and before.dtype is share.dtype
            and index not in tape.parameters
            and index not in tape.kept
            # A rule of the user's may return an array of the user's.
            and OPERATIONS.get(operation.name) is operation
            and sum(share is one for one in (before, *others, *shares)) == 1
        )
        return np.add(before, share, out=share) if is_new else before + share


class _Nothing(_Large):
    """Nothing is kept."""

    def let_go(self, index: int) -> None:
        """Let go of the gradient of a step."""
        self.gradients[index] = None

    def let_go_of_share(self, index: int, slot: int, share: Any, is_first: bool) -> None:
        """Let go of all gradients of the wires of a step."""
        self.wires[index] = None


class _Summaries(_Large):
    """In place of large arrays, summaries are kept, with which they can be computed again."""

    def __init__(self, tape: _Tape, gradients: list[Any], wires: list[tuple[Any, ...] | None]) -> None:
        super().__init__(tape, gradients, wires)
        # The wire whose share is the gradient of a node so far.
        self.first: dict[int, tuple[int, int]] = {}
        self.summands: dict[int, set[tuple[int, int]]] = {}
        self.sums: dict[frozenset[tuple[int, int]], Any] = {}

    def let_go(self, index: int) -> None:
        """Put a summary in place of the gradient of a step, and of the wire that brought it."""
        gradient = self.gradients[index]
        if type(gradient) is np.ndarray and any(gradient.strides):
            # Otherwise it is one number, spread.
            later = Later(thumbnail(gradient), partial(self.tape.gradient, index))
            self.gradients[index] = later
            if index in self.first:
                self._put(*self.first.pop(index), later)
        if index in self.summands:
            self.sums[frozenset(self.summands.pop(index))] = self.gradients[index]

    def end(self) -> None:
        """Keep the sums that are gradients of inputs."""
        for index, wires in self.summands.items():
            if index != self.tape.output:
                self.sums[frozenset(wires)] = self.gradients[index]

    def let_go_of_share(self, index: int, slot: int, share: Any, is_first: bool) -> None:
        """Put a summary in place of the gradient of a wire, and of the wire it is added to."""
        if not _is_large(share) or type(share) is not np.ndarray:
            return
        operand = self.tape.operands[index][slot]
        if is_first:
            self.first[operand] = index, slot
            return
        self._put(index, slot, self._later(index, slot, share))
        if operand in self.first:
            first = self.first.pop(operand)
            self._put(*first, self._later(*first, self.gradients[operand]))
            self.summands[operand] = {first}
        self.summands.setdefault(operand, set()).add((index, slot))

    def _later(self, index: int, slot: int, share: Any) -> Later:
        wires = frozenset({(index, slot)})
        return Later(thumbnail(share), partial(self.tape.share, index, slot), wires, self.sums)

    def _put(self, index: int, slot: int, later: Later) -> None:
        shares = list(self.wires[index] or ())
        shares[slot] = later
        self.wires[index] = tuple(shares)


def shares_of(
    record: Recorder | _Tape,
    index: int,
    g: Any,
    values: Sequence[Any],
    kept: Mapping[int, Any],
    only: int | None = None,
) -> tuple[Any, ...]:
    """Return the gradients of one step's operands for the gradient ``g`` of its result; ``None`` if none flows.

    With ``only``, that of one operand, if the operation has a rule for each.
    """
    operation, operands, reached = record.operations[index], record.operands[index], record.reached
    assert operation is not None
    z, xs, parameters = values[index], [values[i] for i in operands], record.parameters.get(index, _NONE)
    if g is UNKNOWN:
        return _unknown_shares(record, index)
    if index in kept:
        parameters = {**parameters, "kept": kept[index]}
    try:
        wanted = [reached[i] and only in (None, slot) for slot, i in enumerate(operands)]
        shares = _pulled_all(operation, (g, z, *xs), parameters, wanted)
    except TypeError:
        if not any(type(x) is Thumbnail for x in (g, z, *xs)):
            raise
        # Of a large array only a thumbnail is kept, from which no gradient can be computed.
        return _unknown_shares(record, index)
    return tuple(fit(share, x) for share, x in zip(shares, xs, strict=True))


def _unknown_shares(record: Recorder | _Tape, index: int) -> tuple[Any, ...]:
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
