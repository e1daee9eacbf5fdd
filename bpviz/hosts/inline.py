"""Drawings as pieces of another page of HTML."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import TYPE_CHECKING

from bpviz.text.escaping import escaped
from bpviz.writers.html import fragment

if TYPE_CHECKING:
    from bpviz.drawing.drawing import Drawing

__all__ = ["inlined"]


def inlined(drawing: Drawing, *, alt: str = "", caption: str = "") -> str:
    """Return the drawing as a ``<figure>``: living in a frame, with steps, or moving, if its options say so.

    ``alt`` is read aloud instead of the figure's own description.
    """
    below = f"<figcaption>{escaped(caption)}</figcaption>" if caption else ""
    if drawing.options.live and (page := drawing.living_page) is not None:
        return f"<figure>\n{drawing.to_frame(page, alt=alt)}{below}</figure>\n"
    if drawing.options.animate and not drawing.options.steps:
        # In an image, its style sheet does not change the page.
        data = base64.b64encode(drawing.to_bytes("svg")).decode()
        text = escaped(alt or drawing.figure.description)
        return (
            f'<figure class="bpviz-figure"><img alt="{text}" src="data:image/svg+xml;base64,{data}">{below}</figure>\n'
        )
    steps = drawing.step_list if drawing.options.steps else ()
    shown = drawing.moving_picture if steps else drawing.picture
    picture = replace(shown, description=alt) if alt else shown
    why = drawing.why_still if drawing.options.live else ""
    return fragment(picture, drawing.theme, steps=steps, say=drawing.options.circuit.lang, caption=caption) + why
