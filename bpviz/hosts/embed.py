"""``bpviz embed``: the figures of Markdown files, drawn and linked at their markers."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bpviz.cli import request, terminal
from bpviz.cli.output import File, check_sources, destination, files_of, put
from bpviz.errors import UsageError
from bpviz.hosts.requests import Place, drawing_of, located
from bpviz.writers import formats

if TYPE_CHECKING:
    from bpviz.drawing.drawing import Drawing
    from bpviz.hosts.markers import Image, Marker

__all__ = ["command"]


@click.command("embed")
@click.argument("documents", nargs=-1, required=True, metavar="FILE.md...", type=click.Path(path_type=Path))
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if a file is stale.")
@click.pass_context
def command(ctx: click.Context, /, documents: tuple[Path, ...], check: bool) -> None:
    """Draw the figures of Markdown files, and link them.

    A comment with arguments of ``bpviz render`` marks a figure. bpviz writes the text from there to the end comment;
    every other byte of the file stays unchanged. Paths are relative to the document.

    \b
    <!-- bpviz: apples.py:total -o images/apples.svg -->
    <!-- /bpviz -->

    \b
    --alt TEXT        what is read aloud (default: the figure in a sentence)
    --dark [THEME]    a second picture for readers of dark pages
    -                 as the target: the block of Python before the comment
    """
    files: list[File] = []
    for document in documents:
        files += _files_of(document)
    put(ctx, files, check)


def _files_of(document: Path) -> list[File]:
    """Return the pictures of a document, and the document itself with the links to them."""
    from bpviz.hosts.markers import filled, image_text, markers

    try:
        old = document.read_bytes()
        text = old.decode("utf-8")
    except OSError as error:
        raise UsageError(f"{str(document)!r} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{str(document)!r} is not UTF-8 text (byte {error.start}); save it as UTF-8") from None
    files: list[File] = []

    def image_of(marker: Marker) -> str:
        with located(f"{document}, line {marker.line}"), contextlib.chdir(document.resolve().parent):
            image, pictures = _drawn(marker, document)
        files.extend(picture._replace(path=_from_here(picture.path)) for picture in pictures)
        return image_text(image)

    try:
        found = markers(text)
    except UsageError as error:
        raise UsageError(f"{document}, {error}") from None
    if not found:
        terminal.say(
            f"bpviz: note: {document} has no marker; where a figure should stand write <!-- bpviz: model.py --> and "
            "<!-- /bpviz -->"
        )
    new = filled(text, image_of).encode("utf-8")
    return [*files, File(document, partial(bytes, new), new.__eq__)] if new != old else files


def _from_here(path: Path | None) -> Path | None:
    """Return a file's path, relative if it is below the working directory."""
    here = Path.cwd()
    return path.relative_to(here) if path and path.is_relative_to(here) else path


def _drawn(marker: Marker, document: Path) -> tuple[Image, list[File]]:
    """Return the image at a marker, and its files; the working directory is that of the document."""
    from bpviz.drawing.draw import draw
    from bpviz.hosts.markers import Image

    place = Place(str(document), Path.cwd(), marker.code, marker.code_line)
    result = drawing_of("the marker", request.split_words(marker.words), place, _OWN)
    drawing, stem, ctx = result.drawing, result.stem, result.words
    outputs = ctx.params["outputs"] or (f"{stem}.{(ctx.params['format'] or 'svg').lower()}",)
    images = formats.formats(lambda row: row.shown == "image")
    shown = next((o for o in outputs if o.rpartition(".")[2].lower() in images), None)
    if shown is None:
        raise UsageError(f"a page shows {', '.join(images)}, but got -o {outputs[0]}; add -o {stem}.svg")
    files = _pictures(ctx, drawing, outputs, ctx.params["format"])
    dark = ""
    if ctx.params["dark"]:
        stem, dot, suffix = shown.rpartition(".")
        dark = f"{stem}-dark{dot}{suffix}"
        files += _pictures(ctx, draw(drawing, theme=ctx.params["dark"]), [dark], None)
    alt = ctx.params["alt"] or drawing.figure.description
    return Image(shown.replace(os.sep, "/"), alt, dark.replace(os.sep, "/")), files


def _pictures(ctx: click.Context, drawing: Drawing, outputs: Sequence[str], format: str | None) -> list[File]:
    """The files of a drawing, each at its full path: they are written when the working directory is another."""
    files = [file for output in outputs for file in files_of(drawing, *destination(output, format))]
    check_sources(ctx, files)
    # A picture that holds already is not written again: its curves may be those of another Graphviz.
    here = Path.cwd()
    made = [file._replace(path=None if file.path is None else here / file.path) for file in files]
    return [file for file in made if not (file.path and file.path.is_file() and file.holds(file.path.read_bytes()))]


_OWN = (
    click.Option(["--alt"], default=""),
    click.Option(["--dark"], is_flag=False, flag_value="dark", default=None),
)
"""A marker's options other than those of ``bpviz render``."""
