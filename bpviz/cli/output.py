"""Where the results of a command go: files, stdout, and what is said beside them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from bpviz.drawing import Drawing

__all__ = ["destination", "put", "word_destinations", "write_files"]


def write_files(
    ctx: click.Context, drawing: Drawing, outputs: Sequence[str], stem: str, format: str | None, check: bool = False
) -> list[Path]:
    """Write a drawing to every output; with ``check`` compare instead, and exit 1 where a file is stale."""
    plans = [destination(output, format) for output in outputs or [f"{stem}.{(format or 'svg').lower()}"]]
    for note in drawing.notes:
        click.echo(f"bpviz: note: {note}", err=True)
    return put(ctx, plans, drawing.is_shown_by, lambda kind: _file_of(drawing, kind), check)


def put(
    ctx: click.Context,
    plans: Sequence[tuple[Path | None, str]],
    is_shown_by: Callable[[bytes, str], bool],
    bytes_of: Callable[[str], bytes],
    check: bool = False,
) -> list[Path]:
    """Write what ``bytes_of`` gives for every format, to stdout where there is no path; answers the paths.

    With ``check`` nothing is written: exit 1 where a file is not what would be.
    """
    if check:
        stale = [
            str(path)
            for path, kind in plans
            if path is None or not path.is_file() or not is_shown_by(path.read_bytes(), kind)
        ]
        if stale:
            listed = ", ".join(stale)
            click.echo(f"bpviz: not what would be written now: {listed}; run it again without --check", err=True)
            ctx.exit(1)
        return []
    from bpviz.drawing import write_file

    files = [(path, bytes_of(kind)) for path, kind in plans]
    for path, data in files:
        if path is None:
            sys.stdout.buffer.write(data)
            continue
        write_file(path, data)
        click.echo(f"wrote {path}", err=True)
    return [path for path, _ in files if path is not None]


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
