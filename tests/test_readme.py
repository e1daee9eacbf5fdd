"""What the README shows works as it stands there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bpviz.cli import main

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_the_python_of_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def total(price=100, count=2, tax=1.1):
        subtotal = price * count
        return subtotal * tax

    known: dict[str, Any] = {"total": total}
    for source in blocks("python"):
        exec(source, known)
    assert (tmp_path / "apples.png").exists()
    assert known["flow"].grads == pytest.approx({"price": 2.2, "count": 110, "tax": 200})


def test_the_commands_of_the_readme_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("apples.py", "network.py"):
        (tmp_path / name).write_text((ROOT / "gallery" / "apples.py").read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "README.md").write_text("<!-- bpviz: apples.py -->\n<!-- /bpviz -->\n", encoding="utf-8")
    commands = [line.partition("  #")[0] for block in blocks("sh") for line in block.splitlines()]
    ours = [shlex.split(line)[1:] for line in commands if line.startswith("bpviz ")]
    assert len(ours) >= 8
    for arguments in ours:
        # --view would open a window here.
        result = CliRunner().invoke(main, [a for a in arguments if a != "--view"])
        assert result.exit_code == (1 if "--check" in arguments or arguments[0] == "diff" else 0), (
            arguments,
            result.stderr,
        )


def test_every_option_of_render_that_the_readme_names_is_there() -> None:
    table = README.partition("| option | what it does |")[2].partition("\n\n")[0]
    named = set(re.findall(r"(--[a-z]+|-[of]\b)", table))
    help_text = CliRunner().invoke(main, ["render", "--help"]).stdout
    assert named
    assert [option for option in sorted(named) if option not in help_text] == []


def test_the_pictures_and_links_of_the_readme_exist() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
