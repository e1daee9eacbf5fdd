"""Sliders of living pages: how they are named, and what they do in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from pages import LIVE, living

import bpviz
from bpviz import nn
from bpviz.cli import main
from bpviz.errors import UsageError
from bpviz.living.sliders import Slider, sliders_of


def total(price: float = 100, count: float = 2, tax: float = 1.1) -> float:
    return price * count * tax


def layer(W: Any = np.array([[0.5, -0.25], [1.0, 2.0]]), x: Any = np.array([1.0, -2.0]), t: Any = 1) -> Any:
    return nn.softmax_cross_entropy(W @ x, t)


@pytest.mark.parametrize(
    "given",
    [{"tax": (1, 1.5)}, "tax=1..1.5", ["tax=1..1.5"], ("", "tax=1..1.5"), {"tax": [1.0, 1.5]}],
)
def test_a_range_is_given_in_several_ways(given: Any) -> None:
    assert sliders_of(given) == (Slider("tax", 1.0, 1.5),)


def test_a_step_and_elements() -> None:
    assert sliders_of("x=-1e-3..5:0.001") == (Slider("x", -0.001, 5.0, 0.001),)
    assert sliders_of({"W[0, 1]": (-1, 1, 0.5)}) == (Slider("W[0,1]", -1.0, 1.0, 0.5),)
    assert sliders_of("p['W'][1]=.5...75") == (Slider("p['W'][1]", 0.5, 0.75),)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("tax", "NAME=LOW..HIGH"),
        ("tax=1", "NAME=LOW..HIGH"),
        ("tax=2..1", "give the smaller number first"),
        ("tax=1..1", "give the smaller number first"),
        ("tax=1..inf", "finite numbers"),
        ("tax=a..b", "finite numbers"),
        ("tax=1..2:3", "step of the slider of tax"),
        ("tax=1..2:-1", "step of the slider of tax"),
        ("tax=1..2:0.0000001", "more than 1000000 steps"),
        ({"tax": 1}, "takes its two ends"),
        ({"tax": (True, 2)}, "finite numbers"),
        (3, "live is True, or the ranges of sliders"),
        ({"tx": (1, 2)}, "no input named 'tx' for a slider; did you mean 'tax'?"),
        ({"q": (1, 2)}, "its inputs are: price, count, tax"),
        ({"tax[0]": (1, 2)}, "tax is a single number"),
    ],
)
def test_what_is_wrong_is_refused_in_a_sentence(given: Any, message: str) -> None:
    with pytest.raises(UsageError) as error:
        bpviz.draw(total, live=given)
    assert message in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("W", r"an array of shape (2, 2); name one element of it, such as W[0,0]"),
        ("W[0]", "such as W[0,0]"),
        ("W[0,2]", "such as W[0,0]"),
        ("W[0,:]", "such as W[0,0]"),
        ("x[2]", "such as x[0]"),
    ],
)
def test_a_slider_is_for_one_element(name: str, message: str) -> None:
    with pytest.raises(UsageError) as error:
        bpviz.draw(layer, live={name: (0, 1)})
    assert message in str(error.value)


def test_an_input_that_stays_as_it_is_has_no_slider() -> None:
    with pytest.raises(UsageError, match="'t' cannot have a slider, because the figure stays as it is in t"):
        bpviz.draw(layer, live={"t": (0, 1)}).to_bytes("html")
    with pytest.raises(UsageError, match="no input named 'x' for a slider; its inputs are: W, t"):
        bpviz.draw(layer, live={"x[0]": (0, 1)}, freeze="x")


def test_on_the_command_line_the_flag_may_stand_before_the_model(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    Path("apples.py").write_text("def f(tax=1.1, n=2):\n    return tax * n\n", encoding="utf-8")
    for words in (["--live", "apples.py"], ["apples.py", "--live"], ["--live", "tax=1..1.5", "apples.py"]):
        result = CliRunner().invoke(main, ["render", *words, "-o", "a.html"])
        assert result.exit_code == 0, result.output
        assert ('"sliders"' in Path("a.html").read_text(encoding="utf-8")) == ("tax=1..1.5" in words)
    result = CliRunner().invoke(main, ["render", "apples.py", "--live", "tx=1..2", "-o", "b.html"])
    assert result.exit_code == 2 and "did you mean 'tax'?" in result.output
    assert not Path("b.html").exists()


@pytest.mark.browser
@pytest.mark.engine
def test_a_slider_moves_its_number_and_follows_it(tmp_path: Path) -> None:
    slider = (
        "[...document.querySelectorAll('label')].find(one => one.textContent.startsWith('tax')).querySelector('input')"
    )
    with living(tmp_path, total, live={"tax": (1, 1.5), "count": (1, 10)}) as page:
        page.run(f"{slider}.focus()")
        page.press("ArrowRight")
        # From 1 to 1.5 in hundredths of the way.
        assert page.run(f"{LIVE}.value('tax')") == 1.105
        assert page.run(f"{LIVE}.value('total')") == pytest.approx(total(tax=1.105))
        page.press("End")
        assert page.run(f"{LIVE}.value('tax')") == 1.5
        page.press("Home")
        assert page.run(f"{LIVE}.value('tax')") == 1.0
        assert page.comes_to("location.hash", "#tax=1")
        page.run(f"{LIVE}.set({{tax: 1.25}})")
        assert page.run(f"{slider}.value") == "50"
        assert page.run(f"{slider}.getAttribute('aria-valuetext')") == "1.25"
        # Whole numbers move by whole steps.
        page.run(
            "[...document.querySelectorAll('label')].find(one => one.textContent.startsWith('count')).control.focus()"
        )
        page.press("ArrowRight")
        assert page.run(f"{LIVE}.value('count')") == 3


@pytest.mark.browser
@pytest.mark.engine
def test_a_slider_for_an_element_is_dragged(tmp_path: Path) -> None:
    with living(tmp_path, layer, live="W[0,1]=-1..1:0.25") as page:
        x, y, width = page.run(
            "(() => { const b = document.querySelector('label input[type=range]').getBoundingClientRect();"
            " return [b.x, b.y + b.height / 2, b.width]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            page.ask("Input.dispatchMouseEvent", type=kind, x=x + width - 2, y=y, button="left", clickCount=1)
        assert page.run(f"{LIVE}.value('W')") == [[0.5, 1], [1, 2]]
