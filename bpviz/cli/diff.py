"""``bpviz diff``: what differs between two models, or two runs of one."""

from __future__ import annotations

from typing import Any

import click

from bpviz.cli.output import write_files
from bpviz.cli.session import recorded, user_code
from bpviz.errors import UsageError

__all__ = ["command"]


@click.command("diff")
@click.argument("before", metavar="A")
@click.argument("after", metavar="[B]", required=False)
@click.option("--set-a", "values_a", multiple=True, metavar="NAME=VALUE", help="Another value for an input of A.")
@click.option("--set-b", "values_b", multiple=True, metavar="NAME=VALUE", help="Another value for an input of B.")
@click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    metavar="FILE",
    help="Also draw B, with the numbers of A beside its own.",
)
@click.option("-f", "--format", metavar="FORMAT", help="The format of the figure; wins over the suffix.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.option("--of", "of", metavar="NAME", help="The value whose gradients are compared. [default: the result]")
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0),
    default=1e-9,
    show_default=True,
    help="Numbers that lie no further apart, in relation to their size, are the same.",
)
@click.option(
    "--precision",
    type=click.IntRange(1, 17),
    default=4,
    envvar="BPVIZ_PRECISION",
    show_default=True,
    help="Significant digits.",
)
@click.option(
    "--theme", default="light", envvar="BPVIZ_THEME", show_default=True, metavar="NAME", help="As in bpviz render."
)
@click.pass_context
def command(
    ctx: click.Context,
    /,
    before: str,
    after: str | None,
    values_a: tuple[str, ...],
    values_b: tuple[str, ...],
    outputs: tuple[str, ...],
    format: str | None,
    as_json: bool,
    of: str | None,
    tolerance: float,
    precision: int,
    theme: str,
) -> None:
    """Compare the models A and B: steps, values and gradients; exit 0 when nothing differs, 1 when something does.

    A and B are what ``bpviz render`` takes. Without B, A is compared with itself, run with other values.

    \b
    bpviz diff old.py new.py                        two models
    bpviz diff apples.py --set-b tax=1.2            one model, run twice
    bpviz diff old.py new.py -o changes.svg         the figure, what is new in front
    """
    if after is None and not (values_a or values_b):
        raise UsageError(f"{before} is to be compared with what? Name a second model, or give --set-b tax=1.2")
    told: Any
    first, _ = recorded(before, values_a, "--set-a")
    second, stem = recorded(after or before, values_b, "--set-b")
    with user_code():
        from bpviz.comparison import diff

        told = diff(first, second, output=of, tolerance=tolerance, precision=precision)
    click.echo(told.to_json() if as_json else str(told), nl=not as_json)
    if outputs:
        write_files(ctx, told.draw(theme=theme), outputs, stem, format)
    ctx.exit(0 if told.same else 1)
