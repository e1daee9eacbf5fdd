"""A flow read in symbols: the expression of every value, and of every gradient, in the names of the source.

The expressions are the operations' own rules, called with formulas (see `bpviz.formulas.formula`). They stop at named
values: a gradient that has a name of its own (``dZ``) stands for itself, unless its formula is no longer than the name.
A rule that no line of mathematics can say is written by its name, with the gradient and the operands it takes:
``attention′₂(dZ, q, k, v)`` is the gradient of the second operand.
"""

from __future__ import annotations

import functools
import operator
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from bpviz import ops
from bpviz.formulas.expression import made_by
from bpviz.formulas.formula import Formula, as_formula, constant, derivative, symbol, written_out
from bpviz.formulas.invocation import LOWERED, parameters_text
from bpviz.formulas.product import Product
from bpviz.formulas.writing import is_clear
from bpviz.ops import Operation
from bpviz.ops.table.backward import unbroadcast, walk_back
from bpviz.ops.table.custom import is_custom
from bpviz.ops.table.unknown import UNKNOWN

__all__ = ["Symbols", "fitted", "rule_by_name"]

_LARGEST = 60
"""The largest expression of an unnamed value (`Expression.size`); beyond, it is written by the graph's own name."""
_SHORT = 15
"""Larger formulas are longer than any name."""


_Term = tuple[tuple[int, int], Any]
"""The wire, (node, slot), and the share of a gradient that comes back along it."""


class _Named(Protocol):
    """A graph: its record, and what its nodes are called."""

    record: Any

    @property
    def labels(self) -> tuple[str, ...]: ...

    @property
    def names(self) -> tuple[str, ...]: ...


class _Run(Protocol):
    """The numbers of one run through a graph, as `bpviz.Flow` has them."""

    @property
    def graph(self) -> _Named: ...

    @property
    def values(self) -> tuple[Any, ...]: ...

    @property
    def gradients(self) -> tuple[Any, ...]: ...

    @property
    def output_index(self) -> int: ...

    @property
    def seed(self) -> Any: ...

    def wire_share(self, target: int, slot: int) -> Any: ...


class Symbols:
    """The formulas of one flow.

    >>> import bpviz
    >>> def y(p=100, n=2, t=1.1):
    ...     x = p * n
    ...     return x * t
    >>> flow = bpviz.backprop(y)
    >>> read = Symbols(flow)
    >>> [read.gradient(flow.graph.find(name)) for name in ("p", "n", "t", "x", "y")]
    ['n·t', 'p·t', 'x', 't', '1']
    >>> read.value(flow.graph.find("x"))
    'p·n'
    """

    def __init__(self, flow: _Run, labels: Sequence[str] | None = None) -> None:
        """Read a flow; ``labels`` are other names for its nodes."""
        self.flow = flow
        self.record = flow.graph.record
        labels = flow.graph.labels if labels is None else labels
        # Where several values share a name, as in a loop, a number makes them differ.
        often = Counter(labels)
        self.names = [
            unique if often[label] > 1 and label else label
            for label, unique in zip(labels, flow.graph.names, strict=False)
        ]
        self.has_arrays = any(ops.shape_of(value) for value in flow.values)
        count = len(flow.values)
        self._expressions: list[Any] = [None] * count
        self._forward: list[Any] = [None] * count
        self._gradients: list[Any] = [None] * count
        self._shares: dict[tuple[int, int], Any] = {}
        self._quotients: dict[int, list[tuple[Formula, Product]]] = {}
        self._read_forward()
        self._read_backward()

    def name(self, index: int) -> str:
        """Return what a value is called in formulas; empty where its expression stands for it."""
        return self.names[index]

    def expression(self, index: int) -> Formula:
        """Return what a node computes, as it was written, in the named values it uses; of an input its name."""
        return as_formula(self._expressions[index])

    def formula(self, index: int) -> Formula:
        """Return the gradient of a node; 0 where none flows."""
        found = self._gradients[index]
        return constant(0.0, ops.shape_of(self.flow.values[index])) if found is None else as_formula(found)

    def share(self, target: int, slot: int) -> Any:
        """Return the gradient that flows back along one wire, a formula or a number; ``None`` where none does."""
        return self._shares.get((target, slot))

    def slope(self, target: int, slot: int) -> Any:
        """Return the derivative of a step by one operand, a formula or a number: its rule for a gradient of 1."""
        row, operands = self.record.operations[target], self.record.operands[target]
        rule = None if row is None else row.rules(len(operands))[slot]
        return 0.0 if rule is None else self._share(target, slot, rule, 1.0)

    def called(self, index: int) -> Formula | None:
        """Return what the gradient of a named value is called: dW among arrays, ∂y/∂x among numbers."""
        name = self.names[index]
        if not name:
            return None
        shape, number = ops.shape_of(self.flow.values[index]), self.flow.gradients[index]
        # Where the source has a dW of its own, the gradient of W is called otherwise.
        short = self.has_arrays and f"d{name}" not in self.names
        return derivative("" if short else self._output_name, name, shape, number=number, order=-1)

    def value(self, index: int) -> str:
        """Return the expression of a node as text."""
        return written_out(self._expressions[index])

    def gradient(self, index: int) -> str:
        """Return the gradient of a node as text; empty where none flows."""
        found = self._gradients[index]
        return "" if found is None else written_out(found)

    def derivative(self, index: int) -> str:
        """Return the name of a gradient as text; empty where it has none."""
        called = self.called(index)
        return "" if called is None else str(called)

    @property
    def _output_name(self) -> str:
        return self.names[self.flow.output_index] or "L"

    def _read_forward(self) -> None:
        record, values = self.record, self.flow.values
        for index, value in enumerate(values):
            operation, shape = record.operations[index], ops.shape_of(value)
            if operation is not None:
                operands, parameters = record.operands[index], record.parameters.get(index, {})
                # As it was written, for who reads it; as short as can be, for the gradients that use it.
                written = [self._leaf(i) if self.names[i] else self._expressions[i] for i in operands]
                self._expressions[index] = Formula("", shape, operation, tuple(written), parameters)
                here = [self._forward[i] for i in operands]
                if operation.framework and not any(isinstance(x, Formula) for x in here):
                    # On plain numbers it would be computed, which another framework may not be able to do again.
                    made = self._expressions[index]
                else:
                    made = operation(*here, **parameters)
                if index in record.orders:
                    # A step of a backward pass: nobody has written it, and it may be a plain array.
                    made = fitted(made, shape)
                    self._expressions[index] = as_formula(made)
                if not self.names[index] and self._expressions[index].size > _LARGEST:
                    self.names[index] = self.flow.graph.names[index]
            elif index in record.is_input or shape:
                self.names[index] = self.names[index] or self.flow.graph.names[index]
                made = self._expressions[index] = self._leaf(index)
            else:
                made = self._expressions[index] = float(value)
            self._forward[index] = self._leaf(index, made) if self.names[index] else made
            if made_by(made, "divide") and self.names[index]:
                meaning = Product(made)
                for below, _ in meaning.under:
                    self._quotients.setdefault(id(below), []).append((self._forward[index], meaning))

    def _leaf(self, index: int, meaning: Any = None) -> Formula:
        value = self.flow.values[index]
        # Gradients go before the values that they are multiplied by.
        order = -1 if index in self.record.orders else index
        return symbol(self.names[index], ops.shape_of(value), number=value, meaning=meaning, order=order)

    def _read_backward(self) -> None:
        output = self.flow.output_index
        walk_back(
            self.record,
            output,
            [((output, 0), self._seed())],
            complete=self._complete,
            call=self._share,
            fit=self._term,
            add=operator.iadd,
        )

    def _term(self, index: int, slot: int, share: Any) -> list[_Term]:
        """Note a share. Return it as a list of one term: lists of terms are added by joining them."""
        self._shares[index, slot] = share
        return [((index, slot), share)]

    def _complete(self, index: int, terms: list[_Term]) -> Any:
        """Note the gradient of a node, the sum of its terms. Return it as the rules of the node take it."""
        # They stand in the order of the source, which is that in which the value was used.
        ordered = (term for _, term in sorted(terms, key=operator.itemgetter(0)))
        self._gradients[index] = functools.reduce(operator.add, ordered)
        return self._shown(index)

    def _share(self, index: int, slot: int, rule: Any, g: Any) -> Any:
        """Return the share of one operand, in its shape: what the rule returns for formulas, or its name."""
        row, operands = self.record.operations[index], self.record.operands[index]
        assert row is not None
        xs = [self._forward[i] for i in operands]
        shape = ops.shape_of(self.flow.values[operands[slot]])
        parameters = self.record.parameters.get(index, {})
        try:
            share = rule(g, self._forward[index], *xs, **parameters)
            if (
                share is not UNKNOWN
                and ops.shape_of(share)
                and not isinstance(share, Formula)
                and not _is_uniform(share)
            ):
                # Where a number came in, the array that became of it has no letters.
                share = rule(as_formula(g), self._forward[index], *xs, **parameters)
        except (AttributeError, TypeError, ValueError):
            # A rule of the user's own may understand numbers alone; those of the table never do.
            if not is_custom(row):
                raise
        else:
            if share is None:
                return None
            if share is not UNKNOWN:
                made = fitted(self._with_quotients(share), shape)
                if is_clear(made):
                    return made
        number = self.flow.wire_share(index, slot)
        by_name = rule_by_name(row, slot, len(xs), parameters, UNKNOWN if number is None else number)
        return Formula("", shape, by_name, (g, *xs), order=-1)

    def _with_quotients(self, share: Any) -> Any:
        """Return a gradient in which quotients that have a name are written by it."""
        if not self._quotients or not isinstance(share, Formula):
            return share
        product = Product(share)
        known = [entry for below, _ in product.under for entry in self._quotients.get(id(below), ())]
        found = [product.named(*entry) for entry in known]
        made = product.by_names().written() if any(found) else share
        return made if ops.shape_of(made) == share.shape else share

    def _seed(self) -> Any:
        seed, output = self.flow.seed, self.flow.output_index
        if seed.__class__ is float:
            return seed
        if _is_uniform(seed):
            return fitted(seed, seed.shape)
        self.names[output] = self.names[output] or self.flow.graph.names[output]
        return self.called(output)

    def _shown(self, index: int) -> Any:
        """Return a gradient as others write it: by its name, unless its formula is no longer than that."""
        gradient, name = self._gradients[index], self.called(index)
        if not isinstance(gradient, Formula):
            return gradient
        if name is None:
            if gradient.size <= _LARGEST:
                return gradient
            self.names[index] = self.flow.graph.names[index]
            return self.called(index)
        return gradient if gradient.size <= _SHORT and len(str(gradient)) <= len(name.name) else name


def rule_by_name(row: Operation, slot: int, count: int, parameters: Mapping[str, Any], number: Any) -> Operation:
    """Return a rule as a function of the gradient and the operands; of several, a number says whose gradient it is."""
    names = tuple(f"x{i}" for i in range(count + 1))
    which = str(slot + 1).translate(LOWERED) if count > 1 else ""
    passed = parameters_text(row, parameters)
    inside = ", ".join([*(f"{{{name}}}" for name in names), *([passed] if passed else [])])
    return Operation(
        f"{row.name}′",
        "",
        names,
        forward=lambda *_: number,
        vjp=(None,) * len(names),
        says="",
        notation=f"{row.name}′{which}({inside})",
        shape=lambda *_: ops.shape_of(number),
    )


def _is_uniform(array: Any) -> bool:
    return len(set(array.ravel().tolist())) == 1


def fitted(share: Any, shape: ops.Shape) -> Any:
    """Return a gradient in the shape of its operand; an array of equal numbers is written as the one number."""
    if isinstance(share, float):
        return share
    return unbroadcast(as_formula(share), shape, ops.sum_to, ops.broadcast_to)
