"""Flows as JSON: every operation, with its parameters, comes back with the same numbers."""

from __future__ import annotations

import numpy as np
import pytest
from samples import CASES, sample

import bpviz
from bpviz.graph.archive import dumped, loaded
from bpviz.ops import Case, Operation

OF_WHOLE_NUMBERS = ("bitwise_and", "bitwise_or", "bitwise_xor", "invert")


@pytest.mark.parametrize(("row", "case"), [p for p in CASES if p.values[0].name not in OF_WHOLE_NUMBERS])
def test_every_operation_comes_back(row: Operation, case: Case) -> None:
    graph = bpviz.trace(lambda *xs: row(*xs, **case.parameters), *sample(row, case))
    again = loaded(dumped(graph))
    assert isinstance(again, bpviz.Graph)
    assert again.names == graph.names
    assert again.outputs == graph.outputs
    for node, other in zip(graph.nodes, again.nodes, strict=True):
        np.testing.assert_array_equal(other.value, node.value)
        assert other.operation is node.operation
    one, two = (
        bpviz.propagate(g, {k: g[k].value * 0.5 for k in g.inputs if _is_float(g[k].value)}) for g in (graph, again)
    )
    for name in graph.inputs:
        np.testing.assert_array_equal(one.grad(name), two.grad(name))


def _is_float(value: object) -> bool:
    return np.asarray(value).dtype.kind == "f"
