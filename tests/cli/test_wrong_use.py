"""Wrong use, broken models and failed writes: what is said, the exit code, and that nothing is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command_line import APPLES, model, run

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
        "bpviz: 'picture' has no suffix that names a format; write picture.svg, or name one with --format\n",
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
    "an array that does not fit": (
        ["render", "apples.py", "--set", "price=randn(99999999999999)"],
        2,
        "gave 'price' 'randn(99999999999999)', which NumPy cannot make",
    ),
    "an array that cannot be": (
        ["render", "apples.py", "--set", "price=randint(0,3)"],
        2,
        "gave 'price' 'randint(0,3)', which NumPy cannot make: high <= 0",
    ),
    "a device": (
        ["render", os.devnull],
        2,
        f"bpviz: {os.devnull!r} is a device, which may have no end; name a file, or - for standard input\n",
    ),
    "bad precision": (["render", "apples.py", "--precision", "0"], 2, "1<=x<=17"),
    "unknown operation": (
        ["ops", "multipy"],
        2,
        "bpviz: there is no operation named 'multipy'; did you mean 'multiply'?\n",
    ),
    "function of NumPy that cannot be recorded": (
        ["ops", "np.nanmedian"],
        2,
        "bpviz: np.nanmedian cannot be recorded; write np.median(x[~np.isnan(x)])\n",
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
    "a gradient that would be lost": (
        "import math\ndef f(x=1.0):\n    return math.frexp(x)[0]\n",
        1,
        "bpviz: math.frexp(x) asks a recorded value for a plain number (line 3 of model.py), "
        "where its gradient would be lost; `bpviz ops` lists the operations that can be recorded\n",
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
    # Root may write everywhere; for other users the system raises this error.
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "locked")
    result = run("render", "apples.py", "-o", "locked/a.svg")
    assert result.exit_code == 2
    assert result.stderr == "bpviz: the folder 'locked' cannot be written to; choose another place with -o\n"
    assert not list((folder / "locked").iterdir())


@pytest.mark.engine
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
    # So that its import fails as where it is not installed.
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    monkeypatch.setenv("PATH", str(folder))
    for words in (("--engine", "graphviz"), ("--engine", "bundled"), ("-o", "apples.pdf")):
        result = run("render", "apples.py", *words)
        assert result.exit_code == 3, words
        assert 'pip install "bpviz[pdf]"' in result.stderr
    # Nothing else needs Graphviz.
    assert run("render", "apples.py", "-o", "apples.svg", "-o", "apples.png", "-o", "apples.json").exit_code == 0
    assert run("doctor").exit_code == 0


@pytest.mark.engine
def test_a_layout_that_takes_too_long_is_stopped(folder: Path) -> None:
    model(folder, "def f(x=1.0, y=2.0):\n    for i in range(400):\n        x, y = x * y, x + y\n    return x\n")
    began = time.monotonic()
    result = run(
        "render", "model.py", "--engine", "graphviz", "--timeout", "0.05", "--width", "none", "--repeats", "all"
    )
    assert time.monotonic() - began < 20
    assert result.exit_code == 1
    assert "--timeout" in result.stderr
    assert not (folder / "model.svg").exists()


@pytest.mark.hosts
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
