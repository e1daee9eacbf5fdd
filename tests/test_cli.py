"""The command line as a user meets it: what it writes, what it says, how it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import bpviz
from bpviz.cli import main

APPLES = """\
def total(price=100, count=2, tax=1.1):
    subtotal = price * count
    return subtotal * tax
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("BPVIZ_"):
            monkeypatch.delenv(name)
    (tmp_path / "apples.py").write_text(APPLES)
    return tmp_path


def run(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, list(arguments), prog_name="bpviz", input=stdin)


def model(folder: Path, source: str, name: str = "model.py") -> None:
    (folder / name).write_text(source)


# What it writes


def test_render_writes_the_figure_into_the_working_directory(folder: Path) -> None:
    (folder / "deeper").mkdir()
    (folder / "apples.py").rename(folder / "deeper" / "apples.py")
    result = run("render", "deeper/apples.py")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "wrote apples.svg\n")
    svg = (folder / "apples.svg").read_text()
    for text in ("price", "subtotal", "total", ">220<", ">1.1<", ">2.2<", ">110<", ">200<"):
        assert text in svg


def test_several_outputs_in_one_run(folder: Path) -> None:
    result = run("render", "apples.py:total", "-o", "a.png", "-o", "b.pdf", "-o", "c.dot", "-o", "d.json")
    assert result.exit_code == 0, result.stderr
    assert (folder / "a.png").read_bytes().startswith(b"\x89PNG")
    assert (folder / "b.pdf").read_bytes().startswith(b"%PDF")
    assert "digraph" in (folder / "c.dot").read_text()
    assert json.loads((folder / "d.json").read_text())["name"] == "total"


def test_format_wins_over_the_suffix_and_names_the_default_file(folder: Path) -> None:
    assert run("render", "apples.py", "-o", "picture.svg", "-f", "png").exit_code == 0
    assert (folder / "picture.svg").read_bytes().startswith(b"\x89PNG")
    assert run("render", "apples.py", "-f", "json").stderr == "wrote apples.json\n"


def test_dash_is_stdout_and_holds_nothing_but_the_result(folder: Path) -> None:
    model(folder, "print('hello from the model')\n" + APPLES)
    result = run("render", "model.py", "-o", "-")
    assert result.stdout.startswith("<svg") or result.stdout.startswith("<?xml")
    assert "hello" not in result.stdout
    assert "hello from the model" in result.stderr


def test_a_model_from_stdin(folder: Path) -> None:
    result = run("render", "-", "-o", "-", "-f", "json", stdin=APPLES)
    assert json.loads(result.stdout)["output"] == "total"


def test_json_can_be_drawn_again(folder: Path) -> None:
    assert run("render", "apples.py", "-o", "apples.json", "-o", "one.svg").exit_code == 0
    assert run("render", "apples.json", "-o", "two.svg").exit_code == 0
    assert (folder / "one.svg").read_bytes() == (folder / "two.svg").read_bytes()
    assert run("render", "apples.json", "--set", "tax=1.2", "-o", "three.svg").exit_code == 0
    assert ">240<" in (folder / "three.svg").read_text()


def test_set_gives_other_values_and_the_branches_follow(folder: Path) -> None:
    model(folder, "def f(x=1.0):\n    if x > 0:\n        return x * 3\n    return x * 5\n")
    assert (
        json.loads(run("render", "model.py", "-o", "-", "-f", "json", "--set", "x=-2").stdout)["nodes"][-1]["value"]
        == -10
    )
    model(folder, "import numpy as np\ndef f(w=np.zeros((1, 2))):\n    return np.sum(w * w)\n")
    nodes = json.loads(run("render", "model.py", "-o", "-", "-f", "json", "--set", "w=[[3, 4]]").stdout)["nodes"]
    assert nodes[-1]["value"] == 25


def test_the_only_candidate_or_main_is_chosen(folder: Path) -> None:
    model(folder, "from math import tau\ndef helper(x): return x * 2\ndef f(x=3.0): return helper(x)\n")
    assert run("render", "model.py").exit_code == 0
    model(folder, "def f(x=3.0): return x * 2\ndef main(y=3.0): return y * 4\n")
    assert json.loads(run("render", "model.py", "-o", "-", "-f", "json").stdout)["name"] == "main"


@pytest.mark.parametrize("name", ["g", "flow", "drawing"])
def test_graphs_flows_and_drawings_are_targets(folder: Path, name: str) -> None:
    model(
        folder,
        "import bpviz\ng = bpviz.Graph('apples')\nx = g.input('x', 3)\ng.output(x * x, 'square')\n"
        "flow = bpviz.propagate(g)\ndrawing = bpviz.draw(flow, theme='dark')\n",
    )
    result = run("render", f"model.py:{name}", "-o", "-")
    assert result.exit_code == 0, result.stderr
    assert ">9<" in result.stdout
    assert ("#1E1E1E" in result.stdout) == (name == "drawing")


def test_a_module_is_a_target(folder: Path) -> None:
    (folder / "package").mkdir()
    (folder / "package" / "__init__.py").write_text("")
    (folder / "package" / "model.py").write_text(APPLES)
    assert run("render", "package.model:total").stderr == "wrote total.svg\n"


def test_show_and_labels(folder: Path) -> None:
    both, forward, backward, none = (
        run("render", "apples.py", "-o", "-", *options).stdout
        for options in ([], ["--show", "forward"], ["--show", "backward"], ["--labels", "none"])
    )
    assert ">110<" in both and ">220<" in both
    assert ">110<" not in forward and ">220<" in forward
    assert ">110<" in backward and ">220<" not in backward
    assert ">110<" not in none and ">220<" not in none


def test_groups_are_closed_and_opened(folder: Path) -> None:
    model(
        folder,
        "def inner(x): return x * 2\ndef outer(x):\n    y = inner(x)\n    return y + 1\ndef f(x=3.0):\n    return outer(x) - 4\n",
    )

    def symbols(*options: str) -> set[str]:
        svg = run("render", "model.py", "-o", "-", *options).stdout
        return {s for s in ("×", "+", "−", "inner", "outer") if f">{s}<" in svg}

    assert symbols() == {"×", "+", "−", "inner", "outer"}
    assert symbols("--depth", "0") == {"−", "outer"}
    assert symbols("--depth", "1") == {"+", "−", "inner", "outer"}
    assert symbols("--close", "inner") == {"+", "−", "inner", "outer"}
    assert symbols("--depth", "0", "--open", "outer") == {"+", "−", "inner", "outer"}
    result = run("render", "model.py", "--close", "iner")
    assert (result.exit_code, result.stderr) == (2, "bpviz: there is no group named 'iner'; did you mean 'inner'?\n")


def test_check_tells_a_stale_file(folder: Path) -> None:
    assert run("render", "apples.py", "--check").exit_code == 1
    assert not (folder / "apples.svg").exists()
    run("render", "apples.py")
    assert run("render", "apples.py", "--check").exit_code == 0
    model(folder, APPLES.replace("1.1", "1.2"), "apples.py")
    result = run("render", "apples.py", "--check")
    assert result.exit_code == 1
    assert "not what would be written now: apples.svg" in result.stderr


def test_settings_from_the_environment_and_the_project(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "pyproject.toml").write_text('[tool.bpviz]\ntheme = "dark"\n')
    assert "#1E1E1E" in run("render", "apples.py", "-o", "-").stdout
    monkeypatch.setenv("BPVIZ_THEME", "light")
    assert "#1E1E1E" not in run("render", "apples.py", "-o", "-").stdout
    assert "#1E1E1E" in run("render", "apples.py", "-o", "-", "--theme", "dark").stdout
    (folder / "pyproject.toml").write_text('[tool.bpviz]\ntheem = "dark"\n')
    result = run("render", "apples.py")
    assert result.exit_code == 2
    assert "unknown setting 'theem'; did you mean 'theme'?" in result.stderr


def test_a_wrong_value_that_is_not_of_the_command_line_is_told_where_it_is(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = folder / "pyproject.toml"
    settings.write_text("[tool.bpviz]\nprecision = 99\n")
    said = f"99 is not in the range 1<=x<=17. (set in [tool.bpviz] of {settings})\n"
    assert run("render", "apples.py").stderr.endswith(said)
    assert run("explain", "apples.py").stderr.endswith(said)
    assert "(set" not in run("render", "apples.py", "--precision", "88").stderr
    monkeypatch.setenv("BPVIZ_PRECISION", "77")
    said = "77 is not in the range 1<=x<=17. (set as BPVIZ_PRECISION in the environment)\n"
    assert run("render", "apples.py").stderr.endswith(said)


def test_settings_that_are_none(folder: Path) -> None:
    settings = folder / "pyproject.toml"
    settings.write_text("[tool]\nbpviz = 3\n")
    assert run("render", "apples.py").stderr == (
        f'bpviz: tool.bpviz in {settings} must be a table, but is 3; write [tool.bpviz] theme = "book"\n'
    )
    settings.write_bytes(b"[tool.bpviz]\ntitle = '\xff'\n")
    assert "pyproject.toml is not valid TOML: 'utf-8' codec" in run("render", "apples.py").stderr
    settings.write_text('tool = {bpviz = {theme = "drak"}}\n')
    assert "there is no theme 'drak'" in run("render", "apples.py").stderr


def test_what_is_not_finite_or_leads_nowhere_is_told(folder: Path) -> None:
    model(folder, "import numpy as np\ndef f(x=0.0, unused=1.0):\n    return np.log(x)\n")
    result = run("render", "model.py")
    assert result.exit_code == 0
    assert "bpviz: note: the value of f is infinite (line 3)" in result.stderr
    assert "bpviz: note: the input 'unused' does not reach the output" in result.stderr


# What it tells in words


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
    assert "total grows by 20, as the gradient foretells: 0.1 × 200." in result.stdout
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
def test_what_goes_to_stdout_cannot_be_checked(words: tuple[str, ...], folder: Path) -> None:
    result = run(*words, "--check")
    assert result.exit_code == 2
    assert "--check compares files, and what goes to stdout is none; name one with -o FILE" in result.stderr


@pytest.mark.engine
def test_a_page_is_checked_by_what_it_says(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
        assert "square grows by 7. The gradient foretells +6, too little by 1" in result.stdout


@pytest.mark.engine
def test_render_what_if_shows_old_and_new_numbers(folder: Path) -> None:
    svg = run("render", "apples.py", "--set", "price=50", "--what-if", "tax=1.2", "-o", "-").stdout
    for number in ("110", "120", "1.1", "1.2"):
        assert number in svg
    result = run("render", "apples.py", "--what-if", "tx=1.2")
    assert result.stderr == "bpviz: there is no input named 'tx' for --what-if; did you mean 'tax'?\n"


# What it says when something is wrong

WRONG = {
    "missing file": (["render", "appels.py"], 2, "bpviz: there is no file 'appels.py'; did you mean 'apples.py'?\n"),
    "missing file, nothing like it": (
        ["render", "zoo.py"],
        2,
        "bpviz: there is no file 'zoo.py'; check the path, or the folder you are in\n",
    ),
    "missing folder": (
        ["render", "nowhere/apples.py"],
        2,
        "bpviz: there is no file 'nowhere/apples.py', for there is no folder 'nowhere'; check the path, or the folder "
        "you are in\n",
    ),
    "unknown suffix of a comparison": (
        ["diff", "apples.py", "--set-b", "tax=1.2", "-o", "a.pgn"],
        2,
        "bpviz: there is no format 'pgn'; did you mean 'png'? (there are: ",
    ),
    "folder as a target": (["render", "."], 2, "bpviz: '.' is a folder; name a file in it, for example model.py\n"),
    "unknown name": (["render", "apples.py:totl"], 2, "bpviz: apples.py has no 'totl'; did you mean 'total'?\n"),
    "unknown module": (
        ["render", "nowhere:f"],
        2,
        "bpviz: there is no file or module 'nowhere'; "
        "a target is FILE.py, FILE.py:NAME, package.module:NAME, FILE.json or -\n",
    ),
    "unknown suffix": (
        ["render", "apples.py", "-o", "a.pgn"],
        2,
        "bpviz: there is no format 'pgn'; did you mean 'png'? (there are: ",
    ),
    "no suffix": (
        ["render", "apples.py", "-o", "picture"],
        2,
        "bpviz: 'picture' has no suffix to tell its format; write picture.svg, or name one with --format\n",
    ),
    "missing output folder": (
        ["render", "apples.py", "-o", "nowhere/a.svg"],
        2,
        "bpviz: the folder 'nowhere' does not exist; make it first: mkdir -p nowhere\n",
    ),
    "folder as output": (
        ["render", "apples.py", "-o", ".", "-f", "svg"],
        2,
        "bpviz: '.' is a folder; name a file in it, for example figure.svg\n",
    ),
    "unknown input": (
        ["render", "apples.py", "--set", "tx=1"],
        2,
        "bpviz: there is no input named 'tx' for --set; did you mean 'tax'?\n",
    ),
    "set without a value": (
        ["render", "apples.py", "--set", "tax"],
        2,
        "bpviz: --set takes NAME=VALUE, but got 'tax'; for example --set tax=1.2\n",
    ),
    "set to a word": (
        ["render", "apples.py", "--set", "tax=high"],
        2,
        "bpviz: the input 'tax' takes a number, but --set gave 'high'\n",
    ),
    "unknown theme": (["render", "apples.py", "--theme", "drak"], 2, "'dark'"),
    "unknown option": (["render", "apples.py", "--thme", "dark"], 2, "--theme"),
    "unknown output value": (["render", "apples.py", "--of", "subttal"], 2, "did you mean 'subtotal'"),
    "words as a picture": (
        ["explain", "apples.py", "-o", "a.svg"],
        2,
        "bpviz: 'a.svg' has no suffix of a format for words; end it in .txt, .md, .markdown, .json, .html, .htm, "
        "or name one with --format\n",
    ),
    "unknown format of words": (
        ["explain", "apples.py", "-f", "htlm"],
        2,
        "bpviz: there is no format 'htlm' for words; did you mean 'html'? (there are: text, markdown, json, html)\n",
    ),
    "unknown variable": (
        ["explain", "apples.py", "subttal"],
        2,
        "bpviz: the graph has no value named 'subttal'; did you mean 'subtotal'?\n",
    ),
    "unknown change": (
        ["explain", "apples.py", "--set", "tx=1"],
        2,
        "bpviz: there is no input named 'tx' for --set; did you mean 'tax'?\n",
    ),
    "bad precision": (["render", "apples.py", "--precision", "0"], 2, "1<=x<=17"),
    "unknown operation": (
        ["ops", "multipy"],
        2,
        "bpviz: there is no operation named 'multipy'; did you mean 'multiply'?\n",
    ),
    "function of NumPy that cannot be recorded": (
        ["ops", "np.quantile"],
        2,
        "bpviz: np.quantile cannot be recorded; sort, and take the element: np.sort(x)[k]\n",
    ),
    "unknown function of NumPy": (
        ["ops", "np.medain"],
        2,
        "bpviz: there is no operation named 'medain'; did you mean 'median'?\n",
    ),
}


@pytest.mark.parametrize("case", WRONG, ids=str)
def test_wrong_use_says_what_to_do(folder: Path, case: str) -> None:
    arguments, code, text = WRONG[case]
    result = run(*arguments)
    assert result.exit_code == code
    if text.startswith("bpviz: ") and text.endswith("\n"):
        assert result.stderr == text
    else:
        assert text in result.stderr
    assert result.stdout == ""
    assert sorted(p.name for p in folder.iterdir() if p.name != "__pycache__") == ["apples.py"]


MODELS = {
    "syntax error": ("def f(x=1.0:\n    return x\n", 1, "bpviz: model.py, line 1 is not valid Python"),
    "nothing to draw": ("x = 3\n", 2, "bpviz: model.py has nothing to draw; define a function"),
    "several functions": (
        "def f(x=1.0): return x * 2\ndef g(x=1.0): return x * 3\n",
        2,
        "bpviz: model.py has several things to draw: f, g; name one: model.py:f\n",
    ),
    "a parameter without a value": (
        "def f(x): return x * 2\n",
        2,
        "bpviz: model.py has no function whose parameters all have values (f); "
        "give them defaults, def f(x=1.0), or name one and its values: model.py:f --set x=1.0\n",
    ),
    "not a number": (
        "import datetime\ndef f(x=datetime.date(2020, 1, 1)): return x * 2\n",
        2,
        "the input 'x' must be a number",
    ),
    "complex": (
        "def f(x=1j): return x * 2\n",
        2,
        "bpviz: the input 'x' must be a number or an array of real numbers, but got 1j",
    ),
    "an unsupported function": (
        "import numpy as np\ndef f(x=1.0):\n    return np.fft.fft(x)\n",
        1,
        "line 3 of model.py: np.fft.fft(x)",
    ),
    "math instead of NumPy": (
        "import math\ndef f(x=1.0):\n    return math.exp(x)\n",
        1,
        "bpviz: math.exp(x) asks a recorded value for a plain number (line 3 of model.py), "
        "where its gradient would be lost; write np.exp instead of math.exp\n",
    ),
    "a constant result": (
        "def f(x=1.0): return 3.0\n",
        2,
        "bpviz: f returned 3.0, which does not depend on its inputs",
    ),
    "sys.exit": ("import sys\nsys.exit(0)\n", 1, "bpviz: the model called sys.exit(); nothing was written\n"),
}


@pytest.mark.parametrize("case", MODELS, ids=str)
def test_models_that_cannot_be_drawn(folder: Path, case: str) -> None:
    source, code, text = MODELS[case]
    model(folder, source)
    result = run("render", "model.py")
    assert result.exit_code == code
    assert text in result.stderr
    assert "Traceback" not in result.stderr or case == "sys.exit"
    assert not (folder / "model.svg").exists()


def test_a_model_that_raises_shows_its_own_lines_and_leaves_the_old_picture(folder: Path) -> None:
    (folder / "model.svg").write_text("the old picture")
    model(folder, "def helper(x):\n    return [][int(3)]\ndef f(x=1.0):\n    return helper(x)\n")
    result = run("render", "model.py")
    assert result.exit_code == 1
    lines = result.stderr.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert "IndexError: list index out of range" in lines
    assert lines[-1] == "bpviz: the model raised IndexError; nothing was written"
    assert [line.split('"')[1] for line in lines if line.startswith("  File")] == ["model.py", "model.py"]
    assert (folder / "model.svg").read_text() == "the old picture"


def test_a_folder_that_is_read_only(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "locked").mkdir(mode=0o555)
    # Root may write everywhere; everybody else is told by the system what is said here.
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "locked")
    result = run("render", "apples.py", "-o", "locked/a.svg")
    assert result.exit_code == 2
    assert result.stderr == "bpviz: the folder 'locked' cannot be written to; choose another place with -o\n"
    assert not list((folder / "locked").iterdir())


def test_a_failed_write_leaves_the_old_picture(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "apples.svg").write_text("the old picture")

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", refuse)
    result = run("render", "apples.py")
    assert result.exit_code == 2
    assert "No space left on device" in result.stderr
    assert (folder / "apples.svg").read_text() == "the old picture"
    assert sorted(p.name for p in folder.iterdir() if p.suffix != "") == ["apples.py", "apples.svg"]


def test_no_engine_ends_with_3_and_the_line_to_type(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bpviz.layout import bundled

    def absent() -> None:
        raise ImportError("No module named 'pygraphviz'")

    monkeypatch.setattr(bundled, "bindings", absent)
    monkeypatch.setenv("PATH", str(folder))
    for words in (("--engine", "graphviz"), ("--engine", "bundled"), ("-o", "apples.pdf")):
        result = run("render", "apples.py", *words)
        assert result.exit_code == 3, words
        assert 'pip install "pygraphviz' in result.stderr
    # Nothing else needs Graphviz.
    assert run("render", "apples.py", "-o", "apples.svg", "-o", "apples.png", "-o", "apples.json").exit_code == 0
    assert run("doctor").exit_code == 0


def test_a_layout_that_takes_too_long_is_stopped(folder: Path) -> None:
    model(folder, "def f(x=1.0, y=2.0):\n    for i in range(400):\n        x, y = x * y, x + y\n    return x\n")
    began = time.monotonic()
    result = run("render", "model.py", "--engine", "graphviz", "--timeout", "0.05")
    assert time.monotonic() - began < 20
    assert result.exit_code == 1
    assert "--timeout" in result.stderr
    assert not (folder / "model.svg").exists()


def test_more_than_can_be_drawn_is_said_at_once(folder: Path) -> None:
    model(folder, "def f(x=1.0):\n    for i in range(10_000):\n        x = x * 1.0001\n    return x\n")
    result = run("render", "model.py")
    assert result.exit_code == 2
    assert "10000 operations" in result.stderr
    assert "--depth" in result.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="signals differ")
def test_control_c_ends_with_130_and_writes_nothing(folder: Path) -> None:
    model(folder, "import time\nprint('running', flush=True)\ntime.sleep(30)\n" + APPLES)
    process = subprocess.Popen(
        [sys.executable, "-m", "bpviz", "render", "model.py"], stderr=subprocess.PIPE, text=True, cwd=folder
    )
    assert process.stderr is not None
    assert process.stderr.readline() == "running\n"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert errors == "bpviz: interrupted; nothing was written\n"


# What else it knows


def test_help_teaches() -> None:
    text = run("--help").stdout
    assert "def total(price=100, count=2, tax=1.1):" in text
    assert "bpviz render apples.py" in text
    assert "--set tax=1.2" in run("render", "--help").stdout


def test_version_and_module() -> None:
    assert run("--version").stdout == f"bpviz, version {bpviz.__version__}\n"
    done = subprocess.run([sys.executable, "-m", "bpviz", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"bpviz, version {bpviz.__version__}\n"


def test_ops_lists_every_operation() -> None:
    from bpviz.ops import COMPOSITES, OPERATIONS

    rows, _, made = run("ops").stdout.partition("\nMade of several of these:\n")
    assert [line.split()[0] for line in rows.splitlines() if not line.startswith(" ")] == list(OPERATIONS)
    assert re.findall(r"np\.([\w.]+)", made) == sorted(COMPOSITES)
    assert "Multiplies the gradient by the other input." in run("ops", "multiply").stdout
    assert run("ops", "np.linalg.inv").stdout.startswith("inv  X⁻¹ ")
    assert all(run("ops", name).stdout.count(".\n") == 1 for name in COMPOSITES.keys() - OPERATIONS.keys())
    assert run("ops", "ptp").stdout == "np.ptp  made of several operations\n  the largest minus the smallest.\n"


def test_doctor_names_engines_and_fonts() -> None:
    text = run("doctor").stdout
    for word in (
        f"bpviz {bpviz.__version__}",
        "numpy",
        "layout: bpviz",
        "bundled Graphviz",
        "system Graphviz",
        "DejaVuSans.ttf",
    ):
        assert word in text


# Checking and cards


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


def test_gradcheck_tells_kinks_from_errors(folder: Path) -> None:
    model(folder, "def f(x=0.0, y=2.0):\n    return abs(x) * y\n")
    result = run("gradcheck", "model.py")
    assert result.exit_code == 0
    assert "not differentiable here" in result.stdout
    assert "not differentiable" not in run("gradcheck", "model.py", "--set", "x=1").stdout


def test_cards(folder: Path) -> None:
    assert run("card", "mul").stderr == "wrote multiply.svg\n"
    svg = (folder / "multiply.svg").read_text()
    assert "∂L/∂z·y" in svg
    assert "∂L/∂z·x" in svg
    assert run("card", "general", "-o", "y.png").exit_code == 0
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


# Steps


def test_a_file_for_every_step(folder: Path) -> None:
    result = run("render", "apples.py", "-o", "step-%02d.svg")
    assert result.exit_code == 0, result.stderr
    files = sorted(path.name for path in folder.glob("step-*"))
    assert files == [f"step-{number:02}.svg" for number in range(1, 8)]
    assert "Inputs: price = 100, count = 2," in (folder / "step-01.svg").read_text()
    assert ">2.2<" not in (folder / "step-05.svg").read_text()
    assert ">2.2<" in (folder / "step-06.svg").read_text()
    check = run("render", "apples.py", "-o", "step-%02d.svg", "--check")
    assert check.exit_code == 0, check.stderr
    check = run("render", "apples.py", "--set", "tax=1.2", "-o", "step-%02d.svg", "--check")
    assert (check.exit_code, check.stderr.count("step-")) == (1, 7)


def test_pixels_have_the_scale_that_is_asked_for(folder: Path) -> None:
    def wide(*words: str) -> int:
        assert run("render", "apples.py", *words, "-o", "a.png").exit_code == 0
        return int.from_bytes((folder / "a.png").read_bytes()[16:20], "big")

    assert wide() == pytest.approx(2 * wide("--scale", "1"), abs=2)
    # What the picture says is the same.
    assert run("render", "apples.py", "-o", "a.png", "--check").exit_code == 0
    assert run("render", "apples.py", "-o", "step-%02d.png", "--scale", "0.5").exit_code == 0
    first = int.from_bytes((folder / "step-01.png").read_bytes()[16:20], "big")
    assert first == pytest.approx(wide("--scale", "0.5"), abs=2)
    (folder / "pyproject.toml").write_text("[tool.bpviz]\nscale = 4\n")
    assert wide() == pytest.approx(4 * wide("--scale", "1"), abs=4)
    wrong = run("render", "apples.py", "--scale", "0", "-o", "a.png")
    assert (wrong.exit_code, "0<x<1000" in wrong.stderr) == (2, True)


def test_files_of_a_longer_model_are_told(folder: Path) -> None:
    frames = ("render", "apples.py", "-o", "step-%02d.svg")
    assert run(*frames).exit_code == 0
    (folder / "apples.py").write_text("def total(price=100, count=2):\n    return price * count\n")
    written = run(*frames)
    left = "left over from a figure with more steps: step-06.svg, step-07.svg; delete what is not needed"
    assert (written.exit_code, f"bpviz: note: {left}\n" in written.stderr) == (0, True)
    check = run(*frames, "--check")
    assert (check.exit_code, check.stderr) == (1, f"bpviz: {left}\n")
    (folder / "step-06.svg").unlink()
    assert run(*frames, "--check").exit_code == 1
    (folder / "step-07.svg").rename(folder / "step-7.svg")
    assert run(*frames, "--check").exit_code == 0


def test_what_an_author_has_made_to_move_can_be_drawn_as_it_stands(folder: Path) -> None:
    (folder / "moving.py").write_text(
        "import apples, bpviz\nmain = bpviz.draw(apples.total, animate=True, steps=True)\n"
    )
    result = run("render", "moving.py", "-o", "m.png", "-o", "m.svg")
    assert (result.exit_code, result.stderr) == (0, "wrote m.png\nwrote m.svg\n")
    assert "animation:" in (folder / "m.svg").read_text()


def test_what_moves_and_what_is_walked(folder: Path) -> None:
    result = run(
        "render", "apples.py", "--animate", "--steps", "-o", "a.svg", "-o", "a.html", "--seconds-per-step", "2"
    )
    assert result.exit_code == 0, result.stderr
    assert "animation:18s" in (folder / "a.svg").read_text()
    assert (folder / "a.html").read_text().count('type="radio"') == 7
    again = ("render", "apples.py", "--animate", "-o", "a.svg", "--check")
    assert run(*again, "--seconds-per-step", "2").exit_code == 0
    assert run(*again).exit_code == 1
    assert run("render", "apples.py", "-o", "a.svg", "--check").exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("--animate", "-o", "a.pdf"),
            "bpviz: --animate makes SVG move (GIF, APNG and WebP always do), but this writes pdf\n",
        ),
        (
            ("--steps",),
            "bpviz: --steps makes HTML that is walked step by step, but this writes svg; for a picture of every step "
            "name the files step-%02d.svg\n",
        ),
        (
            ("-o", "step-%d.html"),
            "bpviz: frames are single pictures, such as step-%02d.svg or step-%02d.png, but got 'html'\n",
        ),
    ],
)
def test_steps_that_cannot_be(folder: Path, arguments: tuple[str, ...], said: str) -> None:
    result = run("render", "apples.py", *arguments)
    assert (result.exit_code, result.stderr) == (2, said)
    assert sorted(path.name for path in folder.iterdir()) == ["apples.py"]


@pytest.mark.engine
def test_the_result_is_opened(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    monkeypatch.setattr("click.launch", seen.append)
    assert (
        run("render", "apples.py", "-o", "one.svg", "-o", "two.png", "--view").stderr
        == "wrote one.svg\nwrote two.png\n"
    )
    steps = run("render", "apples.py", "-o", "step-%02d.svg", "--view")
    assert seen == ["one.svg", "step-01.svg"]
    assert steps.stderr.splitlines()[-1] == (
        "bpviz: note: step-01.svg was opened, the first step; a page with all of them: --watch --view, or "
        "-o FILE.html --steps"
    )
