"""The waist of the hourglass: WHAT a figure shows, as frozen plain data.

Builders (``bpviz.figures``) turn graphs and numbers into a `Figure`; ``bpviz.layout.page`` turns a `Figure` into a
`bpviz.picture.elements.Picture`. Nothing here knows NumPy, networkx, DOT or colours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from functools import cache, partial
from types import MappingProxyType
from typing import Any, Literal

from bpviz.frozen import dataclass

__all__ = [
    "UNSEEN",
    "Arrow",
    "ArrowKind",
    "Box",
    "Content",
    "Curve",
    "Direction",
    "Figure",
    "Film",
    "Fraction",
    "Frame",
    "Gathered",
    "Grid",
    "Heat",
    "Label",
    "NotationKind",
    "Origin",
    "Pass",
    "Plain",
    "Repeat",
    "Room",
    "Row",
    "Sheet",
    "Step",
    "Tone",
    "Turns",
    "Wire",
]

Direction = Literal["LR", "RL", "TB", "BT"]
"""The direction of the flow: to the right, to the left, downwards, upwards."""
NotationKind = Literal["math", "code"]
"""How names are set: as in a book (w₀), or as they are typed (w0)."""
Repeat = Literal["auto", "always", "never"]
"""When an input is written again at a use: where its uses lie apart, at every use, or never."""

BoxKind = Literal["input", "output", "constant", "operation", "group", "branch", "continues", "continued"]
Tone = Literal["plain", "pale", "strong", "shared"]
"""The emphasis of a part: normal, in the background, in front, or shared by several others."""

Pass = Literal["forward", "backward"]
"""The pass of a part: the figure of a gradient also has boxes and wires of the backward pass."""


UNSEEN: Mapping[str, bool] = MappingProxyType({"unseen": True})
"""Marks a field that is not visible, so that the fingerprint of a figure leaves it out."""


@dataclass(frozen=True, slots=True)
class Plain:
    """One line of text: a number, a shape, a formula. ``marked`` makes it stand out (NaN, infinity).

    ``latex`` is the same in LaTeX's mathematical mode, if it is not the same signs one by one.
    """

    text: str
    marked: bool = False
    latex: str = field(default="", repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Grid:
    """A small array, row by row, with formatted cells; drawn between brackets with aligned columns.

    ``factor`` is a power of ten that all numbers are multiplied by. A ``vector`` is one row that may stand upright.
    """

    rows: tuple[tuple[str, ...], ...]
    marked: bool = False
    factor: str = ""
    vector: bool = field(default=False, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Heat:
    """A larger array: its shape as text and a small heat map.

    ``cells`` lie between −1 and 1 (the largest magnitude is ±1), ``None`` where the number is not finite. ``full`` is
    that magnitude as text, ``largest`` as a number. ``note`` stands after the shape; it says so if not every number has
    a cell.
    """

    text: str
    cells: tuple[tuple[float | None, ...], ...]
    marked: bool = False
    full: str = ""
    note: str = ""
    largest: float = field(default=1.0, repr=False, compare=False, metadata=UNSEEN)


@dataclass(frozen=True, slots=True)
class Fraction:
    """One line of text above a bar, another below it."""

    over: str
    under: str

    @property
    def text(self) -> str:
        """The same in one line."""
        return f"{self.over}/{self.under}"


@dataclass(frozen=True, slots=True)
class Row:
    """Several contents side by side: ``∂y/∂x`` as a fraction, `` = n·t`` as text."""

    parts: tuple[Content, ...]

    @property
    def text(self) -> str:
        """The text of all its parts, in one line."""
        return "".join(part.text for part in self.parts if not isinstance(part, Grid))


Content = Plain | Grid | Heat | Fraction | Row


@dataclass(frozen=True, slots=True)
class Room:
    """The room, in points, of the labels that take turns in the steps of a film; ``columns`` are those of grids."""

    width: float
    height: float
    columns: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Label:
    """The label at an arrow: the content, after the name of the value if it has one; above both a ``note``.

    It takes at least its ``room``, if it has one.
    """

    content: Content
    name: str = ""
    note: str = ""
    room: Room | None = field(default=None, metadata=UNSEEN)


@dataclass(frozen=True, slots=True)
class Arrow:
    """One direction of a wire; the label may be missing."""

    label: Label | None = None


@dataclass(frozen=True, slots=True)
class Box:
    """The end of a wire: a name, an operation, a closed group, a constant, a branch dot.

    ``text`` is the name or symbol (several lines are separated by ``\\n``; empty for a branch dot).
    ``frame`` is the id of the innermost frame around it. ``description`` is one sentence to be read aloud. ``belongs``
    is its pass. If it ``commutes``, its operands may be drawn in any order. A ``color`` of its own is
    ``#RRGGBB``. ``node`` is the number of its node in the
    graph, ``group`` that of its closed group; an output and a branch dot have neither. In a figure that is set in rows,
    a wire ends in a letter at the end of its row (``continues``) and begins at the same letter later (``continued``).
    """

    id: str
    kind: BoxKind
    text: str = ""
    frame: str | None = None
    description: str = ""
    tone: Tone = "plain"
    belongs: Pass = "forward"
    commutes: bool = False
    color: str = ""
    node: int | None = field(default=None, metadata=UNSEEN)
    group: int | None = field(default=None, metadata=UNSEEN)

    @property
    def is_gap(self) -> bool:
        """Whether it stands for equal blocks that are not shown: ``⋯ ×10 ⋯``."""
        return self.text.startswith("⋯")


@dataclass(frozen=True, slots=True)
class Origin:
    """What the numbers at a wire are, by the numbers of nodes: the value of a node, and a sum of gradients.

    ``shares`` are the gradients that add up at the wire, as (node, slot of its operand); the seed is one more of them
    if it is ``seeded``.
    """

    value: int
    shares: tuple[tuple[int, int], ...] = ()
    seeded: bool = False


@dataclass(frozen=True, slots=True)
class Wire:
    """A value that flows from ``source`` to ``target`` (box ids), entering at operand ``slot``.

    ``forward`` and ``backward`` are its two arrows; ``None`` means that the arrow is not drawn. ``constant`` wires
    carry a constant and are drawn grey. A wire that ``belongs`` to the backward pass carries a gradient. A ``color`` of
    its own (``#RRGGBB``) is that of its forward arrow. If it comes from a branch dot, ``direct`` is its description
    when it comes from the box before the dot. ``origin`` is what its numbers are, where that is known.
    """

    id: str
    source: str
    target: str
    slot: int = 0
    forward: Arrow | None = None
    backward: Arrow | None = None
    constant: bool = False
    description: str = ""
    tone: Tone = "plain"
    belongs: Pass = "forward"
    color: str = ""
    direct: str = field(default="", metadata=UNSEEN)
    origin: Origin | None = field(default=None, repr=False, compare=False, metadata=UNSEEN)


class Gathered(Mapping[frozenset[str], Wire]):
    """Wires by the ids of those that they stand for, each made when it is first wanted.

    A value with ten uses has a thousand. It is pickled, and iterated over, as those that were made.

    >>> made = Gathered(lambda ids: Wire("", "x", "dot", description=" and ".join(sorted(ids))))
    >>> made[frozenset({"w1", "w2"})].description, len(made)
    ('w1 and w2', 1)
    """

    def __init__(self, make: Callable[[frozenset[str]], Wire | None]) -> None:
        """Take what makes such a wire, or returns ``None`` if there can be none."""
        self._make = make
        self._made: dict[frozenset[str], Wire | None] = {}

    def __getitem__(self, ids: frozenset[str]) -> Wire:
        if ids not in self._made:
            self._made[ids] = self._make(ids)
        wire = self._made[ids]
        if wire is None:
            raise KeyError(ids)
        return wire

    def __iter__(self) -> Iterator[frozenset[str]]:
        return (ids for ids, wire in self._made.items() if wire is not None)

    def __len__(self) -> int:
        return sum(wire is not None for wire in self._made.values())

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self),)


@dataclass(frozen=True, slots=True)
class Frame:
    """A dashed frame with a title around the boxes (and frames) that name it.

    In a figure that is set in rows it is open at the side where the group comes from another row or goes on there.
    """

    id: str
    title: str
    parent: str | None = None
    tone: Tone = "plain"
    open_at_start: bool = False
    open_at_end: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """Everything in a figure. Boxes and wires are in the order of computation.

    It is about ``width`` points wide at most (``None``: any width); a longer one is set in rows. Its texts have names
    as they are typed; ``notation`` says how they are set. ``repeat`` is when an input is written again. ``sums`` has
    for branch dots of inputs, by id, the note with the sum of their gradients, for figures that show no dot.
    ``gathered`` has for several wires from one branch dot, by their ids, a wire with the sum of their gradients; some
    may be missing, and are then not drawn as one wire. ``closed`` are those of the notes that say which groups were
    closed to fit a page.
    """

    boxes: tuple[Box, ...]
    wires: tuple[Wire, ...]
    frames: tuple[Frame, ...] = ()
    title: str = ""
    description: str = ""
    notes: tuple[str, ...] = ()
    direction: Direction = "LR"
    width: float | None = 720.0
    notation: NotationKind = "math"
    repeat: Repeat = "auto"
    sums: tuple[tuple[str, str], ...] = field(default=(), metadata=UNSEEN)
    gathered: Mapping[frozenset[str], Wire] | None = field(default=None, repr=False, compare=False, metadata=UNSEEN)
    closed: tuple[str, ...] = field(default=(), metadata=UNSEEN)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a figure: what appears in it, and its sentence.

    ``boxes`` are the ids of the boxes that compute, ``forward`` and ``backward`` those of the wires whose forward or
    backward arrow appears. What has appeared stays; what never appears is shown from the beginning. ``numbered`` says
    that the sentence contains the number of the step.
    """

    sentence: str
    boxes: tuple[str, ...] = ()
    forward: tuple[str, ...] = ()
    backward: tuple[str, ...] = ()
    numbered: bool = False


Turns = Sequence[Arrow | None]
"""The arrows that take turns at one wire: one for each step of a film."""
ArrowKind = Literal["forward", "constant", "backward"]


@dataclass(frozen=True, slots=True)
class Curve:
    """A small curve: the ``values`` of a quantity, by the numbers of the steps; ``along`` is the name of the axis."""

    name: str
    along: str
    numbers: tuple[int, ...]
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Film:
    """Figures with the same boxes and wires and other numbers, one for each step, and maybe a curve below them."""

    figures: tuple[Figure, ...]
    steps: tuple[Step, ...]
    curve: Curve | None = None

    @property
    def boxes(self) -> tuple[Box, ...]:
        """The boxes of each figure."""
        return self.figures[-1].boxes

    def with_arrows(self, change: Callable[[Turns, ArrowKind], Turns]) -> Film:
        """Return the film with other arrows: ``change`` takes the arrow that a wire has in each step, and its kind."""

        def changed(turns: Sequence[Wire]) -> list[Wire]:
            forward = change([wire.forward for wire in turns], "constant" if turns[0].constant else "forward")
            backward = change([wire.backward for wire in turns], "backward")
            arrows = zip(turns, forward, backward, strict=True)
            return [replace(wire, forward=ahead, backward=back) for wire, ahead, back in arrows]

        @cache
        def gathered(ids: frozenset[str]) -> list[Wire] | None:
            turns = [figure.gathered.get(ids) for figure in self.figures if figure.gathered is not None]
            known = [wire for wire in turns if wire is not None]
            return changed(known) if len(known) == len(self.figures) else None

        def of_step(step: int, ids: frozenset[str]) -> Wire | None:
            found = gathered(ids)
            return None if found is None else found[step]

        wires = zip(*map(changed, zip(*(figure.wires for figure in self.figures), strict=True)), strict=True)
        steps = list(wires) or [()] * len(self.figures)
        figures = (
            replace(
                figure,
                wires=steps[step],
                gathered=None if figure.gathered is None else Gathered(partial(of_step, step)),
            )
            for step, figure in enumerate(self.figures)
        )
        return replace(self, figures=tuple(figures))


@dataclass(frozen=True, slots=True)
class Sheet:
    """Several figures on one page, each with a caption (which may be empty)."""

    figures: tuple[Figure, ...]
    captions: tuple[str, ...]

    @property
    def boxes(self) -> tuple[Box, ...]:
        """The boxes of all figures."""
        return tuple(box for figure in self.figures for box in figure.boxes)

    @property
    def title(self) -> str:
        """The titles of the figures."""
        return "; ".join(figure.title for figure in self.figures if figure.title)

    @property
    def description(self) -> str:
        """The descriptions of the figures."""
        return " ".join(figure.description for figure in self.figures if figure.description)
