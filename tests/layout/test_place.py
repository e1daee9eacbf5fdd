"""Placement: the trunk is straight, operands stand in their order, frames hold what is theirs and nothing else."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from amounts import some
from counting import calls
from figures_by_hand import layers, pencils, random_figure, wire
from nested_programs import nested_program

import bpviz
from bpviz.errors import EngineFailed
from bpviz.figure import Box, Figure
from bpviz.layout import page
from bpviz.layout.arrangement import arranged
from bpviz.layout.page import lay_out
from bpviz.layout.placement.place import trunk_first
from bpviz.layout.placement.places import Places
from bpviz.layout.placement.plan import Plan, planned, wire_pitch
from bpviz.layout.reading_order import exchanged, misread
from bpviz.picture.theme import theme

LIGHT = theme("light")


def figures(seeds: range) -> list[tuple[str, Figure]]:
    made = [(seed, nested_program(seed)) for seed in seeds]
    drawn = [(f"program {seed}:\n{one[1]}", bpviz.draw(one[0]).figure) for seed, one in made if one]
    return [(name, figure) for name, figure in drawn if len(figure.boxes) < 200]


def at(plan: Plan, places: Places) -> dict[str, tuple[float, float]]:
    return {box.box.id: place for box, place in zip(plan.boxes, places.boxes, strict=True)}


def test_the_longest_way_is_one_straight_line() -> None:
    figure = bpviz.draw(lambda x=0.5, w=2.0, v=3.0, c=0.7: ((x * w + v) / c - w) * 0.5).figure
    plan = planned(figure, LIGHT)
    places = at(plan, trunk_first(plan))
    trunk = [box.id for box in figure.boxes if box.kind in ("operation", "output")]
    assert len({places[id][1] for id in trunk}) == 1
    assert [places[id][0] for id in trunk] == sorted(places[id][0] for id in trunk)


@pytest.mark.parametrize("direction", ["LR", "TB"])
def test_frames_hold_their_boxes_and_no_others(direction: str) -> None:
    for name, figure in figures(some(range(4000, 4060))):
        plan = planned(replace(figure, direction=direction), LIGHT)
        places = trunk_first(plan)
        for k, (start, low, end, high) in places.frames.items():
            for box, (u, v) in zip(plan.boxes, places.boxes, strict=True):
                inside = start <= u <= end and low <= v <= high
                assert inside == (k in plan.chains.get(box.box.frame or "", ())), (name, box.box, plan.titles[k])


def test_an_early_output_is_placed_early() -> None:
    """Where a graph has several outputs, an early one stands early, and what goes on stays straight."""

    def model(x: float = 0.5, w: float = 2.0) -> tuple[float, float]:
        first = x * w
        return first, ((first + 1) * 2 - x) / w

    figure = bpviz.draw(bpviz.trace(model)).figure
    plan = planned(figure, LIGHT)
    places = at(plan, trunk_first(plan))
    outputs = sorted(places[box.id] for box in figure.boxes if box.kind == "output")
    divide = next(box.id for box in figure.boxes if box.text == "÷")
    assert len(outputs) == 2
    assert outputs[0][0] < places[divide][0] < outputs[1][0]
    assert places[divide][1] == outputs[1][1]


def test_wires_lead_forward() -> None:
    for figure in (pencils(), layers(), random_figure(120, 3)):
        plan = planned(figure, LIGHT)
        found = trunk_first(plan)
        places = at(plan, found)
        for drawn, (u, _) in zip(plan.wires, found.labels, strict=True):
            assert places[drawn.wire.source][0] < u < places[drawn.wire.target][0]


def test_commuting_operands_stay_in_order_without_a_gain() -> None:
    figure = bpviz.draw(lambda a=2.0, b=3.0, c=5.0: (a * b + 4) * c, constants="wires").figure
    plan = planned(figure, LIGHT)
    places = at(plan, trunk_first(plan))
    a, b, four, c, add, last = (
        next(places[box.id][1] for box in figure.boxes if box.text == text) for text in ("a", "b", "4", "c", "+", "c")
    )
    assert a < b
    assert add < four
    assert add < c == last


@pytest.mark.thorough
def test_a_chain_of_ten_thousand_and_a_deep_nest_are_placed() -> None:
    boxes = [Box("x", "input", "x"), *(Box(f"o{i}", "operation", "f") for i in range(10_000))]
    wires = [wire("x o0", "1"), *(wire(f"o{i} o{i + 1}", "1") for i in range(9_999))]
    assert len(trunk_first(planned(Figure(tuple(boxes), tuple(wires)), LIGHT)).boxes) == 10_001


@pytest.mark.thorough
def test_the_work_grows_with_the_size() -> None:
    """Four times the boxes take less than twelve times the calls: in a square they would take sixteen."""

    def cost(count: int) -> int:
        plan = planned(random_figure(count, 5), LIGHT)
        return calls(lambda: trunk_first(plan))

    assert cost(600) < 12 * cost(150)


# What an engine puts the wrong way round


def minus(*, equal: bool = True) -> Figure:
    boxes = Box("x", "input", "x"), Box("y", "input", "y"), Box("o", "operation", "−"), Box("z", "output", "z")
    wires = wire("x o", "5"), wire("y o", "4" if equal else "4444444444", slot=1), wire("o z", "1")
    return Figure(boxes, wires)


def upside_down(plan: Plan) -> Places:
    """Places in which the two operands have changed heights."""
    places = trunk_first(plan)
    (a, b, *boxes), (c, d, *labels) = places.boxes, places.labels
    return places._replace(boxes=[(a[0], b[1]), (b[0], a[1]), *boxes], labels=[(c[0], d[1]), (d[0], c[1]), *labels])


def test_the_wrong_way_round_is_seen_and_mended_by_exchanging_labels() -> None:
    plan, pitch = planned(minus(), LIGHT), wire_pitch(LIGHT)
    assert misread(plan, arranged(plan, trunk_first(plan), pitch)) == []
    wrong = upside_down(plan)
    assert misread(plan, arranged(plan, wrong, pitch)) == [2]
    mended = exchanged(plan, wrong, [2])
    assert misread(plan, arranged(plan, mended, pitch)) == []
    assert sorted(mended.labels) == sorted(wrong.labels)


def test_where_labels_cannot_be_exchanged_wires_cross_before_they_arrive() -> None:
    plan, pitch = planned(minus(equal=False), LIGHT), wire_pitch(LIGHT)
    wrong = upside_down(plan)
    assert exchanged(plan, wrong, [2]) == wrong
    assert misread(plan, arranged(plan, wrong, pitch, frozenset({2}))) == []


def test_a_commuting_operation_is_never_misread() -> None:
    figure = minus()
    free = replace(figure, boxes=tuple(replace(box, commutes=True) for box in figure.boxes))
    plan = planned(free, LIGHT)
    assert misread(plan, arranged(plan, upside_down(plan), wire_pitch(LIGHT))) == []


def test_a_figure_that_cannot_be_true_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "misread", lambda plan, found: [2])
    with pytest.raises(EngineFailed, match=r"The operands of '−' found no places in their order.*--depth 0"):
        lay_out(minus(), LIGHT)


def test_labels_stand_in_the_order_of_places() -> None:
    """Along every line things follow one another: nothing stands in the room of its neighbour."""
    for _, figure in figures(some(range(4100, 4110))):
        plan = planned(figure, LIGHT)
        places = trunk_first(plan)
        spans = sorted(
            [
                *(
                    (v, u - box.width / 2, u + box.width / 2)
                    for box, (u, v) in zip(plan.boxes, places.boxes, strict=True)
                ),
                *(
                    (v + drawn.lift, u - drawn.width / 2, u + drawn.width / 2)
                    for drawn, (u, v) in zip(plan.wires, places.labels, strict=True)
                ),
            ]
        )
        assert all(before[0] < after[0] or before[2] <= after[1] + 1 for before, after in pairwise(spans))
