"""The rows of steps: computed again, ours and the callable ones give the numbers that PyTorch gave."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'bpviz[torch]'")

import torch.nn.functional as F  # noqa: E402
from torch import nn  # noqa: E402
from torch_models import MODELS, build  # noqa: E402
from torch_reference import distance  # noqa: E402

import bpviz  # noqa: E402
from bpviz import ops  # noqa: E402
from bpviz.graph.propagate import pulled  # noqa: E402
from bpviz.ops.table.unknown import UNKNOWN  # noqa: E402
from bpviz.sources.torch import record  # noqa: E402

LOOSE = {"autocast"}
"""Our rows know no bfloat16."""


@pytest.mark.parametrize("name", [name for name in MODELS if name not in LOOSE])
def test_every_row_gives_the_numbers_of_pytorch(name: str) -> None:
    fn, args = build(name)
    torch.manual_seed(1)
    flow = record(fn, *args)
    graph = flow.graph.record
    several = {*graph.joint, *graph.joint.values()}
    for index, row in enumerate(graph.operations):
        if row is None:
            continue
        xs = [flow.values[operand] for operand in graph.operands[index]]
        try:
            with ops.silence():
                value = ops.evaluate(row, xs, graph.parameters.get(index, {}))
        except bpviz.RecordingError:
            # It has its numbers alone.
            continue
        assert distance(value, flow.values[index]) < 1e-5, row.name
        g = flow.gradients[index]
        if g is None or g is UNKNOWN or index in several:
            continue
        for slot, share in enumerate(flow.wire_gradients[index] or ()):
            # The sum of many numbers that cancel, such as that of a bias before a norm, is only rounding.
            if share is None or share is UNKNOWN or np.abs(share).max() < 1e-6 * np.abs(g).sum():
                continue
            with ops.silence():
                again = pulled(flow, index, slot, g)
            assert distance(again, share) < (2e-2 if "norm" in row.name else 1e-4), (row.name, slot)


def named(flow: bpviz.Flow) -> list[str]:
    return [row.name for row in flow.graph.record.operations if row is not None]


def test_a_layer_is_ours_so_that_it_has_formulas_and_elements() -> None:
    net = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1, bias=False))
    flow = record(net, torch.tensor([[1.0, 2.0]]))
    assert named(flow) == ["linear", "relu", "linear_without_bias"]
    assert "x·0.weightᵀ + 0.bias" in str(flow.formula("linear", of="value"))
    assert bpviz.elements(flow).output == pytest.approx(flow.output.item(), rel=1e-6)


def test_dropout_shows_its_mask_also_of_a_turned_array() -> None:
    torch.manual_seed(0)

    def f(x: Any) -> Any:
        return F.dropout(x.t(), 0.5, training=True).sum()

    x = torch.rand(3, 4, requires_grad=True)
    flow = record(f, x)
    mask = flow.value("mask")
    # The kept elements are doubled; their gradients, too.
    assert np.array_equal(flow.value("dropout"), np.where(mask, 2 * x.detach().numpy().T, 0))
    assert np.array_equal(flow.grads["x"], 2.0 * mask.T)
    assert 0 < mask.mean() < 1


def test_in_training_a_batch_norm_does_not_depend_on_its_running_statistics() -> None:
    norm, x = nn.BatchNorm2d(2), torch.randn(2, 2, 3, 3)
    assert len(record(norm, x).graph["BatchNorm2d"].operands) == 3
    assert len(record(norm.eval(), x).graph["BatchNorm2d"].operands) == 5


def test_a_callable_row_can_be_run_with_other_inputs_and_differentiated_twice() -> None:
    def f(x: Any) -> Any:
        return F.silu(x).sum()

    x = torch.tensor([0.5, -1.0], dtype=torch.float64, requires_grad=True)
    flow = record(f, x)
    assert flow.graph.record.operations[flow.graph.find("silu")].framework == "PyTorch"
    other = torch.tensor([2.0, 3.0], dtype=torch.float64, requires_grad=True)
    assert bpviz.propagate(flow.graph, {"x": other.detach().numpy()}).output == pytest.approx(f(other).item())
    # silu″ by PyTorch's own double backward.
    (slope,) = torch.autograd.grad(f(x), x, create_graph=True)
    (second,) = torch.autograd.grad(slope.sum(), x)
    twice = bpviz.propagate(bpviz.gradient_graph(bpviz.gradient_graph(flow, "x"), "x"))
    assert np.allclose(twice.output, second.numpy())


def test_gradcheck_differentiates_in_double_precision() -> None:
    net = nn.Sequential(nn.Linear(2, 3), nn.SiLU(), nn.Linear(3, 1))
    assert bpviz.gradcheck(record(net, torch.tensor([[1.0, -2.0]]))).ok


def test_complex_numbers_are_pairs() -> None:
    def f(x: Any) -> Any:
        return torch.fft.fft(x).abs().sum()

    x = torch.randn(3, requires_grad=True)
    flow = record(f, x)
    made = torch.fft.fft(x.detach())
    assert np.allclose(flow.value("fft_fft"), torch.view_as_real(made).numpy())


def test_a_write_through_a_view_makes_a_new_value_of_the_whole() -> None:
    def f(x: Any) -> Any:
        y = x * 2
        y[0] *= 3
        return y.sum()

    flow = record(f, torch.ones(2, requires_grad=True))
    assert flow.grads["x"].tolist() == [6.0, 2.0]
    assert flow.output == 8.0
