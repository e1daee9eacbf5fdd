"""The package as a stranger meets it: its names, its types, its version, and what is said where a part is missing."""

from __future__ import annotations

import ast
import builtins
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from command_line import run

import bpviz

ROOT = Path(__file__).resolve().parents[1]


def test_completion_shows_the_public_names_alone() -> None:
    shown = dir(bpviz)
    assert {"draw", "backprop", "open", "nn", "what_if", "__version__"} <= set(shown)
    assert all(hasattr(bpviz, name) for name in shown)
    assert not {"sys", "os", "Any", "layout", "writers", "_LATER"} & set(shown)


def test_a_star_import_leaves_open_to_python() -> None:
    names: dict[str, Any] = {}
    exec("from bpviz import *", names)
    assert "draw" in names
    assert names.get("open", builtins.open) is builtins.open


@pytest.mark.hosts
@pytest.mark.parametrize(
    "imports",
    [
        "import bpviz; import bpviz.recording.source as source",
        "import bpviz.recording.source as source; import bpviz",
        "import bpviz; import bpviz.recording.source; source = bpviz.recording.source",
        "import bpviz.recording.source; source = bpviz.recording.source",
        "from bpviz.recording import source; import bpviz",
        "from bpviz import recording; source = recording.source; import bpviz",
        "import bpviz; from importlib import import_module; source = import_module('bpviz.recording.source')",
    ],
)
def test_recording_is_a_function_and_a_package(imports: str) -> None:
    code = f"{imports}; print(source.__name__, bpviz.recording.__doc__[:6]); bpviz.recording()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "bpviz.recording.source Record\n"
    assert "UsageError: nothing is imported that could be recorded in a block" in done.stderr


def test_open_files_are_written_to() -> None:
    drawing = bpviz.draw(lambda price=100, count=2: price * count)
    pixels, text = io.BytesIO(), io.StringIO()
    drawing.save(pixels, format="png")
    drawing.save(text, format="svg")
    assert pixels.getvalue()[1:4] == b"PNG"
    assert text.getvalue() == drawing.to_svg()
    with pytest.raises(bpviz.UsageError, match="PNG is bytes"):
        drawing.save(text, format="png")
    with pytest.raises(bpviz.UsageError, match="must be named"):
        drawing.save(pixels)  # type: ignore[call-overload]


def test_a_notebook_shows_the_users_lines_and_one_message() -> None:
    shell = pytest.importorskip("IPython.core.interactiveshell").InteractiveShell.instance()
    try:
        failed = shell.run_cell(CELL).error_in_exec
        assert isinstance(failed, bpviz.RecordingError)
        shown = failed._render_traceback_()
    finally:
        type(shell).clear_instance()
    (place, line), *more = (entry.split("\n    ") for entry in shown[:-1])
    assert (place, line) == (f"Cell In[{shell.execution_count}], line 4, in <module>", "bpviz.draw(f)")
    assert [entry[1] for entry in more] == ["return np.fft.fft(x).sum()"]
    assert shown[-1].startswith("RecordingError: np.fft.fft cannot be recorded (line 3 of Cell In[")


CELL = """import bpviz, numpy as np
def f(x=np.ones(3)):
    return np.fft.fft(x).sum()
bpviz.draw(f)"""


def test_type_checkers_may_read_the_package() -> None:
    assert (Path(bpviz.__file__).parent / "py.typed").is_file()


def test_the_stub_has_today_s_names_and_options() -> None:
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        import stub
    finally:
        del sys.path[0]
    # As it is read, since `ruff format` has broken its lines.
    written, wanted = stub.STUB.read_text(encoding="utf-8"), stub.stub()
    both = [sorted(map(ast.unparse, ast.parse(text).body)) for text in (written, wanted)]
    assert both[0] == both[1], "write it again: python tools/stub.py --write"


@pytest.mark.thorough
def test_options_are_checked_by_type(tmp_path: Path) -> None:
    mypy = pytest.importorskip("mypy.api", reason="mypy is not installed: pip install mypy")
    page = tmp_path / "user.py"
    page.write_text(USER, encoding="utf-8")
    text, _, _ = mypy.run([str(page), "--no-incremental", "--follow-imports=silent", f"--cache-dir={os.devnull}"])
    assert set(map(int, re.findall(r"user\.py:(\d+): error", text))) == WRONG, text


@pytest.mark.hosts
@pytest.mark.mermaid
@pytest.mark.thorough
@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed, from which pyright comes")
def test_pyright_finds_the_same(tmp_path: Path) -> None:
    pytest.importorskip("pyright", reason="pyright is not installed: pip install pyright")
    (tmp_path / "user.py").write_text(USER, encoding="utf-8")
    settings = {"extraPaths": [str(ROOT)], "reportAttributeAccessIssue": True}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    command = [sys.executable, "-m", "pyright", "--outputjson", "user.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, encoding="utf-8")
    found = json.loads(done.stdout)["generalDiagnostics"]
    assert {one["range"]["start"]["line"] + 1 for one in found if one["severity"] == "error"} == WRONG, done.stdout


USER = """import bpviz
def total(price: float = 100, tax: float = 1.1) -> float:
    return price * tax
drawing = bpviz.draw(total, tax=1.2, labels="symbols", theme="book", width=300, direction="tb")
drawing = bpviz.draw(total, labels="formulas")  # wrong
drawing = bpviz.draw(total, precision="four")  # wrong
drawing = bpviz.draw(total, direction="up")  # wrong
text: str = bpviz.explain(total, precision=3).to_markdown()
text = bpviz.explain(total, precision=None)  # wrong
flow: bpviz.Flow = bpviz.backprop(total)
graph = bpviz.open(flow, "sigmoid")
"""
WRONG = {number for number, line in enumerate(USER.splitlines(), 1) if "# wrong" in line}


def test_all_places_name_one_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["dynamic"] == ["version"]
    cited = re.search(r"^version: (.+)$", (ROOT / "CITATION.cff").read_text(encoding="utf-8"), re.MULTILINE)
    assert cited is not None
    assert cited[1] == bpviz.__version__


def test_doctor_does_not_fail_whatever_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", nothing)
    monkeypatch.setenv("PATH", "")
    for package in ("fontTools", "fontTools.ttLib", "resvg_py", "pygraphviz", "pygraphviz._graphviz", "graphviz"):
        monkeypatch.setitem(sys.modules, package, None)
    done = run("doctor")
    assert done.exit_code == 0
    for line in ('fonttools is missing: pip install "bpviz[fonts]"', 'pygraphviz is missing: pip install "bpviz[pdf]"'):
        assert line in done.stdout
    assert "resvg-py is missing: pip install resvg-py" in done.stdout


def test_a_gradient_check_is_a_table_in_a_notebook() -> None:
    shown = bpviz.gradcheck(lambda **given: given["a<b"] ** 2, **{"a<b": 3.0})._repr_html_()
    assert shown.startswith("<table><tr><th>input</th><th>shape</th>")
    assert "<td>a&lt;b</td><td>()</td>" in shown
    assert shown.endswith("(relative tolerance 1e-05, step 1e-05)</p>")
    assert "<svg" in bpviz.descend(lambda w=1.0: w * w, steps=2)._repr_mimebundle_()["text/html"]
