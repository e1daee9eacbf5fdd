"""`bpviz explain`: tables, chains and what-if in words, printed or written to files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import model, run


def test_explain_prints_the_table_and_the_chains(folder: Path) -> None:
    result = run("explain", "apples.py")
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[0] == "total = 220"
    header = "variable  meaning         value  ∂total/∂variable  formula    when it grows by 1, total …"
    assert lines[3] == header
    assert "price                     100    2.2               count·tax  grows by 2.2" in lines
    assert "  dtotal/dprice = dsubtotal/dprice · dtotal/dsubtotal = count · tax = 2 × 1.1 = 2.2" in lines
    assert "When price grows by 1, total grows by 2.2." in lines


def test_explain_one_variable_of_another_output(folder: Path) -> None:
    result = run("explain", "apples.py:total", "price", "--of", "subtotal", "--precision", "2")
    assert "When price grows by 1, subtotal grows by 2." in result.stdout
    assert "When count" not in result.stdout


def test_explain_what_if(folder: Path) -> None:
    result = run("explain", "apples.py", "--set", "tax=1.2", "--set", "price=200")
    assert result.exit_code == 0, result.stderr
    assert "What if tax = 1.2, price = 200? total: 220 → 480" in result.stdout
    assert "total grows by 20, as the gradient predicts: 0.1 × 200." in result.stdout
    model(folder, "def f(x=1.0):\n    if x > 0:\n        return x * 3\n    return x * 5 - 1\n")
    assert "the model computes other steps" in run("explain", "model.py", "--set", "x=-2").stdout
    # A parameter without a value of its own gets one; that changes nothing.
    model(folder, "def f(x, y=2.0): return x * y\n")
    result = run("explain", "model.py:f", "--set", "x=3", "--set", "y=4")
    assert "f = 6" in result.stdout and "What if y = 4? f: 6 → 12" in result.stdout


@pytest.mark.engine
def test_explain_writes_files_by_their_suffix(folder: Path) -> None:
    files = ("a.txt", "a.md", "a.json", "a.html")
    arguments = [word for name in files for word in ("-o", name)]
    assert run("explain", "apples.py", *arguments).stderr == "".join(f"wrote {name}\n" for name in files)
    assert (folder / "a.txt").read_text(encoding="utf-8") == run("explain", "apples.py").stdout
    assert (folder / "a.md").read_text(encoding="utf-8") == run("explain", "apples.py", "-f", "Markdown").stdout
    assert json.loads((folder / "a.json").read_text(encoding="utf-8"))["output"] == "total"
    assert (folder / "a.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert run("explain", "apples.py", *arguments, "--check").exit_code == 0
    (folder / "a.md").write_text("old")
    result = run("explain", "apples.py", *arguments, "--check")
    assert (result.exit_code, "not what would be written now: a.md" in result.stderr) == (1, True)


@pytest.mark.parametrize("words", [("explain", "apples.py"), ("render", "apples.py", "-o", "-")])
def test_output_on_stdout_cannot_be_checked(words: tuple[str, ...], folder: Path) -> None:
    result = run(*words, "--check")
    assert result.exit_code == 2
    assert "--check compares files, and what goes to stdout is none; name one with -o FILE" in result.stderr


@pytest.mark.engine
def test_a_page_is_checked_by_its_words(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("explain", "apples.py", "--set", "tax=1.2", "-o", "a.html")
    assert run(*words).exit_code == 0
    page = folder / "a.html"
    # As another version would draw it.
    page.write_text(page.read_text(encoding="utf-8").replace(' d="M', ' d="M1,1M'), encoding="utf-8")
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("bpviz.layout.page.lay_out", lambda *_, **__: pytest.fail("It was laid out"))
    assert run(*words, "--check").exit_code == 0
    for other in (("--set", "tax=1.3"), ("--lang", "ja"), ("price",)):
        assert run(*words, *other, "--check").exit_code == 1, other
    page.write_text("<!DOCTYPE html>")
    assert run(*words, "--check").exit_code == 1


@pytest.mark.engine
def test_explain_takes_graphs_drawings_and_json(folder: Path) -> None:
    model(
        folder,
        "import bpviz\ng = bpviz.Graph('apples')\nx = g.input('x', 3)\nbpviz.name(x, meaning='length')\n"
        "g.output(x * x, 'square')\ndrawing = bpviz.draw(g)\n",
    )
    assert run("render", "model.py:g", "-o", "g.json").exit_code == 0
    for target in ("model.py:g", "model.py:drawing", "g.json"):
        result = run("explain", target, "--set", "x=4")
        assert "length" in result.stdout, result.stderr
        assert "square grows by 7. The gradient predicts +6, too little by 1" in result.stdout
