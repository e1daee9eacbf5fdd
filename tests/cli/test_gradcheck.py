"""`bpviz gradcheck`: its table, its exit code, its figure."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import model, run


def test_gradcheck_prints_a_table_and_ends_with_0(folder: Path) -> None:
    result = run("gradcheck", "apples.py")
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["input", "price", "count", "tax", "gradient"]
    assert all(line.endswith("ok") for line in lines[1:4])
    assert lines[-1].startswith("gradient check of total passed")


WRONG_RULE = """\
import bpviz
twice = bpviz.op("twice", lambda x: 2 * x, lambda g, z, x: g * 2.001)
def f(x=3.0, y=2.0):
    return twice(x) * y
"""


@pytest.mark.engine
def test_gradcheck_finds_a_wrong_rule_and_ends_with_1(folder: Path) -> None:
    model(folder, WRONG_RULE)
    result = run("gradcheck", "model.py", "--draw", "checked.svg")
    assert result.exit_code == 1
    assert "WRONG: gradient 4.002, differences 4" in result.stdout
    assert "gradient check of f FAILED" in result.stdout
    svg = (folder / "checked.svg").read_text()
    assert "✗ 0.0005" in svg
    assert "✓" in svg
    assert run("gradcheck", "model.py", "--tolerance", "0.01").exit_code == 0


def test_gradcheck_separates_kinks_from_errors(folder: Path) -> None:
    model(folder, "def f(x=0.0, y=2.0):\n    return abs(x) * y\n")
    result = run("gradcheck", "model.py")
    assert result.exit_code == 0
    assert "not differentiable here" in result.stdout
    assert "not differentiable" not in run("gradcheck", "model.py", "--set", "x=1").stdout
