"""``bpviz render``: the figure of a model, as files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bpviz.cli import options as choices
from bpviz.cli.models import drawing_of, what_if_of
from bpviz.cli.output import destination, write_files

if TYPE_CHECKING:
    from bpviz.drawing.drawing import Drawing
    from bpviz.drawing.load import Loaded, Source, Target

__all__ = ["command", "drawn"]


class _Render(click.Command):
    """The command, which remembers its words as they were given: --watch gives them to a process of its own."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[_GIVEN] = list(args)
        return super().parse_args(ctx, args)


_GIVEN = "bpviz.recording.inputs"


@click.command("render", cls=_Render)
@click.argument("target")
@choices.outputs(
    "Where to write; repeat it for several files; - is stdout, step-%02d.svg a file for every step. "
    "[default: NAME.svg here]",
)
@click.option(
    "-f",
    "--format",
    "format",
    envvar="BPVIZ_FORMAT",
    metavar="FORMAT",
    help="svg, png, pdf, tex, html, gif, …; wins over the suffix.",
)
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="NAME=VALUE",
    help="Another value for an input: --set tax=1.2, --set 'W=[[1, 2]]'.",
)
@click.option(
    "--what-if",
    "changes",
    multiple=True,
    metavar="NAME=VALUE",
    help="Old and new numbers, as if this input had another value: --what-if tax=1.2.",
)
@click.option(
    "--show",
    type=click.Choice(["both", "forward", "backward"]),
    default="both",
    envvar="BPVIZ_SHOW",
    show_default=True,
    help="Which arrows are drawn.",
)
@click.option(
    "--labels",
    type=click.Choice(["values", "symbols", "rules", "none"]),
    default="values",
    envvar="BPVIZ_LABELS",
    show_default=True,
    help="What stands at the arrows.",
)
@click.option(
    "--depth", type=click.IntRange(min=0), envvar="BPVIZ_DEPTH", help="Close groups that lie deeper (0: all)."
)
@click.option(
    "--open", "open_", multiple=True, metavar="GROUP", help="Show the inside of this group, whatever --depth says."
)
@click.option("--close", multiple=True, metavar="GROUP", help="Show this group as one box.")
@choices.of
@choices.differentiated
@click.option(
    "--highlight",
    "--path",
    "path",
    default="",
    metavar="A[..B]",
    help="Light the paths from a value to the output, or to another: --highlight bias, --path bias..loss.",
)
@click.option("--only", default="", metavar="A..B", help="Show these paths alone, and what feeds them.")
@click.option(
    "--elements",
    multiple=True,
    is_flag=False,
    flag_value="",
    metavar="[ELEMENTS]",
    help="Open arrays into single numbers: all, or what has to do with some: --elements 'W[0,:]'.",
)
@click.option("--beside", is_flag=True, help="With --elements: show the arrays on the same page.")
@click.option(
    "--grad",
    multiple=True,
    metavar="NAME",
    help="Draw the graph that computes the gradient of this input (W,b: of both); again for the second derivative.",
)
@click.option("--plumbing", is_flag=True, help="With --grad: show also what only brings numbers into another shape.")
@click.option(
    "--shared", is_flag=True, envvar="BPVIZ_SHARED", help="Mark what is computed once on the way back and used again."
)
@click.option(
    "--direction",
    type=click.Choice(["LR", "TB"], case_sensitive=False),
    default="LR",
    envvar="BPVIZ_DIRECTION",
    show_default=True,
    help="Left to right, or top to bottom.",
)
@choices.theme
@choices.precision
@choices.lang
@click.option("--title", default="", envvar="BPVIZ_TITLE", metavar="TEXT", help="A line above the figure.")
@click.option(
    "--engine",
    type=click.Choice(["auto", "bundled", "system"]),
    default="auto",
    envvar="BPVIZ_ENGINE",
    show_default=True,
    help="Which Graphviz lays it out.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=60.0,
    envvar="BPVIZ_TIMEOUT",
    show_default=True,
    metavar="SECONDS",
    help="How long the layout may take.",
)
@click.option("--animate", is_flag=True, help="SVG that moves by itself: forward, then backward.")
@click.option("--steps", is_flag=True, help="HTML in which the reader walks through the steps.")
@click.option(
    "--seconds-per-step",
    "seconds",
    type=click.FloatRange(min=0, max=1000, min_open=True, max_open=True),
    default=1.5,
    envvar="BPVIZ_SECONDS_PER_STEP",
    show_default=True,
    metavar="SECONDS",
    help="How long a step is shown in what moves: --animate, GIF, APNG, WebP.",
)
@click.option(
    "--scale",
    type=click.FloatRange(min=0, max=1000, min_open=True, max_open=True),
    envvar="BPVIZ_SCALE",
    metavar="FACTOR",
    help="Pixels of PNG, GIF, APNG, WebP: 1 is 96 an inch. [default: 2, or less for what moves and is wide]",
)
@choices.check
@click.option("--view", is_flag=True, help="Open the result; with --watch, a page that follows it.")
@click.option("--watch", is_flag=True, help="Draw again whenever the model is saved, until Ctrl-C.")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    target: str,
    outputs: tuple[str, ...],
    format: str | None,
    check: bool,
    view: bool,
    watch: bool,
    **options: Any,
) -> None:
    """Draw TARGET: FILE.py[:NAME], package.module:NAME, FILE.json or - (stdin).

    NAME is a function whose parameters have values, or a Graph, Flow or Drawing; without it main, or the only one
    there is. The file is run to get it, so draw only files that you would run.

    \b
    bpviz render apples.py                              writes apples.svg
    bpviz render apples.py:total -o a.png -o a.pdf      two formats
    bpviz render apples.py --set tax=1.2 --view         another input, and look
    bpviz render net.py --depth 0                       each function as one box
    bpviz render apples.py -o apples.html --steps       a page to walk through
    """
    if watch:
        _watch(ctx, target, outputs, format, check, view)
        return
    drawing, stem = drawn(ctx)
    written = write_files(ctx, drawing, outputs, stem, format, check)
    if view and written:
        _open(written, outputs)


def _open(written: Sequence[Path], outputs: Sequence[str]) -> None:
    """Open the first file, in which a viewer of pictures finds those beside it; say so where a browser does not."""
    from bpviz.files import numbered

    click.launch(str(written[0]))
    if outputs and numbered(Path(outputs[0]), 1):
        click.echo(
            f"bpviz: note: {written[0]} was opened, the first step; a page with all of them: --watch --view, or "
            "-o FILE.html --steps",
            err=True,
        )


def drawn(ctx: click.Context, source: Source | Loaded | None = None) -> tuple[Drawing, str]:
    """The drawing that the words of a command stand for, and the name that its files take.

    ``source`` is read in the place of standard input, where the target is ``-``.
    """
    from bpviz.drawing.load import Source

    own = {parameter.name for parameter in command.params}
    options = {name: value for name, value in ctx.params.items() if name in own}
    for name in ("outputs", "format", "check", "view", "watch"):
        options.pop(name, None)
    named: str = options.pop("target")
    target: Target = named
    if source is not None and (named == "-" or named.startswith("-:")):
        target = source.named(named[2:]) if isinstance(source, Source) else source
    assignments, changes, of = options.pop("assignments"), options.pop("changes"), options.pop("of")
    options["open"] = options.pop("open_")
    if "" in options["elements"]:
        options["elements"] = True
    options["direction"] = options["direction"].upper()
    if options["grad"] and ctx.get_parameter_source("show") is click.core.ParameterSource.DEFAULT:
        del options["show"]
    if changes:
        return what_if_of(target, assignments, changes, of, options)
    return drawing_of(target, assignments, of, options, ctx)


def _watch(
    ctx: click.Context, target: str, outputs: tuple[str, ...], format: str | None, check: bool, view: bool
) -> None:
    if check or "-" in outputs:
        raise click.UsageError(f"--watch writes files; leave out {'--check' if check else '-o -'}")
    from bpviz.cli.watch import watch
    from bpviz.drawing.load import stem_of

    named = outputs or [f"{stem_of(target)}.{(format or 'svg').lower()}"]
    # Asked now: no change of the model would mend it.
    places = [path for path, _ in (destination(output, format) for output in named) if path]
    once = [word for word in ctx.meta[_GIVEN] if word not in ("--watch", "--view")]
    watch(target, once, places, view=view)
