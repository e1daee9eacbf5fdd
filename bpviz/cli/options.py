"""The options of commands, each made from its row in `bpviz.drawing.options`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import click

from bpviz.drawing.options import OPTIONS, Option

__all__ = ["alone", "every", "option"]

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
