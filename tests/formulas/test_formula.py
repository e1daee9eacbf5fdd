"""Rules read as text: every rewriting keeps the number, and the brackets are where they must be."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from amounts import fewer, some
from at_once import at_once
from hypothesis import example, given, settings
from samples import CASES
from trees import ARRAY_TREES, ARRAYS, SCALAR_TREES, SCALARS, VALUES, Tree, computed

from bpviz import ops
from bpviz.figures.card import card
from bpviz.formulas.expression import Count, Expression, evaluated
from bpviz.formulas.formula import Formula, derivative, symbol, written_out
from bpviz.formulas.rewriting import REWRITINGS, Rewriting
from bpviz.ops import OPERATIONS, Case, Operation, shape_of


def scalars(ordered: bool = True) -> dict[str, Formula]:
    return {name: symbol(name, number=x, order=i if ordered else None) for i, (name, x) in enumerate(SCALARS.items())}


def finite(value: Any) -> bool:
    return bool(np.all(np.isfinite(value))) and bool(np.all(np.abs(value) < 1e12))


def finite_throughout(tree: Tree) -> bool:
    """Return whether all numbers on the way are finite, too: exp(x/(y·0)) is 0 or infinite, by the sign of y."""
    return finite(computed(tree, SCALARS)) and (
        not isinstance(tree, tuple) or all(finite_throughout(part) for part in tree[1:])
    )


@example(("exp", ("divide", "x", ("multiply", "y", 0.0))))
@given(SCALAR_TREES)
@settings(max_examples=fewer(300))
def test_rewritings_of_scalars_keep_the_number(tree: Tree) -> None:
    expected = computed(tree, SCALARS)
    if finite_throughout(tree):
        made = computed(tree, scalars())
        assert evaluated(made) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@given(ARRAY_TREES)
@settings(max_examples=fewer(300))
def test_rewritings_of_arrays_keep_numbers_and_shapes(tree: Tree) -> None:
    try:
        expected = computed(tree, VALUES)
    except ValueError:
        return  # shapes that do not fit
    if not finite(expected):
        return
    made = computed(tree, {name: symbol(name, shape, number=VALUES[name]) for name, shape in ARRAYS.items()})
    np.testing.assert_allclose(evaluated(made), expected, rtol=1e-7, atol=1e-7)
    if isinstance(made, Expression):
        assert made.shape == np.shape(expected)


def read(text: str, leaves: Mapping[str, float]) -> float:
    """A printed formula of scalars in Python's own grammar, whose precedence is the textbook's."""
    text = re.sub(r"([⁰¹²³⁴⁵⁶⁷⁸⁹])", lambda m: "**" + str("⁰¹²³⁴⁵⁶⁷⁸⁹".index(m[1])), text)
    text = re.sub(r"\|([^|]*)\|", r"abs(\1)", text)
    for sign, python in {"−": "-", "·": "*", "^": "**"}.items():
        text = text.replace(sign, python)
    return float(eval(text, {"exp": math.exp, "abs": abs}, dict(leaves)))


def exactly_written(value: Any) -> bool:
    """Whether all numbers in a formula are written in full, and no bars stand within bars."""
    if isinstance(value, Expression):
        return all(map(exactly_written, value.operands))
    return abs(value) < 1e4 and float(value * 8).is_integer()


@given(SCALAR_TREES)
@settings(max_examples=fewer(300))
def test_printed_scalars_are_read_as_they_are_meant(tree: Tree) -> None:
    made = computed(tree, scalars())
    expected = evaluated(made)
    text = written_out(made)
    if finite(expected) and exactly_written(made) and text.count("|") <= 2 and abs(expected) < 1e6:
        try:
            found = read(text, SCALARS)
        except (ZeroDivisionError, OverflowError):
            return  # Python raises where NumPy returns ∞
        assert found == pytest.approx(expected, rel=1e-6, abs=1e-6), text


# The table of rewritings, row by row

NUMBERS_OF_ROWS: dict[str, Any] = SCALARS | {
    "X": np.array([[1.0, -2.0, 3.0], [0.5, 4.0, -1.0]]),
    "Y": np.array([[2.0, 1.0, -1.5], [3.0, 0.25, 1.0]]),
    "s": np.array([0.25, 0.75]),
}
BEYOND_PYTHON: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "Σ −2·X": lambda named: ops.sum(-(named["X"] * 2)),
    "Σ −X/3": lambda named: ops.sum_to(-named["X"] / 3, shape=(3,)),
    "(Σ X)/6": lambda named: ops.sum(named["X"]) / 6,
    "0 if x > y else 0": lambda named: ops.where(named["x"] > named["y"], 0.0, 0.0),
    "1 if x = 0 else x": lambda named: ops.guard(named["x"] == 0, 1.0, named["x"]),
    "Σ s": lambda named: ops.total_share(named["s"]),
}
"""How to make the left side of a row, where it cannot be read as Python."""
ROWS = [(operation, row) for operation, rows in REWRITINGS.items() for row in rows]


def built(text: str, named: Mapping[str, Any]) -> Any:
    """Return the value of a text, computed with formulas or numbers for its names."""
    if text in BEYOND_PYTHON:
        return BEYOND_PYTHON[text](named)
    product = "@" if re.search("[XY]", text) else "*"
    for sign, python in {"−": "-", "·": product, "^": "**", "ᵀ": ".T"}.items():
        text = text.replace(sign, python)
    return eval(text, {}, dict(named))


@pytest.mark.parametrize(("operation", "row"), ROWS, ids=[row.says for _, row in ROWS])
def test_every_rewriting_does_what_it_says_and_keeps_the_number(
    operation: str, row: Rewriting, monkeypatch: pytest.MonkeyPatch
) -> None:
    left, right = row.says.rsplit(" = ", 1)
    named = {name: symbol(name, np.shape(x), number=x, order=i) for i, (name, x) in enumerate(NUMBERS_OF_ROWS.items())}
    made = built(left, named)
    assert written_out(made) == right
    np.testing.assert_allclose(evaluated(made), built(left, NUMBERS_OF_ROWS), rtol=1e-12)
    # Without the row it is not so.
    monkeypatch.setitem(REWRITINGS, operation, tuple(other for other in REWRITINGS[operation] if other is not row))
    assert written_out(built(left, named)) != right


def test_assumptions_do_not_apply_against_known_numbers() -> None:
    shares, x = symbol("s", (2,), number=np.array([1.0, 1.0])), symbol("x", (2,), number=np.array([0.0, 3.0]))
    assert str(ops.total_share(shares)) == "Σ s"
    assert str(ops.guard(x == 0, 1.0, x)) == "1 if (x = 0) else x"


def test_factors_stand_in_the_order_of_the_source_but_matrices_stay() -> None:
    p, n, t = (symbol(name, order=i) for i, name in enumerate("pnt"))
    assert str(t * n * p) == "p·n·t"
    assert str(t * (n + p)) == "(n + p)·t"
    A, B = symbol("A", (2, 2), order=0), symbol("B", (2, 2), order=1)
    assert str(B * A) == "A ∘ B"
    assert str(B @ A) == "B·A"
    assert str((B @ A) * (t * B)) == "(t·B·A) ∘ B"
    assert str(derivative("", "Z", (2, 2), order=-1) * A) == "dZ ∘ A"


def test_a_sigmoid_spelled_out_is_recognised_by_its_name() -> None:
    x = symbol("x")
    e = ops.exp(-x)
    for below in (1 + e, e + 1):
        y = symbol("y", meaning=1 / below)
        assert str(y / below) == "y²"
        assert str(y / below * e) == "y·(1 − y)"
        assert str(2 * e * y) == "2·(1 − y)"
    assert str(symbol("y", meaning=1 / (2 + e)) * e) == "y·exp(−x)"


def test_products_of_two_kinds_are_kept_apart() -> None:
    A, B, C = symbol("A", (2, 3)), symbol("B", (2, 3)), symbol("C", (3, 2))
    assert str(A @ C) == "A·C"
    assert str((A * B) @ C) == "(A ∘ B)·C"
    assert str((A @ C) * (B @ C)) == "(A·C) ∘ (B·C)"
    assert str(A @ (C @ A)) == "A·(C·A)"
    assert str(ops.sum(A, axis=0) * symbol("v", (3,))) == "(Σ₀ A) ∘ v"
    assert str(symbol("v", (3,)) * ops.sum(A, axis=0)) == "v ∘ Σ₀ A"
    assert str(ops.sum(A * B)) == "Σ A ∘ B"
    assert str(ops.exp(ops.sum(A)) + (ops.greater(symbol("x"), 1.0) * symbol("y"))) == "exp(Σ A) + (x > 1)·y"


def test_an_upstream_derivative_is_never_torn_apart() -> None:
    g, x = derivative("L", "z"), symbol("x")
    assert str(g / x) == "∂L/∂z·1/x"
    assert str(g / (x + 1)) == "∂L/∂z·1/(x + 1)"
    assert str(-g / x) == "−∂L/∂z·1/x"
    assert str(x / g) == "x/(∂L/∂z)"
    assert str(g**2) == "(∂L/∂z)²"
    assert str(g * 2 * x) == "∂L/∂z·2·x"
    assert str(g * x / (x + 1) * 2) == "∂L/∂z·2·x/(x + 1)"
    assert str((g + 1) / x) == "(∂L/∂z + 1)/x"


def test_a_name_that_looks_like_an_expression_stands_in_brackets() -> None:
    odd = symbol("a/b")
    assert str(odd**2 + odd) == "(a/b)² + (a/b)"
    assert odd.latex == r"a\text{/}b"
    assert str(symbol("tax rate") * 2) == "2·tax rate"


def test_numbers_and_squares() -> None:
    x, n = symbol("x"), Count(3, "n")
    assert str(x * 2) == "2·x"
    assert str(2 * (3 * x)) == "6·x"
    assert str(x * x) == "x²"
    assert str((x + 1) * (x + 1)) == "(x + 1)²"
    assert str(2 * x * x) == "2·x²"
    assert str(x * 2 / n) == "2·x/n"
    rows = symbol("X", (4, 3))
    assert str(ops.sum(rows, axis=0) / 4) == "mean₀(X)"
    assert str(ops.sum(rows, axis=0) / 3) == "(Σ X)/3"


def test_assumptions_of_an_author_are_not_written() -> None:
    x, y = symbol("x", (3,)), symbol("y", (3,))
    assert str(ops.guard(y == 0, 1.0, y)) == "y"
    assert str(x * ops.total_share(y)) == "x"


def backward(name: str) -> list[str]:
    wires = card(name).wires[:-1]
    return [w.backward.label.content.text if w.backward and w.backward.label else "" for w in wires]


def test_cards_read_as_the_book_prints_them() -> None:
    g = "∂L/∂z"
    assert backward("softmax_cross_entropy") == [f"{g}·(softmax(x) − t)", f"−{g}·log softmax(x)"]
    assert backward("cross_entropy")[0] == f"−{g}·t/y"
    assert backward("mean_squared_error")[0] == f"{g}·2·(y − t)/n"
    assert backward("mean") == [f"{g}·1/n"]
    assert backward("affine") == ["∂L/∂Z·Wᵀ", "Xᵀ·∂L/∂Z", "Σ ∂L/∂Z"]
    assert backward("tanh") == [f"{g}·(1 − z²)"]
    assert backward("power") == [f"{g}·y·x^(y − 1)", f"{g}·z·log(x)"]
    assert backward("relu") == [f"{g}·1[x > 0]"]
    assert backward("gelu") == [f"{g}·(Φ(x) + x·φ(x))"]
    assert backward("softmax") == [f"z ∘ ({g} − Σ₁ {g} ∘ z)"]
    assert backward("conv2d") == ["col2im(G·V)", "reshape(Gᵀ·im2col(x))", f"Σ₀₂₃ {g}"]
    assert backward("attention") == ["dS·K", "dSᵀ·Q", "Aᵀ·∂L/∂Z"]
    assert backward("batch_norm")[0] == f"({g} − mean₀({g}) − x̂ ∘ mean₀({g} ∘ x̂)) ∘ γ/σ"
    assert backward("layer_norm")[0] == f"({g} ∘ γ − mean₁({g} ∘ γ) − x̂ ∘ mean₁({g} ∘ γ ∘ x̂))/σ"
    assert backward("batch_norm")[1:] == [f"Σ₀ {g} ∘ x̂", f"Σ₀ {g}"]


@at_once(OPERATIONS)
def test_every_card_can_be_drawn(name: str) -> None:
    for text in (*backward(name), *(w.forward.label.content.text for w in card(name).wires if w.forward.label)):
        assert "{" not in text and "object at" not in text and "\n" not in text
        assert "∂z/" not in text


# Every rule of the table


@at_once(some(CASES))
def test_every_rule_reads_as_text(row: Operation, case: Case) -> None:
    xs = [symbol(name, shape) for name, shape in zip("xyuvw", case.shapes, strict=False)]
    z = row(*xs, **case.parameters)
    for rule in row.rules(len(xs)):
        share = (
            None if rule is None else rule(symbol("g", shape_of(z)), symbol("z", shape_of(z)), *xs, **case.parameters)
        )
        text = "" if share is None else written_out(share)
        assert "{" not in text and "object at" not in text


def test_rules_read_as_an_author_writes_them() -> None:
    def text(name: str, slot: int = 0, **keywords: Any) -> str:
        row = OPERATIONS[name]
        xs = [symbol(operand) for operand in row.operands]
        return written_out(row.rules(len(xs))[slot](symbol("g"), symbol("z"), *xs, **keywords))

    assert text("tan") == "g·(1 + z²)"
    assert text("arctan") == "g/(1 + x²)"
    assert text("log1p") == "g/(1 + x)"
    assert text("square") == "2·g·x"
    assert text("logaddexp", 1) == "g·σ(y − x)"
    assert text("floor") == "0"
