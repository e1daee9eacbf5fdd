"""A ruler: texts and labels measured with a theme, each only once, however often a figure is set."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from bpviz.figure import Label
from bpviz.picture.blocks import Block, measured, paragraph, words
from bpviz.picture.theme import TextRole, Theme
from bpviz.text.notation import CODE

__all__ = ["Ruler"]

_WIDEST_LETTER = "W"


class Ruler:
    """Measures with a theme.

    >>> from bpviz.figure import Plain
    >>> from bpviz.picture.theme import theme
    >>> ruler = Ruler(theme("light"))
    >>> ruler.label(Label(Plain("100")), "forward") is ruler.label(Label(Plain("100")), "forward")
    True
    """

    def __init__(self, theme: Theme) -> None:
        """Take the theme, which has the sizes of all text and the notation of names."""
        self.theme = theme
        self.label = cache(self._label)
        self.paragraph = cache(self._paragraph)
        self.letter = cache(self._letter)

    def _label(self, label: Label, role: TextRole) -> Block:
        """Return the block of a label."""
        return measured(label, role, self.theme)

    def _paragraph(self, text: str, role: TextRole) -> Block:
        """Return the block of a text that may have several lines."""
        return paragraph(text, role, self.theme)

    def _letter(self, text: str) -> tuple[Block, float]:
        """Return the block of a letter at the end of a row, and the width of the widest of this length."""
        # A letter, not a name.
        as_typed = replace(self.theme, notation=CODE)
        return words(text, "name", as_typed), words(_WIDEST_LETTER * len(text), "name", as_typed).width
