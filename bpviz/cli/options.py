"""The options of commands, each made from its row in `bpviz.drawing.options`."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from typing import Any

import click

from bpviz.drawing.option import Option
from bpviz.drawing.options import OPTIONS

__all__ = ["alone", "every", "operations", "option"]

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def option(name: str, **changes: Any) -> Decorator:
    """Return the option of that name for a command; ``changes`` replace parts of it: ``help``, ``setting``.

    >>> command = click.command()(option("precision")(lambda precision: None))
    >>> command.params[0].envvar, command.params[0].default
    ('BPVIZ_PRECISION', 4)
    """
    row, setting = OPTIONS[name], changes.pop("setting", True)
    parts = {
        "help": row.help,
        "metavar": row.metavar,
        "envvar": row.variable if row.setting and setting else None,
        "callback": _CALLBACKS.get(name),
        "shell_complete": _COMPLETED.get(name),
        **_kind(row),
        **changes,
    }
    return click.option(*row.flags.split(), name, **parts)


def every(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command all options of the command line, in the order of the table."""
    for row in reversed(OPTIONS.values()):
        if row.flags:
            command = option(row.name)(command)
    return command


def alone(words: Iterable[str]) -> list[str]:
    """Return words of a command in which a flag that may have a value takes no other word for its value.

    >>> alone(["--live", "apples.py"]), alone(["--live", "tax=1..1.5", "apples.py"])
    (['--live=', 'apples.py'], ['--live', 'tax=1..1.5', 'apples.py'])
    """
    given = list(words)
    likes = {f"--{row.long}": row.like for row in OPTIONS.values() if row.like}
    return [
        f"{word}=" if word in likes and likes[word] not in after else word
        for word, after in zip(given, [*given[1:], ""], strict=False)
    ]


def _kind(row: Option) -> dict[str, Any]:
    """Return the kind of an option as click's keywords."""
    if row.default is False:
        return {"is_flag": True}
    if row.default == ():
        return {"multiple": True, **({} if row.alone is None else {"is_flag": False, "flag_value": row.alone})}
    known = {"default": row.default, "show_default": row.default not in (None, "")}
    if row.listed:
        return {"type": _Names(), **known}
    if row.choices:
        return {"type": click.Choice(row.choices, case_sensitive=not row.any_case), **known}
    if row.range:
        kind: Any = click.IntRange if row.range.whole else click.FloatRange
        bounds = {"min_open": row.range.open, "max_open": row.range.open and row.range.high is not None}
        return {"type": kind(row.range.low, row.range.high, **bounds), **known}
    return known


class _Names(click.ParamType):  # type: ignore[type-arg]
    """Names with commas between them; in settings a list of names as well."""

    name = "names"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the names as one text."""
        return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _named(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """Return the named language; ``None`` if it is from the environment, which `bpviz.text.language` reads."""
    is_named = ctx.get_parameter_source(str(parameter.name)) is not click.core.ParameterSource.ENVIRONMENT
    return value if is_named else None


_CALLBACKS = {"lang": _named}


def operations(ctx: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """Return the operations that a word on the command line may become."""
    from bpviz import ops

    return [name for name in sorted(ops.OPERATIONS) if name.startswith(begun)]


def _themes(ctx: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    from bpviz.picture.theme import names

    return [name for name in names() if name.startswith(begun)]


def _languages(ctx: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    from bpviz.text.language import languages

    return [name for name in languages() if name.startswith(begun)]


def _inputs(ctx: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    equals = "=" if parameter.name in ("assignments", "changes") else ""
    found = (arg.arg for node in _functions(ctx) for arg in (*node.args.args, *node.args.kwonlyargs))
    return [f"{name}{equals}" for name in dict.fromkeys(found) if name.startswith(begun) and name != "self"]


def _groups(ctx: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    return [name for name in dict.fromkeys(node.name for node in _functions(ctx)) if name.startswith(begun)]


def _functions(ctx: click.Context) -> list[ast.FunctionDef]:
    """Return the functions of the model that stands on the command line, which is read, and not run."""
    from bpviz.drawing.load import file_of

    # Before an option that has no value yet, click leaves the target among the words that it has not read.
    file = file_of(ctx.params.get("target") or next(iter(ctx.args), ""))
    try:
        tree = ast.parse(file.read_bytes() if file is not None else b"")
    except (OSError, ValueError, SyntaxError):
        return []
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


_COMPLETED = {
    "theme": _themes,
    "lang": _languages,
    "open": _groups,
    "close": _groups,
    **dict.fromkeys(("assignments", "changes", "wrt", "freeze", "grad", "path", "only", "of"), _inputs),
}
"""What a shell offers for a value."""
