"""The words of `bpviz.explain`: the tables and sums of the articles, and true sentences."""

from __future__ import annotations

import json
import math
import random
import re
from html.parser import HTMLParser
from typing import Annotated, Any

import numpy as np
import pytest
from amounts import fewer
from hypothesis import given, settings
from hypothesis import strategies as st
from random_graphs import random_function

import bpviz
from bpviz.errors import UsageError


def y(
    p: Annotated[float, "リンゴの単価"] = 100,
    n=2,  # 購入数
    t=1.1,
):
    """The apples of article 000.

    t: 消費税
    """
    x = bpviz.name(p * n, meaning="税抜き小計")
    return bpviz.name(x * t, "y", meaning="税込み合計")


Y_TEXT = """\
y = 220
=======

variable  meaning       value  ∂y/∂variable  formula  when it grows by 1, y …
p         リンゴの単価  100    2.2           n·t      grows by 2.2
n         購入数        2      110           p·t      grows by 110
t         消費税        1.1    200           x        grows by 200
x         税抜き小計    200    1.1           t        grows by 1.1
y         税込み合計    220    1             1        grows by 1

Link by link
------------

p: リンゴの単価
  dy/dp = dx/dp · dy/dx = n · t = 2 × 1.1 = 2.2

When p grows by 1, y grows by 2.2.

n: 購入数
  dy/dn = dx/dn · dy/dx = p · t = 100 × 1.1 = 110

When n grows by 1, y grows by 110.

t: 消費税
  dy/dt = x = 200

When t grows by 1, y grows by 200.

x: 税抜き小計
  dy/dx = t = 1.1

When x grows by 1, y grows by 1.1.

What the backward pass needs
----------------------------

Kept for the backward pass (32 bytes): p, n, t, x. Not needed again: y."""


def test_the_table_and_the_chains_of_article_000() -> None:
    assert str(bpviz.explain(y)) == Y_TEXT


@pytest.mark.parametrize("target", ["function", "graph", "flow", "drawing"])
def test_every_target_of_draw(target: str) -> None:
    graph = bpviz.trace(y)
    targets = {"function": y, "graph": graph, "flow": bpviz.propagate(graph), "drawing": bpviz.draw(graph)}
    assert str(bpviz.explain(targets[target])) == Y_TEXT


def test_other_arguments_inputs_outputs_and_digits() -> None:
    assert str(bpviz.explain(y, 50)).startswith("y = 110\n")
    assert str(bpviz.explain(y, inputs={"p": 50})).startswith("y = 110\n")
    explanation = bpviz.explain(y, output="x")
    assert "∂x/∂variable" in str(explanation) and "dx/dp = n = 2" in str(explanation)
    assert [v.name for v in explanation.variables] == ["p", "n", "t", "x"]
    assert "no gradient flows to it" in str(explanation)
    assert str(bpviz.explain(y, 100 / 3, precision=6)).startswith("y = 73.3333\n")


def neuron(bias0=0.0, input0=1.0, weight0=0.3, weight1=-0.2, weight2=0.4):
    """Article 003: one activated value feeds three outputs."""
    active = bpviz.nn.sigmoid(input0 + bias0)
    out0 = weight0 * active
    out1 = weight1 * active
    out2 = weight2 * active
    return out0 * 2 + out1 * 3 + out2 * 5


def test_the_three_terms_of_article_003() -> None:
    # σ'(1) = 0.19661193…; the terms are 2·0.3, 3·(−0.2) and 5·0.4 times that, their sum is 2·σ'(1).
    explanation = bpviz.explain(neuron, variables="bias0")
    (found,) = explanation.chains
    slope = 1 / (1 + math.exp(-1)) * (1 - 1 / (1 + math.exp(-1)))
    assert [path.product for path in found.paths] == pytest.approx([0.6 * slope, -0.6 * slope, 2 * slope])
    assert [path.names for path in found.paths] == [
        ("bias0", "active", out, "neuron") for out in ("out0", "out1", "out2")
    ]
    text = str(explanation)
    assert "bias0 reaches neuron along 3 paths; their shares add up." in text
    assert "dneuron/dbias0 = 0.118 − 0.118 + 0.3932 = 0.3932" in text
    first = next(line for line in text.splitlines() if "→ out0 →" in line)
    assert "dactive/dbias0 · dout0/dactive · dneuron/dout0" in first
    assert first.endswith("= 0.1966 × 0.3 × 2 = 0.118")
    assert "0.1966 × (−0.2) × 3 = −0.118" in text


X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
Y = np.array([[0.0], [0.0], [0.0], [1.0]])


def E(W=np.array([[0.5, -0.3]]), b=np.array([0.1])):
    Z = X @ W.T + b
    A = bpviz.nn.sigmoid(Z)
    return bpviz.nn.sum_squared_error(A, Y)


def test_the_perceptron_of_article_004() -> None:
    text = str(bpviz.explain(E))
    A = 1 / (1 + np.exp(-(X @ np.array([[0.5], [-0.3]]) + 0.1)))
    dZ = (A - Y) * A * (1 - A)
    dW, db = dZ.T @ X, dZ.sum()
    lines = [line.strip() for line in text.splitlines()]
    assert f"dW = dZᵀ·X = [{dW[0, 0]:.4g}, {dW[0, 1]:.4g}]" in lines
    assert f"db = Σ dZ = [{db:.4g}]".rstrip("0") in "\n".join(lines)
    assert any(line.startswith("dZ = dA ∘ A ∘ (1 − A) = [") for line in lines)
    assert "W reaches E along one path: W → Z → A → E." in lines
    assert "dZ = dA ∘ A ∘ (1 − A) is computed once and used 2 times: dW, db." in lines
    assert any(line.startswith("Kept for the backward pass") and "A" in line for line in lines)


def test_the_sentence_for_arrays_holds() -> None:
    explanation = bpviz.explain(E, variables=["b"])
    grown = float(E(b=np.array([1.1])) - E())
    (b,) = explanation.variables
    assert b.grown == pytest.approx(grown)
    assert (
        f"When every element of b grows a little, E grows 0.286 times as much; by 1, it grows by {grown:.4g}."
        in str(explanation)
    )
    explanation = bpviz.explain(
        lambda v=np.array([[1.0, 2.0], [3.0, 4.0]]): bpviz.name(np.sum(v * 3 - v * v[0, 0]), "s")
    )
    assert "The element that matters most is v[0, 0], with −8." in str(explanation)  # 3 − 1 − (1 + 2 + 3 + 4)
    assert "matters most" not in str(bpviz.explain(lambda v=np.ones(3): np.sum(v * 2)))


def test_a_backward_pass_of_plain_arrays() -> None:
    """Where the gradient of a sum meets a constant array, a step of the backward pass has no named value in it."""
    c = np.array([[1.0, 2.0], [3.0, 4.0]])
    explanation = bpviz.explain(lambda v=np.ones((2, 2)), w=2.0: bpviz.name(np.sum((v * 3 - v * v[0, 0]) * c) * w, "s"))
    assert explanation.sharing is not None and "dv = " in str(explanation)


def test_sentences_for_slopes_of_every_kind() -> None:
    def f(up=2.0, down=3.0, level=5.0, curved=3.0, top=0.0, unused=1.0):
        return up - 0.5 * down + level * 0 + curved**2 + top**2

    sentences = {v["name"]: v["sentence"] for v in json.loads(bpviz.explain(f).to_json())["variables"]}
    assert sentences == {
        "up": "When up grows by 1, f grows by 1.",
        "down": "When down grows by 1, f falls by 0.5.",
        "level": "When level grows by 1, f stays the same.",
        "curved": "When curved grows a little, f grows 6 times as much; by 1, it grows by 7.",
        "top": "When top grows a little, f hardly changes; by 1, it grows by 1.",
        "unused": "No gradient flows back from f to unused.",
        "f": "When f grows by 1, f grows by 1.",
    }
    table = [line for line in str(bpviz.explain(f)).splitlines() if line.startswith("curved ")]
    assert table[0].endswith("grows by 7 (at a rate of 6 at first)")


@settings(max_examples=fewer(25))
@given(seed=st.integers(0, 10_000), operations=st.integers(2, 20))
def test_sentences_about_a_growth_by_1_are_true(seed: int, operations: int) -> None:
    f, args = random_function(random.Random(seed), operations)
    explanation = bpviz.explain(f, *args)
    names = [v for v in explanation.variables if v.kind == "input"]
    for at, found in enumerate(names):
        with np.errstate(all="ignore"):
            after = float(f(*[np.float64(a + 1 if i == at else a) for i, a in enumerate(args)]))
        if found.grown is not None and math.isfinite(after):
            true = after - float(f(*args))
            assert found.grown == pytest.approx(true, rel=1e-6, abs=1e-6 * max(1.0, abs(after)))


@settings(max_examples=fewer(25))
@given(seed=st.integers(0, 10_000), operations=st.integers(2, 20))
def test_links_multiply_and_paths_add_up(seed: int, operations: int) -> None:
    f, args = random_function(random.Random(seed), operations)
    for found in bpviz.explain(f, *args).chains:
        for path in found.paths:
            assert math.prod(link.slope for link in path.links) == pytest.approx(path.product)
        if len(found.paths) == found.count:
            size = sum(abs(path.product) for path in found.paths)
            assert sum(path.product for path in found.paths) == pytest.approx(found.total, abs=1e-9 * size)


def test_a_loss_that_is_no_single_number() -> None:
    def f(x=np.array([1.0, 2.0]), w=3.0):
        return bpviz.name(x * w, "z")

    text = str(bpviz.explain(f))
    assert "z is no single number: every gradient is that of the sum of z." in text
    assert "∂Σz/∂variable" in text
    assert "When w grows by 1, the sum of z grows by 3." in text
    weighted = str(bpviz.explain(f, seed=[1.0, 0.0]))
    assert "every gradient is that of the weighted sum of z, whose weights are the seed." in weighted
    assert "When w grows by 1, the weighted sum of z grows by 1." in weighted


def test_a_seed_is_a_factor() -> None:
    text = str(bpviz.explain(y, seed=10))
    assert "y is multiplied by the seed: every gradient is that of 10·y." in text
    assert "d(10·y)/dp = dx/dp · dy/dx · 10 = n · t · 10 = 2 × 1.1 × 10 = 22" in text


def test_numbers_that_are_not_finite() -> None:
    def f(x=0.0, w=2.0):
        return np.log(x) * w

    text = str(bpviz.explain(f))
    assert "The value of log is infinite (line" in text
    assert "The effect of x on f is not known: not all numbers are finite." in text
    json.loads(bpviz.explain(f).to_json())


def test_unknown_variables() -> None:
    with pytest.raises(UsageError) as caught:
        bpviz.explain(y, variables=["tt"])
    assert str(caught.value).startswith("the graph has no value named 'tt'; did you mean 't'?")
    with pytest.raises(
        UsageError, match="a card, a page of several figures or a training cannot be explained; give a function"
    ):
        bpviz.explain(bpviz.card("add"))
    g = bpviz.Graph("empty handed")
    g.output(g.input("x") * 2, "y")
    with pytest.raises(UsageError, match="the input 'x' has no value"):
        bpviz.explain(g)


def test_2_to_the_60_paths_are_counted() -> None:
    def diamonds(x=0.5):
        for _ in range(60):
            x = x * 0.3 + x * 0.7
        return bpviz.name(x, "end")

    text = str(bpviz.explain(diamonds, variables=["x"]))
    assert "x reaches end along 1.153×10¹⁸ paths; their shares add up. These are the largest 8." in text
    assert "more) = 1" in text


@pytest.mark.thorough
def test_10_000_steps() -> None:
    def chain(x=1.0):
        for _ in range(10_000):
            x = x + 1
        return bpviz.name(x, "end")

    explanation = bpviz.explain(chain)
    assert explanation.left_out == 9_969  # 30 of the 9,999 named steps are in the table
    assert "9,969 more variables are left out; name them to see them." in str(explanation)
    text = str(bpviz.explain(chain, variables=["x"]))
    assert "… (9,994 more) …" in text and "When x grows by 1, end grows by 1." in text
    assert "⋯ ×9998 ⋯" in explanation.to_html()


# The formats


class Outline(HTMLParser):
    """Every tag with its attributes, every text, and whether what was opened was closed."""

    VOID = ("meta", "br")

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.mark.engine
def test_a_page_holds_all_it_needs() -> None:
    page = bpviz.explain(y, what_if={"t": 1.2}).to_html()
    seen = Outline(page)
    names = [tag for tag, _ in seen.tags]
    assert page.startswith("<!DOCTYPE html>")
    assert ("html", {"lang": "en"}) in seen.tags
    assert names.count("svg") == 2 and names.count("table") == 2 == names.count("caption")
    assert not {"script", "link", "img", "iframe", "object"} & set(names)
    for _, attributes in seen.tags:
        assert not any(key.startswith("on") or key in ("src", "href", "style") for key in attributes)
    assert re.search(r"@import|url\(|https?://(?!www\.w3\.org/2000/svg)", page) is None
    scopes = [attributes.get("scope") for tag, attributes in seen.tags if tag == "th"]
    assert scopes.count("row") == 6 and scopes.count("col") == 13
    ids = [attributes["id"] for _, attributes in seen.tags if "id" in attributes]
    assert len(ids) == len(set(ids)) > 0
    assert "prefers-color-scheme:dark" in page


def hostile(p=2.0, q=3.0):
    bpviz.name(p, meaning='<script>alert("1")</script> | *x*')
    x = bpviz.name(p * q, "</pre><b>|`~~~`")
    return bpviz.name(x * p, "a\nb & <i>")


@pytest.mark.engine
def test_hostile_names_are_only_text() -> None:
    explanation = bpviz.explain(hostile, what_if={"p": 1.0})
    seen = Outline(explanation.to_html())
    assert not {"script", "b", "i"} & {tag for tag, _ in seen.tags}
    assert any('<script>alert("1")</script>' in text for text in seen.texts)
    markdown = explanation.to_markdown()
    inside, outside = re.findall(r"```+text\n.*?```+", markdown, flags=re.S), markdown
    for block in inside:
        outside = outside.replace(block, "")
    assert re.search(r"<\w|</", outside) is None
    assert r"&lt;script&gt;alert(\"1\")" in outside or '&lt;script&gt;alert("1")' in outside
    rows = [line for line in outside.splitlines() if line.startswith("| ")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {7, 8}
    assert "a b & <i>" in str(explanation).splitlines()[0]


def test_markdown() -> None:
    lines = bpviz.explain(y).to_markdown().splitlines()
    assert lines[0] == "# y = 220"
    assert "| variable | meaning | value | ∂y/∂variable | formula | when it grows by 1, y … |" in lines
    assert "| p | リンゴの単価 | 100 | 2.2 | n·t | grows by 2.2 |" in lines
    assert "dy/dp = dx/dp · dy/dx = n · t = 2 × 1.1 = 2.2" in lines


def test_json_holds_the_numbers_in_full() -> None:
    explanation = json.loads(bpviz.explain(E, what_if={"b": [0.2]}).to_json())
    assert (explanation["bpviz"], explanation["kind"], explanation["output"]) == (1, "explanation", "E")
    W = explanation["variables"][0]
    assert W["value"] == [[0.5, -0.3]]
    assert W["gradient"] == bpviz.backprop(E).grads["W"].tolist()
    assert (W["derivative"], W["formula"], W["kind"]) == ("dW", "dZᵀ·X", "input")
    assert explanation["shared"]["factors"][0]["name"] == "dZ"
    assert [value["name"] for value in explanation["kept"] if value["kept"]]
    assert explanation["what if"]["changes"][0]["to"] == [0.2]
    p = json.loads(bpviz.explain(y, variables=["p"]).to_json())["chains"][0]
    assert p["paths"][0]["links"] == [
        {"source": "p", "target": "x", "formula": "n", "slope": 2.0},
        {"source": "x", "target": "y", "formula": "t", "slope": 1.1},
    ]


@pytest.mark.engine
def test_a_notebook_shows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    explanation = bpviz.explain(y)
    assert explanation._repr_markdown_() == explanation.to_markdown()
    assert explanation._repr_html_().startswith('<article class="bpviz-page">') and "<svg" in explanation._repr_html_()
    assert repr(explanation) == "<explanation of y: 5 variables>"

    def missing(*_: Any, **__: Any) -> None:
        raise bpviz.errors.EngineMissing("no Graphviz was found")

    monkeypatch.setattr("bpviz.drawing.drawing.Drawing.to_svg", missing)
    assert "The figure is not drawn: no Graphviz was found." in bpviz.explain(y)._repr_html_()


@pytest.mark.engine
def test_the_suffix_names_the_format_of_a_saved_file(tmp_path: Any) -> None:
    explanation = bpviz.explain(y)
    assert explanation.save(tmp_path / "a.md").read_text(encoding="utf-8") == explanation.to_markdown()
    assert explanation.save(tmp_path / "a.html").read_text(encoding="utf-8") == explanation.to_html()
    assert explanation.save(tmp_path / "a.txt").read_text(encoding="utf-8") == f"{explanation}\n"
    assert explanation.save(tmp_path / "a.out", format="json").read_text(encoding="utf-8") == explanation.to_json()
    with pytest.raises(UsageError) as caught:
        explanation.save(tmp_path / "a.pdf")
    assert str(caught.value).endswith(
        "has no suffix of a format for words; end it in .txt, .md, .markdown, .json, .html, .htm, "
        "or name one with --format"
    )
    with pytest.raises(UsageError) as caught:
        explanation.save(tmp_path / "a.md", format="markdwn")
    assert str(caught.value) == (
        "there is no format 'markdwn' for words; did you mean 'markdown'? (there are: text, markdown, json, html)"
    )
