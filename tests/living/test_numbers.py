"""The texts of numbers in a browser, against those of Python."""

from __future__ import annotations

import html
import json
import random
import re
from typing import Any

import numpy as np
import pytest
from amounts import fewer
from browser import run_browser

from bpviz.figure import Grid
from bpviz.living.expressions import literal, script
from bpviz.text.columns import of_one_kind
from bpviz.text.numerals import number
from bpviz.words.values import content


def in_browser(calls: str, count: int) -> list[Any]:
    """Return what an array of expressions gives, of which there are so many."""
    code = (
        f"{script('numbers.js')}\nconst found = [{calls}];"
        "document.body.append(Object.assign(document.createElement('pre'), {textContent: JSON.stringify(found)}));"
    ).replace("</", "<\\/")
    document = run_browser(
        f'<!DOCTYPE html><html><head><meta charset="utf-8"></head><body><script>{code}</script></body></html>',
        "--dump-dom",
    )
    match = re.search(r"<pre>(.*?)</pre>", document, re.DOTALL)
    assert match, document[-500:]
    found: list[Any] = json.loads(html.unescape(match[1]))
    assert len(found) == count
    return found


def some_number(rng: random.Random) -> float:
    """Return a number as they occur: of any size, whole, short, halfway between two texts, next to a power of ten."""
    sign = rng.choice((1.0, -1.0))
    match rng.randrange(8):
        case 0:
            return sign * 10 ** rng.uniform(-12, 12)
        case 1:
            return sign * float(rng.randrange(3_000_000))
        case 2:
            return sign * round(rng.uniform(0, 10), rng.randrange(5))
        case 3:
            return sign * rng.randrange(1, 10_000) / 2.0 ** rng.randrange(1, 12)
        case 4:
            return sign * 10.0 ** rng.randrange(-8, 9) * (1 + rng.choice((-1e-15, 0, 1e-15, -1e-5, 1e-5, -1e-4)))
        case 5:
            return sign * 10 ** rng.uniform(-300, 300)
        case 6:
            return rng.choice((0.0, -0.0, float("nan"), float("inf"), float("-inf"), 1e6, 999_999.5, 1e7, 0.1 + 0.2))
        case _:
            return rng.gauss(0, 1)


@pytest.mark.browser
def test_a_number_has_the_same_text() -> None:
    rng = random.Random(1)
    cases = [(some_number(rng), rng.choice((4, 4, 4, 1, 2, 3, 6, 9, 17))) for _ in range(fewer(200_000))]
    cases += [(n / 16, precision) for n in range(2000) for precision in (2, 3, 4)]
    found = in_browser(",".join(f"N.number({literal(x)},{p})" for x, p in cases), len(cases))
    wrong = [(x, p, text, number(x, p)) for (x, p), text in zip(cases, found, strict=True) if text != number(x, p)]
    assert not wrong, wrong[:10]


@pytest.mark.browser
def test_numbers_of_one_kind_have_the_same_texts() -> None:
    rng = random.Random(2)
    cases = []
    for _ in range(fewer(100_000)):
        scale = rng.choice((1.0, 1.0, 10 ** rng.uniform(-9, 9)))
        near = rng.random() < 0.7
        values = [rng.gauss(0, scale) if near else some_number(rng) for _ in range(rng.randrange(1, 9))]
        if rng.random() < 0.4:
            values = [round(v, rng.randrange(4)) for v in values]
        cases.append((values, rng.choice((4, 4, 1, 2, 3, 6))))
    calls = (f"N.ofOneKind([{','.join(map(literal, values))}],{p})" for values, p in cases)
    found = in_browser(",".join(calls), len(cases))
    wrong = []
    for (values, p), (texts, factor) in zip(cases, found, strict=True):
        if (tuple(texts), factor) != of_one_kind(values, p):
            wrong.append((values, p, texts, factor, of_one_kind(values, p)))
    assert not wrong, wrong[:5]


@pytest.mark.browser
def test_the_cells_of_a_small_array_have_the_same_texts() -> None:
    """Also what may be only rounding, which is about 0."""
    rng = random.Random(3)
    cases = []
    for _ in range(fewer(5000)):
        rows, columns = rng.randrange(1, 5), rng.randrange(1, 5)
        values = [[rng.gauss(0, 1) * rng.choice((1, 1, 1, 1e-16, 0)) for _ in range(columns)] for _ in range(rows)]
        cases.append(values)
    calls = (f"N.cells([{','.join(literal(v) for row in values for v in row)}],4)" for values in cases)
    for values, (texts, factor) in zip(cases, in_browser(",".join(calls), len(cases)), strict=True):
        shown = content(np.array(values))
        if isinstance(shown, Grid):
            assert (tuple(texts), factor) == (tuple(cell for row in shown.rows for cell in row), shown.factor), values
