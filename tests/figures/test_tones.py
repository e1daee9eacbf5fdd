"""Figures of gradients: the backward steps marked, plumbing left out, shared factors marked; and --grad, --shared."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from models import perceptron
from svg_lines import in_one_piece
from svg_reader import read_svg

import bpviz
from bpviz.cli import main
from bpviz.errors import UsageError
from bpviz.figure import Figure, Grid, Row, Sheet
from bpviz.graph.archive import dumped, loaded

SVG = "{http://www.w3.org/2000/svg}"


def apples(p=100, n=2, t=1.1):
    x = p * n
    return x * t


def text(content: Any) -> str:
    match content:
        case Grid():
            return "; ".join(" ".join(row) for row in content.rows)
        case Row():
            return "".join(map(text, content.parts))
        case _:
            return getattr(content, "text", "")


def wires(figure: Figure) -> list[tuple[str, str, str, str, str]]:
    """Return every wire as (source, name, value, target, pass), with the text of the boxes."""
    boxes = {box.id: box.text or "•" for box in figure.boxes}
    found = []
    for wire in figure.wires:
        label = wire.forward.label if wire.forward else None
        name, shown = (label.name, text(label.content)) if label else ("", "")
        found.append((boxes[wire.source], name, shown, boxes[wire.target], wire.belongs))
    return found


def test_the_gradients_of_the_apples() -> None:
    figure = bpviz.draw(apples, grad="p,n,t").figure
    assert {(box.text, box.kind, box.belongs) for box in figure.boxes if box.kind != "branch"} == {
        ("p", "input", "forward"),
        ("n", "input", "forward"),
        ("t", "input", "forward"),
        ("×", "operation", "forward"),
        ("×", "operation", "backward"),
        ("∂apples/∂p", "output", "backward"),
        ("∂apples/∂n", "output", "backward"),
        ("∂apples/∂t", "output", "backward"),
    }
    # Forward values carry gradients only where they end as such: x is ∂y/∂t.
    assert ("×", "x", "200", "∂apples/∂t", "backward") in wires(figure)
    assert ("×", "", "110", "∂apples/∂n", "backward") in wires(figure)
    assert all(wire.backward is None for wire in figure.wires)
    assert "∂apples/∂p = 2.2, ∂apples/∂n = 110, ∂apples/∂t = 200" in figure.description


def test_plumbing_is_a_wire_whose_numbers_are_those_that_arrive() -> None:
    figure = bpviz.draw(perceptron, grad="W,b").figure
    symbols = [box.text for box in figure.boxes if box.belongs == "backward" and box.kind == "operation"]
    # A sum changes numbers, so it is shown; a transpose does not.
    assert sorted(symbols) == sorted(["−", "1−", "×", "×", "dot", "Σ"])
    assert ("•", "dZᵀ", "0.1309 0.1114 0.1477 −0.1040", "dot", "backward") in wires(figure)
    assert ("Σ", "", "0.286", "db", "backward") in wires(figure)
    assert ("×", "dZ", "0.1309; 0.1114; 0.1477; −0.1040", "•", "backward") in wires(figure)
    # The transpose that the model itself wrote stays.
    assert [box.text for box in figure.boxes if box.kind == "operation" and box.belongs == "forward"].count("T") == 1


def test_plumbing_can_be_shown() -> None:
    figure = bpviz.draw(perceptron, grad="W,b", plumbing=True).figure
    symbols = [box.text for box in figure.boxes if box.belongs == "backward" and box.kind == "operation"]
    assert {"T", "Σ"} <= set(symbols)
    # Where gradients flow back through it, it is shown too: their shapes are those on either side.
    both = bpviz.draw(perceptron, grad="W,b", show="both").figure
    assert [box.text for box in both.boxes] == [box.text for box in figure.boxes]
    assert any(wire.backward for wire in both.wires)


def test_an_operand_without_a_name_has_a_transpose_sign() -> None:
    names = {name for _, name, *_ in wires(bpviz.draw(perceptron, grad=("W", "W")).figure)}
    assert {"(·)ᵀ", "1ᵀ"} <= names
    shown = {text for _, _, text, *_ in wires(bpviz.draw(perceptron, grad="W,b", labels="symbols").figure)}
    assert {"dZᵀ", "Σ dZ", "dZᵀ·X", "dZ = dA ∘ A ∘ (1 − A)"} <= shown


def test_shared_factors_in_the_usual_figure() -> None:
    figure = bpviz.draw(perceptron, shared=True).figure
    marked = [wire for wire in figure.wires if wire.tone == "shared"]
    assert [wire.backward.label.name for wire in marked if wire.backward and wire.backward.label] == ["dZ", "dZ"]
    assert {wire.description.split(" to ")[1].split(":")[0] for wire in marked} == {"σ", "+"}
    assert all("shared gradient dZ" in wire.description for wire in marked)
    assert all(wire.tone == "plain" for wire in bpviz.draw(perceptron).figure.wires)


def test_shared_factors_in_the_figure_of_the_gradient() -> None:
    figure = bpviz.draw(perceptron, grad="W,b", shared=True).figure
    boxes = {box.id: box for box in figure.boxes}
    (step,) = (box for box in figure.boxes if box.tone == "shared" and box.kind == "operation")
    assert (step.text, step.belongs) == ("×", "backward")
    assert {boxes[wire.target].text for wire in figure.wires if wire.tone == "shared"} == {"", "dot", "Σ"}


@pytest.mark.engine
def test_they_look_as_gradients_do() -> None:
    drawing = bpviz.draw(apples, grad="p", theme="light")
    root = read_svg(drawing.to_svg())
    backward = [g for g in root.iter(f"{SVG}g") if "gradient" in g.get("class", "").split()]
    assert len(backward) == 3  # the product, its wire, its end
    lines = [p for g in backward for p in g.iter(f"{SVG}path") if p.get("class") == "forward"]
    assert [(p.get("stroke"), p.get("stroke-width")) for p in lines] == [("#B84A00", "2")]
    assert 'color="#B84A00", penwidth=2' in drawing.to_dot()


def test_higher_orders() -> None:
    def y(x=0.5):
        y = np.tanh(x)
        return y

    t = np.tanh(0.5)
    expected = [1 - t * t, -2 * t * (1 - t * t), (6 * t * t - 2) * (1 - t * t)]
    for order, value in enumerate(expected, 1):
        drawing = bpviz.draw(y, grad=("x",) * order)
        assert drawing.source.output == pytest.approx(value, rel=1e-14)  # type: ignore[union-attr]
        assert [box.text for box in drawing.figure.boxes if box.kind == "output"] == [
            ["∂y/∂x", "∂²y/∂x²", "∂³y/∂x³"][order - 1]
        ]


def test_other_inputs_hold() -> None:
    assert ("t", "", "1.2") in {wire[:3] for wire in wires(bpviz.draw(apples, grad="p", inputs={"t": 1.2}).figure)}


def test_groups_and_openings_stay() -> None:
    def f(x=1.0):
        with bpviz.group("inner"):
            y = bpviz.nn.sigmoid(x) * x
        return y

    figure = bpviz.draw(f, grad="x", open="sigmoid").figure
    assert [frame.title for frame in figure.frames] == ["inner", "sigmoid"]
    assert all(box.frame is None for box in figure.boxes if box.belongs == "backward")
    closed = bpviz.draw(f, grad="x", depth=0).figure
    assert [box.text for box in closed.boxes if box.kind == "group"] == ["inner"]


@pytest.mark.engine
def test_a_gradient_comes_back_from_json() -> None:
    flow = bpviz.propagate(bpviz.gradient_graph(perceptron))
    again = loaded(dumped(flow))
    assert isinstance(again, bpviz.Flow)
    assert again.graph.ends == flow.graph.ends
    assert [node.order for node in again.graph.nodes] == [node.order for node in flow.graph.nodes]
    assert bpviz.draw(again, show="forward").to_svg() == bpviz.draw(flow, show="forward").to_svg()
    apart = bpviz.propagate(bpviz.gradient_graph(lambda a=1.0, b=2.0: np.exp(a + b)))
    assert len(loaded(dumped(apart)).graph.ends) == 2  # type: ignore[union-attr]


MODEL = "import numpy as np\n\n\ndef y(x=0.5, w=2.0):\n    z = w * x\n    return np.tanh(z)\n"


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "y.py").write_text(MODEL, encoding="utf-8")
    return "y.py"


def run(*arguments: str) -> Any:
    return CliRunner().invoke(main, ["render", *arguments, "-o", "-"])


@pytest.mark.engine
def test_on_the_command_line(model: str) -> None:
    first = run(model, "--grad", "x")
    assert first.exit_code == 0
    assert "∂y/∂x</text>" in in_one_piece(first.stdout)
    assert '<g class="backward"' not in first.stdout
    assert "∂²y/∂x²</text>" in in_one_piece(run(model, "--grad", "x", "--grad", "x").stdout)
    assert "∂y/∂w</text>" in in_one_piece(run(model, "--grad", "x,w").stdout)
    assert '<g class="backward"' in run(model, "--grad", "x", "--show", "both").stdout
    assert 'class="wire shared"' in run(model, "--shared").stdout
    document = json.loads(run(model, "--grad", "w", "-f", "json").stdout)
    assert [output["title"] for output in document["outputs"]] == ["∂y/∂w"]


@pytest.mark.engine
def test_a_gradient_function_renders_like_any_other(model: str, tmp_path: Path) -> None:
    (tmp_path / "slope.py").write_text(MODEL + "\nimport bpviz\n\nslope = bpviz.grad(y)\n", encoding="utf-8")
    result = run("slope.py:slope", "--set", "x=1.0")
    assert result.exit_code == 0
    assert "∂y/∂x</text>" in in_one_piece(result.stdout)


def test_an_unknown_input_is_refused(model: str) -> None:
    result = run(model, "--grad", "q")
    assert result.exit_code == 2
    assert "there is no input named 'q' to take the gradient of; its inputs are: x, w" in result.stderr
    with pytest.raises(UsageError, match="no input named 'q'"):
        bpviz.draw(apples, grad="q")


def test_the_gradient_of_single_numbers() -> None:
    def loss(W=np.array([[1.0, 2.0], [3.0, 4.0]]), x=np.array([1.0, -1.0]), b=np.array([0.5, 0.0])):
        return np.sum((W @ x + b) ** 2)

    def ends(**options: Any) -> dict[str, float]:
        source = bpviz.draw(loss, **options).source
        assert isinstance(source, bpviz.Flow)
        return {end.title: source.values[end.node] for end in source.graph.ends}

    # W·x + b is (−0.5, −1): twice that times x.
    dw = {"∂loss/∂w₀₀": -1.0, "∂loss/∂w₀₁": 1.0, "∂loss/∂w₁₀": -2.0, "∂loss/∂w₁₁": 2.0}
    assert ends(grad="W", elements=True) == dw
    assert ends(grad="W", elements="W[0,:]") == {"∂loss/∂w₀₀": -1.0, "∂loss/∂w₀₁": 1.0}
    assert ends(grad="b", elements=True) == {"∂loss/∂b₀": -1.0, "∂loss/∂b₁": -2.0}
    # The second derivative: 2·x₀·x₁.
    assert ends(grad=("w₀₀", "w₀₁"), elements=True) == {"∂²loss/∂w₀₀∂w₀₁": -2.0}
    page = bpviz.draw(loss, grad="W", elements=True, beside=True).figure
    assert isinstance(page, Sheet)
    assert [[box.text for box in figure.boxes if box.kind == "output"] for figure in page.figures] == [["dW"], [*dw]]


def test_elements_of_arrays_that_differ_in_case_only() -> None:
    def loss(W=np.array([2.0, 3.0]), w=np.array([5.0, 7.0])):
        return np.sum(W * w)

    graph = bpviz.elements(loss)
    assert [end.title for end in bpviz.gradient_graph(graph, "W").ends] == ["∂loss/∂W₀", "∂loss/∂W₁"]
    assert [end.title for end in bpviz.gradient_graph(graph, "w").ends] == ["∂loss/∂w₀", "∂loss/∂w₁"]


def test_gradients_inside_of_a_model() -> None:
    def model(x=2.0):
        slope = bpviz.grad(lambda x: x * x * x)(x)
        return slope * x

    figure = bpviz.draw(model, shared=True).figure
    assert {box.belongs for box in figure.boxes} == {"forward", "backward"}
    assert [box.belongs for box in figure.boxes if box.kind == "output"] == ["forward"]
