"""NumPy's doors: lists of values, ``c_``, ``r_``, ``ix_``, ``dot`` of any dimensions, axes from the end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
from at_once import at_once
from differences import assert_gradient
from numpy import c_ as columns

import bpviz
from bpviz.errors import RecordingError

X = np.array([[0.3, -1.2, 2.0], [0.7, 0.1, -0.4]])
LINE = np.array([0.4, -1.0, 2.5])
BATCH = np.arange(24.0).reshape(2, 3, 4) / 7 - 1.3
OTHER = np.linspace(-1, 2, 40).reshape(5, 4, 2)

PROGRAMS: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "columns": (lambda x, y: np.c_[x, y], (LINE, LINE**2)),
    "a column of ones": (lambda x: np.c_[np.ones(2), x], (X,)),
    "numbers in columns": (lambda a, b: np.c_[a, b, 3.0], (1.5, 2.0)),
    "columns of batches": (lambda x: np.c_[x, x * 2], (BATCH,)),
    "columns by another name": (lambda x, y: columns[x, y], (LINE, LINE**2)),
    "a single column": (lambda x: np.c_[x], (LINE,)),
    "rows": (lambda x, a: np.r_[x, a, 0.0, x[::-1]], (LINE, 1.5)),
    "rows of matrices": (lambda x: np.r_[x, np.ones((1, 3))], (X,)),
    "a range in rows": (lambda x: np.r_[0:3, x] ** 2, (LINE,)),
    "a list in rows": (lambda a, b: np.r_[[a, b], a], (1.5, 2.0)),
    "ix_": (lambda x: x[np.ix_([1, 0], [0, 2])], (X,)),
    "ix_ of recorded positions": (lambda x: x[np.ix_(np.argsort(x[:, 0]), [0, 2])], (X,)),
    "mean and sum of a list": (lambda a, b: np.mean([a**2, b**2]) + np.sum([a, b]), (1.0, 3.0)),
    "max of a list": (lambda a, b: np.max([a, b]) * max([a, b]) * min(a, b), (1.0, 3.0)),
    "norm of a list": (lambda a, b: np.linalg.norm([a, b]), (3.0, 4.0)),
    "dot of lists": (lambda a, b: np.dot([a, b], [b, 2.0]), (3.0, 4.0)),
    "std of a list of lines": (lambda x: np.std([x, 2 * x], axis=0), (LINE,)),
    "where of lists": (lambda a, b: np.where([True, False], [a, b], [b, a * 2]), (3.0, 4.0)),
    "median, average and clip of lists": (
        lambda a, b: np.median([a, b, a * b]) + np.average([a, b], weights=[1, 3]) + np.clip([a, b], 0, 3.5)[1],
        (3.0, 4.0),
    ),
    "dot of a batch": (lambda x, w: np.dot(x, w), (BATCH, OTHER[0])),
    "dot of two batches": (lambda x, y: np.dot(x, y), (BATCH, OTHER)),
    "dot of a matrix and a batch": (lambda x, y: np.dot(x, y), (BATCH[0], OTHER)),
    "dot of a line and a batch": (lambda x, y: x.dot(y), (OTHER[0, :, 0], OTHER)),
    "dot of a batch and a line": (lambda x, y: np.dot(x, y), (BATCH, OTHER[0, :, 0])),
    "dot of an array that was made here": (lambda w: np.arange(6.0).reshape(2, 3).dot(w), (LINE,)),
    "shapes with recorded numbers": (
        lambda x, n: np.reshape(x, (n, 1)) * np.tile(np.transpose(x), (n, 1)),
        (LINE, 3),
    ),
    "one-hot": (lambda w: np.sum(np.eye(3)[[0, 2]] * w), (X,)),
}


@at_once(PROGRAMS)
def test_numpy_s_own_numbers_and_the_gradients_of_differences(name: str) -> None:
    function, xs = PROGRAMS[name]
    expected = function(*xs)
    graph = bpviz.trace(lambda *xs: function(*xs), *xs)
    np.testing.assert_allclose(bpviz.propagate(graph).output, expected, rtol=1e-13)
    assert np.shape(bpviz.propagate(graph).output) == np.shape(expected)
    assert_gradient(lambda *xs: function(*xs), list(xs), np.random.default_rng(3))


AXES: dict[str, Callable[[Any, Any], Any]] = {
    "sum": lambda np, x: np.sum(x, axis=-1),
    "mean": lambda np, x: np.mean(x, axis=(-1, 0)),
    "max": lambda np, x: np.max(x, axis=-2, keepdims=True),
    "min": lambda np, x: np.min(x, axis=-3),
    "var": lambda np, x: np.var(x, axis=-2),
    "std": lambda np, x: np.std(x, axis=(-2, -1)),
    "prod": lambda np, x: np.prod(x, axis=-1),
    "cumsum": lambda np, x: np.cumsum(x, axis=-2),
    "concatenate": lambda np, x: np.concatenate([x, x * 2], axis=-1),
    "stack": lambda np, x: np.stack([x, x * 2], axis=-1),
    "stack inside": lambda np, x: np.stack([x, x * 2], axis=-3),
    "expand_dims": lambda np, x: np.expand_dims(x, -1) * x[..., None],
    "squeeze": lambda np, x: np.squeeze(x[:, :1], axis=-2),
    "swapaxes": lambda np, x: np.swapaxes(x, -1, -3),
    "moveaxis": lambda np, x: np.moveaxis(x, -1, 0),
    "flip": lambda np, x: np.flip(x, (-1,)) * x,
    "roll": lambda np, x: np.roll(x, 1, axis=-1) * x,
    "repeat": lambda np, x: np.repeat(x, 2, axis=-1),
    "take": lambda np, x: np.take(x, np.array([0, 2]), axis=-2),
    "sort": lambda np, x: np.sort(x, axis=-1) * x,
    "split": lambda np, x: np.split(x, 2, axis=-1)[1],
}
OF_AUTOGRAD = set(AXES) - {"flip", "take", "stack", "stack inside", "repeat"}  # its repeat along the last axis is wrong


@at_once(AXES)
def test_axes_are_counted_from_the_end_as_in_numpy(name: str) -> None:
    function, x = AXES[name], np.sin(BATCH * 3)
    graph = bpviz.trace(lambda x: function(np, x) * 1.0, x)
    flow = bpviz.propagate(graph)
    np.testing.assert_allclose(flow.output, function(np, x), rtol=1e-13)
    assert_gradient(lambda x: function(np, x), [x], np.random.default_rng(4))
    if name in OF_AUTOGRAD:
        try:
            expected = autograd.grad(lambda x: anp.sum(function(anp, x) ** 2))(x)
        except NotImplementedError:
            return  # no rule there: sort of several lines
        summed = bpviz.backprop(lambda x: np.sum(function(np, x) ** 2), x)
        np.testing.assert_allclose(summed.grads["x"], expected, rtol=1e-9, atol=1e-12)


def test_what_has_no_door_says_what_to_write() -> None:
    with pytest.raises(RecordingError, match=r"X\.dot\(\*\[w\]\) .*write np\.dot\(X, \*\[w\]\)$"):
        bpviz.trace(lambda w: np.sum(X.dot(*[w])), LINE)
    with pytest.raises(RecordingError, match=r"np\.r_ with a text in it cannot be recorded"):
        bpviz.trace(lambda x: np.r_["0,2", x, x], LINE)
    with pytest.raises(RecordingError, match=r"np\.nonzero cannot be recorded"):
        bpviz.trace(lambda x: x[np.ix_(x > 0)], LINE)


def test_numpy_s_brackets_are_as_before_and_other_threads_use_them() -> None:
    before = np.c_, np.r_, np.ix_, np.dot, np.linalg.norm
    seen: list[Any] = []

    def f(x: Any) -> Any:
        other = threading.Thread(
            target=lambda: seen.extend(
                [np.c_[[1], [2]], np.r_[1, 2:4], np.ix_([0])[0], np.zeros(1), np.linalg.norm([3, 4])]
            )
        )
        other.start()
        other.join()
        return np.c_[x, x]

    bpviz.trace(f, LINE, verify=False)
    assert [np.asarray(part).tolist() for part in seen] == [[[1, 2]], [1, 2, 3], [0], [0], 5]
    assert all(type(part) is np.ndarray for part in seen[:4])
    assert (np.c_, np.r_, np.ix_, np.dot, np.linalg.norm) == before
    assert columns is np.c_


@pytest.mark.parametrize(
    "joined",
    [
        lambda x: np.concatenate([[x[0]], x, [3.0]]),
        lambda x: np.hstack((np.ones(2), [x[0]], x)),
        lambda x: np.append(x, [x[0], 3.0]),
        lambda x: np.vstack([np.ones(2), [x[0], x[0]], [x[1], 0.5]]),
        lambda x: np.column_stack([[x[0], x[0]], [0.5, x[1]]]),
        lambda x: np.stack([[x[0], x[1]], [x[0], 1.0]], axis=1),
        lambda x: np.append(np.ones((1, 2)), [[x[0], x[0]], x * [0.0, 1.0]], axis=0),
    ],
)
def test_lists_of_values_are_joined(joined: Any) -> None:
    # In all of them the first number occurs twice and the second once: the squares' slopes are 4 x and 2 x.
    x = np.array([1.5, -2.0])
    flow = bpviz.backprop(lambda x: (joined(x) ** 2).sum(), x)
    assert flow.output == (joined(x) ** 2).sum()
    np.testing.assert_allclose(flow.grads["x"], [4 * 1.5, 2 * -2.0])


STEP = np.vectorize(lambda t: t * t if t > 1 else 3 * t)
WHOLE = np.vectorize(lambda t: t * t if t > 1 else 0)


def test_np_vectorize_calls_its_function_for_every_element() -> None:
    x = np.array([[0.5, 2.0], [3.0, -1.0]])
    flow = bpviz.backprop(lambda x: np.sum(STEP(x)), x)
    assert flow.output == pytest.approx(np.sum(STEP(x)))
    np.testing.assert_allclose(flow.grads["x"], [[3.0, 4.0], [6.0, 3.0]])
    of_two = np.vectorize(lambda a, b: a * b)
    flow = bpviz.backprop(lambda x, y: np.sum(of_two(x, y)), x, np.array([1.0, 2.0]))
    np.testing.assert_allclose(flow.grads["y"], x.sum(0))
    # NumPy takes the type of the first result for all of them, and would drop the decimals.
    with pytest.raises(RecordingError, match=r"WHOLE\(x\) .*return 0\.0, not 0"):
        bpviz.trace(lambda x: np.sum(WHOLE(x)), x)
    np.testing.assert_array_equal(STEP(x), [[1.5, 4.0], [9.0, -3.0]])


def test_positions_of_what_is_true_carry_no_gradient() -> None:
    def f(x: Any = np.array([1.0, -2.0, 3.0])) -> Any:
        first = np.where(x > 0)[0]
        below = np.flatnonzero(x < 0)
        return np.sum(x[np.nonzero(x > 0)] ** 2) + x[first[-1]] * x[below[0]] + len(np.argwhere(x > 0)) * x[0]

    flow = bpviz.backprop(f)
    assert flow.output == f()
    np.testing.assert_allclose(flow.grads["x"], [2.0 + 2.0, 3.0, 6.0 - 2.0])


def test_full_like_of_a_recorded_value() -> None:
    flow = bpviz.backprop(lambda v: np.sum(np.full_like(np.ones((2, 3)), v)), 2.0)
    assert (flow.output, flow.grads["v"]) == (12.0, 6.0)
    with pytest.raises(RecordingError, match="whole numbers drops the decimals"):
        bpviz.trace(lambda v: np.sum(np.full_like(np.array([1, 2]), v)), 2.0)


PLAIN = np.array([3.0, 1.0, 2.0])
FRESH: dict[str, Callable[[], Any]] = {
    "linspace": lambda: np.linspace(0, 1, 3),
    "logspace": lambda: np.logspace(0, 1, 3),
    "geomspace": lambda: np.geomspace(1, 4, 3),
    "tri": lambda: np.tri(3)[1],
    "pad": lambda: np.pad(PLAIN, 1),
    "tile": lambda: np.tile(PLAIN, 2),
    "repeat": lambda: np.repeat(0.5, 4),
    "outer": lambda: np.outer(PLAIN, PLAIN)[2],
    "where": lambda: np.where(PLAIN > 1, PLAIN, 0.0),
    "cumsum": lambda: np.cumsum(PLAIN),
    "sort": lambda: np.sort(PLAIN),
    "roll": lambda: np.roll(PLAIN, 1),
    "append": lambda: np.append(PLAIN, 4.0),
    "kron": lambda: np.kron(PLAIN, [1.0, 2.0]),
    "concatenate": lambda: np.concatenate([PLAIN, [4.0]]),
    "vstack": lambda: np.vstack([PLAIN, PLAIN])[0],
    "stack": lambda: np.stack([PLAIN, PLAIN], axis=1)[0],
    "random.rand": lambda: np.random.rand(3),
    "random.randn": lambda: np.random.randn(3),
    "random.random": lambda: np.random.random(3),
    "random.random_sample": lambda: np.random.random_sample(3),
    "random.normal": lambda: np.random.normal(size=3),
    "random.standard_normal": lambda: np.random.standard_normal(3),
    "random.uniform": lambda: np.random.uniform(-1, 1, 3),
}


@at_once([*FRESH.items()])
def test_new_arrays_of_the_model_can_be_written_into(name: str, make: Callable[[], Any]) -> None:
    def model(a: Any = 1.5) -> Any:
        np.random.seed(4)
        y = make()
        y[1] = a**2
        y -= 0.5 * a * y
        return np.sum(y * y)

    before = PLAIN.copy()
    assert bpviz.backprop(model).output == pytest.approx(model(), rel=1e-13), name
    slope = (model(1.5 + 1e-6) - model(1.5 - 1e-6)) / 2e-6
    assert bpviz.backprop(model).grads["a"] == pytest.approx(slope, rel=1e-6)
    assert np.array_equal(PLAIN, before)
