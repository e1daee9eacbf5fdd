"""Gradient descent against closed forms, plain NumPy and HIPS autograd; what stops it; what stays as it was."""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
import pytest

import bpviz
from bpviz.analysis.training import difference
from bpviz.errors import UsageError


def parabola(w: float = 0.0) -> float:
    return (w - 3) ** 2


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.99, 0.01])
def test_a_parabola_has_a_closed_form(rate: float) -> None:
    # w − 3 is multiplied by 1 − 2·rate in every step.
    found = bpviz.descend(parabola, rate=rate, steps=20)
    shrink = 1 - 2 * rate
    assert len(found) == 21
    assert [flow.value("w") for flow in found] == pytest.approx([3 - 3 * shrink**k for k in range(21)], abs=1e-12)
    assert found.losses == pytest.approx([9 * shrink ** (2 * k) for k in range(21)], abs=1e-12)
    assert [flow.grad("w") for flow in found] == pytest.approx([-6 * shrink**k for k in range(21)], abs=1e-12)
    assert found.inputs == {"w": pytest.approx(3 - 3 * shrink**20)}


def test_the_apples_of_the_book_by_hand() -> None:
    def total(price: float = 100, count: float = 2, tax: float = 1.1) -> float:
        return price * count * tax

    found = bpviz.descend(total, rate=1e-4, steps=3)
    p, n, t = 100.0, 2.0, 1.1
    for flow in found:
        assert (flow.value("price"), flow.value("count"), flow.value("tax")) == pytest.approx((p, n, t), rel=1e-12)
        p, n, t = p - 1e-4 * n * t, n - 1e-4 * p * t, t - 1e-4 * p * n


def test_the_inputs_that_are_named() -> None:
    def total(price: float = 100, count: float = 2, tax: float = 1.1) -> float:
        return price * count * tax

    frozen = bpviz.descend(total, rate=0.001, steps=2, freeze="price,tax")
    named = bpviz.descend(total, rate=0.001, steps=2, wrt="count")
    for found in (frozen, named):
        assert found.learned == ("count",)
        # The gradient of count is 110, whatever count is.
        assert [flow.value("count") for flow in found] == pytest.approx([2, 1.89, 1.78])
        assert found[-1].value("price") == 100.0
    assert bpviz.descend(total, 200, steps=1, tax=1.0, inputs={"count": 3.0}, rate=0.5)[0].output == 600.0


def logistic(w: Any, b: Any, x: Any, t: Any) -> Any:
    y = 1 / (1 + np.exp(-(x @ w + b)))
    return -np.mean(t * np.log(y) + (1 - t) * np.log(1 - y))


def test_logistic_regression_as_autograd_trains_it() -> None:
    autograd = pytest.importorskip("autograd")
    import autograd.numpy as anp

    def same(w: Any, b: Any, x: Any, t: Any) -> Any:
        y = 1 / (1 + anp.exp(-(anp.dot(x, w) + b)))
        return -anp.mean(t * anp.log(y) + (1 - t) * anp.log(1 - y))

    rng = np.random.default_rng(7)
    x = rng.normal(size=(12, 3))
    t = (x @ [1.0, -2.0, 0.5] > 0).astype(float)
    found = bpviz.descend(logistic, np.zeros(3), 0.0, x, t, rate=0.7, steps=15, freeze="x,t")
    w, b = np.zeros(3), 0.0
    slopes = autograd.grad(same, (0, 1))
    for flow in found:
        assert flow.output == pytest.approx(float(same(w, b, x, t)), rel=1e-12)
        np.testing.assert_allclose(flow.value("w"), w, rtol=1e-12, atol=1e-15)
        assert flow.value("b") == pytest.approx(b, rel=1e-10, abs=1e-15)
        along, aside = slopes(w, b, x, t)
        w, b = w - 0.7 * along, b - 0.7 * float(aside)
    assert found.losses == tuple(sorted(found.losses, reverse=True))


@pytest.mark.parametrize("seed", range(5))
def test_any_quadratic_form_has_a_closed_form(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 5))
    a = rng.normal(size=(n, n))
    a = a @ a.T + np.eye(n)
    b, start = rng.normal(size=n), rng.normal(size=n)

    def bowl(x: Any) -> Any:
        return 0.5 * x @ a @ x - b @ x

    rate = 0.5 / float(np.linalg.eigvalsh(a)[-1])
    found = bpviz.descend(bowl, start, rate=rate, steps=8)
    best = np.linalg.solve(a, b)
    values, vectors = np.linalg.eigh(a)
    for k, flow in enumerate(found):
        there = best + vectors @ ((1 - rate * values) ** k * (vectors.T @ (start - best)))
        np.testing.assert_allclose(flow.value("x"), there, rtol=1e-9, atol=1e-12)


def test_arrays_keep_their_precision() -> None:
    start = np.array([1.0, -2.0], np.float32)
    found = bpviz.descend(lambda w: np.sum(w * w * w), start, rate=0.05, steps=4)
    w = start.copy()
    for flow in found:
        assert flow.value("w").dtype == np.float32
        np.testing.assert_allclose(flow.value("w"), w, rtol=1e-6)
        w = w - np.float32(0.05) * (3 * w * w)


def test_nothing_of_the_caller_s_is_changed() -> None:
    class Net:
        def __init__(self) -> None:
            self.w = np.array([[1.0, 2.0], [3.0, 4.0]])
            self.parts = {"b": np.zeros(2), "rate": 0.5}

        def loss(self, x: Any) -> Any:
            return np.sum((x @ self.w + self.parts["b"]) ** 2)

    net, x = Net(), np.array([1.0, -1.0])
    before = copy.deepcopy((net.__dict__, x))
    found = bpviz.descend(net.loss, x, rate=0.05, steps=3, freeze="x")
    assert set(found.learned) == {"w", "parts['b']"}
    np.testing.assert_equal((net.__dict__, x), before)
    w, b = net.w.copy(), np.zeros(2)
    for flow in found:
        np.testing.assert_allclose(flow.value("w"), w, rtol=1e-12)
        np.testing.assert_allclose(flow.value("parts['b']"), b, rtol=1e-12)
        out = x @ w + b
        w, b = w - 0.05 * np.outer(x, 2 * out), b - 0.05 * 2 * out
    with pytest.raises(ValueError, match="read-only"):
        found.inputs["w"][0, 0] = 9.0


def test_whole_numbers_stay() -> None:
    def loss(w: Any, x: Any, n: int = 2) -> Any:
        for _ in range(n):
            w = w * x
        return np.sum(w)

    w, x = np.array([1.0, 2.0]), np.array([2, 3])
    found = bpviz.descend(loss, w, x, rate=0.1, steps=2)
    assert found.learned == ("w",)
    np.testing.assert_allclose(found.inputs["w"], w - 2 * 0.1 * x**2)
    assert found.inputs["x"].tolist() == [2, 3]
    with pytest.raises(UsageError, match=r"'x' holds whole numbers, which cannot go down a gradient; give floats"):
        bpviz.descend(loss, w, x, wrt="x")


def test_a_descent_that_diverges_ends_there() -> None:
    found = bpviz.descend(lambda w=1.0: w * w, rate=1e100, steps=50)
    # w is multiplied by 1 − 2·10¹⁰⁰: its square overflows in the second step.
    assert (len(found), found.diverges, found.planned) == (3, True, 50)
    assert math.isinf(found.losses[-1])
    assert math.isfinite(found.losses[-2])
    notes = found.draw().notes
    assert any("infinite" in note for note in notes)
    assert "the descent ends with step 2, which is not finite" in notes
    assert not bpviz.descend(parabola).diverges


def test_a_gradient_that_is_infinite_ends_it_too() -> None:
    found = bpviz.descend(lambda w=1.0: np.sqrt(w), rate=2.0, steps=3)
    # 1 − 2·½ = 0, where the slope of the root is infinite.
    assert (found.losses, found.diverges) == ((1.0, 0.0), True)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: bpviz.descend(parabola, rate=-0.1), "rate is the share of the gradient .* above 0, .* got -0.1"),
        (lambda: bpviz.descend(parabola, rate=0), "above 0, such as 0.1, but got 0"),
        (lambda: bpviz.descend(parabola, rate=math.nan), "but got nan"),
        (lambda: bpviz.descend(parabola, rate="fast"), "but got 'fast'"),
        (lambda: bpviz.descend(parabola, steps=0), "steps is how many steps are taken, from 1 on, but got 0"),
        (lambda: bpviz.descend(parabola, steps=2.5), "but got 2.5"),
        (lambda: bpviz.descend(parabola, freeze="w"), "no input can go down a gradient, because none reaches"),
        (lambda: bpviz.descend(lambda w: w * 2, np.ones(3)), r"has shape \(3,\); return its sum or mean"),
        (lambda: bpviz.descend(lambda w=0.0: np.log(w)), "the descent cannot begin, because the value of .* infinite"),
        (lambda: bpviz.descend(parabola, rates=0.1), "no option 'rates'; did you mean 'rate'"),
        (lambda: bpviz.descend(parabola, theme="dark"), r"no option 'theme'; options of the figure go to its drawing"),
        (lambda: bpviz.descend(3.0), "descend takes a function, a graph or a flow, but got 3.0"),  # type: ignore[arg-type]
        (lambda: bpviz.descend(bpviz.card("relu")), "a function, a graph or a flow"),
        (lambda: bpviz.descend(parabola, inputs={"v": 1.0}), "no input named 'v'"),
    ],
)
def test_what_cannot_descend_is_refused_in_a_sentence(call: Any, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_a_function_s_branches_follow_and_a_graph_keeps_its_operations() -> None:
    def bent(w: float = 2.0) -> float:
        if w > 1:
            return w * w
        return 3 * w

    # 2, then 2 − 0.3·4 = 0.8, and from there the slope is 3.
    found = bpviz.descend(bent, rate=0.3, steps=2)
    assert [flow.value("w") for flow in found] == pytest.approx([2.0, 0.8, -0.1])
    assert [flow.grad("w") for flow in found] == pytest.approx([4.0, 3.0, 3.0])
    kept = bpviz.descend(bpviz.trace(bent), rate=0.3, steps=2)
    assert [flow.value("w") for flow in kept] == pytest.approx([2.0, 0.8, 0.32])
    assert bpviz.descend(bpviz.backprop(bent), rate=0.3, steps=2).losses == kept.losses
    assert bpviz.descend(bpviz.draw(bent), rate=0.3, steps=2).losses == found[:1].losses + kept.losses[1:]


def test_a_run_with_another_seed_descends_by_the_gradient_itself() -> None:
    seeded = bpviz.propagate(bpviz.trace(parabola), seed=7.0)
    assert bpviz.descend(seeded, rate=0.1, steps=2).losses == bpviz.descend(parabola, rate=0.1, steps=2).losses


def test_plain_numbers_and_those_of_numpy_as_rate_and_steps() -> None:
    plain = bpviz.descend(parabola, rate=0.5, steps=2)
    assert bpviz.descend(parabola, rate=np.float64(0.5), steps=np.int64(2)).losses == plain.losses  # type: ignore[arg-type]


def test_the_output_that_is_named() -> None:
    def two(w: float = 1.0) -> tuple[float, float]:
        a = w * w
        b = (w - 5) ** 2
        return a, b

    assert bpviz.descend(two, rate=0.5, steps=1).inputs["w"] == 0.0
    assert bpviz.descend(two, rate=0.5, steps=1, output="b").inputs["w"] == 5.0


def test_slices_keep_the_numbers_of_their_steps() -> None:
    found = bpviz.descend(parabola, steps=20)
    some = found[::5]
    assert isinstance(some, bpviz.Descent)
    assert (some.numbers, len(some), some[-1] is found[20]) == ((0, 5, 10, 15, 20), 5, True)
    assert some.losses == found.losses[::5]
    assert repr(found[3:5]) == "<descent, steps 3 to 4: parabola from 2.359 to 1.51>"
    with pytest.raises(AttributeError, match="frozen"):
        found.rate = 1.0  # type: ignore[misc]


@pytest.mark.parametrize(
    ("one", "other", "words"),
    [
        (lambda x: x + 1, lambda x: x + 2, ""),
        (lambda x: x + 1, lambda x: (x + 1) * 2, "takes 2 operations, not 1"),
        (lambda x: x - 1, lambda x: 1 - x, "computes subtract from other values"),
        (lambda x: np.exp(x), lambda x: np.log(x), "computes log, not exp"),
        (lambda x: x, lambda y: y, "has the inputs y, not x"),
        (lambda x: (x * 2, x * 3), lambda x: (x * 3, x * 2), ""),
    ],
)
def test_how_two_graphs_differ(one: Any, other: Any, words: str) -> None:
    found = difference(bpviz.trace(one, 1.0), bpviz.trace(other, 1.0))
    assert found.startswith(words) if words else not found


def test_other_options_are_another_operation() -> None:
    x = np.ones((2, 2))
    rows, columns = (bpviz.trace(lambda x, axis=axis: np.sum(np.sum(x, axis=axis) ** 2), x) for axis in (0, 1))
    assert "computes sum with other options" in difference(rows, columns)
    one, other = (bpviz.trace(lambda x, i=i: np.sum(x[i] ** 2), x) for i in (0, 1))
    assert "with other options" in difference(one, other)
    assert difference(one, one) == ""
