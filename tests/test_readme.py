"""What the README shows works as it stands there."""

from __future__ import annotations

import ast
import re
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from places import ROOT

from bpviz.cli import main

README, JAPANESE = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.ja.md"))
both = pytest.mark.parametrize("readme", [pytest.param(README, id="English"), pytest.param(JAPANESE, id="Japanese")])


def blocks(readme: str, *languages: str) -> list[tuple[str, str]]:
    """The fenced blocks in these languages, in the order of the page, each with its language."""
    return re.findall(rf"```({'|'.join(languages)})\n(.*?)```", readme, flags=re.DOTALL)


def files(readme: str) -> dict[str, str]:
    """The files that the README shows: blocks whose first line is a comment with nothing but the name."""
    first = re.compile(r"(?:# |<!-- )([\w.]+\.(?:py|md))(?: -->)?\n")
    return {found[1]: text for _, text in blocks(readme, "python", "markdown") if (found := first.match(text))}


@pytest.fixture
def folder(readme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that holds the files of the README, and nothing else."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    for name, text in files(readme).items():
        monkeypatch.delitem(sys.modules, name.partition(".")[0], raising=False)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_the_files_of_the_readme() -> None:
    assert sorted(files(README)) == ["apples.py", "network.py", "notes.md"]
    assert sorted(files(JAPANESE)) == ["memo.md", "network.py", "ringo.py"]
    assert files(README)["network.py"] == files(JAPANESE)["network.py"]
    # The first example is the one that the first command draws.
    code = (ROOT / "gallery" / "apples.py").read_text(encoding="utf-8").partition("\n\n\n")[2]
    assert files(README)["apples.py"] == f"# apples.py\n{code}"


@pytest.mark.engine
@both
def test_the_commands_and_the_python_of_the_readme_run_in_order(readme: str, folder: Path) -> None:
    names: dict[str, Any] = {}
    commands = compared = 0
    for language, text in blocks(readme, "sh", "python"):
        if text in files(readme).values():
            continue
        if language == "sh":
            commands += sum(follow(line, folder) for line in text.splitlines() if line.startswith("bpviz "))
        else:
            compared += run(text, names)
    assert commands >= 12
    assert compared >= (8 if readme is README else 6)
    written = {file.name for file in folder.iterdir()}
    name, tax = ("apples", "tax") if readme is README else ("ringo", "zei")
    assert {"a.png", "a.pdf", "b.svg", "network.svg", f"{tax}.svg"} <= written
    assert {f"{name}.html", f"{name}.png", f"{name}.svg"} <= written


def follow(line: str, folder: Path) -> bool:
    """Type a command of the README."""
    # --view would open a window here.
    arguments = [word for word in shlex.split(line, comments=True)[1:] if word != "--view"]
    result = CliRunner().invoke(main, arguments)
    # Of all commands the comparison alone finds something.
    assert result.exit_code == (arguments[0] == "diff"), (line, result.output)
    for written in re.findall(r"# (?:writes )?([\w.]+\.svg)(?:を書く)?$", line):
        assert (folder / written).exists(), line
    return True


def run(text: str, names: dict[str, Any]) -> int:
    """Run Python of the README; return how many values were compared with the comments that print them."""
    compared = 0
    lines = text.splitlines()
    for statement in ast.parse(text).body:
        if not isinstance(statement, ast.Expr):
            exec(ast.unparse(statement), names)
            continue
        value = eval(ast.unparse(statement), names)
        assert statement.end_lineno is not None
        comment = lines[statement.end_lineno - 1][statement.end_col_offset :].partition("# ")[2]
        if re.match(r"[-\d({'\"]", comment):
            assert repr(value) == comment
            compared += 1
    return compared


@both
def test_every_option_of_render_that_the_readme_names_is_there(readme: str) -> None:
    heading = "| option | what it does |" if readme is README else "| オプション | はたらき |"
    table = readme.partition(heading)[2].partition("\n\n")[0]
    named = set(re.findall(r"(--[a-z]+|-[of]\b)", table))
    help_text = CliRunner().invoke(main, ["render", "--help"]).stdout
    assert named
    assert [option for option in sorted(named) if option not in help_text] == []


@both
def test_the_pictures_and_links_of_the_readme_exist(readme: str) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", readme):
        assert (ROOT / target).exists(), target


def test_security_names_tests_that_exist() -> None:
    named = re.findall(r"`(tests/[^`]*)`", (ROOT / "SECURITY.md").read_text(encoding="utf-8"))
    assert len(named) > 8
    assert [path for path in named if not (ROOT / path).exists()] == []
