"""The effect of variables on the output: growth by 1 computed, and rounding separated from curvature."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import bpviz
from bpviz.analysis.influences import influences, named, objective, objective_of, settled


def by_name(flow: Any) -> dict[str, Any]:
    return {found.name: found for found in influences(flow, named(flow), None)}


def test_growth_by_1_is_computed_at_the_values_of_the_run() -> None:
    graph = bpviz.trace(lambda x=3.0, w=2.0: bpviz.name(bpviz.name(x * x, "s") * w, "y"))
    found = by_name(bpviz.propagate(graph, {"x": 5.0, "w": 3.0}))
    # (5 + 1)²·3 − 5²·3 = 33, against a slope of 30; s and w enter as they are.
    assert (found["x"].grown, found["x"].slope, found["x"].straight) == (33.0, 30.0, False)
    assert (found["s"].grown, found["w"].grown, found["y"].grown) == (3.0, 25.0, 1.0)
    assert found["s"].straight


def test_every_element_of_an_array_grows() -> None:
    found = by_name(bpviz.backprop(lambda v=np.array([1.0, 2.0]): bpviz.name(np.sum(v * v), "y")))
    assert found["v"].grown == 4 + 9 - 1 - 4
    assert found["v"].slope == 2 + 4


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rounding_is_no_curvature(dtype: Any) -> None:
    w = np.linspace(-1.0, 1.0, 7).astype(dtype)
    found = by_name(bpviz.backprop(lambda v=w[:, None]: bpviz.name(np.sum(w[None, :] @ (v * dtype(0.1))), "y")))
    assert found["v"].straight


def test_small_curvature_of_large_numbers_is_seen() -> None:
    found = by_name(bpviz.backprop(lambda x=1e6: bpviz.name(x * x, "y")))
    assert found["x"].grown == 2_000_001
    assert settled(20.0, 19.999999999999972, 220.00000000000003, 240.0) == 20.0
    assert settled(1.0, math.inf, 0.0, math.inf) == math.inf


def test_elements_that_cancel() -> None:
    flow = bpviz.backprop(lambda x=np.array([0.3, 2.9, 4.0]): bpviz.nn.softmax_cross_entropy(x, np.array([0, 0, 1.0])))
    assert by_name(flow)["x"].slope == by_name(flow)["x"].grown == 0


def test_values_that_cannot_grow() -> None:
    def f(x=2.0, i=1, unused=1.0):
        return bpviz.name(np.array([1.0, 5.0])[i] * x, "y")

    found = by_name(bpviz.backprop(f))
    assert (found["i"].reaches, found["i"].grown) == (False, None)
    assert (found["unused"].reaches, found["unused"].gradient) == (False, 0.0)


def test_variables_come_in_order_and_constants_do_not_count() -> None:
    def f(x=2.0, y=3.0):
        a = x * 2
        aside = y + 1
        b = a * y
        return bpviz.name(b - 1, "z"), aside

    flow = bpviz.backprop(f)
    assert [flow.graph.names[i] for i in named(flow)] == ["x", "y", "a", "b", "z"]


def test_the_number_that_gradients_are_of() -> None:
    graph = bpviz.trace(lambda x: bpviz.name(x * 2, "y"), np.array([1.0, 2.0]))
    for seed, expected in ((None, ("the sum of y", "Σy")), ([2.0, 0.0], ("the weighted sum of y", "Σ(seed·y)"))):
        flow = bpviz.propagate(graph, seed=seed)
        assert objective(flow) == expected
        assert objective_of(flow, flow.output) == (6 if seed is None else 4)
    single = bpviz.propagate(bpviz.trace(lambda x=3.0: bpviz.name(x * 2, "y")), seed=-0.5)
    assert objective(single) == ("−0.5·y", "(−0.5·y)")
    assert objective_of(single, 6.0) == -3.0


def test_a_large_graph_is_not_computed_over_and_over() -> None:
    def f(x=1.0):
        for _ in range(3000):
            x = x + 1
        return x

    flow = bpviz.backprop(f)
    found = influences(flow, [i for i, g in enumerate(flow.gradients) if g is not None], None)
    assert found[0].grown == 1 and found[-1].grown is None
