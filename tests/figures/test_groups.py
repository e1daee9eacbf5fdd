"""Groups: any number within each other, and those that values leave and come back to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from counting import calls

import bpviz
from bpviz.errors import UsageError


def nested(count: int, *, steps: bool = False) -> bpviz.Graph:
    """Return a graph of so many groups within each other, with a step in each or only in the innermost."""
    graph = bpviz.Graph("f")
    x = graph.input("x", 2.0)
    within: list[Any] = []
    for number in range(count):
        within.append(bpviz.group(f"g{number}"))
        within[-1].__enter__()
        if steps:
            x = x + 1.0
    graph.output(x * 3.0, "y")
    for group in reversed(within):
        group.__exit__(None, None, None)
    return graph


@pytest.mark.parametrize(
    "steps", [False, pytest.param(True, marks=pytest.mark.thorough)], ids=["one step", "a step in each"]
)
@pytest.mark.parametrize(
    "format",
    ["svg", *(pytest.param(name, marks=pytest.mark.thorough) for name in ("html", "dot", "tikz", "mermaid", "json"))],
)
def test_five_thousand_groups_are_drawn(format: str, steps: bool) -> None:
    drawing = bpviz.draw(nested(5000, steps=steps))
    assert len(drawing.to_bytes(format)) < 5_000_000
    (note,) = drawing.figure.closed
    assert 20 <= len(drawing.figure.frames) <= 60
    assert note.startswith(f"groups deeper than {len(drawing.figure.frames)} are closed")
    # 3 (x + 5000), or 3 x.
    value = 15_006 if steps else 6
    assert drawing.figure.description == f"Computation graph of f: y = {value:,}; gradients: x 3.".replace(",", "")


def test_as_many_frames_as_a_page_has_room_for() -> None:
    assert len(bpviz.draw(nested(40)).figure.frames) == 40
    assert bpviz.draw(nested(40)).figure.closed == ()
    drawing = bpviz.draw(nested(100))
    assert drawing.figure.closed == (
        "groups deeper than 40 are closed, because 100 within each other do not fit a page: --open NAME opens one, "
        '--open all (open="all") every one',
    )
    assert [box.text for box in drawing.figure.boxes] == ["x", "g40", "y"]
    assert len(bpviz.draw(nested(100), open="all").figure.frames) == 100
    assert len(bpviz.draw(nested(100), open="g60").figure.frames) == 61
    assert len(bpviz.draw(nested(100), depth=70).figure.frames) == 70
    # What a reader closes is not said to be too much.
    closed = bpviz.draw(nested(100), close="g10").figure
    assert (len(closed.frames), closed.closed) == (10, ())


def test_the_cost_of_a_frame_does_not_grow_with_the_frames_around_it() -> None:
    few, many = (bpviz.draw(nested(count), depth=count, timeout=None) for count in (250, 1000))
    assert calls(many.to_svg) < 5.5 * calls(few.to_svg)


def test_frames_nested_in_mermaid() -> None:
    lines = bpviz.draw(nested(3000), depth=3000, timeout=None).to_bytes("mermaid").decode().splitlines()
    bare = [line.strip() for line in lines]
    first = bare.index('subgraph f1 ["g0"]')
    assert [line.split(" ", 1)[0] for line in bare[first : first + 3000]] == ["subgraph"] * 3000
    assert bare[first + 3001 : first + 6001] == ["end"] * 3000


# Groups that values leave and come back to


def worker(x: Any) -> Iterator[Any]:
    a = x * 2
    while True:
        b = yield a
        a = a / b + 1


def sent(x: float = 1.5, turns: int = 3) -> Any:
    work = worker(x)
    a = next(work)
    for _ in range(turns):
        a = work.send(a * a)
    return a


def test_a_generator_is_not_closed_by_depth() -> None:
    drawing = bpviz.draw(sent, depth=0)
    assert "groups that values leave and come back to stay open: worker" in drawing.figure.notes
    assert [frame.title for frame in drawing.figure.frames] == ["worker"]
    assert [box.text for box in drawing.figure.boxes if box.kind == "operation"].count("÷") == 3
    assert drawing.to_svg()


def test_a_generator_in_a_figure_that_is_too_large_for_a_page() -> None:
    def model(x: float = 1.5) -> Any:
        return sum(np.sin(sent(x * k, 20)) for k in range(1, 8))

    drawing = bpviz.draw(model)
    assert drawing.to_svg()
    assert any("stay open: worker" in note for note in drawing.figure.closed)


def test_groups_that_lead_to_each_other_are_not_closed_together() -> None:
    graph = bpviz.Graph("f")
    x, y = graph.input("x", 2.0), graph.input("y", 3.0)
    with bpviz.group("A"):
        a = x * 2.0
    with bpviz.group("B"):
        b = a * 3.0
        other = y * 4.0
    with bpviz.group("A"):
        graph.output(other * 5.0, "z")
    graph.output(b, "b")
    for options in ({"depth": 0}, {"close": "B"}):
        drawing = bpviz.draw(graph, **options)
        assert drawing.to_svg()


def test_a_group_that_cannot_be_closed_is_named() -> None:
    with pytest.raises(UsageError) as caught:
        bpviz.draw(sent, close="worker").to_svg()
    assert str(caught.value) == (
        "the group 'worker' cannot be closed: values leave it and come back to it, so that its box would be in a circle "
        "of wires; leave out --close worker"
    )
