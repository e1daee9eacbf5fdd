"""`bpviz card`: cards of operations."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import run


@pytest.mark.engine
def test_cards(folder: Path) -> None:
    assert run("card", "mul").stderr == "wrote multiply.svg\n"
    svg = (folder / "multiply.svg").read_text()
    assert "∂L/∂z·y" in svg
    assert "∂L/∂z·x" in svg
    assert run("card", "general", "-o", "y.png").exit_code == 0


@pytest.mark.thorough
@pytest.mark.engine
def test_all_cards(folder: Path) -> None:
    assert run("card", "--all", "-o", "cards").exit_code == 0
    from bpviz.ops import OPERATIONS

    made = {path.stem for path in (folder / "cards").iterdir()}
    assert {"general", *(name for name in OPERATIONS if not name.startswith("test"))} <= made
    assert run("card", "--all", "-o", "cards", "--check").exit_code == 0


def test_cards_that_are_not_there(folder: Path) -> None:
    result = run("card", "multipy")
    assert (result.exit_code, result.stderr) == (
        2,
        "bpviz: there is no operation named 'multipy'; did you mean 'multiply'?\n",
    )
    assert "name an operation" in run("card").stderr
    assert run("card", "relu", "-o", "relu.json").exit_code == 2
