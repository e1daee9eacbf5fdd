"""Labels at the arrows: formulas and rules, at the right wires."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bpviz
from bpviz.figure import Figure, Fraction, Grid, Plain, Row


def apples(p=100, n=2, t=1.1):
    x = p * n
    y = x * t
    return y


def figure(model: Any, labels: str, **options: Any) -> Figure:
    return bpviz.draw(model, labels=labels, **options).figure


def texts(shown: Figure, way: str = "backward") -> list[str]:
    """The text at every wire, in the order of the wires."""
    arrows = [getattr(wire, way) for wire in shown.wires]
    return [arrow.label.content.text if arrow and arrow.label else "" for arrow in arrows]


# Symbols


def test_apples_in_symbols() -> None:
    shown = figure(apples, "symbols")
    assert texts(shown) == ["∂y/∂p = n·t", "∂y/∂n = p·t", "∂y/∂t = x", "∂y/∂x = t", "1"]
    assert texts(shown, "forward") == ["", "", "", "x = p·n", "x·t"]
    label = shown.wires[0].backward.label
    assert label.content == Row((Fraction("∂y", "∂p"), Plain(" = n·t")))
    assert shown.notes == ()


def test_a_long_formula_has_a_number_and_a_note() -> None:
    def model(first_weight=1.5, second_weight=0.5, learning_rate=0.1):
        hidden = np.tanh(first_weight * second_weight + learning_rate)
        loss = hidden * hidden * first_weight * second_weight * learning_rate
        return loss

    shown = figure(model, "symbols")
    stem = next(w for w in shown.wires if w.source == "n0")
    assert stem.backward.label.content == Row((Fraction("∂loss", "∂first_weight"), Plain(" = (1)")))
    slope = "∂loss/∂hidden·second_weight·(1 − hidden²)"
    assert shown.notes[0] == f"(1) = {slope} + second_weight·learning_rate·hidden²"
    assert "loss = (" not in "".join(texts(shown, "forward"))
    assert any(note.endswith("= hidden·hidden·first_weight·second_weight·learning_rate") for note in shown.notes)
    marks = [f"({number})" for number in range(1, len(shown.notes) + 1)]
    assert [note.partition(" ")[0] for note in shown.notes] == marks
    everything = "".join(texts(shown) + texts(shown, "forward"))
    assert all(mark in everything for mark in marks)


def test_a_very_long_formula_is_cut_in_its_note() -> None:
    def model(x=1.0):
        return sum(x * value for value in [bpviz.name(x * k, f"value_number_{k}") for k in range(2, 60)])

    notes = figure(model, "symbols").notes
    assert max(map(len, notes)) <= 620
    assert any(note.endswith(" …") for note in notes)


def test_values_of_one_name_are_numbered_at_their_wires() -> None:
    def model(x=1.5):
        x = x * 3
        x = np.exp(x)
        return x

    assert texts(figure(model, "symbols"), "forward") == ["", "x_2 = x·3", "x_3 = exp(x_2)"]


def test_where_several_ways_meet_their_formulas_add_up() -> None:
    def model(x=3.0):
        y = x * x + x
        return y

    assert texts(figure(model, "symbols")) == ["∂y/∂x = 2·x + 1", "x", "x", "1", "1", "1"]


def test_symbols_without_numbers_are_names() -> None:
    graph = bpviz.Graph("plain")
    x = graph.input("x")
    graph.output(x * 2, "y")
    assert texts(figure(graph, "symbols"), "forward") == ["", ""]


# Rules


def test_apples_in_rules() -> None:
    shown = figure(apples, "rules")
    assert texts(shown) == ["1.1 × 2 = 2.2", "1.1 × 100 = 110", "1 × 200 = 200", "1 × 1.1 = 1.1", "1"]
    assert texts(shown, "forward") == ["100", "2", "1.1", "200", "220"]


def test_pencils_pass_an_addition() -> None:
    def total(pencil=100, pencils=2, eraser=30, erasers=3, tax=1.1):
        return (pencil * pencils + eraser * erasers) * tax

    found = texts(figure(total, "rules"))
    assert found.count("1.1 × 1 = 1.1") == 2
    assert {"1.1 × 2 = 2.2", "1.1 × 100 = 110", "1.1 × 3 = 3.3", "1.1 × 30 = 33", "1 × 290 = 290"} <= set(found)


def test_the_stem_of_a_branch_shows_the_sum() -> None:
    def model(x=3.0):
        y = x * x + x
        return y

    assert texts(figure(model, "rules"))[:4] == ["3 + 3 + 1 = 7", "1 × 3 = 3", "1 × 3 = 3", "1 × 1 = 1"]


def test_negative_slopes_and_terms() -> None:
    def model(x=3.0, y=2.0):
        return x * y - x

    found = texts(figure(model, "rules"))
    assert "1 × (−1) = −1" in found
    assert "2 − 1 = 1" in found


def test_many_terms_are_shortened_to_the_first_and_the_last() -> None:
    def model(x=1.0):
        return x * 1 + x * 2 + x * 3 + x * 4 + x * 5 + x * 6

    assert "1 + 2 + 3 + … + 6 = 21" in texts(figure(model, "rules"))


def test_slopes_are_read_from_the_rule_and_never_divided_out() -> None:
    # The upstream gradient is 0, so there is no slope: 0 / 0.
    found = texts(figure(lambda x=3.0, k=0.0: x * 5 * k, "rules"))
    assert found[0] == "0 × 5 = 0"


def test_of_a_closed_group_the_result_alone() -> None:
    def inner(x, y):
        return x * y + x

    def model(x=2.0, y=3.0):
        return inner(x, y) * 2

    found = texts(figure(model, "rules", depth=0))
    assert found[:2] == ["6 + 2 = 8", "4"]


def test_arrays_have_their_formula_and_their_value() -> None:
    X, Y = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([[0.0], [0.0], [0.0], [1.0]])

    def E(W=np.array([[0.5, -0.3]]), b=np.array([0.1])):
        Z = X @ W.T + b
        A = bpviz.nn.sigmoid(Z)
        return bpviz.nn.sum_squared_error(A, Y)

    shown = figure(E, "rules")
    dW = next(w for w in shown.wires if w.source == "n0").backward.label.content
    assert dW.parts == (Plain("dW = dZᵀ·X"), Plain(" = "), Grid((("0.04368", "0.00739"),)))
    assert dW.text == "dW = dZᵀ·X = "
    assert texts(shown)[-1] == "1"


def test_one_number_everywhere_needs_no_formula() -> None:
    shown = figure(lambda X=np.ones((2, 2)): np.sum(X + 1), "rules")
    assert isinstance(shown.wires[0].backward.label.content, Grid)


@pytest.mark.parametrize("labels", ["symbols", "rules"])
@pytest.mark.parametrize("show", ["forward", "backward"])
def test_each_way_alone(labels: str, show: str) -> None:
    shown = figure(apples, labels, show=show)
    assert all((wire.backward is None) == (show == "forward") for wire in shown.wires)
