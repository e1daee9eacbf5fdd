"""`bpviz render --live`: the page it writes, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import run

from bpviz.cli import request


@pytest.mark.engine
def test_a_page_of_its_own(folder: Path) -> None:
    result = run("render", "apples.py", "-o", "a.html", "-o", "a.svg", "--live")
    assert (result.exit_code, result.stderr) == (0, "wrote a.html\nwrote a.svg\n")
    page = (folder / "a.html").read_text()
    assert "Content-Security-Policy" in page and "<script>" in page
    assert "<script" not in (folder / "a.svg").read_text()
    assert run("render", "apples.py", "-o", "a.html", "--live", "--check").exit_code == 0
    assert run("render", "apples.py", "-o", "a.html", "--check").exit_code == 1


@pytest.mark.engine
@pytest.mark.parametrize("kind", [["--live"], ["--steps"], []])
def test_the_figure_only_is_for_a_frame(folder: Path, kind: list[str]) -> None:
    assert run("render", "apples.py", "-o", "whole.html", *kind).exit_code == 0
    result = run("render", "apples.py", "-o", "a.html", "--figure-only", *kind)
    assert (result.exit_code, result.stderr) == (0, "wrote a.html\n")
    whole, alone = ((folder / name).read_text() for name in ("whole.html", "a.html"))
    for part in ("<table", "<article", "<figcaption", "body{margin:1rem"):
        assert part in whole or (part == "<figcaption" and kind == ["--steps"]), part
        assert part not in alone, part
    assert ("bpvizHeight" in alone) is (kind == ["--live"])
    assert run("render", "apples.py", "-o", "a.html", "--figure-only", *kind, "--check").exit_code == 0
    assert run("render", "apples.py", "-o", "a.html", *kind, "--check").exit_code == 1


@pytest.mark.engine
def test_what_stays_still_is_noted(folder: Path) -> None:
    (folder / "sorted.py").write_text(
        "import numpy as np\n\ndef f(A=np.eye(2)):\n    return np.sum(np.linalg.eigvalsh(A))\n", encoding="utf-8"
    )
    result = run("render", "sorted.py", "-o", "s.html", "--live")
    assert result.exit_code == 0
    assert (
        "note: the figure does not follow its inputs: eigenvalues depends on its numbers in more than sums of products"
        in result.stderr
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "--live makes a page of HTML; name one: -o FILE.html"),
        (("-o", "a.svg"), "--live makes a page of HTML; name one: -o FILE.html"),
        (("-o", "a.html", "--descend", "3"), "the steps of a training and live make two different pages"),
    ],
)
def test_what_is_refused(folder: Path, arguments: tuple[str, ...], message: str) -> None:
    result = run("render", "apples.py", "--live", *arguments)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())
    assert not list(folder.glob("*.html"))


def test_documents_name_the_option() -> None:
    assert "live" in request.names()
