"""``bpviz gradcheck``: gradients compared with central differences."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import click

from bpviz.cli import options, terminal
from bpviz.cli.models import recorded, user_code
from bpviz.cli.output import write_files
from bpviz.cli.terminal import Progress
from bpviz.errors import UsageError
from bpviz.progress import count

if TYPE_CHECKING:
    from bpviz.analysis.gradcheck import InputCheck, Report
    from bpviz.text.language import Language

__all__ = ["command"]


@click.command("gradcheck", short_help="Compare every gradient with differences.")
@click.argument("target")
@options.option("assignments", help="Another value for an input.")
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0, min_open=True),
    default=1e-5,
    show_default=True,
    help="The largest relative error that passes.",
)
@click.option(
    "--draw", "outputs", multiple=True, metavar="FILE", help="Also draw the figure, with the error at every input."
)
@options.option("as_json")
@options.option("wrt")
@options.option("freeze")
@options.option("lang")
@options.option("format", setting=False, help="The format of the figure; wins over the suffix.")
@options.option("verify")
@options.option("model_timeout")
@options.option("force")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    target: str,
    assignments: tuple[str, ...],
    tolerance: float,
    outputs: tuple[str, ...],
    as_json: bool,
    format: str | None,
    wrt: str | None,
    freeze: str | None,
    lang: str | None,
    verify: bool,
    model_timeout: float | None,
    force: bool,
) -> None:
    """Compare every gradient of TARGET with central differences; exit 1 when one is wrong.

    Small inputs are checked element by element, large ones by their slopes in random directions. At a kink of the
    function the result is "not differentiable here", which is no failure.

    \b
    bpviz gradcheck network.py
    bpviz gradcheck network.py:loss --set x=0 --draw checked.svg
    """
    from bpviz.analysis.gradcheck import gradcheck
    from bpviz.drawing.draw import draw, language_for
    from bpviz.drawing.drawing import Drawing
    from bpviz.drawing.model_time import limited_model
    from bpviz.graph.flow import Flow
    from bpviz.graph.graph import Graph
    from bpviz.graph.verification import verified

    with verified(verify), limited_model(model_timeout), Progress():
        thing, stem = recorded(target, assignments, wrt=wrt, freeze=freeze)
    say = language_for(thing, lang)
    source: Any = thing.source if isinstance(thing, Drawing) else thing
    if isinstance(thing, Drawing) and not isinstance(source, Flow | Graph):
        raise UsageError(f"{target} is a card, or several figures; name a function, a Graph or a Flow to check")
    with limited_model(model_timeout), user_code(), Progress():
        report = gradcheck(source, tolerance=tolerance, progress=partial(count, "compared {done} of {total}"))
    if as_json:
        terminal.result_bytes(report.to_json().encode())
    else:
        terminal.result(report.table(say))
    if outputs:
        names = {check.name: f"{check.name}\n{badge}" for check, badge in _badges(report, say)}
        drawing = draw(source, names=names, lang=say)
        write_files(ctx, drawing, outputs, stem, format)
    ctx.exit(0 if report.ok else 1)


def _badges(report: Report, say: Language) -> list[tuple[InputCheck, str]]:
    from bpviz.text.numerals import number

    marks = {"ok": "✓", "wrong": "✗", "not differentiable": say("kink"), "not finite": "?", "no gradient": "–"}
    return [
        (check, f"{marks[check.verdict]} {number(check.relative, 2) if check.compared else ''}".rstrip())
        for check in report.inputs
    ]
