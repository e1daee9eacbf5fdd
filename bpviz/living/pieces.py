"""Sentences with places for numbers: a page writes the numbers of now into them.

The sentences come from where every other output takes them. Their numbers are written by `Pieces`, which leaves a mark
in the text; the text is then cut at its marks. So no sentence and no rule is described a second time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bpviz.frozen import dataclass
from bpviz.living.expressions import literal
from bpviz.living.steps import Lowering, Slots
from bpviz.ops import Operation
from bpviz.text.language import Language
from bpviz.text.notation import MATH, Notation, Run
from bpviz.text.numerals import MINUS
from bpviz.words.arithmetic import computed
from bpviz.words.numbers import Numerals
from bpviz.words.values import shape_text, spoken

__all__ = ["Array", "Pieces", "Place", "is_marked"]

_MARKS = re.compile("([\U00100000-\U0010fffd])")
"""The marks: a private range of Unicode."""
_ITALICS = "\ue000"
"""Where italics begin and end in a piece: another private character, which is shorter than a list."""

_FIRST = 0x100000
_GRID = 4
"""The most rows and columns of an array that is written out."""


def is_marked(text: str) -> bool:
    """Return whether a text of the model has a character that would be taken for a mark."""
    return _ITALICS in text or _MARKS.search(text) is not None


@dataclass(frozen=True, eq=False)
class Place:
    """A single number that may change: its place on the page, and the steps, which can be continued."""

    slot: int
    steps: Lowering

    def __mul__(self, other: float | Place) -> Place:
        """Return the place of a product; a product with 1 is what it was."""
        if isinstance(other, Place):
            return Place(self.steps.step(f"v[{self.slot}] * v[{other.slot}]"), self.steps)
        return self if other == 1 else Place(self.steps.step(f"({literal(other)}) * v[{self.slot}]"), self.steps)

    __rmul__ = __mul__


@dataclass(frozen=True, slots=True)
class Array:
    """An array that may change: the places of its elements, and its shape."""

    slots: Slots
    shape: tuple[int, ...]


class Pieces(Numerals):
    """The writer of the numbers of one text.

    A text is cut into pieces (see `cut`): a string is itself, with U+E000 where italics begin and end; a whole number
    is the place of a single number. A list that begins with a place is a number in brackets if it is negative, or, with
    a 1 after it, if it has a sign in it. Lists with a letter: ``["+", …]`` is a sum of numbers, ``["n", …]`` the length
    of an array, ``["a", places, shape]`` an array; ``["_", text]`` a subscript (with a 1 after it in italics), ``["^",
    text]`` a superscript.
    """

    def __init__(self, precision: int, say: Language, notation: Notation = MATH) -> None:
        """Take the number of digits, the language, and how names are set."""
        super().__init__(precision, say)
        self.notation = notation
        self._pieces: list[Any] = []

    def _mark(self, piece: Any) -> str:
        if piece not in self._pieces:
            self._pieces.append(piece)
        return chr(_FIRST + self._pieces.index(piece))

    def name(self, text: str) -> str:
        """Return a name, or a derivative, among words."""
        return self._mark(("name", text))

    def number(self, x: Any) -> str:
        """Return a single number."""
        return self._mark(x.slot) if isinstance(x, Place) else super().number(x)

    def factor(self, x: Any) -> str:
        """Return a single number as a factor."""
        return self._mark([x.slot]) if isinstance(x, Place) else super().factor(x)

    def added(self, xs: Sequence[Any]) -> str:
        """Return the sum of single numbers; those that stay are written as they are."""
        if not any(isinstance(x, Place) for x in xs):
            return super().added(xs)
        return self._mark(["+", *(x.slot if isinstance(x, Place) else super(Pieces, self).number(x) for x in xs)])

    def value(self, x: Any) -> str:
        """Return a number, the rows of a small array, or the shape of a larger one."""
        if not isinstance(x, Array):
            return self.number(x) if isinstance(x, Place) else spoken(x, self.precision, self.say)
        if not x.shape or len(x.shape) > 2 or max(x.shape) > _GRID or not min(x.shape):
            return self.say("shape {shape}", shape=shape_text(x.shape))
        return self._mark(["a", list(x.slots), list(x.shape)])

    def gradient(self, x: Any) -> str:
        """Return a number, the rows of a small array, or the shape and the length of a larger one."""
        if not isinstance(x, Array):
            return self.number(x) if isinstance(x, Place) else super().gradient(x)
        text = self.value(x)
        if _MARKS.fullmatch(text):
            return text
        length = self._mark(["n", *x.slots])
        return self.say("shape {shape}, length {length}", shape=shape_text(x.shape), length=length)

    def computed(self, operation: Operation, operands: Sequence[Any], parameters: Mapping[str, Any]) -> str:
        """Return what a step computes of single numbers: in brackets where the sign of a number needs them."""
        marks = [self._mark(x.slot) if isinstance(x, Place) else x for x in operands]
        plain = computed(operation, marks, parameters)
        signed = computed(
            operation, [MINUS + x if isinstance(x, str) and _MARKS.fullmatch(x) else x for x in marks], parameters
        )
        found, rest = [], signed
        for part in _MARKS.split(plain):
            if rest.startswith(part):
                found.append(part)
                rest = rest[len(part) :]
            elif rest.startswith(MINUS + part):
                found.append(part)
                rest = rest[len(part) + 1 :]
            else:
                found.append(self._mark([self._pieces[ord(part) - _FIRST], 1]))
                rest = rest[len(part) + 3 :]
        return "".join(found)

    def cut(self, text: str) -> list[Any]:
        """Return a text in pieces, with its names as in a book."""
        found: list[Any] = []
        for run in self.notation.runs(text) or (Run(text),):
            for part in _MARKS.split(run.text):
                if not part:
                    continue
                for piece in self._meant(run, part):
                    if isinstance(piece, str) and found and isinstance(found[-1], str):
                        found[-1] += piece
                    else:
                        found.append(piece)
        return found

    def _meant(self, run: Run, part: str) -> list[Any]:
        """Return the pieces of a mark or of a part of a run."""
        if not _MARKS.fullmatch(part):
            return [_styled(run, part)]
        piece = self._pieces[ord(part) - _FIRST]
        if not isinstance(piece, tuple):
            return [piece]
        _, name = piece
        return [_styled(one, one.text) for one in self.notation.runs(name) or (Run(name),)]


def _styled(run: Run, text: str) -> Any:
    if run.level and not run.is_small:
        return ["_" if run.level < 0 else "^", text, *([1] if run.italic else [])]
    return f"{_ITALICS}{text}{_ITALICS}" if run.italic else text
