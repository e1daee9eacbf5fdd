"""What if: the changes of article 000, and the words for where gradients and truth part."""

from __future__ import annotations

import json
import math
import random
import re

import numpy as np
import pytest
from amounts import fewer
from hypothesis import given, settings
from hypothesis import strategies as st
from random_graphs import random_function

import bpviz
from bpviz.errors import UsageError


def y(p=100, n=2, t=1.1):
    x = p * n
    return x * t


@pytest.mark.parametrize(
    ("changes", "more"), [({"t": 1.2}, 20), ({"p": 200}, 220), ({"n": 5}, 330)], ids=["tax", "price", "number"]
)
@pytest.mark.parametrize("target", ["function", "graph", "flow", "drawing"])
def test_the_changes_of_article_000(changes: dict[str, float], more: float, target: str) -> None:
    graph = bpviz.trace(y)
    targets = {"function": y, "graph": graph, "flow": bpviz.propagate(graph), "drawing": bpviz.draw(graph)}
    found = bpviz.what_if(targets[target], **changes)
    assert (found.predicted, found.true) == (pytest.approx(more), pytest.approx(more))
    assert found.difference == 0
    assert found.after.output == pytest.approx(220 + more)
    (change,) = found.changes
    assert change.slope * (change.after - change.before) == pytest.approx(more)


def test_as_a_table_and_a_sentence() -> None:
    assert str(bpviz.what_if(y, t=1.2)) == (
        "What if t = 1.2? y: 220 → 240\n"
        "=============================\n"
        "\n"
        "change  from  to   gradient  predicted  true  difference\n"
        "t       1.1   1.2  200       +20        +20   0\n"
        "\n"
        "t goes from 1.1 to 1.2: y grows by 20, as the gradient predicts: 0.1 × 200."
    )
    message = str(bpviz.what_if(y, n=1))
    assert message.endswith("n goes from 2 to 1: y falls by 110, as the gradient predicts: (−1) × 110.")


def test_several_changes_at_once() -> None:
    # 200·2·1.2 = 480: 20 for the tax, 220 for the price, and 0.1 × 2 × 100 = 20 because they work on one another.
    found = bpviz.what_if(y, t=1.2, p=200)
    assert [(c.name, c.predicted, c.true) for c in found.changes] == [
        ("t", pytest.approx(20), pytest.approx(20)),
        ("p", pytest.approx(220), pytest.approx(220)),
    ]
    assert (found.predicted, found.true, found.difference) == pytest.approx((240, 260, 20))
    lines = str(found).splitlines()
    assert next(line for line in lines if line.startswith("all together")).split() == [
        *("all", "together"),
        *("+240", "+260", "+20"),
    ]
    assert lines[-1] == (
        "All together y is predicted to grow by 240, but it grows by 260: one by one the changes bring +240, "
        "and each of them changes the slopes of the others."
    )
    apart = bpviz.what_if(lambda a=1.0, b=2.0: bpviz.name(a * 3 + b * 4, "s"), a=2.0, b=1.0)
    assert str(apart).endswith(
        "All together s is predicted to fall by 1, and it falls by 1: what each change does just adds up."
    )


def test_curvature_is_named_as_the_reason() -> None:
    def f(x=3.0):
        return x**2

    assert str(bpviz.what_if(f, x=4)).endswith(
        "x goes from 3 to 4: f grows by 7. The gradient predicts +6, too little by 1: "
        "the slope changes on the way from 6 to 8."
    )
    assert str(bpviz.what_if(f, x=2)).endswith(
        "f falls by 5. The gradient predicts −6, too much by 1: the slope changes on the way from 6 to 4."
    )


def test_a_branch_on_the_value_is_taken_anew() -> None:
    def f(x=1.0):
        if x > 0:
            return bpviz.name(x * 3, "f")
        return bpviz.name(x * 5 - 1, "f")

    found = bpviz.what_if(f, x=-2)
    assert (found.predicted, found.true) == (-9, -14)
    assert str(found).endswith(
        "x goes from 1 to −2: f falls by 14. With the new value the model computes other steps, "
        "which the gradient could not foresee."
    )
    # A graph keeps the steps that were recorded.
    assert bpviz.what_if(bpviz.trace(f), x=-2).true == -9


def test_arrays_and_their_parts() -> None:
    X = np.array([[1.0, 2.0], [3.0, 4.0]])

    def E(W=np.array([[0.5], [-0.3]]), p={"b": 1.0}):  # noqa: B006
        return np.sum((X @ W + p["b"]) ** 2)

    found = bpviz.what_if(E, W=[[0.5], [0.0]], **{"p['b']": 2.0})
    base, W, both = (
        float(np.sum((X @ np.array(w) + b) ** 2))
        for w, b in (([[0.5], [-0.3]], 1), ([[0.5], [0.0]], 1), ([[0.5], [0.0]], 2))
    )
    assert found.changes[0].true == pytest.approx(W - base)
    assert found.true == pytest.approx(both - base)
    gradient = bpviz.backprop(E).grads["W"]
    assert found.changes[0].predicted == pytest.approx(0.3 * gradient[1, 0])
    assert "the slope along the step changes on the way from" in str(found)


def test_an_output_that_is_no_single_number() -> None:
    def f(x=2.0, v=np.array([1.0, 2.0])):
        return bpviz.name(x * v, "z")

    found = bpviz.what_if(f, x=3.0)
    assert (found.predicted, found.true) == (3.0, 3.0)
    assert "x goes from 2 to 3: the sum of z grows by 3, as the gradient predicts: 1 × 3." in str(found)


def test_changes_without_a_gradient() -> None:
    def f(x=2.0, n=3):
        for _ in range(n):
            x = x * 2
        return bpviz.name(x, "f")

    found = bpviz.what_if(f, n=4)
    assert (found.predicted, found.true) == (0, 16)
    assert "the model computes other steps" in str(found)
    message = str(bpviz.what_if(lambda x=2.2: bpviz.name(np.floor(x) * 3, "f"), x=3.5))
    assert message.endswith(
        "f grows by 3. The gradient predicts 0, too little by 3: the slope is the same at both ends, "
        "but f does not follow a straight line in between."
    )
    unused = bpviz.what_if(lambda x=2.0, i=1: bpviz.name(np.array([1.0, 2.0, 5.0])[i] * x, "f"), i=2)
    assert str(unused).endswith("f grows by 6. No gradient flows back to i, so nothing of this was predicted.")


def test_where_numbers_are_not_finite() -> None:
    def f(x=1.0):
        return np.log(x)

    found = bpviz.what_if(f, x=0.0)
    assert found.true == -math.inf
    assert str(found).endswith("The gradient or the output is not finite there, so nothing can be compared.")
    assert json.loads(found.to_json())["together"]["true"] == "-inf"


def test_the_change_of_a_run_with_other_inputs_output_and_seed() -> None:
    flow = bpviz.propagate(bpviz.trace(y), {"p": 50}, output="x", seed=2)
    found = bpviz.what_if(flow, n=3)
    assert (found.before.output, found.after.output, found.true) == (100, 150, 100)
    explanation = bpviz.explain(y, inputs={"p": 50}, what_if={"t": 1.2})
    assert explanation.what_if is not None
    assert (explanation.what_if.before.output, explanation.what_if.true) == pytest.approx((110, 10))


WRONG = {
    "unknown": ({"price": 1.0}, "there is no input named 'price'; its inputs are: p, n, t"),
    "close": ({"tt": 1.0}, "there is no input named 'tt'; did you mean 't'?"),
    "nothing": ({}, "nothing is changed; give an input another value: what_if(target, tax=1.2)"),
    "a step": ({"x": 1.0}, "there is no input named 'x'; its inputs are: p, n, t"),
    "another shape": (
        {"p": [1.0, 2.0]},
        "the input 'p' has shape (), but was given [1.0, 2.0]; a change keeps the shape",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_changes(case: str) -> None:
    changes, message = WRONG[case]
    with pytest.raises(UsageError) as caught:
        bpviz.what_if(y, **changes)
    assert str(caught.value) == message


def test_wrong_targets() -> None:
    with pytest.raises(UsageError, match="a card, a page of several figures or a training has no inputs to change"):
        bpviz.what_if(bpviz.card("add"), x=1)
    with pytest.raises(UsageError, match="arguments go with a function"):
        bpviz.what_if(bpviz.trace(y), 3, p=1)
    with pytest.raises(UsageError, match="change its parts, for example 'w\\[0\\]'"):
        bpviz.what_if(lambda w=(1.0, 2.0): w[0] * w[1], w=3.0)
    with pytest.raises(UsageError, match=r"the input 'v' has shape \(2,\), but was given array"):
        bpviz.what_if(lambda v=np.ones(2): np.sum(v * v), v=np.ones(3))


@settings(max_examples=fewer(25))
@given(seed=st.integers(0, 10_000), operations=st.integers(2, 20))
def test_the_gradient_predicts_a_small_step(seed: int, operations: int) -> None:
    f, args = random_function(random.Random(seed), operations)
    flow = bpviz.backprop(f, *args)
    names = flow.graph.inputs
    found = bpviz.what_if(f, *args, **{name: a + 1e-6 for name, a in zip(names, args, strict=True)})
    size = max(1.0, *(abs(v) for v in flow.values), *(abs(g) for g in flow.grads.values()))
    assert found.predicted == pytest.approx(found.true, abs=1e-4 * size)


def test_formats_and_repr() -> None:
    found = bpviz.what_if(y, t=1.2)
    assert "| t | 1.1 | 1.2 | 200 | +20 | +20 | 0 |" in found.to_markdown()
    data = json.loads(found.to_json())
    assert data["changes"][0] == {
        "name": "t",
        "from": 1.1,
        "to": 1.2,
        "gradient": 200.0,
        "predicted": pytest.approx(20),
        "true": pytest.approx(20),
        "difference": 0.0,
        "same steps": True,
    }
    assert repr(found) == "<what if t = 1.2: predicted 20, true 20>"


def texts(drawing: bpviz.Drawing) -> list[str]:
    """Return the labels at the arrows of a figure, forward and backward."""
    figure = drawing.figure
    assert hasattr(figure, "wires")
    arrows = [arrow for wire in figure.wires for arrow in (wire.forward, wire.backward)]
    return [arrow.label.content.text for arrow in arrows if arrow is not None and arrow.label is not None]


def test_the_figure_shows_old_and_new_numbers() -> None:
    found = texts(bpviz.what_if(y, t=1.2).draw())
    # p, n, t, x and y: forward, and what flows back to them.
    for expected in ("100", "2.2 → 2.4", "2", "110 → 120", "1.1 → 1.2", "200", "1.1 → 1.2", "220 → 240", "1"):
        found.remove(expected)
    assert found == ["200"]


def test_the_figure_of_another_branch_shows_the_earlier_numbers() -> None:
    def f(x=1.0):
        if x > 0:
            return bpviz.name(x * 3, "f")
        return bpviz.name(x * 5 - 1, "f")

    found = texts(bpviz.what_if(f, x=-2).draw())
    assert "1 → −2" in found and "3 → −11" in found


def test_a_composite_operation_is_opened_in_both_runs() -> None:
    found = texts(bpviz.draw(bpviz.backprop(bpviz.nn.sigmoid, 1.0), before=bpviz.backprop(bpviz.nn.sigmoid, 0.0)))
    assert "0 → 1" in found and "0.5 → 0.7311" in found
    opened = bpviz.what_if(lambda x=0.0: bpviz.nn.sigmoid(x), x=1.0).draw(open="sigmoid")
    assert "1 → 0.3679" in texts(opened)  # exp(−x)


def told_in(svg: str) -> list[str]:
    """What stands in a finished picture, text by text."""
    return [re.sub(r"<[^>]+>", "", text) for text in re.findall(r"<text[^>]*>(.*?)</text>", svg, re.S)]


def test_a_change_too_small_to_print_is_printed_all_the_same() -> None:
    # 100·2·(1.1 + 1e-7) is 220.00002.
    found = bpviz.what_if(y, t=1.1 + 1e-7)
    texts = told_in(found.draw().to_svg())
    assert any("1.1 → 1.1000001" in text for text in texts)
    assert any("220 → 220.00002" in text for text in texts)
    message = str(found)
    assert message.startswith("What if t = 1.1000001? y: 220 → 220.00002\n")
    assert "t goes from 1.1 to 1.1000001" in message


def test_elements_that_print_equally_get_more_digits() -> None:
    def f(x=np.array([1.0, 2.0])):
        return x * 3.0

    texts = told_in(bpviz.what_if(f, x=np.array([1.0, 2.00001])).draw().to_svg())
    assert "2 → 2.00001" in texts
    assert "6 → 6.00003" in texts
    assert not any(text == "1 → 1" for text in texts)


@given(st.floats(-9, 9), st.integers(1, 40))
def test_no_change_is_ever_hidden(x: float, steps: int) -> None:
    new = x
    for _ in range(steps):
        new = math.nextafter(new, math.inf)
    (input_text,) = [t for t in told_in(bpviz.what_if(lambda x=x: x * 1.0, x=new).draw().to_svg()) if "→" in t][:1]
    old, _, after = input_text.rpartition("x = ")[2].partition(" → ")
    assert old != after


def test_parts_that_depend_on_the_change_are_never_in_the_background() -> None:
    def f(x=-1.0, w=2.0, c=5.0):
        # relu is 0 before and after: its value stays, and it depends on x all the same.
        return bpviz.nn.relu(x) * w + c * w

    figure = bpviz.what_if(f, x=-2.0).draw().figure
    tones = {wire.description: wire.tone for wire in figure.wires}
    dimmed = {message for message, tone in tones.items() if tone == "pale"}
    # The gradient of w is relu(x) + c: it depends on x, too. That of c is w.
    assert dimmed == {
        "c to ×: value 5, gradient 2",
        "the branch to ×: value 2, gradient 5",
        "× to +: value 10, gradient 1",
    }
    boxes = {box.text: box.tone for box in figure.boxes}
    assert boxes["x"] == "plain"
    assert boxes["c"] == "pale"


def test_a_difference_below_the_printed_digits_is_in_a_comparison() -> None:
    def one(x=1.0):
        return x * 3.0

    def two(x=1.000001):
        return x * 3.0

    comparison = bpviz.diff(one, two)
    texts = told_in(comparison.draw().to_svg())
    assert any("1 → 1.000001" in text for text in texts)
    assert "one = 3 → two = 3.000003" in str(comparison)
    assert "1 → 1.000001" in str(comparison)
