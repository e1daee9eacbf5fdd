"""The circuit as data: which boxes and wires there are, and what stands at them."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
from random_graphs import random_function

import bpviz
from bpviz.errors import UsageError
from bpviz.figure import Figure, Grid, Heat, Label, Plain
from bpviz.figures.circuit import circuit
from bpviz.figures.options import CircuitOptions
from bpviz.fingerprint import fingerprint
from bpviz.words.values import changed, content


def figure(function: object, *arguments: object, **options: object) -> Figure:
    return circuit(bpviz.backprop(function, *arguments), CircuitOptions(**options))  # type: ignore[arg-type]


def texts(drawn: Figure) -> list[tuple[str, str, str, str]]:
    """Return every wire as (source, forward, backward, target), with the text of the boxes."""
    boxes = {box.id: box.text or "•" for box in drawn.boxes}

    def shown(arrow: object) -> str:
        label = getattr(arrow, "label", None)
        return "-" if arrow is None else "" if label is None else label.content.text

    return [(boxes[w.source], shown(w.forward), shown(w.backward), boxes[w.target]) for w in drawn.wires]


def test_pencils_and_erasers() -> None:
    # Article 001: (100 × 2 + 30 × 3) × 1.1 = 319, and all its backward numbers.
    def total(pencil=100, pencils=2, eraser=30, erasers=3, tax=1.1):
        return (pencil * pencils + eraser * erasers) * tax

    assert sorted(texts(figure(total))) == sorted(
        [
            ("pencil", "100", "2.2", "×"),
            ("pencils", "2", "110", "×"),
            ("eraser", "30", "3.3", "×"),
            ("erasers", "3", "33", "×"),
            ("×", "200", "1.1", "+"),
            ("×", "90", "1.1", "+"),
            ("+", "290", "1.1", "×"),
            ("tax", "1.1", "290", "×"),
            ("×", "319", "1", "total"),
        ]
    )


def test_a_value_that_is_used_twice_branches_and_its_gradients_add_up() -> None:
    # x·x + x at 3: the wires carry 3, 3 and 1, the node 7.
    drawn = figure(lambda x=3.0: x * x + x)
    assert ("x", "3", "7", "•") in texts(drawn)
    assert sorted(w for w in texts(drawn) if w[0] == "•") == [
        ("•", "3", "1", "+"),
        ("•", "3", "3", "×"),
        ("•", "3", "3", "×"),
    ]
    assert [w.slot for w in drawn.wires if w.target == "n1"] == [0, 1]


def test_an_output_that_is_used_further_branches_to_its_end() -> None:
    def f(x=3.0):
        y = x * 2
        return y, y * y

    drawn = texts(circuit(bpviz.propagate(bpviz.trace(f), output="f[1]")))
    assert ("•", "6", "-", "y") in drawn
    assert ("×", "36", "1", "f[1]") in drawn


def test_constants_are_grey_and_get_no_gradient() -> None:
    drawn = figure(lambda x=3.0: 2 * x + 1, constants="wires")
    constants = {box.id: box.text for box in drawn.boxes if box.kind == "constant"}
    assert sorted(constants.values()) == ["1", "2"]
    for wire in drawn.wires:
        assert wire.constant == (wire.source in constants)
        assert (wire.backward is None) == wire.constant


def test_a_wire_without_a_gradient_has_one_arrow() -> None:
    labels = np.array([0, 1])
    drawn = figure(lambda y, t: bpviz.nn.cross_entropy(y, t), np.array([[0.5, 0.5], [0.2, 0.8]]), labels)
    names = {box.id: box.text for box in drawn.boxes}
    assert {names[w.source]: w.backward is None for w in drawn.wires if w.slot or names[w.source] == "y"} == {
        "y": False,
        "t": True,
    }


def test_zero_gradient_is_drawn_as_zero() -> None:
    assert ("x", "−2", "0", "ReLU") in texts(figure(lambda x=-2.0: bpviz.nn.relu(x)))


def test_a_plain_exponent_is_written_into_the_circle() -> None:
    drawn = figure(lambda x=3.0: x**2)
    assert [(b.kind, b.text) for b in drawn.boxes] == [("input", "x"), ("operation", "x²"), ("output", "output")]


def test_losses_name_their_operands() -> None:
    drawn = figure(lambda A=0.5, Y=1.0: bpviz.nn.sum_squared_error(A, Y))
    assert [b.text for b in drawn.boxes if b.kind == "operation"] == ["½Σ(A−Y)²"]


def test_small_arrays_are_grids_larger_ones_shapes() -> None:
    drawn = figure(lambda x: np.sum(x), np.array([[1.0, 2.5], [-3.0, 1e-5]]))
    forward = drawn.wires[0].forward
    assert forward is not None
    assert forward.label == Label(Grid((("1.00000", "2.50000"), ("−3.00000", "0.00001"))))
    drawn = figure(lambda x: np.sum(x), np.arange(10.0))
    content = drawn.wires[0].forward.label.content  # type: ignore[union-attr]
    assert isinstance(content, Heat)
    assert content.text == "(10,)"
    assert content.cells[0][0] == 0
    assert content.cells[0][-1] == 1
    drawn = figure(lambda x: np.sum(x), np.zeros((0, 3)))
    assert drawn.wires[0].forward.label.content == Plain("(0, 3)")  # type: ignore[union-attr]


def test_rounding_errors_beside_larger_numbers_are_about_zero() -> None:
    # 0.1 + 0.2 − 0.3 is 2⁻⁵⁴ in floating point; 10⁻⁹ is far more than rounding leaves of sums that are about 1.
    drawn = figure(lambda x: x - 0.3, np.array([0.1 + 0.2, 1.3, 0.3 + 1e-9, 0.3]))
    label = drawn.wires[-1].forward.label  # type: ignore[union-attr]
    assert label.content == Grid((("≈0", "1", "1×10⁻⁹", "0"),))  # type: ignore[union-attr]
    assert content(np.array([1e-20, np.inf])) == Grid((("1", "∞"),), marked=True, factor="×10⁻²⁰")
    # A number that stands alone is as it is.
    assert content(0.1 + 0.2 - 0.3) == Plain("5.551×10⁻¹⁷")


def test_numbers_that_are_not_finite_are_marked() -> None:
    drawn = figure(lambda x=0.0: np.log(x))
    marked = [w.forward.label.content for w in drawn.wires if w.forward and w.forward.label]
    assert Plain("−∞", marked=True) in marked


def layer(x, w):
    return x * w + x


def model(x=2.0, w=3.0):
    h = layer(x, w)
    return layer(h, w) * h


def test_functions_are_frames() -> None:
    drawn = figure(model)
    assert [frame.title for frame in drawn.frames] == ["layer", "layer"]
    inside = [sum(box.frame == frame.id for box in drawn.boxes) for frame in drawn.frames]
    # Two operations each; the branch of a value that is only used outside stands outside.
    assert inside == [2, 2]


def test_a_closed_group_is_one_box_with_the_right_numbers_on_its_border() -> None:
    drawn = figure(model, depth=0)
    assert not drawn.frames
    # h = 2·3 + 2 = 8, output = (8·3 + 8)·8 = 256. dout/dh = 2·32 = 64: half through the second layer, half directly.
    # Into the first layer: x gets 64·(3 + 1) = 256, w gets 64·2 = 128; into the second: w gets 8·8 = 64.
    assert sorted(texts(drawn)) == sorted(
        [
            ("x", "2", "256", "layer"),
            ("w", "3", "192", "•"),
            ("•", "3", "128", "layer"),
            ("•", "3", "64", "layer"),
            ("layer", "8", "64", "•"),
            ("•", "8", "32", "layer"),
            ("•", "8", "32", "×"),
            ("layer", "32", "8", "×"),
            ("×", "256", "1", "model"),
        ]
    )


def test_unused_steps_and_comparisons_are_left_out() -> None:
    def f(x=3.0, unused=1.0):
        x * 5
        return x * 2 if x > 0 else x

    assert sorted(b.text for b in figure(f).boxes) == ["f", "x", "×2"]


def test_names_stand_at_their_wires_but_not_twice() -> None:
    def f(x=3.0):
        middle = x * 2
        result = middle + 1
        return result

    names = [w.forward.label.name for w in figure(f).wires if w.forward and w.forward.label]
    assert names == ["", "middle", ""]
    assert [b.text for b in figure(f).boxes if b.kind == "output"] == ["result"]


def test_show_forward_and_backward() -> None:
    def f(x=3.0):
        return x * 2

    assert texts(figure(f, show="forward")) == [("x", "3", "-", "×2"), ("×2", "6", "-", "f")]
    assert texts(figure(f, show="backward")) == [("x", "-", "2", "×2"), ("×2", "-", "1", "f")]


def test_a_graph_without_values_is_drawn_without_numbers() -> None:
    graph = bpviz.Graph("f")
    x = graph.input("x")
    graph.output(x * x, "y")
    assert ("x", "", "-", "•") in texts(circuit(graph))


def test_unknown_groups_are_refused_with_a_close_match() -> None:
    with pytest.raises(UsageError, match="there is no group named 'layr'; did you mean 'layer'"):
        figure(model, close=("layr",))


def test_wires_are_described_in_words() -> None:
    drawn = figure(lambda price=100, count=2: price * count)
    assert drawn.wires[0].description == "price to ×: value 100, gradient 2"
    assert drawn.description == "Computation graph of the computation: output = 200; gradients: price 2, count 100."


@pytest.mark.parametrize("seed", range(30))
def test_closing_groups_changes_no_number_outside_of_them(seed: int) -> None:
    function, arguments = random_function(random.Random(seed), 25)
    flow = bpviz.backprop(function, *arguments)

    def at_the_ends(depth: int | None) -> dict[str, tuple[object, object]]:
        drawn = circuit(flow, CircuitOptions(depth=depth, precision=12))
        names = {box.id: box.text for box in drawn.boxes if box.kind in ("input", "output")}
        return {
            names.get(w.source) or names[w.target]: (
                w.forward and w.forward.label and w.forward.label.content,
                w.backward and w.backward.label and w.backward.label.content,
            )
            for w in drawn.wires
            if w.source in names or w.target in names
        }

    def roughly(ends: dict[str, tuple[object, object]]) -> dict[str, list[str]]:
        # Sums are taken in another order: the last digits may differ.
        return {name: [c.text[:8] if isinstance(c, Plain) else "" for c in pair] for name, pair in ends.items()}

    assert roughly(at_the_ends(0)) == roughly(at_the_ends(None))


def test_numbers_of_an_earlier_run_are_beside_those_of_this_one() -> None:
    # Article 000: the tax from 1.1 to 1.2 makes 240 of 220; price and number count for more, the subtotal stays.
    def total(price=100, count=2, tax=1.1):
        subtotal = price * count
        return subtotal * tax

    before = bpviz.backprop(total)
    drawn = circuit(bpviz.propagate(before.graph, {"tax": 1.2}), CircuitOptions(before=before))
    assert sorted(texts(drawn)) == sorted(
        [
            ("price", "100", "2.2 → 2.4", "×"),
            ("count", "2", "110 → 120", "×"),
            ("×", "200", "1.1 → 1.2", "×"),
            ("tax", "1.1 → 1.2", "200", "×"),
            ("×", "220 → 240", "1", "total"),
        ]
    )


def test_an_earlier_run_of_another_model() -> None:
    def one(x=3.0):
        return x * 2

    def two(x=3.0):
        return x * 2 + x

    drawn = circuit(bpviz.backprop(two), CircuitOptions(before=bpviz.backprop(one)))
    # The second use of x is new; where x begins, the sum of all uses stands beside what it was.
    assert ("x", "3", "2 → 3", "•") in texts(drawn)
    assert ("•", "3", "1", "+") in texts(drawn)


def test_arrays_of_two_runs_are_compared_cell_by_cell() -> None:
    assert changed(np.array([1.0, 2.0]), np.array([1.0, 3.0])) == Grid((("1", "2 → 3"),))
    assert changed(np.zeros(3), np.zeros((2, 3))) == Plain("(3,) → (2, 3)")
    assert changed(1.5, np.zeros((2, 3))) == Plain("1.5 → (2, 3)")
    large = np.zeros((6, 6))
    assert changed(large, large) == content(large)
    shown = changed(large, large + np.eye(6) * 2)
    assert isinstance(shown, Heat)
    assert shown.text == "Δ (6, 6)"
    assert shown.cells[1][:2] == (0, 1)


def test_boxes_know_the_node_or_the_closed_group_that_they_are() -> None:
    def half(x):  # type: ignore[no-untyped-def]
        return x / 2

    def model(x=3.0, y=4.0):  # type: ignore[no-untyped-def]
        return half(x * y) + x

    flow = bpviz.backprop(model)
    symbols = {"multiply": "×", "divide": "÷2", "add": "+"}
    for box in circuit(flow).boxes:
        if box.kind in ("operation", "input"):
            node = flow.graph.nodes[box.node]  # type: ignore[index]
            assert box.text in (node.name, symbols.get(node.operation.name) if node.operation else "", "/")
        assert (box.node is None) == (box.kind in ("output", "branch"))
        assert box.group is None
    (closed,) = (box for box in circuit(flow, CircuitOptions(depth=0)).boxes if box.kind == "group")
    assert closed.node is None
    assert flow.graph.record.scopes[closed.group].title == closed.text == "half"  # type: ignore[index]


def test_the_number_of_a_node_is_no_part_of_the_fingerprint() -> None:
    seen = circuit(bpviz.backprop(lambda x=3.0: x * x))
    unnumbered = replace(seen, boxes=tuple(replace(box, node=None, group=None) for box in seen.boxes))
    assert seen != unnumbered
    assert fingerprint(seen) == fingerprint(unnumbered)
