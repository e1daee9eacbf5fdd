"""Settings of the command line from the environment and from pyproject.toml."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import run


@pytest.mark.engine
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


def test_the_message_for_a_wrong_setting_names_its_place(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = folder / "pyproject.toml"
    settings.write_text("[tool.bpviz]\nprecision = 99\n")
    message = f"99 is not in the range 1<=x<=17. (set in [tool.bpviz] of {settings})\n"
    assert run("render", "apples.py").stderr.endswith(message)
    assert run("explain", "apples.py").stderr.endswith(message)
    assert "(set" not in run("render", "apples.py", "--precision", "88").stderr
    monkeypatch.setenv("BPVIZ_PRECISION", "77")
    message = "77 is not in the range 1<=x<=17. (set as BPVIZ_PRECISION in the environment)\n"
    assert run("render", "apples.py").stderr.endswith(message)


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
