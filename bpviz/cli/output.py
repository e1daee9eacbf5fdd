"""Where the results of a command go: files, stdout, and what is said beside them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from bpviz.drawing import Drawing

__all__ = ["destination", "write_files"]


def write_files(
    ctx: click.Context, drawing: Drawing, outputs: Sequence[str], stem: str, format: str | None, check: bool = False
) -> list[Path]:
    """Write a drawing to every output; with ``check`` compare instead, and exit 1 where a file is stale."""
    plans = [destination(output, format) for output in outputs or [f"{stem}.{(format or 'svg').lower()}"]]
    for note in drawing.notes:
        click.echo(f"bpviz: note: {note}", err=True)
    _check_steps(drawing, [(path, kind) for path, kind in plans])
    files = [file for path, kind in plans for file in _files_of(drawing, path, kind)]
    if check:
        stale = [path for path, data in files if path is None or not path.is_file() or path.read_bytes() != data]
        if stale:
            listed = ", ".join(str(path) for path in stale)
            click.echo(f"bpviz: not what would be written now: {listed}; run it again without --check", err=True)
            ctx.exit(1)
        return []
    from bpviz.drawing import write_file

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


def _check_steps(drawing: Drawing, plans: Sequence[tuple[Path | None, str]]) -> None:
    """Say so where nothing that is written can move or be walked although that was asked for."""
    from bpviz.errors import UsageError

    kinds = [kind for _, kind in plans]
    if drawing.options.animate and "svg" not in kinds:
        raise UsageError(f"--animate makes SVG move (GIF, APNG and WebP always do), but this writes {', '.join(kinds)}")
    if drawing.options.steps and "html" not in kinds:
        raise UsageError(
            f"--steps makes HTML that is walked step by step, but this writes {', '.join(kinds)}; for a picture of "
            "every step name the files step-%02d.svg"
        )


def _files_of(drawing: Drawing, path: Path | None, kind: str) -> list[tuple[Path | None, bytes]]:
    """The files of an output, with their bytes; what Python would warn of is said in bpviz's own way."""
    boxes = len(drawing.figure.boxes)
    if kind != "json" and boxes > 300 and sys.stderr.isatty():
        click.echo(f"laying out {boxes} boxes …", err=True)
    import warnings

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        files: list[tuple[Path | None, bytes]] = (
            [(None, drawing.to_bytes(kind))] if path is None else [*drawing.files(path, kind)]
        )
    for message in dict.fromkeys(str(warning.message) for warning in caught):
        click.echo(f"bpviz: {message}", err=True)
    return files
