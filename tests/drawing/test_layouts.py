"""The pictures between which a living page turns: which there are, and how many."""

from __future__ import annotations

from typing import Any

import numpy as np

import bpviz
from bpviz.drawing.drawing import Drawing


def states(drawing: Drawing) -> list[list[int]]:
    data = drawing._living.data  # type: ignore[union-attr]
    return [data["state"], *(one["state"] for one in data.get("layouts", ()))]


def test_all_states_of_a_few_groups() -> None:
    def inner(x: Any) -> Any:
        return x * x

    def other(x: Any) -> Any:
        return x + 1

    def f(x: float = 2.0) -> Any:
        return other(inner(x)) * x

    found = states(bpviz.draw(f, live=True, depth=0))
    assert found[0] == [0, 0]
    assert sorted(found) == [[0, 0], [0, 1], [1, 0], [1, 1]]


def test_of_many_groups_each_opens_alone_first() -> None:
    def f(x: float = 2.0) -> Any:
        for name in "abcdefghi":
            with bpviz.group(name):
                x = np.tanh(x * 2)
        return x

    drawing = bpviz.draw(f, live=True, depth=0, repeats="all")
    found = states(drawing)
    assert len(found) == 10
    assert found[0] == [0] * 9
    assert [sum(state) for state in found[1:]] == [1] * 9
