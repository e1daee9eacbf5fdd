"""An unknown gradient: drawn, listed, spoken and written as such wherever numbers are; refused where it is needed."""

from __future__ import annotations

import copy
import json
import pickle
import re

import networkx
import numpy as np
import pytest
from records import secret

import bpviz
from bpviz.errors import RecordingError, UsageError
from bpviz.graph.archive import dumped, loaded
from bpviz.ops.table.unknown import UNKNOWN


def test_it_is_one_object_and_swallows_numbers() -> None:
    assert pickle.loads(pickle.dumps(UNKNOWN)) is copy.deepcopy(UNKNOWN) is copy.copy(UNKNOWN) is UNKNOWN
    for made in (UNKNOWN + 1, 1 + UNKNOWN, np.ones(3) * UNKNOWN, UNKNOWN - np.float32(2), -UNKNOWN, 2.0 / UNKNOWN):
        assert made is UNKNOWN
    with pytest.raises(TypeError):
        float(UNKNOWN)  # type: ignore[arg-type]


@pytest.mark.parametrize("labels", ["values", "rules"])
def test_it_is_drawn(labels: str) -> None:
    svg = bpviz.draw(secret(), labels=labels).to_svg()
    assert re.search(r">unknown<", svg)
    wire = bpviz.draw(secret(), labels=labels).figure.wires[0]
    assert (wire.backward.label.content.text, wire.description) == ("unknown", "x to magic: value 2, gradient unknown")


def test_it_is_written_in_every_format() -> None:
    drawing = bpviz.draw(secret())
    for format in ("svg", "dot", "tikz", "html", "mermaid", "json"):
        assert b"unknown" in drawing.to_bytes(format), format
    assert "unknown" in bpviz.draw(secret(), lang="en").figure.description
    assert "不明" in bpviz.draw(secret(), lang="ja").to_svg()


def test_it_is_written_as_a_formula_by_name() -> None:
    flow = secret()
    # v = w·z, z = 3·y: dy is 3·w, and goes into a step that says nothing.
    assert str(flow.formula("y")) == "3·w"
    assert str(flow.formula("x")) == "magic′(3·w, x)"
    assert flow.formula("x").value is UNKNOWN
    assert b"magic" in bpviz.draw(flow, labels="symbols").to_bytes("svg")


def test_it_is_told_in_steps_and_paths() -> None:
    sentences = [step.sentence for step in bpviz.draw(secret()).step_list]
    assert "magic : ∂v/∂x = unknown" in sentences
    notes = bpviz.draw(secret(), path="x..v").figure.notes
    # x → y → z → v: unknown · 3 · 5.
    assert "dv/dx = dy/dx · dz/dy · dv/dz = magic′(1, x) · 3 · w = unknown × 3 × 5 = unknown" in notes


def test_explain_says_that_it_is_not_known() -> None:
    text = str(bpviz.explain(secret()))
    row = next(line for line in text.splitlines() if line.startswith("x "))
    assert re.search(r"\bunknown\b.*not known$", row)
    assert "The effect of x on v is not known: its gradient is not known, or too large to be kept." in text
    assert "When w grows by 1, v grows by 12." in text
    assert "Computed once" not in text


def test_what_if_of_others_is_exact_and_of_it_refused() -> None:
    # v = w·z = 6·12.
    found = bpviz.what_if(secret(), w=6.0)
    assert found.after.output == 72.0
    assert "w goes from 5 to 6: v grows by 12, as the gradient predicts: 1 × 12." in str(found)
    with pytest.raises(RecordingError, match=r"^the step 'magic' of Hand has only the numbers of its own run; run the"):
        bpviz.what_if(secret(), x=3.0)


def test_compared_runs() -> None:
    assert bpviz.diff(secret(), secret()).same
    text = str(bpviz.diff(secret(), secret(scale=2.0)))
    assert not re.search(r"^x ", text, re.MULTILINE)
    assert "5 → 10" in text
    changed = bpviz.draw(secret(scale=2.0), before=secret())
    assert changed.figure.wires[0].backward.label.content.text == "unknown"


def test_json_and_networkx_keep_it() -> None:
    flow = secret()
    again = loaded(dumped(flow))
    assert isinstance(again, bpviz.Flow)
    assert again.grad("x") is again.wire_grad("x", "y") is UNKNOWN
    assert again.grads["w"] == 12.0
    nodes = {node["name"]: node for node in json.loads(dumped(flow))["nodes"]}
    assert nodes["x"]["gradient"] == nodes["y"]["wires"][0] == {"unknown": True}
    assert "gradient" not in nodes["constant"]
    assert flow.nx.nodes["x"]["gradient"] == "unknown"
    assert "unknown" in "\n".join(networkx.generate_graphml(flow.nx))
    assert pickle.loads(pickle.dumps(flow)).grad("x") is UNKNOWN


def test_damaged_wires_are_refused() -> None:
    document = json.loads(dumped(secret()))
    node = next(node for node in document["nodes"] if node["name"] == "y")
    node["wires"] = []
    with pytest.raises(UsageError, match=r"the node 'y' has wires = a list of 0 parts; a list with one gradient for"):
        loaded(json.dumps(document))
    node["wires"] = [{"array": [1.0, 2.0], "shape": [2], "dtype": "float64"}]
    with pytest.raises(UsageError, match=r"a gradient of 'x' has shape \(2,\), unlike its value"):
        loaded(json.dumps(document))


def test_a_run_of_its_own_rows_finds_it_again() -> None:
    # The same graph, its backward pass by the rules: magic has none.
    again = bpviz.propagate(secret().graph)
    assert again.grad("x") is UNKNOWN
    assert (again.grad("y"), again.grad("w")) == (15.0, 12.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: bpviz.gradient_graph(secret()),
            "the backward pass cannot be drawn: the step 'magic' of Hand has only",
        ),
        (
            lambda: bpviz.draw(secret(), grad="x"),
            "the backward pass cannot be drawn: the step 'magic' of Hand has only",
        ),
        (lambda: bpviz.draw(secret(), shared=True).figure, "the backward pass cannot be drawn: the step 'magic'"),
        (lambda: bpviz.descend(secret()), "'x' cannot go down: its gradient is not known"),
        (lambda: bpviz.gradcheck(secret()), "the step 'magic' of Hand has only the numbers of its own run"),
        (
            lambda: bpviz.elements(secret()),
            "magic cannot be spelled out in single numbers: Hand computes it as a whole",
        ),
    ],
    ids=["gradient graph", "draw its gradient", "draw what is shared", "descend", "gradcheck", "elements"],
)
def test_what_needs_it_is_refused(call: object, message: str) -> None:
    with pytest.raises(bpviz.BpvizError, match=re.escape(message)):
        call()  # type: ignore[operator]


def test_without_it_the_others_descend() -> None:
    # v = 12·w: w goes down by 0.1·12 in each step.
    found = bpviz.descend(secret(), freeze="x", rate=0.1, steps=2)
    assert found.losses == pytest.approx((60.0, 60.0 - 14.4, 60.0 - 28.8))


def test_a_living_figure_says_why_it_stays() -> None:
    notes = bpviz.draw(secret(), live=True).notes
    assert "the figure does not follow its inputs: not all of its gradients are known" in notes
