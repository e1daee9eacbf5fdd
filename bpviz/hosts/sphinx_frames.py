"""Living figures in Sphinx: a page that lies beside the pictures, and in the document a frame over the picture."""

from __future__ import annotations

import posixpath
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from docutils import nodes
from sphinx.util.osutil import relative_uri

from bpviz.files import write_file
from bpviz.living.frame import around

if TYPE_CHECKING:
    from sphinx.application import Sphinx

    from bpviz.drawing.drawing import Drawing

__all__ = ["framed", "lives"]

_PLACES = {"center": "margin-inline:auto", "right": "margin-left:auto"}
"""The alignments of a frame in CSS; elsewhere it stands on the left."""


def lives(app: Sphinx, drawing: Drawing) -> bool:
    """Return whether the builder shows a figure living; a book (EPUB) has no frames."""
    can = app.builder.format == "html" and app.builder.name != "epub"
    return can and bool(drawing.options.live) and drawing.living_page is not None


def framed(app: Sphinx, drawing: Drawing, docname: str, stem: str, image: nodes.image) -> nodes.container:
    """Write the page of a figure, and return its frame over an image, whose place and size it takes."""
    page = drawing.living_page
    assert page is not None
    name = f"{stem}-{drawing.fingerprint('html').replace(':', '-')}.html"
    folder = app.builder.imagedir
    place = Path(app.builder.outdir, folder, name)
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        write_file(place, page)
    address = relative_uri(app.builder.get_target_uri(docname), posixpath.join(folder, quote(name)))
    before, after = around(drawing.picture, address, drawing.options.circuit.lang, _style(image))
    start, end = (nodes.raw("", text, format="html") for text in (before, after))
    about = {name: image[name] for name in ("ids", "names", "classes")}
    plain = nodes.image("", **{name: image[name] for name in ("uri", "candidates", "alt")})
    plain.source, plain.line = image.source, image.line
    return nodes.container("", start, plain, end, **about)


def _style(image: nodes.image) -> str:
    """Return the place and the width of an image as CSS."""
    width = str(image.get("width", ""))
    if not width and "scale" in image:
        width = f"calc(var(--wide)*{image['scale'] / 100:g})"
    size = f"width:{width}px" if width.isdecimal() else f"width:{width}" if width else ""
    return ";".join(filter(None, (size, _PLACES.get(image.get("align", ""), ""))))
