"""``-v``: how long each stage takes, and what laid the figure out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from command_line import run
from places import GALLERY


def test_each_stage_is_timed(tmp_path: Path) -> None:
    done = run("render", str(GALLERY / "apples.py"), "-o", str(tmp_path / "a.svg"), "-v")
    assert done.exit_code == 0
    stages = re.findall(r"^bpviz: +[\d,.]+ ms  (.+)$", done.stderr, re.MULTILINE)
    assert stages == ["the model, forward and backward", "the figure", "the layout, by bpviz", "svg"]


@pytest.mark.engine
def test_the_engine_is_named(tmp_path: Path) -> None:
    done = run("render", str(GALLERY / "apples.py"), "-o", str(tmp_path / "a.svg"), "-v", "--engine", "graphviz")
    assert re.search(r"the layout, by the (bundled|system) Graphviz \d+\.", done.stderr)


def test_without_it_nothing_is_said(tmp_path: Path) -> None:
    assert " ms " not in run("render", str(GALLERY / "apples.py"), "-o", str(tmp_path / "a.svg")).stderr
