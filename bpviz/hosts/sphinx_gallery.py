"""Figures in sphinx-gallery: ``image_scrapers = ("bpviz",)`` shows the drawings that a block of an example makes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bpviz.drawing.drawing import Drawing

__all__ = ["scraped"]

_SHOWN = "bpviz_shown"
"""The key under which an example keeps the drawings that are already on its page."""


def scraped(block: object, example: dict[str, Any], settings: Mapping[str, Any]) -> str:
    """Save the drawings in a block's variables or its last value, each once. Return their reST.

    sphinx-gallery calls it after every block of code.
    """
    from sphinx_gallery.scrapers import figure_rst

    # SVG if the page can show it, else PNG.
    suffix = "svg" if "html" in str(settings.get("builder_name", "html")) else "png"
    shown: list[Drawing] = example.setdefault(_SHOWN, [])
    images = []
    for drawing in example["example_globals"].values():
        if not isinstance(drawing, Drawing) or drawing in shown:
            continue
        shown.append(drawing)
        path = Path(next(example["image_path_iterator"])).with_suffix(f".{suffix}")
        drawing.save(path)
        images.append(figure_rst([str(path)], settings["src_dir"], drawing.figure.description))
    return "\n".join(images)
