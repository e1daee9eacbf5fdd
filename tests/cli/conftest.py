"""What the tests of the command line share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from command_line import APPLES


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the working directory: it holds apples.py, and no setting of the environment counts."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("BPVIZ_"):
            monkeypatch.delenv(name)
    (tmp_path / "apples.py").write_text(APPLES)
    return tmp_path
