"""The command line: ``bpviz render model.py`` and the other commands, each in a module of this package.

Results go to stdout or files, everything else to stderr. Exit codes: 0 done; 1 the model raised, a check failed or a
file is stale; 2 wrong usage; 3 Graphviz or an extra is missing.
"""

from __future__ import annotations

import importlib
import io
import shlex
import sys
from pathlib import Path
from typing import Any

import click

import bpviz
from bpviz.cli import terminal
from bpviz.cli.output import WRITTEN
from bpviz.cli.settings import settings_file
from bpviz.errors import BpvizError, ModelFailed, UsageError, closest

__all__ = ["main"]

_COMMANDS = {
    "render": "bpviz.cli.render",
    "explain": "bpviz.cli.explain",
    "diff": "bpviz.cli.diff",
    "gradcheck": "bpviz.cli.gradcheck",
    "card": "bpviz.cli.card",
    "embed": "bpviz.hosts.embed",
    "ops": "bpviz.cli.ops",
    "doctor": "bpviz.cli.doctor",
}
"""Every command, with its module."""


class _Interrupted(BpvizError):
    """The user interrupted the command; the files were written before."""

    exit_code = 130

    def __init__(self, written: list[str]) -> None:
        done = f"written before: {', '.join(written)}" if written else "nothing was written"
        super().__init__(f"interrupted; {done}")


class _Commands(click.Group):
    """The commands, each loaded when it is used; they end with bpviz's exit codes and messages."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(_COMMANDS[cmd_name]).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        word = args[0] if args else ""
        if word and word not in _COMMANDS and not word.startswith("-"):
            raise UsageError(f"there is no command {word!r}; {_meant(word, args[1:])}")
        return super().resolve_command(ctx, args)

    def main(self, *args: Any, **keywords: Any) -> Any:
        keywords["standalone_mode"] = False
        try:
            code = super().main(*args, **keywords)
            sys.exit(code if isinstance(code, int) else 0)
        except click.ClickException as error:
            shown = io.StringIO()
            error.show(shown)
            terminal.inform(shown.getvalue(), nl=False)
            sys.exit(error.exit_code)
        except (KeyboardInterrupt, click.Abort):
            terminal.inform("bpviz: interrupted")
            sys.exit(_Interrupted.exit_code)
        except ModelFailed as error:
            terminal.inform(f"{error.traceback}bpviz: {error}; nothing was written")
            sys.exit(error.exit_code)
        except BpvizError as error:
            terminal.inform(f"bpviz: {error}")
            sys.exit(error.exit_code)
        except OSError as error:
            # What a command reads and writes has messages of its own; help and versions are click's.
            terminal.discard()
            what = repr(error.filename) if error.filename else "standard output"
            terminal.inform(f"bpviz: {what} cannot be used: {error.strerror or error}; check it, and try again")
            sys.exit(UsageError.exit_code)

    def make_context(self, *args: Any, **keywords: Any) -> click.Context:
        try:
            return super().make_context(*args, **keywords)
        except KeyboardInterrupt:
            raise _Interrupted([]) from None

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise _Interrupted(ctx.meta.get(WRITTEN, [])) from None
        except click.BadParameter as error:
            where = _set_elsewhere(error)
            if not where:
                raise
            raise click.BadParameter(f"{error.message} {where}", error.ctx, error.param) from None
        except BrokenPipeError:
            # The reader of stdout has closed it (`| head`).
            terminal.discard()
            sys.exit(0)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(bpviz.__version__, "-V", "--version", prog_name="bpviz")
@click.pass_context
def main(ctx: click.Context) -> None:
    """The textbook figure of backpropagation, from a plain Python function.

    \b
    Write a function whose parameters have values:
        def total(price=100, count=2, tax=1.1):
            subtotal = price * count
            return subtotal * tax
    and draw it:
        bpviz render apples.py

    Options of the looks can also be set as BPVIZ_NAME in the environment, or in [tool.bpviz] of
    pyproject.toml.
    """
    from bpviz.cli.request import settings

    found = settings(Path.cwd())
    ctx.default_map = {
        command: {name: value for name, value in found.items() if (command, name) not in _OTHERWISE}
        for command in _COMMANDS
    }


def _meant(word: str, rest: list[str]) -> str:
    """Return what to write instead of a word that is no command: one that is like it, or a figure of this file."""
    file = Path(word.partition(":")[0])
    close = closest(word, _COMMANDS)
    if file.suffix in (".py", ".json") or file.is_file() or (":" in word and not close):
        return f"did you mean: {shlex.join(['bpviz', 'render', word, *rest])}"
    if close:
        return f"did you mean: {shlex.join(['bpviz', close, *rest])}"
    return f"there are: {', '.join(_COMMANDS)}"


def _set_elsewhere(error: click.BadParameter) -> str:
    """Return the source of a wrong value, if it is not the command line."""
    option, ctx = error.param, error.ctx
    if option is None or ctx is None or option.name is None:
        return ""
    source = ctx.get_parameter_source(option.name)
    if source is click.core.ParameterSource.ENVIRONMENT:
        return f"(set as {option.envvar} in the environment)"
    if source is click.core.ParameterSource.DEFAULT_MAP:
        return f"(set in [tool.bpviz] of {settings_file(Path.cwd())})"
    return ""


_OTHERWISE = (("explain", "format"), ("gradcheck", "format"))
"""Options of a command that are not the setting with the same name."""
