"""The table of options: Python, the command line, settings and documents read the same rows."""

from __future__ import annotations

import re
from dataclasses import field, fields, make_dataclass
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

import bpviz
from bpviz.cli import options as cli_options
from bpviz.cli import render, request
from bpviz.cli.options import option
from bpviz.drawing import options
from bpviz.drawing.option import Option, Range
from bpviz.drawing.options import OPTIONS, DrawOptions, checked, draw_options
from bpviz.errors import UsageError
from bpviz.figures.options import CircuitOptions
from bpviz.layout.engine_names import ENGINES


def test_every_field_of_a_drawing_has_a_row_and_its_default() -> None:
    kept = {f.name: f for cls in (CircuitOptions, DrawOptions) for f in fields(cls)}
    del kept["circuit"]
    assert kept.keys() <= OPTIONS.keys()
    # The language that nobody names is looked up in the environment.
    assert {name for name, f in kept.items() if OPTIONS[name].default != f.default} == {"lang", "width", "live"}
    for name in ("width", "live"):
        assert checked(name, OPTIONS[name].default) == kept[name].default


def test_names_on_the_command_line_and_in_settings_are_unique() -> None:
    flags = [flag for row in OPTIONS.values() for flag in row.flags.split()]
    assert len(flags) == len(set(flags))
    assert [row.name for row in OPTIONS.values() if row.setting and not row.flags] == []


def test_the_engines_are_those_of_the_layout() -> None:
    assert OPTIONS["engine"].choices == ENGINES


def test_the_command_line_has_every_option_in_the_order_of_the_table() -> None:
    expected = [row.name for row in OPTIONS.values() if row.flags]
    assert [parameter.name for parameter in render.command.params] == ["target", *expected]
    # The help of every option that is in the table, as a person reads it.
    message = " ".join(CliRunner().invoke(render.command, ["--help"], terminal_width=200).output.split())
    for row in OPTIONS.values():
        assert not row.flags or row.help in message


@pytest.mark.parametrize(
    ("name", "wrong", "message"),
    [
        ("show", "all", "show must be one of both, forward, backward, but got 'all'"),
        ("direction", "up", "direction must be one of LR, RL, TB, BT, but got 'up'"),
        ("precision", 0, "precision must be from 1 to 17 digits, but got 0"),
        ("precision", 18, "precision must be from 1 to 17 digits, but got 18"),
        ("precision", "4", "precision must be from 1 to 17 digits, but got '4'"),
        ("precision", 2.5, "precision must be from 1 to 17 digits, but got 2.5"),
        ("precision", None, "precision must be from 1 to 17 digits, but got None"),
        ("precision", True, "precision must be from 1 to 17 digits, but got True"),
        ("depth", -1, "depth is how deep groups are open, from 0 (none) on, but got -1"),
        ("seconds", 0, "seconds must be more than 0 and less than 1000, such as 1.5, but got 0"),
        ("seconds", 1000, "seconds must be more than 0 and less than 1000, such as 1.5, but got 1000"),
        ("seconds", float("nan"), "seconds must be more than 0 and less than 1000, such as 1.5, but got nan"),
        ("scale", 0, "scale must be more than 0 and less than 1000, such as 2, but got 0"),
        ("timeout", 0, "timeout is how many seconds the drawing may take, such as 60, but got 0"),
        ("timeout", "long", "timeout is how many seconds the drawing may take, such as 60, but got 'long'"),
    ],
)
def test_a_wrong_value_is_refused(name: str, wrong: object, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        draw_options(**{name: wrong})
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("precision", 1),
        ("precision", 17),
        ("depth", None),
        ("depth", 0),
        ("scale", None),
        ("scale", 0.5),
        ("timeout", None),
    ],
)
def test_a_right_value_is_kept(name: str, value: object) -> None:
    made = draw_options(**{name: value})
    assert getattr(made if hasattr(made, name) else made.circuit, name) == value


@pytest.fixture
def another(monkeypatch: pytest.MonkeyPatch) -> None:
    """One more row, as a commit would add it, and the field of a drawing that keeps it."""
    row = Option(
        "grid",
        "--grid-size",
        "How many cells a heat map has.",
        default=8,
        range=Range(1, 64, "is from 1 to 64 cells", whole=True),
        metavar="CELLS",
        setting=True,
    )
    more = make_dataclass("MoreOptions", [("grid", int, field(default=8))], bases=(DrawOptions,), frozen=True)
    monkeypatch.setitem(OPTIONS, "grid", row)
    monkeypatch.setattr(options, "DrawOptions", more)
    monkeypatch.setitem(options._DRAWING, "grid", 8)

    @click.command("render")
    @click.argument("target")
    @cli_options.every
    @click.pass_context
    def command(ctx: click.Context, /, **given: Any) -> None:
        click.echo(repr(given["grid"]))

    monkeypatch.setattr(render, "command", command)


class TestAdding:
    """A new option is its row and the place that uses it; everything else reads the row."""

    pytestmark = pytest.mark.usefixtures("another")

    def test_python_keeps_and_checks_it(self) -> None:
        assert draw_options().grid == 8  # type: ignore[attr-defined]
        assert draw_options(grid=3).grid == 3  # type: ignore[attr-defined]
        with pytest.raises(UsageError, match="grid is from 1 to 64 cells, but got 65"):
            draw_options(grid=65)
        with pytest.raises(UsageError, match="there is no drawing option 'grd'; did you mean 'grid'"):
            draw_options(grd=3)

    @pytest.mark.parametrize(
        ("words", "environment", "result"),
        [([], {}, "8"), (["--grid-size", "3"], {}, "3"), ([], {"BPVIZ_GRID_SIZE": "5"}, "5")],
    )
    def test_the_command_line_and_the_environment_have_it(
        self, words: list[str], environment: dict[str, str], result: str
    ) -> None:
        done = CliRunner().invoke(render.command, ["f.py", *words], env=environment)
        assert done.output == f"{result}\n"

    def test_the_help_and_the_check_of_the_command_line_have_it(self) -> None:
        help = CliRunner().invoke(render.command, ["--help"], terminal_width=200).output
        assert re.search(r"--grid-size CELLS +How many cells a heat map has\. +\[default: 8; 1<=x<=64\]", help)
        done = CliRunner().invoke(render.command, ["f.py", "--grid-size", "65"])
        assert done.exit_code == 2
        assert "65 is not in the range 1<=x<=64" in done.output

    def test_settings_and_documents_have_it(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "pyproject.toml").write_text("[tool.bpviz]\ngrid-size = 6\n")
        monkeypatch.chdir(tmp_path)
        assert request.settings(tmp_path) == {"grid": "6"}
        assert "grid-size" in request.names()
        assert request.parsed("a marker", ["f.py"]).params["grid"] == 6
        assert request.parsed("a marker", ["f.py", *request.spelled({"grid-size": "7"})]).params["grid"] == 7

    def test_another_command_may_change_the_help(self) -> None:
        @click.command()
        @option("grid", help="Cells.", setting=False)
        def command(grid: int) -> None:
            click.echo(grid)

        assert command.params[0].help == "Cells."  # type: ignore[attr-defined]
        assert CliRunner().invoke(command, [], env={"BPVIZ_GRID_SIZE": "5"}).output == "8\n"


def test_settings_of_other_commands_are_those_of_the_options_that_they_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.bpviz]\nprecision = 2\nformat = "png"\n')
    (tmp_path / "m.py").write_text("def f(x=2.0):\n    return x * x / 3\n")
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(bpviz.cli.main, ["explain", "m.py"])  # type: ignore[attr-defined]
    assert (done.exit_code, "1.3" in done.output, "1.333" in done.output) == (0, True, False)
