"""Equal blocks in a chain: what is one, what is not, and where the blocks begin."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bpviz
from bpviz.analysis.repeats import Repeat, repeats


def found(function: Callable[..., Any]) -> tuple[Repeat, ...]:
    graph = bpviz.trace(function)
    steps = [node.index for node in graph.nodes if node.operation is not None]
    return repeats(graph, steps, ends=graph.output_indices)


def operations(function: Callable[..., Any]) -> list[tuple[int, list[str]]]:
    """Return how many blocks each chain hides, and the operations of one."""
    record = bpviz.trace(function).record
    names = [[record.operations[node] for node in repeat.hidden[0]] for repeat in found(function)]
    return [
        (len(repeat.hidden), [operation.name for operation in block if operation])
        for repeat, block in zip(found(function), names, strict=True)
    ]


def loop(count: int) -> Callable[..., Any]:
    def f(x: float = 1.0, w: float = 0.5) -> Any:
        for _ in range(count):
            x = np.tanh(w * x)
        return x

    return f


@pytest.mark.parametrize("count", [1, 4])
def test_up_to_four_blocks_stay(count: int) -> None:
    assert found(loop(count)) == ()


@pytest.mark.parametrize("count", [5, 6, 30])
def test_more_than_four_fold(count: int) -> None:
    assert operations(loop(count)) == [(count - 2, ["multiply", "tanh"])]


def test_steps_of_other_lines_are_no_chain() -> None:
    def f(a: float = 1.0, b: float = 2.0) -> Any:
        return a + b + a + b + a + b + a + b + a

    assert found(f) == ()


def test_parallel_steps_are_no_chain() -> None:
    def f(w: float = 1.0) -> Any:
        return np.stack([np.sin(w * k) for k in range(1, 9)])

    assert found(f) == ()


def test_a_block_with_another_operation_parts_the_chain() -> None:
    def f(x: float = 1.0, w: float = 0.5) -> Any:
        for k in range(13):
            x = np.sin(x * w) if k == 6 else np.tanh(x * w)
        return x

    # Six equal blocks before it and six after it; a seventh multiplication belongs to no whole block.
    assert operations(f) == [(4, ["multiply", "tanh"])] * 2


def test_blocks_of_other_shapes_are_not_equal() -> None:
    def f(x: Any = np.ones(2)) -> Any:
        for _ in range(6):
            x = np.concatenate([x, x[:1]])
        return x.sum()

    assert found(f) == ()


def test_blocks_that_are_joined_in_another_way_are_not_equal() -> None:
    def f(x: float = 0.5, w: float = 0.7) -> Any:
        first = x * w
        for k in range(12):
            # The first six go back to the beginning, the others to the value before: the operations are the same.
            x = np.tanh(x * (first if k < 6 else x))
        return x

    assert operations(f) == [(4, ["multiply", "tanh"])] * 2


def test_a_parameter_of_the_operation_that_differs_parts_the_chain() -> None:
    def f(x: Any = np.ones((3, 3))) -> Any:
        for k in range(6):
            x = x + x.sum(axis=k % 2, keepdims=True) * 0 + np.flip(x, axis=k % 2)
        return x.sum()

    assert found(f) == ()


def test_groups_are_equal_by_their_structure_not_by_their_line() -> None:
    def layer(x: Any, w: Any) -> Any:
        return np.tanh(x * w)

    def f(x: float = 0.5, w: float = 0.7) -> Any:
        x = layer(x, w)
        x = layer(x, w)
        x = layer(x, w)
        x = layer(x, w)
        return layer(x, w)

    assert operations(f) == [(3, ["multiply", "tanh"])]


def test_groups_of_other_structure_are_not_equal() -> None:
    def layer(x: Any, w: Any, k: int) -> Any:
        return np.tanh(x * w) if k % 2 else np.tanh(w + x)

    def f(x: float = 0.5, w: float = 0.7) -> Any:
        for k in (0, 0, 1, 1, 1, 0):
            x = layer(x, w, k)
        return x

    assert found(f) == ()


def test_a_chain_in_a_block_is_found_in_the_blocks_that_are_shown() -> None:
    def f(x: float = 1.0, w: float = 0.5) -> Any:
        for _ in range(6):
            for _ in range(7):
                x = np.sin(x * w)
            x = x + 1
        return x

    outer, *inner = operations(f)
    assert outer == (4, ["multiply", "sin"] * 7 + ["add"])
    assert inner == [(5, ["multiply", "sin"])] * 2


def test_blocks_begin_as_the_loop_does() -> None:
    def f(x: float = 1.0, w: float = 0.5) -> Any:
        v = 0.0
        for _ in range(8):
            # In the first step, 0.9·v is a plain number: only the other seven are equal.
            v = 0.9 * v + x * w
            x = x - 0.1 * v
        return x

    assert operations(f) == [(5, ["multiply", "multiply", "add", "multiply", "subtract"])]


def test_what_feeds_one_block_alone_belongs_to_it() -> None:
    def f(a: float = 2.0, b: float = 3.0) -> Any:
        parts = [(a * k - b) ** 2 for k in range(1, 10)]
        total = parts[0]
        for part in parts[1:]:
            total = total + part
        return total

    # The nine parts are computed before the first sum; each of the six hidden sums has its own.
    assert operations(f) == [(6, ["add", "power", "subtract", "multiply"])]


def test_what_two_blocks_use_belongs_to_none() -> None:
    def f(a: float = 2.0) -> Any:
        parts = [np.sin(a * k) for k in range(1, 10)]
        total = parts[0]
        for one, two in itertools.pairwise(parts):
            total = total * two + one
        return total

    ((_, block),) = operations(f)
    assert block == ["multiply", "add"]


def test_hidden_blocks_are_whole_and_apart() -> None:
    for repeat in found(loop(9)):
        nodes = [node for block in repeat.hidden for node in block]
        assert len(nodes) == len(set(nodes))
        assert len({len(block) for block in repeat.hidden}) == 1
        assert repeat.places[repeat.hidden[2][1]] == (2, 1)


def test_steps_of_a_specialized_instruction_are_one_line() -> None:
    # After some calls Python notes x[k] at another place in the same instruction.
    def f(x: Any = np.arange(30.0), w: float = 0.5) -> Any:
        h = x[0]
        for k in range(30):
            h = w * h + x[k]
        return h

    ((hidden, _),) = operations(f)
    assert hidden == 28
