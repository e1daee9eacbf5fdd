"""Every row is reached by each of NumPy's names for it, and by the methods of arrays."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from amounts import some
from at_once import at_once
from differences import assert_gradient
from samples import ROWS, plain_sample

import bpviz
from bpviz.ops import OPERATIONS, Case, Operation


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


def applies(name: str, case: Case) -> bool:
    """Return whether NumPy computes this case: no ufunc reduces a single number, `np.linalg.outer` takes two vectors."""
    if name.endswith((".reduce", ".accumulate")):
        return bool(case.shapes[0]) and case.parameters.get("axis", 0) is not None
    return name != "linalg.outer" or all(len(shape) == 1 for shape in case.shapes)


def claims() -> Iterator[Any]:
    for row in ROWS:
        for name in row.numpy:
            for case in filter(functools.partial(applies, name), row.cases):
                yield pytest.param(
                    row, name, case, id=f"{name}-{'-'.join(map(str, case.shapes))}-{len(case.parameters)}"
                )


@at_once(some(list(claims())))
def test_numpy_reaches_the_row_by_every_name(row: Operation, name: str, case: Case) -> None:
    xs = plain_sample(row, case)
    if name.endswith((".reduce", ".accumulate")) and "axis" not in case.parameters:
        case = Case(case.shapes, {"axis": 0})
    expected = numpy_call(np, row, name, xs, case.parameters)
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


@at_once(METHODS)
def test_methods_and_keywords(name: str, call: Callable[[Any], Any]) -> None:
    x = np.random.default_rng(3).uniform(-2, 2, (2, 3))
    graph = bpviz.trace(lambda x: call(x), x)
    node = graph.nodes[graph.output_indices[0]]
    assert node.operation is OPERATIONS[name]
    assert np.array_equal(node.value, call(x)) and np.shape(node.value) == np.shape(call(x))
    if np.asarray(node.value).dtype.kind == "f" and name != "astype":
        assert_gradient(call, [x], np.random.default_rng(5))
