"""``bpviz explain``: why every number is what it is, and what would become of the output."""

from __future__ import annotations

from functools import partial
from typing import Any

import click

from bpviz.cli import options as choices
from bpviz.cli.models import user_code, values_for
from bpviz.cli.output import put, told_file, word_destinations

__all__ = ["command"]


@click.command("explain")
@click.argument("target")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@choices.outputs(
    "Where to write: .txt, .md, .json or .html; repeat it for several files. [default: stdout]",
)
@click.option("-f", "--format", metavar="FORMAT", help="text, markdown, json or html; wins over the suffix.")
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="NAME=VALUE",
    help="What if this input had another value? --set tax=1.2; repeat it to change several at once.",
)
@choices.of
@choices.differentiated
@choices.precision
@choices.lang
@choices.check
@click.pass_context
def command(
    ctx: click.Context,
    /,
    target: str,
    names: tuple[str, ...],
    outputs: tuple[str, ...],
    format: str | None,
    assignments: tuple[str, ...],
    of: str | None,
    wrt: str | None,
    freeze: str | None,
    precision: int,
    lang: str | None,
    check: bool,
) -> None:
    """Tell what every value of TARGET does to the output: in a table, link by link, path by path.

    TARGET is what ``bpviz render`` takes. With NAMEs only these variables are told.

    \b
    bpviz explain apples.py                        the table, and every chain
    bpviz explain apples.py price                  one variable
    bpviz explain apples.py --set tax=1.2          what if tax were 1.2: foretold and true
    bpviz explain apples.py -o apples.html         a page with the figure in it
    """
    plans = word_destinations(outputs, format)
    with user_code():
        from bpviz.drawing.load import load
        from bpviz.reports.explanation import explain

        thing: Any = load(target).thing
        values = values_for(thing, assignments)
        if callable(thing):
            thing, values = _with_all_values(thing, values)
        given = {"output": of, "wrt": wrt, "freeze": freeze}
        options: dict[str, Any] = {key: value for key, value in given.items() if value}
        told = explain(thing, variables=names, what_if=values or None, precision=precision, lang=lang, **options)
    put(ctx, [told_file(told, path, kind) for path, kind in plans], check)


def _with_all_values(function: Any, values: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The function with the values of parameters that have none of their own: those change nothing, they are needed."""
    import inspect

    parameters = inspect.signature(function).parameters
    bare = [name for name, parameter in parameters.items() if parameter.default is inspect.Parameter.empty]
    needed = {name: values.pop(name) for name in bare if name in values}
    return (partial(function, **needed) if needed else function), values
