"""Paths lit up: what lies on them stands in front, with the slopes to multiply; or all else is left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import bpviz
from bpviz import nn
from bpviz.cli import main
from bpviz.errors import UsageError
from bpviz.figure import Figure, Label, Wire


def figure(model: Any, **options: Any) -> Figure:
    found = bpviz.draw(model, **options).figure
    assert isinstance(found, Figure)
    return found


def text(label: Label | None) -> str:
    return "" if label is None else label.content.text


def between(found: Figure, source: str, target: str) -> Wire:
    ids = {box.id: box.text for box in found.boxes}
    return next(wire for wire in found.wires if (ids[wire.source], ids[wire.target]) == (source, target))


def total(price: float = 100, count: float = 2, tax: float = 1.1) -> float:
    subtotal = price * count
    return subtotal * tax


def test_seed_000_the_chain_of_one_price() -> None:
    found = figure(total, highlight="price")
    tones = {box.text: box.tone for box in found.boxes}
    assert (tones["price"], tones["total"], tones["count"], tones["tax"]) == ("strong", "strong", "pale", "pale")
    lit = [wire for wire in found.wires if wire.tone == "strong"]
    # dy/dp = dx/dp · dy/dx = n · t = 2 × 1.1 = 2.2
    assert [text(wire.backward.label) for wire in lit if wire.backward] == ["× 2", "× 1.1", "1"]
    assert found.notes == ("dtotal/dprice = dsubtotal/dprice · dtotal/dsubtotal = count · tax = 2 × 1.1 = 2.2",)


def test_seed_003_a_value_of_several_outputs_gets_the_sum_over_the_paths() -> None:
    def cost(a: float = 0.5, v0: float = 2.0, v1: float = -1.0, v2: float = 3.0) -> float:
        y0, y1, y2 = v0 * a, v1 * a, v2 * a
        return y0 * 1.0 + y1 * 10.0 + y2 * 100.0

    found = figure(cost, highlight="a")
    # Three terms, one per path: 2·1 − 1·10 + 3·100 = 292.
    assert found.notes[0] == "a reaches cost along 3 paths; their shares add up."
    assert [note.rpartition(" = ")[2] for note in found.notes[1:]] == ["2", "−10", "300", "292"]
    assert found.notes[-1] == "dcost/da = 2 − 10 + 300 = 292"
    stem = next(wire for wire in found.wires if wire.target.startswith("b"))
    assert stem.tone == "strong"
    assert stem.backward is not None
    assert text(stem.backward.label) == "292"


def test_a_path_may_end_before_the_output() -> None:
    found = figure(total, path="price..subtotal")
    assert between(found, "price", "×").tone == "strong"
    assert [wire.tone for wire in found.wires].count("strong") == 1
    assert found.notes == ("dsubtotal/dprice = count = 2",)


def test_only_shows_the_paths_and_their_other_operands() -> None:
    found = figure(total, only="subtotal..total")
    assert [(box.text, box.kind) for box in found.boxes] == [
        ("tax", "constant"),
        ("subtotal", "input"),
        ("×", "operation"),
        ("total", "output"),
    ]
    wire = between(found, "tax", "×")
    assert (wire.constant, wire.backward) == (True, None)
    assert wire.forward is not None
    assert text(wire.forward.label) == "1.1"
    assert found.notes == ("dtotal/dsubtotal = tax = 1.1",)


def test_closed_groups_and_frames_follow_the_path() -> None:
    def model(x: float = 1.0, w: float = 2.0) -> float:
        with bpviz.group("left"):
            y = x * 3.0
        with bpviz.group("right"):
            z = w * w
        return y + z

    found = figure(model, highlight="x")
    assert {frame.title: frame.tone for frame in found.frames} == {"left": "plain", "right": "pale"}
    closed = figure(model, highlight="x", depth=0)
    assert {box.text: box.tone for box in closed.boxes if box.kind == "group"} == {"left": "strong", "right": "pale"}
    wire = between(closed, "x", "left")
    # A closed group is no single link: the gradient stands there, not a slope.
    assert wire.backward is not None
    assert text(wire.backward.label) == "3"


def test_among_arrays_the_gradients_stand_on_the_way() -> None:
    def loss(W: Any = np.array([[1.0, 2.0], [3.0, 4.0]]), b: Any = np.array([0.5, -0.5])) -> Any:
        z = np.array([1.0, -1.0]) @ W + b
        a = nn.relu(z)
        return np.sum(a)

    found = figure(loss, highlight="b")
    assert {box.text: box.tone for box in found.boxes if box.kind == "input"} == {"W": "pale", "b": "strong"}
    assert found.notes[0] == "b reaches loss along one path: b → z → a → loss."
    single = figure(loss, elements=True, highlight="b[0]")
    assert {box.text for box in single.boxes if box.kind == "input" and box.tone == "strong"} == {"b₀"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"highlight": "prize"}, "the graph has no value named 'prize'; did you mean 'price'?"),
        ({"path": "total..price"}, "no path leads from 'total' to 'price'; a path goes from a value to one that"),
        ({"path": "price.."}, "'price..' names no path; write NAME..NAME, or one NAME for the paths to the output"),
        ({"only": "..total"}, "'..total' names no path; write NAME..NAME"),
        ({"only": "a..b..c"}, "'a..b..c' names no path; write NAME..NAME"),
    ],
)
def test_wrong_paths_are_refused(options: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        figure(total, **options)
    assert message in str(caught.value)


def test_a_graph_without_numbers_has_no_paths() -> None:
    g = bpviz.Graph("g")
    x = g.input("x")
    g.output(x * x, "y")
    with pytest.raises(UsageError, match="paths are those of a run; give every input a value"):
        figure(g, highlight="x")


@pytest.mark.engine
def test_on_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.py").write_text("def f(税=2.0, x=3.0):\n    return 税 * x + x\n", encoding="utf-8")
    result = CliRunner().invoke(main, ["render", "m.py", "--highlight", "税", "-o", "-"], prog_name="bpviz")
    assert result.exit_code == 0, result.stderr
    assert ">× 3<" in result.stdout
    assert "df/d税 = x = 3" in result.stdout
    only = CliRunner().invoke(main, ["render", "m.py", "--only", "税..f", "-o", "-"], prog_name="bpviz")
    assert only.exit_code == 0, only.stderr
    wrong = CliRunner().invoke(main, ["render", "m.py", "--path", "y..f"], prog_name="bpviz")
    assert (wrong.exit_code, wrong.stderr) == (
        2,
        "bpviz: the graph has no value named 'y'; it has: 税, x, multiply, f\n",
    )


def test_path_and_highlight_are_one_option() -> None:
    with pytest.raises(UsageError, match="path and highlight are two names of one option; give one of them"):
        bpviz.draw(lambda x=3.0, w=2.0: x * w, path="x", highlight="w")


def test_an_input_that_only_leaves_out_is_not_called_unused() -> None:
    def loss(x=3.0, w=2.0, b=1.0, nothing=5.0):  # type: ignore[no-untyped-def]
        h = bpviz.name(x * w, "h")
        return h + b

    drawing = bpviz.draw(loss, only="x..h")
    assert "b" not in [box.text for box in drawing.figure.boxes]
    assert drawing.notes == ("the input 'nothing' does not reach the output",)
