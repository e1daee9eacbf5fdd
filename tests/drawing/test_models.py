"""Models in people's own files: packages, arguments, files with the names of libraries, methods as targets."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import bpviz
from bpviz.cli import main
from bpviz.drawing.load import load
from bpviz.drawing.models import apart

NET = """
    import numpy as np

    class Line:
        def __init__(self):
            self.slope, self.offset = np.array([2.0, 3.0]), 1.0

        def loss(self, x=np.array([1.0, 4.0]), t=10.0):
            return (np.sum(self.slope * x) + self.offset - t) ** 2

        def scaled(self, by):
            return by * self.offset

    line = Line()
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return path


def run(*words: str) -> Result:
    with apart():
        return CliRunner().invoke(main, list(words))


def gradients(target: str, *words: str) -> dict[str, object]:
    """The gradients in the JSON that the command writes."""
    result = run("render", target, "-o", "-", "-f", "json", *words)
    assert result.exit_code == 0, result.output
    nodes = json.loads(result.stdout)["nodes"]
    return {
        node["name"]: node["gradient"]["array"] if isinstance(node["gradient"], dict) else node["gradient"]
        for node in nodes
        if node["kind"] == "input"
    }


def test_a_method_is_a_target(folder: Path) -> None:
    write(folder / "net.py", NET)
    # 2 · 1 + 3 · 4 + 1 − 10 = 5, doubled by the square
    assert gradients("net.py:line.loss", "--freeze", "x,t") == {"slope": [10.0, 40.0], "offset": 10.0}
    assert gradients("net.py:line.loss", "--wrt", "offset", "--set", "offset=2") == {"offset": 12.0}
    assert gradients("net.py:line.scaled", "--set", "by=3") == {"by": 1.0, "offset": 3.0}
    write(folder / "alias.py", NET + "    main = line.loss\n")
    assert gradients("alias.py", "--wrt", "offset") == {"offset": 10.0}
    write(folder / "slopes_and_offsets.py", NET)
    write(folder / "other.py", "from slopes_and_offsets import Line\nfrom random import randint\nloss = Line().loss\n")
    assert gradients("other.py", "--wrt", "offset") == {"offset": 10.0}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("render net.py:line.los", "'line' in net.py has no 'los'; did you mean 'loss'?"),
        ("render net.py:lime.loss", "net.py has no 'lime'; did you mean 'line'?"),
        ("render net.py:line", "'line' in net.py is a Line; name one of its methods: net.py:line.loss"),
        ("render net.py", "name one: net.py:line.loss"),
        ("render net.py:line.loss --wrt slop", "wrt names 'slop'"),
        ("render net.py:line.loss --set ofset=2", "did you mean 'offset'?"),
        ("net.py", "there is no command 'net.py'; did you mean: bpviz render net.py"),
        ("net.py:line.loss --depth 0", "did you mean: bpviz render net.py:line.loss --depth 0"),
        ("rendr net.py", "there is no command 'rendr'; did you mean: bpviz render net.py"),
        ("quux", "there are: render, explain"),
    ],
)
def test_wrong_words_say_what_was_meant(folder: Path, words: str, said: str) -> None:
    write(folder / "net.py", NET)
    result = run(*words.split())
    assert result.exit_code == 2 and said in result.output


@pytest.mark.parametrize("command", ["gradcheck", "explain", "diff net.py:line.loss"])
def test_commands_and_settings_choose_what_is_differentiated(folder: Path, command: str) -> None:
    write(folder / "net.py", NET)
    words = [*command.split(), "net.py:line.loss", *(["-f", "json"] if command == "explain" else [])]
    assert "slope" in run(*words).output or command.startswith("diff")
    for result in (run(*words, "--wrt", "offset"), run(*words, "--freeze", "slope,x,t")):
        assert result.exit_code == 0, result.output
    (folder / "pyproject.toml").write_text('[tool.bpviz]\nwrt = ["offset", "t"]\n')
    result = run("gradcheck", "net.py:line.loss")
    assert [line.split()[0] for line in result.stdout.splitlines()[1:3]] == ["t", "offset"]


def test_a_file_inside_a_package(folder: Path) -> None:
    write(folder / "garden/__init__.py", "PRICE = 3.0\n")
    write(folder / "garden/beds/__init__.py", "")
    write(folder / "garden/beds/soil.py", "def cost(v): return v * v\n")
    model = """
        from .. import PRICE
        from .soil import cost
        from garden.beds.soil import cost as same
        assert cost is same and __name__ == "garden.beds.model" and __package__ == "garden.beds"
        def total(x=2.0):
            return cost(x) * PRICE
    """
    write(folder / "garden/beds/model.py", model)
    assert gradients("garden/beds/model.py") == {"x": 12.0}
    assert gradients(str(folder / "garden/beds/model.py")) == {"x": 12.0}


def test_a_file_sees_its_own_arguments(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(
        folder / "parsed.py",
        """
        import argparse, sys
        parser = argparse.ArgumentParser()
        parser.add_argument("--n", type=int, default=3)
        n = parser.parse_args().n
        assert sys.argv == ["parsed.py"]
        def f(x=2.0): return x * n
        """,
    )
    before = ["bpviz", "render", "parsed.py"]
    monkeypatch.setattr(sys, "argv", before)
    assert gradients("parsed.py") == {"x": 3.0}
    assert sys.argv is before
    write(folder / "failing.py", "1 / 0\n")
    assert run("render", "failing.py").exit_code == 1
    assert sys.argv is before


NAMES = (
    "json",
    "numpy",
    "random",
    "networkx",
    "matplotlib",
    "click",
    "html",
    "tempfile",
    "csv",
    "fractions",
    "secrets",
)


@pytest.mark.hosts
@pytest.mark.parametrize("start", [("-m", "bpviz"), ("-P", "-m", "bpviz")])
def test_files_with_the_names_of_libraries_do_no_harm(folder: Path, start: tuple[str, ...]) -> None:
    for name in NAMES:
        write(folder / f"{name}.py", f"raise RuntimeError('the {name}.py of the model')\n")
    write(folder / "helper.py", "import json\nFACTOR = json.loads('2.5')\n")
    write(
        folder / "model.py",
        """
        import random
        import numpy as np
        from helper import FACTOR
        def f(x=np.array([1.0, 2.0])):
            import fractions
            return np.sum(x) * FACTOR * float(fractions.Fraction(1, 2))
        """,
    )
    for format in ("svg", "json", "html", "pdf"):
        words = [sys.executable, *start, "render", "model.py", "-o", f"model.{format}"]
        result = subprocess.run(words, capture_output=True, text=True)
        assert result.returncode == 0, result.stderr
    nodes = json.loads((folder / "model.json").read_text())["nodes"]
    assert nodes[0]["gradient"]["array"] == [1.25, 1.25]


def test_a_model_finds_its_own_files_before_others(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder / "elsewhere/toolbox.py", "FACTOR = 100.0\n")
    write(folder / "mine/toolbox.py", "FACTOR = 2.0\n")
    write(folder / "mine/model.py", "import toolbox\ndef f(x=3.0): return x * toolbox.FACTOR\n")
    monkeypatch.syspath_prepend(str(folder / "elsewhere"))
    assert gradients("mine/model.py") == {"x": 2.0}


def test_what_is_loaded_is_the_method_itself(folder: Path) -> None:
    write(folder / "net.py", NET)
    with apart():
        thing = load("net.py:line.loss").thing
        assert callable(thing)
        assert bpviz.backprop(thing, wrt="offset").grads == {"offset": 10.0}


def test_the_command_line_gives_values_to_attributes_and_fields(folder: Path) -> None:
    write(
        folder / "springs.py",
        """
        from dataclasses import dataclass

        @dataclass
        class Spring:
            stiffness: float = 3.0
            x: float = 1.0

            def energy(self, x=2.0):
                return self.stiffness * (x - self.x) if self.stiffness > 0 else x

        def energy_of(s=Spring(), x=2.0):
            return s.energy(x)

        spring = Spring()
        """,
    )
    # 5 (2 − 1) and 3 (2 − 0.5); below 0 the other branch: 2.
    for target, assignment, value in (
        ("spring.energy", "stiffness=5", 5.0),
        ("spring.energy", "self.x=0.5", 4.5),
        ("spring.energy", "stiffness=-1", 2.0),
        ("energy_of", "s.stiffness=5", 5.0),
        ("energy_of", "stiffness=-1", 2.0),
    ):
        result = CliRunner().invoke(main, ["render", f"springs.py:{target}", "--set", assignment, "-o", "made.json"])
        assert result.exit_code == 0, result.output
        assert load("made.json").thing.output == value


def test_a_model_with_a_relative_name_is_forgotten_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in (2.0, 5.0):
        place = tmp_path / str(number)
        write(place / "apples.py", f"def f(x=3.0): return x * {number}\n")
        write(place / "other.py", "import apples\ndef g(x=3.0): return apples.f(x)\n")
        monkeypatch.chdir(place)
        assert gradients("apples.py") == gradients("other.py") == {"x": number}
