"""The commits that CONTRIBUTING shows: each is made in a copy of the project, and does there what the page says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from places import ROOT

pytestmark = pytest.mark.hosts

MODEL = """
import numpy as np
from bpviz import ops

def volume(x=2.0, w=np.arange(3.0), a=1.0, b=2.0):
    return ops.cube(x) * np.sum(w) + a * b
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the project and the changes that the page shows."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(ROOT / "bpviz", folder / "bpviz", ignore=shutil.ignore_patterns("__pycache__"))
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for shown in re.findall(r"^```diff\n(.*?)^```", page, re.S | re.M):
        for change in re.split(r"^\+\+\+ ", shown, flags=re.M)[1:]:
            name, _, lines = change.partition("\n")
            for hunk in re.split(r"^@@.*\n", lines, flags=re.M):
                make(folder / name, hunk.splitlines())
    (folder / "model.py").write_text(MODEL, encoding="utf-8")
    return folder


def make(path: Path, hunk: list[str]) -> None:
    """Change a file: lines with a blank or - in front of them are there before, those with a blank or + afterwards."""
    before = "".join(f"{line[1:]}\n" for line in hunk if line[0] in " -")
    after = "".join(f"{line[1:]}\n" for line in hunk if line[0] in " +")
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    if before:
        assert text.count(before) == 1, f"CONTRIBUTING shows lines that {path.name} does not have:\n{before}"
        text = text.replace(before, after)
    else:
        text += after
    path.write_text(text, encoding="utf-8")


def bpviz(folder: Path, *words: str) -> str:
    run = subprocess.run(
        [sys.executable, "-m", "bpviz", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_an_operation_is_one_row(copy: Path) -> None:
    assert "Multiplies the gradient by 3x²." in bpviz(copy, "ops", "cube")
    assert "passed" in bpviz(copy, "gradcheck", "model.py")


def test_an_option_is_a_row_and_the_place_that_uses_it(copy: Path) -> None:
    assert "How many values the table below a page of HTML has." in " ".join(bpviz(copy, "render", "--help").split())
    counts = []
    for rows in ("1", "4"):
        bpviz(copy, "render", "model.py", "-o", "page.html", "--rows", rows)
        counts.append((copy / "page.html").read_text(encoding="utf-8").count("<tr>"))
    assert counts[1] == counts[0] + 3


def test_a_format_is_a_module_and_a_row(copy: Path) -> None:
    bpviz(copy, "render", "model.py", "-o", "volume.txt")
    lines = (copy / "volume.txt").read_text(encoding="utf-8").splitlines()
    assert {"x³", "Σ", "x", "w"} <= set(lines)
