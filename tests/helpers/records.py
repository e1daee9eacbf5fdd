"""Records of what a framework could have done, written by hand: small enough to check every number in one's head."""

from __future__ import annotations

from typing import Any

import numpy as np

from bpviz.graph.flow import Flow
from bpviz.sources.assembly import flow
from bpviz.sources.steps import UNKNOWN, Call, Group, Leaf, Record, Same, Step

__all__ = ["Function", "halves", "network", "secret"]


class Function:
    """A `Call` of a plain function, with the functions of its gradients."""

    def __init__(self, function: Any, *gradients: Any) -> None:
        self.function, self.gradients = function, gradients

    def __call__(self, *xs: Any) -> Any:
        return self.function(*xs)

    def pullback(self, result: int, slot: int) -> Call | None:
        found = self.gradients[slot]
        return None if found is None else Function(found, *(None,) * 3)


def network(*, frozen: bool = False) -> Flow:
    """x·W = [1 2]·[1; 3] = 7, relu 7, times v = 2, plus the buffer 1: 15; in two groups."""
    x, w, seven, one = np.array([[1.0, 2.0]]), np.array([[1.0], [3.0]]), np.array([[7.0]]), np.array([[1.0]])
    net = Group("net Net")
    block = Group("net.block Block", net)
    single = Group("net.block.fc Linear", block)
    entries = (
        Leaf("x", x),
        Leaf("net.block.fc.weight", w, "parameter", frozen=frozen),
        Step("linear", (0, 1), (seven,), same=(Same("matmul"),), symbol="Affine", group=single, names=("h",)),
        Step("relu", (2,), (seven,), same=(Same("relu"),), group=block, names=("",)),
        Leaf("net.scale", 2.0, "parameter"),
        Step("mul", (3, 4), (2 * seven,), same=(Same("multiply"),), group=net, names=("y",), line=12),
        Leaf("shift", 1.0, "constant"),
        Step("add", (5, 6), (15 * one,), same=(Same("add"),), names=("loss",)),
    )
    gradients = {0: 2 * w.T, 1: 2 * x.T, 2: 2 * one, 3: 2 * one, 4: 7.0, 5: one}
    wires = {2: (2 * w.T, 2 * x.T), 3: (2 * one,), 5: (2 * one, 7.0), 7: (one, None)}
    if frozen:
        gradients.pop(1)
        wires[2] = (2 * w.T, None)
    return flow(Record("Hand", "Net", entries, 7, seed=one, gradients=gradients, wires=wires, remarks=("by hand",)))


def halves(*, call: bool = True, same: bool = False) -> Flow:
    """a, b = split([2 3]) and a·b = 6: one step with two results. Its one wire carries [3 2]."""
    x, two, three = np.array([2.0, 3.0]), np.array([2.0]), np.array([3.0])
    again = _Split() if call else None
    rows = tuple(Same("index", {"key": (slice(n, n + 1),)}) for n in (0, 1)) if same else ()
    entries = (
        Leaf("x", x),
        Step("split", (0,), (two, three), call=again, same=rows, names=("a", "b")),
        Step("mul", (1, 2), (np.array([6.0]),), same=(Same("multiply"),), names=("y",)),
    )
    gradients = {0: np.array([3.0, 2.0]), 1: three, 2: two}
    wires = {1: (np.array([3.0, 2.0]),), 3: (three, two)}
    return flow(Record("Hand", "halves", entries, 3, seed=np.ones(1), gradients=gradients, wires=wires))


class _Split:
    def __call__(self, x: Any) -> Any:
        return x[:1], x[1:]

    def pullback(self, result: int, slot: int) -> Call:
        return Function(lambda g, x: np.concatenate([g, 0 * g] if result == 0 else [0 * g, g]), None, None)


def secret(*, scale: float = 1.0) -> Flow:
    """y = x² by a step that says its value alone, z = 3·y, and v = w·z: of x only is known that a gradient arrives."""
    entries = (
        Leaf("x", 2.0),
        Leaf("w", 5.0 * scale),
        Step("magic", (0,), (4.0,), names=("y",)),
        Leaf("", 3.0, "constant"),
        Step("mul", (2, 3), (12.0,), same=(Same("multiply"),), names=("z",)),
        Step("mul", (1, 4), (60.0 * scale,), same=(Same("multiply"),), names=("v",)),
    )
    gradients = {0: UNKNOWN, 1: 12.0, 2: 15.0 * scale, 4: 5.0 * scale}
    wires = {2: (UNKNOWN,), 4: (15.0 * scale, None), 5: (12.0, 5.0 * scale)}
    return flow(Record("Hand", "secret", entries, 5, seed=1.0, gradients=gradients, wires=wires))
