"""What a notebook is given of a drawing: which formats, and how they are put into its page."""

from __future__ import annotations

import os
import warnings
from contextlib import suppress
from typing import Any

from bpviz.drawing.options import DrawOptions, checked
from bpviz.errors import BpvizError, BpvizWarning, EngineMissing
from bpviz.writers import formats

__all__ = ["shown_in_notebooks"]


def shown_in_notebooks(drawing: Any) -> dict[str, str]:
    """Return the drawing in the formats of its option ``notebook``, by their media types.

    >>> import bpviz
    >>> list(shown_in_notebooks(bpviz.draw(lambda price=100, count=2: price * count)))
    ['text/plain', 'image/svg+xml', 'image/png']
    """
    bundle = {"text/plain": repr(drawing)}
    try:
        first, *more = _formats(drawing.options)
        bundle |= _shown_as(drawing, first)
        for format in more:
            # What is only for other viewers may be missing.
            with suppress(EngineMissing), warnings.catch_warnings():
                warnings.simplefilter("ignore", BpvizWarning)
                bundle |= _shown_as(drawing, format)
    except BpvizError as error:
        # The notebook continues without its picture, and shows the reason.
        bundle["text/plain"] += f"\nnot drawn: {error}"
    return bundle


def _shown_as(drawing: Any, format: str) -> dict[str, str]:
    row = formats.row_of(format)
    return {row.mime: _inline(drawing, format) if row.is_text else _as_base64(drawing.to_bytes(format))}


def _inline(drawing: Any, format: str) -> str:
    """Return the text that a notebook puts into its page; in HTML a piece of a page."""
    if format != "html":
        return str(drawing.to_bytes(format), "utf-8")
    piece: str = drawing.to_fragment()
    if _choice(drawing.options) != "live":
        return piece
    page = drawing.living_page
    if page is None:
        return f"{piece}{drawing.why_still}"
    frame: str = drawing.to_frame(page)
    return frame


def _as_base64(data: bytes) -> str:
    import base64

    return base64.b64encode(data).decode()


def _choice(made: DrawOptions) -> str:
    """Return what notebooks are given: a format, or a choice of the option ``notebook``."""
    # With SVG, nbconvert would need Inkscape for LaTeX. Only HTML shows steps one by one.
    default = "live" if made.live else "html" if made.steps else "svg"
    named = checked("notebook", made.notebook or os.environ.get("BPVIZ_NOTEBOOK", default), "BPVIZ_NOTEBOOK")
    return "html" if named == "live" and made.steps and not made.live else str(named)


def _formats(made: DrawOptions) -> tuple[str, ...]:
    """Return the formats for notebooks.

    Where nothing is named, it is SVG, and PNG beside it. What is ``live`` is HTML, and SVG for viewers without frames;
    ``publish`` is PNG for pages and for GitHub, and PDF for paper.
    """
    match _choice(made):
        case "live":
            return ("html", "svg")
        case "publish":
            return formats.formats(lambda row: "paper" in row.notebook)
        case "svg" if not (made.notebook or os.environ.get("BPVIZ_NOTEBOOK")):
            # GitHub, and notebooks that nobody trusts yet, show no SVG.
            return ("svg", "png")
        case format:
            return (format,)
