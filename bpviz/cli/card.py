"""``bpviz card``: the one-node figure of an operation."""

from __future__ import annotations

from pathlib import Path

import click

from bpviz.cli import options
from bpviz.cli.output import write_files

__all__ = ["command"]


@click.command("card", short_help="Draw the card of one operation.")
@click.argument("name", required=False, shell_complete=options.operations)
@options.option("outputs", help="Where to write. [default: NAME.svg here]")
@options.option("format", setting=False, help="svg, png, pdf, …; wins over the suffix.")
@click.option("--all", "everything", is_flag=True, help="One card for every operation, into the folder that -o names.")
@options.option("theme")
@options.option("lang")
@options.option("check")
@options.option("force")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    name: str | None,
    outputs: tuple[str, ...],
    format: str | None,
    everything: bool,
    theme: str,
    lang: str | None,
    check: bool,
    force: bool,
) -> None:
    """Draw the card of the operation NAME: one node, forward and backward in symbols.

    ``general`` is the card of any y = f(x). ``bpviz ops`` lists the operations.

    \b
    bpviz card multiply                 writes multiply.svg
    bpviz card relu -o relu.png
    bpviz card --all -o cards/          one file for each
    """
    from bpviz import ops
    from bpviz.drawing.draw import card
    from bpviz.figures.card import GENERAL

    if everything:
        if name or len(outputs) > 1:
            raise click.UsageError("--all takes no name and one folder: bpviz card --all -o cards/")
        folder = Path(outputs[0] if outputs else "cards")
        if not check:
            folder.mkdir(parents=True, exist_ok=True)
        for each in (GENERAL, *ops.OPERATIONS):
            drawing = card(each, theme=theme, lang=lang)
            write_files(ctx, drawing, [str(folder / f"{each}.{format or 'svg'}")], each, format, check)
        return
    if not name:
        raise click.UsageError("name an operation, for example: bpviz card multiply; `bpviz ops` lists them")
    row = GENERAL if name == GENERAL else ops.named(name).name
    write_files(ctx, card(row, theme=theme, lang=lang), outputs, row, format, check)
