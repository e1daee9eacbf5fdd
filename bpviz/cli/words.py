"""The words of ``bpviz render`` where documents say them: in a marker, a directive, a cell of a notebook."""

from __future__ import annotations

from collections.abc import Sequence

import click

from bpviz.cli import render
from bpviz.errors import UsageError

__all__ = ["parameters", "parsed"]

_COMMAND_LINE_ONLY = ("check", "view", "watch")


def parameters(without: Sequence[str] = ()) -> list[click.Parameter]:
    """The parameters of ``bpviz render`` that make sense in a document, but for those named."""
    left_out = (*_COMMAND_LINE_ONLY, *without)
    return [parameter for parameter in render.command.params if parameter.name not in left_out]


def parsed(
    what: str, words: Sequence[str], own: Sequence[click.Parameter] = (), without: Sequence[str] = ()
) -> click.Context:
    """The words as the options of ``what`` (its name in messages), for `bpviz.cli.render.drawn`.

    ``own`` are options that ``what`` has besides.

    >>> parsed("a marker", ["apples.py", "--theme", "dark"]).params["theme"]
    'dark'

    Raises `UsageError` for words that are no options, or values that these cannot have.
    """
    command = click.Command(what, params=[*parameters(without), *own], add_help_option=False)
    try:
        return command.make_context(what, list(words))
    except click.ClickException as error:
        raise UsageError(f"{what}: {error.format_message()}") from None
