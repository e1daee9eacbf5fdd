"""The recorded structure, built by function or by hand, and as networkx sees it."""

from __future__ import annotations

import random
from typing import Any

import networkx
import numpy as np
import pytest
from amounts import fewer
from hypothesis import given, settings
from hypothesis import strategies as st
from random_graphs import random_function

import bpviz
from bpviz.errors import RecordingError, UsageError
from bpviz.recording.scopes import group_path


def test_a_multidigraph_keyed_by_operand_slot() -> None:
    def f(x: Any = 3.0) -> Any:
        y = x * x
        return y + x

    graph = bpviz.trace(f)
    assert type(graph.nx) is networkx.MultiDiGraph
    assert sorted(graph.nx.edges(keys=True)) == [("x", "f", 1), ("x", "y", 0), ("x", "y", 1), ("y", "f", 0)]
    assert graph.nx.nodes["y"] == {
        "kind": "operation",
        "operation": "multiply",
        "label": "y",
        "value": 9.0,
        "line": f.__code__.co_firstlineno + 1,
    }
    assert graph.nx.graph["name"] == "f"
    assert graph.nx is graph.nx


@settings(max_examples=fewer(30))
@given(st.integers(0, 2**32 - 1), st.integers(1, 60))
def test_networkx_sees_the_same_graph(seed: int, operations: int) -> None:
    model, args = random_function(random.Random(seed), operations)
    graph = bpviz.trace(model, *args)
    made = graph.nx
    assert networkx.is_directed_acyclic_graph(made)
    assert list(made.nodes) == list(graph.names)
    assert made.number_of_edges() == sum(len(node.operands) for node in graph.nodes)
    for node in graph.nodes:
        slots = {key: source for source, _, key in made.in_edges(node.name, keys=True)}
        assert tuple(slots[i] for i in range(len(slots))) == node.operands
    # The order of recording is a topological one.
    place = {name: i for i, name in enumerate(graph.names)}
    assert all(place[a] < place[b] for a, b in made.edges())


def test_nodes_as_data() -> None:
    def f(x: Any = np.ones((2, 3)), k: Any = 2.0) -> Any:
        total = np.sum(x, axis=0) * k
        return total[1]

    graph = bpviz.trace(f)
    assert [(n.name, n.kind, n.operands) for n in graph.nodes] == [
        ("x", "input", ()),
        ("k", "input", ()),
        ("sum", "operation", ("x",)),
        ("total", "operation", ("sum", "k")),
        ("f", "operation", ("total",)),
    ]
    assert graph["sum"].parameters == {"axis": 0}
    assert graph["x"].line is None
    assert graph["total"].line == f.__code__.co_firstlineno + 1
    assert repr(graph["total"]) == "<multiply total>"
    assert repr(graph["x"]) == "<input x>"
    assert repr(graph) == "<graph f: 2 inputs, 3 operations>"
    assert "total" in graph
    assert "nothing" not in graph
    assert len(graph) == 5


@pytest.mark.parametrize("seed", range(5))
def test_ancestors_are_those_of_networkx(seed: int) -> None:
    model, args = random_function(random.Random(seed), 30)
    graph = bpviz.trace(model, *args)
    for ends in ([len(graph) - 1], [0], [len(graph) // 2, len(graph) // 3], []):
        names = [graph.names[i] for i in ends]
        expected = set(names).union(*(networkx.ancestors(graph.nx, name) for name in names))
        found = graph.ancestors(ends)
        assert found == sorted(found)
        assert {graph.names[i] for i in found} == expected


def test_a_graph_grows_under_one_s_hands() -> None:
    g = bpviz.Graph("apples")
    price, count = g.input("price", 100), g.input("count", 2)
    assert g.names == ("price", "count")
    subtotal = price * count
    assert g.names == ("price", "count", "subtotal")
    assert g.outputs == ("subtotal",)
    assert g.nx.number_of_nodes() == 3
    total = g.output(subtotal * 1.1, "合計")
    assert g.outputs == ("合計",)
    assert g.nx.number_of_nodes() == 5
    assert total.data == g["合計"].value == g["apples"].value
    assert g.output(subtotal) is subtotal
    assert g.outputs == ("合計", "subtotal")
    assert bpviz.propagate(g).output_name == "合計"


def test_the_last_step_is_the_output_where_none_was_marked() -> None:
    g = bpviz.Graph()
    x = g.input("x", 2.0)
    y = x * 3  # the constant comes before the step
    late = g.input("late", 1.0)
    assert g.outputs == ("y",)
    assert bpviz.propagate(g).grads == {"x": 3.0, "late": 0.0}
    assert late.shape == y.shape == ()


def test_a_graph_made_by_a_helper_is_built_on_at_the_top() -> None:
    def made() -> tuple[bpviz.Graph, Any]:
        g = bpviz.Graph("made")
        return g, g.input("x", 2.0)

    def square(v: Any) -> Any:
        return v * v

    g, x = made()
    y = square(x) + x
    assert [(n.name, group_path(n.scope)) for n in g.nodes] == [
        ("x", ()),
        ("multiply", ("square",)),
        ("y", ()),
    ]
    assert y.data == 6.0


def test_groups_of_a_graph_built_by_hand() -> None:
    g = bpviz.Graph()
    x = g.input("x", 2.0)
    with bpviz.group("Affine"):
        y = x * 3
    z = y + 1
    assert [g[name].scope.title for name in ("y", "z")] == ["Affine", ""]
    assert z.data == 7.0


def test_what_cannot_be_built() -> None:
    g = bpviz.Graph()
    x = g.input("x", 2.0)
    with pytest.raises(UsageError, match="the graph has an input 'x' already; give each input its own name"):
        g.input("x", 3.0)
    with pytest.raises(UsageError, match=r"an output must be a recorded value, but got 3\.0; compute it from"):
        g.output(3.0)  # type: ignore[arg-type]
    with pytest.raises(RecordingError, match=r"output\(\) mixes values of two different graphs"):
        bpviz.Graph().output(x)
    with pytest.raises(UsageError, match="is no regular array of numbers"):
        g.input("ragged", [[1.0], [1.0, 2.0]])
    with pytest.raises(UsageError, match="must be a number or an array of numbers, but got True"):
        g.input("flag", True)
    with pytest.raises(RecordingError, match="the input 'y' is a recorded value of another graph"):
        g.input("y", x)
    assert len(g) == 1


def test_close_matches_of_a_name() -> None:
    graph = bpviz.trace(lambda price=1.0, count=2.0: price * count)
    with pytest.raises(UsageError, match="the graph has no value named 'prize'; did you mean 'price'"):
        graph["prize"]
    with pytest.raises(UsageError, match="the graph has no value named 'zzz'; it has: price, count, output"):
        graph["zzz"]


def test_two_graphs_do_not_mix() -> None:
    x, y = bpviz.Graph().input("x", 1.0), bpviz.Graph().input("y", np.ones(2))
    for mixed in (lambda: x + y, lambda: y * x, lambda: np.maximum(x, y), lambda: y[x]):
        with pytest.raises(RecordingError, match="mixes values of two different graphs"):
            mixed()


def test_a_constant_of_the_record_takes_no_gradient() -> None:
    flow = bpviz.backprop(lambda x=2.0: x * 3)
    assert flow.graph["constant"].kind == "constant"
    assert flow.wire_share(flow.graph.find("output"), 1) is None
