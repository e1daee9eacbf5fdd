"""Options that several commands have, each written once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

__all__ = ["check", "differentiated", "lang", "of", "outputs", "precision", "theme"]

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def outputs(help: str) -> Decorator:
    """The option of the files to write, which each command explains in its own words."""
    return click.option("-o", "--output", "outputs", multiple=True, metavar="FILE", help=help)


precision = click.option(
    "--precision",
    type=click.IntRange(1, 17),
    default=4,
    envvar="BPVIZ_PRECISION",
    show_default=True,
    help="Significant digits.",
)


def _chosen(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """The language that is named; ``None`` where the environment has it, which `bpviz.text.language.language` reads."""
    named = ctx.get_parameter_source(str(parameter.name)) is not click.core.ParameterSource.ENVIRONMENT
    return value if named else None


lang = click.option(
    "--lang",
    envvar="BPVIZ_LANG",
    callback=_chosen,
    metavar="NAME",
    help="The language of bpviz's own words: en, ja, or a file of your own: fr.toml. [default: en]",
)

theme = click.option(
    "--theme",
    default="light",
    envvar="BPVIZ_THEME",
    show_default=True,
    metavar="NAME",
    help="light, dark, auto (the reader's), book, print, cs231n, or a file of your own: my.toml.",
)

of = click.option(
    "--of", "of", metavar="NAME", help="The value whose gradient is taken. [default: what the function returns]"
)


class _Names(click.ParamType):  # type: ignore[type-arg]
    """Names with commas between them; in settings a list of names as well."""

    name = "names"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the names as one text."""
        return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


_wrt = click.option(
    "--wrt",
    type=_Names(),
    envvar="BPVIZ_WRT",
    metavar="NAMES",
    help="What is differentiated: parameters, attributes, globals: --wrt W1,b1. [default: all inputs]",
)
_freeze = click.option(
    "--freeze",
    type=_Names(),
    envvar="BPVIZ_FREEZE",
    metavar="NAMES",
    help="What is not: --freeze x,t. It is shown as a constant.",
)


def differentiated(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the two options that choose what is differentiated."""
    return _wrt(_freeze(command))


check = click.option("--check", is_flag=True, help="Write nothing; exit 1 if a file is not what would be written.")
