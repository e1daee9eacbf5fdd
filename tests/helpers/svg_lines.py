"""The lines of text of an SVG, each in one piece: a line may have pieces in italics, below and above it."""

from __future__ import annotations

import re

__all__ = ["in_one_piece"]


def in_one_piece(svg: str) -> str:
    """Return an SVG in which each line of text is a single piece, so that it can be searched."""
    return re.sub(r"</?tspan[^>]*>", "", svg)
