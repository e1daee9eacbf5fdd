"""The outputs of a command: files, stdout, and the messages about them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import click

from bpviz import deadline
from bpviz.cli import terminal
from bpviz.cli.terminal import Progress
from bpviz.errors import UsageError
from bpviz.writers import formats

if TYPE_CHECKING:
    from bpviz.drawing.drawing import Drawing
    from bpviz.reports.report import TextReport

__all__ = [
    "WRITTEN",
    "File",
    "check_sources",
    "destination",
    "files_of",
    "put",
    "report_file",
    "word_destinations",
    "write_files",
]


WRITTEN = "bpviz.written"
"""The key of the files that a command has written, in what click keeps for it."""


class File(NamedTuple):
    """A file to write: its path (``None`` is stdout), a function that makes it, and one that tests an old file.

    ``before`` is the content that it replaces, where it was made from that: a change made meanwhile is not lost.
    """

    path: Path | None
    made: Callable[[], bytes]
    holds: Callable[[bytes], bool]
    before: bytes | None = None


def write_files(
    ctx: click.Context, drawing: Drawing, outputs: Sequence[str], stem: str, format: str | None, check: bool = False
) -> list[Path]:
    """Write a drawing to every output; with ``check``, compare instead, and exit 1 if a file is stale."""
    from bpviz.files import left_over, numbered

    plans = [destination(output, format) for output in outputs or [f"{stem}.{(format or 'svg').lower()}"]]
    _check_steps(ctx, [kind for _, kind in plans])
    say = drawing.options.circuit.lang
    # JSON needs no figure, which may take long.
    is_drawn = any(formats.row_of(kind).reads != "flow" for _, kind in plans)
    if is_drawn:
        with terminal.timed("the figure"), Progress():
            _ = drawing.figure
    for note in drawing.notes if is_drawn else drawing.run_notes:
        terminal.inform(f"bpviz: {say('note: {note}', note=note)}")
    with deadline.limited(drawing.options.timeout):
        written = put(ctx, [file for path, kind in plans for file in files_of(drawing, path, kind)], check)
    many = [path for path, _ in plans if path and numbered(path, 1)]
    old = [str(left) for path in many for left in left_over(path, len(drawing.step_list))]
    if old:
        left = say("left over from a figure with more steps: {files}; delete what is not needed", files=", ".join(old))
        terminal.inform(f"bpviz: {left if check else say('note: {note}', note=left)}")
        if check:
            ctx.exit(1)
    return written


def files_of(drawing: Drawing, path: Path | None, kind: str) -> list[File]:
    """Return the files of a drawing for one output: one, or one for every step (%02d). Each is made when needed."""
    from bpviz.files import numbered

    if path is None or not numbered(path, 1):
        made = partial(_with_warnings, partial(drawing.to_bytes, kind), drawing, kind)
        return [File(path, made, partial(drawing.is_shown_by, format=kind))]
    frames: list[bytes] = []

    def frame(step: int) -> bytes:
        # Made together when the first is needed, because they share most of their parts.
        if not frames:
            frames.extend(_with_warnings(lambda: list(drawing.to_frames(kind)), drawing, kind))
        return frames[step - 1]

    return [
        File(numbered(path, step), partial(frame, step), partial(drawing.is_shown_by, format=kind, step=step))
        for step in range(1, len(drawing.step_list) + 1)
    ]


def put(ctx: click.Context, files: Sequence[File], check: bool = False) -> list[Path]:
    """Write the files; with ``check``, compare the existing ones instead, and exit 1 if one is stale."""
    if check:
        paths = [file.path for file in files if file.path]
        if len(paths) < len(files):
            raise click.UsageError("--check compares files, and what goes to stdout is none; name one with -o FILE")
        pairs = zip(paths, files, strict=True)
        stale = [str(path) for path, file in pairs if not (path.is_file() and file.holds(path.read_bytes()))]
        if stale:
            listed = ", ".join(stale)
            terminal.inform(f"bpviz: not what would be written now: {listed}; run it again without --check")
            ctx.exit(1)
        return []
    from bpviz.files import write_file

    check_sources(ctx, files)
    # All are made before the first is written, so that a failure changes nothing.
    ready = [(file.path, file.made()) for file in files]
    for file in files:
        if file.path is not None and file.before is not None and file.path.read_bytes() != file.before:
            raise UsageError(f"{str(file.path)!r} was changed meanwhile, and would lose that; run it again")
    for path, data in ready:
        if path is None:
            terminal.result_bytes(data)
            continue
        write_file(path, data)
        ctx.meta.setdefault(WRITTEN, []).append(str(path))
        terminal.inform(f"wrote {path}")
    return [path for path, _ in ready if path is not None]


def check_sources(ctx: click.Context, files: Sequence[File]) -> None:
    """Raise `UsageError` if a file would replace a source of the figure, unless ``--force`` is given."""
    from bpviz.drawing.load import file_of
    from bpviz.files import check_no_source

    if ctx.params.get("force"):
        return
    given = (ctx.params.get(name) for name in ("target", "before", "after"))
    settings = (ctx.params.get(name) for name in ("theme", "lang"))
    models = [file_of(target) for target in given if isinstance(target, str)]
    tables = [Path(name) for name in settings if isinstance(name, str) and name.endswith(".toml")]
    sources = [source for source in (*models, *tables) if source is not None]
    otherwise = "choose another name with -o, or give --force" if "force" in ctx.params else "choose another name"
    for file in files:
        if file.path is not None:
            check_no_source(file.path, sources, otherwise)


def report_file(report: TextReport, path: Path | None, kind: str) -> File:
    """Return the file of a report."""
    return File(path, partial(report.to_bytes, kind), partial(report.is_shown_by, format=kind))


def destination(output: str, format_: str | None) -> tuple[Path | None, str]:
    """Return the path and the format of an output; call this before anything is laid out."""
    from bpviz.files import check_place

    if format_ is not None:
        formats.check_format(format_.lower())
    if output == "-":
        return None, (format_ or "svg").lower()
    path = Path(output)
    check_place(path)
    return path, format_.lower() if format_ else formats.format_of(path)


def word_destinations(
    outputs: Sequence[str], format_: str | None, as_json: bool = False
) -> list[tuple[Path | None, str]]:
    """Return the paths and formats of reports; the default is text on stdout, or JSON."""
    from bpviz.files import check_place
    from bpviz.reports.report import check_format, format_of

    given = check_format(format_.lower()) if format_ else None
    plans: list[tuple[Path | None, str]] = [(None, "json")] if as_json else []
    for output in outputs or ([] if as_json else ["-"]):
        if output == "-":
            if as_json:
                raise click.UsageError("--json prints to stdout already; leave out -o -")
            plans.append((None, given or "text"))
        else:
            check_place(Path(output))
            plans.append((Path(output), given or format_of(Path(output))))
    return plans


def _check_steps(ctx: click.Context, kinds: Sequence[str]) -> None:
    """Raise `UsageError` if the command line has ``--animate`` or ``--steps`` and no output can show it.

    The options chosen by the author of a drawing apply only to formats that can show them.
    """
    rows = [formats.row_of(kind) for kind in kinds]
    if ctx.params.get("animate") and not any(row.steps == "animate" for row in rows):
        *most, last = (row.title for row in formats.TABLE.values() if row.steps == "always")
        always = f"{', '.join(most)} and {last} always do"
        raise UsageError(f"--animate makes SVG move ({always}), but this writes {', '.join(kinds)}")
    if ctx.params.get("steps") and not any(row.steps == "steps" for row in rows):
        raise UsageError(
            f"--steps makes HTML that is walked step by step, but this writes {', '.join(kinds)}; for a picture of "
            "every step name the files step-%02d.svg"
        )


def _engine(name: str) -> str:
    """Return what lays out, for a message: bpviz itself, or a Graphviz with its version."""
    from bpviz.layout.engine_names import is_own

    if is_own(name):
        return "bpviz"
    from bpviz.layout.engines import choose, engines

    chosen = choose(name)
    return next(f"the {info.name} Graphviz {info.version}" for info in engines() if info.name == chosen)


Made = TypeVar("Made")


def _with_warnings(make: Callable[[], Made], drawing: Drawing, kind: str) -> Made:
    """Call ``make``, which makes pictures; print Python's warnings as messages of bpviz."""
    import warnings

    with warnings.catch_warnings(record=True) as caught, Progress():
        warnings.simplefilter("always")
        # These filters hold once more when Python ends, after a warning: it would complain of open streams.
        warnings.simplefilter("ignore", ResourceWarning)
        if formats.row_of(kind).reads == "picture":
            with terminal.timed(lambda: f"the layout, by {_engine(drawing.options.engine)}"):
                _ = drawing.moving_picture
        with terminal.timed(kind):
            made = make()
    for message in dict.fromkeys(str(warning.message) for warning in caught):
        terminal.inform(f"bpviz: {message}")
    return made
