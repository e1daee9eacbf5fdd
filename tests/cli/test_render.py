"""`bpviz render`: the files it writes, the targets and options it takes, the notes it prints."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import APPLES, model, run


@pytest.mark.engine
def test_render_writes_the_figure_into_the_working_directory(folder: Path) -> None:
    (folder / "deeper").mkdir()
    (folder / "apples.py").rename(folder / "deeper" / "apples.py")
    result = run("render", "deeper/apples.py")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "wrote apples.svg\n")
    svg = (folder / "apples.svg").read_text()
    for text in ("price", "subtotal", "total", ">220<", ">1.1<", ">2.2<", ">110<", ">200<"):
        assert text in svg


@pytest.mark.engine
def test_several_outputs_in_one_run(folder: Path) -> None:
    result = run("render", "apples.py:total", "-o", "a.png", "-o", "b.pdf", "-o", "c.dot", "-o", "d.json")
    assert result.exit_code == 0, result.stderr
    assert (folder / "a.png").read_bytes().startswith(b"\x89PNG")
    assert (folder / "b.pdf").read_bytes().startswith(b"%PDF")
    assert "digraph" in (folder / "c.dot").read_text()
    assert json.loads((folder / "d.json").read_text())["name"] == "total"


@pytest.mark.engine
def test_format_wins_over_the_suffix_and_names_the_default_file(folder: Path) -> None:
    assert run("render", "apples.py", "-o", "picture.svg", "-f", "png").exit_code == 0
    assert (folder / "picture.svg").read_bytes().startswith(b"\x89PNG")
    assert run("render", "apples.py", "-f", "json").stderr == "wrote apples.json\n"


@pytest.mark.engine
def test_dash_writes_only_the_result_to_stdout(folder: Path) -> None:
    model(folder, "print('hello from the model')\n" + APPLES)
    result = run("render", "model.py", "-o", "-")
    assert result.stdout.startswith("<svg") or result.stdout.startswith("<?xml")
    assert "hello" not in result.stdout
    assert "hello from the model" in result.stderr


def test_a_model_from_stdin(folder: Path) -> None:
    result = run("render", "-", "-o", "-", "-f", "json", stdin=APPLES)
    assert json.loads(result.stdout)["output"] == "total"


@pytest.mark.engine
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


@pytest.mark.engine
def test_the_only_candidate_or_main_is_chosen(folder: Path) -> None:
    model(folder, "from math import tau\ndef helper(x): return x * 2\ndef f(x=3.0): return helper(x)\n")
    assert run("render", "model.py").exit_code == 0
    model(folder, "def f(x=3.0): return x * 2\ndef main(y=3.0): return y * 4\n")
    assert json.loads(run("render", "model.py", "-o", "-", "-f", "json").stdout)["name"] == "main"


@pytest.mark.engine
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


@pytest.mark.engine
def test_a_module_is_a_target(folder: Path) -> None:
    (folder / "package").mkdir()
    (folder / "package" / "__init__.py").write_text("")
    (folder / "package" / "model.py").write_text(APPLES)
    assert run("render", "package.model:total").stderr == "wrote total.svg\n"


@pytest.mark.engine
def test_show_and_labels(folder: Path) -> None:
    both, forward, backward, none = (
        run("render", "apples.py", "-o", "-", *options).stdout
        for options in ([], ["--show", "forward"], ["--show", "backward"], ["--labels", "none"])
    )
    assert ">110<" in both and ">220<" in both
    assert ">110<" not in forward and ">220<" in forward
    assert ">110<" in backward and ">220<" not in backward
    assert ">110<" not in none and ">220<" not in none


@pytest.mark.engine
def test_groups_are_closed_and_opened(folder: Path) -> None:
    model(
        folder,
        "def inner(x): return x * 2\ndef outer(x):\n    y = inner(x)\n    return y + 1\ndef f(x=3.0):\n    return outer(x) - 4\n",
    )

    def symbols(*options: str) -> set[str]:
        svg = run("render", "model.py", "-o", "-", *options).stdout
        return {s for s in ("×2", "+1", "−4", "inner", "outer") if f">{s}<" in svg}

    assert symbols() == {"×2", "+1", "−4", "inner", "outer"}
    assert symbols("--depth", "0") == {"−4", "outer"}
    assert symbols("--depth", "1") == {"+1", "−4", "inner", "outer"}
    assert symbols("--close", "inner") == {"+1", "−4", "inner", "outer"}
    assert symbols("--depth", "0", "--open", "outer") == {"+1", "−4", "inner", "outer"}
    result = run("render", "model.py", "--close", "iner")
    assert (result.exit_code, result.stderr) == (2, "bpviz: there is no group named 'iner'; did you mean 'inner'?\n")


@pytest.mark.engine
def test_check_names_a_stale_file(folder: Path) -> None:
    assert run("render", "apples.py", "--check").exit_code == 1
    assert not (folder / "apples.svg").exists()
    run("render", "apples.py")
    assert run("render", "apples.py", "--check").exit_code == 0
    model(folder, APPLES.replace("1.1", "1.2"), "apples.py")
    result = run("render", "apples.py", "--check")
    assert result.exit_code == 1
    assert "not what would be written now: apples.svg" in result.stderr


@pytest.mark.engine
def test_notes_name_infinite_values_and_unused_inputs(folder: Path) -> None:
    model(folder, "import numpy as np\ndef f(x=0.0, unused=1.0):\n    return np.log(x)\n")
    result = run("render", "model.py")
    assert result.exit_code == 0
    assert "bpviz: note: the value of f is infinite (line 3)" in result.stderr
    assert "bpviz: note: the input 'unused' does not reach the output" in result.stderr


@pytest.mark.engine
def test_render_what_if_shows_old_and_new_numbers(folder: Path) -> None:
    svg = run("render", "apples.py", "--set", "price=50", "--what-if", "tax=1.2", "-o", "-").stdout
    for number in ("110", "120", "1.1", "1.2"):
        assert number in svg
    result = run("render", "apples.py", "--what-if", "tx=1.2")
    assert result.stderr == "bpviz: there is no input named 'tx' for --what-if; did you mean 'tax'?\n"


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
