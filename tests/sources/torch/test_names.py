"""Names, groups and lines: those of the user's code, of `named_parameters`, and of the modules."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'bpviz[torch]'")

import torch.nn.functional as F  # noqa: E402
from torch import nn  # noqa: E402
from torch_models import ResNet, Tagger  # noqa: E402

import bpviz  # noqa: E402
from bpviz.recording.scopes import group_path  # noqa: E402
from bpviz.sources.torch import record  # noqa: E402


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(2, 3), nn.Sequential(nn.Linear(3, 3), nn.Tanh())

    def squash(self, h: Any) -> Any:
        low = torch.sigmoid(h)
        return low * 2

    def forward(self, x: Any) -> Any:
        h = self.first(x)
        inner = self.second(h)
        return self.squash(inner)


X = torch.ones(1, 2)


def test_inputs_have_the_names_of_arguments_and_parameters() -> None:
    net = Net()
    assert set(record(net, X).graph.inputs) == {"x", *dict(net.named_parameters())}

    def loss(x: Any, *, t: Any) -> Any:
        return F.mse_loss(net(x), t)

    graph = record(loss, X, t=torch.ones(1, 3)).graph
    assert set(graph.inputs) == {"x", "t", *(f"net.{name}" for name, _ in net.named_parameters())}


def test_steps_have_the_names_of_local_variables_and_lie_in_the_modules_that_made_them() -> None:
    graph = record(Net(), X).graph
    assert [group_path(graph[name].scope) for name in ("h", "inner", "low")] == [
        (),
        ("second Sequential",),
        ("squash",),
    ]
    assert graph["h"].operation is not None and graph["h"].operation.name == "linear"
    assert graph["inner"].operation is not None and graph["inner"].operation.name == "tanh"
    line = Net.squash.__code__.co_firstlineno + 1
    assert graph["low"].line == line


def test_several_results_have_the_names_that_take_them() -> None:
    tagger, ids = Tagger(), torch.tensor([[1, 2]])

    def f(ids: Any) -> Any:
        scores, h, c = tagger(ids)
        return scores.sum() + h.sum() + c.sum()

    graph = record(f, ids).graph
    for name in ("scores", "h", "c"):
        assert name in graph.labels
    assert {graph["h"].index, graph["c"].index} <= set(graph.record.joint)


def test_deep_modules_have_dotted_names() -> None:
    graph = record(ResNet(4, 2), torch.randn(2, 3, 32, 32)).graph
    titles = {scope.title for scope in graph.record.scopes}
    assert {"layers.0 Sequential", "layers.0.1 Block", "layers.3.0.down Sequential"} <= titles


def test_a_shared_parameter_is_one_input() -> None:
    layer = nn.Linear(2, 2)
    net = nn.Sequential(layer, nn.ReLU(), layer)
    flow = record(net, X)
    assert flow.graph.inputs == ("x", "0.weight", "0.bias")
    expected = torch.autograd.grad(net(X).sum(), layer.weight)[0]
    assert flow.grads["0.weight"].tolist() == expected.tolist()


def test_frozen_parameters_whole_numbers_and_data_get_no_gradient() -> None:
    net = nn.Sequential(nn.Linear(2, 2).requires_grad_(False), nn.Linear(2, 2))
    flow = record(lambda x, t: F.cross_entropy(net(x), t), X, torch.tensor([1]))
    reached = {
        name: flow.gradients[flow.graph.find(name)] is not None for name in ("x", "t", "net.0.weight", "net.1.bias")
    }
    assert reached == {"x": False, "t": False, "net.0.weight": False, "net.1.bias": True}


def test_arrays_and_numbers_become_tensors_with_gradients_where_there_are_no_weights() -> None:
    def f(x: Any, w: Any, n: Any = 2) -> Any:
        return torch.tanh(x * w) * n

    flow = record(f, 0.5, 3.0)
    expected = torch.tensor([0.5, 3.0], requires_grad=True)
    g = torch.autograd.grad(torch.tanh(expected[0] * expected[1]) * 2, expected)[0]
    assert [float(flow.grads[name]) for name in ("x", "w")] == g.tolist()


def test_the_figure_says_how_many_parameters_there_are_and_in_which_mode() -> None:
    net = nn.Linear(2, 3)
    texts = [bpviz.draw(net.train(training), X).to_svg() for training in (True, False)]
    assert "9 parameters, in training mode" in texts[0]
    assert "9 parameters, in evaluation mode" in texts[1]


def test_a_bpviz_group_holds_modules() -> None:
    net = Net()

    def f(x: Any) -> Any:
        with bpviz.group("tower"):
            h = net(x)
        return h.sum()

    graph = record(f, X).graph
    assert group_path(graph["low"].scope) == ("tower", "net Net", "squash")


def test_what_is_not_differentiated_has_no_row_in_an_explanation() -> None:
    def loss(x: Any = X, w: Any = torch.ones(2, requires_grad=True)) -> Any:
        return (x * w).sum()

    names = [one.name for one in bpviz.explain(loss).variables]
    assert "w" in names
    assert "x" not in names
