"""Flows as JSON: every operation, with its parameters, comes back with the same numbers."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from amounts import some
from at_once import at_once
from samples import CASES, sample

import bpviz
from bpviz.errors import UsageError
from bpviz.graph.archive import dumped, loaded
from bpviz.ops import Case, Operation

OF_WHOLE_NUMBERS = ("bitwise_and", "bitwise_or", "bitwise_xor", "invert")


@at_once(some([p for p in CASES if p.values[0].name not in OF_WHOLE_NUMBERS]))
def test_every_operation_comes_back(row: Operation, case: Case) -> None:
    graph = bpviz.trace(lambda *xs: row(*xs, **case.parameters), *sample(row, case))
    again = loaded(dumped(graph))
    assert isinstance(again, bpviz.Graph)
    assert again.names == graph.names
    assert again.outputs == graph.outputs
    for node, other in zip(graph.nodes, again.nodes, strict=True):
        np.testing.assert_array_equal(other.value, node.value)
        assert other.operation is node.operation
    one, two = (
        bpviz.propagate(g, {k: g[k].value * 0.5 for k in g.inputs if _is_float(g[k].value)}) for g in (graph, again)
    )
    for name in graph.inputs:
        np.testing.assert_array_equal(one.grad(name), two.grad(name))


def _is_float(value: object) -> bool:
    return np.asarray(value).dtype.kind == "f"


def _document(**changes: object) -> dict[str, object]:
    nodes = [
        {"name": "x", "kind": "input", "value": 2.0},
        {"name": "y", "kind": "operation", "operation": "multiply", "operands": ["x", "x"], "value": 4.0},
    ]
    whole: dict[str, object] = {"bpviz": 1, "name": "f", "groups": [], "nodes": nodes}
    return {**whole, "outputs": [{"title": "y", "node": "y"}], "output": "y", "seed": 1.0, **changes}


def _step(**changes: object) -> dict[str, object]:
    """Return a document whose step is changed."""
    document = _document()
    document["nodes"][1].update(changes)  # type: ignore[index]
    return document


X, Y = _document()["nodes"]  # type: ignore[misc]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (_step(operands=["x", "y"]), "the node 'y' needs 'y', which does not come before it: a cycle"),
        (_document(nodes=[Y, X]), "the node 'y' needs 'x', which does not come before it: a cycle"),
        (_step(operands=["x", "z"]), "the node 'y' needs 'z', which is no node"),
        (_step(operands=["x"]), "the node 'y' has 1 operands, but multiply takes 2"),
        (_step(operands=["x", "x", "x"]), "the node 'y' has 3 operands, but multiply takes 2"),
        (_step(operands=7), "the node 'y' needs the name of an operation, and a list of operands"),
        (_step(label=7), "the node 'y' has label = 7; a text is expected"),
        (_step(meaning=["a"]), "the node 'y' has meaning = a list of 1 parts; a text is expected"),
        (_step(name="x"), "the node 'x' is there twice"),
        (_step(kind="thing"), "the node 'y' is of kind 'thing'; it is an input, a constant or an operation"),
        (_step(value="4"), "the node 'y' has a value that is no number or array of numbers"),
        (_step(parameters=[]), "the node 'y' has parameters = a list of 0 parts; an object is expected"),
        (_document(nodes=[{"name": "x", "kind": "input"}, Y]), "the node 'x' has no value"),
        (_step(line="4"), "the node 'y' has line = '4'; the number of a line is expected"),
        (_step(line=0), "the node 'y' has line = 0; the number of a line is expected"),
        (_step(line=True), "the node 'y' has line = True; the number of a line is expected"),
        (_step(line=2**31), "the node 'y' has line = 2147483648; the number of a line is expected"),
        (_step(line=[4]), "the node 'y' has line = a list of 1 parts; the number of a line is expected"),
        (_document(outputs=7), "outputs is 7; a list is expected"),
        (_document(outputs=[{"title": "y", "node": "z"}]), "the output 'y' needs 'z', which is no node"),
        (
            _document(groups=[{"id": 1, "title": "a", "parent": 2}, {"id": 2, "title": "b", "parent": 1}]),
            "the group 1 is inside the group 2, which does not come before it: a cycle",
        ),
        (_document(groups=[{"id": 1, "title": 5, "parent": 0}]), "the group 1 has title = 5; a text is expected"),
        (_document(groups=[{"id": 1, "title": "a", "parent": 9}]), "the group 1 is inside 9, which is no group"),
    ],
)
def test_a_damaged_document_is_refused_with_the_place_of_its_fault(document: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        loaded(json.dumps(document))
    assert str(caught.value) == f"the JSON text is damaged: {message}"


def test_lines_of_the_source_come_back() -> None:
    def model(x: Any = 0.0) -> Any:
        y = x * 2.0
        z = y + 1.0
        return np.log(y) * z

    first = model.__code__.co_firstlineno
    flow = bpviz.backprop(model)
    again = loaded(text := dumped(flow))
    assert isinstance(again, bpviz.Flow) and dumped(again) == text
    assert {node.name: node.line for node in again.graph.nodes if node.line} == {
        "y": first + 1,
        "z": first + 2,
        "log": first + 3,
        "model": first + 3,
    }
    # A message that names the line does so with the JSON, too.
    assert str(again.nonfinite[0]).endswith(f"(line {first + 3})")
    # A copy with other parts has them as well; a document without lines is fine.
    assert bpviz.gradient_graph(again.graph)["z"].line == first + 2
    document = json.loads(text)
    for node in document["nodes"]:
        node.pop("line", None)
    bare = loaded(json.dumps(document))
    assert isinstance(bare, bpviz.Flow) and all(node.line is None for node in bare.graph.nodes)


def test_whole_numbers_of_thousands_of_digits_and_deep_nesting_are_refused() -> None:
    for text in ('{"bpviz": ' + "9" * 5000 + "}", "[" * 100_000, '{"bpviz": ' * 100_000):
        with pytest.raises(UsageError):
            loaded(text)


def test_halves_of_surrogates_come_back() -> None:
    graph = bpviz.Graph("\ud800")
    graph.output(graph.input("\udfff", 1.0) * 2)
    text = bpviz.draw(graph).to_json()
    text.encode("utf-8")
    assert list(bpviz.draw(loaded(text)).source.grads) == ["\udfff"]  # type: ignore[union-attr]
