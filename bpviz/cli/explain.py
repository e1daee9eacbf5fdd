"""``bpviz explain``: the effect of every value on the output, and of changed inputs."""

from __future__ import annotations

from functools import partial
from typing import Any

import click

from bpviz.cli import options
from bpviz.cli.models import user_code, values_for
from bpviz.cli.output import put, report_file, word_destinations

__all__ = ["command"]


@click.command("explain", short_help="Explain what every value does to the output.")
@click.argument("target")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@options.option(
    "outputs", help="Where to write: .txt, .md, .json or .html; repeat it for several files. [default: stdout]"
)
@options.option("format", setting=False, help="text, markdown or html; wins over the suffix.")
@options.option("as_json")
@options.option(
    "assignments", help="What if this input had another value? --set tax=1.2; repeat it to change several at once."
)
@options.option("of")
@options.option("wrt")
@options.option("freeze")
@options.option("precision")
@options.option("lang")
@options.option("verify")
@options.option("model_timeout")
@options.option("check")
@options.option("force")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    target: str,
    names: tuple[str, ...],
    outputs: tuple[str, ...],
    format: str | None,
    as_json: bool,
    assignments: tuple[str, ...],
    of: str | None,
    wrt: str | None,
    freeze: str | None,
    precision: int,
    lang: str | None,
    verify: bool,
    model_timeout: float | None,
    check: bool,
    force: bool,
) -> None:
    """Explain what every value of TARGET does to the output: in a table, link by link, path by path.

    TARGET is what ``bpviz render`` takes. With NAMEs, only these variables are explained.

    \b
    bpviz explain apples.py                        the table, and every chain
    bpviz explain apples.py price                  one variable
    bpviz explain apples.py --set tax=1.2          what if tax were 1.2: predicted and true
    bpviz explain apples.py -o apples.html         a page with the figure in it
    """
    from bpviz.drawing.model_time import limited_model
    from bpviz.graph.verification import verified

    plans = word_destinations(outputs, format, as_json)
    with limited_model(model_timeout), user_code(), verified(verify):
        from bpviz.drawing.load import load
        from bpviz.reports.explanation import explain
        from bpviz.sources.registry import required_of_foreign

        found = load(target)
        thing: Any = found.thing
        values = values_for(thing, assignments)
        given: dict[str, Any] = {"output": of, "wrt": wrt, "freeze": freeze}
        if found.arguments or required_of_foreign(thing):
            needed = {name: values.pop(name) for name in required_of_foreign(thing) if name in values}
            given["inputs"] = {**found.arguments, **needed}
        elif callable(thing):
            thing, values = _with_all_values(thing, values)
        more: dict[str, Any] = {name: value for name, value in given.items() if value}
        report = explain(thing, variables=names, what_if=values or None, precision=precision, lang=lang, **more)
    put(ctx, [report_file(report, path, kind) for path, kind in plans], check)


def _with_all_values(function: Any, values: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Return the function with values for the parameters that need one, and the remaining values."""
    import inspect

    parameters = inspect.signature(function).parameters
    bare = [name for name, parameter in parameters.items() if parameter.default is inspect.Parameter.empty]
    needed = {name: values.pop(name) for name in bare if name in values}
    return (partial(function, **needed) if needed else function), values
