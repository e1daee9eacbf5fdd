"""A flow read in symbols: the expression of every value, and of every gradient, in the names of the source.

The expressions are the operations' own rules, called with formulas (see `bpviz.formula`). They stop at named values: a
gradient that has a name of its own (``dZ``) stands for itself, unless it is as short as a name anyway.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from bpviz import ops
from bpviz.flow import Flow
from bpviz.formula import Formula, symbol, written_out
from bpviz.number import superscript

__all__ = ["Symbols", "derivative_name"]


class Symbols:
    """The formulas of one flow.

    >>> import bpviz
    >>> def y(p=100, n=2, t=1.1):
    ...     x = p * n
    ...     return x * t
    >>> flow = bpviz.backprop(y)
    >>> read = Symbols(flow)
    >>> [read.gradient(flow.graph.find(name)) for name in ("p", "n", "t", "x", "y")]
    ['t·n', 't·p', 'x', 't', '1']
    >>> read.value(flow.graph.find("x"))
    'p·n'
    """

    def __init__(self, flow: Flow, labels: Sequence[str] | None = None) -> None:
        self.flow = flow
        self.record = flow.graph.record
        self.labels = flow.graph.labels if labels is None else labels
        self.has_arrays = any(ops.shape_of(value) for value in flow.values)
        count = len(self.record)
        self._expressions: list[Any] = [None] * count
        self._forward: list[Any] = [None] * count
        self._gradients: list[Any] = [None] * count
        self._shares: list[tuple[Any, ...] | None] = [None] * count
        self._read_forward()
        self._read_backward()

    def value(self, index: int) -> str:
        """What a node computes: its expression, in the named values it uses; its name where it computes nothing."""
        return written_out(self._expressions[index])

    def gradient(self, index: int) -> str:
        """The gradient of a node; empty where none flows."""
        found = self._gradients[index]
        return "" if found is None else written_out(found)

    def share(self, target: int, slot: int) -> Any:
        """The gradient that flows back along one wire, a formula or a number; ``None`` where none does."""
        shares = self._shares[target]
        return None if shares is None else shares[slot]

    def slope(self, target: int, slot: int) -> Any:
        """The derivative of a step by one operand, a formula or a number: its rule, for a gradient of 1 that comes in."""
        operands = self.record.operands[target]
        operation = self.record.operations[target]
        rule = operation.rules(len(operands))[slot] if operation is not None else None
        if rule is None:
            return 0.0
        xs = [self._forward[i] for i in operands]
        return _fitted(
            rule(1.0, self._forward[target], *xs, **self.record.parameters.get(target, {})),
            ops.shape_of(self.flow.values[operands[slot]]),
        )

    def derivative(self, index: int) -> str:
        """What the gradient of a named value is called: ``dW`` among arrays, ``∂y/∂x`` among numbers."""
        name = self.labels[index]
        if not name:
            return ""
        return derivative_name(self._output_name, name, self.has_arrays)

    @property
    def _output_name(self) -> str:
        return self.labels[self.flow.output_index] or "L"

    def _read_forward(self) -> None:
        record = self.record
        for index, operation in enumerate(record.operations):
            value, name = self.flow.values[index], self.labels[index]
            shape = ops.shape_of(value)
            if operation is not None:
                xs = [self._forward[i] for i in record.operands[index]]
                made = operation(*xs, **record.parameters.get(index, {}))
            elif index in record.is_input or shape:
                made = symbol(name or "C", shape)
            else:
                made = float(value)
            self._expressions[index] = made
            self._forward[index] = symbol(name, shape) if name else made

    def _read_backward(self) -> None:
        record, flow = self.record, self.flow
        seed = flow.seed if not ops.shape_of(flow.seed) else symbol("1", ops.shape_of(flow.seed))
        self._gradients[flow.output_index] = seed
        for index in range(flow.output_index, -1, -1):
            operation = record.operations[index]
            if self._gradients[index] is None or operation is None:
                continue
            g = self._shown(index)
            operands = record.operands[index]
            xs = [self._forward[i] for i in operands]
            told = record.parameters.get(index, {})
            shares: list[Any] = []
            for i, rule in zip(operands, operation.rules(len(operands)), strict=True):
                share = None
                if rule is not None and record.reached[i]:
                    share = rule(g, self._forward[index], *xs, **told)
                if share is not None:
                    share = _fitted(share, ops.shape_of(flow.values[i]))
                    before = self._gradients[i]
                    self._gradients[i] = share if before is None else before + share
                shares.append(share)
            self._shares[index] = tuple(shares)

    def _shown(self, index: int) -> Any:
        """A gradient as others write it: by its name, unless its formula is as short as one."""
        gradient = self._gradients[index]
        short = not isinstance(gradient, Formula) or gradient.operation is None
        name = self.derivative(index)
        return gradient if short or not name else symbol(name, gradient.shape)


def derivative_name(output: str, name: str, arrays: bool) -> str:
    """What the gradient of a value is called: ``dW`` among arrays, ``∂y/∂x`` among numbers.

    >>> derivative_name("y", "x", False), derivative_name("∂y/∂x", "x", False), derivative_name("∂²y/∂x²", "z", False)
    ('∂y/∂x', '∂²y/∂x²', '∂³y/∂x²∂z')
    """
    if arrays:
        return f"d{name}"
    found = re.fullmatch(rf"∂([{_RAISED}]*)(.+?)/∂(.+)", output)
    if found is None:
        return f"∂{output}/∂{name}"
    # The derivative of a derivative
    times = 1 + int(found[1].translate(_LOWERED) or 1)
    *others, last = found[3].split("∂")
    power = re.search(rf"[{_RAISED}]*$", last)
    assert power is not None
    if last[: power.start()] == name:
        last = name + superscript(str(int(power[0].translate(_LOWERED) or 1) + 1))
    else:
        others, last = [*others, last], name
    return f"∂{superscript(str(times))}{found[2]}/{''.join('∂' + part for part in (*others, last))}"


_RAISED = superscript("0123456789")
_LOWERED = str.maketrans(_RAISED, "0123456789")


def _fitted(share: Any, shape: ops.Shape) -> Any:
    """Broadcasting undone, as the engine does it; an array of equal numbers is written as the one number."""
    if not isinstance(share, Formula | float):
        cells = set(share.ravel().tolist())
        return float(cells.pop()) if len(cells) == 1 else symbol("C", share.shape)
    if isinstance(share, Formula) and share.shape != shape:
        if len(share.shape) >= len(shape):
            return ops.sum_to(share, shape=shape)
        return ops.broadcast_to(share, shape=shape)
    return share
