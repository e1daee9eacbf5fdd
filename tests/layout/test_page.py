"""The layout, by its numbers: what stands where, and that nothing runs over anything else."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import pairwise
from math import hypot

import pytest
from amounts import some, some_pairs
from figures_by_hand import arrow, layers, pencils, random_figure, square, varied_figure, wire
from overlaps import Edges, collisions, edges, overlap

from bpviz.errors import LayoutTimeout, UsageError
from bpviz.figure import Box, Figure, Frame, Wire
from bpviz.layout.engines import engines
from bpviz.layout.page import lay_out
from bpviz.picture.curves import sampled
from bpviz.picture.elements import Element, Head, Part, Path, Picture, Shape, Text
from bpviz.picture.theme import theme

LIGHT = theme("light")


def part(picture: Picture, id: str) -> Part:
    return next(part for part in picture.parts if part.id == id)


def one(part: Part, kind: type, role: str) -> Element:
    (found,) = [e for e in part.elements if isinstance(e, kind) and getattr(e, "role", "") == role]
    return found


ENGINES = pytest.mark.parametrize("engine", ["bpviz", pytest.param("graphviz", marks=pytest.mark.engine)])


@ENGINES
@pytest.mark.parametrize("direction", ["LR", "TB"])
@pytest.mark.parametrize("seed", some(range(50), every=20))
def test_nothing_collides(seed: int, direction: str, engine: str) -> None:
    figure = replace(random_figure(3 + seed * 37 // 49, seed), direction=direction)
    assert not list(collisions(lay_out(figure, LIGHT, engine=engine)))


@ENGINES
@pytest.mark.parametrize("seed", some(range(90), every=20))
def test_figures_of_every_kind_lay_out_and_nothing_collides(seed: int, engine: str) -> None:
    assert not list(collisions(lay_out(varied_figure(seed), LIGHT, engine=engine)))


@ENGINES
@pytest.mark.parametrize(
    ("figure", "direction"), some_pairs([pencils(), square(), layers()], ["LR", "RL", "TB", "BT"], every=3)
)
def test_nothing_collides_in_figures_by_hand(figure: Figure, direction: str, engine: str) -> None:
    for shown in (
        figure,
        replace(figure, wires=tuple(replace(old, backward=None) for old in figure.wires)),
        replace(figure, wires=tuple(replace(old, forward=None) for old in figure.wires)),
        replace(figure, wires=tuple(replace(old, forward=arrow(""), backward=arrow("")) for old in figure.wires)),
    ):
        assert not list(collisions(lay_out(replace(shown, direction=direction), LIGHT, engine=engine)))


def test_forward_runs_above_backward_with_its_number_above_and_the_gradient_below() -> None:
    found = part(lay_out(pencils(), LIGHT), "m p 0")
    forward, backward = one(found, Path, "forward"), one(found, Path, "backward")
    above, below = one(found, Text, "forward"), one(found, Text, "backward")
    assert (above.text, below.text) == ("200", "1.1")
    # Beside the labels both lines are level, five points apart.
    line, other = (min(sampled(way.points, 40), key=lambda p: abs(p[0] - above.x))[1] for way in (forward, backward))
    assert other - line == pytest.approx(5)
    assert above.y < line < other < below.y - 0.7 * below.size
    assert above.x == below.x


def test_a_single_arrow_runs_in_the_middle() -> None:
    figure = Figure((Box("x", "input", "x"), Box("o", "operation", "exp")), (wire("x o", "1"),))
    picture = lay_out(figure, LIGHT)
    assert {y for _, y in one(part(picture, "x o 0"), Path, "forward").points} == {
        one(part(picture, "o"), Shape, "node").y
    }


def test_heads_land_on_the_border_and_point_into_the_node() -> None:
    picture = lay_out(pencils(), LIGHT)
    for id, target in (("m p 0", "p"), ("n p 1", "p"), ("t q 1", "q"), ("a m 0", "m")):
        head, circle = one(part(picture, id), Head, "forward"), one(part(picture, target), Shape, "node")
        to_tip = hypot(head.tip[0] - circle.x, head.tip[1] - circle.y)
        assert to_tip == pytest.approx(circle.width / 2, abs=1.0)
        assert hypot(head.base[0] - circle.x, head.base[1] - circle.y) - to_tip > 0.8 * LIGHT.head[0]


def test_an_operand_used_twice_is_two_wires_in_two_places() -> None:
    picture = lay_out(square(), LIGHT)
    one_label, other = (one(part(picture, f"x* m {slot}"), Text, "backward") for slot in (0, 1))
    assert other.y - one_label.y > 2 * LIGHT.sizes["forward"]


def test_forward_lines_pass_through_a_branch_dot_without_a_head() -> None:
    into = part(lay_out(square(), LIGHT), "x x* 0")
    assert [e.role for e in into.elements if isinstance(e, Head)] == ["backward"]


def test_names_of_one_column_end_together_and_operands_keep_their_order() -> None:
    picture = lay_out(pencils(), LIGHT)
    names = [one(part(picture, id), Text, "name") for id in "abcd"]
    assert len({round(name.x + name.width / 2, 6) for name in names}) == 1
    assert [name.y for name in names] == sorted(name.y for name in names)


def test_frames_hold_what_they_name_and_lie_within_their_parents() -> None:
    picture = lay_out(layers(), LIGHT)
    inner, outer = (edges(one(part(picture, id), Shape, "frame")) for id in ("affine", "layer"))
    dot, sigma, product = (edges(part(picture, id).elements[0]) for id in "dsm")

    def within(a: Edges, b: Edges) -> bool:
        return b[0] < a[0] and b[1] < a[1] and a[2] < b[2] and a[3] < b[3]

    assert within(inner, outer)
    assert within(dot, inner)
    assert within(sigma, outer)
    assert not overlap(sigma, inner)
    assert not overlap(product, outer)


def test_marked_content_is_boxed_and_constants_are_grey() -> None:
    picture = lay_out(layers(), LIGHT)
    assert one(part(picture, "d s 0"), Shape, "mark")
    constant = part(picture, "two")
    assert {e.role for e in constant.elements} == {"constant"}
    assert (constant.detail, constant.source, constant.target) == ("constant", "c", "m")


def test_columns_of_a_grid_end_together() -> None:
    cells = [e for e in part(lay_out(layers(), LIGHT), "x d 0").elements if isinstance(e, Text) and e.role == "forward"]
    assert [cell.text for cell in cells] == ["1", "30", "−2", "4.5"]
    assert all(cell.anchor == "end" for cell in cells)
    assert cells[0].x == cells[1].x < cells[2].x == cells[3].x


def test_the_title_is_above_and_notes_are_below() -> None:
    picture = lay_out(pencils(), LIGHT)
    title, *notes = (part(picture, id).elements[0] for id in ("title", "note 1", "note 2"))
    rest = [edges(e) for p in picture.parts if p.kind in ("node", "wire") for e in p.elements]
    assert title.y < min(top for _, top, _, _ in rest)
    assert max(bottom for _, _, _, bottom in rest) < notes[0].y < notes[1].y


def test_top_to_bottom_runs_down_with_forward_on_the_left() -> None:
    picture = lay_out(replace(pencils(), direction="TB"), LIGHT)
    found = part(picture, "p q 0")
    assert one(found, Text, "forward").x < one(found, Text, "backward").x
    assert one(part(picture, "p"), Shape, "node").y < one(part(picture, "q"), Shape, "node").y


def test_the_same_figure_gives_the_same_picture() -> None:
    assert lay_out(random_figure(30, 1), LIGHT) == lay_out(random_figure(30, 1), LIGHT)


@pytest.mark.engine
@pytest.mark.skipif(
    sum(engine.available for engine in engines() if engine.name in ("bundled", "system")) < 2,
    reason="needs pygraphviz and `dot` on PATH: `pip install pygraphviz`, `apt-get install graphviz`",
)
@pytest.mark.parametrize("figure", some([square(), pencils(), layers()]))
def test_every_graphviz_gives_the_same_picture(figure: Figure) -> None:
    assert lay_out(figure, LIGHT, engine="bundled") == lay_out(figure, LIGHT, engine="system")


def test_hostile_ids_and_names_reach_no_engine() -> None:
    names = ['"; }', "<b>&", "\\N", "a\x00b", "\ud800", "", "x" * 200, "é́😀", "graph"]
    boxes = tuple(Box(name, "operation", name) for name in names)
    wires = tuple(Wire(a, a, b, forward=arrow(b)) for a, b in pairwise(names))
    picture = lay_out(Figure(boxes, wires, (Frame('<"', '<"', None),), width=None), LIGHT)
    assert [part.id for part in picture.parts if part.kind == "node"] == names


def test_an_empty_figure_is_a_small_page() -> None:
    picture = lay_out(Figure((), ()), LIGHT)
    assert (picture.parts, picture.width, picture.height) == ((), 16, 16)


def test_wires_to_nowhere_are_refused() -> None:
    with pytest.raises(UsageError) as caught:
        lay_out(Figure((Box("x", "input", "x"),), (wire("x m", "1"),)), LIGHT)
    assert str(caught.value) == "Wire 'x m 0' ends at 'm', but the figure has no box of that id."


def test_frames_in_themselves_are_refused() -> None:
    frames = (Frame("f", "F", "g"), Frame("g", "G", "h"), Frame("h", "H", "g"))
    with pytest.raises(UsageError) as caught:
        lay_out(Figure((Box("x", "input", "x", "f"),), (), frames), LIGHT)
    assert str(caught.value) == "The frame 'g' lies in itself, by way of its parents: give one of them another."


def test_wires_in_a_circle_are_refused() -> None:
    boxes = tuple(Box(id, "operation", id) for id in "zabc")
    figure = Figure(boxes, (wire("c z", "1"), wire("b c", "1"), wire("a b", "1"), wire("b a", "1")))
    with pytest.raises(UsageError) as caught:
        lay_out(figure, LIGHT)
    assert str(caught.value) == (
        "The wires lead in a circle through 'a', but values flow one way: draw each turn of a loop as boxes of its own."
    )


@pytest.mark.thorough
@ENGINES
def test_wires_between_frames_lead_forward(engine: str) -> None:
    """Ranked one by one, the frames of this figure were placed so that wires led backwards."""
    picture = lay_out(random_figure(150, 7), LIGHT, engine=engine)
    places = {part.id: part.elements[0] for part in picture.parts if part.kind == "node"}
    wires = [part for part in picture.parts if part.kind == "wire"]
    assert all(edges(places[wire.source])[2] < edges(places[wire.target])[0] for wire in wires)


@pytest.mark.engine
def test_few_boxes_with_long_wires_stop_at_the_time_limit_too() -> None:
    """A value used in every one of 250 steps: few boxes, but 60,000 places at which a wire passes one."""
    boxes = [Box("x", "input", "x"), Box("b", "branch"), *(Box(f"o{i}", "operation", "+") for i in range(250))]
    wires = [wire("x b", "1"), *(wire(f"b o{i}", "1") for i in range(250))]
    wires += [wire(f"o{i} o{i + 1}", "1", slot=1) for i in range(249)]
    started = time.monotonic()
    with pytest.raises(LayoutTimeout, match=r"took longer than 0\.2 s and was stopped"):
        lay_out(Figure(tuple(boxes), tuple(wires), width=None, repeat="never"), LIGHT, engine="graphviz", timeout=0.2)
    assert time.monotonic() - started < 3
