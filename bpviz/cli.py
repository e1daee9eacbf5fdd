"""The command line: ``bpviz render model.py`` and its companions.

Results go to stdout or files, everything else to stderr. Exit codes: 0 done; 1 the model raised, a check failed or a
file is stale; 2 wrong usage; 3 Graphviz or an extra is missing.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import bpviz
from bpviz.errors import BpvizError, UsageError, did_you_mean
from bpviz.settings import project_settings

if TYPE_CHECKING:
    from bpviz.drawing import Drawing
    from bpviz.load import Thing

__all__ = ["main"]


_SETTINGS = ("format", "show", "labels", "depth", "direction", "theme", "precision", "title", "engine", "timeout")


class _Commands(click.Group):
    """A group of commands that ends with bpviz's own exit codes and messages."""

    def main(self, *args: Any, **keywords: Any) -> Any:
        try:
            return super().main(*args, **keywords)
        except BpvizError as error:
            click.echo(f"bpviz: {error}", err=True)
            sys.exit(error.exit_code)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, click.Abort):
            click.echo("bpviz: interrupted; nothing was written", err=True)
            sys.exit(130)
        except BrokenPipeError:
            # The reader of stdout went away (`| head`): nothing left to say to it.
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115
            sys.exit(0)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(bpviz.__version__, "-V", "--version", prog_name="bpviz")
@click.pass_context
def main(ctx: click.Context) -> None:
    """The textbook figure of backpropagation, from a plain Python function.

    \b
    Write a function whose parameters have values:
        def total(price=100, count=2, tax=1.1):
            subtotal = price * count
            return subtotal * tax
    and draw it:
        bpviz render apples.py

    Every option of render can also be set as BPVIZ_NAME in the environment or in [tool.bpviz] of pyproject.toml.
    """
    ctx.default_map = {"render": project_settings(Path.cwd(), _SETTINGS)}


@main.command()
@click.argument("target")
@click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    metavar="FILE",
    help="Where to write; repeat it for several files; - is stdout. [default: NAME.svg here]",
)
@click.option(
    "-f",
    "--format",
    "format",
    envvar="BPVIZ_FORMAT",
    metavar="FORMAT",
    help="svg, png, pdf, dot, json, …; wins over the suffix.",
)
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="NAME=VALUE",
    help="Another value for an input: --set tax=1.2, --set 'W=[[1, 2]]'.",
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
    type=click.Choice(["values", "none"]),
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
@click.option(
    "--of", "of", metavar="NAME", help="The value whose gradient is taken. [default: what the function returns]"
)
@click.option(
    "--direction",
    type=click.Choice(["LR", "TB"], case_sensitive=False),
    default="LR",
    envvar="BPVIZ_DIRECTION",
    show_default=True,
    help="Left to right, or top to bottom.",
)
@click.option(
    "--theme",
    default="light",
    envvar="BPVIZ_THEME",
    show_default=True,
    metavar="NAME",
    help="light, dark, book or print.",
)
@click.option(
    "--precision",
    type=click.IntRange(1, 17),
    default=4,
    envvar="BPVIZ_PRECISION",
    show_default=True,
    help="Significant digits.",
)
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
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if a file is not what would be written.")
@click.option("--view", is_flag=True, help="Open the result.")
@click.pass_context
def render(
    ctx: click.Context,
    /,
    target: str,
    outputs: tuple[str, ...],
    format: str | None,
    assignments: tuple[str, ...],
    of: str | None,
    check: bool,
    view: bool,
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
    """
    options["open"] = options.pop("open_")
    options["direction"] = options["direction"].upper()
    drawing, stem = _drawing(target, assignments, of, options)
    plans = [_plan(output, format) for output in outputs or [f"{stem}.{(format or 'svg').lower()}"]]
    _tell(drawing)
    files = [(path, _bytes(drawing, kind)) for path, kind in plans]
    stale = [path for path, data in files if check and not _is_current(path, data)]
    if stale:
        listed = ", ".join(str(path) for path in stale)
        click.echo(f"bpviz: not what would be written now: {listed}; run bpviz render without --check", err=True)
        ctx.exit(1)
    if check:
        return
    from bpviz.drawing import write_file

    for path, data in files:
        if path is None:
            sys.stdout.buffer.write(data)
            continue
        write_file(path, data)
        click.echo(f"wrote {path}", err=True)
    shown = next((path for path, _ in files if path is not None), None)
    if view and shown is not None:
        click.launch(str(shown))


@main.command("ops")
@click.argument("name", required=False)
def operations(name: str | None) -> None:
    """List the operations that can be recorded, or tell all about one."""
    from bpviz import ops

    rows = [ops.named(name)] if name else list(ops.OPERATIONS.values())
    width = max(len(row.name) for row in rows)
    for row in rows:
        click.echo(f"{row.name:<{width}}  {row.symbol:<12}  {row.says}")
        notes = [f"NumPy: {', '.join('np.' + n for n in row.numpy)}"] if row.numpy else []
        notes += [f"convention: {row.convention}"] if row.convention else []
        notes += [f"rule: {row.reference}"] if row.reference else []
        if notes:
            click.echo(f"{'':<{width}}  {'':<12}  {'; '.join(notes)}")


@main.command()
@click.pass_context
def doctor(ctx: click.Context) -> None:
    """Tell which Graphviz engines, fonts and packages are there, and what to install."""
    import platform
    from importlib import metadata

    from bpviz.engine import engines
    from bpviz.fontfiles import font_files

    click.echo(
        f"bpviz {bpviz.__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    )
    for package in ("numpy", "networkx", "graphviz", "pygraphviz", "resvg-py", "fonttools", "click"):
        try:
            click.echo(f"  {package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            click.echo(f"  {package} is missing: pip install {package}")
    found = engines()
    for engine in found:
        where = f"Graphviz {engine.version}, {engine.where}" if engine.available else f"missing: {engine.hint}"
        click.echo(f"  {engine.name} engine: {where}")
    japanese = font_files("日本語")
    click.echo(f"  font: {japanese.files[0].name} (bundled)")
    if japanese.missing:
        click.echo(
            "  Japanese in PNG and PDF: no font found; install one, for example: sudo apt install fonts-noto-cjk"
        )
    else:
        click.echo(f"  Japanese in PNG and PDF: {', '.join(path.name for path in japanese.files[1:])}")
    if not any(engine.available for engine in found):
        ctx.exit(3)


def _drawing(target: str, assignments: tuple[str, ...], of: str | None, options: dict[str, Any]) -> tuple[Drawing, str]:
    with _user_code():
        from bpviz.load import load

        found = load(target)
        thing = found.thing
        from bpviz.drawing import Drawing, draw
        from bpviz.graph import Graph

        values = dict(_assignment(text) for text in assignments)
        if isinstance(thing, Drawing):
            # What the author chose in the file holds, but for what the command line says otherwise.
            ctx = click.get_current_context()
            given = (
                k for k in options if ctx.get_parameter_source(_parameter(k)) is not click.core.ParameterSource.DEFAULT
            )
            options = {k: options[k] for k in given}
        if callable(thing):
            thing = _traced(thing, values)
        elif values:
            options["inputs"] = values
        if of:
            options["output"] = of
        drawing = draw(thing, **options)
        stem = found.stem
        if isinstance(thing, Graph) and not stem:
            stem = thing.name or "figure"
    return drawing, stem


def _parameter(option: str) -> str:
    return "open_" if option == "open" else option


def _traced(function: Thing, values: dict[str, Any]) -> Any:
    """The function's graph with other values for some parameters: run with them, so that its branches follow."""
    import inspect

    from bpviz.tracing import trace

    assert callable(function)
    parameters = inspect.signature(function).parameters
    for name, value in values.items():
        parameter = parameters.get(name)
        if parameter is None:
            hint = did_you_mean(name, parameters, f"its inputs are: {', '.join(parameters)}")
            raise UsageError(f"there is no input named {name!r} for --set; {hint}")
        is_array = hasattr(parameter.default, "shape")
        if isinstance(value, str) and (is_array or isinstance(parameter.default, int | float)):
            raise UsageError(
                f"the input {name!r} takes {'an array' if is_array else 'a number'}, but --set gave {value!r}"
            )
        if is_array or (isinstance(value, list) and not isinstance(parameter.default, list)):
            import numpy as np

            values[name] = np.array(value, dtype=getattr(parameter.default, "dtype", None))
    return trace(function, **values)


def _assignment(text: str) -> tuple[str, Any]:
    import ast

    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise UsageError(f"--set takes NAME=VALUE, but got {text!r}; for example --set tax=1.2")
    try:
        return name.strip(), ast.literal_eval(value.strip())
    except (ValueError, SyntaxError):
        try:
            return name.strip(), float(value)
        except ValueError:
            return name.strip(), value


@contextlib.contextmanager
def _user_code() -> Iterator[None]:
    """Run the user's code: its prints go to stderr, its exceptions show its own frames only."""
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    except (BpvizError, KeyboardInterrupt, click.ClickException):
        raise
    except SyntaxError as error:
        import traceback

        click.echo("".join(traceback.format_exception_only(error)), err=True, nl=False)
        place = f"{Path(error.filename or '').name}, line {error.lineno}"
        click.echo(f"bpviz: {place} is not valid Python: {error.msg}; nothing was written", err=True)
        sys.exit(1)
    except (Exception, SystemExit) as error:
        _show_own_frames(error)
        sys.exit(1)


def _show_own_frames(error: BaseException) -> None:
    import traceback

    told = traceback.TracebackException.from_exception(error)
    home = os.path.dirname(os.path.abspath(__file__)) + os.sep
    part: traceback.TracebackException | None = told
    while part is not None:
        own = [f for f in part.stack if not f.filename.startswith((home, "<frozen importlib"))]
        part.stack = traceback.StackSummary.from_list(own)
        part = part.__cause__ or part.__context__
    click.echo("".join(told.format()), err=True, nl=False)
    if isinstance(error, SystemExit):
        click.echo("bpviz: the model called sys.exit(); nothing was written", err=True)
    else:
        click.echo(f"bpviz: the model raised {type(error).__name__}; nothing was written", err=True)


def _plan(output: str, format_: str | None) -> tuple[Path | None, str]:
    """Where to write and in which format; asked before anything is laid out."""
    from bpviz.drawing import check_format, check_place, format_of

    if format_ is not None:
        check_format(format_.lower())
    if output == "-":
        return None, (format_ or "svg").lower()
    path = Path(output)
    check_place(path)
    return path, format_.lower() if format_ else format_of(path)


def _bytes(drawing: Drawing, kind: str) -> bytes:
    boxes = len(drawing.figure.boxes)
    if kind != "json" and boxes > 300 and sys.stderr.isatty():
        click.echo(f"laying out {boxes} boxes …", err=True)
    import warnings

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        data = drawing.to_bytes(kind)
    for warning in caught:
        click.echo(f"bpviz: {warning.message}", err=True)
    return data


def _tell(drawing: Drawing) -> None:
    """What the reader should know beyond the picture."""
    for note in drawing.notes:
        click.echo(f"bpviz: note: {note}", err=True)


def _is_current(path: Path | None, data: bytes) -> bool:
    return path is not None and path.is_file() and path.read_bytes() == data


if __name__ == "__main__":
    main(prog_name="bpviz")
