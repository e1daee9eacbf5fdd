"""The JavaScript of every row, in a real browser, against the row's own numbers."""

from __future__ import annotations

import html
import itertools
import json
import math
import re
from typing import Any

import numpy as np
import pytest
from browser import run_browser
from samples import ROWS, sample

from bpviz import ops
from bpviz.living.expressions import literal, script, written
from bpviz.ops import Case, Operation

SCALAR = tuple(row for row in ROWS if row.js)
EDGES = (0.0, -0.0, 1.0, -1.0, 2.0, 0.5, -0.5, 2.5, -3.0, 1e-300, 1e300, -1e300, 40.0, -40.0, 800.0, -800.0)
EDGES += (math.inf, -math.inf, math.nan)
WHOLE = ("bitwise_and", "bitwise_or", "bitwise_xor")
"""Rows of conditions and of whole numbers."""
NO_EXPRESSION = {"invert": "true and false give other numbers than whole ones"}
"""Rows of single numbers that have no JavaScript, and why."""


def parameters(row: Operation) -> list[dict[str, Any]]:
    found = [dict(case.parameters) for case in row.cases]
    return [made for i, made in enumerate(found) if made not in found[:i]]


def operands(row: Operation) -> list[tuple[float, ...]]:
    """Random numbers of the row's domain, and edge cases in all combinations."""
    count = 3 if row.variadic else len(row.operands)
    if row.name in WHOLE:
        return [*itertools.product((0.0, 1.0), repeat=2)]
    case = Case(((50,),) * count)
    random = zip(*(x.astype(float).tolist() for x in sample(row, case)), strict=True)
    edges = EDGES if count < 3 else EDGES[::3]
    return [*random, *itertools.product(edges, repeat=count)]


def of_row(row: Operation, xs: tuple[float, ...], more: dict[str, Any]) -> float:
    values: list[Any] = [bool(x) for x in xs] if row.name in WHOLE else list(xs)
    with ops.silence():
        return float(ops.evaluate(row, values, more))


def in_browser(cases: list[tuple[str, tuple[float, ...]]]) -> list[float]:
    """Return the numbers of expressions in v, with the numbers of v for each."""
    lines = ",".join(f"[{json.dumps(text)},[{','.join(map(literal, xs))}],v=>({text})]" for text, xs in cases)
    code = (
        f"{script('functions.js')}\nconst found = [{lines}].map(([text, xs, f]) => String(Number(f(xs))));"
        "document.body.innerHTML = '<pre>' + JSON.stringify(found) + '</pre>';"
    ).replace("</", "<\\/")
    document = run_browser(
        f'<!DOCTYPE html><html><head><meta charset="utf-8"></head><body><script>{code}</script></body></html>',
        "--dump-dom",
    )
    match = re.search(r"<pre>(.*?)</pre>", document, re.DOTALL)
    assert match, document[-500:]
    return [float(text.replace("Infinity", "inf")) for text in json.loads(html.unescape(match[1]))]


@pytest.mark.browser
def test_every_row_has_its_own_numbers_in_a_browser() -> None:
    cases = [(row, more, xs) for row in SCALAR for more in parameters(row) for xs in operands(row)]
    texts = [(written(row, [f"v[{i}]" for i in range(len(xs))], more), xs) for row, more, xs in cases]
    wrong = []
    for (row, more, xs), found in zip(cases, in_browser(texts), strict=True):
        expected = of_row(row, xs, more)
        if not np.isclose(found, expected, rtol=1e-12, atol=1e-300, equal_nan=True):
            wrong.append((row.name, more, xs, found, expected))
    assert not wrong, "\n".join(map(str, wrong))
    assert len(cases) > 10_000


def test_every_row_of_single_numbers_has_an_expression() -> None:
    elementwise = {row.name for row in ROWS if row.shape is None and row.inside is None and not row.variadic}
    assert elementwise - {row.name for row in SCALAR} == set(NO_EXPRESSION)


def test_an_expression_names_operands_and_parameters_of_its_row() -> None:
    for row in SCALAR:
        named = set(re.findall(r"\{(\w+)\}", row.js))
        assert named <= {*row.operands, *row.parameters}, row.name
        assert set(row.operands) <= named, row.name
        assert set(re.findall(r"F\.(\w+)", row.js)) <= set(re.findall(r"\w+", script("functions.js"))), row.name
