"""Equal blocks in a chain: the numbers at ``⋯ ×10 ⋯`` in finished figures, against closed forms and autograd."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from amounts import some
from chain_programs import chain_program
from operand_reader import readings
from overlaps import collisions
from repeats_reader import At, Ellipsis_, ellipses, number_of

import bpviz
from bpviz.graph.archive import loaded


def near(found: tuple[At, ...], expected: list[tuple[float, float]]) -> bool:
    """Return whether the wires have these values and gradients, in any order, with 4 digits."""
    left = [(number_of(wire.value), number_of(wire.gradient)) for wire in found]
    for pair in expected:
        match = [one for one in left if np.allclose(one, pair, rtol=1e-3, atol=1e-12)]
        if not match:
            return False
        left.remove(match[0])
    return not left


def only(drawing: bpviz.Drawing) -> Ellipsis_:
    (found,) = ellipses(drawing.to_svg())
    return found


def descent(w: float = 4.0, x: float = 0.5, t: float = 1.0) -> Any:
    for _ in range(50):
        w = w - 0.1 * (2 * (w * x - t) * x)
    return w


def test_gradient_descent_against_its_closed_form() -> None:
    # w ← r·w + 0.2·x·t with r = 1 − 0.2·x²; the error w − 2 shrinks by r in each step.
    r = 1 - 0.2 * 0.25
    found = only(bpviz.draw(descent, width="none"))
    assert found.count == 48
    assert found.sentence == "48 equal blocks are not shown"
    weights = [2 + 2 * r**k for k in range(51)]
    arriving = {wire.name: wire for wire in found.arriving if wire.name}
    assert number_of(arriving["w"].value) == pytest.approx(weights[1], rel=1e-3)
    assert number_of(arriving["w"].gradient) == pytest.approx(r**49, rel=1e-3)
    (leaving,) = found.leaving
    assert number_of(leaving.value) == pytest.approx(weights[49], rel=1e-3)
    assert number_of(leaving.gradient) == pytest.approx(r, rel=1e-3)
    # Step k (from 1) has the local gradient 0.2·x by t, which goes on through the 50 − k later steps.
    by_t = sum(0.2 * 0.5 * r ** (50 - k) for k in range(2, 50))
    (target,) = [wire for wire in found.arriving if wire.value == "1"]
    assert number_of(target.gradient) == pytest.approx(by_t, rel=1e-3)


@pytest.mark.filterwarnings("ignore:Output seems independent of input")
@pytest.mark.parametrize("seed", some(range(200), every=40))
def test_random_chains_against_autograd(seed: int) -> None:
    program = chain_program(seed)
    by_shared, by_state, before = program.reference()
    drawing = bpviz.draw(program.function, width="none")
    svg = drawing.to_svg()
    (found,) = ellipses(svg)
    last = program.count - 1
    assert found.count == program.count - 2, program.source
    states = [i for i in range(len(program.states)) if f"s{i}" in program.used]
    shared = [j for j in range(len(program.shared)) if f"w{j}" in program.used]
    one_by_one = [wire for wire in (*found.arriving, *found.leaving) if "values" in wire.value]
    assert all(wire.value == f"{last - 1} values" for wire in one_by_one)
    assert all(wire.gradient == f"{last - 1} gradients" for wire in one_by_one)
    assert len(one_by_one) == ("x" in program.used) + program.collects, program.source
    arriving = [(before[1][i], by_state[1][i]) for i in states]
    arriving += [(program.shared[j], by_shared[1:last, j].sum()) for j in shared]
    assert near(tuple(w for w in found.arriving if w not in one_by_one), arriving), (program.source, found, arriving)
    leaving = [(before[last][i], by_state[last][i]) for i in states]
    assert near(tuple(w for w in found.leaving if w not in one_by_one), leaving), (program.source, found, leaving)
    assert all(reading.is_right for reading in readings(svg)), program.source
    for name, total in re.findall(r">∂\w+/∂(w\d) = [^=<]+ = ([^<]+)<", svg):
        assert number_of(total) == pytest.approx(by_shared[:, int(name[1])].sum(), rel=2e-3), program.source
    assert not list(collisions(drawing.picture)), program.source


def recurrent(
    w: float = 0.5, u: float = 0.3, b: float = 0.1, x1: float = 1.0, x2: float = -2.0, x3: float = 3.0, x4: float = 0.4,
    x5: float = 0.5, x6: float = 0.6, x7: float = -0.7,
) -> Any:  # fmt: skip
    h, states = 0.1, []
    for x in (x1, x2, x3, x4, x5, x6, x7):
        h = np.tanh(w * x + u * h + b)
        states.append(h)
    return np.stack(states).sum()


def layered(**layers: Any) -> Any:
    class Layer:
        def __init__(self, number: int) -> None:
            self.W = np.array([[0.3, -0.1 * number], [0.2, 0.1]])

        def forward(self, x: Any) -> Any:
            return np.tanh(x @ self.W)

    class Net:
        def __init__(self) -> None:
            self.layers = {f"Affine{k}": Layer(k) for k in range(1, 13)}

        def loss(self, x: Any = np.array([1.0, 2.0])) -> Any:
            for layer in self.layers.values():
                x = layer.forward(x)
            return x.sum()

    return Net().loss


def texts(drawing: bpviz.Drawing, kind: str) -> list[str]:
    return [box.text for box in drawing.figure.boxes if box.kind == kind]


def test_a_shared_parameter_has_the_summed_share_of_the_hidden_blocks() -> None:
    drawing = bpviz.draw(recurrent, width="none")
    step = 1e-6

    def hidden(shift: float) -> Any:
        h, total = 0.1, 0.0
        for k, x in enumerate((1.0, -2.0, 3.0, 0.4, 0.5, 0.6, -0.7)):
            h = np.tanh((0.5 + (shift if 0 < k < 6 else 0)) * x + 0.3 * h + 0.1)
            total += h
        return total

    slope = (hidden(step) - hidden(-step)) / (2 * step)
    assert slope in [pytest.approx(number_of(w.gradient), rel=1e-3) for w in only(drawing).arriving if w.value == "0.5"]


def test_inputs_of_single_steps_and_collected_states_are_bundles() -> None:
    drawing = bpviz.draw(recurrent, width="none")
    assert texts(drawing, "input") == ["w", "u", "b", "x1", "x2 … x6", "x7"]
    found = only(drawing)
    assert At("", "5 values", "5 gradients") in found.arriving
    assert At("h", "5 values", "5 gradients") in found.leaving
    assert drawing.notes == ()


def test_frozen_inputs_are_constants_with_their_names() -> None:
    drawing = bpviz.draw(recurrent, freeze=["x1", "x2", "x3", "x4", "x5", "x6", "x7"], width="none")
    assert "x2 … x6" in texts(drawing, "constant")
    assert all("values" not in wire.value or not wire.gradient for wire in only(drawing).arriving)


def test_outputs_of_single_steps_are_one() -> None:
    def states(w: float = 0.5, h: float = 1.0) -> Any:
        found = []
        for _ in range(7):
            h = np.tanh(w * h)
            found.append(h)
        return found

    assert texts(bpviz.draw(states), "output") == ["h", "h ×5", "h"]


def test_layers_with_their_own_parameters() -> None:
    drawing = bpviz.draw(layered(), width="none")
    assert only(drawing).count == 10
    assert texts(drawing, "input")[2] == "layers['Affine2'].W … layers['Affine11'].W"
    assert [note for note in drawing.figure.notes if "equal" in note] == [
        "⋯ ×10 ⋯: 10 equal blocks are not shown, with their own Affine2 … Affine11"
    ]


def test_what_the_options_name_is_shown() -> None:
    assert texts(bpviz.draw(layered(), depth=0), "group") == ["Affine1", "⋯ ×10 ⋯", "Affine12"]
    opened = texts(bpviz.draw(layered(), depth=0, open="Affine6"), "group")
    assert opened == ["Affine1", "⋯ ×3 ⋯", "Affine5", "Affine7", "⋯ ×4 ⋯", "Affine12"]
    assert texts(bpviz.draw(layered(), depth=0, close="Affine1"), "group")[:3] == ["Affine1", "Affine2", "⋯ ×9 ⋯"]
    lit = bpviz.draw(descent, path="w_20")
    (first, second) = ellipses(bpviz.draw(descent, path="w_20", width="none").to_svg())
    assert first.count + second.count + 5 == 50
    assert next(box for box in lit.figure.boxes if box.id == "r0").tone == "pale"
    assert next(box for box in lit.figure.boxes if box.id == "r1").tone == "strong"


def test_all_blocks_on_demand() -> None:
    drawing = bpviz.draw(recurrent, repeats="all", width="none")
    assert ellipses(drawing.to_svg()) == []
    assert texts(drawing, "operation").count("tanh") == 7
    with pytest.raises(bpviz.errors.UsageError, match="repeats must be one of auto, all, but got 'none'"):
        bpviz.draw(recurrent, repeats="none")


def test_the_record_is_whole() -> None:
    folded, whole = bpviz.draw(recurrent), bpviz.draw(recurrent, repeats="all")
    assert folded.to_json() == whole.to_json()
    assert folded.source.grads == whole.source.grads


def test_a_figure_from_json_is_folded_alike() -> None:
    drawing = bpviz.draw(descent, width="none")
    again = bpviz.draw(loaded(drawing.to_json()), width="none")
    assert only(again) == only(drawing)


def test_what_the_blocks_have_of_their_own_is_named() -> None:
    def weighed(x: Any = np.arange(9.0), w: float = 0.5) -> Any:
        h = 0.2
        for k in range(9):
            h = np.tanh(w * h + x[k] / (k + 1))
        return h

    (note,) = [note for note in bpviz.draw(weighed).figure.notes if "equal" in note]
    assert note == "⋯ ×7 ⋯: 7 equal blocks are not shown, with their own x[1] … x[7], constants 2 … 8"


def test_what_if_shows_both_numbers_at_the_hidden_blocks() -> None:
    before = bpviz.backprop(descent)
    found = only(bpviz.draw(descent, inputs={"w": 8.0}, before=before, width="none"))
    (leaving,) = found.leaving
    old, new = (number_of(text) for text in leaving.value.split(" → "))
    r = 0.95
    assert (old, new) == (pytest.approx(2 + 2 * r**49, rel=1e-3), pytest.approx(2 + 6 * r**49, rel=1e-3))


def test_a_step_added_to_one_block_is_shown() -> None:
    def chain(odd: int) -> Any:
        def f(x: float = 1.0, w: float = 0.5) -> Any:
            for k in range(13):
                x = np.tanh(w * x)
                x = np.sin(x) if k == odd else x
            return x

        return f

    drawing = bpviz.draw(bpviz.backprop(chain(6)), before=bpviz.backprop(chain(-1)), width="none")
    assert "sin" in texts(drawing, "operation")
    assert [one.count for one in ellipses(drawing.to_svg())] == [5, 4]


def test_steps_and_sentences_tell_of_hidden_blocks() -> None:
    drawing = bpviz.draw(recurrent)
    sentences = [step.sentence for step in drawing.step_list]
    assert sentences[0] == "Inputs: w = 0.5, u = 0.3, b = 0.1, x1 = 1, x2 … x6, x7 = -0.7".replace("-", "−")
    assert sum("⋯ ×5 ⋯" in sentence for sentence in sentences) == 2
    shown = {id for step in drawing.step_list for id in (*step.forward, *step.backward)}
    assert shown == {wire.id for wire in drawing.figure.wires if wire.backward or not wire.constant} | shown


def test_boxes_are_in_the_order_of_computation() -> None:
    def late(a: float = 2.0, b: float = 3.0) -> Any:
        parts = [(a * k - b) ** 2 for k in range(1, 10)]
        total = parts[0]
        for part in parts[1:]:
            total = total + part
        return total

    for function in (late, recurrent, descent):
        figure = bpviz.draw(function).figure
        place = {box.id: at for at, box in enumerate(figure.boxes) if box.kind != "branch"}
        for wire in figure.wires:
            if wire.source in place and wire.target in place:
                assert place[wire.source] < place[wire.target]


@pytest.mark.parametrize("labels", ["symbols", "rules", "none"])
def test_other_labels(labels: str) -> None:
    assert only(bpviz.draw(recurrent, labels=labels, width="none")).count == 5
    if labels == "rules":
        # The shares of x and t in the 48 hidden steps, added up.
        found = only(bpviz.draw(descent, labels=labels, width="none"))
        assert sum("+ … +" in wire.gradient for wire in found.arriving) == 1


@pytest.mark.parametrize("show", ["forward", "backward"])
def test_one_pass_alone(show: str) -> None:
    found = only(bpviz.draw(recurrent, show=show, width="none")) if show == "forward" else None
    if found is not None:
        assert all(wire.value and not wire.gradient for wire in found.arriving)
    svg = bpviz.draw(recurrent, show=show, width="none").to_svg()
    assert ("5 values" in re.sub("<title>.*?</title>", "", svg)) == (show == "forward")
    assert ("5 gradients" in re.sub("<title>.*?</title>", "", svg)) == (show == "backward")


def test_the_graph_of_a_gradient_folds_both_passes() -> None:
    drawing = bpviz.draw(descent, grad="x", width="none")
    assert len(ellipses(drawing.to_svg())) == 2
    # Numbers that both passes use: each hidden step has its own.
    shared = [text.partition(" ×")[0] for text in texts(drawing, "constant") if "×" in text]
    assert sorted(shared) == ["0.1", "2"]
    assert bpviz.backprop(descent).grads["x"] == pytest.approx(drawing.source.output, rel=1e-9)


def test_a_graph_without_numbers() -> None:
    graph = bpviz.Graph("by hand")
    h, w = graph.input("h"), graph.input("w")
    for _ in range(9):
        h = np.tanh(h * w)
    graph.output(h, "out")
    assert only(bpviz.draw(graph, width="none")).count == 7


def test_two_loops_that_take_turns() -> None:
    def turns(w: float = 0.5, h: float = 0.3) -> Any:
        def states() -> Any:
            s = h
            for _ in range(8):
                s = np.tanh(w * s)
                back = yield s
                s = s + back

        running = states()
        total, state = 0.0, next(running)
        try:
            while True:
                total = total + state * state
                state = running.send(total * 0.1)
        except StopIteration:
            return total

    drawing = bpviz.draw(turns, width="none")
    assert drawing.source.output == pytest.approx(turns())
    assert not list(collisions(drawing.picture))


def test_an_input_of_a_hidden_step_that_is_an_output_is_shown() -> None:
    def f(w: float = 0.5, x1: float = 1.0, x2: float = 2.0, x3: float = 3.0, x4: float = 4.0, x5: float = 5.0,
          x6: float = 6.0, x7: float = 7.0) -> Any:  # fmt: skip
        h = 0.1
        for x in (x1, x2, x3, x4, x5, x6, x7):
            h = np.tanh(w * x + h)
        return h, x4

    drawing = bpviz.draw(f, width="none")
    assert texts(drawing, "input") == ["w", "x1", "x2 … x6", "x4", "x7"]
    assert ("x2 … x6", "⋯ ×5 ⋯: 4 values") in re.findall(r"<title>(.+?) to (.+?)</title>", drawing.to_svg())


def test_the_input_of_a_lit_path_is_shown_with_its_block() -> None:
    drawing = bpviz.draw(recurrent, path="x6", width="none")
    assert "x6" in texts(drawing, "input")
    assert texts(drawing, "group") == ["⋯ ×3 ⋯"]
    assert texts(bpviz.draw(recurrent, path="x4"), "group") == []


def test_a_value_with_a_look_of_its_own_is_shown() -> None:
    drawing = bpviz.draw(descent, styles={"w_20": {"color": "#0072B2"}}, width="none")
    first, second = ellipses(drawing.to_svg())
    assert first.count + second.count + 5 == 50
    assert any(wire.color == "#0072B2" for wire in drawing.figure.wires)
    alike = bpviz.draw(descent, styles={"w": {"note": "weight"}}, width="none")
    assert [one.count for one in ellipses(alike.to_svg())] == [47]


def test_no_hidden_number_is_in_a_note() -> None:
    def f(w: float = 0.5) -> Any:
        h = 0.2
        for _ in range(7):
            h = np.tanh(w * h + bpviz.style(w * 0.125, hide=True))
        return h

    assert "0.0625" not in bpviz.draw(f).to_svg()


def test_the_dots_are_mathematics_in_latex() -> None:
    text = bpviz.draw(descent).to_bytes("tex").decode()
    assert r"$\cdots \times 48 \cdots$" in text
    assert "⋯" not in re.sub("%.*", "", text)


def test_gradient_descent_on_a_folded_figure() -> None:
    run = bpviz.descend(recurrent, rate=0.1, steps=2).draw()
    assert texts(run, "group") == ["⋯ ×5 ⋯"]
    assert len(run.step_list) == 3
