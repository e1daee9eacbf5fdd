"""No figure reads the wrong way round: at every − ÷ dot and power, upper operand, symbol, lower operand make the result.

Read on finished pictures, by an independent reader (`operand_reader`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import places
import pytest
from amounts import fewer, some_pairs
from nested_programs import nested_program
from operand_reader import SVG, Reading, readings
from svg_reader import read_svg

import bpviz
from bpviz.layout.engines import engines
from bpviz.layout.page import lay_out
from bpviz.picture.theme import theme
from bpviz.writers import svg

GALLERY = places.GALLERY
FIGURES = [path for path in sorted(GALLERY.glob("*.svg")) if path.name != "apples_moving.svg"]
LARGEST = 160
"""Boxes of the largest figure that is read."""

needs_graphviz = pytest.mark.skipif(not any(info.available for info in engines()), reason="there is no Graphviz")


def programs(seeds: range, count: int) -> Iterator[tuple[str, bpviz.Drawing]]:
    """Iterate over the drawings of so many random programs, each with its source."""
    for seed in seeds:
        made = nested_program(seed)
        if made is None:
            continue
        drawing = bpviz.draw(made[0], open="all")
        if len(drawing.figure.boxes) <= LARGEST:
            yield f"program {seed}:\n{made[1]}", drawing
            count -= 1
        if not count:
            return
    raise AssertionError(f"{count} programs too few")


def judged(found: Mapping[str, list[Reading]], least: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Fail if an operation is misread, or fewer than ``least`` operations show their order; print the number."""
    wrong = [f"{name}: {reading}" for name, read in found.items() for reading in read if not reading.is_right]
    readable = sum(reading.shows_order for read in found.values() for reading in read)
    with capsys.disabled():
        print(f" [{len(found)} figures: {readable} operations show their order, {len(wrong)} wrong] ", end="")
    assert not wrong, "\n".join(wrong[:5])
    assert readable >= least


def test_the_gallery(capsys: pytest.CaptureFixture[str]) -> None:
    judged({path.name: list(readings(path.read_text(encoding="utf-8"))) for path in FIGURES}, 6, capsys)


def test_random_programs(capsys: pytest.CaptureFixture[str]) -> None:
    judged(
        {name: list(readings(drawing.to_svg())) for name, drawing in programs(range(400), fewer(220, every=20))},
        fewer(1500, every=20),
        capsys,
    )


def test_random_programs_from_top_to_bottom(capsys: pytest.CaptureFixture[str]) -> None:
    found = {
        name: list(readings(bpviz.draw(drawing.source, open="all", direction="TB").to_svg(), across="x"))
        for name, drawing in programs(range(1000, 1200), fewer(80, every=20))
    }
    judged(found, fewer(500, every=20), capsys)


@pytest.mark.thorough
@pytest.mark.parametrize(("direction", "across"), [("RL", "y"), ("BT", "x")])
def test_random_programs_in_the_mirror(direction: str, across: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = {
        name: list(readings(bpviz.draw(drawing.source, open="all", direction=direction).to_svg(), across))
        for name, drawing in programs(range(1000, 1200), 40)
    }
    judged(found, 150, capsys)


@needs_graphviz
@pytest.mark.engine
@pytest.mark.parametrize(("direction", "across"), [("LR", "y"), ("TB", "x")])
def test_random_programs_by_graphviz(direction: str, across: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = {
        name: list(
            readings(bpviz.draw(drawing.source, open="all", direction=direction, engine="graphviz").to_svg(), across)
        )
        for name, drawing in programs(range(2000, 2200), fewer(30))
    }
    judged(found, fewer(200), capsys)


A, B, C = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[0.5, -1.0], [2.0, 0.0]]), np.array([1.0, -2.0])


def project(W: np.ndarray = A, x: np.ndarray = C) -> object:
    return W @ x


def scaled(a: object, b: object) -> object:
    return a / (1 + b**2)  # type: ignore[operator]


def products(x: np.ndarray = A, W: np.ndarray = B, V: np.ndarray = A - 3, b: np.ndarray = C) -> object:
    hidden = x @ W
    return np.sum(project(V, b) - hidden @ b) + np.sum(scaled(hidden @ V, x @ x - W @ x))


def powers(x: float = 1.7, y: float = 0.6, z: float = 2.2) -> object:
    def growth(base: object, exponent: object) -> object:
        return base**exponent - exponent**base  # type: ignore[operator]

    return growth(x, y) / growth(z, x) - x ** (y - z)


@pytest.mark.parametrize("engine", ["bpviz", pytest.param("graphviz", marks=[needs_graphviz, pytest.mark.engine])])
@pytest.mark.parametrize(
    ("shown", "direction"),
    some_pairs([(products, 6), (powers, 7)], [("LR", "y"), ("RL", "y"), ("TB", "x"), ("BT", "x")], every=3),
)
def test_products_of_matrices_and_powers(
    shown: tuple[object, int], direction: tuple[str, str], engine: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (model, least), (direction, across) = shown, direction
    drawing = bpviz.draw(model, direction=direction, engine=engine)
    judged({"figure": list(readings(drawing.to_svg(), across))}, least, capsys)


@pytest.mark.parametrize("options", [{"grad": "x0"}, {"show": "forward"}, {"depth": 0}, {"depth": 1}])
def test_other_figures_of_random_programs(options: dict[str, object], capsys: pytest.CaptureFixture[str]) -> None:
    found = {}
    for name, drawing in programs(range(3000, 3100), fewer(25)):
        found[name] = list(readings(bpviz.draw(drawing.source, open="all", **options).to_svg()))
    judged(found, fewer(20), capsys)


def normalised(x: np.ndarray = np.array([0.3, 1.2, -0.4]), w: np.ndarray = np.array([1.0, -0.5, 2.0])) -> object:
    shares = np.exp(x) / np.sum(np.exp(x))
    return np.sum(shares * w - w / np.sum(shares + x))


@pytest.mark.parametrize("grad", ["x", "w", "x,w"])
def test_gradient_graphs_of_arrays(grad: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Steps of the backward pass that add or repeat numbers are not hidden in a wire."""
    judged({"figure": list(readings(bpviz.draw(normalised, grad=grad).to_svg()))}, 2, capsys)


# The reader itself


def reversed_operands(drawing: bpviz.Drawing) -> str:
    """The picture of a figure whose wires enter all operations in the opposite order."""
    figure = drawing.figure
    wires = tuple(replace(wire, slot=-wire.slot) for wire in figure.wires)
    return svg.write(lay_out(replace(figure, wires=wires), theme("light")), theme("light")).decode()


def test_the_reader_finds_operands_in_the_wrong_order() -> None:
    for name, drawing in programs(range(30), fewer(15)):
        right, wrong = list(readings(drawing.to_svg())), list(readings(reversed_operands(drawing)))
        assert len(right) == len(wrong), name
        assert all(reading.is_right for reading in right)
        assert (
            sum(not reading.is_right for reading in wrong)
            == sum(reading.shows_order and not reading.is_folded for reading in right)
            > 0
        )


def test_the_reader_reads_every_operation() -> None:
    """All circles of − and ÷ with two operands and finite numbers: a picture that it does not understand would pass."""
    for name, drawing in programs(range(100, 130), fewer(15)):
        figure = drawing.figure
        arriving = Counter(wire.target for wire in figure.wires)
        expected = sum(box.text in ("−", "÷") and arriving[box.id] == 2 for box in figure.boxes)
        assert len(list(readings(drawing.to_svg()))) >= 0.9 * expected > 0, name


def test_exchanged_numbers_are_wrong() -> None:
    picture = bpviz.draw(lambda x=5.0, y=4.0: (x - y) / x).to_svg()
    assert [(r.symbol, r.is_right, r.shows_order) for r in readings(picture)] == [("−", True, True), ("÷", True, True)]
    root = read_svg(picture)
    five, four = (
        next(
            text for text in root.iter(f"{SVG}text") if text.text == number and "backward" not in text.get("class", "")
        )
        for number in ("5", "4")
    )
    five.text, four.text = four.text, "5"
    assert not all(reading.is_right for reading in readings(ElementTree.tostring(root, encoding="unicode")))
