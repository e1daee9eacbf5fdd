"""The four directions, read in finished files."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from amounts import some
from click.testing import CliRunner
from figures_by_hand import random_figure
from operand_reader import readings
from overlaps import collisions
from rows_reader import letters
from svg_reader import read_svg

import bpviz
from bpviz.cli import main
from bpviz.layout.page import lay_out
from bpviz.picture.theme import theme

SVG = "{http://www.w3.org/2000/svg}"
ENGINES = pytest.mark.parametrize("engine", ["bpviz", pytest.param("graphviz", marks=pytest.mark.engine)])


def paid(price: float = 100.0, count: float = 8.0, tax: float = 1.1) -> float:
    subtotal = price - count
    return subtotal / tax


def chain(x: float = 0.5, w: float = 1.5) -> object:
    for _ in range(12):
        x = w - x
    return x


def texts(svg: str) -> dict[str, tuple[float, float]]:
    """The places of all texts of a picture."""
    found = read_svg(svg).iter(f"{SVG}text")
    return {text.text or "": (float(text.get("x", "")), float(text.get("y", ""))) for text in found}


@ENGINES
@pytest.mark.parametrize(("direction", "across"), [("LR", "y"), ("RL", "y"), ("TB", "x"), ("BT", "x")])
def test_values_flow_in_the_direction_and_operands_keep_their_order(direction: str, across: str, engine: str) -> None:
    svg = bpviz.draw(paid, direction=direction, engine=engine).to_svg()
    places, along = texts(svg), "yx".index(across)
    path = [places[name][along] for name in ("price", "−", "÷", "paid")]
    assert all((a < b) == (direction in ("LR", "TB")) for a, b in pairwise(path))
    # The first operand is above the second, or left of it; the number 92 is that of the subtotal.
    assert places["price"][1 - along] < places["count"][1 - along]
    assert places["92"][1 - along] < places["tax"][1 - along]
    found = list(readings(svg, across))
    assert len(found) == 2 and all(reading.is_right for reading in found)


@pytest.mark.parametrize(("direction", "across"), [("LR", 1), ("RL", 1), ("TB", 0), ("BT", 0)])
def test_the_value_is_above_its_wire_or_left_of_it_and_the_gradient_on_the_other_side(
    direction: str, across: int
) -> None:
    root = read_svg(bpviz.draw(paid, direction=direction).to_svg())
    wires = [group for group in root.iter(f"{SVG}g") if "wire" in group.get("class", "").split()]
    assert len(wires) == 5
    for wire in wires:
        sides = {text.get("class"): float(text.get("xy"[across], "")) for text in wire.iter(f"{SVG}text")}
        assert sides["forward value"] < sides["backward value"]


@pytest.mark.parametrize("direction", ["RL", "BT"])
@pytest.mark.parametrize("seed", some(range(12), every=5))
def test_nothing_collides_in_the_mirror(seed: int, direction: str) -> None:
    figure = replace(random_figure(3 + seed * 3, seed), direction=direction)
    assert not list(collisions(lay_out(figure, theme("light"))))


def test_rows_from_right_to_left_begin_at_the_right() -> None:
    svg = bpviz.draw(chain, direction="RL", width="page", repeats="all").to_svg()
    found = letters(svg)
    assert len(found) >= 2
    for ends, beginnings in found.values():
        assert [end.y < beginning.y for end, beginning in zip(ends, beginnings, strict=True)] == [True]
    root = read_svg(svg)
    width = float(root.get("width", "").removesuffix("pt"))
    rings = [
        (kind, float(circle.get("cx", "")))
        for group in root.iter(f"{SVG}g")
        for kind in ("continues", "continued")
        if kind in group.get("class", "").split()
        for circle in group.iter(f"{SVG}circle")
    ]
    starts = {x for kind, x in rings if kind == "continued"}
    assert min(starts) > 0.8 * width
    assert all(x < 0.4 * width for kind, x in rings if kind == "continues")


@pytest.mark.parametrize("direction", ["TB", "BT"])
def test_there_are_no_rows_downwards_and_upwards(direction: str) -> None:
    assert not letters(bpviz.draw(chain, direction=direction, width="column").to_svg())


def test_the_direction_may_be_written_small(tmp_path: Path) -> None:
    model = tmp_path / "m.py"
    model.write_text("def f(x=2.0, y=3.0):\n    return x - y\n", encoding="utf-8")
    made = {
        word: CliRunner().invoke(main, ["render", str(model), "-o", "-", "--direction", word]).stdout_bytes
        for word in ("rl", "RL", "lr")
    }
    assert made["rl"] == made["RL"] != made["lr"]
    assert bpviz.draw(paid, direction="bt").to_svg() == bpviz.draw(paid, direction="BT").to_svg()


@pytest.mark.parametrize("direction", ["LR", "RL", "TB", "BT"])
def test_mermaid_knows_all_directions(direction: str) -> None:
    assert bpviz.draw(paid, direction=direction).to_bytes("mmd").decode().splitlines()[0] == f"flowchart {direction}"
