"""Both passes of random programs in a browser, after random edits, against `bpviz.propagate`."""

from __future__ import annotations

import html
import json
import pickle
import re
from typing import Any

import numpy as np
import pytest
from amounts import fewer
from browser import run_browser
from living_programs import case

import bpviz
from bpviz import nn, ops
from bpviz.graph.archive import dumped, loaded
from bpviz.living.expressions import literal, script
from bpviz.living.steps import LIMIT, Program, StaysStillError, program


def in_browser(runs: list[tuple[Program, list[list[float]]]]) -> list[list[list[float]]]:
    """Return all numbers of programs, for each of several beginnings."""
    lines = []
    for made, beginnings in runs:
        starts = ",".join(f"[{','.join(map(literal, start))}]" for start in beginnings)
        lines.append(f"[v => {{{' '.join(made.statements)}}}, [{starts}]]")
    code = (
        f"{script('functions.js')}\nconst runs = [{','.join(lines)}];\n"
        "const found = runs.map(([run, starts]) => starts.map(start => { const v = new Float64Array(start); run(v);"
        " return [...v].map(String); }));"
        "document.body.append(Object.assign(document.createElement('pre'), {textContent: JSON.stringify(found)}));"
    ).replace("</", "<\\/")
    document = run_browser(
        f'<!DOCTYPE html><html><head><meta charset="utf-8"></head><body><script>{code}</script></body></html>',
        "--dump-dom",
    )
    match = re.search(r"<pre>(.*?)</pre>", document, re.DOTALL)
    assert match, document[-500:]
    found = json.loads(html.unescape(match[1]))
    return [[[float(x.replace("Infinity", "inf")) for x in v] for v in starts] for starts in found]


def beginning(made: Program, flow: bpviz.Flow, given: dict[str, Any]) -> list[float]:
    start = list(made.initial)
    for name, value in given.items():
        for slot, number in zip(made.values[flow.graph.find(name)], np.ravel(value).tolist(), strict=True):
            start[slot] = number
    return start


def assert_same(title: str, made: Program, expected: bpviz.Flow, v: list[float]) -> None:
    numbers = np.array(v)
    names = expected.graph.names
    for index, slots in made.values.items():
        value = np.ravel(expected.values[index]).astype(float)
        assert numbers[list(slots)] == pytest.approx(value, rel=1e-9, abs=1e-12, nan_ok=True), (title, names[index])
    for index, slots in made.gradients.items():
        value = np.ravel(expected.gradient_of(index))
        assert numbers[list(slots)] == pytest.approx(value, rel=1e-9, abs=1e-12, nan_ok=True), (
            title,
            f"d{names[index]}",
        )
    for (index, slot), slots in made.shares.items():
        value = np.ravel(expected.wire_share(index, slot))
        assert numbers[list(slots)] == pytest.approx(value, rel=1e-9, abs=1e-12, nan_ok=True), (title, index, slot)


@pytest.mark.browser
def test_random_programs_and_edits_have_the_numbers_of_propagate() -> None:
    cases = [case(seed) for seed in range(fewer(200))]
    runs = []
    for _, flow, edits in cases:
        made = program(flow)
        runs.append((made, [beginning(made, flow, given) for given in ({}, *edits)]))
    for (title, flow, edits), (made, _), found in zip(cases, runs, in_browser(runs), strict=True):
        assert len(made.inputs) == len(flow.graph.inputs), title
        for given, v in zip(({}, *edits), found, strict=True):
            assert_same(title, made, bpviz.propagate(flow.graph, given), v)


A2 = np.array([[2.0, 1.0], [0.5, 3.0]])
A3 = np.array([[2.0, 1.0, 0.3], [0.5, 3.0, -0.2], [0.1, 0.7, 1.5]])
LINE, SQUARE = np.array([3.0, 1.0, 2.0, 5.0, -1.0]), np.arange(9.0).reshape(3, 3)
IMAGE = np.array([[3.0, 1.0, -2.0, 0.5], [0.2, 4.0, 1.5, 1.0], [-1.0, 2.0, 0.1, 0.3], [0.7, -0.4, 5.0, 2.5]])

ORDERS_AND_MATRICES: dict[str, Any] = {
    "sort": lambda x=LINE: np.sum(np.sort(x) * np.arange(5)),
    "sort of columns": lambda A=A3: np.sum(np.sort(A, axis=0) * SQUARE),
    "sort of all": lambda A=A3: np.sum(np.sort(A, axis=None) * np.arange(9)),
    "median": lambda x=LINE: np.median(x) ** 2,
    "quantile": lambda x=LINE: np.percentile(x, 30) * x[0],
    "argsort": lambda x=LINE, y=LINE * LINE: np.sum(y[np.argsort(x)] * np.arange(5)),
    "argmax": lambda x=LINE, A=SQUARE: x[np.argmax(x)] * A[0, 1] + np.sum(A[np.argmin(x[:3])] ** 2),
    "max pooling": lambda X=IMAGE: np.sum(nn.max_pool2d(X.reshape(1, 1, 4, 4), 2) ** 2),
    "max pooling, over each other": lambda X=IMAGE: np.sum(
        nn.max_pool2d(X.reshape(1, 1, 4, 4), 3, stride=1, pad=1) ** 2
    ),
    "cumulative product": lambda x=LINE: np.sum(np.cumprod(x) * np.arange(5)),
    "inverse of 2 × 2": lambda A=A2: np.sum(np.linalg.inv(A) * A2),
    "inverse of 3 × 3": lambda A=A3: np.sum(np.linalg.inv(A) * SQUARE),
    "inverses": lambda A=np.stack([A2, A2.T + 1]): np.sum(np.linalg.inv(A) ** 2),
    "determinant of 2 × 2": lambda A=A2: np.linalg.det(A) ** 2,
    "determinant of 3 × 3": lambda A=A3: np.linalg.det(A @ A),
    "determinants": lambda A=np.stack([A2, A2.T + 1]): np.sum(np.linalg.det(A) * np.arange(1, 3)),
    "logarithm of a determinant": lambda A=A3: np.linalg.slogdet(A)[1],
    "equations": lambda A=A3, b=A3[1]: np.sum(np.linalg.solve(A, b) ** 2),
    "equations of two": lambda A=A2, B=A3[:2]: np.sum(np.linalg.solve(A, B) ** 2),
    "Cholesky": lambda A=A3 @ A3.T: np.sum(np.linalg.cholesky(A) * SQUARE),
    "product of three": lambda a=A2[0], A=A2, b=A2[1]: np.einsum("i,ij,j->", a, A, b),
    "matrices of three": lambda A=A2, B=A3[:2], C=A3: np.sum(np.einsum("ij,jk,kl->il", A, B, C) ** 2),
}
"""Programs of orders and of small matrices; no input is near a matrix without inverse."""


@pytest.mark.browser
def test_orders_and_matrices_follow_to_any_other_order() -> None:
    rng = np.random.default_rng(11)
    cases, runs = [], []
    for title, function in ORDERS_AND_MATRICES.items():
        flow = bpviz.backprop(function)
        edits = []
        for size in (0.2, 0.4, 5.0):
            # Matrices stay those with an inverse, with positive numbers on their diagonal.
            size = (
                min(size, 0.4)
                if any(word in title for word in ("inverse", "determinant", "equations", "Cholesky"))
                else size
            )
            given = {name: np.asarray(flow.value(name)) for name in flow.graph.inputs}
            moved = {name: x + size * rng.normal(size=x.shape) * 0.5 for name, x in given.items()}
            edits.append({name: (x + x.T) / 2 + np.eye(3) if title == "Cholesky" else x for name, x in moved.items()})
        made = program(flow)
        assert len(made.inputs) == len(flow.graph.inputs), title
        cases.append((title, flow, edits))
        runs.append((made, [beginning(made, flow, given) for given in ({}, *edits)]))
    for (title, flow, edits), (made, _), found in zip(cases, runs, in_browser(runs), strict=True):
        for given, v in zip(({}, *edits), found, strict=True):
            assert_same(title, made, bpviz.propagate(flow.graph, given), v)


@pytest.mark.browser
def test_orders_of_equals_and_of_numbers_that_are_not_finite() -> None:
    flow = bpviz.backprop(lambda x=LINE: np.sum(np.sort(x) * np.arange(5)) + x[np.argmax(x)])
    made = program(flow)
    edits: list[Any] = [[1.0, 1.0, 0.0, 1.0, 0.0], [np.inf, 2.0, -np.inf, 2.0, 0.0], [1.0, np.nan, 0.0, 3.0, np.nan]]
    (found,) = in_browser([(made, [beginning(made, flow, {"x": x}) for x in edits])])
    for x, v in zip(edits, found, strict=True):
        assert_same(str(x), made, bpviz.propagate(flow.graph, {"x": np.array(x)}), v)


def test_every_value_and_gradient_that_leads_to_the_output_is_there() -> None:
    for seed in range(20):
        title, flow, _ = case(seed)
        made = program(flow)
        needed = flow.graph.ancestors([flow.output_index])
        assert set(needed) <= set(made.values), title
        assert {i for i in needed if flow.gradients[i] is not None} <= set(made.gradients), title


def test_a_sum_of_an_array_is_what_it_says() -> None:
    flow = bpviz.backprop(lambda x=np.array([1.0, 2.0]), w=np.array([3.0, 4.0]): x @ w)
    assert program(flow).statements[0] == "v[4] = v[0] * v[2] + v[1] * v[3];"


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (lambda A=np.eye(4) * 2: np.sum(np.linalg.inv(A)), "inv"),
        (lambda A=np.eye(4) * 2: np.linalg.det(A), "det"),
        (lambda A=np.eye(2) * 2: np.sum(np.linalg.eigvalsh(A)), "eigenvalues"),
        (lambda x=np.arange(400.0): np.sum(np.sort(x) * np.arange(400)), "sort"),
        (lambda x=np.array([3.0, 1.0], np.float32): np.sum(x * x), "float32"),
        (lambda x=np.array([3.0, 1.0]): np.sum(((x > 0) + (x > 2)) * x), "true and false"),
        (lambda x=np.ones((200, 200)): np.sum(x * x), str(LIMIT)),
    ],
)
def test_what_cannot_be_written_is_refused_in_a_sentence(function: Any, reason: str) -> None:
    with pytest.raises(StaysStillError, match=reason) as error:
        program(bpviz.backprop(function))
    assert "\n" not in str(error.value) and not str(error.value).endswith(".")


def test_the_number_of_a_class_stays_and_the_others_follow() -> None:
    def loss(z=np.array([1.0, 2.0, 0.5]), t=2):
        return nn.softmax_cross_entropy(z, t)

    flow = bpviz.backprop(loss)
    assert [flow.graph.names[i] for i in program(flow).inputs] == ["z"]


def test_a_branch_is_guarded_with_its_line() -> None:
    def f(x=2.0, n=3):
        if x > 1:
            x = x * 3
        for _ in range(n):
            x = x + 1
        return x

    flow = bpviz.backprop(f)
    made = program(flow)
    first = f.__code__.co_firstlineno
    assert [(guard.line - first, guard.truth) for guard in made.guards] == [(1, True), (3, False)]


def test_a_graph_from_a_file_or_a_pickle_is_guarded_as_well() -> None:
    def f(x: Any = 2.0) -> Any:
        return x * 3 if x > 1 else x

    flow = bpviz.backprop(f)
    guards = program(flow).guards
    assert [guard.line for guard in guards] == [f.__code__.co_firstlineno + 1]
    assert program(loaded(dumped(flow))).guards == guards
    assert program(pickle.loads(pickle.dumps(flow))).guards == guards


def test_a_branch_that_no_graph_has_any_more_keeps_the_figure_still() -> None:
    def f(x=2.0):
        return x * 3 if x > 1 else x

    flow = bpviz.elements(bpviz.backprop(f))
    with pytest.raises(StaysStillError, match=f"line {f.__code__.co_firstlineno + 1}"):
        program(flow)


def test_whole_numbers_of_few_bits_stay_and_the_others_follow() -> None:
    flow = bpviz.backprop(lambda x=np.array([3, 250], np.uint8), y=2.0: np.sum(x * y))
    assert [flow.graph.names[i] for i in program(flow).inputs] == ["y"]


def test_a_branch_of_a_function_inside_keeps_the_figure_still() -> None:
    def f(x: Any = 2.0) -> Any:
        slope = bpviz.grad(lambda y: y * y if y > 1 else y)
        return slope(x) * x

    flow = bpviz.backprop(f)
    with pytest.raises(StaysStillError, match=f"line {f.__code__.co_firstlineno + 1}"):
        program(flow)


def test_an_operation_of_the_user_keeps_the_figure_still() -> None:
    cube = bpviz.op("living_cube", lambda x: x**3, lambda g, z, x: (g * 3 * x**2,))
    try:
        with pytest.raises(StaysStillError, match="living_cube"):
            program(bpviz.backprop(lambda x=2.0: cube(x)))
    finally:
        del ops.OPERATIONS["living_cube"]
