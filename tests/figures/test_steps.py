"""Figures in steps: the sequence and the arithmetic of the articles, on any graph; one layout for all."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from browser import collisions, measure
from random_graphs import random_function, random_matrix_function

import bpviz
from bpviz import nn
from bpviz.errors import UsageError
from bpviz.figure import Step
from bpviz.figures.circuit import circuit
from bpviz.figures.options import CircuitOptions
from bpviz.figures.steps import steps
from bpviz.layout.page import lay_out
from bpviz.picture.elements import Path, Picture, Text
from bpviz.picture.stages import Stages, arrivals, halves, with_captions
from bpviz.picture.theme import theme
from bpviz.text.language import language

LIGHT = theme("light")


def sentences(function: Any, *args: Any, **options: Any) -> list[str]:
    return [step.sentence for step in steps(bpviz.backprop(function, *args), CircuitOptions(**options))]


def test_pencils_and_erasers_as_the_article_has_them() -> None:
    def total(pencil: float = 100, pencils: float = 2, eraser: float = 30, erasers: float = 3, tax: float = 1.1) -> Any:
        return (pencil * pencils + eraser * erasers) * tax

    assert sentences(total)[:-1] == [
        "Inputs: pencil = 100, pencils = 2, eraser = 30, erasers = 3, tax = 1.1",
        "× : 100 × 2 = 200",
        "× : 30 × 3 = 90",
        "+ : 200 + 90 = 290",
        "× : total = 290 × 1.1 = 319",
        "The backward pass begins at total, with a gradient of 1",
        "× : 1 × 1.1 = 1.1, ∂total/∂tax = 1 × 290 = 290",
        "+ : 1.1 × 1 = 1.1, 1.1 × 1 = 1.1",
        "× : ∂total/∂eraser = 1.1 × 3 = 3.3, ∂total/∂erasers = 1.1 × 30 = 33",
        "× : ∂total/∂pencil = 1.1 × 2 = 2.2, ∂total/∂pencils = 1.1 × 100 = 110",
    ]


def test_where_a_value_branches_its_gradients_add_up_in_a_step() -> None:
    found = steps(bpviz.backprop(lambda x=3.0: x * x + x))
    assert found[-2].sentence == "∂output/∂x = 3 + 3 + 1 = 7"
    assert found[-2].boxes == ("b0",)


def test_negative_numbers_stand_in_brackets() -> None:
    assert sentences(lambda w=-1.0, x=2.0: -(w * x))[1:3] == ["× : (−1) × 2 = −2", "− : output = −(−2) = 2"]


def test_steps_of_arrays_have_formulas_and_values() -> None:
    X, Y = np.array([[0, 0], [1, 1]]), np.array([[0], [1]])

    def E(W: Any = np.array([[0.5, -0.3]]), b: Any = np.array([0.1])) -> Any:
        Z = X @ W.T + b
        A = nn.sigmoid(Z)
        return nn.sum_squared_error(A, Y)

    found = sentences(E)
    assert "+ : Z = X·Wᵀ + b = [0.1; 0.3]" in found
    # σ(0.1) = 0.52498 and σ(0.3) = 0.57444; 0.52498² · 0.47502 = 0.13092 and −0.42556 · 0.57444 · 0.42556 = −0.10403.
    assert "σ : dZ = dA ∘ A ∘ (1 − A) = [0.1309; −0.104]" in found
    assert "T : dW = dZᵀ·X = [−0.104, −0.104]" in found


def test_a_closed_group_is_one_step() -> None:
    def affine(x: Any, w: Any) -> Any:
        return x * w + 1

    def loss(x: float = 2, w: float = 3) -> Any:
        hidden = affine(x, w)
        return hidden * hidden

    found = sentences(loss, depth=0)
    assert found[1] == "affine : 7"
    assert [line for line in found if line.startswith("affine")][1].count(",") == 1


def test_hidden_parts_have_no_steps() -> None:
    f = bpviz.backprop(lambda x=3.0: x * 2)
    assert [bool(s.forward) for s in steps(f, CircuitOptions(show="forward"))] == [True, True, False]
    assert not any(s.backward for s in steps(f, CircuitOptions(show="forward")))
    assert not any(s.forward for s in steps(f, CircuitOptions(show="backward")))


def test_the_sentences_speak_other_languages() -> None:
    found = steps(bpviz.backprop(lambda x=3.0, y=2.0: x * y), CircuitOptions(lang=language("ja")))
    assert [step.sentence for step in found] == [
        "入力：x = 3、y = 2",
        "× : output = 3 × 2 = 6",
        "逆伝播はoutputから、勾配1で始まる",
        "× : ∂output/∂x = 1 × 2 = 2、∂output/∂y = 1 × 3 = 3",
        "計算の計算グラフ：output = 6。勾配：x 2、y 3。",
    ]


@pytest.mark.engine
def test_only_a_figure_with_numbers_has_steps() -> None:
    for drawing in (bpviz.card("relu"), bpviz.beside(bpviz.draw(lambda x=1.0: x * x))):
        with pytest.raises(UsageError, match="only a figure of one run, with its numbers, can be shown in steps"):
            drawing.steps()


@pytest.mark.parametrize("seed", range(12))
def test_every_arrow_of_any_graph_comes_once(seed: int) -> None:
    function, arguments = (random_function if seed % 2 else random_matrix_function)(random.Random(seed), 10)
    flow = bpviz.backprop(function, *arguments)
    figure, step_list = circuit(flow), steps(flow)
    forward = [id for step in step_list for id in step.forward]
    backward = [id for step in step_list for id in step.backward]
    assert sorted(forward) == sorted(wire.id for wire in figure.wires)
    assert sorted(backward) == sorted(wire.id for wire in figure.wires if wire.backward)
    # What a step uses has come before: forward what enters its box, backward what leaves it.
    at = arrivals(step_list)
    place = {box: number for number, step in enumerate(step_list) if step.forward for box in step.boxes}
    for wire in figure.wires:
        if wire.target in place:
            assert at[wire.id].forward < place[wire.target]
        for other in figure.wires:
            if other.source == wire.target and wire.backward and other.backward:
                assert at[other.id].backward <= at[wire.id].backward
    assert step_list[-1] == Step(figure.description)


# The picture at each of them


@pytest.fixture(scope="module")
def picture_and_steps() -> tuple[Picture, tuple[Step, ...]]:
    drawing = bpviz.draw(lambda x=3.0, y=2.0: x * x + x * y)
    return drawing.picture, drawing.step_list


@pytest.mark.engine
def test_nothing_moves_and_the_last_step_shows_everything(picture_and_steps: tuple[Picture, tuple[Step, ...]]) -> None:
    picture, step_list = picture_and_steps
    stages = Stages(picture, step_list)
    whole = {element for part in picture.parts for element in part.elements}
    before: set[Any] = set()
    for stage in stages:
        shown = {element for part in stage.parts for element in part.elements}
        assert before <= shown <= whole
        before = shown
    assert before == whole
    assert {part.tone for part in stages[-1].parts} == {"plain"}
    assert (len(stages), stages[-1]) == (len(step_list), stages[len(step_list) - 1])


@pytest.mark.engine
def test_before_a_step_there_are_pale_lines_and_no_numbers(picture_and_steps: tuple[Picture, tuple[Step, ...]]) -> None:
    picture, step_list = picture_and_steps
    first = Stages(picture, step_list)[0]
    pale = [part for part in first.parts if part.tone == "pale"]
    assert pale
    assert not any(isinstance(element, Text) for part in pale for element in part.elements)
    assert not any(part.description for part in pale)
    roles = {e.role for part in first.parts for e in part.elements if isinstance(e, Path)}
    assert roles == {"forward"}


@pytest.mark.engine
def test_a_wire_falls_into_its_two_arrows() -> None:
    drawing = bpviz.draw(lambda x=np.array([1.0, np.nan]), w=np.ones((6, 2)): np.sum(w @ x))
    for part in drawing.picture.parts:
        if part.kind != "wire":
            continue
        front, back = halves(part)
        assert sorted(map(repr, front.elements + back.elements)) == sorted(map(repr, part.elements))
        roles = [{getattr(e, "role", "") for e in half.elements} for half in (front, back)]
        assert "backward" not in roles[0]
        assert not roles[1] & {"forward", "constant", "muted"}
        assert (back or front).description == part.description


@pytest.mark.engine
def test_sentences_stand_below_and_within_the_page(picture_and_steps: tuple[Picture, tuple[Step, ...]]) -> None:
    picture, step_list = picture_and_steps
    stages = with_captions(picture, step_list, LIGHT)
    for step, stage in zip(step_list, stages, strict=True):
        caption = stage.parts[-1]
        assert caption.description == step.sentence
        lines = [element for element in caption.elements if isinstance(element, Text)]
        assert " ".join(line.text for line in lines) == step.sentence
        for line in lines:
            assert picture.height - LIGHT.margin < line.y < stage.height
            assert line.width / 2 < line.x < stage.width - line.width / 2


@pytest.mark.engine
def test_the_steps_of_a_drawing_are_drawings() -> None:
    drawing = bpviz.draw(lambda price=100, count=2: price * count)
    each = drawing.steps()
    assert [step.picture.parts[-1].description for step in each] == [step.sentence for step in drawing.step_list]
    assert len({step.to_svg() for step in each}) == len(each)
    assert lay_out(drawing.figure, LIGHT).width <= each[0].picture.width


@pytest.mark.browser
@pytest.mark.engine
def test_nothing_runs_over_anything_in_any_step() -> None:
    function, arguments = random_function(random.Random(7), 9)
    drawings = {
        "apples": bpviz.draw(lambda price=100, count=2, tax=1.1: price * count * tax),
        "branches": bpviz.draw(lambda x=3.0, y=-2.0: x * x * y + x / y, theme="book"),
        "random": bpviz.draw(bpviz.trace(function, *arguments), direction="TB"),
    }
    frames = {
        f"{name}, step {number}": svg.decode()
        for name, drawing in drawings.items()
        for number, svg in enumerate(drawing.to_frames("svg"), 1)
    }
    found = measure(frames)
    assert {name: seen for name in frames if (seen := collisions(found[name]))} == {}


@pytest.mark.engine
@pytest.mark.parametrize(
    "options",
    [
        {"labels": "symbols"},
        {"labels": "none", "direction": "TB"},
        {"grad": "x"},
        {"highlight": "x"},
        {"only": "x"},
        {"depth": 0},
        {"shared": True, "title": "Shared"},
    ],
)
def test_steps_go_with_every_other_option(options: dict[str, Any]) -> None:
    def double(x: Any) -> Any:
        return x * 2 + x

    def loss(x: float = 2.0, y: float = 3.0) -> Any:
        return double(x * y) * x

    drawing = bpviz.draw(loss, animate=True, steps=True, **options)
    assert len(list(drawing.to_frames("svg"))) == len(drawing.step_list) > 2
    whole = {element for part in drawing.picture.parts for element in part.elements}
    last = {element for part in drawing.steps()[-1].picture.parts[:-1] for element in part.elements}
    assert last == whole
    for format in ("svg", "html"):
        assert drawing.is_shown_by(drawing.to_bytes(format), format)
