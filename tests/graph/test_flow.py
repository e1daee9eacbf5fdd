"""What a flow returns, and how it reports numbers that are not finite."""

from __future__ import annotations

import gc
import math
import warnings
import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import bpviz
from bpviz.errors import UsageError
from bpviz.ops.table.copying import lent


@pytest.fixture(autouse=True)
def _no_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def causes(f: Any, *args: Any, output: str | None = None) -> list[tuple[str, str, str]]:
    flow = bpviz.propagate(bpviz.trace(f, *args), output=output)
    return [(n.name, n.what, n.text) for n in flow.nonfinite]


def test_what_a_flow_returns() -> None:
    def total(price: Any = 100, count: Any = 2, tax: Any = 1.1) -> Any:
        subtotal = price * count
        return subtotal * tax

    flow = bpviz.backprop(total)
    assert flow.value("subtotal") == flow.value(flow.graph["subtotal"]) == 200.0
    assert flow.grad("subtotal") == 1.1
    assert flow.wire_grad("price", "subtotal") == 2.2
    assert flow.output == flow.value("total") == pytest.approx(220)
    assert flow.seed == 1.0
    assert list(flow.grads) == ["price", "count", "tax"]
    assert repr(flow) == "<flow of total: total = 220.00000000000003>"
    assert str(flow).splitlines()[1] == "d total / d price = 2.2"


def test_without_a_flow_the_gradient_is_zero() -> None:
    def f(x: Any = 2.0, unused: Any = np.ones((2, 2)), n: Any = 3) -> Any:
        return x * 2 if n > 1 else x

    flow = bpviz.backprop(f)
    assert flow.grad("n") == 0.0
    np.testing.assert_array_equal(flow.grad("unused"), np.zeros((2, 2)))
    assert flow.grad("constant_2") == 0.0
    assert flow.wire_grad("constant_2", "f") == 0.0
    assert flow.gradients[flow.graph.find("n")] is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("x", "y"), "no single wire leads from 'x' to 'y'; there is one at slot 0, 1"),
        (("x", "y", 2), "no single wire leads from 'x' to 'y' at slot 2; there is one at slot 0, 1"),
        (("y", "x"), "no single wire leads from 'y' to 'x'; there is none"),
        (("z", "x"), "the graph has no value named 'z'; it has: x, y"),
    ],
)
def test_missing_wires(arguments: Any, message: str) -> None:
    def f(x: Any = 2.0) -> Any:
        y = x * x
        return y

    with pytest.raises(UsageError) as caught:
        bpviz.backprop(f).wire_grad(*arguments)
    assert str(caught.value).startswith(message)


def test_arrays_of_a_flow_cannot_be_written_into() -> None:
    flow = bpviz.backprop(lambda x, y: x + y, np.ones(2), np.ones(2))
    for array in (flow.grad("x"), flow.value("x"), flow.output, flow.grads["y"]):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 5.0
    weights = np.ones(2)
    weights -= 0.1 * flow.grad("x")
    assert weights.tolist() == [0.9, 0.9]


def test_steps_recorded_after_a_run_are_not_in_it() -> None:
    g = bpviz.Graph()
    x = g.input("x", 2.0)
    y = x * 2
    flow = bpviz.propagate(g)
    z = y * 3
    for ask in (flow.value, flow.grad):
        with pytest.raises(UsageError, match="'z' was recorded after this run; propagate the graph again"):
            ask(z)
    assert flow.value(y) == 4.0
    assert bpviz.propagate(g).value("z") == 12.0


def test_a_foreign_handle_or_node_is_refused() -> None:
    flow = bpviz.backprop(lambda x=2.0: x * 2)
    other = bpviz.trace(lambda x=2.0: x * 2)
    with pytest.raises(bpviz.errors.RecordingError, match="the look-up mixes values of two different graphs"):
        flow.value(other.nodes[0])
    with pytest.raises(bpviz.errors.RecordingError, match="the look-up mixes values of two different graphs"):
        flow.value(bpviz.Graph().input("x", 1.0))


INF, NAN = math.inf, math.nan


@pytest.mark.parametrize(
    ("f", "value", "output", "gradient"),
    [
        (lambda x: 1 / x, 0.0, INF, -INF),
        (lambda x: np.log(x), 0.0, -INF, INF),
        (lambda x: np.log(x), -1.0, NAN, -1.0),
        (lambda x: np.sqrt(x), -1.0, NAN, NAN),
        (lambda x: np.sqrt(x), 0.0, 0.0, INF),
        (lambda x: x ** (1 / 3), -8.0, NAN, NAN),
        (lambda x: x**0.5, 0.0, 0.0, INF),
        (lambda x: x**-1, 0.0, INF, -INF),
        (lambda x: x**2, 1e200, INF, 2e200),
        (lambda x: np.exp(x), 1000.0, INF, INF),
        (lambda x: x * INF, 0.0, NAN, INF),
        (lambda x: np.sin(x), INF, NAN, NAN),
        (lambda x: (-2.0) ** x, 3.0, -8.0, NAN),
        (lambda x: x - x, INF, NAN, 0.0),
        (lambda x: x / 0, 1.0, INF, INF),
        (lambda x: 0 / x, 0.0, NAN, NAN),
        (lambda x: bpviz.nn.sigmoid(x), 1e4, 1.0, 0.0),
        (lambda x: bpviz.nn.sigmoid(x), -1e4, 0.0, 0.0),
        (lambda x: np.tanh(x), 1e4, 1.0, 0.0),
    ],
)
@pytest.mark.parametrize("kind", [float, np.array, lambda x: np.array([[x]])], ids=["number", "0-d", "array"])
def test_nan_and_infinity_flow(f: Any, value: float, output: float, gradient: float, kind: Any) -> None:
    flow = bpviz.backprop(f, kind(value))
    np.testing.assert_array_equal(np.ravel(flow.output), [output])
    np.testing.assert_array_equal(np.ravel(flow.grad("x")), [gradient])
    assert bool(flow.nonfinite) == (not all(map(math.isfinite, (value, output, gradient))))


def test_softmax_does_not_overflow() -> None:
    x = np.array([1e4, -1e4, 0.0])
    assert bpviz.backprop(bpviz.nn.softmax, x).output.tolist() == [1.0, 0.0, 0.0]
    flow = bpviz.backprop(lambda x, t: bpviz.nn.softmax_cross_entropy(x, t), x, np.array([0.0, 1.0, 0.0]))
    assert flow.output == 2e4
    assert flow.grad("x").tolist() == [1.0, -1.0, 0.0]
    assert flow.grad("t").tolist() == [0.0, 2e4, 1e4]
    assert flow.nonfinite == ()


def test_only_the_first_cause_is_reported() -> None:
    def f(x: Any = 0.0) -> Any:
        a = np.log(x)
        b = a * 2
        return b + a

    assert causes(f) == [("a", "value", "infinite")]

    def g(x: Any = 0.0, w: Any = 2.0) -> Any:
        y = w * x
        root = np.sqrt(y)
        return root * 3

    assert causes(g) == [("y", "gradient", "infinite")]

    def h(x: Any = 0.0, y: Any = -1.0) -> Any:
        a = 1 / x
        b = np.sqrt(y)
        return a + b

    assert causes(h) == [("a", "value", "infinite"), ("b", "value", "nan")]


def test_an_input_that_is_not_finite_is_the_cause_itself() -> None:
    assert causes(lambda x: x * 2 + 1, math.nan) == [("x", "value", "nan")]
    assert causes(lambda x: np.sum(x), np.array([1.0, math.inf])) == [("x", "value", "infinite")]


def test_finite_wires_whose_sum_is_not() -> None:
    assert causes(lambda x=1e-3: x * 1.2e308 + x * 1.3e308) == [("x", "gradient", "infinite")]


def test_infinite_values_that_do_not_reach_the_output_are_reported() -> None:
    def f(x: Any = 0.0) -> Any:
        y = x + 1
        z = 1 / x
        return y, z

    assert causes(f, output="y") == [("z", "value", "infinite")]


def test_a_report_reads_as_a_sentence() -> None:
    def f(x: Any = 0.0) -> Any:
        return np.log(x)

    (report,) = bpviz.backprop(f).nonfinite
    assert str(report) == f"the value of f is infinite (line {f.__code__.co_firstlineno + 1})"


def test_a_finite_flow_reports_nothing() -> None:
    assert bpviz.backprop(lambda x=2.0: np.exp(x) / x).nonfinite == ()


def test_a_flow_that_is_dropped_frees_its_arrays_at_once() -> None:
    """No circles: arrays that wait for the garbage collector would make every training loop grow and slow down."""

    def loss(x: Any, w: Any) -> Any:
        with bpviz.group("layer"):
            hidden = np.tanh(x @ w)
        return np.sum(hidden[0] * hidden[1:]), np.mean(hidden)

    freed: list[bool] = []
    x, w = np.ones((3, 2)), np.ones((2, 4))
    gc.collect()
    gc.disable()
    try:
        flow = bpviz.backprop(loss, x, w)
        weakref.finalize(flow.values[2], freed.append, True)
        assert flow.grads["w"].shape == (2, 4)
        assert not freed
        del flow
        assert freed
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_what_is_given_out_cannot_be_made_writeable() -> None:
    flow = bpviz.backprop(lambda x=np.ones(3): np.sum(x * x))
    (square,) = (node for node in flow.graph.nodes if node.operation is not None and node.operation.name == "multiply")
    given = (flow.graph["x"].value, square.value, flow.value("x"), flow.grads["x"], flow.wire_grad("x", square.name, 0))
    for array in given:
        while isinstance(array, np.ndarray):
            with pytest.raises(ValueError, match="cannot set WRITEABLE flag"):
                array.flags.writeable = True
            array = array.base
        assert array.readonly


@pytest.mark.parametrize("dtype", ["f2", "f4", ">f8", "g", "i1", "?", "M8[s]", "U3"])
@pytest.mark.parametrize("shape", [(), (0, 3), (4,), (2, 3)])
def test_what_is_lent_is_equal(dtype: str, shape: tuple[int, ...]) -> None:
    array = np.ones(shape, dtype) if dtype[0] != "M" else np.zeros(shape, dtype)
    for one in (array, array.T, array[..., ::-1] if shape else array, np.broadcast_to(array, (2, *shape))):
        given = lent(one)
        np.testing.assert_array_equal(given, one)
        assert given.dtype == one.dtype and not given.flags.writeable
