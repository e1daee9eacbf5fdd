"""``bpviz diff``: the differences between two models, or two runs of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from bpviz.cli import options, terminal
from bpviz.cli.models import recorded, user_code
from bpviz.cli.output import destination, put, report_file, word_destinations, write_files
from bpviz.errors import UsageError

if TYPE_CHECKING:
    from bpviz.drawing.drawing import Drawing
    from bpviz.drawing.load import Target
    from bpviz.graph.flow import Flow
    from bpviz.graph.graph import Graph

__all__ = ["command"]


@click.command("diff", short_help="Compare two models, or two runs of one.")
@click.argument("before", metavar="A")
@click.argument("after", metavar="[B]", required=False)
@click.option("--set-a", "values_a", multiple=True, metavar="NAME=VALUE", help="Another value for an input of A.")
@click.option("--set-b", "values_b", multiple=True, metavar="NAME=VALUE", help="Another value for an input of B.")
@options.option(
    "outputs", help="Also draw B, with the numbers of A beside its own; .md, .html, .txt and .json hold the words."
)
@options.option("format", setting=False, help="The format of the figure; wins over the suffix.")
@options.option("as_json")
@options.option("of", help="The value whose gradients are compared. [default: the result]")
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0),
    default=1e-9,
    show_default=True,
    help="Numbers that lie no further apart, in relation to their size, are the same.",
)
@options.option("wrt")
@options.option("freeze")
@options.option("precision")
@options.option("theme")
@options.option("lang")
@options.option("verify")
@options.option("model_timeout")
@options.option("force")
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
    wrt: str | None,
    freeze: str | None,
    tolerance: float,
    precision: int,
    theme: str,
    lang: str | None,
    verify: bool,
    model_timeout: float | None,
    force: bool,
) -> None:
    """Compare the models A and B: steps, values and gradients; exit 0 when nothing differs, 1 when something does.

    A and B are what ``bpviz render`` takes. Without B, A is compared with itself, run with other values.

    \b
    bpviz diff old.py new.py                        two models
    bpviz diff apples.py --set-b tax=1.2            one model, run twice
    bpviz diff old.py new.py -o changes.svg         the figure, with what is new in front
    """
    if after is None and not (values_a or values_b):
        raise UsageError(f"{before} is to be compared with what? Name a second model, or give --set-b tax=1.2")
    if before == after == "-":
        raise UsageError("standard input (-) can be one of the two models, not both; name a file for the other")
    from bpviz.drawing.load import load
    from bpviz.drawing.model_time import limited_model
    from bpviz.drawing.models import apart
    from bpviz.graph.verification import verified
    from bpviz.reports.report import is_text_file

    # Checked first, so that a wrong one is refused before anything is run or printed.
    texts = [output for output in outputs if not format and is_text_file(output)]
    pages = word_destinations(texts, None) if texts else []
    pictures = [output for output in outputs if output not in texts]
    for picture in pictures:
        destination(picture, format)
    report: Any

    def run(model: Target, values: tuple[str, ...], option: str) -> tuple[Graph | Flow | Drawing, str]:
        with limited_model(model_timeout):
            return recorded(model, values, option, wrt=wrt, freeze=freeze)

    with verified(verify):
        if after is None:
            # Loaded once and run twice, because standard input cannot be read again.
            with limited_model(model_timeout), user_code():
                model = load(before)
            first, _ = run(model, values_a, "--set-a")
            second, stem = run(model, values_b, "--set-b")
        else:
            # Helpers of a model in another folder may have the same names.
            with apart():
                first, _ = run(before, values_a, "--set-a")
            second, stem = run(after, values_b, "--set-b")
    with user_code():
        from bpviz.reports.comparison import diff

        report = diff(first, second, output=of, tolerance=tolerance, precision=precision, lang=lang)
    if as_json:
        terminal.result_bytes(report.to_json().encode())
    else:
        terminal.result(str(report))
    if pictures:
        write_files(ctx, report.draw(theme=theme), pictures, stem, format)
    put(ctx, [report_file(report, path, kind) for path, kind in pages])
    ctx.exit(0 if report.same else 1)
