"""The table as NumPy's users meet it: every name of every row, methods, what is made of several rows, extreme numbers.

What each row says of its own slopes is tested in test_operations.
"""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from differences import assert_gradient

import bpviz
from bpviz import ops
from bpviz.formulas.formula import symbol, written_out
from bpviz.ops import OPERATIONS, Case, Operation, shape_of
from bpviz.ops.table.registry import COMPOSITES

ROWS = list(OPERATIONS.values())
CASES = [
    pytest.param(row, case, id=f"{row.name}-{'-'.join(map(str, case.shapes))}-{dict(case.parameters)}".replace(" ", ""))
    for row in ROWS
    for case in row.cases
]


def sample(row: Operation, case: Case) -> list[Any]:
    """Operands from the row's domain: floats for shape (), arrays for all others, true and false for conditions."""
    rng = np.random.default_rng(0)
    xs = []
    for i, (name, shape) in enumerate(zip([*row.operands, *"...."], case.shapes, strict=False)):
        low, high = row.domain[min(i, len(row.domain) - 1)] if row.domain else (-2, 2)
        x = rng.uniform(low, high, shape)
        x = np.asarray(case.given[name]) if name in case.given else x > 0 if name in ("c", "d") else x
        xs.append(x if shape else x.item() if x.dtype.kind == "f" else x)
    return xs


def is_smooth(z: Any) -> bool:
    return np.asarray(z).dtype.kind == "f"


@pytest.mark.parametrize(("row", "case"), CASES)
def test_the_shape_rule_is_that_of_the_numbers(row: Operation, case: Case) -> None:
    xs = sample(row, case)
    rule = row.shape or (lambda *shapes, **_: np.broadcast_shapes(*shapes))
    z = ops.evaluate(row, xs, case.parameters)
    assert np.shape(z) == tuple(rule(*case.shapes, **case.parameters))


@pytest.mark.parametrize(("row", "case"), [p for p in CASES if p.values[0].inside is not None])
def test_the_inside_has_the_same_numbers_at_its_border(row: Operation, case: Case) -> None:
    assert row.inside is not None
    xs = sample(row, case)
    closed = bpviz.backprop(lambda *xs: row(*xs, **case.parameters), *xs)
    opened = bpviz.backprop(lambda *xs: row.inside(*xs, **case.parameters), *xs)
    np.testing.assert_allclose(opened.output, closed.output, rtol=1e-13, atol=1e-15)
    for mine, theirs in zip(opened.grads.values(), closed.grads.values(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-11, atol=1e-14)


# NumPy's names


def named(module: Any, name: str) -> Any:
    return functools.reduce(getattr, name.split("."), module)


def numpy_call(module: Any, row: Operation, name: str, xs: Sequence[Any], parameters: Any) -> Any:
    """The call as NumPy's users write it."""
    function = named(module, name)
    if row.name in ("concatenate", "stack"):
        return function(list(xs), **parameters)
    if row.name == "einsum":
        return function(parameters["subscripts"], *xs)
    if row.name == "broadcast_to":
        return function(*xs, parameters["shape"])
    if name.endswith((".reduce", ".accumulate")):
        return function(xs[0], axis=parameters.get("axis", 0), **{k: v for k, v in parameters.items() if k != "axis"})
    return function(*xs, **parameters)


def claims() -> Iterator[Any]:
    for row in ROWS:
        for name in row.numpy:
            for case in row.cases:
                yield pytest.param(
                    row, name, case, id=f"{name}-{'-'.join(map(str, case.shapes))}-{len(case.parameters)}"
                )


@pytest.mark.parametrize(("row", "name", "case"), list(claims()))
def test_numpy_reaches_the_row_by_every_name(row: Operation, name: str, case: Case) -> None:
    try:
        named(np, name)
    except AttributeError:
        pytest.skip(f"this NumPy has no {name}")
    xs = sample(row, case)
    if "." in name and name.split(".")[1] in ("reduce", "accumulate"):
        if not case.shapes[0] or case.parameters.get("axis", 0) is None:
            pytest.skip("no ufunc reduces this")
        if "axis" not in case.parameters:
            case = Case(case.shapes, {"axis": 0})
    try:
        expected = numpy_call(np, row, name, xs, case.parameters)
    except ValueError as error:
        pytest.skip(f"NumPy itself refuses: {error}")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        graph = bpviz.trace(lambda *xs: numpy_call(np, row, name, xs, case.parameters), *xs)
    node = graph.nodes[graph.output_indices[0]]
    assert node.operation is row
    assert np.shape(node.value) == np.shape(expected)
    assert np.allclose(node.value, expected, rtol=1e-14, atol=1e-15)


METHODS: list[tuple[str, Callable[[Any], Any]]] = [
    ("sum", lambda x: x.sum(0, keepdims=True)),
    ("sum", lambda x: np.sum(x, 0)),
    ("mean", lambda x: x.mean(axis=-1)),
    ("max", lambda x: x.max(axis=(0, 1))),
    ("max", lambda x: np.amax(x, axis=1, keepdims=True)),
    ("min", lambda x: x.min()),
    ("var", lambda x: x.var(axis=0, ddof=1)),
    ("std", lambda x: x.std(0, keepdims=True)),
    ("prod", lambda x: x.prod(axis=-1)),
    ("cumsum", lambda x: x.cumsum(0)),
    ("cumprod", lambda x: x.cumprod(axis=1)),
    ("argmax", lambda x: x.argmax(1)),
    ("argmin", lambda x: x.argmin(axis=0, keepdims=True)),
    ("argsort", lambda x: x.argsort(axis=0, kind="stable")),
    ("any", lambda x: x.any()),
    ("all", lambda x: x.all(axis=0)),
    ("round", lambda x: x.round(1)),
    ("round", lambda x: np.round(x, decimals=1)),
    ("clip", lambda x: x.clip(-0.5, 0.5)),
    ("clip", lambda x: np.clip(x, 0, None)),
    ("clip", lambda x: np.clip(x, a_min=None, a_max=0.5)),
    ("repeat", lambda x: x.repeat(2, axis=1)),
    ("repeat", lambda x: np.repeat(x, [1, 0], axis=0)),
    ("reshape", lambda x: x.reshape(3, -1)),
    ("reshape", lambda x: x.flatten()),
    ("reshape", lambda x: x.ravel()),
    ("reshape", lambda x: x[:, :1].squeeze(axis=1)),
    ("transpose", lambda x: x.swapaxes(0, -1)),
    ("transpose", lambda x: x.transpose(1, 0)),
    ("index", lambda x: x.take([2, 0], axis=1)),
    ("diag", lambda x: x.diagonal(1)),
    ("trace", lambda x: x.trace()),
    ("astype", lambda x: x.astype(np.float32)),
    ("matmul", lambda x: x.dot(np.arange(3.0))),
    ("floor_divide", lambda x: x // 0.3),
    ("remainder", lambda x: x % 0.3),
    ("remainder", lambda x: 5.0 % x),
    ("bitwise_and", lambda x: (x > 0) & (x < 1)),
    ("bitwise_or", lambda x: (x > 0) | (x < -1)),
    ("bitwise_xor", lambda x: (x > 0) ^ (x < 1)),
    ("invert", lambda x: ~(x > 0)),
    ("einsum", lambda x: np.einsum("ij,kj->ik", x, x)),
    ("einsum", lambda x: np.einsum(x, [0, 1], np.arange(3.0), [1], [0])),
    ("tile", lambda x: np.tile(x, (2, 1))),
    ("sort", lambda x: np.sort(x, axis=0, kind="stable")),
    ("searchsorted", lambda x: np.searchsorted([-1.0, 0.0, 1.0], x, side="right")),
    ("roll", lambda x: np.roll(x, 1, 0)),
    ("flip", lambda x: np.flip(x, (0, 1))),
]


@pytest.mark.parametrize(("name", "call"), METHODS)
def test_methods_and_keywords(name: str, call: Callable[[Any], Any]) -> None:
    x = np.random.default_rng(3).uniform(-2, 2, (2, 3))
    graph = bpviz.trace(lambda x: call(x), x)
    node = graph.nodes[graph.output_indices[0]]
    assert node.operation is OPERATIONS[name]
    assert np.array_equal(node.value, call(x)) and np.shape(node.value) == np.shape(call(x))
    if is_smooth(node.value) and name != "astype":
        assert_gradient(call, [x], np.random.default_rng(5))


# What is made of several rows

X = np.array([[0.3, -1.2, 2.0], [0.7, 0.1, -0.4]])
SQUARE = np.array([[2.0, 0.5, -1.0], [0.3, 1.5, 0.2], [-0.4, 0.6, 3.0]])
BATCH = np.arange(24.0).reshape(2, 3, 4) / 7 - 1.3
LINE = np.array([0.4, -1.0, 2.5, 0.9, 1.1])

COMPOSITIONS: dict[str, list[tuple[Callable[..., Any], tuple[Any, ...]]]] = {
    "append": [(lambda x, y: np.append(x, y), (X, LINE)), (lambda x, y: np.append(x, y, axis=1), (X, X))],
    "array_split": [(lambda x: np.array_split(x, 2)[1], (LINE,)), (lambda x: np.array_split(x, [1, 3])[1], (LINE,))],
    "atleast_1d": [(lambda x: np.atleast_1d(x), (2.0,)), (lambda x, y: np.atleast_1d(x, y)[1], (2.0, LINE))],
    "atleast_2d": [(lambda x: np.atleast_2d(x), (LINE,)), (lambda x: np.atleast_2d(x) * 1.0, (X,))],
    "atleast_3d": [(lambda x: np.atleast_3d(x), (LINE,)), (lambda x: np.atleast_3d(x), (X,))],
    "average": [
        (lambda x: np.average(x), (X,)),
        (lambda x, w: np.average(x, weights=w), (LINE, LINE**2)),
        (lambda x, w: np.average(x, axis=1, weights=w, keepdims=True), (X, np.array([1.0, 2.0, 0.5]))),
        (lambda x: np.average(x, axis=0, weights=[1.0, 3.0]), (X,)),
    ],
    "allclose": [(lambda x, y: np.allclose(x, y) * 1.0, (X, X)), (lambda x: np.allclose(x, x + 1) * 1.0, (X,))],
    "block": [
        (lambda x, y: np.block([[x, y], [y, x]]), (X, X**2)),
        (lambda x, y: np.block([x, y, 2.0]), (LINE, LINE)),
        (lambda x: np.block([[x, np.ones((2, 1))], [np.zeros(4)]]), (X,)),
        (lambda x: np.block(x) * 1.0, (X,)),
    ],
    "broadcast_arrays": [(lambda x, y: sum(np.broadcast_arrays(x, y)), (X, np.array([1.0, 2.0, 3.0])))],
    "column_stack": [(lambda x, y: np.column_stack([x, y]), (LINE, X.reshape(3, 2).repeat(2, 0)[:5]))],
    "compress": [(lambda x: np.compress([True, False, True], x, axis=1), (X,))],
    "convolve": [(lambda x, y, m=m: np.convolve(x, y, m), (LINE, X[0])) for m in ("full", "same", "valid")]
    + [(lambda x, y: np.convolve(x, y, "same"), (X[0, :2], LINE))],
    "copy": [(lambda x: np.copy(x) * 2, (X,))],
    "corrcoef": [
        (lambda x: np.corrcoef(x), (SQUARE,)),
        (lambda x, y: np.corrcoef(x, y), (LINE, LINE**2)),
        (lambda x: np.corrcoef(x, rowvar=False), (SQUARE,)),
    ],
    "correlate": [(lambda x, y, m=m: np.correlate(x, y, m), (LINE, X[0])) for m in ("full", "same", "valid")]
    + [(lambda x, y: np.correlate(x, y, "full"), (X[0], LINE))],
    "cov": [
        (lambda x: np.cov(x), (X,)),
        (lambda x: np.cov(x), (LINE,)),
        (lambda x, y: np.cov(x, y, ddof=0), (X, X**2)),
        (lambda x: np.cov(x, rowvar=False, bias=True), (SQUARE,)),
    ],
    "delete": [(lambda x: np.delete(x, [0, 2]), (LINE,)), (lambda x: np.delete(x, 1, axis=1), (X,))],
    "diagonal": [
        (lambda x: np.diagonal(x, 1), (SQUARE,)),
        (lambda x: np.diagonal(x, offset=-1, axis1=1, axis2=2), (BATCH,)),
        (lambda x: x.diagonal(axis1=1, axis2=0), (SQUARE,)),
    ],
    "diff": [
        (lambda x: np.diff(x), (LINE,)),
        (lambda x: np.diff(x, 2, axis=0), (SQUARE,)),
        (lambda x: np.diff(x, prepend=0.0, append=x[-1:]), (LINE,)),
    ],
    "digitize": [
        (lambda x: x * np.digitize(x, [-1.0, 0.5, 1.0]), (X,)),
        (lambda x: x * np.digitize(x, [-0.9, 0.5], right=True), (LINE,)),
    ],
    "dot": [(lambda x, y: np.dot(x, y), (X, X.T)), (lambda x: x.dot(2.0), (X,))],
    "dsplit": [(lambda x: np.dsplit(x, 2)[1], (BATCH,))],
    "dstack": [(lambda x, y: np.dstack([x, y]), (X, X))],
    "expand_dims": [(lambda x: np.expand_dims(x, (0, -1)), (LINE,))],
    "fliplr": [(lambda x: np.fliplr(x), (X,))],
    "flipud": [(lambda x: np.flipud(x), (X,))],
    "full_like": [(lambda x: np.full_like(x, 2.0) * x, (X,)), (lambda x, y: np.full_like(x, y), (X, 3.0))],
    "hsplit": [(lambda x: np.hsplit(x, 3)[1], (X,)), (lambda x: np.hsplit(x, [2])[0], (LINE,))],
    "hstack": [(lambda x, y: np.hstack([x, y]), (LINE, 2.0)), (lambda x, y: np.hstack((x, y)), (X, X))],
    "inner": [(lambda x, y: np.inner(x, y), (LINE, LINE)), (lambda x, y: np.inner(x, y), (X, SQUARE))],
    "isclose": [
        (lambda x, y: np.isclose(x, y, atol=0.01) * x, (X, X + np.array([0.0, 0.005, 0.1]))),
        (lambda x: np.isclose(x, [np.inf, np.nan], equal_nan=True) * 1.0, (np.array([np.inf, np.nan]),)),
    ],
    "kron": [(lambda x, y: np.kron(x, y), (X, SQUARE))],
    "linspace": [
        (lambda x, y: np.linspace(x, y, 5), (0.5, -2.0)),
        (lambda x, y: np.linspace(x, y, num=3, endpoint=False), (X, X**2)),
        (lambda x: np.linspace(x, 1.0, 1), (3.0,)),
    ],
    "linalg.matrix_power": [(lambda x, n=n: np.linalg.matrix_power(x, n) * 1.0, (SQUARE,)) for n in (1, 5, -2)],
    "linalg.matrix_transpose": [(lambda x: np.linalg.matrix_transpose(x), (BATCH,))],
    "linalg.multi_dot": [(lambda x, y: np.linalg.multi_dot([x, y, x]), (SQUARE, SQUARE.T))],
    "linalg.norm": [(lambda x, o=o: np.linalg.norm(x, o), (LINE,)) for o in (None, 1, 2, 3, 0.5, np.inf, -np.inf)]
    + [(lambda x, o=o: np.linalg.norm(x, ord=o, keepdims=True), (SQUARE,)) for o in (None, "fro", 1, -1, np.inf)]
    + [(lambda x, o=o: np.linalg.norm(x, o, axis=1, keepdims=True), (X,)) for o in (None, 1, 2, np.inf)]
    + [(lambda x: np.linalg.norm(x, 1, axis=(2, 0)), (BATCH,))],
    "linalg.slogdet": [
        (lambda x: np.linalg.slogdet(x)[1], (SQUARE,)),
        (lambda x: np.linalg.slogdet(x).sign, (SQUARE,)),
    ],
    "linalg.tensordot": [(lambda x, y: np.linalg.tensordot(x, y, axes=1), (X, SQUARE))],
    "linalg.vecdot": [(lambda x, y: np.linalg.vecdot(x, y), (X, X))],
    "matrix_transpose": [(lambda x: np.matrix_transpose(x), (BATCH,))],
    "median": [
        (lambda x: np.median(x), (LINE,)),
        (lambda x: np.median(x, axis=0, keepdims=True), (X,)),
        (lambda x: np.median(x, keepdims=True), (X,)),
    ],
    "meshgrid": [
        (lambda x, y: np.meshgrid(x, y)[0] * np.meshgrid(x, y)[1], (LINE, X[0])),
        (lambda x, y: np.meshgrid(x, y, indexing="ij")[1], (LINE, X[0])),
        (lambda x, y: np.meshgrid(x, y, sparse=True)[1], (LINE, X[0])),
    ],
    "moveaxis": [(lambda x: np.moveaxis(x, 0, -1), (BATCH,)), (lambda x: np.moveaxis(x, (0, 1), (2, 0)), (BATCH,))],
    "nan_to_num": [(lambda x: np.nan_to_num(x) * 1.0, (np.array([1.0, 2.0]),))],
    "nanmean": [(lambda x: np.nanmean(x, axis=0), (X,))],
    "nansum": [(lambda x: np.nansum(x, axis=1, keepdims=True), (X,))],
    "pad": [
        (lambda x, m=m: np.pad(x, ((1, 2), (2, 0)), m), (SQUARE,)) for m in ("edge", "reflect", "symmetric", "wrap")
    ]
    + [(lambda x: np.pad(x, (1, 2), constant_values=3.0), (X,)), (lambda x: np.pad(x, 1, mode="constant"), (X,))],
    "polyval": [
        (lambda p, x: np.polyval(p, x), (LINE, X)),
        (lambda x: np.polyval([1.0, 0.0, -2.0], x), (1.5,)),
        (lambda p: np.polyval(p, 2.0), (LINE,)),
        (lambda p: np.polyval(p, [1.0, 3.0]), (LINE[:1],)),
    ],
    "ptp": [(lambda x: np.ptp(x, axis=1), (X,))],
    "ravel": [(lambda x: np.ravel(x), (X,)), (lambda x: x.flatten() * 1.0, (LINE,))],
    "rollaxis": [(lambda x: np.rollaxis(x, 2), (BATCH,)), (lambda x: np.rollaxis(x, 0, 3), (BATCH,))],
    "rot90": [(lambda x, k=k: np.rot90(x, k) * 1.0, (X,)) for k in (0, 1, 2, 3)]
    + [(lambda x: np.rot90(x, axes=(1, 2)), (BATCH,))],
    "select": [(lambda x: np.select([x > 1, x > 0], [x**2, 3 * x], default=-1.0), (X,))],
    "split": [(lambda x: np.split(x, 3, axis=1)[2], (X,)), (lambda x: np.split(x, [2])[0], (LINE,))],
    "squeeze": [(lambda x: np.squeeze(x), (X[:, None],)), (lambda x: x.squeeze(axis=1), (X[:, None],))],
    "swapaxes": [(lambda x: np.swapaxes(x, 0, 2), (BATCH,))],
    "take": [
        (lambda x: np.take(x, [3, 0, 3]), (X,)),
        (lambda x: np.take(x, 1, axis=-1), (X,)),
        (lambda x: np.take(x, np.argmax(x, axis=0), axis=0), (SQUARE,)),
    ],
    "take_along_axis": [
        (lambda x: np.take_along_axis(x, np.argsort(x, axis=1), axis=1), (X,)),
        (lambda x: np.take_along_axis(x, np.array([[2], [0]]), 1), (X,)),
    ],
    "tensordot": [
        (lambda x, y: np.tensordot(x, y), (SQUARE, SQUARE)),
        (lambda x, y: np.tensordot(x, y, axes=([0, 2], [1, 0])), (BATCH, BATCH.transpose(2, 0, 1))),
        (lambda x, y: np.tensordot(x, y, 0), (LINE, X)),
    ],
    "trapezoid": [
        (lambda y: np.trapezoid(y), (LINE,)),
        (lambda y, x: np.trapezoid(y, x), (LINE, np.array([0.0, 0.5, 1.5, 1.7, 3.0]))),
        (lambda y: np.trapezoid(y, dx=0.1, axis=0), (SQUARE,)),
        (lambda y, x: np.trapezoid(y, x, axis=1), (BATCH, np.array([0.0, 2.0, 3.0]))),
        (lambda y, x: np.trapezoid(y, x, axis=0), (SQUARE, SQUARE.cumsum(0))),
    ],
    "unstack": [(lambda x: np.unstack(x, axis=1)[2], (X,))],
    "vdot": [(lambda x, y: np.vdot(x, y), (X, X + 1))],
    "vecdot": [(lambda x, y: np.vecdot(x, y), (X, X))],
    "vsplit": [(lambda x: np.vsplit(x, 2)[1], (X,))],
    "vstack": [(lambda x, y: np.vstack([x, y]), (X[0], X))],
    "add.outer": [(lambda x, y: np.add.outer(x, y), (LINE, X))],
    "divide.outer": [(lambda x, y: np.divide.outer(x, y), (LINE, X[0]))],
    "maximum.outer": [(lambda x, y: np.maximum.outer(x, y), (LINE, X[0]))],
    "minimum.outer": [(lambda x, y: np.minimum.outer(x, y), (LINE, X[0]))],
    "multiply.outer": [(lambda x, y: np.multiply.outer(x, y), (LINE, X[0]))],
    "power.outer": [(lambda x, y: np.power.outer(x, y), (LINE**2, X[0]))],
    "subtract.outer": [(lambda x, y: np.subtract.outer(x, y), (LINE, X[0]))],
}
ABSENT = {"row_stack", "trapz"}
"""Names that some versions of NumPy have, and this one has not."""


def test_everything_made_of_several_rows_is_tried() -> None:
    assert set(COMPOSITES) - set(COMPOSITIONS) <= ABSENT
    assert set(COMPOSITIONS) <= set(COMPOSITES)


@pytest.mark.parametrize(
    ("name", "function", "xs"),
    [
        pytest.param(name, function, xs, id=f"{name}-{i}")
        for name, calls in COMPOSITIONS.items()
        for i, (function, xs) in enumerate(calls)
    ],
)
def test_what_is_made_of_several_rows(name: str, function: Callable[..., Any], xs: tuple[Any, ...]) -> None:
    try:
        named(np, name)
    except AttributeError:
        pytest.skip(f"this NumPy has no {name}")
    expected = function(*xs)
    graph = bpviz.trace(lambda *xs: function(*xs), *xs)
    output = graph.nodes[graph.output_indices[0]].value
    assert np.shape(output) == np.shape(expected)
    np.testing.assert_allclose(output, expected, rtol=1e-13, atol=1e-15)
    if any(graph.record.reached[i] for i in graph.output_indices):
        assert_gradient(lambda *xs: function(*xs), list(xs), np.random.default_rng(6))


def test_steps_on_the_way_have_no_names() -> None:
    def model(x: Any = LINE, w: Any = LINE**2) -> Any:
        y = np.average(x, weights=w)
        first, rest = np.split(x, [2])
        return y * np.sum(first) + np.sum(rest)

    graph = bpviz.trace(model)
    labels = [label for label in graph.labels if label]
    assert labels == ["x", "w", "y", "first", "rest", "model"]


def test_positions_may_be_recorded() -> None:
    def model(x: Any = X, row: Any = 1, times: Any = 2) -> Any:
        best = np.argmax(x, axis=1)
        return np.sum(x[np.arange(2), best]) + np.sum(np.take(x, row, axis=0)) + np.sum(np.repeat(x, times))

    flow = bpviz.backprop(model)
    assert flow.output == pytest.approx(model())
    expected = np.full((2, 3), 2.0)
    expected[0, 2] += 1
    expected[1, 0] += 1
    expected[1] += 1
    np.testing.assert_allclose(flow.grad("x"), expected)


def test_only_what_counts_is_recorded() -> None:
    graph = bpviz.trace(lambda x=2.0, n=2: x * np.tile(np.array([1.0, 3.0]), n))
    np.testing.assert_array_equal(graph.nodes[-1].value, [2.0, 6.0, 2.0, 6.0])


# Extreme numbers and kinks


def gradient(function: Callable[[Any], Any], x: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return bpviz.backprop(lambda x: function(x), x).grad("x")


EXTREMES: dict[str, tuple[Callable[[Any], Any], Any, Any]] = {
    "logsumexp of large logits": (ops.logsumexp, np.array([1e4, 1e4, -1e4]), [0.5, 0.5, 0.0]),
    "logsumexp of small logits": (ops.logsumexp, np.array([-1e4, -1e4 + math.log(3)]), [0.25, 0.75]),
    "logsumexp of nothing but -inf": (ops.logsumexp, np.array([-np.inf, -np.inf]), [0.0, 0.0]),
    "logaddexp": (lambda x: np.logaddexp(x, 1e4), np.array([1e4, -1e4]), [0.5, 0.0]),
    "log1p": (np.log1p, np.array([1e-18, 0.0]), [1.0, 1.0]),
    "expm1": (np.expm1, np.array([1e-18, -60.0]), [1.0, math.exp(-60)]),
    "expm1 of a number": (np.expm1, 0.0, 1.0),
    "hypot": (lambda x: np.hypot(x, 0.0), np.array([0.0, 1e200, -1e-200]), [0.0, 1.0, -1.0]),
    "norm at 0": (np.linalg.norm, np.zeros(3), [0.0, 0.0, 0.0]),
    "norm of rows, one of them 0": (
        lambda x: np.linalg.norm(x, axis=1),
        np.array([[0.0, 0], [3, 4]]),
        [[0, 0], [0.6, 0.8]],
    ),
    "var of equals": (np.var, np.full(3, 5.0), [0.0, 0.0, 0.0]),
    "std of equals": (np.std, np.full(3, 5.0), [0.0, 0.0, 0.0]),
    "max of equals": (np.max, np.array([1.0, 3.0, 3.0]), [0.0, 0.5, 0.5]),
    "min of equals along an axis": (lambda x: np.min(x, axis=0), np.ones((2, 2)), [[0.5, 0.5], [0.5, 0.5]]),
    "fmax passes NaN over": (lambda x: np.fmax(x, 1.0), np.array([np.nan, 2.0, 1.0]), [0.0, 1.0, 0.5]),
    "clip at its bounds": (lambda x: np.clip(x, -1.0, 1.0), np.array([-1.0, 1.0, 2.0, 0.0]), [1.0, 1.0, 0.0, 1.0]),
    "sort of equals": (lambda x: np.sort(x) * np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0, 1.0]), [2.0, 3.0, 1.0]),
    "prod with one 0": (np.prod, np.array([2.0, 0.0, 3.0]), [0.0, 6.0, 0.0]),
    "prod with two 0": (np.prod, np.array([2.0, 0.0, 0.0]), [0.0, 0.0, 0.0]),
    "cumprod with a 0": (np.cumprod, np.array([2.0, 3.0, 0.0, 5.0, 0.0, 7.0]), [4.0, 2.0, 36.0, 0.0, 0.0, 0.0]),
    "sinc at 0": (np.sinc, np.array([0.0, 1.0]), [0.0, -1.0]),
    "floor": (np.floor, np.array([1.0, 2.5]), [0.0, 0.0]),
    "remainder": (lambda x: np.remainder(7.5, x), np.array([2.0, -2.0]), [-3.0, 4.0]),
    "nansum": (np.nansum, np.array([1.0, np.nan]), [1.0, 0.0]),
    "nan_to_num": (np.nan_to_num, np.array([1.0, np.nan, np.inf]), [1.0, 0.0, 0.0]),
    "to whole numbers": (lambda x: x.astype(int) * x, np.array([1.5, 2.5]), [1.0, 2.0]),
    "a mask": (lambda x: (x > 0).astype(float) * x, np.array([-1.0, 2.0]), [0.0, 1.0]),
    "triangle": (lambda x: np.tril(x), np.ones((2, 2)), [[1.0, 0.0], [1.0, 1.0]]),
}


@pytest.mark.parametrize("name", EXTREMES)
def test_extreme_numbers_and_kinks(name: str) -> None:
    function, x, expected = EXTREMES[name]
    np.testing.assert_allclose(gradient(function, x), expected, rtol=1e-12, atol=1e-300)


def test_the_second_derivative_of_sinc_at_0() -> None:
    rule = ops.sinc.vjp[0]
    assert gradient(lambda x: rule(1.0, np.sinc(x), x), 0.0) == pytest.approx(-(math.pi**2) / 3)


# As text


@pytest.mark.parametrize(("row", "case"), CASES)
def test_every_rule_reads_as_text(row: Operation, case: Case) -> None:
    xs = [symbol(name, shape) for name, shape in zip("xyuvw", case.shapes, strict=False)]
    z = row(*xs, **case.parameters)
    for rule in row.rules(len(xs)):
        share = (
            None if rule is None else rule(symbol("g", shape_of(z)), symbol("z", shape_of(z)), *xs, **case.parameters)
        )
        text = "" if share is None else written_out(share)
        assert "{" not in text and "object at" not in text


def test_rules_read_as_an_author_writes_them() -> None:
    def text(name: str, slot: int = 0, **told: Any) -> str:
        row = OPERATIONS[name]
        xs = [symbol(operand) for operand in row.operands]
        return written_out(row.rules(len(xs))[slot](symbol("g"), symbol("z"), *xs, **told))

    assert text("tan") == "g·(1 + z²)"
    assert text("arctan") == "g/(1 + x²)"
    assert text("log1p") == "g/(1 + x)"
    assert text("square") == "2·g·x"
    assert text("logaddexp", 1) == "g·σ(y − x)"
    assert text("floor") == "0"
