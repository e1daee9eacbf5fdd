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
        (lambda x=np.array([3.0, 1.0, 2.0]): np.sum(np.sort(x) * np.arange(3)), "sort"),
        (lambda A=np.eye(2) * 2: np.sum(np.linalg.inv(A)), "inv"),
        (lambda A=np.eye(2) * 2: np.linalg.det(A), "det"),
        (lambda x=np.array([3.0, 1.0, 2.0]): np.median(x), "sort"),
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
