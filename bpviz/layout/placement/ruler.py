"""A ruler: texts and labels measured with a theme, each only once, however often a figure is set."""

from __future__ import annotations

from dataclasses import replace

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
    >>> ruler, label = Ruler(theme("light")), Label(Plain("100"))
    >>> ruler.label(label, "forward") is ruler.label(label, "forward")
    True
    """

    def __init__(self, theme: Theme) -> None:
        """Take the theme, which has the sizes of all text and the notation of names."""
        self.theme = theme
        self._labels: dict[tuple[int, TextRole], tuple[Label, Block]] = {}
        self._paragraphs: dict[tuple[str, TextRole], Block] = {}
        self._letters: dict[str, tuple[Block, float]] = {}

    def label(self, label: Label, role: TextRole) -> Block:
        """Return the block of a label."""
        # By identity: comparing the numbers of large arrays takes longer. Each label is kept, so that no other gets its
        # identity.
        key = id(label), role
        if key not in self._labels:
            self._labels[key] = label, measured(label, role, self.theme)
        return self._labels[key][1]

    def paragraph(self, text: str, role: TextRole) -> Block:
        """Return the block of a text that may have several lines."""
        key = text, role
        if key not in self._paragraphs:
            self._paragraphs[key] = paragraph(text, role, self.theme)
        return self._paragraphs[key]

    def letter(self, text: str) -> tuple[Block, float]:
        """Return the block of a letter at the end of a row, and the width of the widest of this length."""
        if text not in self._letters:
            # A letter, not a name.
            as_typed = replace(self.theme, notation=CODE)
            widest = words(_WIDEST_LETTER * len(text), "name", as_typed).width
            self._letters[text] = words(text, "name", as_typed), widest
        return self._letters[text]
