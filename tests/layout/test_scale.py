"""Large figures: the work grows with the size and not faster. Calls are counted, because times differ."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from amounts import some
from counting import calls

import bpviz
from bpviz.layout import page
from bpviz.layout.rows import breaks


def chain(size: int) -> Callable[..., Any]:
    """Return a chain that uses two inputs in every turn."""

    def model(x: float = 1.1, w: float = 0.999) -> Any:
        for _ in range(size // 2):
            x = x * w + 0.01
        return x

    return model


def cells(size: int) -> Callable[..., Any]:
    """Return a recurrent network: a group of four operations in every turn, with shared weights."""

    def cell(x: Any, h: Any, w: Any, u: Any, b: Any) -> Any:
        return np.sin(w * x + u * h + b)

    def model(x: float = 0.5, h: float = 0.1, w: float = 0.6, u: float = 0.3, b: float = 0.1) -> Any:
        for _ in range(size // 5):
            h = cell(x, h, w, u, b)
        return h

    return model


def kept(size: int) -> Callable[..., Any]:
    """Return a program whose values wait: the second half uses those of the first half from the last to the first."""

    def model(x: float = 0.5) -> Any:
        values = [x]
        for _ in range(size // 2):
            values.append(np.sin(values[-1]))
        y = values.pop()
        while values:
            y = y * values.pop()
        return y

    return model


def drawing(model: Callable[..., Any]) -> Any:
    made = bpviz.draw(model, repeats="all", depth=99, timeout=None)
    assert made.figure.boxes
    return made


@pytest.mark.thorough
@pytest.mark.parametrize("family", [chain, cells, kept])
def test_the_cost_of_an_operation_does_not_grow_with_the_figure(family: Callable[[int], Callable[..., Any]]) -> None:
    """Four times the operations take about four times the calls: if pairs were compared, it would be sixteen times."""
    few, many = (drawing(family(size)) for size in (100, 400))
    assert calls(many.to_svg) < 5.5 * calls(few.to_svg)


@pytest.mark.parametrize("family", some([cells, chain, kept]))
def test_rows_are_set_a_few_times_at_most(
    family: Callable[[int], Callable[..., Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    trials: list[int] = []
    placed = 0
    in_rows, trunk_first = page.in_rows, page.trunk_first

    def counting(*args: Any) -> Any:
        rows = in_rows(*args)
        trials.append(len(rows.figures))
        return rows

    def place(plan: Any) -> Any:
        nonlocal placed
        placed += 1
        return trunk_first(plan)

    monkeypatch.setattr(page, "in_rows", counting)
    monkeypatch.setattr(page, "trunk_first", place)
    picture = drawing(family(300)).picture
    assert len(picture.breaks) + 1 == trials[-1]
    assert len(trials) <= 4
    assert placed <= 2.5 * trials[-1]
    assert picture.width <= 1.3 * 720


def test_texts_are_measured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from bpviz.layout.placement import ruler

    seen: list[int] = []
    measured = ruler.measured

    def watched(label: Any, *more: Any) -> Any:
        seen.append(id(label))
        return measured(label, *more)

    made = drawing(cells(200))
    monkeypatch.setattr(ruler, "measured", watched)
    assert made.picture
    assert len(seen) == len(set(seen))
    assert len(seen) < 2.5 * len(made.figure.wires)


def test_the_largest_stretch_around_each_place() -> None:
    chance = random.Random(7)
    for _ in range(200):
        n = chance.randint(1, 12)
        ends = [sorted((chance.randrange(n), chance.randrange(n))) for _ in range(chance.randrange(8))]
        stretches = [(float(chance.randint(1, 5)), first, last) for first, last in ends]
        expected = [
            max((v for v, first, last in stretches if first <= place <= last), default=0.0) for place in range(n)
        ]
        assert breaks._covered(stretches, n) == expected


@pytest.mark.thorough
def test_ten_thousand_operations_are_drawn() -> None:
    svg = drawing(chain(10_000)).to_svg()
    assert svg.count('class="node operation"') == 10_000
    ends = re.findall(r"<title>continues in row (\d+) as ([A-Z]+)</title>", svg)
    begins = re.findall(r"<title>([A-Z]+) continues from row (\d+)</title>", svg)
    assert [letter for _, letter in ends] == [letter for letter, _ in begins]
    # The chain goes on from each row to the next.
    assert all(int(there) == int(here) + 1 for (there, _), (_, here) in zip(ends, begins, strict=True))
    assert all(int(b) == int(a) + 1 for (a, _), (b, _) in pairwise(ends))
