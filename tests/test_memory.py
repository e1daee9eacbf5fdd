"""Memory: what is drawn is freed at once, without the garbage collector, and large arrays are not multiplied."""

from __future__ import annotations

import gc
import json
import pickle
import tracemalloc
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bpviz
from bpviz.drawing.load import load

pytestmark = pytest.mark.thorough

_RATE = 3.0


class Net:
    def __init__(self) -> None:
        self.W = np.ones((2, 2))
        self.layers = [self.W]

    def loss(self, x: Any = np.ones(2)) -> Any:
        self.h = self.W @ x
        return np.sum(self.h)


def plain(x: Any = np.ones(100)) -> Any:
    h = x * 2
    return np.sum(h * h)


def small(x: Any = np.ones(2)) -> Any:
    return np.sum(x * x)


def writes(x: Any = np.ones(10)) -> Any:
    y = np.zeros(10)
    for i in range(10):
        y[i] = x[i] * 2
    return np.sum(y * x.reshape(2, 5).T.reshape(-1))


def with_global(x: Any = np.ones(3)) -> Any:
    return np.sum(x * _RATE)


def nested(x: Any = np.ones(3)) -> Any:
    return np.sum(bpviz.grad(lambda z: np.sum(z * z * z))(x))


def raises(x: Any = np.ones(3)) -> Any:
    raise KeyError(3)


def by_hand() -> None:
    graph = bpviz.Graph("by hand")
    x = graph.input("x", np.ones(3))
    graph.output(np.sum(x * x))
    bpviz.propagate(graph)
    bpviz.draw(graph).to_svg()
    assert graph.nodes[0].value[0] == 1.0 and x.grad[0] == 2.0


def failing() -> None:
    with pytest.raises(KeyError):
        bpviz.draw(raises)


KINDS: dict[str, Callable[[], Any]] = {
    "trace": lambda: bpviz.trace(plain).nodes,
    "backprop": lambda: bpviz.backprop(plain).grads,
    "svg": lambda: bpviz.draw(plain).to_svg(),
    "steps": lambda: bpviz.draw(plain, steps=True).steps(),
    "animation": lambda: bpviz.draw(plain, animate=True).to_svg(),
    "elements": lambda: bpviz.draw(small, elements=True).to_svg(),
    "symbols": lambda: bpviz.draw(small, labels="symbols").to_svg(),
    "gradient graph": lambda: bpviz.draw(bpviz.gradient_graph(plain)).to_svg(),
    "nested gradient": lambda: bpviz.backprop(nested),
    "explain": lambda: str(bpviz.explain(plain)),
    "gradcheck": lambda: bpviz.gradcheck(small),
    "difference": lambda: bpviz.diff(small, plain),
    "what if": lambda: str(bpviz.what_if(small, x=np.zeros(2))),
    "descent": lambda: bpviz.descend(small, steps=2).draw().to_svg(),
    "writes": lambda: bpviz.draw(writes).to_svg(),
    "object": lambda: bpviz.draw(Net().loss).to_svg(),
    "global": lambda: bpviz.draw(with_global, wrt="_RATE").to_svg(),
    "by hand": by_hand,
    "failure": failing,
}


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_waits_for_the_garbage_collector(no_collector: None, kind: str) -> None:
    KINDS[kind]()  # what is made once and kept
    gc.collect()
    KINDS[kind]()
    assert gc.collect() == 0


def test_arrays_are_freed_with_the_drawing(no_collector: None, tmp_path: Path) -> None:
    drawing = bpviz.draw(plain)
    for name in ("a.json", "a.svg", "a.html"):
        drawing.save(tmp_path / name)
    flow: Any = drawing.source
    arrays = [weakref.ref(value) for value in (*flow.values, *flow.gradients) if isinstance(value, np.ndarray)]
    assert len(arrays) > 4
    del drawing, flow
    assert not [array for array in arrays if array() is not None]


def test_a_node_is_equal_to_itself() -> None:
    graph, other = bpviz.trace(plain), bpviz.trace(plain)
    assert graph["x"] == graph.nodes[0] and len({graph["x"], graph.nodes[0], graph["h"]}) == 2
    assert graph["x"] != other["x"] and list(graph.nodes[1:3]) == [graph.nodes[1], graph.nodes[2]]
    assert graph.nodes[-1].name == "plain" and repr(graph.nodes[:1]) == "(<input x>,)"


# Large arrays

_MANY = 2_000_000


def of_large(x: Any) -> Any:
    h = np.tanh(x * 2.0)
    return np.sum(h * h)


def peak(work: Callable[[], Any], size: int) -> float:
    """Return the most memory that work needs, as multiples of a size; the first call is on something small."""
    gc.collect()
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1] / size
    finally:
        tracemalloc.stop()


def test_large_arrays_are_not_multiplied() -> None:
    import autograd
    import autograd.numpy as anp

    x = np.linspace(0.0, 1.0, _MANY)
    bpviz.draw(of_large, x[:3]).to_svg()
    reference = autograd.grad(lambda x: anp.sum(anp.tanh(x * 2.0) * anp.tanh(x * 2.0)))
    reference(x[:3])
    # The values of four steps, two shares of h, and one more for a gradient.
    needed = peak(lambda: bpviz.backprop(of_large, x), x.nbytes)
    assert needed < 7.2 < peak(lambda: reference(x), x.nbytes)
    assert peak(lambda: bpviz.draw(of_large, x).to_svg(), x.nbytes) < needed + 0.1
    flow = bpviz.backprop(of_large, x)
    gc.collect()
    # What stays are the values of four steps, and the gradient of x.
    assert sum(part.nbytes for part in (*flow.values, flow.grads["x"]) if hasattr(part, "nbytes")) < 5.1 * x.nbytes
    assert peak(lambda: str(flow.nonfinite), x.nbytes) < 0.5


def test_gradients_that_are_computed_when_they_are_read() -> None:
    import autograd
    import autograd.numpy as anp

    x, b = np.linspace(-1.0, 1.0, 1_200_000).reshape(1200, 1000), np.linspace(0.0, 1.0, 1000)

    def model(np: Any, x: Any, b: Any) -> Any:
        h = np.tanh(x * 2.0 + b)
        return np.sum(h * h * x) + np.sum(np.exp(h) * h) + np.mean(h + h)

    wanted = autograd.grad(lambda x, b: model(anp, x, b), (0, 1))(x, b)
    flow = bpviz.backprop(lambda x, b: model(np, x, b), x, b)
    for name, expected in zip(("x", "b"), wanted, strict=True):
        np.testing.assert_allclose(flow.grad(name), expected, rtol=1e-10, atol=1e-12)
    h = np.tanh(x * 2.0 + b)
    gradient = flow.grad("h")
    np.testing.assert_allclose(gradient, 2 * h * x + np.exp(h) * (1 + h) + 2 / h.size, rtol=1e-12, atol=1e-14)
    assert not gradient.flags.writeable
    for other in (pickle.loads(pickle.dumps(flow)), bpviz.propagate(flow.graph)):
        np.testing.assert_array_equal(other.grad("h"), gradient)
    # A figure shows of it what it shows of a smaller array.
    shown, at_hand = (bpviz.draw(lambda x: np.sum(np.tanh(x) * x), x[:rows]).to_svg() for rows in (1001, 1000))
    assert shown.count("<rect") == at_hand.count("<rect") > 100
    assert shown.count("(1001, 1000)") == at_hand.count("(1000, 1000)") > 5


def test_large_arrays_leave_no_cycle(no_collector: None) -> None:
    flow = bpviz.backprop(of_large, np.linspace(0.0, 1.0, 1_200_000))
    bpviz.propagate(flow.graph)
    bpviz.draw(flow).to_svg()
    assert flow.grad("h").size == 1_200_000
    record = weakref.ref(flow.graph.record)
    del flow
    assert record() is None


def test_a_function_that_writes_into_large_arrays() -> None:
    x = np.linspace(-1.0, 1.0, 1_200_000)

    def model(x: Any) -> Any:
        x *= 2.0
        x[0] = 0.0
        return np.sum(x * x)

    before = x.copy()
    flow = bpviz.backprop(model, x)
    np.testing.assert_array_equal(x, before)
    np.testing.assert_allclose(flow.grad("x"), np.concatenate([[0.0], 8 * x[1:]]))


def test_the_gradients_of_wires_of_large_arrays() -> None:
    x = np.linspace(-1.0, 1.0, _MANY)

    def model(x: Any = x) -> Any:
        h = x * 3.0
        return np.sum(h * h) + np.sum(np.exp(h)) + np.sum(h)

    flow = bpviz.backprop(model)
    shares = [flow.wire_grad("h", "multiply", slot) for slot in (0, 1)]
    for share in (*shares, flow.wire_grad("h", "exp")):
        assert not share.flags.writeable
    np.testing.assert_array_equal(shares[0], 3 * x)
    np.testing.assert_array_equal(shares[1], 3 * x)
    np.testing.assert_allclose(flow.wire_grad("h", "exp"), np.exp(3 * x), rtol=1e-14)
    np.testing.assert_allclose(flow.grad("h"), 6 * x + np.exp(3 * x) + 1, rtol=1e-12, atol=1e-14)
    again = pickle.loads(pickle.dumps(flow))
    np.testing.assert_array_equal(again.wire_grad("h", "multiply", 1), 3 * x)


def test_json_of_large_arrays_warns_and_stays_small(tmp_path: Path) -> None:
    x = np.linspace(0.0, 1.0, 300_000)
    x[7], x[8] = np.inf, np.nan
    drawing = bpviz.draw(of_large, x[:3])
    drawing.to_json()
    drawing = bpviz.draw(of_large, x)
    flow: Any = drawing.source
    # The values x, 2·x, h and h·h and the gradients of all of them.
    numbers = 8 * x.nbytes
    with pytest.warns(bpviz.BpvizWarning, match=r"the JSON has 2,[0-9,]+ numbers, about 4[0-9] MB"):
        assert peak(lambda: drawing.save(tmp_path / "a.json"), numbers) < 10
    nodes = {node["name"]: node for node in json.loads((tmp_path / "a.json").read_text())["nodes"]}
    assert nodes["x"]["value"]["array"][6:10] == [x[6], {"float": "inf"}, {"float": "nan"}, x[9]]
    again = load(str(tmp_path / "a.json")).thing
    np.testing.assert_array_equal(again.grads["x"], flow.grads["x"])
    np.testing.assert_array_equal(again.value("h"), flow.value("h"))
