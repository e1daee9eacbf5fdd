"""Figures in documents: of a file, or of code in the document, with the arguments of ``bpviz render``."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from bpviz.cli import render, request
from bpviz.drawing.draw import draw
from bpviz.drawing.drawing import Drawing
from bpviz.drawing.load import Source
from bpviz.drawing.models import apart
from bpviz.errors import BpvizError, ModelFailed, UsageError
from bpviz.frozen import dataclass

__all__ = ["Place", "Result", "drawing_of", "located"]


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a figure: the document, and the folder to which its paths are relative.

    ``code`` is a model in the document that begins at line ``line``; ``-`` as the target means this model.
    """

    document: str
    folder: Path
    code: str = ""
    line: int = 1


@dataclass(frozen=True, slots=True)
class Result:
    """The drawing, the name for its files, and the parsed arguments."""

    drawing: Drawing
    stem: str
    words: click.Context


def drawing_of(
    what: str,
    given: Sequence[str],
    place: Place,
    own: Sequence[click.Parameter] = (),
    theme: str = "",
    without: Sequence[str] = (),
) -> Result:
    """Return the drawing for a document.

    ``what`` names the place in messages; ``own`` are further options that it has, ``without`` those that it lacks.
    ``theme`` is used if neither the words nor the settings name one.

    Raises `UsageError` for wrong words, `ModelFailed` if the model raises, and the errors of `bpviz.draw`.
    """
    with contextlib.chdir(place.folder), apart():
        ctx = request.parsed(what, given, own, without)
        if ctx.params["target"].partition(":")[0] == "-" and not place.code:
            raise UsageError("there is no block of Python that - could mean; name a file, or write the model there")
        # Blank lines above the code, so that messages have the line of the document.
        source = Source("\n" * (place.line - 1) + place.code, place.document, Path.cwd())
        drawing, stem = render.drawn(ctx, source)
        if theme and ctx.get_parameter_source("theme") is click.core.ParameterSource.DEFAULT:
            drawing = draw(drawing, theme=theme)
        # An error of the figure is raised here, not when the figure is written.
        _ = drawing.living_page if drawing.options.live else drawing.figure
    return Result(drawing, stem, ctx)


@contextlib.contextmanager
def located(where: str) -> Iterator[None]:
    """Add the place of the figure to errors."""
    try:
        yield
    except ModelFailed as error:
        raise ModelFailed(f"{where}: {error}", error.traceback) from None
    except BpvizError as error:
        raise type(error)(f"{where}: {error}") from None
