"""``bpviz embed``: the figures of Markdown files, drawn and linked at their markers."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bpviz.cli import request, terminal
from bpviz.cli.output import File, check_sources, destination, files_of, put
from bpviz.errors import UsageError
from bpviz.files import numbered
from bpviz.fingerprint import found_in
from bpviz.hosts.markers import Image, Marker, filled, image_text, markers, quoted
from bpviz.hosts.requests import Place, drawing_of, located
from bpviz.writers import formats

if TYPE_CHECKING:
    from bpviz.drawing.drawing import Drawing

__all__ = ["command"]


@click.command("embed", short_help="Draw the figures of Markdown files, and link them.")
@click.argument("documents", nargs=-1, required=True, metavar="FILE.md...", type=click.Path(path_type=Path))
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if a file is stale.")
@click.option("--allow-outside", is_flag=True, help="Pictures may lie outside the folder of their document.")
@click.pass_context
def command(ctx: click.Context, /, documents: tuple[Path, ...], check: bool, allow_outside: bool) -> None:
    """Draw the figures of Markdown files, and link them.

    A comment with arguments of ``bpviz render`` marks a figure. bpviz writes the text from there to the end comment;
    every other byte of the file stays unchanged. Paths are relative to the document. The code that a document names or
    contains is run, so embed only documents whose code you would run.

    \b
    <!-- bpviz: apples.py:total -o images/apples.svg -->
    <!-- /bpviz -->

    \b
    --alt TEXT        what is read aloud (default: the figure in a sentence)
    --dark [THEME]    a second picture for readers of dark pages
    --live            a picture that links to the living page, which is written beside it
    --frame           with --live: the page in an iframe, over the picture, for sites whose pages may have one
    -                 as the target: the block of Python before the comment
    """
    places = _Places(allow_outside)
    files: list[File] = []
    for document in documents:
        files += _files_of(document, places)
    put(ctx, files, check)


class _Places:
    """The files of all markers: each inside the folder of its document, and of one marker alone."""

    def __init__(self, allow_outside: bool) -> None:
        self.allow_outside = allow_outside
        self.known: dict[str, str] = {}

    def take(self, file: File, where: str, folder: Path) -> None:
        """Keep the place of a picture; raise `UsageError` if it may not be written there."""
        path = file.path
        if path is None:
            return
        place = os.path.realpath(path)
        if not self.allow_outside and not Path(place).is_relative_to(folder.resolve()):
            raise UsageError(
                f"{str(_from_here(Path(place)))!r} is outside the folder of the document; choose a place in it, "
                "or give --allow-outside"
            )
        other = self.known.setdefault(place, where)
        if other != where:
            raise UsageError(f"{str(_from_here(path))!r} is written by the marker of {other} too; give each its own -o")
        if os.path.isfile(place):
            old = Path(place).read_bytes()
            if old and not (file.holds(old) or found_in(old) or old.startswith(_OWN_JSON)):
                raise UsageError(
                    f"{str(_from_here(path))!r} was not made by bpviz, and would be lost; choose another name with -o, "
                    "or delete it"
                )


_OWN_JSON = b'{\n "bpviz":'
"""The start of bpviz's JSON, which has no fingerprint."""


def _files_of(document: Path, places: _Places) -> list[File]:
    """Return the pictures of a document, and the document itself with the links to them."""

    if document.exists() and not document.is_file():
        raise UsageError(f"{str(document)!r} is {'a folder' if document.is_dir() else 'no file'}; name a FILE.md")

    try:
        old = document.read_bytes()
        text = old.decode("utf-8")
    except OSError as error:
        raise UsageError(f"{str(document)!r} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{str(document)!r} is not UTF-8 text (byte {error.start}); save it as UTF-8") from None
    files: list[File] = []

    def image_of(marker: Marker) -> str:
        where = f"{document}, line {marker.line}"
        with located(where), contextlib.chdir(document.resolve().parent):
            images, pictures = _drawn(marker, document)
        with located(where):
            for picture in pictures:
                places.take(picture, where, document.resolve().parent)
        # A picture that holds already is not written again: its curves may be those of another Graphviz.
        stale = [p for p in pictures if not (p.path and p.path.is_file() and p.holds(p.path.read_bytes()))]
        files.extend(picture._replace(path=_from_here(picture.path)) for picture in stale)
        text = "\n".join(map(image_text, images))
        return text.replace("\n", f"{marker.newline}{marker.indent}")

    try:
        found = markers(text)
    except UsageError as error:
        raise UsageError(f"{document}, {error}") from None
    if not found:
        terminal.inform(
            f"bpviz: note: {document} has no marker; where a figure should stand write <!-- bpviz: model.py --> and "
            "<!-- /bpviz -->"
        )
    new = filled(text, image_of).encode("utf-8")
    return [*files, File(document, partial(bytes, new), new.__eq__, before=old)] if new != old else files


def _from_here(path: Path | None) -> Path | None:
    """Return a file's path, relative if it is below the working directory."""
    here = Path.cwd()
    return path.relative_to(here) if path and path.is_relative_to(here) else path


def _drawn(marker: Marker, document: Path) -> tuple[list[Image], list[File]]:
    """Return the images at a marker, one or one for each step, and its files.

    The working directory is that of the document.
    """
    from bpviz.drawing.draw import draw

    place = Place(str(document), Path.cwd(), marker.code, marker.code_line)
    result = drawing_of("the marker", request.split_words(marker.words), place, _OWN)
    drawing, stem, ctx = result.drawing, result.stem, result.words
    outputs = ctx.params["outputs"] or (f"{stem}.{(ctx.params['format'] or 'svg').lower()}",)
    images = formats.formats(lambda row: row.shown == "image")
    shown = _first(outputs, images)
    if shown is None:
        raise UsageError(f"a page shows {', '.join(images)}, but got -o {outputs[0]}; add -o {stem}.svg")
    framed = ctx.params["frame"]
    if framed and not drawing.options.live:
        raise UsageError("--frame shows a living page; give --live too")
    if framed and ctx.params["dark"]:
        raise UsageError("--dark is a second picture, and a frame has one page; give it --theme auto instead")
    page = ""
    if drawing.options.live:
        if numbered(Path(shown), 1):
            raise UsageError(f"a living figure has one picture, but got -o {shown}; leave out its number")
        page = _first(outputs, formats.formats(lambda row: row.lives)) or f"{shown.rpartition('.')[0]}.html"
        outputs = tuple(dict.fromkeys((*outputs, page)))
        drawing = draw(drawing, figure_only=True) if framed else drawing
    files = _pictures(ctx, drawing, outputs, ctx.params["format"])
    dark = ""
    if ctx.params["dark"]:
        stem, dot, suffix = shown.rpartition(".")
        dark = f"{stem}-dark{dot}{suffix}"
        files += _pictures(ctx, draw(drawing, theme=ctx.params["dark"]), [dark], None)
    found = _images(drawing, shown, ctx.params["alt"], dark)
    if page:
        found = [
            replace(image, page=_address(page), framed=_frame(drawing, page) if framed else None) for image in found
        ]
    return found, files


def _first(outputs: Sequence[str], suffixes: Sequence[str]) -> str | None:
    return next((output for output in outputs if output.rpartition(".")[2].lower() in suffixes), None)


def _address(path: str) -> str:
    return path.replace(os.sep, "/")


def _frame(drawing: Drawing, page: str) -> tuple[str, str] | None:
    """Return what stands before and after the picture, to show the page over it; ``None`` if it stays still."""
    from bpviz.living.frame import around

    if drawing.living_page is None:
        return None
    return around(drawing.picture, quoted(_address(page)), drawing.options.circuit.lang)


def _images(drawing: Drawing, shown: str, alt: str, dark: str) -> list[Image]:
    """Return the images of a picture: one, or with a name such as ``step-%02d.svg`` one for each step."""
    if not numbered(Path(shown), 1):
        return [Image(_address(shown), alt or drawing.figure.description, _address(dark))]
    images = []
    for number, step in enumerate(drawing.step_list, 1):
        paths = [numbered(Path(path), number) if path else None for path in (shown, dark)]
        light, night = (path.as_posix() if path else "" for path in paths)
        images.append(Image(light, f"{alt} ({number})" if alt else step.sentence, night))
    return images


def _pictures(ctx: click.Context, drawing: Drawing, outputs: Sequence[str], format: str | None) -> list[File]:
    """Return the files of a drawing, each at its full path: they are written when the working directory is another."""
    files = [file for output in outputs for file in files_of(drawing, *destination(output, format))]
    check_sources(ctx, files)
    here = Path.cwd()
    return [file._replace(path=None if file.path is None else here / file.path) for file in files]


_OWN = (
    click.Option(["--alt"], default=""),
    click.Option(["--dark"], is_flag=False, flag_value="dark", default=None),
    click.Option(["--frame"], is_flag=True),
)
"""A marker's options other than those of ``bpviz render``."""
