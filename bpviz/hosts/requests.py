"""Figures that documents ask for: with the words of ``bpviz render``, of a file or of code in the document itself."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from bpviz.cli import render, request
from bpviz.drawing.draw import draw
from bpviz.drawing.drawing import Drawing
from bpviz.drawing.load import Source
from bpviz.drawing.models import apart
from bpviz.errors import BpvizError, ModelFailed, UsageError

__all__ = ["Answer", "Place", "answered", "located"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a figure is asked for: the document, and the folder from which its paths are seen.

    ``code`` is a model that stands in the document, from line ``line`` on: what ``-`` means there.
    """

    document: str
    folder: Path
    code: str = ""
    line: int = 1


@dataclass(frozen=True, slots=True)
class Answer:
    """The drawing, the name that its files take, and the words as they were understood."""

    drawing: Drawing
    stem: str
    words: click.Context


def answered(
    what: str,
    given: Sequence[str],
    place: Place,
    own: Sequence[click.Parameter] = (),
    theme: str = "",
    without: Sequence[str] = (),
) -> Answer:
    """What a document asks for; ``what`` asks is its name in messages, and ``own`` are options that it has besides,
    ``without`` those that it has not.

    ``theme`` is taken where neither the words nor the settings name one.

    Raises `UsageError` for words that cannot be, `ModelFailed` where the model raises, and what `bpviz.draw` raises.
    """
    with contextlib.chdir(place.folder), apart():
        ctx = request.parsed(what, given, own, without)
        if ctx.params["target"].partition(":")[0] == "-" and not place.code:
            raise UsageError("there is no block of Python that - could mean; name a file, or write the model there")
        # Blank lines above it, so that messages tell the line of the document.
        source = Source("\n" * (place.line - 1) + place.code, place.document, Path.cwd())
        drawing, stem = render.drawn(ctx, source)
        if theme and ctx.get_parameter_source("theme") is click.core.ParameterSource.DEFAULT:
            drawing = draw(drawing, theme=theme)
        # What cannot be shown is said here, not where it is written.
        _ = drawing.figure
    return Answer(drawing, stem, ctx)


@contextlib.contextmanager
def located(where: str) -> Iterator[None]:
    """Say in what goes wrong where it was asked for."""
    try:
        yield
    except ModelFailed as error:
        raise ModelFailed(f"{where}: {error}", error.told) from None
    except BpvizError as error:
        raise type(error)(f"{where}: {error}") from None
