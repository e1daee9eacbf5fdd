"""Composite operations: closed they are one node, opened a frame, with the same numbers on the border."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import bpviz
from bpviz import ops
from bpviz.errors import UsageError
from bpviz.ops import OPERATIONS


@pytest.fixture
def norm() -> Iterator[ops.Operation]:
    """|(x, y)|, with its textbook gradient x/z, y/z, and inside it squares, a sum and a root."""

    def inside(x, y):
        squares = x * x + y * y
        return ops.sqrt(squares)

    yield bpviz.op(
        "norm2",
        lambda x, y: np.sqrt(x * x + y * y),
        lambda g, z, x, y: (g * x / z, g * y / z),
        inside=inside,
    )
    del OPERATIONS["norm2"]


def test_opened_and_closed_have_the_same_numbers(norm: ops.Operation) -> None:
    def f(x=3.0, y=4.0):
        r = norm(x, y)
        return r * x

    closed = bpviz.backprop(f)
    opened = bpviz.open(closed, "norm2")
    # r = 5; f = 15; df/dx = r + x·x/r = 5 + 9/5; df/dy = x·y/r = 12/5.
    for flow in (closed, opened):
        assert flow.output == 15
        assert flow.grads == pytest.approx({"x": 6.8, "y": 2.4})
        assert flow.grad("r") == 3
    assert opened.value("squares") == 25
    assert opened.graph["squares"].scope.title == "norm2"
    assert len(opened.graph) > len(closed.graph)
    assert bpviz.open(closed, "r").graph.names == opened.graph.names


def test_depth_opens_groups_up_to_it(norm: ops.Operation) -> None:
    def layer(x, y):
        return norm(x, y) + 1

    def f(x=3.0, y=4.0):
        return layer(x, y) * norm(y, x)

    def frames(**options: object) -> list[str]:
        return [frame.title for frame in bpviz.draw(f, **options).figure.frames]

    assert frames() == ["layer"]
    assert frames(depth=0) == []
    assert frames(depth=1) == ["layer", "norm2"]
    assert frames(depth=2) == ["layer", "norm2", "norm2"]
    assert frames(open="norm2") == ["layer", "norm2", "norm2"]


def test_inner_composites_open_with_their_outer_ones(norm: ops.Operation) -> None:
    outer = bpviz.op(
        "outermost",
        lambda x: np.sqrt(x * x + 9),
        lambda g, z, x: g * x / z,
        inside=lambda x: norm(x, 3.0),
    )
    try:
        flow = bpviz.backprop(lambda x=4.0: outer(x))
        assert [s.title for s in bpviz.open(flow).graph.record.scopes] == ["", "outermost", "norm2"]
        assert bpviz.open(flow).grads == pytest.approx({"x": 0.8})
        assert bpviz.open(flow, "outermost").graph.record.scopes[1:][0].title == "outermost"
    finally:
        del OPERATIONS["outermost"]


def test_names_may_open_operations_inside_opened_ones() -> None:
    def f(x=np.array([0.3, 2.9, 4.0]), t=np.array([0.0, 0.0, 1.0])):
        return bpviz.nn.softmax_cross_entropy(x, t)

    names = ("softmax_cross_entropy", "softmax", "cross_entropy")
    frames = [frame.title for frame in bpviz.draw(f, open=names).figure.frames]
    assert sorted(frames) == ["cross entropy", "softmax", "softmax cross entropy"]
    opened = bpviz.open(bpviz.backprop(f), *names)
    # The textbook's result: y − t, whichever way it is computed.
    y = np.exp([0.3, 2.9, 4.0]) / np.sum(np.exp([0.3, 2.9, 4.0]))
    np.testing.assert_allclose(opened.grad("x"), y - [0, 0, 1], rtol=1e-12)


def test_names_that_cannot_be_opened_are_refused() -> None:
    with pytest.raises(UsageError, match="nothing named 'add' can be opened; no operation of the graph has an inside"):
        bpviz.open(lambda x=1.0: x + 1, "add")


@pytest.mark.engine
def test_a_custom_operation_is_like_a_built_in_one(norm: ops.Operation) -> None:
    def f(x=np.array([3.0, 1.0]), y=np.array([4.0, 2.0])):
        return np.sum(norm(x, y))

    assert bpviz.gradcheck(f).ok
    assert ">norm2<" in bpviz.draw(f).to_svg()
    from bpviz.figures.card import card

    texts = [w.backward.label.content.text for w in card("norm2").wires if w.backward and w.backward.label]
    assert texts == ["∂L/∂z·x/z", "∂L/∂z·y/z", "∂L/∂z"]


def test_custom_operations_that_do_not_fit_are_refused() -> None:
    with pytest.raises(UsageError, match="has 2 operands \\(x, y\\) but 1 rules"):
        bpviz.op("bad", lambda x, y: x, [lambda g, z, x, y: g])
    with pytest.raises(UsageError, match="exists already"):
        bpviz.op("exp", lambda x: x, [lambda g, z, x: g])
    with pytest.raises(UsageError, match="has no operands"):
        bpviz.op("bad", lambda: 1.0, [])
    wrong = bpviz.op("wrong_count", lambda x, y: x * y, lambda g, z, x, y: (g,))
    try:
        with pytest.raises(UsageError, match="gave 1 gradients for 2 operands"):
            bpviz.backprop(lambda x=1.0, y=2.0: wrong(x, y))
    finally:
        del OPERATIONS["wrong_count"]


def test_a_wrong_rule_is_found() -> None:
    slightly = bpviz.op("slightly_wrong", lambda x: x * x, lambda g, z, x: g * 2 * x * 1.0005)
    try:
        report = bpviz.gradcheck(lambda x=3.0: slightly(x))
        assert not report.ok
        assert report.inputs[0].relative == pytest.approx(5e-4, rel=1e-2)
        assert "WRONG" in str(report)
    finally:
        del OPERATIONS["slightly_wrong"]
