"""Functions of every kind become graphs."""

from __future__ import annotations

import functools
import threading
from typing import Any, NamedTuple

import numpy as np
import pytest

import bpviz
from bpviz.errors import UsageError
from bpviz.recording.scopes import group_path


def product(x: Any = 2.0, y: Any = 3.0) -> Any:
    return x * y


class Model:
    weight = 4.0

    def __call__(self, x: Any = 2.0) -> Any:
        return self.weight * x

    def forward(self, x: Any = 2.0) -> Any:
        return self(x) + 1

    @staticmethod
    def plain(x: Any = 2.0) -> Any:
        return x + x

    @classmethod
    def of_class(cls, x: Any = 2.0) -> Any:
        return x * cls.weight


class Pair(NamedTuple):
    left: Any
    right: Any


@pytest.mark.parametrize(
    ("fn", "args", "kwargs", "grads"),
    [
        (product, (), {}, {"x": 3.0, "y": 2.0}),
        (product, (5,), {}, {"x": 3.0, "y": 5.0}),
        (product, (), {"y": 7}, {"x": 7.0, "y": 2.0}),
        (lambda x, *, k=2.0: x * k, (3.0,), {}, {"x": 2.0, "k": 3.0}),
        (lambda x, /, y: x - y, (3.0, 4.0), {}, {"x": 1.0, "y": -1.0}),
        (lambda *parts: sum(parts), (1.0, 2.0), {}, {"parts[0]": 1.0, "parts[1]": 1.0}),
        (lambda a, *rest, k: a * rest[0] * k, (2.0, 3.0), {"k": 5.0}, {"a": 15.0, "rest[0]": 10.0, "k": 6.0}),
        (lambda **named: named["a"] * named["b"], (), {"a": 3.0, "b": 4.0}, {"a": 4.0, "b": 3.0}),
        (lambda x=2.0, fn=3.0: x * fn, (), {"fn": 4.0}, {"x": 4.0, "fn": 2.0}),
        (functools.partial(product, y=7.0), (), {}, {"x": 7.0, "y": 2.0}),
        (functools.partial(product, 7.0), (), {}, {"y": 7.0}),
        (Model(), (), {}, {"x": 4.0}),
        (Model().forward, (), {}, {"x": 4.0}),
        (Model.plain, (), {}, {"x": 2.0}),
        (Model.of_class, (), {}, {"x": 4.0}),
        (np.exp, (0.0,), {}, {"x": 1.0}),
        (np.add, (1.0, 2.0), {}, {"x0": 1.0, "x1": 1.0}),
        (bpviz.nn.sigmoid, (0.0,), {}, {"x": 0.25}),
        (lambda x: x, (5.0,), {}, {"x": 1.0}),
    ],
)
def test_every_kind_of_callable(fn: Any, args: Any, kwargs: Any, grads: dict[str, float]) -> None:
    assert bpviz.backprop(fn, *args, **kwargs).grads == grads


def test_wrapped_functions_keep_their_signature() -> None:
    def doubled(function: Any) -> Any:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            return function(*args, **kwargs) * 2

        return wrapper

    graph = bpviz.trace(doubled(product))
    assert graph.inputs == ("x", "y")
    assert graph.name == "product"
    assert bpviz.propagate(graph).output == 12.0


def test_parameters_inside_containers() -> None:
    def f(p: Any, pair: Any, flags: Any) -> Any:
        assert isinstance(pair, Pair)
        assert flags == {"training": True, "name": "a", "nothing": None}
        return p["W"][0] * p["W"][1] + p["b"][0] * p["b"][1]["q"] + pair.left * pair.right

    flow = bpviz.backprop(
        f, {"W": [1.0, 2.0], "b": (3, {"q": 4})}, Pair(5, 6), {"training": True, "name": "a", "nothing": None}
    )
    assert flow.grads == {
        "p['W'][0]": 2.0,
        "p['W'][1]": 1.0,
        "p['b'][0]": 4.0,
        "p['b'][1]['q']": 3.0,
        "pair.left": 6.0,
        "pair.right": 5.0,
    }


def test_strings_booleans_none_and_functions_pass_through() -> None:
    def f(x: Any = 2.0, mode: Any = "double", on: Any = True, act: Any = np.tanh, nothing: Any = None) -> Any:
        assert (mode, on, nothing) == ("double", True, None)
        return act(x * 2)

    assert bpviz.trace(f).inputs == ("x",)


def test_whole_number_inputs_count_and_index() -> None:
    def f(x: Any = np.array([1.0, 2.0, 3.0]), i: Any = 1, n: Any = 2) -> Any:
        y = x[i]
        for _ in range(n):
            y = y * x[i]
        return y

    flow = bpviz.backprop(f)
    assert flow.output == 8.0
    np.testing.assert_array_equal(flow.grad("x"), [0, 12, 0])
    assert flow.grad("i") == flow.grad("n") == 0.0
    again = bpviz.propagate(flow.graph, {"i": 2})
    assert again.output == 27.0
    with pytest.raises(UsageError, match=r"an index must be a whole number, but is 1\.5"):
        bpviz.propagate(flow.graph, {"i": 1.5})


def test_indices_of_every_kind() -> None:
    x = np.arange(12.0).reshape(3, 4)
    rows = np.array([2, 0, 2])
    for key in (0, -1, (1, 2), slice(1, 3), (slice(None), 1), ..., None, (None, 1), rows, (rows, 1), [0, 1], x > 5):
        flow = bpviz.backprop(lambda x: x[key], x)  # noqa: B023
        np.testing.assert_array_equal(flow.output, x[key])
        expected = np.zeros_like(x)
        np.add.at(expected, key, 1.0)
        np.testing.assert_array_equal(flow.grad("x"), expected)
    flow = bpviz.backprop(lambda x, rows: x[rows] * 1.0, x, rows)
    np.testing.assert_array_equal(flow.grad("x")[:, 0], [1, 0, 2])
    np.testing.assert_array_equal(flow.grad("rows"), [0, 0, 0])
    flow = bpviz.backprop(lambda x: x[x > 5] * 2, x)
    assert flow.grad("x").sum() == 12


def test_outputs_of_every_shape() -> None:
    def several(x: Any = 2.0) -> Any:
        a = x * 2
        return a, [x * 3, a * 4], {"loss": x * 5}

    graph = bpviz.trace(several)
    assert graph.outputs == ("a", "several[1][0]", "several[1][1]", "loss")
    assert [bpviz.propagate(graph, output=name).grad("x") for name in graph.outputs] == [2.0, 3.0, 8.0, 5.0]
    assert bpviz.propagate(graph).output_name == "a"


def test_an_output_may_be_used_further_be_an_input_or_come_twice() -> None:
    def f(x: Any = 2.0) -> Any:
        y = x * x
        z = y * 3
        return y, z, x, y

    graph = bpviz.trace(f)
    assert graph.outputs == ("y", "z", "x")
    assert bpviz.propagate(graph, output="y").grad("x") == 4.0
    assert bpviz.propagate(graph, output="z").grad("x") == 12.0
    assert bpviz.propagate(graph, output="x").grads == {"x": 1.0}


def test_recursion_generators_and_branches() -> None:
    def power(x: Any, n: int) -> Any:
        return x if n == 1 else x * power(x, n - 1)

    def terms(x: Any) -> Any:
        for n in (1, 2, 3):
            yield power(x, n) if x > 0 else -x

    graph = bpviz.trace(lambda x=2.0: sum(terms(x)))
    assert bpviz.propagate(graph).output == 14.0
    assert bpviz.propagate(graph).grad("x") == 17.0
    assert bpviz.trace(lambda x=-2.0: sum(terms(x))).nodes[-1].value == 6.0


def test_deep_recursion_of_the_model() -> None:
    def down(x: Any, n: int) -> Any:
        return x if not n else down(x, n - 1) + x

    assert bpviz.backprop(lambda x=1.5: down(x, 300)).grads == {"x": 301.0}


def test_a_model_is_recorded_as_it_was_written() -> None:
    graph = bpviz.trace(lambda a=2.0, b=3.0: a * b + a * b - b)
    assert [n.operation.name for n in graph.nodes if n.operation] == ["multiply", "multiply", "add", "subtract"]


def test_functions_that_are_called_become_groups() -> None:
    def affine(x: Any, w: Any) -> Any:
        return x * w + 1

    def layer(x: Any) -> Any:
        return np.tanh(affine(x, 2.0))

    def f(x: Any = 0.5) -> Any:
        return layer(layer(x)) * 2

    graph = bpviz.trace(f)
    groups = [(s.index, s.title, s.parent.index) for s in graph.record.scopes if s.parent]
    assert groups == [(1, "layer", 0), (2, "affine", 1), (3, "layer", 0), (4, "affine", 3)]
    assert graph.nodes[-1].scope.index == 0


def test_named_groups_nest_and_close() -> None:
    def f(x: Any = 0.5) -> Any:
        with bpviz.group("outer"):
            y = x * 2
            with bpviz.group("inner"):
                y = y * 3
            y = y * 4
        return y * 5

    graph = bpviz.trace(f)
    assert [group_path(n.scope) for n in graph.nodes if n.operation] == [
        ("outer",),
        ("outer", "inner"),
        ("outer",),
        (),
    ]


def test_the_same_group_in_a_loop_is_a_group_each_time() -> None:
    def f(x: Any = 0.5) -> Any:
        for i in range(3):
            with bpviz.group(f"step {i}"):
                x = x * 2
        return x

    assert [s.title for s in bpviz.trace(f).record.scopes] == ["f", "step 0", "step 1", "step 2"]


def test_a_grouped_function_may_call_itself() -> None:
    @bpviz.group("level")
    def level(x: Any, n: int) -> Any:
        return x if not n else level(x, n - 1) * 2

    graph = bpviz.trace(lambda x=1.0: level(x, 3))
    assert bpviz.propagate(graph).output == 8.0
    assert [s.title for s in graph.record.scopes[1:]] == ["level"] * 3


def test_a_group_needs_a_title() -> None:
    with pytest.raises(UsageError, match="a group needs a title, but got "):
        bpviz.group(product)  # type: ignore[arg-type]


def test_a_trace_inside_of_a_trace() -> None:
    def inner(y: Any = 3.0) -> Any:
        return y * y

    def outer(x: Any = 2.0) -> Any:
        with bpviz.group("around"):
            a = x * 2
            slope = bpviz.backprop(inner).grad("y")
            return a * slope

    graph = bpviz.trace(outer)
    assert graph.inputs == ("x",)
    assert bpviz.propagate(graph).grads == {"x": 12.0}
    assert {n.scope.title for n in graph.nodes if n.operation} == {"around"}


def test_traces_in_several_threads_at_once() -> None:
    started = threading.Barrier(4)
    graphs: dict[int, bpviz.Graph] = {}

    def model(k: int) -> Any:
        def f(x: Any = 1.0) -> Any:
            with bpviz.group(f"group {k}"):
                started.wait(timeout=10)
                for _ in range(200):
                    x = x * 1.001 + k
                started.wait(timeout=10)
            return x

        return f

    def work(k: int) -> None:
        graphs[k] = bpviz.trace(model(k))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for k, graph in graphs.items():
        assert [s.title for s in graph.record.scopes] == ["f", f"group {k}"]
        assert sum(n.operation is not None for n in graph.nodes) == 400
        assert {n.scope.title for n in graph.nodes if n.operation} == {f"group {k}"}


def test_a_group_in_another_thread_does_not_reach_this_one() -> None:
    ready, done = threading.Event(), threading.Event()

    def hold() -> None:
        with bpviz.group("theirs"):
            ready.set()
            done.wait(timeout=10)

    thread = threading.Thread(target=hold)
    thread.start()
    ready.wait(timeout=10)
    graph = bpviz.trace(product)
    done.set()
    thread.join()
    assert len(graph.record.scopes) == 1


def test_numpy_s_functions_and_methods() -> None:
    x = np.arange(6.0).reshape(2, 3) + 1
    for f in (
        lambda x: x.sum(axis=0),
        lambda x: np.sum(x, 0),
        lambda x: np.sum(x, axis=1, keepdims=True),
        lambda x: x.sum(1),
        lambda x: np.add.reduce(x),
        lambda x: np.add.reduce(x, axis=1),
        lambda x: x.mean(),
        lambda x: np.mean(x, axis=(0, 1)),
        lambda x: x.T,
        lambda x: np.transpose(x),
        lambda x: x.transpose(1, 0),
        lambda x: x.transpose((1, 0)),
        lambda x: x.reshape(3, 2),
        lambda x: x.reshape((3, -1)),
        lambda x: np.reshape(x, (6,)),
        lambda x: np.reshape(x, 6),
        lambda x: x.reshape(-1),
        lambda x: x.dot(x.T),
        lambda x: np.dot(x, 2.0),
        lambda x: np.dot(2.0, x),
        lambda x: x[0].dot(x[1]),
        lambda x: x[0] @ x[1],
        lambda x: np.ones((2, 2)) @ x,
        lambda x: x @ np.ones((3, 1)),
        lambda x: np.concatenate([x, x]),
        lambda x: np.concatenate((x, [[1.0], [2.0]]), axis=1),
        lambda x: np.stack([x[0], x[1]], axis=1),
        lambda x: np.where(x > 2.5, x, -x),
        lambda x: np.maximum(0, x - 3.5),
        lambda x: np.broadcast_to(x, (4, 2, 3)),
        lambda x: x - np.array([1, 2, 3]),
        lambda x: np.array([1, 2, 3]) - x,
        lambda x: [1, 2, 3] * x,
        lambda x: 2**x,
        lambda x: x**2,
        lambda x: 1 / x,
        lambda x: +x - (-x),
        lambda x: abs(x - 3.5),
        lambda x: np.abs(x - 3.5),
        lambda x: x * np.shape(x)[0] + x.ndim + x.size + len(x),
        lambda x: x + np.zeros_like(x) + np.ones_like(x),
        lambda x: x * np.float64(2.0) * np.int64(3),
        lambda x: x * (x > 2.5),
        lambda x: sum(row.sum() for row in x),
    ):
        flow = bpviz.backprop(f, x)
        np.testing.assert_allclose(flow.output, f(x), rtol=1e-14)
        expected = bpviz.numerical_gradient(lambda x, f=f: np.sum(f(x)), x)
        np.testing.assert_allclose(flow.grad("x"), expected, atol=1e-6)


def test_dot_is_a_product_of_matrices_or_a_multiplication() -> None:
    name = lambda f, *args: bpviz.trace(f, *args).nodes[-1].operation.name
    v, m = np.ones(2), np.ones((2, 2))
    assert name(lambda x: np.dot(x, x), v) == name(lambda x: np.dot(x, m), v) == name(lambda x: x.dot(x), m) == "matmul"
    assert name(lambda x: np.dot(x, 3), v) == name(lambda x: np.dot(x, x), 2.0) == "multiply"


def test_constants_are_copied() -> None:
    array = np.array([1.0, 2.0])
    graph = bpviz.trace(lambda x=2.0: x * array)
    array[:] = 7.0
    np.testing.assert_array_equal(bpviz.propagate(graph, {"x": 3.0}).output, [3.0, 6.0])


def test_inputs_are_copied() -> None:
    array = np.array([1.0, 2.0])
    graph = bpviz.trace(lambda x: x * 2, array)
    array[:] = 7.0
    np.testing.assert_array_equal(bpviz.propagate(graph).output, [2.0, 4.0])


def test_no_frame_of_the_user_s_is_kept() -> None:
    """What a function held is freed once its trace is finished."""
    import gc
    import weakref

    class Big:
        pass

    held: list[Any] = []

    def f(x: Any = 2.0) -> Any:
        big = Big()
        held.append(weakref.ref(big))
        return x * 2

    graph = bpviz.trace(f)
    gc.collect()
    assert held[0]() is None
    assert len(graph) == 3


def test_recorded_values_are_real_numbers() -> None:
    def model(x: float = 2.0, y: Any = np.array([1.0, 3.0])) -> Any:
        assert hasattr(x, "real")
        return x.real * np.sum(y.conj() * y.real)

    flow = bpviz.backprop(model)
    assert flow.output == 20.0
    assert flow.grads["x"] == 10.0
    np.testing.assert_array_equal(flow.grads["y"], [4.0, 12.0])
