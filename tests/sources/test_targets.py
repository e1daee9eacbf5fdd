"""What a caller gives: functions, graphs and flows are taken alike, and nothing of the caller's is changed."""

from __future__ import annotations

import numpy as np
import pytest

import bpviz
from bpviz.errors import UsageError
from bpviz.sources.targets import flow_of, source_of


def total(price: float = 100, count: float = 2, tax: float = 1.1) -> float:
    return price * count * tax


def branch(x: float = 1.0, weights: tuple[float, float] = (2.0, 3.0)) -> float:
    return x * weights[0] if x > 0 else x * weights[1]


def test_arguments_keywords_and_inputs_fill_parameters_and_branches_follow() -> None:
    # x > 0: 2x, else 3x.
    assert flow_of(branch, (4.0,)).output == 8.0
    assert flow_of(branch, (), {"x": -1.0}).grads["x"] == 3.0
    assert flow_of(branch, (4.0,), inputs={"x": -1.0}).grads["x"] == 3.0
    assert flow_of(branch, inputs={"weights[0]": 5.0}).output == 5.0


def test_a_list_for_an_array_is_an_array() -> None:
    def f(x: np.ndarray = np.array([1.0, 2.0])) -> float:
        return (x * x).sum()

    assert flow_of(f, inputs={"x": [3.0, 4.0]}).output == 25.0


def test_a_flow_keeps_its_numbers_and_its_seed() -> None:
    flow = bpviz.propagate(bpviz.trace(total), {"tax": 1.2}, seed=2.0)
    assert source_of(flow) is flow
    # 50 · 2 · 1.2 = 120, and twice the derivative 1.2 · 2 by the price.
    other = flow_of(flow, inputs={"price": 50.0})
    assert (other.output, other.grads["price"]) == (120.0, 4.8)
    assert source_of(flow, output="multiply").grads["tax"] == 0.0


def test_a_graph_without_values_stays_a_graph() -> None:
    graph = bpviz.Graph("g")
    graph.output(graph.input("x") * 2.0, "y")
    assert source_of(graph) is graph
    assert flow_of(graph, inputs={"x": 3.0}).output == 6.0
    with pytest.raises(UsageError, match="the input 'x' has no value"):
        flow_of(graph)


@pytest.mark.parametrize("call", [bpviz.draw, bpviz.explain, bpviz.gradcheck])
def test_arguments_beside_a_graph_are_refused(call: object) -> None:
    with pytest.raises(UsageError, match=r"^arguments go with a function; give a graph other values with inputs="):
        call(bpviz.trace(total), 120.0)  # type: ignore[operator]


def test_keywords_of_draw_that_name_parameters_fill_them() -> None:
    drawing = bpviz.draw(total, tax=1.2, theme="dark")
    assert drawing.source.output == 240.0
    assert drawing.options.theme == "dark"


def test_the_handles_keep_the_gradients_of_the_last_propagate() -> None:
    graph = bpviz.Graph("g")
    x = graph.input("x", 3.0)
    graph.output(x * x, "y")
    first = bpviz.propagate(graph)
    bpviz.propagate(graph, {"x": 5.0})
    assert x.grad == 10.0
    # Drawing, asking and comparing propagate for themselves.
    bpviz.draw(first).to_svg()
    bpviz.draw(graph, inputs={"x": 1.0})
    bpviz.what_if(graph, x=2.0)
    bpviz.gradcheck(graph)
    bpviz.explain(first)
    assert x.grad == 10.0


def test_keywords_of_explain_hold_in_its_what_if_too() -> None:
    explanation = bpviz.explain(total, count=3, what_if={"tax": 1.2})
    # 100 · 3 · 0.1 more.
    assert explanation.what_if is not None
    assert explanation.what_if.true == pytest.approx(30.0)
