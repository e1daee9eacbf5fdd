"""Globals that ``wrt`` names: other threads see the user's own values, whatever happens meanwhile."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import bpviz
from bpviz.errors import UsageError

_SOURCE = """
import numpy as np

weight = np.array([1.0, 2.0])
rate = 0.5
calls = 0
meanwhile = lambda: None

def scaled(x):
    meanwhile()
    return x * rate

def plain(x=3.0):
    return np.sum(weight * scaled(x))

def comprehension(x=3.0):
    return sum([scaled(x) + w for w in (lambda: weight)()])

def around():
    bias = 4.0
    def inner(x=3.0):
        meanwhile()
        return x * bias
    return inner

class Net:
    def forward(self, x):
        meanwhile()
        return x * rate

net = Net()
steps = [scaled]

def of_methods(x=3.0):
    return net.forward(x)

def of_lists(x=3.0):
    return steps[0](x)

def of_arguments(x=3.0, act=net.forward):
    return act(x)

def of_globals(x=3.0):
    meanwhile()
    return x * globals()["rate"]

def of_counts(x=3.0):
    global calls
    calls += 1
    return scaled(x)
"""
_PLAIN = ["plain", "comprehension"]
_OTHERS = ["of_methods", "of_lists", "of_arguments", "of_globals", "of_counts"]


@pytest.fixture
def module() -> ModuleType:
    made = ModuleType("of_this_test")
    exec(_SOURCE, made.__dict__)
    return made


@contextmanager
def another_thread(work: Callable[[], Any]) -> Iterator[tuple[Callable[[], None], list[Any]]]:
    """Start a thread that works whenever the function is called, and the list of what the work returned."""
    wanted, done = threading.Semaphore(0), threading.Semaphore(0)
    found: list[Any] = []

    def serve() -> None:
        while wanted.acquire() and not over:
            found.append(work())
            done.release()

    def ask() -> None:
        wanted.release()
        done.acquire(timeout=5)

    over: list[bool] = []
    thread = threading.Thread(target=serve, name="a reader")
    thread.start()
    try:
        yield ask, found
    finally:
        over.append(True)
        wanted.release()
        thread.join()


@pytest.mark.parametrize("name", _PLAIN)
def test_other_threads_see_the_values_of_globals(module: ModuleType, name: str) -> None:
    def look() -> list[Any]:
        return [type(module.weight), type(module.rate), module.rate, float(np.sum(module.weight)) * module.rate]

    with another_thread(look) as (asked, found):
        module.meanwhile = asked
        flow = bpviz.backprop(getattr(module, name), wrt="weight,rate,x")
    assert found and all(seen == [np.ndarray, float, 0.5, 1.5] for seen in found)
    # plain: (1 + 2) · 3 · rate; comprehension: 2 · 3 · rate + 1 + 2
    expected = {"plain": ([1.5, 1.5], 9.0, 1.5), "comprehension": ([1.0, 1.0], 6.0, 1.0)}[name]
    for variable, value in zip(("weight", "rate", "x"), expected, strict=True):
        np.testing.assert_array_equal(flow.grad(variable), value)


def test_other_threads_see_the_values_of_closures(module: ModuleType) -> None:
    inner = module.around()
    (cell,) = inner.__closure__
    with another_thread(lambda: type(cell.cell_contents)) as (asked, found):
        module.meanwhile = asked
        assert bpviz.backprop(inner, wrt="bias,x").grads == {"bias": 3.0, "x": 4.0}
    assert found and set(found) == {float}


@pytest.mark.parametrize("name", _OTHERS)
def test_what_no_copy_will_do_for_is_refused_while_others_run(module: ModuleType, name: str) -> None:
    function = getattr(module, name)
    # One thread alone: ∂(3 · rate)/∂rate.
    assert bpviz.backprop(function, wrt="rate,x").grads == {"rate": 3.0, "x": 0.5}
    with (
        another_thread(lambda: None),
        pytest.raises(
            UsageError, match=r"wrt names 'rate', a variable that .* while the thread 'a reader' may read it"
        ),
    ):
        bpviz.backprop(function, wrt="rate,x")
    assert type(module.rate) is float and module.rate == 0.5


def test_eight_threads_at_once(module: ModuleType) -> None:
    results: list[Any] = []

    def work(x: float) -> None:
        for _ in range(20):
            results.append((x, bpviz.backprop(module.plain, x, wrt="rate").grads["rate"], type(module.rate)))

    threads = [threading.Thread(target=work, args=(float(n),)) for n in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 160 and all(got == 3 * x and kind is float for x, got, kind in results)


def test_what_a_function_stores_is_stored(module: ModuleType) -> None:
    exec(
        "def counted(x=3.0):\n    counted.calls = counted.calls + 1\n    return x * rate\ncounted.calls = 0",
        vars(module),
    )
    assert bpviz.backprop(module.counted, wrt="rate").grads == {"rate": 3.0}
    assert module.counted.calls == 1
    bpviz.backprop(functools.partial(module.plain, 2.0), wrt="rate")
    assert bpviz.gradcheck(module.plain, wrt="rate,weight").ok
