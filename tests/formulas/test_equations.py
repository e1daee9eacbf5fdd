"""No printed formula is a false equation: a reader who knows mathematics alone gets the gradient, in value and shape."""

from __future__ import annotations

import importlib
import random
import re
import sys
import textwrap
from collections import Counter
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any

import numpy as np
import places
import pytest
from amounts import ALL_CASES, fewer, some
from at_once import at_once
from mathematics import ByName, read_latex, read_text
from random_arrays import random_array_function
from samples import sample
from svg_lines import in_one_piece

import bpviz
from bpviz import ops
from bpviz.errors import UsageError
from bpviz.figures.card import reading
from bpviz.formulas.formula import written_out
from bpviz.formulas.latex import latex_of
from bpviz.graph.flow import Flow

HOME = places.ROOT
BY_NAME = {
    # Windows of images, and what is picked from them.
    *("im2col", "col2im", "conv2d", "average_pool2d", "max_pool2d", "max_unpool2d", "picked_at_largest"),
    # Positions that no line holds: of an order, of a first maximum, of what was looked up or repeated.
    *("sort", "pick_largest", "embedding", "repeat", "cummax", "cummin", "interp"),
    # Rules that need names of their own on the way (x̂ and σ, the weights A), or a half triangle.
    *("batch_norm", "layer_norm", "attention", "cholesky", "lower_half", "eigenvalues", "eigenvectors"),
    *("singular_values", "left_vectors", "right_vectors"),
    # A write into a part of an array.
    *("assign", "fill"),
    # A diagonal beside the main one.
    "trace",
}
"""The rows whose rule is written by its name, in one case or more."""


def names_of(flow: Flow) -> dict[str, Any]:
    """What the names of a figure stand for: values, and gradients."""
    names = {}
    for index in range(len(flow.values)):
        name = flow.symbols.name(index)
        if name:
            names[name] = flow.values[index]
            if flow.graph.is_gradient:
                continue  # such a figure shows its forward formulas alone
            names[flow.symbols.derivative(index)] = flow.gradient_of(index)
    return names


def equations(flow: Flow) -> Iterator[tuple[str, str, str, Any]]:
    """All equations of a figure: left side, text, LaTeX, and the value of the left side."""
    symbols = flow.symbols
    for index in range(len(flow.values)):
        name = symbols.name(index)
        if name and flow.gradients[index] is not None and not flow.graph.is_gradient:
            formula = symbols.formula(index)
            yield symbols.derivative(index), str(formula), formula.latex, flow.gradient_of(index)
        if name and flow.graph.record.operations[index] is not None:
            expression = symbols.expression(index)
            yield name, str(expression), expression.latex, flow.values[index]


def check(left: str, line: str, read: Callable[..., Any], names: dict[str, Any], true: Any, note: str = "") -> None:
    found = read(line, names, np.shape(true))
    assert np.shape(found) == np.shape(true)
    # Numbers in formulas have four digits.
    scale = 1 + np.max(np.abs(true), initial=0)
    np.testing.assert_allclose(found, true, rtol=1e-3, atol=1e-3 * scale, err_msg=f"{left} = {line}\n{note}")


@pytest.mark.parametrize("start", some(range(0, 400, 50), every=3))
def test_every_equation_of_random_programs_is_true(start: int) -> None:
    read = Counter[str]()
    for seed in some(range(start, start + 50)):
        function, arguments = random_array_function(random.Random(seed))
        flow = bpviz.backprop(function, **arguments)
        names = names_of(flow)
        for left, text, latex, true in equations(flow):
            for reader, line in ((read_text, text), (read_latex, latex)):
                try:
                    check(left, line, reader, names, true, f"seed {seed}\n{function.__doc__}")
                    read["read"] += 1
                except ByName:
                    read["by name"] += 1
    # Nearly all are read; a rule by name is the exception.
    assert read["read"] > fewer(400)
    assert read["by name"] < 0.02 * read["read"]


@at_once([row for row in ops.OPERATIONS.values() if row.rules(1)[0]])
def test_the_gradient_of_every_row_is_a_true_equation_or_a_rule_by_name(row: ops.Operation) -> None:
    named = False
    for case in some(row.cases):
        values = sample(row, case)
        graph = bpviz.Graph()
        handles = [graph.input(f"x{i}", x) for i, x in enumerate(values)]
        graph.output(row(*handles, **case.parameters), "z")
        z = np.asarray(row(*values, **case.parameters))
        seed = np.arange(1.0, z.size + 1).reshape(z.shape) if z.dtype.kind == "f" and z.ndim else 1.0
        flow = bpviz.propagate(graph, seed=seed)
        names = names_of(flow)
        for index in graph.record.is_input:
            if flow.gradients[index] is None:
                continue
            formula, true = flow.symbols.formula(index), flow.gradient_of(index)
            try:
                check(f"dx{index}", str(formula), read_text, names, true, str(case))
                check(f"dx{index}", formula.latex, read_latex, names, true, str(case))
            except ByName:
                assert "′" in str(formula), "what is no mathematics is a rule by its name"
                named = True
    # It may be in another case that the rule is written by its name.
    assert named == (row.name in BY_NAME) or not (named or ALL_CASES)


def flows_of_gallery() -> Iterator[tuple[str, Flow]]:
    """The functions of the gallery's sources, and the seed articles' functions that stand in them."""
    sys.path.insert(0, str(HOME / "gallery"))
    try:
        for path in sorted((HOME / "gallery").glob("*.py")):
            if path.stem == "regenerate" or "plot" in path.read_text(encoding="utf-8"):
                continue
            module = importlib.import_module(path.stem)
            for name, value in vars(module).items():
                drawing = getattr(value, "source", None)
                if isinstance(drawing, Flow):
                    yield f"{path.stem}.{name}", drawing
                elif callable(value) and getattr(value, "__module__", "") == path.stem:
                    try:
                        yield f"{path.stem}.{name}", bpviz.backprop(value)
                    except (UsageError, TypeError):
                        continue
    finally:
        sys.path.remove(str(HOME / "gallery"))


def flows_of_docs() -> Iterator[tuple[str, Flow]]:
    """The figures of the documentation."""
    for page in sorted((HOME / "docs").rglob("*.rst")):
        text = page.read_text(encoding="utf-8")
        for number, block in enumerate(re.findall(r"^\.\. bpviz::.*\n((?: {3}.*\n|\n)*)", text, flags=re.MULTILINE)):
            lines = textwrap.dedent(block).splitlines()
            options = [line for line in lines if line.startswith(":")]
            names: dict[str, Any] = {}
            exec("\n".join(line for line in lines if not line.startswith(":")), names)
            gradients = tuple(line.split()[1] for line in options if line.startswith(":grad: "))
            functions = [value for value in names.values() if isinstance(value, FunctionType)]
            if functions:
                # The others are its helpers.
                flow = bpviz.draw(functions[-1], grad=gradients).source
                assert isinstance(flow, Flow)
                yield f"{page.name} {number}", flow


@pytest.mark.thorough
def test_every_equation_of_the_gallery_and_the_documentation_is_true() -> None:
    seen = Counter[str]()
    for where, flow in (*flows_of_gallery(), *flows_of_docs()):
        names = names_of(flow)
        for left, text, latex, true in equations(flow):
            if re.search(r"(cross entropy|conv2d|pool|unpool|layer_norm|LayerNorm|norm)\(|′", text):
                continue  # a function that is only named
            check(left, text, read_text, names, true, where)
            check(left, latex, read_latex, names, true, where)
            seen[where] += 1
    assert len(seen) >= 16
    assert seen.total() >= 150


EXPLAINED = (
    "conv2d",
    "batch_norm",
    "layer_norm",
    "attention",
    "cholesky",
    "lower_half",
    "eigenvalues",
    "eigenvectors",
    "singular_values",
    "left_vectors",
    "right_vectors",
    "interp",
)
"""The cards whose formulas hold names that the notes below them explain."""
NAMED_ON_CARDS = (
    *("assign", "fill", "im2col", "col2im", "sort", "embedding", "pick_largest", "average_pool2d"),
    *("cummax", "cummin"),
)


@at_once([row for row in ops.OPERATIONS.values() if row.rules(1)[0]])
def test_every_card_is_true(row: ops.Operation) -> None:
    if row.name in EXPLAINED:
        return
    read = reading(row)
    case = next(case for case in row.cases if all(map(fits, case.shapes, read.operands)))
    values = [np.asarray(value) for value in sample(row, case)]
    if row.name == "softmax_cross_entropy":
        values[1] /= values[1].sum()
    z = np.asarray(row(*values, **case.parameters))
    g = np.random.default_rng(1).uniform(0.5, 2, z.shape)
    names = dict(zip((operand.name for operand in read.operands), values, strict=True))
    names |= {read.z.name: z, str(read.g): g, "n": max(map(np.size, values))}
    numbers = [g, z, *values]
    for slot, (back, rule) in enumerate(zip(read.backward, row.rules(len(values)), strict=True)):
        share = None if rule is None else rule(*numbers, **case.parameters)
        if share is None:
            assert back is None
            continue
        share = np.asarray(share)
        # What broadcasting had spread is added up.
        lead = share.ndim - values[slot].ndim
        share = share.sum(axis=tuple(range(lead))) if lead > 0 else share
        true = np.broadcast_to(share, values[slot].shape)
        try:
            check(row.name, written_out(back), read_text, names, true)
            check(row.name, latex_of(back), read_latex, names, true)
        except ByName:
            assert row.name in NAMED_ON_CARDS or "pool" in row.name or row.name == "picked_at_largest"


def fits(shape: tuple[int, ...], operand: Any) -> bool:
    return tuple(map(int, operand.shape)) == tuple(shape)


W, x = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1.0, -1.0])


def layer(W=W, x=x, b=np.array([0.5, -0.2])):
    a = np.tanh(W @ x + b)
    return a.sum()


def test_a_layer_of_one_example_everywhere_it_is_printed() -> None:
    lines = ("dW = (1 − a²)·xᵀ", "dx = Wᵀ·(1 − a²)", "db = 1 − a²")
    for labels in ("symbols", "rules"):
        drawing = bpviz.draw(layer, labels=labels)
        page = in_one_piece(drawing.to_svg())
        assert all(line in page for line in lines)
        assert r"dW = (1 - a^{2}) \cdot x^{\top}" in drawing.to_bytes("tex").decode().replace("{}", "")
    explained = bpviz.explain(layer)
    for page in (str(explained), explained.to_markdown(), explained.to_html()):
        assert all(line in page for line in lines)
    assert '"formula": "(1 − a²)·xᵀ"' in explained.to_json() or r'"formula": "(1 \u2212 a' in explained.to_json()
    assert [found.formula for found in explained.variables][:3] == ["(1 − a²)·xᵀ", "Wᵀ·(1 − a²)", "1 − a²"]


@pytest.mark.parametrize(
    ("function", "lines"),
    [
        (lambda x=x, W=W: np.sum(np.tanh(x @ W)), {"x": "W·(1 − tanh(Wᵀ·x)²)", "W": "x·(1 − tanh(Wᵀ·x)²)ᵀ"}),
        (lambda x=x, y=np.array([3.0, 4.0]): x @ y, {"x": "y", "y": "x"}),
        (lambda X=np.ones((3, 2)), b=x: np.sum((X + b) ** 2), {"b": "2·Σ (X + b)"}),
        (lambda X=W: np.sum(np.sum(X, axis=1) ** 2), {"X": "2·Σ₁ X"}),
        (lambda X=W: np.sum(np.mean(X, axis=0) ** 2), {"X": "mean₀(X)"}),
        (lambda X=W: np.sum(X.reshape(-1)[1:] ** 2), {"X": "reshape(put(2·reshape(X, shape=(4,))[1:], [1:]"}),
    ],
)
def test_formulas_that_were_once_wrong(function: Callable[..., Any], lines: dict[str, str]) -> None:
    flow = bpviz.backprop(function)
    for name, line in lines.items():
        text = str(flow.formula(name))
        assert text.startswith(line) if line.startswith("reshape") else text == line


def test_the_rule_of_a_row_of_the_table_is_never_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(g: Any, z: Any, x: Any) -> Any:
        if isinstance(x, float):
            return g * z
        raise TypeError("broken")

    flow = bpviz.backprop(lambda x=1.0: np.exp(x))
    monkeypatch.setitem(ops.exp.__dict__, "vjp", (broken,))
    with pytest.raises(TypeError, match="broken"):
        flow.formula("x")


def test_a_gradient_is_not_called_as_a_value_of_the_source_is() -> None:
    def model(x=x, dx=np.array([2.0, 3.0])):
        y = x * dx
        return np.sum(y * y)

    flow = bpviz.backprop(model)
    assert str(flow.formula("x")) == "dy ∘ dx"
    assert flow.symbols.derivative(flow.graph.find("x")) == "∂model/∂x"
