"""Constants in the circles of the operations that use them, read from the finished picture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from svg_reader import read_svg

import bpviz

SVG = "{http://www.w3.org/2000/svg}"


def boxes(svg: str) -> dict[str, str]:
    """The text of every box of a picture, with its kind."""
    root = read_svg(svg)
    found = {}
    for g in root.iter(f"{SVG}g"):
        classes = g.get("class", "").split()
        if classes[:1] == ["node"] and "branch" not in classes:
            found["".join("".join(text.itertext()) for text in g.iter(f"{SVG}text"))] = classes[1]
    return found


SYMBOLS: list[tuple[Callable[[Any], Any], str]] = [
    (lambda x=3.0: x + 1, "+1"),
    (lambda x=3.0: 1 + x, "+1"),
    (lambda x=3.0: x - 2, "−2"),
    (lambda x=3.0: 2 - x, "2−"),
    (lambda x=3.0: x * 0.5, "×0.5"),
    (lambda x=3.0: -1 * x, "×(−1)"),
    (lambda x=3.0: x / 5, "÷5"),
    (lambda x=3.0: 1 / x, "1/x"),
    (lambda x=3.0: -3 / x, "−3/x"),
    (lambda x=3.0: x + -2, "+(−2)"),
    (lambda x=3.0: -2 - x, "(−2)−"),
    (lambda x=np.array([1.0, 2.0]): np.sum(x / 4), "÷4"),
]


@pytest.mark.parametrize(("function", "symbol"), SYMBOLS, ids=[symbol for _, symbol in SYMBOLS])
def test_the_symbol_reads_as_the_operation(function: Callable[[Any], Any], symbol: str) -> None:
    found = boxes(bpviz.draw(function).to_svg())
    assert found[symbol] == "operation"
    assert "constant" not in found.values()


NUMBERS = st.floats(-99, 99).map(lambda v: round(v, 2)).filter(lambda v: abs(v) > 0.1)
SIGNS = st.lists(st.tuples(st.sampled_from("+-*/"), NUMBERS, st.booleans()), min_size=1, max_size=5)


def read(symbol: str, x: float) -> float:
    """Compute what the symbol in a circle says, with x for the arriving number."""
    text = symbol.replace("−", "-").replace("×", "*").replace("÷", "/")
    if text.endswith("-"):
        return float(eval(f"{text[:-1]} - ({x!r})"))
    if text.endswith("/x"):
        return float(eval(f"({text[:-2]}) / ({x!r})"))
    return float(eval(f"({x!r}) {text[0]} {text[1:]}"))


@given(SIGNS)
def test_a_chain_computes_what_its_circles_say(steps: list[tuple[str, float, bool]]) -> None:
    source = "x"
    for sign, number, first in steps:
        source = f"({number} {sign} {source})" if first else f"({source} {sign} {number})"
    value = 1.25
    try:
        expected = eval(source, {"x": value})
    except ZeroDivisionError:
        return
    figure = bpviz.draw(eval(f"lambda x={value}: {source}"), width=None).figure
    for box in figure.boxes:
        if box.kind == "operation":
            value = read(box.text, value)
    assert value == pytest.approx(expected, rel=1e-9)


def test_what_keeps_its_wire() -> None:
    assert boxes(bpviz.draw(lambda x=3.0, rate=0.1: x * rate, freeze="rate").to_svg())["rate"] == "constant"
    # A circle has no room for it; an array is shown as one; a maximum has no side.
    assert boxes(bpviz.draw(lambda x=3.0: x * 1.25e-9).to_svg())["1.25×10⁻⁹"] == "constant"
    assert boxes(bpviz.draw(lambda x=np.ones(2): np.sum(x * np.array([1.0, 2.0]))).to_svg())["array (2,)"] == "constant"
    assert boxes(bpviz.draw(lambda x=3.0: np.maximum(x, 0.0)).to_svg())["0"] == "constant"
    # An input is no constant.
    assert boxes(bpviz.draw(lambda price=100, tax=1.1: price * tax).to_svg())["tax"] == "input"


def test_with_wires_and_hidden() -> None:
    def f(x=3.0):  # type: ignore[no-untyped-def]
        return 2 - x * 5

    assert boxes(bpviz.draw(f, constants="wires").to_svg()) == {
        **{"x": "input", "f": "output", "×": "operation", "−": "operation"},
        **{"2": "constant", "5": "constant"},
    }
    assert boxes(bpviz.draw(f, constants="hide").to_svg()) == {
        **{"x": "input", "f": "output", "×": "operation", "−": "operation"}
    }


def test_a_constant_that_enters_a_closed_group_keeps_its_wire() -> None:
    def scaled(x, by):  # type: ignore[no-untyped-def]
        return x * by

    def f(x=3.0):  # type: ignore[no-untyped-def]
        return scaled(x, 2.0) + 1

    assert boxes(bpviz.draw(f).to_svg())["×2"] == "operation"
    assert boxes(bpviz.draw(f, depth=0).to_svg())["scaled"] == "group"


def test_the_operation_is_read_aloud_with_its_constant() -> None:
    figure = bpviz.draw(lambda x=3.0: 2 - x).figure
    assert [box.description for box in figure.boxes if box.kind == "operation"] == ["subtract 2−, makes output"]


def test_a_constant_that_is_returned_is_drawn() -> None:
    def f(x=3.0):  # type: ignore[no-untyped-def]
        return x * 2, x + 1

    assert {"×2", "+1"} <= set(boxes(bpviz.draw(f).to_svg()))


def test_an_earlier_constant_that_does_not_fit_is_shown_at_its_wire() -> None:
    figure = bpviz.diff(lambda x=3.0: x * 1.25e-9, lambda x=3.0: x * 2).draw().figure
    texts = {box.text for box in figure.boxes}
    assert {"×", "1.25×10⁻⁹ → 2"} <= texts


def test_the_first_sum_of_a_loop_is_no_step() -> None:
    def total(x=1.5, y=2.0):  # type: ignore[no-untyped-def]
        t = 0
        for v in (x, y):
            t = t + v * v
        return t

    drawing = bpviz.draw(total)
    assert sorted(boxes(drawing.to_svg())) == sorted(["x", "y", "×", "+", "t"])
    # x² is 2.25, y² is 4; the gradients of both products are 1.
    add = next(box.id for box in drawing.figure.boxes if box.text == "+")
    entering = [wire for wire in drawing.figure.wires if wire.target == add]
    assert [wire.description.rpartition(": ")[2] for wire in entering] == [
        "value 2.25, gradient 1",
        "value 4, gradient 1",
    ]
    assert "+0" not in boxes(drawing.to_svg())
    assert "+" in boxes(bpviz.draw(total, constants="wires").to_svg())
    assert "0" in boxes(bpviz.draw(total, constants="wires").to_svg())
