"""The arguments of ``bpviz render`` in documents: in a marker, a directive, a cell of a notebook."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from bpviz.cli import options, render
from bpviz.cli.settings import project_settings
from bpviz.drawing.options import OPTIONS
from bpviz.errors import UsageError

__all__ = ["OF_FILES", "names", "parameters", "parsed", "settings", "spelled", "split_words"]

_TERMINAL = tuple(row.name for row in OPTIONS.values() if row.taken_by == "terminal")
OF_FILES = tuple(row.name for row in OPTIONS.values() if row.builders)
"""The options of ``bpviz render`` that the builder of a document chooses, because it writes the files."""


def parameters(without: Sequence[str] = ()) -> list[click.Parameter]:
    """Return the parameters of ``bpviz render`` that make sense in a document, except those named."""
    left_out = (*_TERMINAL, *without)
    return [parameter for parameter in render.command.params if parameter.name not in left_out]


def names(without: Sequence[str] = ()) -> dict[str, click.Option]:
    """Return these parameters by the long names of the options: ``theme``, ``what-if``.

    >>> names()["what-if"].multiple
    True
    """
    options = [parameter for parameter in parameters(without) if isinstance(parameter, click.Option)]
    return {
        name[2:]: option
        for option in options
        for name in (*option.opts, *option.secondary_opts)
        if name.startswith("--")
    }


def settings(folder: Path) -> dict[str, Any]:
    """Return the settings of a folder by the names of parameters, for options whose row allows a setting.

    Raises what `bpviz.cli.settings.project_settings` raises.
    """
    known = {row.key: row.name for row in OPTIONS.values() if row.setting}
    return {known[key]: value for key, value in project_settings(folder, known).items()}


def parsed(
    what: str, words: Sequence[str], own: Sequence[click.Parameter] = (), without: Sequence[str] = ()
) -> click.Context:
    """Parse words as options of ``what`` (its name in messages), for `bpviz.cli.render.drawn`.

    ``own`` are additional options of ``what``. Options that are not among the words have the values of the settings of
    the working directory.

    >>> parsed("a marker", ["apples.py", "--theme", "dark"]).params["theme"]
    'dark'

    Raises `UsageError` for words that are no options, and for wrong values.
    """
    command = click.Command(what, params=[*parameters(without), *own], add_help_option=False)
    try:
        return command.make_context(what, options.alone(words), default_map=settings(Path.cwd()))
    except click.ClickException as error:
        raise UsageError(f"{what}: {error.format_message()}") from None


def spelled(options: Mapping[str, str]) -> list[str]:
    """Return options by name, as in directives and the first lines of code blocks, as words of a command.

    An option that can be repeated takes several values, separated by spaces; one without a value takes an empty text,
    or its own name.

    >>> spelled({"theme": "dark", "set": "tax=1.2 count=3", "shared": ""})
    ['--theme=dark', '--set=tax=1.2', '--set=count=3', '--shared']
    """
    return [word for name, value in options.items() for word in _spelled(name, value)]


def _spelled(given: str, value: str) -> Iterator[str]:
    name = given.replace("_", "-")
    option = names().get(name)
    # The parser has a message for an unknown name.
    alone = option is not None and (option.is_flag or isinstance(option.flag_value, str))
    if alone and value in ("", given):
        yield f"--{name}"
    elif option is not None and option.multiple:
        yield from (f"--{name}={part}" for part in split_words(value))
    else:
        yield f"--{name}={value}"


def split_words(text: str) -> list[str]:
    """Return the words of a text, as a shell splits them.

    Raises `UsageError` where a quote is not closed.
    """
    try:
        return shlex.split(text)
    except ValueError as error:
        raise UsageError(f"the words {text!r} cannot be split ({str(error).lower()}); close the quotes") from None
