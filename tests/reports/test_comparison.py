"""Two models, or two runs, compared: what was added, removed and changed; as table, JSON, figure and exit code."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from random_graphs import random_function

import bpviz
from bpviz.analysis.differences import differs
from bpviz.cli import main
from bpviz.errors import UsageError
from bpviz.figure import Figure


def total(price=100, count=2, tax=1.1):
    subtotal = price * count
    return subtotal * tax


def with_shipping(price=100, count=2, tax=1.1, shipping=50):
    subtotal = price * count
    goods = subtotal + shipping
    total = goods * tax
    return total


def kinds(found: bpviz.Comparison) -> dict[str, tuple[str, tuple[str, ...]]]:
    sides = [(difference.after or difference.before, difference) for difference in found.differences]
    return {side.name: (difference.kind, difference.aspects) for side, difference in sides if side}


def test_another_value_changes_numbers_only() -> None:
    # Article 000: tax 1.1 → 1.2 makes 240 of 220; the slopes of price and number grow with it.
    graph = bpviz.trace(total)
    found = bpviz.diff(bpviz.propagate(graph), bpviz.propagate(graph, {"tax": 1.2}))
    assert kinds(found) == {
        "price": ("changed", ("gradient",)),
        "count": ("changed", ("gradient",)),
        "tax": ("changed", ("value",)),
        "subtotal": ("changed", ("gradient",)),
        "total": ("changed", ("value",)),
    }
    assert str(found) == (
        "total: 220 → 240\n"
        "================\n\n"
        "node      value      difference  gradient   difference\n"
        "price     100                    2.2 → 2.4  +0.2\n"
        "count     2                      110 → 120  +10\n"
        "tax       1.1 → 1.2  +0.1        200\n"
        "subtotal  200                    1.1 → 1.2  +0.1\n"
        "total     220 → 240  +20         1\n\n"
        "5 changed."
    )


def test_a_step_and_an_input_more() -> None:
    # (200 + 50)·1.1 = 275; shipping counts 1.1, the tax 250 instead of 200.
    found = bpviz.diff(total, with_shipping)
    assert kinds(found) == {
        "price": ("same", ()),
        "count": ("same", ()),
        "tax": ("changed", ("gradient",)),
        "shipping": ("added", ()),
        "subtotal": ("same", ()),
        "goods": ("added", ()),
        "total": ("changed", ("operands", "value")),
    }
    row = next(line for line in str(found).splitlines() if line.startswith("total "))
    assert "of subtotal, tax → goods, tax" in row and "220 → 275" in row and "+55" in row
    back = bpviz.diff(with_shipping, total)
    assert {name: kind for name, (kind, _) in kinds(back).items()}["goods"] == "removed"
    assert "removed: add of subtotal, shipping" in str(back)
    assert "2 removed, 2 changed, 3 the same." in str(back)


def test_another_operation_another_name_another_constant() -> None:
    def one(x=1.0, w=2.0):
        h = np.tanh(x * w)
        return h * 2

    def two(x=1.0, weight=2.0):
        h = np.exp(x * weight)
        return h * 3

    found = kinds(bpviz.diff(one, two))
    assert found["weight"][1][0] == "name"
    assert found["h"][1][0] == "operation"
    assert found["constant of two"] == ("changed", ("value",))


def test_parameters_are_part_of_an_operation() -> None:
    x = np.array([[1.0, 2.0], [3.0, 4.0]])

    def one(x=x):
        rows = np.sum(x, axis=0)
        return np.sum(rows * rows)

    def two(x=x):
        rows = np.sum(x, axis=1)
        return np.sum(rows * rows)

    found = bpviz.diff(one, two)
    assert kinds(found)["rows"][1] == ("operation", "value", "gradient")
    assert "sum(axis=0) → sum(axis=1)" in str(found)


def test_rounding_is_a_difference_only_with_tolerance_0() -> None:
    def other(price=100, count=2, tax=1.1):
        subtotal = price * count
        return tax * subtotal * (1 + 1e-12)

    def same(price=100, count=2, tax=1.1):
        subtotal = price * count
        return subtotal * tax * 1.0

    assert "value" not in kinds(bpviz.diff(same, other))["other"][1]
    assert "value" in kinds(bpviz.diff(same, other, tolerance=1e-15))["other"][1]
    assert bpviz.diff(total, total).same
    assert str(bpviz.diff(total, total)).endswith(
        "Nothing differs: 5 nodes with their values and gradients are the same."
    )


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (1.0, 1.0 + 1e-12, False),
        (1.0, 1.0 + 1e-6, True),
        (0.0, 1e-17, False),
        (math.inf, math.inf, False),
        (math.inf, -math.inf, True),
        (math.nan, 1.0, True),
        (np.array([1.0, math.nan]), np.array([1.0, math.nan]), False),
        (np.array([1e6, 1e-12]), np.array([1e6, 0.0]), False),
        (np.zeros(2), np.zeros(3), True),
        (1.0, np.ones(()), False),
        (np.zeros((0, 2)), np.zeros((0, 2)), False),
    ],
)
def test_differences(one: Any, other: Any, expected: bool) -> None:
    assert differs(one, other, 1e-9) is expected
    assert differs(other, one, 1e-9) is expected


def test_long_arrays_have_their_shape_and_largest_difference() -> None:
    def f(x=np.arange(12.0), k=1.0):
        return np.sum(x * k)

    graph = bpviz.trace(f)
    table = str(bpviz.diff(bpviz.propagate(graph), bpviz.propagate(graph, {"k": 2.0})))
    row = next(line for line in table.splitlines() if line.startswith("multiply"))
    assert row.split() == ["multiply", "shape", "(12,)", "up", "to", "11", "shape", "(12,)"]


@pytest.mark.parametrize("seed", range(15))
def test_a_model_is_the_same_as_itself_and_differs_where_an_input_does(seed: int) -> None:
    function, args = random_function(random.Random(seed), 3 + seed)
    one, two = bpviz.backprop(function, *args), bpviz.backprop(function, *args)
    assert bpviz.diff(one, two).same
    name = next(name for i, name in one.graph.record.is_input.items() if one.gradients[i] is not None)
    moved = bpviz.propagate(one.graph, {name: one.value(name) * 1.01 + 0.001})
    found = bpviz.diff(one, moved)
    assert not found.same
    assert "value" in kinds(found)[name][1]
    for difference in found.differences:
        assert difference.before and difference.after
        assert ("value" in difference.aspects) == differs(difference.before.value, difference.after.value, 1e-9)


def test_the_value_whose_gradients_are_compared() -> None:
    graph = bpviz.trace(total)
    one, two = bpviz.propagate(graph), bpviz.propagate(graph, {"tax": 1.2})
    # Of the subtotal the tax is no part.
    assert set(kinds(bpviz.diff(one, two, output="subtotal"))["price"][1]) == set()


def test_targets_without_numbers_are_refused() -> None:
    graph = bpviz.Graph("f")
    graph.output(graph.input("x") * 2, "y")
    with pytest.raises(UsageError) as error:
        bpviz.diff(total, graph)
    assert str(error.value) == (
        "a graph whose inputs have no values has no numbers to compare; give a function, a Graph with values or a Flow"
    )
    with pytest.raises(UsageError, match=r"a card, a page or a training has no numbers to compare"):
        bpviz.diff(bpviz.card("relu"), total)


# The figure


def tones(found: Figure) -> dict[str, str]:
    return {box.text: box.tone for box in found.boxes}


def test_in_the_figure_new_parts_are_in_front_and_equal_ones_in_the_background() -> None:
    found = bpviz.diff(total, with_shipping).draw().figure
    assert isinstance(found, Figure)
    assert tones(found)["+"] == tones(found)["shipping"] == "strong"
    assert (tones(found)["price"], tones(found)["tax"], tones(found)["total"]) == ("pale", "plain", "plain")
    ids = {box.id: box.text for box in found.boxes}
    wires = {(ids[wire.source], ids[wire.target]): wire.tone for wire in found.wires}
    assert wires == {
        ("price", "×"): "pale",
        ("count", "×"): "pale",
        # It led elsewhere.
        ("×", "+"): "pale",
        ("shipping", "+"): "strong",
        ("+", "×"): "strong",
        ("tax", "×"): "plain",
        ("×", "total"): "plain",
    }
    assert found.notes == ("new: shipping, goods",)


def test_notes_name_removed_and_changed_steps() -> None:
    def one(x=1.0, gone=2.0):
        h = bpviz.nn.relu(x + gone)
        return h * 2

    def two(x=1.0):
        h = bpviz.nn.tanh(x)
        return h * 2

    found = bpviz.diff(one, two).draw().figure
    assert found.notes == ("changed: h (relu before)", "removed: gone, add")
    assert tones(found)["tanh"] == "strong"  # type: ignore[arg-type]


def test_a_changed_constant_shows_both_numbers() -> None:
    def one(x=3.0, y=1.0):
        h = x * 2
        k = y * 5
        return (h + k) ** 2

    def two(x=3.0, y=1.0):
        h = x * 7
        k = y * 5
        return (h + k) ** 3

    found = bpviz.diff(one, two)
    figure = found.draw().figure
    assert isinstance(figure, Figure)
    texts = {box.text: (box.kind, box.tone, box.description) for box in figure.boxes}
    assert texts["×2 → ×7"] == ("operation", "plain", "multiply ×2 → ×7, makes h")
    assert texts["×5"][0] == "operation"
    # h + k is 11, then 26; the output 11² = 121, then 26³ = 17576; its slope 2·11 = 22, then 3·26² = 2028.
    assert "x² → x³" in texts
    assert [wire.description for wire in figure.wires if wire.description.startswith(("h to", "x² → x³"))] == [
        "h to +: value 6 → 21, gradient 22 → 2028",
        "x² → x³ to two: value 121 → 17576, gradient 1",
    ]
    table = {line.split("  ")[0]: line.split()[3:] for line in str(found).splitlines() if line.startswith("constant")}
    assert table == {"constant of h": ["2", "→", "7", "+5"], "constant of two": ["2", "→", "3", "+1"]}
    # Of formulas there is no earlier one.
    assert {box.text for box in found.draw(labels="symbols").figure.boxes} >= {"×7", "x³"}  # type: ignore[union-attr]


def test_a_changed_array_shows_both_numbers_in_each_cell() -> None:
    def one(x=np.array([1.0, 1.0])):
        return np.sum(x * np.array([1.0, 2.0]))

    def two(x=np.array([1.0, 1.0])):
        return np.sum(x * np.array([1.0, 4.0]))

    def three(x=np.array([1.0, 1.0])):
        return np.sum(x * 2)

    def shown(before: Any, after: Any) -> tuple[str, str]:
        """Return the text in the box of the constant, and the description of its wire."""
        figure = bpviz.diff(before, after).draw().figure
        assert isinstance(figure, Figure)
        box = next(box for box in figure.boxes if box.kind == "constant")
        return box.text, next(wire.description for wire in figure.wires if wire.source == box.id)

    assert shown(one, two) == ("array (2,)", "array (2,) to ×: value [1, 2 → 4]")
    assert shown(three, one) == ("array (2,)", "array (2,) to ×: value 2 → (2,)")
    assert shown(one, three) == ("(2,) → 2", "(2,) → 2 to ×: value (2,) → 2")


def layer(x, w):
    return x * w + x


def test_a_frame_is_in_the_background_with_its_content() -> None:
    def one(x=2.0, w=3.0, k=1.0):
        return layer(x, w) * 1 + k

    def two(x=2.0, w=3.0, k=2.0):
        return layer(x, w) * 1 + k

    found = bpviz.diff(one, two).draw().figure
    assert [frame.tone for frame in found.frames] == ["pale"]
    closed = bpviz.diff(one, two).draw(depth=0).figure
    assert tones(closed)["layer"] == "pale"  # type: ignore[arg-type]
    lit = bpviz.diff(two, one).draw(path="x").figure
    assert tones(lit)["x"] == "strong"  # type: ignore[arg-type]


# The command


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["diff", *arguments])


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "old.py").write_text(
        "def total(price=100, count=2, tax=1.1):\n    subtotal = price * count\n    return subtotal * tax\n"
    )
    (tmp_path / "new.py").write_text(
        "def total(price=100, count=2, tax=1.1, shipping=50):\n    subtotal = price * count\n"
        "    goods = subtotal + shipping\n    return goods * tax\n"
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_two_files(models: Path) -> None:
    result = run("old.py", "new.py")
    assert (result.exit_code, result.stderr) == (1, "")
    assert result.stdout.startswith("total: 220 → 275\n")
    assert result.stdout.endswith("2 added, 2 changed, 3 the same.\n")
    same = run("old.py", "old.py")
    assert same.exit_code == 0
    assert "Nothing differs" in same.stdout


def test_one_file_run_twice(models: Path) -> None:
    result = run("old.py", "--set-b", "tax=1.2")
    assert result.exit_code == 1
    assert "220 → 240" in result.stdout
    assert run("old.py", "--set-a", "tax=1.2", "--set-b", "tax=1.2").exit_code == 0
    assert "240 → 220" in run("old.py", "--set-a", "tax=1.2").stdout


def test_json(models: Path) -> None:
    result = run("old.py", "new.py", "--json")
    assert result.exit_code == 1
    data = json.loads(result.stdout)
    assert (data["kind"], data["same"]) == ("diff", False)
    assert data["counts"] == {"added": 2, "removed": 0, "changed": 2, "same": 3}
    assert [(node["after"]["name"], node["kind"]) for node in data["nodes"]] == [
        ("tax", "changed"),
        ("shipping", "added"),
        ("goods", "added"),
        ("total", "changed"),
    ]
    assert data["nodes"][1]["before"] is None
    assert data["nodes"][0]["after"]["gradient"] == 250.0


@pytest.mark.engine
def test_the_figure_as_a_file(models: Path) -> None:
    result = run("old.py", "new.py", "-o", "changes.svg", "--theme", "dark")
    assert (result.exit_code, result.stderr) == (1, "wrote changes.svg\n")
    drawn = (models / "changes.svg").read_text(encoding="utf-8")
    assert "220 → 275" in drawn and "new: shipping, goods" in drawn


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("old.py",),
            "bpviz: old.py is to be compared with what? Name a second model, or give --set-b tax=1.2\n",
        ),
        (("old.py", "--set-b", "tx=1"), "bpviz: there is no input named 'tx' for --set-b; did you mean 'tax'?\n"),
        (("old.py", "--set-a", "tax"), "bpviz: --set-a takes NAME=VALUE, but got 'tax'; for example --set-a tax=1.2\n"),
        (("old.py", "nw.py"), "bpviz: there is no file 'nw.py'; did you mean 'new.py'?\n"),
    ],
)
def test_wrong_usage_ends_with_2(models: Path, arguments: tuple[str, ...], message: str) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stderr, result.stdout) == (2, message, "")


def test_each_model_imports_helpers_of_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for folder, factor in (("one", 2.0), ("two", 3.0)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "scales.py").write_text(f"FACTOR = {factor}\n")
        (tmp_path / folder / "model.py").write_text(
            "from scales import FACTOR\ndef f(x=1.0):\n    return x * FACTOR + 1.0\n"
        )
    result = CliRunner().invoke(main, ["diff", "one/model.py", "two/model.py"], prog_name="bpviz")
    # 1·2 + 1 = 3 and 1·3 + 1 = 4.
    assert result.exit_code == 1, result.output
    assert "3" in result.stdout
    assert "4" in result.stdout


def test_a_model_on_standard_input_is_read_once() -> None:
    source = "def total(price=100, tax=1.1):\n    return price * tax\n"
    result = CliRunner().invoke(main, ["diff", "-", "--set-b", "tax=1.2"], input=source, prog_name="bpviz")
    assert result.exit_code == 1, result.output
    assert "120" in result.stdout
    both = CliRunner().invoke(main, ["diff", "-", "-"], input=source, prog_name="bpviz")
    assert both.exit_code == 2
    assert "standard input (-) can be one of the two models, not both; name a file for the other" in both.stderr


@pytest.mark.engine
def test_words_are_written_into_files_of_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.py").write_text("def total(price=100, tax=1.1):\n    return price * tax\n")
    words = ["diff", "m.py", "--set-b", "tax=1.2", "-o", "d.md", "-o", "d.json", "-o", "d.html", "-o", "d.svg"]
    result = CliRunner().invoke(main, words, prog_name="bpviz")
    assert result.exit_code == 1, result.output
    assert "| " in (tmp_path / "d.md").read_text(encoding="utf-8")
    assert (tmp_path / "d.json").read_text(encoding="utf-8").startswith("{")
    assert "<table" in (tmp_path / "d.html").read_text(encoding="utf-8")
    assert (tmp_path / "d.svg").read_text(encoding="utf-8").startswith("<svg ")
