"""Models in files and in cells of notebooks: what is drawn, and with which values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'bpviz[torch]'")

from command_line import run  # noqa: E402

from bpviz.drawing.drawing import Drawing  # noqa: E402
from bpviz.errors import UsageError  # noqa: E402
from bpviz.hosts.notebook import in_cell  # noqa: E402

START = "import torch\nfrom torch import nn\n"
DEFAULTS = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(2, 1)

    def forward(self, x=torch.ones(1, 2)):
        return self.fc(x)

net = Net()
"""


def test_a_model_with_defaults_is_drawn_as_it_stands(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(START + DEFAULTS)
    done = run("render", str(tmp_path / "model.py"), "-o", str(tmp_path / "made.svg"))
    assert done.exit_code == 0
    assert "fc.weight" in (tmp_path / "made.svg").read_text(encoding="utf-8")


def test_a_model_without_a_value_says_which(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(START + "net = nn.Linear(2, 1)\n")
    done = run("render", str(tmp_path / "model.py"))
    assert done.exit_code == 2
    assert "has a model, net, but no value for x; give x a value there" in done.output


class Shell:
    """As a notebook's: it runs cells among its own variables."""

    def __init__(self) -> None:
        self.user_ns: dict[str, Any] = {"__name__": "__main__"}

    def run_cell(self, cell: str, store_history: bool) -> Any:
        exec(cell, self.user_ns)
        return type("Done", (), {"success": True})


def test_a_cell_draws_a_module_with_variables_of_the_notebook() -> None:
    shell = Shell()
    shell.run_cell("import torch\nx = torch.tensor([[1.0, 2.0]])", store_history=False)
    drawing = in_cell(shell, "", START + "net = nn.Linear(2, 1)")
    assert isinstance(drawing, Drawing)
    net = shell.user_ns["net"]
    assert drawing.source.output[0, 0] == pytest.approx(float(net(shell.user_ns["x"])))  # type: ignore[union-attr,index]
    del shell.user_ns["x"]
    with pytest.raises(UsageError, match="the cell has a model, net, but no value for x"):
        in_cell(shell, "", "net = nn.Linear(2, 1)")
