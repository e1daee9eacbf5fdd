"""Gradient descent on a living page, against `bpviz.descend`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from devtools import Page
from pages import LIVE, living, plain

import bpviz
from bpviz import nn

pytestmark = [pytest.mark.browser, pytest.mark.engine]

WARNING = "document.querySelector('.bpviz-row + .bpviz-warning')"


def loss(w: Any = 0.0, x: Any = 2.0, t: Any = 6.0) -> Any:
    return (w * x - t) ** 2


def net(
    W1: Any = np.array([[0.3, -0.2, 0.5], [0.1, 0.4, -0.6]]),
    b1: Any = np.array([0.1, 0.0, -0.1]),
    W2: Any = np.array([[0.7], [-0.3], [0.2]]),
    X: Any = np.array([[1.0, 2.0], [-1.0, 0.5], [0.3, -0.8]]),
    T: Any = np.array([[1.0], [0.0], [0.5]]),
) -> Any:
    return np.mean((np.tanh(X @ W1 + b1) @ W2 - T) ** 2)


def classes(W: Any = np.array([[0.2, -0.1, 0.4], [0.5, 0.3, -0.2]]), x: Any = np.array([1.0, -2.0]), t: Any = 2) -> Any:
    return nn.softmax_cross_entropy(x @ W, t)


def deciding(w: Any = 3.0) -> Any:
    if w > 1:
        return w * w
    return w


def button(page: Page, name: str) -> None:
    """Click a button as a reader does."""
    x, y = page.run(
        f"(() => {{ const one = [...document.querySelectorAll('button')].find(one => one.textContent === {name!r});"
        " one.scrollIntoView(); const b = one.getBoundingClientRect();"
        " return [b.x + b.width / 2, b.y + b.height / 2]; })()"
    )
    for kind in ("mousePressed", "mouseReleased"):
        page.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)


@pytest.mark.parametrize(
    ("target", "freeze", "rate", "given"),
    [
        (loss, "x,t", 0.05, {"w": -1.25}),
        (
            net,
            "X,T",
            0.3,
            {"W1": np.array([[1.0, -2.0, 0.25], [0.5, 0.75, -1.5]]), "T": np.array([[2.0], [1.0], [0.0]])},
        ),
        (net, None, 0.1, {"b1": np.array([0.7, -0.3, 0.2])}),
        (classes, None, 0.5, {"x": np.array([0.5, 1.5])}),
    ],
)
def test_ten_steps_have_the_numbers_of_descend(
    target: Any, freeze: str | None, rate: float, given: dict[str, Any], tmp_path: Path
) -> None:
    run = {"freeze": freeze} if freeze else {}
    with living(tmp_path, target, **run) as page:
        # What is frozen cannot be edited either.
        given = {name: value for name, value in given.items() if name not in (freeze or "").split(",")}
        for start in ({}, given):
            page.run(f"{LIVE}.reset()")
            page.run(f"{LIVE}.set({plain(start)})")
            expected = bpviz.descend(target, rate=rate, steps=10, inputs=start, **run)
            losses = page.run(f"{LIVE}.descend({{rate: {rate}, steps: 10}})")
            assert losses == pytest.approx(expected.losses, rel=1e-12, abs=1e-14)
            for name in expected.learned:
                now = np.array(page.run(f"{LIVE}.value({name!r})"))
                assert now == pytest.approx(expected.inputs[name], rel=1e-12, abs=1e-14), name
                assert np.any(now != start.get(name, bpviz.trace(target).record.values[bpviz.trace(target).find(name)]))


def test_a_reader_presses_one_step_and_runs_and_stops(tmp_path: Path) -> None:
    with living(tmp_path, loss, freeze="x,t") as page:
        button(page, "One step")
        # The rate is 0.1 as in `bpviz.descend`: 0 − 0.1 · 2 · (0·2 − 6) · 2.
        assert page.run(f"{LIVE}.value('w')") == pytest.approx(2.4)
        assert page.run("document.querySelector('.bpviz-said').textContent") == "w = 2.4: loss = 1.44"
        texts = "[...document.querySelectorAll('.bpviz-curve text')].map(text => text.textContent)"
        assert page.run(texts) == ["loss", "1.44", "36", "0", "1", "step"]
        assert page.comes_to("location.hash", "#w=2.4000000000000004")
        button(page, "Run")
        assert page.comes_to(f"{LIVE}.value('w') > 2.9999", True)
        button(page, "Stop")
        stopped = page.run(f"{LIVE}.value('w')")
        page.run("new Promise(done => setTimeout(done, 300))")
        assert page.run(f"{LIVE}.value('w')") == stopped


def test_the_rate_has_a_slider(tmp_path: Path) -> None:
    with living(tmp_path, loss, freeze="x,t") as page:
        page.run("[...document.querySelectorAll('input[type=range]')].at(-1).focus()")
        for _ in range(14):
            # From 0.1 in steps of a twentieth of a power of ten: 10^(−1 − 14/20).
            page.press("ArrowLeft")
        assert page.run("document.querySelector('output').textContent") == "0.02"
        button(page, "One step")
        assert page.run(f"{LIVE}.value('w')") == pytest.approx(0.48)


def test_an_edit_begins_another_descent(tmp_path: Path) -> None:
    with living(tmp_path, loss, freeze="x,t") as page:
        page.run(f"{LIVE}.descend({{steps: 3}})")
        assert page.run("document.querySelector('.bpviz-curve').checkVisibility()") is True
        page.run(f"{LIVE}.set({{w: 5}})")
        assert page.run("document.querySelector('.bpviz-curve').checkVisibility()") is False


def test_a_descent_ends_at_numbers_that_are_not_finite(tmp_path: Path) -> None:
    expected = bpviz.descend(loss, rate=1e80, steps=30, freeze="x,t")
    assert expected.diverges
    with living(tmp_path, loss, freeze="x,t") as page:
        found = page.run(f"{LIVE}.descend({{rate: 1e80, steps: 30}})")
        assert len(found) == len(expected)
        last = len(expected) - 1
        assert page.run(f"{WARNING}.textContent") == (
            f"The descent ends with step {last}, which is not finite; a smaller rate may help."
        )
        # There is no next one.
        before = page.run(f"{LIVE}.value('w')")
        button(page, "One step")
        assert page.run(f"{LIVE}.value('w')") == before


def test_where_the_function_decides_otherwise_there_is_no_next_step(tmp_path: Path) -> None:
    line = deciding.__code__.co_firstlineno + 1
    with living(tmp_path, deciding) as page:
        # 3 → 3 · 0.4 = 1.2 → 0.48, where the function would return w itself.
        assert len(page.run(f"{LIVE}.descend({{rate: 0.3, steps: 5}})")) == 3
        assert page.run(f"{LIVE}.stale") == [line]
        assert f"line {line} of the function decides otherwise" in page.run(f"{WARNING}.textContent")


@pytest.mark.parametrize(
    ("target", "options"),
    [
        (lambda x=np.array([1.0, 2.0]): x * x, {}),
        (lambda x=2.0: x * x, {"freeze": "x"}),
        (lambda x=2.0: x * x, {"seed": 3.0}),
    ],
)
def test_there_are_no_buttons_where_there_is_no_descent(target: Any, options: dict[str, Any], tmp_path: Path) -> None:
    with living(tmp_path, target, **options) as page:
        assert page.run(f"{LIVE}.descend") is None
        assert page.run("document.querySelectorAll('.bpviz-curve').length") == 0


def test_wrong_arguments_are_refused(tmp_path: Path) -> None:
    with living(tmp_path, loss) as page:
        for given in ("{rate: 0}", "{rate: NaN}", "{steps: 0}", "{steps: 1.5}"):
            with pytest.raises(RuntimeError, match="RangeError"):
                page.run(f"{LIVE}.descend({given})")
        assert page.run("Object.isFrozen(document.querySelector('figure').bpviz)") is True
