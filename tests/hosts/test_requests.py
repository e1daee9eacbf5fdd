"""Common to all hosts of documents: the words, the settings, the source files of a figure, separate models."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bpviz.cli.request import names, spelled, split_words
from bpviz.errors import ModelFailed, UsageError
from bpviz.hosts.dependencies import files_of_model
from bpviz.hosts.requests import Place, drawing_of, located

MODEL = "def total(price=100, count=2):\n    return price * count\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "apples.py").write_text(MODEL)
    return tmp_path


def test_options_by_name_are_words() -> None:
    given = {"elements": "", "what_if": "a=1 'b=[1, 2]'", "plumbing": "plumbing", "title": "", "elements_": "x"}
    assert spelled(given) == [
        "--elements",
        "--what-if=a=1",
        "--what-if=b=[1, 2]",
        "--plumbing",
        "--title=",
        "--elements-=x",
    ]
    assert spelled({"elements": "W[0,:] b"}) == ["--elements=W[0,:]", "--elements=b"]
    with pytest.raises(
        UsageError, match=r"the words \"'a\" cannot be split \(no closing quotation\); close the quotes"
    ):
        split_words("'a")


def test_documents_have_every_option_of_render_but_those_of_the_command_line() -> None:
    assert {"set", "what-if", "theme", "steps", "animate", "elements", "path", "highlight"} <= set(names())
    assert not {"check", "watch", "view"} & set(names())


def test_models_of_several_folders_have_helpers_of_their_own(folder: Path) -> None:
    for name, sign in (("a", "*"), ("b", "+")):
        (folder / name).mkdir()
        (folder / name / "helper.py").write_text(f"def of(x, y):\n    return x {sign} y\n")
        (folder / name / "model.py").write_text("import helper\ndef f(x=3.0, y=4.0):\n    return helper.of(x, y)\n")
    path = list(sys.path)
    found = [drawing_of("it", ["model.py"], Place("doc", folder / name)).drawing for name in ("a", "b", "a")]
    assert [drawing.source.output for drawing in found] == [12.0, 7.0, 12.0]
    assert sys.path == path
    assert "helper" not in sys.modules


def test_source_files_of_a_figure(folder: Path) -> None:
    (folder / "parts").mkdir()
    for name, text in {
        "model.py": "import numpy\nfrom parts import one\nimport parts.three\ndef f():\n    import late\n",
        "late.py": "import model\n",
        "parts/__init__.py": "",
        "parts/one.py": "from . import two\nfrom .missing import nothing\n",
        "parts/two.py": "def broken(:\n",
        "parts/three.py": "",
        "unused.py": "",
    }.items():
        (folder / name).write_text(text)
    expected = {"model.py", "late.py", "__init__.py", "one.py", "two.py", "three.py"}
    assert {path.name for path in files_of_model("model.py:f")} == expected
    assert {path.name for path in files_of_model("parts.one:f")} == {"one.py", "two.py", "__init__.py"}
    assert files_of_model("no.such.module:f") == []


@pytest.mark.engine
def test_settings_hold_below_words(folder: Path) -> None:
    (folder / "pyproject.toml").write_text('[tool.bpviz]\ntheme = "dark"\nseconds-per-step = 3\nshared = true\n')
    place = Place("doc", folder)
    options = drawing_of("it", ["apples.py"], place, theme="auto").drawing.options
    assert (options.theme, options.seconds, options.circuit.shared) == ("dark", 3.0, True)
    assert drawing_of("it", ["apples.py", "--theme", "book"], place).drawing.options.theme == "book"
    (folder / "pyproject.toml").write_text('[tool.bpviz]\nthem = "dark"\n')
    with pytest.raises(UsageError, match=r"has an unknown setting 'them'; did you mean 'theme'\?"):
        drawing_of("it", ["apples.py"], place)


def test_errors_name_the_place_of_the_request(folder: Path) -> None:
    with pytest.raises(UsageError, match=r"^here: there is no file 'apple\.py'"), located("here"):
        drawing_of("it", ["apple.py"], Place("doc", folder))
    code = Place("doc.md", folder, "def f(x=1.0):\n    return unknown\n", line=7)
    with pytest.raises(ModelFailed, match=r"^here: the model raised NameError") as caught, located("here"):
        drawing_of("it", ["-"], code)
    assert caught.value.traceback.splitlines()[1] == '  File "<doc.md>", line 8, in f'
    assert caught.value.traceback.endswith("NameError: name 'unknown' is not defined\n")
    assert caught.value.exit_code == 1
