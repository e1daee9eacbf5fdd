"""The Mermaid writer: rendered by the real package; what a name holds is text."""

from __future__ import annotations

import hostile
import mermaid
import numpy as np
import pytest
from figures_by_hand import layers

import bpviz
from bpviz import nn
from bpviz.picture.theme import theme
from bpviz.writers.mermaid import write

LIGHT = theme("light")


def total(price: float = 100, count: float = 2, tax: float = 1.1) -> float:
    subtotal = price * count
    return subtotal * tax


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def neuron(x: float = 2.0) -> float:
    return sigmoid(x * 3) * x


def test_apples_without_any_layout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bpviz.layout.page.lay_out", None)
    source = bpviz.draw(total, title="Apples").to_bytes("mmd").decode()
    assert source.splitlines()[:-1] == [
        "---",
        'title: "Apples"',
        "---",
        "flowchart LR",
        "    accTitle: Apples",
        "    accDescr: Computation graph of total#58; total = 220#59; gradients#58; price 2.2, count 110, tax 200.",
        '    n0["price"]:::name',
        '    n1["count"]:::name',
        '    n2["tax"]:::name',
        '    n3(("#215;"))',
        '    n4(("#215;"))',
        '    out4["total"]:::name',
        '    n0 <-- "100<br>← 2.2" --> n3',
        '    n1 <-- "2<br>← 110" --> n3',
        '    n2 <-- "1.1<br>← 200" --> n4',
        '    n3 <-- "subtotal = 200<br>← 1.1" --> n4',
        '    n4 <-- "220<br>← 1" --> out4',
        "    classDef name fill:none,stroke:none",
        "    classDef constant fill:none,stroke:none,font-style:italic",
    ]


@pytest.mark.browser
@pytest.mark.mermaid
def test_the_real_mermaid_draws_the_content_of_the_figure() -> None:
    def net(X=np.ones((2, 3)), W=np.full((3, 2), 0.5)):
        return np.sum(nn.relu(X @ W))

    drawings = [
        bpviz.draw(total),
        bpviz.draw(neuron),
        bpviz.draw(net, direction="TB"),
        bpviz.draw(net, labels="symbols"),
        bpviz.draw(total, show="forward"),
        bpviz.draw(total, show="backward"),
        bpviz.draw(neuron, depth=0),
        bpviz.card("multiply"),
        bpviz.beside(bpviz.draw(total), bpviz.draw(neuron)),
        bpviz.draw(hostile.drawing(), repeats="all"),
    ]
    found = mermaid.drawn(*(drawing.to_bytes("mmd").decode() for drawing in drawings))
    assert sorted(found[0]["nodes"]) == sorted(["price", "count", "tax", "×", "×", "total"])
    assert "subtotal = 200\n← 1.1" in found[0]["edges"]
    assert found[1]["frames"] == ["sigmoid"]
    assert found[6]["frames"] == []
    for drawing, seen in zip(drawings, found, strict=True):
        assert seen["links"] == 0
        figures = getattr(drawing.figure, "figures", (drawing.figure,))
        assert seen["paths"] == sum(len(figure.wires) for figure in figures)
        boxes = sum(len(figure.boxes) + len(figure.notes) for figure in figures)
        assert len(seen["nodes"]) == boxes
    # Hostile names come back as they were; what cannot be seen as its picture.
    names = [" ".join(name.split()) for name in hostile.PLAIN]
    assert set(names) <= {" ".join(node.split()) for node in found[-1]["nodes"]}
    assert found[-1]["title"] == "</title><script>alert(7)</script>"


def test_grids_heat_maps_frames_and_marked_numbers_are_text() -> None:
    source = write(layers(), LIGHT).decode()
    assert "subgraph" in source
    assert source.count("subgraph") == source.count("\n        end") + source.count("\n    end")
    assert "NaN" in source or "#8734;" in source or "(" in source


def test_it_is_the_same_every_time() -> None:
    assert write(layers(), LIGHT) == write(layers(), theme("dark"))
