"""Figures in sphinx-gallery: ``image_scrapers = ("bpviz",)`` shows the drawings that a block of an example makes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from weakref import WeakSet

from bpviz.drawing import Drawing

__all__ = ["Scraper"]


class Scraper:
    """Saves the drawings that a block has left in variables or as its last value, each once; answers their reST."""

    def __init__(self) -> None:
        self.shown: WeakSet[Drawing] = WeakSet()

    def __repr__(self) -> str:
        # It is part of the configuration, which must be the same on every build.
        return "<figures of bpviz>"

    def __call__(self, block: object, variables: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
        """Called by sphinx-gallery after every block of code."""
        from sphinx_gallery.scrapers import figure_rst

        # SVG where the page can show it; everything else takes PNG.
        suffix = "svg" if "html" in str(settings.get("builder_name", "html")) else "png"
        images = []
        for drawing in self._new(variables["example_globals"]):
            path = Path(next(variables["image_path_iterator"])).with_suffix(f".{suffix}")
            drawing.save(path)
            images.append(figure_rst([str(path)], settings["src_dir"], drawing.figure.description))
        return "\n".join(images)

    def _new(self, names: Mapping[str, Any]) -> list[Drawing]:
        found = [value for value in names.values() if isinstance(value, Drawing) and value not in self.shown]
        new = list(dict.fromkeys(found))
        self.shown.update(new)
        return new
