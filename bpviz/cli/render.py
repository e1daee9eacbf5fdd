"""``bpviz render``: the figure of a model, as files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bpviz.cli import options, terminal
from bpviz.cli.models import descent_of, drawing_of, what_if_of
from bpviz.cli.output import destination, write_files
from bpviz.drawing.option import HEADINGS
from bpviz.drawing.options import OPTIONS

if TYPE_CHECKING:
    from bpviz.drawing.drawing import Drawing
    from bpviz.drawing.load import Loaded, Source, Target

__all__ = ["command", "drawn"]


class _Render(click.Command):
    """The command; it keeps its arguments, which --watch passes to another process, and its help has parts."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[_GIVEN] = list(args)
        return super().parse_args(ctx, options.alone(args))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each option below the heading that its row names."""
        lines = {str(param.name): param.get_help_record(ctx) for param in self.get_params(ctx)}
        parts = {name: OPTIONS[name].about if name in OPTIONS else "" for name in lines}
        for about, heading in {**HEADINGS, "": "More"}.items():
            rows = [line for name in lines if parts[name] == about and (line := lines[name]) is not None]
            with formatter.section(heading):
                formatter.write_dl(rows)


_GIVEN = "bpviz.given"


@click.command("render", short_help="Draw the figure of a model.", cls=_Render)
@click.argument("target")
@options.every
@click.pass_context
def command(
    ctx: click.Context,
    /,
    target: str,
    outputs: tuple[str, ...],
    format: str | None,
    as_json: bool,
    check: bool,
    view: bool,
    watch: bool,
    **others: Any,
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
    bpviz render apples.py -o apples.html --live        a page whose numbers follow its inputs
    bpviz render loss.py -o loss.gif --descend 20       gradient descent, step by step
    """
    if as_json:
        typed = ctx.get_parameter_source("format") is click.core.ParameterSource.COMMANDLINE
        if outputs or typed or watch or check or view:
            raise click.UsageError(
                "--json prints the computation to stdout, and goes with no other output; write a file with -o FILE.json"
            )
        outputs, format = ("-",), "json"
    if others["live"] and not any(_lives(output, format) for output in outputs or ("-",)):
        raise click.UsageError("--live makes a page of HTML; name one: -o FILE.html")
    if watch:
        _watch(ctx, target, outputs, format, check, view)
        return
    with terminal.timed("the model, forward and backward"), terminal.Progress():
        drawing, stem = drawn(ctx)
    written = write_files(ctx, drawing, outputs, stem, format, check)
    if view and written:
        _open(written, outputs)


def _lives(output: str, format: str | None) -> bool:
    from bpviz.writers import formats

    return formats.row_of(destination(output, format)[1]).lives


def _open(written: Sequence[Path], outputs: Sequence[str]) -> None:
    """Open the first file; print a note if it is only the first of several steps."""
    from bpviz.files import numbered

    click.launch(str(written[0]))
    if outputs and numbered(Path(outputs[0]), 1):
        terminal.inform(
            f"bpviz: note: {written[0]} was opened, the first step; a page with all of them: --watch --view, or "
            "-o FILE.html --steps"
        )


def drawn(ctx: click.Context, source: Source | Loaded | None = None) -> tuple[Drawing, str]:
    """Return the drawing for the arguments of a command, and the name for its files.

    ``source`` replaces standard input if the target is ``-``.
    """
    from bpviz.drawing.load import Source
    from bpviz.drawing.model_time import limited_model
    from bpviz.graph.verification import verified

    given = ctx.params
    named: str = given["target"]
    target: Target = named
    if source is not None and (named == "-" or named.startswith("-:")):
        target = source.named(named[2:]) if isinstance(source, Source) else source
    chosen = {row.name: given[row.name] for row in OPTIONS.values() if row.taken_by == "draw" and row.name in given}
    if "" in chosen["elements"]:
        chosen["elements"] = True
    if chosen["grad"] and ctx.get_parameter_source("show") is click.core.ParameterSource.DEFAULT:
        del chosen["show"]
    steps, rate = given["descend"], given["rate"]
    if rate is not None and steps is None:
        raise click.UsageError("--rate goes with --descend; give the number of steps: --descend 20")
    if steps is not None and given["changes"]:
        raise click.UsageError("--what-if and --descend are two figures; give one of them")
    with verified(given["verify"]), limited_model(given["model_timeout"]):
        if steps is not None:
            # All steps are walked through in HTML.
            del chosen["steps"]
            return descent_of(target, given["assignments"], given["of"], steps, rate, chosen)
        if given["changes"]:
            return what_if_of(target, given["assignments"], given["changes"], given["of"], chosen)
        return drawing_of(target, given["assignments"], given["of"], chosen, ctx)


def _watch(
    ctx: click.Context, target: str, outputs: tuple[str, ...], format: str | None, check: bool, view: bool
) -> None:
    if check or "-" in outputs:
        raise click.UsageError(f"--watch writes files; leave out {'--check' if check else '-o -'}")
    from bpviz.cli.watch import watch
    from bpviz.drawing.load import stem_of

    named = outputs or [f"{stem_of(target)}.{(format or 'svg').lower()}"]
    # Checked now: no change of the model can correct a wrong option.
    places = [path for path, _ in (destination(output, format) for output in named) if path]
    once = [word for word in ctx.meta[_GIVEN] if word not in ("--watch", "--view")]
    watch(target, once, places, view=view)
