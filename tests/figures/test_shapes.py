"""Shapes and types at the arrows, compared with those of the plain function's own arrays."""

from __future__ import annotations

import numpy as np
import pytest
from overlaps import collisions
from svg_reader import read_svg

import bpviz

SVG = "{http://www.w3.org/2000/svg}"
X, W = np.ones((2, 3)), np.linspace(-1, 1, 12).reshape(3, 4)
MASK, HALF = np.array([True, False, True, True]), np.ones(4, dtype=np.float32)


def net(x: object = X, W: object = W, mask: object = MASK, half: object = HALF, k: float = 3.0) -> object:
    h = np.tanh(x @ W)  # type: ignore[operator, call-overload]
    return np.sum(h * mask * half) / k


def wires(svg: str) -> dict[str, dict[str, str]]:
    """The texts at each wire by their class; wires by the first words of what is read aloud."""
    found = {}
    for group in read_svg(svg).iter(f"{SVG}g"):
        if "wire" in group.get("class", "").split():
            texts = {text.get("class", ""): text.text or "" for text in group.iter(f"{SVG}text")}
            found[(group.findtext(f"{SVG}title") or "").partition(":")[0]] = texts
    return found


def test_shapes_and_types_of_values_and_gradients() -> None:
    drawing = bpviz.draw(net, labels="shapes", width="none")
    found = wires(drawing.to_svg())
    product = X @ W
    assert found["x to dot"] == {"forward value": f"{X.shape} f64", "backward value": "(2, 3) f64"}
    assert found["W to dot"] == {"forward value": "(3, 4) f64", "backward value": "(3, 4) f64"}
    assert found["dot to tanh"]["forward value"] == f"{product.shape} f{8 * product.dtype.itemsize}"
    assert found["h to ×"] == {"forward value": "(2, 4) f64", "backward value": "(2, 4) f64", "muted value": "h"}
    # No gradient flows to what is true or false; that of a float32 array is float32.
    assert found["mask to ×"] == {"forward value": "(4,) bool"}
    assert found["half to ×"] == {"forward value": "(4,) f32", "backward value": "(4,) f32"}
    assert found["k to ÷"] == found["÷ to net"] == {"forward value": "f64", "backward value": "f64"}
    assert not list(collisions(drawing.picture))


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.ones((1, 2, 3)), "(1, 2, 3) f64"),
        (np.ones(5, dtype=np.float16), "(5,) f16"),
        (np.ones((0, 3)), "(0, 3) f64"),
    ],
)
def test_other_arrays(array: object, expected: str) -> None:
    (wire, *_) = wires(bpviz.draw(lambda a=array: a * 2, labels="shapes").to_svg()).values()
    assert wire["forward value"] == wire["backward value"] == expected


def test_nothing_that_is_drawn_is_a_number() -> None:
    drawing = bpviz.draw(net, labels="shapes", show="forward")
    assert all(
        text.endswith(("f64", "f32", "bool")) or kind == "muted value"
        for texts in wires(drawing.to_svg()).values()
        for kind, text in texts.items()
    )
    assert not any("backward value" in texts for texts in wires(drawing.to_svg()).values())


def test_in_other_formats() -> None:
    drawing = bpviz.draw(net, labels="shapes")
    assert "(2, 3) f64<br>← (2, 3) f64" in drawing.to_bytes("mmd").decode()
    assert 'label="(3, 4) f64"' in drawing.to_dot()
    tex = drawing.to_bytes("tex").decode()
    assert r"$(3, 4)\ \mathrm{f64}$" in tex and r"$\mathrm{f64}$" in tex


def test_a_graph_without_numbers_has_only_names() -> None:
    graph = bpviz.Graph("g")
    x = graph.input("x")
    graph.output(x * 2)
    assert all(not texts for texts in wires(bpviz.draw(graph, labels="shapes").to_svg()).values())
