"""What rows say of their operations, where formulas and figures take it from the row: also for a user's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from svg_lines import in_one_piece

import bpviz
from bpviz import ops
from bpviz.formulas.formula import symbol
from bpviz.ops import OPERATIONS, Operation

Make = Callable[..., Operation]


@pytest.fixture
def own() -> Iterator[Make]:
    made: list[str] = []

    def make(name: str, forward: Callable[..., Any], vjp: Callable[..., Any], **fields: Any) -> Operation:
        made.append(name)
        return bpviz.op(name, forward, vjp, **fields)

    yield make
    for name in made:
        OPERATIONS.pop(name, None)


def test_brackets_stand_where_the_row_says_that_they_are_needed(own: Make) -> None:
    mixed = own(
        "mixed",
        lambda x, y: 0.5 * x + 0.5 * y,
        lambda g, z, x, y: (g / 2, g / 2),
        notation="{x} ⊕ {y}",
        binds=20,
        shape=lambda x, y: x,
    )
    x, y, t = symbol("x"), symbol("y"), symbol("t")
    assert str(mixed(x * t, y)) == "x·t ⊕ y"
    assert str(mixed(x, y) * t) == "(x ⊕ y)·t"
    assert str(mixed(bpviz.ops.where(t > 0, x, y), y)) == "(x if t > 0 else y) ⊕ y"


def test_without_a_word_of_the_row_the_notation_decides(own: Make) -> None:
    plain = own("plainly", lambda x, y: x + y, lambda g, z, x, y: (g, g), notation="{x} ⊕ {y}")
    x, y, t = symbol("x"), symbol("y"), symbol("t")
    assert str(plain(x * t, y)) == "(x·t) ⊕ y"


@pytest.mark.parametrize("unwritten", [False, True])
def test_what_is_unwritten_leaves_no_trace_in_a_formula(own: Make, unwritten: bool) -> None:
    same = own("watched", lambda x: x, lambda g, z, x: (g,), unwritten=unwritten)

    def loss(x: float = 3.0, t: float = 2.0) -> float:
        return same(x * t) * t  # type: ignore[no-any-return]

    flow = bpviz.backprop(loss)
    assert flow.output == 12.0
    assert str(flow.formula("loss", "value")) == ("x·t·t" if unwritten else "watched(x·t)·t")


def test_an_opaque_rule_is_written_by_name(own: Make) -> None:
    hidden = own("hidden", lambda x: 2.0 * x, lambda g, z, x: (2.0 * g,), opaque=True)
    shown = own("shown", lambda x: np.exp(x), lambda g, z, x: (g * hidden(z),))
    clear = own("clear", lambda x: np.exp(x), lambda g, z, x: (g * z,))
    by_name = bpviz.backprop(lambda x=1.0: shown(x)).formula("x")
    assert str(by_name) == "shown′(1, x)"
    assert "clear" not in str(bpviz.backprop(lambda x=1.0: clear(x)).formula("x"))


def test_plumbing_of_a_user_is_hidden_in_the_backward_part(own: Make) -> None:
    def figure(plumbing: bool) -> list[str]:
        name = f"turned_{plumbing}"
        turned = own(name, lambda x: np.swapaxes(x, 0, 1), lambda g, z, x: (turned(g),), plumbing=plumbing, symbol="↺")

        def loss(X: Any = np.array([[1.0, 2.0], [3.0, 4.0]])) -> Any:
            return np.sum(np.exp(turned(X)))

        return [box.text for box in bpviz.draw(bpviz.gradient_graph(loss), show="forward").figure.boxes]

    # The forward step stays; that of the backward part is a wire.
    assert figure(plumbing=True).count("↺") == 1
    assert figure(plumbing=False).count("↺") == 2


def test_the_name_of_a_gradient_passes_through_plumbing_in_its_notation(own: Make) -> None:
    def swapped(a: Any, i: int = 0) -> Any:
        return np.swapaxes(a, i, 1)

    turned = own("swapped", swapped, lambda g, z, a, i=0: (turned(g, i=i),), plumbing=True, notation="{a}⟲{i}")

    def loss(X: Any = np.ones((2, 3)), Y: Any = np.ones((2, 2))) -> Any:
        Z = turned(np.exp(X))
        A = np.exp(Z)
        return np.sum(A @ Y)

    svg = bpviz.draw(bpviz.gradient_graph(loss), show="forward").to_svg()
    assert "dZ⟲0" in in_one_piece(svg)


def test_plumbing_has_one_operand(own: Make) -> None:
    with pytest.raises(bpviz.errors.UsageError, match="'pair' has 2 operands"):
        own("pair", lambda x, y: x + y, lambda g, z, x, y: (g, g), plumbing=True)


def test_operands_that_commute_may_be_drawn_in_any_order(own: Make) -> None:
    either = own("either", lambda x, y: x * y, lambda g, z, x, y: (g * y, g * x), commutes=True)
    (box,) = (b for b in bpviz.draw(lambda x=1.0, y=2.0: either(x, y)).figure.boxes if b.kind == "operation")
    assert box.commutes


@pytest.mark.parametrize("row", [row for row in OPERATIONS.values() if row.needs], ids=lambda row: row.name)
def test_needs_name_every_operand(row: Operation) -> None:
    assert len(row.needs) == len(row.operands)


@pytest.mark.parametrize("row", [row for row in OPERATIONS.values() if row.reduces], ids=lambda row: row.name)
def test_a_reduction_goes_over_the_axes_that_its_row_says(row: Operation) -> None:
    x = np.arange(6.0).reshape(2, 3) + 1
    z = np.shape(ops.evaluate(row, [x], {"shape": (3,)} if row.reduces == "shape" else {}))
    assert z in {"all": ((),), "last": ((2, 1), (2,)), "shape": ((3,),)}[row.reduces]
    assert row.over_axes == "" or ("{axes}" in row.over_axes and "{x}" in row.over_axes)


@pytest.mark.parametrize("row", [row for row in OPERATIONS.values() if row.unwritten], ids=lambda row: row.name)
def test_what_is_unwritten_keeps_the_numbers(row: Operation) -> None:
    for case in row.cases:
        x = np.random.default_rng(0).normal(size=case.shapes[0])
        z = np.asarray(ops.evaluate(row, [x], case.parameters))
        assert set(z.ravel().tolist()) == set(np.ravel(x).tolist())


@pytest.mark.parametrize("row", [row for row in OPERATIONS.values() if row.of_operands], ids=lambda row: row.name)
def test_a_reduction_and_its_row_for_operands_agree(row: Operation) -> None:
    x = [3.0, -1.0, 2.5]
    other = ops.named(row.of_operands)
    folded = x[0]
    for part in x[1:]:
        folded = other(folded, part)
    assert folded == row(np.array(x))
