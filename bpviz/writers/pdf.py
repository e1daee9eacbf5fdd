"""Pictures as PDF or PostScript: Graphviz draws the positioned DOT and embeds the fonts."""

from __future__ import annotations

import re
from typing import Literal

from bpviz.layout import engines
from bpviz.picture.elements import Picture
from bpviz.picture.theme import Theme
from bpviz.writers import dot
from bpviz.writers.font_files import fontconfig, fonts_for

__all__ = ["write"]

# Cairo's PostScript embeds fonts and has all of Unicode; Graphviz's default has neither.
_FORMATS = {"pdf": "pdf", "ps": "ps:cairo", "eps": "eps:cairo"}

# The bundled Graphviz sets text with Pango; the system's may not.
_LIFTS = {"bundled": 0.05, "system": dot.LIFT}


def write(
    picture: Picture,
    theme: Theme,
    *,
    format: Literal["pdf", "ps", "eps"] = "pdf",
    engine: str = "auto",
    timeout: float | None = None,
) -> bytes:
    """Return ``picture`` as a PDF (or PostScript) page of its size, with searchable text.

    Warns (`BpvizWarning`) of characters that no font of this machine can draw. Raises the errors of
    `bpviz.layout.engines.render`.

    >>> from bpviz.picture.theme import theme
    >>> write(Picture(72.0, 36.0, ()), theme("light"))[:5]
    b'%PDF-'
    """
    source = dot.write(picture, theme, lift=_LIFTS[engines.choose(engine)]).decode()
    with fontconfig(fonts_for(picture, theme.font)) as settings:
        drawn = engines.render(source, _FORMATS[format], engine=engine, timeout=timeout, environment=settings)
    return _undated(drawn)


def _undated(document: bytes) -> bytes:
    """Return a PDF with a fixed date of the same length, because a PDF counts its bytes."""
    document = re.sub(rb"(/CreationDate \(D:)\d{14}", rb"\g<1>20000101000000", document)
    return re.sub(rb"(?m)^%%CreationDate: [^\n]*\n", b"", document)
