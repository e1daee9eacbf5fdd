"""The options of a circuit, as frozen plain data. It imports little, because the command line reads it too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from bpviz.figure import Direction, NotationKind, Repeat
from bpviz.frozen import dataclass
from bpviz.text.language import ENGLISH, Language
from bpviz.text.styles import Styles

if TYPE_CHECKING:
    from bpviz.graph.flow import Flow

__all__ = ["CircuitOptions", "Constants", "Direction", "Labels", "Parameters", "Repeats", "Show"]

Show = Literal["both", "forward", "backward"]
Labels = Literal["values", "shapes", "symbols", "rules", "none"]
Repeats = Literal["auto", "all"]
Constants = Literal["fold", "wires", "hide"]
Parameters = Literal["wires", "hide"]


@dataclass(frozen=True, slots=True)
class CircuitOptions:
    """The options of a circuit; `bpviz.drawing.options` has their names and help.

    ``depth`` closes every group that lies deeper (0: all groups closed); ``None`` closes groups where the figure would
    not fit its page. ``open`` and ``close`` name single groups. Of more than four equal blocks in a chain the first and
    the last are shown, unless ``repeats`` is ``all``;
    ``names`` are pairs (a value's name, what the figure calls it); ``notation`` sets names as in a book (``w0`` as w₀)
    or as they are typed in code; ``constants`` are written into the operation that uses them (``fold``), have a wire,
    or are left out (``hide``), and so are the ``parameters`` of modules of other frameworks (``wires``, ``hide``);
    ``styles`` are the looks of single values;
    ``shared`` marks what the backward pass computes once and uses several times. In the figure of a gradient,
    ``plumbing`` shows the steps that only change the shape of numbers. ``before`` is an earlier run, of this or of
    another model, whose numbers are shown beside those of this one: ``200 → 240``. ``path`` highlights the paths that
    it names (``A..B``, or ``A`` to the output), ``only`` leaves out everything else. A figure from left to right (or
    right to left) that is wider than ``width`` points is set in rows; ``None`` means any width. ``repeat`` is
    when an input is written again where it is used. ``lang`` is the language of all words.
    """

    show: Show = "both"
    labels: Labels = "values"
    depth: int | None = None
    open: tuple[str, ...] = ()
    close: tuple[str, ...] = ()
    repeats: Repeats = "auto"
    names: tuple[tuple[str, str], ...] = ()
    notation: NotationKind = "math"
    constants: Constants = "fold"
    parameters: Parameters = "wires"
    styles: Styles = ()
    precision: int = 4
    title: str = ""
    direction: Direction = "LR"
    width: float | None = 720.0
    repeat: Repeat = "auto"
    shared: bool = False
    plumbing: bool = False
    before: Flow | None = None
    path: str = ""
    only: str = ""
    lang: Language = ENGLISH
