"""A living figure in another page: in a frame that can do nothing but run its own script, over the plain picture.

The picture gives the frame its place and size, and is what readers see where frames are not shown: on paper, or in a
viewer of notebooks that takes them out. No script of the host is needed; with it the frame is as high as its figure,
and dark where the page is.
"""

from __future__ import annotations

import base64
from html import escape

from bpviz.living.expressions import script
from bpviz.picture.elements import Picture
from bpviz.text.escaping import escaped
from bpviz.text.language import ENGLISH, Language

__all__ = ["around", "framed"]


def around(picture: Picture, page: bytes | str, say: Language = ENGLISH, style: str = "") -> tuple[str, str]:
    """Return the pieces of HTML before and after the plain picture, which is an ``<img>``.

    ``page`` is the page of the figure alone, or its address; ``style`` is more CSS for its place.

    >>> before, after = around(Picture(100.0, 50.0, (), title="Apples"), "apples.html")
    >>> before.splitlines()[0]
    '<div class="bpviz-living" style="--wide:100pt">'
    >>> after.splitlines()[0]
    '<iframe class="bpviz-frame" title="Apples" sandbox="allow-scripts" src="apples.html"></iframe>'
    """
    source = f'src="{escaped(page)}"' if isinstance(page, str) else f'srcdoc="{escape(page.decode())}"'
    place = f"--wide:{picture.width:g}pt;{style}".rstrip(";")
    title = escaped(picture.title or say("Computation graph"))
    before = (
        f'<div class="bpviz-living" style="{escaped(place)}">\n'
        f"<style>{script('host.css')}</style>\n<script>{script('host.js')}</script>\n"
    )
    frame = f'<iframe class="bpviz-frame" title="{title}" sandbox="allow-scripts" {source}></iframe>'
    return before, f"{frame}\n</div>\n"


def framed(picture: Picture, page: bytes, plain: bytes, alt: str = "", say: Language = ENGLISH) -> str:
    """Return a figure in a frame, over its plain picture, an SVG file; the HTML contains both.

    ``alt`` is read aloud of the plain picture, instead of the figure's own description.
    """
    before, after = around(picture, page, say)
    address = f"data:image/svg+xml;base64,{base64.b64encode(plain).decode()}"
    return f'{before}<img alt="{escaped(alt or picture.description)}" src="{address}">\n{after}'
