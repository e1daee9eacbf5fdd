"""Flows made of records: structure, names, groups, and not one number that is not the record's."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest
from records import halves, network, secret

import bpviz
from bpviz.errors import RecordingError, UsageError
from bpviz.ops.table.unknown import UNKNOWN
from bpviz.sources.assembly import flow
from bpviz.sources.steps import Group, Leaf, Record, Same, Step, kept


def test_all_numbers_are_those_of_the_record() -> None:
    # A framework that rounds differently: 0.3 is not 0.1 + 0.2, and its gradients are not ours.
    entries = (
        Leaf("x", 0.1),
        Leaf("y", 0.2),
        Step("add", (0, 1), (0.3,), same=(Same("add"),), names=("z",)),
    )
    made = flow(Record("Hand", "f", entries, 2, seed=1.0, gradients={0: 1.5, 1: 2.5}, wires={2: (1.5, 2.5)}))
    assert made.output == 0.3 != 0.1 + 0.2
    assert made.grads == {"x": 1.5, "y": 2.5}
    drawing = bpviz.draw(made)
    assert drawing.source is made
    assert [wire.backward.label.content.text for wire in drawing.figure.wires[:2]] == ["1.5", "2.5"]


def test_wires_and_names_and_groups() -> None:
    made = network()
    assert made.output.tolist() == [[15.0]]
    assert made.wire_grad("x", "h").tolist() == [[2.0, 6.0]]
    assert made.wire_grad("net.block.fc.weight", "h").tolist() == [[2.0], [4.0]]
    assert made.grads["net.scale"] == 7.0
    assert made.grad("shift") == 0.0
    groups = {node.name: node.scope.title for node in made.graph.nodes}
    # A group that would frame one step is left out, and a parameter belongs to the group of its uses.
    assert groups["h"] == groups["relu"] == groups["net.block.fc.weight"] == "net.block Block"
    assert groups["y"] == groups["net.scale"] == "net Net"
    assert made.graph["y"].line == 12
    assert bpviz.draw(made).notes[0] == "by hand"


def test_a_parameter_disappears_in_its_closed_group() -> None:
    made = network()
    whole, closed, all_closed = (bpviz.draw(made, depth=depth).figure for depth in (3, 1, 0))
    assert [box.text for box in whole.boxes if box.kind == "input"] == ["x", "net.block.fc.weight", "net.scale"]
    # Its numbers are counted where they are.
    block = "net.block Block\n2 parameters"
    assert [box.text for box in closed.boxes] == ["x", block, "net.scale", "×", "shift", "+", "loss"]
    assert [box.text for box in all_closed.boxes] == ["x", "net Net\n3 parameters", "shift", "+", "loss"]
    assert all_closed.boxes[1].description == "group net Net, closed, 3 parameters"
    assert all_closed.wires[0].description.startswith("x to net Net: ")
    # A module of a single step has no frame; at its depth it is closed, too.
    assert [box.text for box in bpviz.draw(made, depth=2).figure.boxes if box.kind == "input"] == ["x", "net.scale"]


def test_parameters_can_be_hidden() -> None:
    drawing = bpviz.draw(network(), parameters="hide")
    assert [box.text for box in drawing.figure.boxes if box.kind == "input"] == ["x"]
    assert [box.text for box in drawing.figure.boxes if box.kind == "operation"] == ["Affine", "ReLU", "×", "+"]
    # What was chosen by name is shown.
    shown = bpviz.draw(network(), parameters="hide", path="net.scale..loss").figure
    assert [box.text for box in shown.boxes if box.kind == "input"] == ["x", "net.scale"]


def test_a_parameter_of_several_groups_belongs_to_the_one_around_them() -> None:
    w, shared = Leaf("w", 3.0, "parameter"), Group("outer")
    one, two = Group("one", shared), Group("two", shared)
    more = [Step("exp", (n,), (1.0,), group=group) for n, group in ((2, one), (4, two))]
    entries = (
        Leaf("x", 1.0),
        w,
        Step("mul", (0, 1), (3.0,), same=(Same("multiply"),), group=one),
        more[0],
        Step("mul", (3, 1), (3.0,), same=(Same("multiply"),), group=two),
        more[1],
    )
    tied = flow(Record("Hand", "tied", entries, 5))
    assert tied.graph["w"].scope.title == "outer"


def test_a_frozen_parameter_is_a_constant_with_its_name() -> None:
    made = network(frozen=True)
    assert made.graph.inputs == ("x", "net.scale")
    assert made.graph["net.block.fc.weight"].kind == "constant"
    wires = {(wire.source, wire.target): wire for wire in bpviz.draw(made).figure.wires}
    assert wires["n1", "n2"].backward is None
    assert wires["n0", "n2"].backward is not None


def test_nothing_differentiated_has_no_arrow_back() -> None:
    entries = (Leaf("x", 2.0), Step("exp", (0,), (7.389,), same=(Same("exp"),), names=("y",)))
    made = flow(Record("Hand", "f", entries, 1))
    assert all(wire.backward is None for wire in bpviz.draw(made).figure.wires)
    assert made.grads == {"x": None}
    assert "no gradient" in str(bpviz.explain(made))


@pytest.mark.parametrize("options", [{}, {"same": True}, {"call": False}])
def test_results_of_one_step_share_a_box_and_its_wire(options: dict[str, bool]) -> None:
    made = halves(**options)
    figure = bpviz.draw(made).figure
    assert [box.text for box in figure.boxes] == ["x", "split", "×", "y"]
    assert [(wire.source, wire.target) for wire in figure.wires].count(("n0", "n1")) == 1
    assert next(box.description for box in figure.boxes if box.text == "split") == "split, makes a, b"
    # One wire for both results: ab = 6 has the gradient [b a].
    assert made.wire_grad("x", "a").tolist() == made.wire_grad("x", "b").tolist() == [3.0, 2.0]
    assert made.grads["x"].tolist() == [3.0, 2.0]


@pytest.mark.parametrize("same", [True, False])
def test_a_step_with_several_results_can_be_run_again(same: bool) -> None:
    again = bpviz.propagate(halves(same=same).graph, {"x": [4.0, 5.0]})
    assert again.output.tolist() == [20.0]
    assert again.grads["x"].tolist() == [5.0, 4.0]
    assert again.wire_grad("x", "a").tolist() == [5.0, 4.0]
    found = bpviz.explain(halves(same=same), variables="x").chains[0]
    assert (found.count, sorted(path.product.tolist() for path in found.paths)) == (2, [[0.0, 2.0], [3.0, 0.0]])


def test_only_the_second_result_may_lead_to_the_output() -> None:
    x, b = np.array([2.0, 3.0]), np.array([3.0])
    entries = (Leaf("x", x), Step("split", (0,), (np.array([2.0]), b), names=("a", "b")))
    gradient = np.array([0.0, 1.0])
    made = flow(Record("Hand", "f", entries, 2, seed=np.ones(1), gradients={0: gradient}, wires={1: (gradient,)}))
    assert made.wire_grad("x", "b").tolist() == [0.0, 1.0]
    wire = bpviz.draw(made).figure.wires[0]
    assert wire.backward.label.content.rows == (("0", "1"),)


def test_names_come_from_the_users_code() -> None:
    frame = sys._getframe()
    offsets: list[int] = []

    def here() -> tuple[int, int]:
        offsets.append(frame.f_lasti)
        return 1, 2

    first, second = here()
    assert (first, second) == (1, 2)
    place = {"code": frame.f_code, "offset": offsets[0]}
    entries = (Leaf("x", 1.0), Step("two", (0,), (1.0, 2.0), **place), Step("f", (1,), (1.0,), names=("",), **place))
    made = flow(Record("Hand", "f", entries, 3))
    assert made.graph.labels[1:] == ("first", "second", "f")
    assert made.graph["first"].line == made.graph["f"].line == frame.f_code.co_firstlineno + 8


def _large() -> tuple[bpviz.Flow, np.ndarray]:
    """x·w of an array that is −4 and zeros, and w = 1."""
    big = np.zeros((1001, 1000), "f")
    big[0, 0] = -4.0
    mul = Step("mul", (0, 1), (kept(big),), same=(Same("multiply"),), names=("y",))
    entries = (Leaf("x", kept(big)), Leaf("w", 1.0), mul, Step("sum", (2,), (-4.0,), same=(Same("sum"),), names=("s",)))
    ones = kept(np.ones_like(big))
    gradients, wires = {0: ones, 1: -4.0, 2: ones}, {2: (ones, -4.0), 3: (ones,)}
    return flow(Record("Hand", "f", entries, 3, seed=1.0, gradients=gradients, wires=wires)), big


def test_arrays_of_a_million_elements_are_thumbnails() -> None:
    made, big = _large()
    big[:] = 7.0
    wire = bpviz.draw(made).figure.wires[0]
    heat = wire.forward.label.content
    assert (heat.text, heat.full, heat.cells[0][0], heat.cells[1][1]) == ("(1001, 1000)", "4", -1.0, 0.0)
    assert wire.backward.label.content.text == "(1001, 1000) all 1"
    assert "shape (1001, 1000)" in str(bpviz.explain(made))
    assert not made.nonfinite
    assert bpviz.diff(made, _large()[0]).same


def test_what_needs_the_numbers_of_a_thumbnail_is_refused() -> None:
    made, big = _large()
    with pytest.raises(
        UsageError, match=r"^'y' cannot be computed again: of 'x', which has 1,001,000 elements, only a"
    ):
        bpviz.what_if(made, w=2.0)
    # With the whole array it can: −4 · 1.
    assert bpviz.propagate(made.graph, {"x": big}).output == -4.0
    with pytest.raises(UsageError, match="1001000 elements"):
        bpviz.elements(made)


def test_records_that_are_none_are_refused() -> None:
    entries = (Leaf("x", np.ones(2)), Step("f", (0,), (1.0,)))
    with pytest.raises(RecordingError, match=r"^an operand of 'g' is the value 7, but there are 1 values before it$"):
        flow(Record("Hand", "f", (entries[0], Step("g", (7,), (1.0,))), 1))
    with pytest.raises(RecordingError, match=r"^the gradient of 'x' has shape \(3,\), but its value has shape \(2,\)$"):
        flow(Record("Hand", "f", entries, 1, seed=1.0, gradients={0: np.ones(3)}))
    with pytest.raises(RecordingError, match=r"^the value 0 is no first result of a step with 1 operands$"):
        flow(Record("Hand", "f", entries, 1, seed=1.0, wires={0: (None,)}))
    with pytest.raises(RecordingError, match=r"'add' has 1 operands, but the operation 'add' takes 2;"):
        flow(Record("Hand", "f", (entries[0], replace(entries[1], function="add", same=(Same("add"),))), 1))


def test_unknown_is_neither_none_nor_zero() -> None:
    made = secret()
    assert made.grad("x") is UNKNOWN
    assert made.grads == {"x": UNKNOWN, "w": 12.0}
    assert made.wire_grad("x", "y") is UNKNOWN
    assert made.grad("y") == 15.0
