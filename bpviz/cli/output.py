"""Where the results of a command go: files, stdout, and what is said beside them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

if TYPE_CHECKING:
    from bpviz.drawing import Drawing

__all__ = ["File", "destination", "put", "word_destinations", "write_files"]


class File(NamedTuple):
    """A file to be: where (``None`` is stdout), what makes it, and what tells whether an old one still holds."""

    path: Path | None
    made: Callable[[], bytes]
    holds: Callable[[bytes], bool]


def write_files(
    ctx: click.Context, drawing: Drawing, outputs: Sequence[str], stem: str, format: str | None, check: bool = False
) -> list[Path]:
    """Write a drawing to every output; with ``check`` compare instead, and exit 1 where a file is stale."""
    plans = [destination(output, format) for output in outputs or [f"{stem}.{(format or 'svg').lower()}"]]
    for note in drawing.notes:
        click.echo(f"bpviz: note: {note}", err=True)
    files = [
        File(path, partial(_file_of, drawing, kind), partial(drawing.is_shown_by, format=kind)) for path, kind in plans
    ]
    return put(ctx, files, check)


def put(ctx: click.Context, files: Sequence[File], check: bool = False) -> list[Path]:
    """Write the files; with ``check`` compare what is there instead, and exit 1 where one is stale."""
    if check:
        stale = [str(f.path) for f in files if not (f.path and f.path.is_file() and f.holds(f.path.read_bytes()))]
        if stale:
            listed = ", ".join(stale)
            click.echo(f"bpviz: not what would be written now: {listed}; run it again without --check", err=True)
            ctx.exit(1)
        return []
    from bpviz.drawing import write_file

    # All are made before the first is written: a failure leaves everything as it was.
    ready = [(file.path, file.made()) for file in files]
    for path, data in ready:
        if path is None:
            sys.stdout.buffer.write(data)
            continue
        write_file(path, data)
        click.echo(f"wrote {path}", err=True)
    return [path for path, _ in ready if path is not None]


def destination(output: str, format_: str | None) -> tuple[Path | None, str]:
    """Where to write and in which format; asked before anything is laid out."""
    from bpviz.drawing import check_format, check_place, format_of

    if format_ is not None:
        check_format(format_.lower())
    if output == "-":
        return None, (format_ or "svg").lower()
    path = Path(output)
    check_place(path)
    return path, format_.lower() if format_ else format_of(path)


def word_destinations(outputs: Sequence[str], format_: str | None) -> list[tuple[Path | None, str]]:
    """Where words are written, and in which formats; on stdout as text where nothing else is said."""
    from bpviz.drawing import check_place
    from bpviz.telling import check_format, format_of

    given = check_format(format_.lower()) if format_ else None
    plans: list[tuple[Path | None, str]] = []
    for output in outputs or ["-"]:
        if output == "-":
            plans.append((None, given or "text"))
        else:
            check_place(Path(output))
            plans.append((Path(output), given or format_of(Path(output))))
    return plans


def _file_of(drawing: Drawing, kind: str) -> bytes:
    """The bytes of a format; what Python would warn of is said in bpviz's own way."""
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
