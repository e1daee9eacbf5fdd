"""Equal steps are one, and steps that change nothing are none; whatever is changed keeps its number, bit for bit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bpviz
from bpviz import ops
from bpviz.transforms.simplify import Numbering

x, X = 2.5, np.array([[1.0, -2.0], [0.5, 4.0], [3.0, 0.25]])


def settled(function: Callable[[Any], Any], value: Any) -> tuple[bpviz.Graph, int]:
    """The graph of what a function records, and the entry that its result comes to."""
    g = bpviz.Graph()
    given = g.input("x", value)
    two = (given * 2.0).index - 1, (given * -2.0).index - 1
    numbering = Numbering(g.record)
    start = len(g.record)
    result = function(given)
    numbering.settle(start)
    index = numbering.of(result.index)
    values = g.record.values
    np.testing.assert_array_equal(values[index], result.data)
    assert two == (1, 3)
    operation = g.record.operations[index]
    if operation is not None:
        # What it has become has the same value.
        again = ops.evaluate(
            operation, [values[i] for i in g.record.operands[index]], g.record.parameters.get(index, {})
        )
        np.testing.assert_array_equal(again, values[index])
    return g, index


@pytest.mark.parametrize("value", [x, X], ids=["number", "array"])
@pytest.mark.parametrize(
    "function",
    [
        lambda x: 1.0 * x,
        lambda x: x * 1.0,
        lambda x: x / 1.0,
        lambda x: x**1.0,
        lambda x: x + 0.0,
        lambda x: 0.0 + x,
        lambda x: x - 0.0,
        lambda x: ops.negative(ops.negative(x)),
        lambda x: ops.guard(False, 1.0, x),
        lambda x: ops.where(True, x, 0.0),
        lambda x: ops.transpose(ops.transpose(x)),
        lambda x: ops.reshape(x, shape=ops.shape_of(x)),
        lambda x: ops.sum_to(x, shape=ops.shape_of(x)),
        lambda x: ops.broadcast_to(x, shape=ops.shape_of(x)),
        lambda x: x * 1.0 * 1.0,
    ],
)
def test_a_step_that_changes_nothing_is_left_out(function: Callable[[Any], Any], value: Any) -> None:
    assert settled(function, value)[1] == 0


@pytest.mark.parametrize(
    ("function", "value", "becomes", "operands"),
    [
        (lambda x: -1.0 * x, x, "negative", (0,)),
        (lambda x: x + x, x, "multiply", (1, 0)),
        (lambda x: -x + -x, x, "multiply", (3, 0)),
        (lambda x: -(2.0 * x), x, "multiply", (3, 0)),
        (lambda x: x * 3.0, x, "multiply", (5, 0)),
        (lambda x: np.ones((3, 2)) * x, x, "broadcast_to", (0,)),
    ],
)
def test_steps_become_simpler(function: Any, value: Any, becomes: str, operands: tuple[int, ...]) -> None:
    g, index = settled(function, value)
    operation = g.record.operations[index]
    assert operation is not None
    assert (operation.name, g.record.operands[index]) == (becomes, operands)


def test_plain_numbers_are_counted_out() -> None:
    g, index = settled(lambda x: x * (ops.multiply(2.0, 3.0) - 5.0), x)
    assert index == 0
    g, index = settled(lambda x: x ** ((x * 0 + 3).data - 1), x)
    assert g.record.values[g.record.operands[index][1]] == 2.0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (lambda x: x * ops.exp(x), lambda x: ops.exp(x) * x),
        (lambda x: ops.sum(x, axis=0), lambda x: ops.sum(x, axis=0)),
        (lambda x: x[1:, 0], lambda x: x[1:, 0]),
        (lambda x: x * np.arange(6.0).reshape(3, 2), lambda x: x * np.arange(6.0).reshape(3, 2)),
    ],
)
def test_equal_steps_are_one(one: Callable[[Any], Any], other: Callable[[Any], Any]) -> None:
    assert same(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (lambda x: x - ops.exp(x), lambda x: ops.exp(x) - x),
        (lambda x: ops.sum(x, axis=0), lambda x: ops.sum(x, axis=1)),
        (lambda x: x[1:, 0], lambda x: x[1:, 1]),
        (lambda x: x * 0.0, lambda x: x * -0.0),
        (lambda x: x * np.arange(6.0).reshape(3, 2), lambda x: x * np.arange(6, dtype=np.float32).reshape(3, 2)),
    ],
)
def test_different_steps_stay_two(one: Callable[[Any], Any], other: Callable[[Any], Any]) -> None:
    assert not same(one, other)


def same(one: Callable[[Any], Any], other: Callable[[Any], Any]) -> bool:
    g = bpviz.Graph()
    given = g.input("x", X)
    numbering = Numbering(g.record)
    results = [function(given).index for function in (one, other)]
    numbering.settle(1)
    first, second = map(numbering.of, results)
    return first == second


def test_types_are_kept() -> None:
    # An array of whole numbers times 1.0 is one of fractions.
    assert settled(lambda x: 1.0 * x, np.array([1, 2]))[1] != 0
    assert settled(lambda x: np.ones(2) * x, np.array([1, 2], np.float32))[1] != 0
