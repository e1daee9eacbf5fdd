"""Paths: counted at once, and their products add up to the gradient."""

from __future__ import annotations

import math
import random

import autograd.numpy as anp
import numpy as np
import pytest
from amounts import fewer
from autograd import elementwise_grad
from hypothesis import given, settings
from hypothesis import strategies as st
from random_graphs import random_function, random_matrix_function

import bpviz
from bpviz.analysis.paths import Ways, between, ways
from bpviz.errors import UsageError


def neuron(bias0=0.0, bias1=0.5, input0=1.0, weight0=0.3, weight1=-0.2, weight2=0.4):
    """Article 003: one activated value feeds three outputs, whose squares are the cost."""
    output0 = input0 * bias1 + bias0
    active = bpviz.nn.sigmoid(output0)
    forward0 = weight0 * active
    forward1 = weight1 * active
    forward2 = weight2 * active
    return forward0 * 2 + forward1 * 3 + forward2 * 5


def test_a_value_that_feeds_three_outputs_has_three_terms() -> None:
    # σ'(0.5) = σ(0.5)·(1 − σ(0.5)); the terms are 2·0.3·σ', 3·(−0.2)·σ', 5·0.4·σ'.
    slope = 1 / (1 + math.exp(-0.5)) * (1 - 1 / (1 + math.exp(-0.5)))
    found = ways(bpviz.backprop(neuron), "bias0")
    assert found.count == 3 and found.complete and found.exact
    assert [way.product for way in found.shown] == pytest.approx([0.6 * slope, -0.6 * slope, 2.0 * slope])
    assert found.total == pytest.approx(2.0 * slope)
    # From the bias on: + has the slope 1, then σ', the weight, the factor, and 1 for every + after it.
    assert found.shown[0].slopes == pytest.approx((1, slope, 0.3, 2, 1, 1))
    assert found.shown[2].slopes == pytest.approx((1, slope, 0.4, 5, 1))


def test_to_another_value_than_the_output() -> None:
    flow = bpviz.backprop(neuron)
    found = ways(flow, "bias0", "forward2")
    assert found.count == 1
    assert found.seed == 1.0
    assert (
        found.shown[0].product == found.total == pytest.approx(0.4 * flow.value("active") * (1 - flow.value("active")))
    )
    names = [flow.graph.names[i] for i in found.shown[0].nodes]
    assert names == ["bias0", "output0", "active", "forward2"]


def test_both_wires_of_a_square_are_paths() -> None:
    found = ways(bpviz.backprop(lambda x=3.0: x * x), "x")
    assert [(way.slots, way.product) for way in found.shown] == [((0,), 3.0), ((1,), 3.0)]


def test_without_a_connection_there_is_no_path() -> None:
    flow = bpviz.backprop(neuron)
    for source, target in (("forward0", "forward1"), ("active", "bias0")):
        found = ways(flow, source, target)
        assert (found.count, found.shown, found.total) == (0, (), 0.0)
        assert between(flow, flow.find(source), flow.find(target)).nodes == frozenset()


def test_an_index_is_no_path() -> None:
    def f(x=np.array([1.0, 2.0, 3.0]), i=np.array([2, 0])):
        return np.sum(x[i] * x[i])

    flow = bpviz.backprop(f)
    assert ways(flow, "x").count == 2  # x[i] is recorded twice, and each is a factor once
    assert ways(flow, "i").count == 0


def test_unknown_names_are_refused() -> None:
    with pytest.raises(UsageError, match=r"no value named 'bias'; did you mean 'bias[01]'"):
        ways(bpviz.backprop(neuron), "bias")


def test_the_seed_is_a_factor() -> None:
    flow = bpviz.propagate(bpviz.trace(lambda x=3.0: x * 2), seed=10)
    found = ways(flow, "x")
    assert (found.seed, found.shown[0].slopes, found.shown[0].product) == (10.0, (2.0,), 20.0)


def diamonds(x=0.5, links=60):
    for _ in range(links):
        x = x * 0.3 + x * 0.7
    return x


def test_2_to_the_60_paths_are_counted_not_walked() -> None:
    found = ways(bpviz.backprop(diamonds), "x", most=4)
    assert found.count == 2**60
    # All slopes by 0.7, then all but one.
    assert [way.product for way in found.shown] == pytest.approx([0.7**60] + [0.7**59 * 0.3] * 3)
    assert len({way.nodes for way in found.shown}) == 4
    assert found.exact and not found.complete
    assert found.total == pytest.approx(1.0)


def test_long_chains_do_not_recurse() -> None:
    found = ways(bpviz.backprop(diamonds, 0.5, 3000), "x", most=1)
    assert found.count == 2**3000
    assert len(found.shown[0].slopes) == 6000

    def chain(x=1.0):
        for _ in range(10_000):
            x = x + 1
        return x

    found = ways(bpviz.backprop(chain), "x")
    assert (found.count, found.shown[0].product, len(found.shown[0].nodes)) == (1, 1.0, 10_001)


def test_paths_with_nan_are_shown_first() -> None:
    def f(x=0.0):
        return x * 1000 + np.sqrt(x) * 0 + x * 2

    with np.errstate(all="ignore"):
        shown = ways(bpviz.backprop(f), "x", most=1).shown
    assert math.isnan(shown[0].product)


def adds_up(found: Ways) -> None:
    """All products, where all are shown, are the gradient; a product of numbers is that of its slopes."""
    for way in found.shown:
        assert len(way.nodes) == len(way.slots) + 1 == len(way.slopes) + 1
        assert np.shape(way.product) == np.shape(found.total)
        if None not in way.slopes:
            assert np.sum(way.product) == pytest.approx(found.seed * math.prod(way.slopes), rel=1e-9)
    if found.complete:
        size = sum((np.abs(way.product) for way in found.shown), start=0.0)
        np.testing.assert_allclose(
            sum(way.product for way in found.shown), found.total, atol=1e-12 * (1 + np.max(size))
        )


def counted(flow: bpviz.Flow, source: int, target: int) -> list[float]:
    """Every path walked one by one, as no program should: the sizes of their products, the largest first."""
    graph = flow.graph.nx
    names, found = flow.graph.names, []
    pending = [(names[target], 1.0)]
    while pending:
        name, product = pending.pop()
        if name == names[source]:
            found.append(abs(product))
        index = flow.graph.find(name)
        for operand, _, slot in graph.in_edges(name, keys=True):
            if flow.wire_share(index, slot) is not None:
                row = flow.graph.record
                xs = [flow.values[i] for i in row.operands[index]]
                rule = row.operations[index].rules(len(xs))[slot]  # type: ignore[union-attr]
                pending.append(
                    (operand, float(rule(product, flow.values[index], *xs, **row.parameters.get(index, {}))))
                )  # type: ignore[misc]
    return sorted(found, reverse=True)


@settings(max_examples=fewer(60))
@given(seed=st.integers(0, 10_000), operations=st.integers(1, 16), most=st.integers(1, 5))
def test_products_add_up_to_the_gradient_on_random_graphs(seed: int, operations: int, most: int) -> None:
    function, args = random_function(random.Random(seed), operations)
    flow = bpviz.backprop(function, *args)
    for name in flow.graph.inputs:
        found = ways(flow, name, most=4096)
        assert found.exact
        adds_up(found)
        sizes = counted(flow, found.source, found.target)
        assert found.count == len(sizes)
        few = ways(flow, name, most=most)
        np.testing.assert_allclose(sorted((abs(w.product) for w in few.shown), reverse=True), sizes[:most], rtol=1e-9)


@settings(max_examples=fewer(40))
@given(seed=st.integers(0, 10_000), operations=st.integers(3, 10))
def test_products_add_up_to_the_gradient_of_matrices(seed: int, operations: int) -> None:
    function, args = random_matrix_function(random.Random(seed), operations)
    flow = bpviz.backprop(function, *args)
    for name in flow.graph.inputs:
        found = ways(flow, name, most=512)
        assert found.complete
        adds_up(found)


def test_between_any_two_values_the_total_is_what_autograd_says() -> None:
    def f(a, np):
        b = np.sin(a) * a
        return np.exp(b) * a + b * b

    def target(a=0.7):
        return f(a, np)

    found = ways(bpviz.backprop(target), "a", most=99)
    assert found.total == pytest.approx(elementwise_grad(lambda a: f(a, anp))(0.7))
    assert sum(way.product for way in found.shown) == pytest.approx(found.total)


def test_the_search_among_many_paths_of_arrays_is_bounded_and_not_exact() -> None:
    def f(x=np.ones((2, 2)), links=40):
        for _ in range(links):
            x = x * 0.3 + x * 0.7
        return np.sum(x)

    found = ways(bpviz.backprop(f), "x", most=3)
    assert (found.count, found.exact, len(found.shown)) == (2**40, False, 3)
    np.testing.assert_allclose(found.shown[0].product, np.full((2, 2), 0.7**40))
    assert found.shown[0].slopes == (None,) * 81
