"""Deep recursion of a model: a frame takes the same time to enter, however many are around it."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import bpviz
from bpviz.recording.scopes import Scope, around_both

W = np.ones(2)


@pytest.fixture
def deep() -> Iterator[None]:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(100_000)
    yield
    sys.setrecursionlimit(before)


def even(x: Any, n: float) -> Any:
    return x if x > n else odd(x + 1.0, n) * W


def odd(x: Any, n: float) -> Any:
    return x * W if x > n else even(x + 1.0, n) + W


def down(x: Any, n: float) -> Any:
    return x if n == 0 else down(x * 1.0001, n - 1)


def up(x: Any, n: float) -> Any:
    return x if n == 0 else up(x, n - 1) + 1.0


def grouped(x: Any, n: float) -> Any:
    if n == 0:
        return x
    with bpviz.group("inside"):
        return grouped(x, n - 1) * 1.0001


@bpviz.group("a step")
def decorated(x: Any, n: float) -> Any:
    return x if n == 0 else decorated(x * 1.0001, n - 1) + 1.0


def caught(x: Any, n: float) -> Any:
    try:
        return x if n == 0 else caught(x * 1.0001, n - 1) + 1.0
    except ValueError:
        return x


@pytest.mark.thorough
@pytest.mark.parametrize("function", [even, down, up, grouped, decorated, caught])
def test_frames_take_constant_time(deep: None, function: Callable[[Any, float], Any]) -> None:
    def seconds(n: float) -> float:
        best = 1e9
        for _ in range(3):
            start = time.perf_counter()
            bpviz.trace(lambda x=0.0: np.sum(function(x, n)), verify=False)
            best = min(best, time.perf_counter() - start)
        return best

    # Five times the frames: five times as long, not twenty-five times.
    few, many = seconds(1000.0), seconds(5000.0)
    assert many < 12 * few + 0.2
    assert many < 5.0


def test_the_innermost_group_around_both_of_two() -> None:
    rng = random.Random(0)
    code = test_the_innermost_group_around_both_of_two.__code__
    scopes = [Scope(0, None, "", code, -1)]
    for index in range(1, 600):
        parent = scopes[-1] if rng.random() < 0.7 else rng.choice(scopes)
        scopes.append(Scope(index, parent, "", code, -1))

    def path(scope: Scope | None) -> list[int]:
        found = []
        while scope is not None:
            found.append(scope.index)
            scope = scope.parent
        return found

    for _ in range(2000):
        one, other = rng.choice(scopes), rng.choice(scopes)
        around = set(path(one))
        assert around_both(one, other).index == next(index for index in path(other) if index in around)
