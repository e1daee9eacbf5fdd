"""Numbers of arrays in the finished picture: of one kind, true, written once; heat maps with a key."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest
from svg_reader import read_svg

import bpviz
from bpviz.picture.elements import Cell, Part
from bpviz.picture.theme import names, theme

SVG = "{http://www.w3.org/2000/svg}"


def wires(svg: str) -> list[ElementTree.Element]:
    return [g for g in read_svg(svg).iter(f"{SVG}g") if g.get("class", "").split()[:1] == ["wire"]]


def values(wire: ElementTree.Element, way: str = "forward") -> list[ElementTree.Element]:
    return [text for text in wire.iter(f"{SVG}text") if text.get("class", "").split()[0] == way]


def test_points_of_a_column_stand_below_each_other() -> None:
    X = np.array([[0.5, -12.25], [3.125, 0.0], [-7.0, 1.0]])
    (first, *_) = wires(bpviz.draw(lambda x: np.sum(x), X).to_svg())
    texts = values(first)
    rows = sorted(texts, key=lambda text: (float(text.get("y", 0)), float(text.get("x", 0))))
    assert ["".join(text.itertext()) for text in rows] == ["0.500", "−12.250", "3.125", "0.000", "−7.000", "1.000"]
    columns: dict[str, set[tuple[str, int]]] = {}
    for text in texts:
        decimals = len("".join(text.itertext()).partition(".")[2])
        columns.setdefault(text.get("x", ""), set()).add((text.get("text-anchor", ""), decimals))
    assert list(columns.values()) == [{("end", 3)}, {("end", 3)}]


def test_a_common_power_of_ten_is_written_once() -> None:
    (first, *_) = wires(bpviz.draw(lambda x: np.sum(x), np.array([1.5e-7, -2.25e-6])).to_svg())
    assert ["".join(text.itertext()) for text in values(first)] == ["0.15", "−2.25", "×10⁻⁶"]


@pytest.mark.parametrize(("shape", "number"), [((8, 5), 1.0), ((3, 3), 0.0), ((5,), -2.5)])
def test_an_array_of_one_number_says_so(shape: tuple[int, ...], number: float) -> None:
    (first, *_) = wires(bpviz.draw(lambda x: np.sum(x * 2.0), np.full(shape, number)).to_svg())
    assert ["".join(text.itertext()) for text in values(first)] == [f"{shape} all {number:g}".replace("-", "−")]


def heat(X: np.ndarray, **options: object) -> tuple[Part, list[str]]:
    drawing = bpviz.draw(lambda x: np.sum(x), X, **options)
    part = next(part for part in drawing.picture.parts if part.kind == "wire")
    (first, *_) = wires(drawing.to_svg())
    return part, ["".join(text.itertext()) for text in values(first)]


@pytest.mark.parametrize("shape", [(6, 7), (60, 20), (20, 60), (300, 300), (1, 784), (1000, 2)])
def test_heat_maps_keep_proportions_and_tell_what_they_show(shape: tuple[int, int]) -> None:
    X = np.sin(np.arange(shape[0] * shape[1]).reshape(shape)) * 3
    part, (size, *rest) = heat(X)
    cells = [e for e in part.elements if isinstance(e, Cell)]
    keys, cells = cells[-2:], cells[:-2]
    assert size == str(shape)
    shown = len({round(cell.y, 2) for cell in cells}), len({round(cell.x, 2) for cell in cells})
    assert all(cell.width == pytest.approx(cell.height) for cell in cells)
    assert rest == [*(["sampled"] if shown[0] * shown[1] < X.size else []), rest[-1]]
    # No axis is shrunk below four cells.
    wanted = [n / max(1, shape[0] / 8, shape[1] / 12) for n in shape]
    for count, n, exact in zip(shown, shape, wanted, strict=True):
        assert abs(count - exact) <= 0.5 + 1e-9 or count == min(n, 4)
    # Full colour is the largest magnitude of the whole array.
    assert rest[-1].startswith("±")
    assert float(rest[-1][1:]) == pytest.approx(np.abs(X).max(), rel=1e-3)
    assert [key.value for key in keys] == [-1.0, 1.0]


@pytest.mark.parametrize("name", names())
def test_the_key_has_the_full_colours(name: str) -> None:
    look = theme(name)
    svg = bpviz.draw(lambda x: np.sum(x), np.arange(50.0).reshape(5, 10) - 20, theme=name).to_svg()
    (first, *_) = wires(svg)
    fills = [rect.get("fill") for rect in first.iter(f"{SVG}rect") if "cell" in rect.get("class", "")]
    assert fills[-2:] == [look.heat[0], look.heat[2]]
    assert look.heat[2] in fills[:-2]


def test_a_value_is_written_before_its_dot_and_not_behind() -> None:
    svg = bpviz.draw(lambda x=3.5: np.exp(x) * np.sin(x)).to_svg()
    assert re.findall(r">3\.5<", svg) == [">3.5<"]
    # The gradients add up: left of the dot stands the sum.
    gradients = [
        float("".join(t.itertext()).replace("−", "-")) for wire in wires(svg) for t in values(wire, "backward")
    ]
    x = 3.5
    shares = np.exp(x) * np.sin(x), np.exp(x) * np.cos(x)
    for number in (*shares, sum(shares)):
        assert any(abs(number - shown) < 5e-3 * abs(number) for shown in gradients)


def chain(x=np.array([0.1, -0.2, 0.3]), w=np.array([1.5, 2.5, -3.5])):
    for _ in range(4):
        x = np.tanh(x * w)
    return np.sum(x)


def test_vectors_stand_upright_where_the_line_would_be_too_long() -> None:
    def columns(svg: str) -> set[int]:
        return {len({t.get("x") for t in values(wire)}) for wire in wires(svg) if len(values(wire)) == 3}

    assert columns(bpviz.draw(chain, width="none").to_svg()) == {3}
    assert columns(bpviz.draw(chain).to_svg()) == {1}
    # From top to bottom in the order of the elements.
    (first, *_) = (wire for wire in wires(bpviz.draw(chain).to_svg()) if len(values(wire)) == 3)
    ordered = sorted(values(first), key=lambda text: float(text.get("y", 0)))
    assert ["".join(text.itertext()) for text in ordered] in (["0.1", "−0.2", "0.3"], ["1.5", "2.5", "−3.5"])
    assert all(float(a.get("y", 0)) < float(b.get("y", 0)) for a, b in pairwise(ordered))


def test_different_numbers_look_different_in_a_comparison() -> None:
    def scaled(x=np.array([1.0, 2.0]), by=1.0):
        return np.sum(x * by)

    report = bpviz.what_if(scaled, by=1.0 + 1e-9)
    shown = ["".join(t.itertext()) for wire in wires(report.draw().to_svg()) for t in values(wire)]
    assert "1 → 1.000000001" in shown
    assert "3 → 3.000000003" in shown
    assert "2 → 2.000000002" in shown
