"""Who records what: sources are found by what a target is, is given and refers to; others are entry points."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import autograd.numpy as anp
import hips
import numpy as np
import pytest
from command_line import model, run

import bpviz
from bpviz.errors import UsageError
from bpviz.sources import registry

W = np.array([[0.5, -1.0], [2.0, 0.25]])


def loss(W: Any = W, x: Any = np.array([1.0, 2.0])) -> Any:
    h = anp.dot(W, x)
    return anp.sum(h * h)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The source for HIPS autograd, installed as a package of its own would be."""
    info = tmp_path / "bpviz_hips-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bpviz-hips\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[bpviz.sources]\nautograd = hips\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    for cached in (registry._entry_points, registry._theirs):
        cached.cache_clear()
    yield tmp_path
    for cached in (registry._entry_points, registry._theirs):
        cached.cache_clear()


def test_an_entry_point_is_found_by_its_package(installed: Path) -> None:
    # h = [−1.5, 2.5]; Σh² = 8.5; dW = 2·h·xᵀ.
    flow = bpviz.backprop(loss)
    assert flow.graph.framework == "HIPS autograd"
    assert flow.output == 8.5
    assert flow.grads["W"].tolist() == [[-3.0, -6.0], [5.0, 10.0]]
    assert flow.graph.labels == ("W", "x", "h", "", "loss")
    assert flow.graph["h"].line == loss.__code__.co_firstlineno + 1


@pytest.mark.parametrize(
    "target",
    [loss, functools.partial(loss, x=np.array([1.0, 2.0])), lambda W=W: loss(W), lambda f=anp.sum, W=W: f(W * W)],
    ids=["names it", "is a partial of it", "calls one", "is given one"],
)
def test_what_a_target_refers_to_decides(installed: Path, target: Any) -> None:
    assert registry.source_for(target) is hips


def test_plain_functions_have_no_source_and_nothing_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_entry_points", lambda: pytest.fail("entry points were read"))
    plain = [lambda x=1.0: np.tanh(x), functools.partial(np.add, 1.0), np.exp, bpviz.nn.relu, object(), [1.0] * 10_000]
    assert [registry.source_for(one) for one in plain] == [None] * len(plain)
    assert bpviz.backprop(lambda x=3.0: x * x).grads == {"x": 6.0}


def test_recording_needs_something_to_record(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_OURS", {})
    with pytest.raises(UsageError, match="nothing is imported that could be recorded in a block"):
        bpviz.recording()


def test_recording_asks_the_sources(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []

    class Block:
        def __enter__(self) -> None:
            said.append("begins")

        def __exit__(self, *_: object) -> None:
            said.append("ends")

    monkeypatch.setattr(hips, "recording", Block, raising=False)
    with bpviz.recording():
        said.append("runs")
    assert said == ["begins", "runs", "ends"]


def test_inputs_wrt_and_freeze_and_output(installed: Path) -> None:
    x = np.array([0.0, 1.0])
    assert bpviz.backprop(loss, x=x).output == bpviz.backprop(loss, inputs={"x": x}).output == 1.0 + 0.0625
    frozen = bpviz.draw(loss, freeze="x").source
    assert frozen.graph.inputs == ("W",)
    assert frozen.grads["W"].tolist() == [[-3.0, -6.0], [5.0, 10.0]]
    assert bpviz.trace(loss, wrt="x").inputs == ("x",)
    other = bpviz.draw(loss, output="h").source
    assert other.output_name == "h"
    # ∂(h₀ + h₁)/∂x adds up the rows of W.
    assert other.grads["x"].tolist() == [2.5, -0.75]


def test_on_the_command_line(installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    model(
        tmp_path,
        "import autograd.numpy as np\n"
        "x = np.array([1.0, 2.0])\n"
        "def norm(x):\n    return np.sqrt(np.sum(x * x))\n"
        "def mean(x=np.ones(4), scale=2.0):\n    y = np.mean(x) * scale\n    return y\n",
    )
    assert run("render", "model.py", "-o", "mean.svg").exit_code == 0
    assert "mean" in (tmp_path / "mean.svg").read_text(encoding="utf-8")
    # x is the variable of the file: √5.
    found = run("explain", "model.py:norm", "x")
    assert found.exit_code == 0, found.output
    assert "norm = 2.236" in found.output
    assert "0.8944" in found.output
    assert "norm = 1.732" in run("explain", "model.py:norm", "--set", "x=ones(3)").output
    assert run("gradcheck", "model.py:mean", "--set", "x=randn(2,3)").exit_code == 0
    assert run("diff", "model.py:mean", "--set-b", "x=zeros(4)").exit_code == 1
    again = run("render", "model.py:mean", "--what-if", "scale=3", "-o", "mean.svg")
    assert again.exit_code == 0, again.output
