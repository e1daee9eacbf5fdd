"""A recorded value says what its number would say: of what kind it is, how it is printed, and as a whole number."""

# ruff: noqa: UP031

from __future__ import annotations

import functools
import logging
import math
import numbers
import operator
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import bpviz
from bpviz.errors import RecordingError

LINE = np.array([1.5, -2.0, 4.0])


def heard(f: Callable[..., Any], *args: Any) -> list[Any]:
    """What a function notes of its arguments while it is traced."""
    notes: list[Any] = []
    bpviz.trace(lambda *xs: f(notes, *xs), *args, verify=False)
    return notes


KINDS: tuple[Callable[[Any], Any], ...] = (
    lambda x: isinstance(x, float),
    lambda x: isinstance(x, int),
    lambda x: isinstance(x, (int, float)),
    lambda x: isinstance(x, np.ndarray),
    lambda x: isinstance(x, (list, tuple, np.ndarray)),
    lambda x: isinstance(x, numbers.Number),
    lambda x: isinstance(x, numbers.Real),
    lambda x: isinstance(x, numbers.Integral),
    lambda x: isinstance(x, str),
    lambda x: np.isscalar(x),
    lambda x: np.ndim(x),
    lambda x: np.shape(x),
    lambda x: np.iterable(x),
    lambda x: hasattr(x, "__len__"),
    lambda x: hasattr(x, "__iter__"),
    lambda x: callable(x),
    lambda x: len(x) if hasattr(x, "__len__") else 0,
    lambda x: x.__class__.__name__,
    lambda x: str(x),
    lambda x: repr(x),
    lambda x: f"{x}",
    lambda x: f"{x!r:>12}",
    lambda x: f"{x}",
    lambda x: f"{x}",
)


@pytest.mark.parametrize("value", [2.5, 3, LINE, np.ones((2, 2), np.float32)], ids=repr)
def test_it_says_what_the_plain_value_says(value: Any) -> None:
    def f(notes: list[Any], x: Any) -> Any:
        notes += [ask(x) for ask in KINDS]
        return x * 2

    assert heard(f, value) == [ask(value) for ask in KINDS]


@pytest.mark.parametrize("value", [2.5, 3])
def test_numbers_in_texts(value: Any) -> None:
    asks: tuple[Callable[[Any], Any], ...] = (
        lambda x: "%.3f" % x,
        lambda x: "%s and %8.2e" % (x, x),
        lambda x: "%d" % x,
        lambda x: "%(x)g" % {"x": x},
        lambda x: f"{x:.3f}",
        lambda x: f"{x:>8}",
        lambda x: format(x, "e"),
        lambda x: "{:.1%}".format(x),  # noqa: UP032
        lambda x: "W" + str(x),
    )

    def f(notes: list[Any], x: Any) -> Any:
        notes += [ask(x) for ask in asks]
        return x * 2

    assert heard(f, value) == [ask(value) for ask in asks]


def test_what_is_logged_and_printed(caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]) -> None:
    def f(x: Any = 2.5, n: Any = 3) -> Any:
        logging.getLogger("model").warning("loss %.2f after %d", x, n)
        print(x, n, [x, n], n + 1)
        return x * n

    bpviz.trace(f, verify=False)
    assert caplog.messages == ["loss 2.50 after 3"]
    assert capsys.readouterr().out == "2.5 3 [2.5, 3] 4\n"


def gradients(f: Callable[..., Any], **given: Any) -> dict[str, Any]:
    """The gradients by each input that is no whole number, compared with central differences."""
    flow = bpviz.backprop(f, **given)
    assert flow.output == pytest.approx(f(**given), rel=1e-14)
    found = {}
    for name, value in given.items():
        if isinstance(value, float):
            up, down = (f(**{**given, name: value + h}) for h in (1e-6, -1e-6))
            assert flow.grads[name] == pytest.approx((up - down) / 2e-6, rel=1e-7, abs=1e-9)
            found[name] = flow.grads[name]
    return found


WEIGHTS = {"W1": 0.5, "W2": 0.25, 2: 4.0}
TABLE = [1.0, 10.0, 100.0, 1000.0]
WHOLE: dict[str, Callable[..., Any]] = {
    "a key": lambda x, n: x * WEIGHTS["W" + str(n)] + x * WEIGHTS["W%d" % n] + x * WEIGHTS[f"W{n - 1}"],
    "a key that is a number": lambda x, n: x * WEIGHTS[n],
    "a list's index": lambda x, n: x * TABLE[n] + x * TABLE[-n + 1],
    "a range": lambda x, n: sum(x**k for k in range(1, n + 2)),
    "the size of an output": lambda x, n: x * int((6 - n) / n + 1),
    "half": lambda x, n: x * TABLE[n // 2] + x * TABLE[round(n / 2)] + x * TABLE[math.floor(n * 0.9)],
    "arange": lambda x, n: np.sum(np.arange(n) * x),
    "zeros": lambda x, n: np.sum((np.zeros((n, n + 1)) + x) ** 2),
    "a text repeated": lambda x, n: x * len("ab" * n) + x * len([0.5] * n),
    "a power of two": lambda x, n: x * TABLE[2 ** (n - 1)],
    "a slice": lambda x, n: x * sum(TABLE[:n]),
    "an operator": lambda x, n: x * operator.index(n) + x * divmod(7, n)[1],
    "a branch": lambda x, n: x * 2 if isinstance(n, int) and n in (1, 2, 3) else x,
    "a rounded number": lambda x, n: x * TABLE[int(np.floor(x * n))] + x * TABLE[int(np.round(x))],
    "a decision": lambda x, n: x * TABLE[int(x > 0)] + x * float(np.argmax([x, 5.0])),
}


@pytest.mark.parametrize("name", WHOLE)
def test_whole_numbers_that_carry_no_gradient(name: str) -> None:
    assert gradients(WHOLE[name], x=0.7, n=2)["x"] != 0


def test_rounding_is_recorded_with_a_gradient_of_nothing() -> None:
    assert bpviz.backprop(lambda x: round(x) * x + math.floor(x) * x, 2.7).grads == {"x": 5.0}
    assert bpviz.backprop(lambda x: x - round(x), 2.7).grads == {"x": 1.0}
    quotient, rest = (
        bpviz.backprop(lambda x: divmod(x, 2.0)[0] * x, 5.5),
        bpviz.backprop(lambda x: divmod(x, 2)[1], 5.5),
    )
    assert quotient.grads == {"x": 2.0}
    assert rest.grads == {"x": 1.0}


@pytest.mark.parametrize(
    "f",
    [
        lambda x: int(x) * x,
        lambda x: float(x) * x,
        lambda x: x * TABLE[int(x * 2)],
        lambda x: np.float64(x) * x,
    ],
)
def test_what_would_lose_a_gradient_is_refused(f: Callable[..., Any]) -> None:
    with pytest.raises(RecordingError, match="where its gradient would be lost"):
        bpviz.trace(f, 1.3)


def test_a_whole_number_that_is_a_factor_keeps_its_gradient() -> None:
    # 100 yen are a number like others: only as an index or a name it is a count.
    assert bpviz.backprop(lambda price=100, tax=1.1: price * tax).grads == {"price": 1.1, "tax": 100.0}
    with pytest.raises(RecordingError, match="leave the conversion out"):
        bpviz.trace(lambda price=100, tax=1.1: float(price) * tax)


def test_plain_arrays_by_recorded_positions() -> None:
    table = np.array([5.0, 1.0, 3.0])
    flow = bpviz.backprop(lambda x=LINE: np.sum(table[x > 0] * x[x > 0]))
    assert flow.grads["x"].tolist() == [5, 0, 3]
    flow = bpviz.backprop(lambda x=LINE: table[np.argmax(x)] * x[np.argmax(x)])
    assert flow.grads["x"].tolist() == [0, 0, 3]
    flow = bpviz.backprop(
        lambda W=np.ones((2, 3)), y=np.array([0, 2]): np.sum(np.eye(3)[y] * W + table[y][:, None] * W)
    )
    assert flow.grads["W"].tolist() == [[6, 5, 5], [3, 3, 4]]


def test_fractions_are_numbers() -> None:
    assert gradients(lambda x: Fraction(1, 3) * x + x * Fraction(1, 2) - Fraction(1, 7) / x, x=1.3)


def test_what_is_of_no_length_says_so_both_ways() -> None:
    with pytest.raises(RecordingError, match=r"len\(x\): a single number has no length"):
        bpviz.trace(lambda x: len(x) * x, 2.0)
    with pytest.raises(RecordingError, match="a single number has no elements to loop over"):
        bpviz.trace(lambda x: [y for y in x] and x, 2.0)  # noqa: C416


def test_a_function_with_a_cache_is_called_anew_in_every_trace() -> None:
    @functools.lru_cache
    def legendre(n: int, x: float) -> float:
        if n < 2:
            return x if n else 1.0
        return ((2 * n - 1) * x * legendre(n - 1, x) - (n - 1) * legendre(n - 2, x)) / n

    # P₃ = (5x³ − 3x)/2, with the slope (15x² − 3)/2.
    for x in (0.5, 0.5, 0.25):
        flow = bpviz.backprop(lambda x: legendre(3, x), x)
        assert flow.output == pytest.approx((5 * x**3 - 3 * x) / 2)
        assert flow.grads["x"] == pytest.approx((15 * x**2 - 3) / 2)
    assert legendre(3, 0.5) == pytest.approx(-0.4375)
