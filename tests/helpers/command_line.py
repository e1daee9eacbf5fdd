"""The command line, run in this process; and the model that most of its tests draw."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner, Result

from bpviz.cli import main

__all__ = ["APPLES", "model", "run"]

APPLES = """\
def total(price=100, count=2, tax=1.1):
    subtotal = price * count
    return subtotal * tax
"""


def run(*arguments: str, stdin: str | None = None) -> Result:
    """Run ``bpviz`` with these arguments."""
    return CliRunner().invoke(main, list(arguments), prog_name="bpviz", input=stdin)


def model(folder: Path, source: str, name: str = "model.py") -> None:
    """Write a model's file."""
    (folder / name).write_text(source)
