"""Hooks for pre-commit: what each of them runs."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from places import ROOT

from bpviz.cli import main

HOOKS = {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))}
WORDS = ["apples.py", "-o", "apples.svg"]


def run(hook: str, *args: str) -> int:
    """What pre-commit runs: the entry, then the arguments of the project, or else the hook's own."""
    program, *words = HOOKS[hook]["entry"].split()
    assert program == "bpviz"
    return CliRunner().invoke(main, [*words, *(args or HOOKS[hook]["args"])]).exit_code


@pytest.mark.engine
def test_the_hooks_draw_and_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    model = tmp_path / "apples.py"
    model.write_text("def total(price=100, count=2):\n    return price * count\n")
    (tmp_path / "README.md").write_text("<!-- bpviz: apples.py -->\n<!-- /bpviz -->\n")
    checks = ("bpviz-embed-check", ()), ("bpviz-check", WORDS)
    assert [run(hook, *args) for hook, args in checks] == [1, 1]
    assert run("bpviz-embed") == 0
    assert [run(hook, *args) for hook, args in checks] == [0, 0]
    model.write_text("def total(price=120, count=2):\n    return price * count\n")
    assert [run(hook, *args) for hook, args in checks] == [1, 1]
    assert run("bpviz-render", *WORDS) == 0
    assert [run(hook, *args) for hook, args in checks] == [1, 0]


def test_every_hook_is_a_python_one_that_runs_when_a_model_has_changed() -> None:
    assert set(HOOKS) == {"bpviz-embed", "bpviz-embed-check", "bpviz-render", "bpviz-check"}
    for hook in HOOKS.values():
        assert hook["language"] == "python"
        assert hook["pass_filenames"] is False
        assert hook.get("always_run") or "py" in hook["files"]
