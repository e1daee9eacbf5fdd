"""The backward pass that formulas and graphs share, and how broadcasting is undone."""

from __future__ import annotations

import random
from functools import reduce
from typing import Any

import numpy as np
import pytest
from amounts import fewer
from hypothesis import given, settings
from hypothesis import strategies as st
from random_graphs import random_function

import bpviz
from bpviz import ops
from bpviz.formulas.formula import Formula, symbol
from bpviz.ops.table.backward import unbroadcast, walk_back


def gradients_of(graph: bpviz.Graph, output: int) -> dict[int, Any]:
    """The gradients of a recorded graph of plain numbers, by the shared backward pass."""
    record, found = graph.record, {}

    def call(index: int, slot: int, rule: Any, g: Any) -> Any:
        xs = [record.values[i] for i in record.operands[index]]
        return rule(g, record.values[index], *xs, **record.parameters.get(index, {}))

    def complete(index: int, gradient: Any) -> Any:
        assert index not in found, "a gradient is complete once"
        found[index] = gradient
        return gradient

    walk_back(
        record, output, 1.0, complete=complete, call=call, fit=lambda index, slot, share: share, add=lambda x, y: x + y
    )
    return found


@settings(max_examples=fewer(40))
@given(st.integers(0, 2**32 - 1), st.integers(1, 60))
def test_the_shared_pass_gives_the_numbers_of_the_fast_one(seed: int, operations: int) -> None:
    model, args = random_function(random.Random(seed), operations)
    flow = bpviz.backprop(model, *args)
    found = gradients_of(flow.graph, flow.output_index)
    assert {i: g for i, g in enumerate(flow.gradients) if g is not None} == pytest.approx(found, rel=1e-12)


def test_nothing_is_called_where_no_gradient_flows() -> None:
    graph = bpviz.trace(lambda x=3.0, y=2.0: (x > y) * x)
    called = []
    walk_back(
        graph.record,
        graph.output_indices[0],
        1.0,
        complete=lambda index, gradient: gradient,
        call=lambda index, slot, rule, g: called.append((graph.names[index], slot)),
        fit=lambda index, slot, share: pytest.fail("there is no share"),
        add=lambda x, y: pytest.fail("there are no two shares"),
    )
    assert [slot for _, slot in called] == [1]


SHAPES = st.lists(st.integers(1, 3), max_size=4).map(tuple)


@settings(max_examples=fewer(150))
@given(SHAPES, SHAPES, st.integers(0, 2**32 - 1))
def test_unbroadcasting_is_the_adjoint_of_broadcasting(one: Any, other: Any, seed: int) -> None:
    try:
        whole = np.broadcast_shapes(one, other)
    except ValueError:
        with pytest.raises(ValueError, match="shape"):
            unbroadcast(np.ones(one), other, ops.sum_to, ops.broadcast_to)
        return
    rng = np.random.default_rng(seed)
    x, g = rng.normal(size=other), rng.normal(size=one)
    made = unbroadcast(g, other, ops.sum_to, ops.broadcast_to)
    assert np.shape(made) == other
    # ⟨g, broadcast(x)⟩ = ⟨made, x⟩
    assert np.sum(np.broadcast_to(g, whole) * np.broadcast_to(x, whole)) == pytest.approx(np.sum(made * x))


def test_formulas_and_numbers_are_unbroadcast_alike() -> None:
    numbers = np.arange(6.0).reshape(2, 3)
    for shape in ((3,), (2, 1), (), (1, 3), (2, 3), (4, 2, 3)):
        formula = unbroadcast(symbol("G", (2, 3), number=numbers), shape, ops.sum_to, ops.broadcast_to)
        assert isinstance(formula, Formula)
        assert formula.shape == shape
        expected = unbroadcast(numbers, shape, ops.sum_to, ops.broadcast_to)
        np.testing.assert_array_equal(formula.value, expected)


def test_an_operand_that_is_used_often_gets_one_sum_in_the_order_of_the_source() -> None:
    def loss(x: float = 2.0, a: float = 3.0, b: float = 5.0, c: float = 7.0) -> float:
        return reduce(lambda total, factor: total + x * factor, (b, c), x * a)

    flow = bpviz.backprop(loss)
    assert str(flow.formula("x")) == "a + b + c"
    assert flow.grad("x") == 15.0
