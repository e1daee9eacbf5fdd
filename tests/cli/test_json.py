"""``--json``: one spelling, for every command that prints words."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from command_line import model, run

from bpviz import ops
from bpviz.cli import _COMMANDS, main

WITHOUT = {"card", "embed"}
"""Commands that write files alone."""

LINES = {
    "render": ["render", "apples.py"],
    "explain": ["explain", "apples.py"],
    "diff": ["diff", "apples.py", "--set-b", "tax=1.2"],
    "gradcheck": ["gradcheck", "apples.py"],
    "ops": ["ops"],
    "doctor": ["doctor"],
}


def read(*words: str) -> dict:
    return json.loads(run(*words, "--json").stdout)


def test_every_command_that_prints_words_has_it_with_one_help() -> None:
    ctx = click.Context(main)
    found = {}
    for name in _COMMANDS:
        command = main.get_command(ctx, name)
        assert command is not None
        options = [one for one in command.params if isinstance(one, click.Option) and "--json" in one.opts]
        if options:
            found[name] = options[0].help
    assert found.keys() == LINES.keys() == _COMMANDS.keys() - WITHOUT
    assert len(set(found.values())) == 1


@pytest.mark.parametrize("name", [name for name in LINES if name != "doctor"])
def test_stdout_is_one_object_of_version_1(name: str, folder: Path) -> None:
    assert read(*LINES[name])["bpviz"] == 1


def test_render_prints_the_file_that_is_drawn_again(folder: Path) -> None:
    run("render", "apples.py", "-o", "a.json")
    assert run("render", "apples.py", "--json").stdout == (folder / "a.json").read_text(encoding="utf-8")
    assert [node["gradient"] for node in read("render", "apples.py")["nodes"]][-1] == 1.0


def test_a_setting_of_the_format_is_no_conflict(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BPVIZ_FORMAT", "png")
    assert read("render", "apples.py")["name"] == "total"


@pytest.mark.parametrize("more", [["-o", "a.svg"], ["-f", "svg"], ["--check"], ["--watch"], ["--view"]])
def test_render_has_one_output_then(more: list[str], folder: Path) -> None:
    done = run("render", "apples.py", "--json", *more)
    assert done.exit_code == 2
    assert "write a file with -o FILE.json" in done.stderr


def test_the_old_spelling_of_explain_prints_the_same(folder: Path) -> None:
    new = run("explain", "apples.py", "--json").stdout
    assert new == run("explain", "apples.py", "--format", "json").stdout
    assert "json" not in run("explain", "--help").stdout.split("--format")[1].split("--json")[0]


def test_explain_writes_files_beside_it(folder: Path) -> None:
    assert read("explain", "apples.py", "-o", "a.md")["kind"] == "explanation"
    assert (folder / "a.md").read_text(encoding="utf-8").startswith("# ")
    assert run("explain", "apples.py", "--json", "-o", "-").exit_code == 2


def test_gradcheck_has_the_numbers_of_its_table(folder: Path) -> None:
    found = read("gradcheck", "apples.py")
    assert found["ok"]
    # 100 × 2 × 1.1 by hand: 2 × 1.1, 100 × 1.1, 100 × 2
    for check, slope in zip(found["inputs"], (2.2, 110.0, 200.0), strict=True):
        assert check["analytic"] == pytest.approx(slope)
        assert check["numeric"] == pytest.approx(slope)


def test_the_exit_code_stays(folder: Path) -> None:
    model(
        folder,
        "import bpviz\ntwice = bpviz.op('twice', lambda x: 2 * x, lambda g, z, x: g * 3)\ndef f(x=3.0): return twice(x)",
    )
    done = run("gradcheck", "model.py", "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["inputs"][0]["verdict"] == "wrong"


def test_ops_lists_all_and_a_part_and_one() -> None:
    assert [row["name"] for row in read("ops")["operations"]] == sorted(ops.OPERATIONS)
    assert {row["name"] for row in read("ops", "soft")["operations"]} >= {"softmax", "softplus", "log_softmax"}
    assert read("ops", "np.ptp")["composites"] == [{"name": "np.ptp", "says": "the largest minus the smallest."}]
    done = run("ops", "softmaks", "--json")
    assert (done.exit_code, done.stdout) == (2, "")


@pytest.mark.hosts
def test_doctor_names_packages_and_engines() -> None:
    found = read("doctor")
    packages = {package["name"]: package for package in found["packages"]}
    assert packages["numpy"]["version"]
    assert [engine["name"] for engine in found["engines"]] == ["bundled", "system"]
    assert all(package["version"] or package["hint"] for package in packages.values())
