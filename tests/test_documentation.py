"""The documentation: built with every warning an error, its figures drawn, its examples run."""

from __future__ import annotations

import doctest
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click import Context
from places import DOCS

from bpviz.cli import main

PAGES = sorted(page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.rst"))
DRAWING = ("how-it-works.rst", "howto/markdown.rst")
"""The pages whose examples lay out a figure."""


@pytest.mark.hosts
@pytest.mark.engine
def test_it_builds_without_a_warning_and_draws_its_figures(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-W",
        "-q",
        "-d",
        str(tmp_path / "trees"),
        str(DOCS),
        str(tmp_path / "html"),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    tutorial = (tmp_path / "html" / "tutorial.html").read_text(encoding="utf-8")
    drawn = list((tmp_path / "html").rglob("*.svg"))
    assert ">220<" in "".join(path.read_text(encoding="utf-8") for path in drawn) + tutorial
    for name in ("index.html", "ja/index.html", "howto/living.html"):
        page = tmp_path / "html" / name
        (frame,) = re.findall(r'<iframe [^>]*src="([^"]*)"', page.read_text(encoding="utf-8"))
        living = (page.parent / frame).read_text(encoding="utf-8")
        assert "default-src 'none'" in living and not re.search(r'(?:src|href)="(?:https?:)?//', living), name


def test_the_reference_has_every_command() -> None:
    reference = (DOCS / "reference" / "commands.rst").read_text(encoding="utf-8")
    assert re.findall(r"command-help:: (\w+)", reference) == main.list_commands(Context(main))


@pytest.mark.parametrize(
    "page",
    [pytest.param(DOCS / name, id=name, marks=[pytest.mark.engine] if name in DRAWING else []) for name in PAGES],
)
def test_its_examples_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    options = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    failed, _ = doctest.testfile(str(page), module_relative=False, optionflags=options, encoding="utf-8")
    assert failed == 0
