"""Tensors that exist: recorded in a block, or known to PyTorch's own graph alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'bpviz[torch]'")

import torch.nn.functional as F  # noqa: E402
from torch import nn  # noqa: E402
from torch_reference import distance  # noqa: E402

import bpviz  # noqa: E402
from bpviz.errors import UsageError  # noqa: E402


def made() -> tuple[Any, Any, Any]:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)), torch.randn(5, 3), torch.tensor([0, 1, 1, 0, 1])


def test_a_training_step_is_recorded_and_happens_as_without() -> None:
    states = []
    for recorded in (False, True):
        net, x, t = made()
        optimizer = torch.optim.SGD(net.parameters(), 0.1, momentum=0.9)
        calls: list[Any] = []
        net[0].weight.register_hook(lambda g, calls=calls: calls.append(g.clone()))

        def step(net: Any = net, x: Any = x, t: Any = t, optimizer: Any = optimizer) -> Any:
            optimizer.zero_grad()
            loss = F.cross_entropy(net(x), t)
            loss.backward()
            optimizer.step()
            return loss

        step()
        if recorded:
            with bpviz.recording():
                loss = step()
            flow = bpviz.draw(loss).source
            for name, parameter in net.named_parameters():
                mine = flow.grads[f"net.{name}"]
                assert np.array_equal(mine, parameter.grad.numpy())
        else:
            loss = step()
        states.append([loss.item(), len(calls), *(p.tolist() for p in net.parameters())])
    assert states[0] == states[1]


def test_a_value_of_a_block_without_backward_is_differentiated_when_it_is_drawn() -> None:
    net, x, t = made()
    with bpviz.recording():
        scores = net(x)
        loss = F.cross_entropy(scores, t)
    flow = bpviz.draw(loss).source
    assert "scores" in flow.graph
    assert [row.name for row in flow.graph.record.operations if row] == [
        "linear",
        "tanh",
        "linear",
        "softmax_cross_entropy",
    ]
    assert net[0].weight.grad is None
    expected = torch.autograd.grad(loss, net[0].weight)[0]
    assert np.array_equal(flow.grads["net.0.weight"], expected.numpy())


def test_the_numbers_of_a_block_stay_when_the_model_is_trained_further() -> None:
    net, x, t = made()
    with bpviz.recording():
        loss = F.cross_entropy(net(x), t)
    before = net[0].bias.detach().clone()
    with torch.no_grad():
        net[0].bias += 1
    assert np.array_equal(bpviz.draw(loss).source.value("net.0.bias"), before.numpy())


def test_a_second_step_uses_what_the_first_one_made_of_the_weights() -> None:
    w, x = torch.tensor(2.0, requires_grad=True), 3.0
    with bpviz.recording():
        first = (w * x) ** 2
        first.backward()
        with torch.no_grad():
            w -= 0.01 * w.grad
        w.grad = None
        second = (w * x) ** 2
        second.backward()
    # 2·9·w, at 2 and at 2 − 0.01·36 = 1.64.
    assert float(bpviz.draw(first).source.grads["w"]) == pytest.approx(36.0)
    flow = bpviz.draw(second).source
    shares = [float(g) for g in flow.gradients if g is not None]
    assert any(share == pytest.approx(18 * 1.64) for share in shares)


def test_a_tensor_that_exists_shows_what_pytorch_still_knows() -> None:
    net, x, t = made()
    hidden = torch.tanh(net[0](x))
    scores = net[2](hidden)
    loss = F.cross_entropy(scores, t)
    flow = bpviz.draw(loss).source
    rows = [row.name for row in flow.graph.record.operations if row]
    assert rows[:3] == ["linear", "tanh", "linear"]
    assert {"x", "hidden", "scores", "net.0.weight", "loss"} <= set(flow.graph.names)
    for name, tensor in (("hidden", hidden), ("scores", scores)):
        assert np.array_equal(flow.value(name), tensor.detach().numpy())
    parameters = dict(net.named_parameters())
    expected = torch.autograd.grad(loss, [*parameters.values(), scores], retain_graph=True)
    for name, g in zip([*(f"net.{n}" for n in parameters), "scores"], expected, strict=True):
        assert np.array_equal(flow.grad(name), g.numpy()), name
    # The graph is still there.
    loss.backward()


def test_values_that_pytorch_does_not_know_are_inside_of_a_step() -> None:
    w = torch.randn(4, requires_grad=True)
    # The cosine saves its operand, and `+ 1` nothing.
    loss = ((w * 3 + 1).cos() + 2).sum()
    flow = bpviz.draw(loss).source
    assert distance(flow.grads["w"], torch.autograd.grad(loss, w)[0].numpy()) < 1e-6
    assert flow.output == loss.item()
    symbols = [row.symbol for row in flow.graph.record.operations if row]
    assert any("…" in symbol for symbol in symbols)


def test_a_leaf_and_a_result_without_a_graph() -> None:
    w = torch.ones(2, requires_grad=True)
    assert bpviz.draw(w).source.grads["w"].tolist() == [1.0, 1.0]
    assert bpviz.draw(w.detach() * 2).source.output.tolist() == [2.0, 2.0]


def test_a_tensor_takes_no_arguments() -> None:
    with pytest.raises(UsageError, match="takes no arguments"):
        bpviz.draw(torch.ones(2), torch.ones(2))


def test_what_pytorch_did_not_differentiate_has_no_gradient_and_no_zeros() -> None:
    net, x, t = made()
    flow = bpviz.backprop(lambda x, t: F.cross_entropy(net(x), t), x, t)
    assert flow.grads["x"] is None
    assert flow.grad("t") is None
    assert "d x" not in str(flow)
    assert "gradients: net.0.weight" in bpviz.draw(flow).to_svg()
    # It could have one, but the loss does not depend on it: that is 0.
    unused = torch.ones(2, requires_grad=True)
    flow = bpviz.backprop(lambda x, u: (x.sum(), u.sum()), torch.ones(2, requires_grad=True), unused)
    np.testing.assert_array_equal(flow.grads["u"], [0, 0])
