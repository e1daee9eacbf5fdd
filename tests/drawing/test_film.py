"""The film of a training: sentences, notes, the scale of heat maps; and pictures without collisions."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from browser import collisions, measure

import bpviz
from bpviz.figure import Curve, Heat
from bpviz.picture.blocks import measured, room_for
from bpviz.picture.elements import Bracket, Picture, Shape
from bpviz.picture.progress import with_curve
from bpviz.picture.theme import theme

LIGHT = theme("light")
NS = "{http://www.w3.org/2000/svg}"


def bowl(w: Any) -> Any:
    return np.sum(w * w)


def test_short_arrays_are_written_out_and_long_ones_have_the_length_of_their_gradient() -> None:
    short = bpviz.descend(bowl, np.array([3.0, 4.0]), rate=0.25, steps=1).draw().step_list
    assert [step.sentence for step in short] == [
        "Start: bowl = 25; w = [3, 4], ∂bowl/∂w = [6, 8]",
        "Step 1 of 1: bowl = 6.25; w = [1.5, 2], ∂bowl/∂w = [3, 4]",
    ]
    # Nine threes: the gradient is 6 nine times, √(9·36) = 18.
    long = bpviz.descend(bowl, np.full((3, 3), 3.0), rate=0.25, steps=1).draw().step_list
    assert [step.sentence for step in long] == [
        "Start: bowl = 81; ‖∂bowl/∂w‖ = 18",
        "Step 1 of 1: bowl = 20.25; ‖∂bowl/∂w‖ = 9",
    ]


def test_many_inputs_have_no_arithmetic() -> None:
    found = bpviz.descend(lambda a=1.0, b=2.0, c=3.0, d=4.0: a * b + c * d, rate=0.1, steps=1)
    assert (
        found.draw().step_list[1].sentence.startswith("Step 1 of 1: output = 11.14; a = 0.8, ∂output/∂a = 1.9, b = 1.9")
    )


def test_heat_maps_of_all_steps_have_one_scale() -> None:
    start = np.linspace(-2.0, 2.0, 40).reshape(5, 8)
    found = bpviz.descend(bowl, start, rate=0.25, steps=3)
    film = found.draw().film
    assert film is not None
    for step, figure in enumerate(film.figures):
        heat = figure.wires[0].forward.label.content  # type: ignore[union-attr]
        assert isinstance(heat, Heat)
        # w is halved in each step; 1 stands for the 2 of the start.
        np.testing.assert_allclose(np.array(heat.cells, float), start / 2 / 2**step, atol=1.1e-3)
    # What is written alone keeps a scale of its own.
    alone = bpviz.draw(found[3]).figure.wires[0].forward.label.content  # type: ignore[union-attr]
    assert isinstance(alone, Heat)
    assert np.abs(np.array(alone.cells, float)).max() == 1.0


def test_numbers_of_the_start_beside_those_of_now() -> None:
    found = bpviz.descend(lambda w=0.0: (w - 3) ** 2, rate=0.5, steps=1)
    first, last = (one.to_svg() for one in found.draw(before=found[0]).steps())
    assert "0 → 3" in last
    assert "→" not in "".join(text.text or "" for text in ElementTree.fromstring(first).iter(f"{NS}text"))


def test_the_notes_of_a_path_are_in_the_sentences() -> None:
    found = bpviz.descend(lambda w=1.0, x=2.0: (w * x) * 3.0, rate=0.1, steps=1, freeze="x")
    drawing = found.draw(path="w")
    assert all("6" in step.sentence for step in drawing.step_list)
    assert drawing.figure.notes == bpviz.draw(found[0], path="w").figure.notes


def net(x: Any, t: Any, w1: Any, b1: Any, w2: Any) -> Any:
    hidden = np.tanh(x @ w1 + b1)
    return np.sum((hidden @ w2 - t) ** 2)


@pytest.mark.browser
@pytest.mark.parametrize("options", [{}, {"width": "column"}, {"direction": "TB"}, {"labels": "rules"}], ids=str)
def test_nothing_collides_in_any_step(options: dict[str, Any]) -> None:
    rng = np.random.default_rng(5)
    data = [rng.normal(size=shape) for shape in ((2, 2), (2, 1), (2, 3), (3,), (3, 1))]
    found = bpviz.descend(net, *data, rate=0.4, steps=3, freeze="x,t")
    small = bpviz.descend(lambda w=0.0: (w - 3) ** 2, rate=0.9999, steps=3)
    frames = {
        f"{name} {step}": one.to_svg()
        for name, training in (("net", found), ("small", small))
        for step, one in enumerate(training.draw(**options).steps())
    }
    for name, measurement in measure(frames).items():
        assert collisions(measurement) == [], name


def test_a_label_has_the_room_of_the_largest() -> None:
    labels = [wire.forward.label for wire in bpviz.draw(bowl, np.eye(2)).figure.wires if wire.forward]  # type: ignore[union-attr]
    known = [label for label in labels if label is not None]
    room = room_for(known, "forward", LIGHT)
    blocks = [measured(label, "forward", LIGHT) for label in known]
    assert {(block.width, block.height) for block in blocks if block.elements} >= {(room.width, room.height)}
    assert all(block.width <= room.width and block.height <= room.height for block in blocks)


def test_hidden_numbers_are_in_no_sentence_and_hidden_losses_have_no_curve() -> None:
    def loss(w: float = 1.0, v: float = 2.0) -> float:
        return (w * v - 6) ** 2

    found = bpviz.descend(loss, rate=0.01, steps=2)
    one = found.draw(styles={"w": {"hide": True}})
    # The gradient of v is 2·(−4)·1 at the start.
    assert one.step_list[0].sentence == "Start: loss = 16; v = 2, ∂loss/∂v = −8"
    other = found.draw(styles={"loss": {"hide": True}, "v": {"hide": True}})
    assert other.step_list[0].sentence == "Start: w = 1, ∂loss/∂w = −16"
    assert other.figure.description == "Computation graph of loss in training, step 0 to 2."
    assert not any(part.id.startswith(("curve", "dot@")) for part in other.moving_picture.parts)
    nothing = found.draw(styles={name: {"hide": True} for name in ("loss", "v", "w")})
    assert [step.sentence for step in nothing.step_list] == [f"Step {at} of 2" for at in range(3)]
    array = bpviz.descend(bowl, np.array([3.0, 4.0]), rate=0.25, steps=1)
    assert array.draw(elements=True, styles={"w[0]": {"hide": True}}).step_list[0].sentence == "Start: bowl = 25"


def test_notes_and_colours_of_values_are_in_every_step() -> None:
    found = bpviz.descend(lambda w=0.0: (w - 3) ** 2, rate=0.1, steps=2)
    styled = found.draw(styles={"w": {"note": "the weight", "color": "#0072B2"}})
    frames = [one.to_svg() for one in styled.steps()]
    assert all("the weight" in frame and "#0072B2" in frame for frame in frames)
    moving = bpviz.draw(styled, animate=True).to_svg()
    assert moving.count(">the weight<") == 1
    assert "#0072B2" in moving


# The curve


def shown(values: tuple[float, ...], width: float = 400.0) -> tuple[Picture, list[Bracket]]:
    picture = with_curve(Picture(width, 100.0, ()), Curve("loss", "step", tuple(range(len(values))), values), LIGHT)
    (curve,) = (part for part in picture.parts if part.id == "curve")
    return picture, [
        element for element in curve.elements if isinstance(element, Bracket) and element.role == "forward"
    ]


def test_a_curve_is_interrupted_where_a_value_is_not_finite() -> None:
    picture, lines = shown((4.0, 2.0, np.inf, 1.0, 0.5, np.nan))
    assert [len(line.points) for line in lines] == [2, 2]
    seen = [part.elements for part in picture.parts if part.id.startswith("dot@")]
    assert [len(elements) for elements in seen] == [1, 1, 0, 1, 1, 0]


@pytest.mark.parametrize("values", [(3.0,), (2.0, 2.0, 2.0), (1e308, -1e308), (np.nan,), (np.inf, np.inf)])
def test_odd_curves_stay_on_their_page(values: tuple[float, ...]) -> None:
    picture, _ = shown(values, 30.0)
    for part in picture.parts:
        for element in part.elements:
            points = element.points if isinstance(element, Bracket) else [(element.x, element.y)]  # type: ignore[union-attr]
            assert all(0 <= x <= picture.width and 0 <= y <= picture.height for x, y in points)
            assert isinstance(element, Shape | Bracket) or element.width < picture.width  # type: ignore[union-attr]


def normed(x: Any = np.array([1.0, 3.0, 8.0]), w: Any = np.array([1.0, 0.5, -2.0])) -> Any:
    def norm(x: Any) -> Any:
        away = x - np.mean(x)
        return away / np.sqrt(np.mean(away**2) + 1.0)

    return np.sum(norm(np.sin(norm(x))) * w)


def open_sides(drawing: bpviz.Drawing) -> list[str]:
    frames = [part for part in drawing.picture.parts if part.kind == "frame"]
    return [element.open for part in frames for element in part.elements if isinstance(element, Shape)]


def brackets(drawing: bpviz.Drawing) -> set[bool]:
    """Whether the brackets of vectors are higher than two lines of text: then they stand upright."""
    heights = set()
    for part in drawing.picture.parts:
        for element in part.elements:
            if part.kind == "wire" and isinstance(element, Bracket):
                ys = [y for _, y in element.points]
                heights.add(max(ys) - min(ys) > 30)
    return heights


def test_a_film_is_drawn_as_the_figure_of_a_step_is() -> None:
    still, film = bpviz.draw(normed, open="all"), bpviz.descend(normed, rate=0.01, steps=2).draw(open="all")
    # Vectors stand upright, and a group that is parted by a row is open there.
    assert brackets(still) == brackets(film) == {True}
    assert all({"right", "left"} <= set(open_sides(drawing)) for drawing in (still, film))
    short = bpviz.draw(bowl, np.array([1.0, 2.0, 3.0])), bpviz.descend(bowl, np.array([1.0, 2.0, 3.0]), steps=1).draw()
    assert [brackets(drawing) for drawing in short] == [{False}, {False}]
