"""Operations that only another framework computes: with its calls everything works that works with ours."""

from __future__ import annotations

import sys
from typing import Any

import autograd
import autograd.numpy as anp
import hips
import numpy as np
import pytest
from records import halves

import bpviz
from bpviz.errors import UsageError
from bpviz.graph.archive import dumped, loaded
from bpviz.ops.table.unknown import UNKNOWN

RANDOM = np.random.default_rng(3)
GIVEN = {
    "W": RANDOM.standard_normal((3, 4)),
    "x": RANDOM.standard_normal(4),
    "b": RANDOM.standard_normal(3),
}


def loss(W: Any = GIVEN["W"], x: Any = GIVEN["x"], b: Any = GIVEN["b"]) -> Any:
    h = anp.tanh(anp.dot(W, x) + b)
    p = anp.sinc(h)
    return anp.sum(p * h) + anp.linalg.norm(p)


def small(x: Any = 0.5, w: Any = 2.0) -> Any:
    s = anp.sinc(x)
    return s * w + s


@pytest.fixture
def flow() -> bpviz.Flow:
    return hips.record(loss)


def test_numbers_are_autograds(flow: bpviz.Flow) -> None:
    assert flow.output == loss()
    for slot, name in enumerate(GIVEN):
        assert np.array_equal(flow.grads[name], autograd.grad(loss, slot)(*GIVEN.values()))


def test_it_propagates_other_inputs(flow: bpviz.Flow) -> None:
    other = {name: RANDOM.standard_normal(value.shape) for name, value in GIVEN.items()}
    again = bpviz.propagate(flow.graph, other)
    assert again.output == pytest.approx(loss(**other), rel=1e-12)
    for slot, name in enumerate(GIVEN):
        expected = autograd.grad(loss, slot)(*other.values())
        np.testing.assert_allclose(again.grads[name], expected, rtol=1e-10)


def test_gradcheck_and_what_if(flow: bpviz.Flow) -> None:
    report = bpviz.gradcheck(flow)
    assert report.ok
    assert [check.name for check in report.inputs] == ["W", "x", "b"]
    found = bpviz.what_if(flow, b=GIVEN["b"] + 0.1)
    assert found.after.output == pytest.approx(loss(b=GIVEN["b"] + 0.1), rel=1e-12)


def test_second_order_to_autograd(flow: bpviz.Flow) -> None:
    first = bpviz.gradient_graph(flow, "x")
    made = bpviz.propagate(first)
    gradient = autograd.grad(loss, 1)
    np.testing.assert_allclose(made.output, gradient(*GIVEN.values()), rtol=1e-12)
    hessian = autograd.jacobian(gradient, 1)(*GIVEN.values())
    # The seed is ones: the gradient of the sum of the gradient.
    np.testing.assert_allclose(made.grad("x"), hessian.sum(0), rtol=1e-10)


def test_third_order_of_a_number() -> None:
    def wave(x: Any = 0.7) -> Any:
        return anp.sinc(x)

    target: Any = hips.record(wave)
    for order in (1, 2, 3):
        target = bpviz.propagate(bpviz.gradient_graph(target, "x"))
        derivative = wave
        for _ in range(order):
            derivative = autograd.grad(derivative)
        assert target.output == pytest.approx(derivative(0.7), rel=1e-9)


def test_formulas_say_them_by_name() -> None:
    flow = hips.record(small)
    # s·w + s: the gradient of s is w + 1, that of x goes through sinc.
    assert str(flow.formula("s", of="value")) == "sinc(x)"
    assert str(flow.formula("s")) == "w + 1"
    assert str(flow.formula("x")) == "sinc′(w + 1, x)"
    assert flow.formula("x").value == pytest.approx(autograd.grad(small)(0.5, 2.0))
    rules = bpviz.draw(flow, labels="rules").figure.wires[0].backward.label.content.text
    slope = autograd.grad(anp.sinc)(0.5)
    assert rules == f"3 × (−{-slope:.4g}) = −{-3 * slope:.4g}"
    chain = bpviz.explain(flow, variables="x").chains[0]
    assert (chain.count, chain.paths[0].links[0].slope) == (2, pytest.approx(slope))


def test_formats_and_steps_take_it(flow: bpviz.Flow) -> None:
    drawing = bpviz.draw(flow, labels="symbols")
    assert "sinc" in drawing.to_svg()
    for format in ("dot", "tikz", "html", "mermaid"):
        assert b"sinc" in bpviz.draw(flow).to_bytes(format)
    sentences = [step.sentence for step in bpviz.draw(flow).step_list]
    assert any(sentence.startswith("sinc : p = sinc(h) = ") for sentence in sentences)


def test_json_has_its_numbers_and_nothing_else(flow: bpviz.Flow) -> None:
    text = dumped(flow)
    again = loaded(text)
    assert isinstance(again, bpviz.Flow)
    assert dumped(again) == text
    assert bpviz.draw(again).to_svg() == bpviz.draw(flow).to_svg()
    assert np.array_equal(again.wire_grad("h", "p"), flow.wire_grad("h", "p"))
    with pytest.raises(
        TypeError, match=r"^the step 'dot' of HIPS autograd has only the numbers of its own run; run the"
    ):
        bpviz.propagate(again.graph, GIVEN | {"x": np.ones(4)})
    with pytest.raises(
        UsageError, match=r"^the backward pass cannot be drawn: the step 'norm' of HIPS autograd has only"
    ):
        bpviz.gradient_graph(again)
    # What follows from its numbers is known, the rest is not.
    assert bpviz.propagate(again.graph).grads["b"] is UNKNOWN


def test_elements_are_refused_in_words(flow: bpviz.Flow) -> None:
    with pytest.raises(
        UsageError, match=r"cannot be spelled out in single numbers: HIPS autograd computes it as a whole"
    ):
        bpviz.elements(flow)


def test_living_figures_say_why_they_stay(flow: bpviz.Flow) -> None:
    notes = bpviz.draw(flow, live=True).notes
    assert any("does not follow its inputs: only HIPS autograd can compute dot" in note for note in notes)


def test_opening_our_rows_keeps_the_numbers_of_the_border() -> None:
    assert bpviz.open(nothing_opens := halves()) is nothing_opens
    # A framework whose sigmoid rounds in its own way; sigmoid has an inside.
    from bpviz.sources.assembly import flow as flow_of
    from bpviz.sources.steps import Leaf, Record, Same, Step

    entries = (Leaf("x", 0.0), Step("sigmoid", (0,), (0.5001,), same=(Same("sigmoid"),), names=("y",)))
    made = flow_of(Record("Hand", "f", entries, 1, seed=1.0, gradients={0: 0.2501}, wires={1: (0.2501,)}))
    inside = bpviz.open(made, "sigmoid")
    assert isinstance(inside, bpviz.Flow)
    assert len(inside.graph) > 2
    assert (inside.output, inside.grads) == (0.5001, {"x": 0.2501})
    first = next(node for node in inside.graph.nodes if "x" in node.operands)
    assert inside.wire_grad("x", first) == 0.2501
    assert bpviz.draw(made, open="sigmoid").source.output == 0.5001


def test_errors_of_the_framework_name_it(flow: bpviz.Flow) -> None:
    row = flow.graph["dot"].operation
    assert row is not None
    row.vjp[0].call.function = _broken  # type: ignore[index, union-attr]
    with pytest.raises(
        UsageError, match=r"^HIPS autograd cannot compute 'dot' on shapes \(3, 4\) and \(4,\): out of o"
    ):
        bpviz.propagate(flow.graph, {"x": np.ones(4)})


def _broken(*_: Any) -> Any:
    raise RuntimeError("out of order")


def test_the_frames_of_a_framework_are_not_the_users() -> None:
    from bpviz.recording.source import is_ours

    assert not is_ours(sys._getframe())
