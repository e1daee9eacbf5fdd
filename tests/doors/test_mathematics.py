"""Functions of Python's ``math``, under any import: the numbers of the plain run, and gradients that differences confirm."""

from __future__ import annotations

import math
import math as m
import sys
import threading
from collections.abc import Callable, Iterator
from math import cos, exp
from math import log as ln
from typing import Any

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
from math_helpers import softplus

import bpviz
from bpviz.errors import RecordingError
from bpviz.ops import COMPOSITES, OPERATIONS

X, Y = 0.37, 0.81
ONE: dict[str, float] = dict.fromkeys(
    (
        *("sqrt", "exp", "log", "log2", "log10", "log1p", "expm1", "sin", "cos", "tan", "asin", "acos", "atan"),
        *("sinh", "cosh", "tanh", "asinh", "atanh", "fabs", "erf", "erfc", "gamma", "lgamma", "degrees", "radians"),
        *("cbrt", "exp2", "hypot"),
    ),
    X,
) | {"acosh": 1.7}
TWO = ("pow", "atan2", "hypot", "fmod", "copysign", "log", "remainder")


def checked(f: Callable[..., Any], *at: float) -> dict[str, float]:
    """Compare value and gradients with a plain run and central differences; return the gradients."""
    flow = bpviz.backprop(f, *at)
    assert flow.output == pytest.approx(f(*at), rel=1e-14)
    for i, gradient in enumerate(flow.grads.values()):
        h = 1e-6
        up, down = (f(*at[:i], at[i] + s * h, *at[i + 1 :]) for s in (1, -1))
        assert gradient == pytest.approx((up - down) / (2 * h), rel=1e-7, abs=1e-8)
    return dict(flow.grads)


@pytest.mark.parametrize("name", ONE)
def test_functions_of_one_number(name: str) -> None:
    function = getattr(math, name)
    checked(lambda x: getattr(math, name)(2 * x) * x if name == "gamma" else getattr(math, name)(x) * x, ONE[name])
    # Of an array without axes math returns a number.
    graph = bpviz.trace(lambda x: getattr(math, name)(x) * x, np.array(ONE[name]))
    assert np.shape(bpviz.propagate(graph).output) == ()
    assert getattr(math, name) is function


@pytest.mark.parametrize("name", TWO)
def test_functions_of_two_numbers(name: str) -> None:
    checked(lambda x, y: getattr(math, name)(x, y), X, Y)
    checked(lambda x: getattr(math, name)(x, Y) * x, X)
    checked(lambda y: getattr(math, name)(X, y) * y, Y)


def test_functions_of_many_numbers() -> None:
    checked(lambda x, y: math.fsum([x, 2.0, x * y]), X, Y)
    checked(lambda x, y: math.fsum(v * v for v in (x, y)), X, Y)
    checked(lambda x, y: math.prod([x, 2.0, y], start=x), X, Y)
    checked(lambda x, y: math.prod((x, y)), X, Y)
    checked(lambda x, y: math.hypot(x, y, 2.0), X, Y)
    checked(lambda x, y: math.dist([x, 1.0], (y, x)), X, Y)
    assert bpviz.backprop(lambda p: math.fsum(p), np.array([1.0, 2.0])).grads["p"].tolist() == [1, 1]
    if hasattr(math, "sumprod"):
        checked(lambda x, y: math.sumprod([x, y], [2.0, x]), X, Y)


def test_every_function_that_is_known_by_a_name_of_math_is_tried() -> None:
    known = {n for row in OPERATIONS.values() for n in row.elsewhere} | set(COMPOSITES)
    tried = {*ONE, *TWO, "fsum", "prod", "dist", "sumprod"}
    assert {n.removeprefix("math.") for n in known if n.startswith("math.")} == tried


def test_decisions_and_whole_parts() -> None:
    def f(x: float) -> Any:
        if math.isnan(x) or math.isinf(x) or not math.isfinite(x) or math.isclose(x, 1.0):
            return x
        return x * math.floor(x) + math.ceil(x) * x + math.trunc(x) - x**2

    assert checked(f, 2.5)["x"] == 2 + 3 - 5


# Under any import


def price(S: float = 42.0, K: float = 40.0, r: float = 0.1, sigma: float = 0.2, T: float = 0.5) -> Any:
    d1 = (m.log(S / K) + (r + sigma**2 / 2) * T) / (sigma * m.sqrt(T))
    d2 = d1 - sigma * math.sqrt(T)
    return S * 0.5 * (1 + math.erf(d1 / m.sqrt(2))) - K * exp(-r * T) * 0.5 * (1 + math.erf(d2 / 2**0.5))


def test_an_option_s_price_is_that_of_the_book() -> None:
    # Hull, Options, Futures and Other Derivatives: the call of S = 42, K = 40 is worth 4.76; its delta is N(d1).
    grads = checked(price, 42.0, 40.0, 0.1, 0.2, 0.5)
    assert price() == pytest.approx(4.76, abs=5e-3)
    assert grads["S"] == pytest.approx(0.7791, abs=1e-4)


def test_names_of_the_module_of_helpers_of_closures_and_of_functions() -> None:
    def inner(x: float) -> Any:
        return ln(x, 3) + cos(x)

    checked(inner, X)
    checked(softplus, X)
    checked(lambda x: softplus(x) * inner(x), X)
    mine = math.exp

    def by_closure(x: float) -> Any:
        from math import sin

        return mine(x) * sin(x)

    checked(by_closure, X)
    assert mine is math.exp
    assert softplus.__globals__["exp"] is exp is math.exp


def layer(x: float, w: float, act: Callable[..., Any] = math.tanh) -> Any:
    return act(w * x) * x


def test_a_parameter_may_be_a_function_of_math() -> None:
    assert bpviz.backprop(layer, X, Y).grads["w"] == pytest.approx(X**2 / math.cosh(X * Y) ** 2, rel=1e-13)
    assert bpviz.backprop(layer, X, Y, act=math.exp).grads["w"] == pytest.approx(X**2 * math.exp(X * Y), rel=1e-13)


class Pendulum:
    """An object whose method computes with math."""

    def energy(self, angle: float, speed: float) -> Any:
        return 0.5 * speed**2 + 9.81 * (1 - m.cos(angle))


def test_methods_of_objects() -> None:
    pendulum = Pendulum()
    checked(lambda a, v: pendulum.energy(a, v), X, Y)
    checked(pendulum.energy, X, Y)


def test_the_same_as_autograd_of_numpy() -> None:
    def f(x: float, w: float) -> Any:
        return math.tanh(w * x) * math.exp(-x) + math.log1p(w * w)

    def peer(x: Any, w: Any) -> Any:
        return anp.tanh(w * x) * anp.exp(-x) + anp.log1p(w * w)

    for i, gradient in enumerate(bpviz.backprop(f, X, Y).grads.values()):
        assert gradient == pytest.approx(autograd.grad(peer, i)(X, Y), rel=1e-13)


# The truth where numbers end


def test_what_math_raises_the_model_may_catch_as_in_a_plain_run() -> None:
    def f(x: float) -> Any:
        try:
            return math.log(x) * x
        except ValueError:
            return x * 5

    assert bpviz.backprop(f, -1.0).grads == {"x": 5.0}
    with pytest.raises(ValueError, match="domain"):
        bpviz.trace(lambda x: math.sqrt(x), -1.0)
    with pytest.raises(OverflowError):
        bpviz.trace(lambda x: math.exp(x), 1000.0)


def test_arrays_and_what_has_no_gradient_are_refused_in_words() -> None:
    with pytest.raises(RecordingError, match=r"math\.acos takes a single number, but got .*\(2,\).*write np\.arccos"):
        bpviz.trace(lambda x: math.acos(x), np.array([0.1, 0.2]))
    with pytest.raises(RecordingError, match=r"math\.frexp\(x\) asks a recorded value for a plain number"):
        bpviz.trace(lambda x: math.frexp(x)[0], X)


# math is as it was


def test_math_is_as_before_whatever_happens() -> None:
    before = dict(vars(math))

    def fails(x: float) -> Any:
        assert math.exp is not before["exp"]
        raise KeyError(x)

    with pytest.raises(KeyError):
        bpviz.trace(fails, X)
    with pytest.raises(RecordingError):
        bpviz.trace(lambda x: math.frexp(x)[0], X)
    bpviz.trace(lambda x: bpviz.grad(lambda y: math.exp(y) * x)(x) * math.sin(x), X)
    assert dict(vars(math)) == before
    assert exp is before["exp"]


@pytest.fixture
def _often_switched() -> Iterator[None]:
    """Let threads take turns fifty times as often: more interleavings, and none waits long for those that only compute."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-4)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("_often_switched")
def test_threads_that_trace_and_threads_that_compute() -> None:
    before, wrong = dict(vars(math)), []
    done = threading.Event()

    def traces(k: int) -> None:
        for i in range(30):
            at = 0.1 + k / 10 + i / 100
            flow = bpviz.backprop(lambda x: math.exp(x) * cos(x) + float(np.sum(np.zeros(2))), at)
            if abs(flow.grads["x"] - math.exp(at) * (math.cos(at) - math.sin(at))) > 1e-12:
                wrong.append(at)

    def computes() -> None:
        while not done.is_set():
            made = np.zeros(3)
            if type(math.exp(1)) is not float or type(made) is not np.ndarray or math.fsum(iter([1, 2])) != 3:
                wrong.append("plain")

    tracing = [threading.Thread(target=traces, args=(k,)) for k in range(8)]
    plain = [threading.Thread(target=computes) for _ in range(2)]
    for thread in (*tracing, *plain):
        thread.start()
    for thread in tracing:
        thread.join()
    done.set()
    for thread in plain:
        thread.join()
    assert not wrong
    assert dict(vars(math)) == before
