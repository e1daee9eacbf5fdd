"""Chains: links between named values, products of the steps between, and long paths without formulas."""

from __future__ import annotations

import numpy as np
import pytest

import bpviz
from bpviz.analysis.chains import chain
from bpviz.formulas.symbols import Symbols


def of(flow, name):
    return chain(flow, Symbols(flow), flow.find(name))


def test_steps_without_a_name_are_part_of_a_link() -> None:
    def f(x=2.0, w=3.0):
        a = np.exp(x * w * 0.5)
        return bpviz.name(a * w, "y")

    (path,) = of(bpviz.backprop(f), "x").paths
    first, second = path.links
    assert (first.source, first.target, second.source, second.target) == ("x", "a", "a", "y")
    # da/dx = exp(x·w/2)·w/2 = a·w/2, dy/da = w
    assert (first.slope, second.slope) == pytest.approx((np.exp(3) * 1.5, 3))
    assert second.formula == "w"
    assert sorted(first.formula.split("·")) == ["0.5", "a", "w"]


def test_a_repeated_name_gets_a_number() -> None:
    def f(x=2.0):
        x = x * 3
        x = x * x
        return bpviz.name(x + 1, "y")

    found = of(bpviz.backprop(f), "x")
    assert found.count == 2
    assert [path.names for path in found.paths] == [("x", "x_2", "x_3", "y")] * 2
    assert [link.slope for link in found.paths[0].links] == [3.0, 6.0, 1.0]


def test_long_ways_have_no_formulas() -> None:
    def f(x=1.0, steps=9):
        for _ in range(steps):
            x = x * 2
        return bpviz.name(x + 0, "y")

    for steps, formulas in ((7, True), (9, False)):
        (path,) = of(bpviz.backprop(f, 1.0, steps), "x").paths
        assert all(bool(link.formula) == formulas for link in path.links)


def test_chains_of_arrays_have_the_intermediate_gradients() -> None:
    X = np.array([[1.0, 2.0], [3.0, 4.0]])

    def E(W=np.array([[0.5, -1.0]]), b=0.5):
        Z = X @ W.T + b
        A = np.tanh(Z)
        return bpviz.name(np.sum(A * A), "E")

    flow = bpviz.backprop(E)
    found = of(flow, "W")
    assert [stage.derivative for stage in found.stages] == ["dA", "dZ", "dW"]
    np.testing.assert_array_equal(found.stages[-1].gradient, flow.grads["W"])
    assert found.paths[0].links == () and found.paths[0].names == ("W", "Z", "A", "E")
    total = sum(path.product for path in found.paths)
    np.testing.assert_allclose(total, flow.grads["W"])


def test_a_long_chain_of_stages_has_no_middle() -> None:
    def E(x=np.ones(2)):
        for _ in range(40):
            x = x * 1.1
        return bpviz.name(np.sum(x), "E")

    found = of(bpviz.backprop(E), "x")
    assert (len(found.stages), found.skipped) == (12, 29)
    assert (found.stages[0].name, found.stages[-1].name) == ("x_41", "x")


def test_a_value_without_a_path_has_no_chain() -> None:
    found = of(bpviz.backprop(lambda x=2.0, unused=1.0: x * 2), "unused")
    assert (found.count, found.paths, found.total) == (0, (), 0.0)
