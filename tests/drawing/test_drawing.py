"""One call from a function to a picture; in files, in notebooks, and with names that fight back."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from places import GALLERY

import bpviz
from bpviz.errors import UsageError


def total(price=100, count=2, tax=1.1):
    subtotal = price * count
    return subtotal * tax


@pytest.mark.engine
def test_draw_takes_functions_graphs_flows_and_drawings() -> None:
    graph = bpviz.trace(total)
    flow = bpviz.propagate(graph)
    pictures = {bpviz.draw(thing).to_svg() for thing in (total, graph, flow, bpviz.draw(total))}
    assert len(pictures) == 1
    assert ">240<" in bpviz.draw(total, 100, 2, 1.2).to_svg()
    assert ">240<" in bpviz.draw(flow, inputs={"tax": 1.2}).to_svg()
    assert bpviz.draw(bpviz.draw(total, theme="dark"), precision=3).options.theme == "dark"


@pytest.mark.engine
def test_names_are_replaced_in_the_figure_only() -> None:
    graph = bpviz.trace(total)
    svg = bpviz.draw(graph, labels={"tax": "消費税", "subtotal": "小計"}).to_svg()
    assert "消費税" in svg
    assert "小計" in svg
    assert graph.inputs == ("price", "count", "tax")
    assert "消費税" not in bpviz.draw(graph).to_svg()


@pytest.mark.engine
@pytest.mark.parametrize("suffix", ["svg", "png", "pdf", "dot", "gv", "json", "ps"])
def test_save_writes_the_format_of_the_suffix(tmp_path: Path, suffix: str) -> None:
    begins = {"svg": b"<svg", "png": b"\x89PNG", "pdf": b"%PDF", "ps": b"%!PS", "json": b"{"}
    path = bpviz.draw(total).save(tmp_path / f"apples.{suffix}")
    assert path.read_bytes().startswith(begins.get(suffix, b"")), path.read_bytes()[:20]
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_unknown_options_are_refused() -> None:
    with pytest.raises(UsageError, match="there is no drawing option 'thme'; did you mean 'theme'"):
        bpviz.draw(total, thme="dark")
    with pytest.raises(UsageError, match="show must be one of both, forward, backward, but got 'all'"):
        bpviz.draw(total, show="all")
    with pytest.raises(UsageError, match="arguments go with a function"):
        bpviz.draw(bpviz.trace(total), 3)


@pytest.mark.engine
def test_a_notebook_gets_the_picture_and_one_line_of_text() -> None:
    bundle = bpviz.draw(total)._repr_mimebundle_()
    assert bundle["text/plain"] == "<drawing of total: total = 220, 6 boxes>"
    root = ElementTree.fromstring(bundle["image/svg+xml"])
    assert any(element.get("class") == "background" for element in root.iter())


def test_a_notebook_goes_on_without_an_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # So that its import fails as where it is not installed.
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    bundle = bpviz.draw(total, engine="graphviz")._repr_mimebundle_()
    assert list(bundle) == ["text/plain"]
    assert "not drawn:" in bundle["text/plain"]
    assert 'pip install "bpviz[pdf]"' in bundle["text/plain"]


@pytest.mark.engine
def test_json_holds_everything_and_comes_back() -> None:
    from bpviz.graph.archive import loaded

    def f(x=np.array([[1.0, -2.0], [np.nan, 4.0]]), i=np.array([0, 1])):
        row = x[i, :1]
        return np.sum(np.concatenate([row, x.T], axis=1) ** 2)

    flow = bpviz.backprop(f)
    text = bpviz.draw(flow).to_json()
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    again = loaded(text)
    assert isinstance(again, bpviz.Flow)
    np.testing.assert_array_equal(again.grad("x"), flow.grad("x"))
    assert bpviz.draw(again).to_svg() == bpviz.draw(flow).to_svg()

    def without_lines(document: str) -> list[dict[str, object]]:
        # Where a step was written is known to its source alone.
        return [{k: v for k, v in node.items() if k != "line"} for node in json.loads(document)["nodes"]]

    assert without_lines(bpviz.draw(again).to_json()) == without_lines(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        ("[1, 2]", "not a graph that bpviz wrote"),
        ('{"bpviz": 99}', "is of format 99; this bpviz reads format 1"),
        ('{"bpviz": 1, "name": "x"}', "is damaged"),
    ],
)
def test_json_that_is_not_ours_is_refused(text: str, message: str) -> None:
    from bpviz.graph.archive import loaded

    with pytest.raises(UsageError, match=message):
        loaded(text)


HOSTILE = [
    "<b>&\"'",
    "back\\slash",
    "]]>",
    "graph",
    "node:port",
    "\\N",
    "&alpha;",
    "<lambda>",
    "🍎",
    "x" * 200,
    "שלום",
    "",
    "--><script>alert(1)</script>",
    "{x}",
    "a  b",
]


@pytest.mark.engine
@pytest.mark.parametrize("name", HOSTILE)
def test_names_come_out_literally(name: str, tmp_path: Path) -> None:
    graph = bpviz.Graph("g")
    x = graph.input("x", 3.0)
    graph.output(bpviz.name(x * 2, "y") + 1, "out")
    drawing = bpviz.draw(graph, names={"x": name, "y": name, "out": name}, title=name)
    root = ElementTree.fromstring(drawing.to_svg())
    shown = ["".join(element.itertext()) for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert shown.count(name) >= (3 if name else 0)
    assert not list(root.iter("{http://www.w3.org/2000/svg}script"))
    assert drawing.to_bytes("dot")


@pytest.mark.engine
@given(st.text(max_size=30))
def test_any_text_makes_wellformed_svg(name: str) -> None:
    graph = bpviz.Graph(name)
    x = graph.input(name, 3.0)
    graph.output(x * 2, name + "!")
    drawing = bpviz.draw(graph)
    ElementTree.fromstring(drawing.to_svg())
    # A lone surrogate is no text that a file could hold; JSON escapes it.
    assert json.loads(drawing.to_json())["nodes"][0]["name"] == name


def _gallery() -> ModuleType:
    place = GALLERY / "regenerate.py"
    spec = importlib.util.spec_from_file_location("regenerate", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.engine
def test_the_gallery_is_up_to_date() -> None:
    assert [path.name for path in _gallery().stale()] == [], "run: python gallery/regenerate.py"


@pytest.mark.thorough
@pytest.mark.hosts  # matplotlib may look for fonts with fc-list
def test_the_plots_of_the_gallery_can_be_drawn() -> None:
    pytest.importorskip("matplotlib", reason="Matplotlib is not installed: pip install 'bpviz[plot]'")
    gallery = _gallery()
    plots = [path for path in gallery.models() if gallery.is_plot(path)]
    assert [path.stem for path in plots] == ["secant", "differences", "gradient_field"]
    for path in plots:
        assert path.with_suffix(".png").exists()
        assert gallery.plot(path).startswith(b"\x89PNG")
