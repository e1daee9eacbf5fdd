"""Flows, graphs and drawings in other processes, and in networkx's files."""

from __future__ import annotations

import io
import json
import multiprocessing
import pickle
import random
import sys
import types
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Annotated, Any

import networkx
import numpy as np
import pytest
from random_graphs import random_function

import bpviz
from bpviz.errors import UsageError
from bpviz.ops import OPERATIONS


def area(width: Annotated[float, "in metres"] = 2.0, height: Any = 3.0) -> Any:
    """What is mown."""
    product = width * height  # square metres
    with bpviz.group("again"):
        twice = product * 2
    return np.exp(twice / 10)


def folded(x: Any = 1.5, n: Any = 400) -> Any:
    return x if n == 0 else folded(x * 1.001, n - 1)


def again(thing: Any) -> Any:
    return pickle.loads(pickle.dumps(thing))


def drawn(flow: bpviz.Flow) -> tuple[str, Any]:
    """What a worker does with what it was sent."""
    return bpviz.draw(flow).to_svg(), bpviz.propagate(flow.graph, {"width": 1.0}).grads


def traced(width: float) -> bpviz.Flow:
    return bpviz.backprop(area, width)


@pytest.mark.parametrize("model", [area, folded, lambda x=2.0: x * x])
def test_a_flow_survives(model: Any) -> None:
    flow = bpviz.backprop(model)
    made = again(flow)
    assert str(made) == str(flow) and made.graph.names == flow.graph.names
    assert [node.line for node in made.graph.nodes] == [node.line for node in flow.graph.nodes]
    assert bpviz.propagate(made.graph).grads == flow.grads
    assert bpviz.explain(made).to_markdown() == bpviz.explain(flow).to_markdown()
    assert (made.graph.function is model) is (model.__name__ != "<lambda>")


def test_another_version_of_python_knows_the_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bpviz.graph.pickling.MAGIC_NUMBER", b"of another")
    flow = bpviz.backprop(area)
    stored = pickle.dumps(flow)
    monkeypatch.undo()
    made = again(pickle.loads(stored))
    lines, first = [node.line for node in made.graph.nodes], area.__code__.co_firstlineno
    assert lines == [None, None, first + 2, None, first + 4, None, first + 5, first + 5]
    assert made.graph.names == flow.graph.names and bpviz.draw(made).to_svg() == bpviz.draw(flow).to_svg()


def test_random_graphs_survive() -> None:
    for seed in range(20):
        model, args = random_function(random.Random(seed), 30)
        graph = bpviz.trace(model, *args)
        made = again(graph)
        assert made.names == graph.names and made.outputs == graph.outputs
        assert sorted(made.nx.edges(keys=True)) == sorted(graph.nx.edges(keys=True))
        one, other = bpviz.propagate(graph), bpviz.propagate(made)
        for left, right in zip(one.gradients, other.gradients, strict=True):
            assert (left is None) is (right is None)
            if left is not None:
                np.testing.assert_array_equal(left, right)


def test_drawings_survive_and_can_be_drawn_in_another_way() -> None:
    drawing = bpviz.draw(area, labels="symbols", title="Lawn")
    made = again(drawing)
    assert made.to_svg() == drawing.to_svg()
    assert bpviz.draw(made, depth=0).to_svg() == bpviz.draw(drawing, depth=0).to_svg()
    assert made.to_json() == drawing.to_json()
    assert again(bpviz.card("relu")).to_svg() == bpviz.card("relu").to_svg()
    page = bpviz.beside(drawing, bpviz.draw(area))
    assert again(page).to_svg() == page.to_svg()


def test_a_graph_that_is_built_by_hand() -> None:
    graph = bpviz.Graph("lawn")
    x = graph.input("x")
    graph.output(x * 3.0, "y")
    made = again(graph)
    assert bpviz.propagate(made, {"x": 2.0}).grads == {"x": 3.0}
    with pytest.raises(UsageError, match="complete"):
        made.input("more", 1.0)


@pytest.mark.hosts
def test_other_processes() -> None:
    flow = bpviz.backprop(area)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        svg, grads = pool.submit(drawn, flow).result()
        back = pool.submit(traced, 4.0).result()
    assert svg == bpviz.draw(flow).to_svg()
    # d exp(0.2 w h) / dw = 0.2 h exp(0.2 w h)
    assert grads["width"] == pytest.approx(0.6 * np.exp(0.6))
    assert back.value("product") == 12.0 and back.graph.function is area


def test_functions_of_the_users_own_operations_are_left_out() -> None:
    double = bpviz.op("doubled_here", lambda x: 2 * x, lambda g, z, x: (2 * g,), symbol="2x", notation="2·{x}")
    flow = bpviz.backprop(lambda x=3.0: double(x) + 1)
    stored, svg = pickle.dumps(flow), bpviz.draw(flow).to_svg()
    assert pickle.loads(stored).graph.record.operations[1] is double
    # As in a process that has not run the module which defines it.
    del OPERATIONS["doubled_here"]
    made = pickle.loads(stored)
    assert made.grads == {"x": 2.0} and bpviz.draw(made).to_svg() == svg
    with pytest.raises(UsageError, match="import the module that defines it"):
        bpviz.propagate(made.graph, {"x": 4.0})


def test_a_function_whose_module_is_gone_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("gone_soon")
    exec("def f(x=2.0):\n    return x * x", module.__dict__)
    monkeypatch.setitem(sys.modules, "gone_soon", module)
    flow = bpviz.backprop(module.f)
    stored = pickle.dumps(flow)
    assert pickle.loads(stored).graph.function is module.f
    monkeypatch.delitem(sys.modules, "gone_soon")
    made = pickle.loads(stored)
    assert made.graph.function is None and made.grads == {"x": 4.0}


@pytest.mark.parametrize("write", ["graphml", "gexf", "node link"])
def test_files_of_networkx(write: str, tmp_path: Path) -> None:
    def model(x: Any = np.array([[1.0, 2.0]]), W: Any = np.array([[0.5, -1.0], [0.25, 3.0]]), k: Any = 2.0) -> Any:
        hidden = np.maximum(x @ W, 0)[:, 1:]
        return np.sum(hidden, axis=0) * k * k

    flow = bpviz.backprop(model)
    for made in (flow.graph.nx, flow.nx, bpviz.backprop(area).nx):
        if write == "graphml":
            networkx.write_graphml(made, tmp_path / "model.xml")
            read = networkx.read_graphml(tmp_path / "model.xml", force_multigraph=True)
        elif write == "gexf":
            stream = io.BytesIO()
            networkx.write_gexf(made, stream)
            assert stream.getvalue().count(b"<node ") == len(made)
            continue
        else:
            read = networkx.node_link_graph(json.loads(json.dumps(networkx.node_link_data(made, edges="e"))), edges="e")
        assert dict(read.nodes(data=True)) == dict(made.nodes(data=True))
        assert gradients_of(read) == gradients_of(made)


def gradients_of(made: Any) -> list[str]:
    return sorted(str(data["gradient"]) for _, _, data in made.edges(data=True) if "gradient" in data)


def test_networkx_carries_values_and_gradients() -> None:
    made = bpviz.backprop(lambda x=3.0, W=np.array([1.0, 2.0]): np.sum(W * x) + x * x).nx
    assert made.nodes["x"]["value"] == 3.0 and made.nodes["x"]["gradient"] == 9.0
    assert json.loads(made.nodes["W"]["gradient"]) == [3.0, 3.0]
    squares = [made.edges["x", name, slot]["gradient"] for _, name, slot in made.out_edges("x", keys=True)]
    assert squares == [3.0, 3.0, 3.0]
    assert made.nodes["W"] == {"kind": "input", "label": "W", "value": "[1.0, 2.0]", "gradient": "[3.0, 3.0]"}


class Loaded:
    """Holds much besides its only weight, and something that cannot be pickled."""

    def __init__(self) -> None:
        self.images, self.weight, self.key = np.zeros((300, 300)), 2.0, lambda: 1

    def loss(self, x: float = 3.0) -> Any:
        return self.weight * x


def test_the_object_of_a_method_is_left_out() -> None:
    flow = bpviz.backprop(Loaded().loss)
    packed = pickle.dumps(bpviz.draw(flow))
    # The images alone are 720 000 bytes.
    assert len(packed) < 20_000
    assert pickle.loads(packed).source.grads == {"x": 2.0, "weight": 3.0}


def test_a_drawing_for_documents_is_plain_data() -> None:
    drawing = bpviz.draw(Loaded().loss, steps=True)
    shown = again(drawing.as_shown())
    assert shown.to_svg() == drawing.to_svg()
    assert [step.sentence for step in shown.step_list] == [step.sentence for step in drawing.step_list]
    assert b"Recorder" not in pickle.dumps(shown)
