"""What a framework did, in terms of no framework: leaves, steps, groups, and the gradients that came back.

A source (`bpviz.sources.registry`) watches its framework while the user's code runs, writes a `Record`, and returns
`bpviz.sources.assembly.flow(record)`. Every number in it is the framework's own: nothing is computed again.

**Numbers of values.** A record lists its entries in the order in which they were met. Each `Leaf` has one value, each
`Step` one for each of its results. Values are counted through all entries, from 0 on, and operands, outputs and
gradients name values by that number. An operand comes before the step that uses it.

    entries = (
        Leaf("x", [1.0, 2.0]),                              # value 0
        Leaf("W", [[1.0], [3.0]], kind="parameter"),        # value 1
        Step("matmul", (0, 1), ([7.0],), same=(Same("matmul"),)),      # value 2
        Step("max", (2,), (7.0, 0)),                        # values 3 and 4: what it returned as a tuple
    )

**Forms of numbers.** Values and gradients are floats or NumPy arrays that nobody writes into afterwards. `kept` makes
that form: a float for one number in double precision, a copy of an array, a thumbnail of more than a million elements.
Call it when the value is made, so that large values need not stay in memory. NumPy has no bfloat16: give float32.

**Gradients.** ``gradients`` has, by the number of a value, what arrived there in all; ``wires`` has, by the number of
a step's first result, what flowed back along each of its operands (for all results of the step together). Where a
gradient is left out, or ``None``, none flowed. `UNKNOWN` says that one may flow, but that nobody says which: it is
neither ``None`` nor 0, and is drawn as unknown. Shapes are those of the values.

**Rows.** ``same`` names the operation of bpviz that computes the same: then the step has its formulas, elements and
words. The operands then stand in the order of that row. A step without one has a *callable row* if ``call`` is given,
which computes the one operation again in its framework (see `Call`): other inputs, rules, paths, gradcheck and second
derivatives work with it. A step that has neither shows its numbers; what would need others is refused in words.

**Groups.** ``group`` is the innermost group of an entry; each call of a module is a group of its own, even of the same
title. A group that would frame a single step is left out. A parameter belongs to the innermost group that holds all
its uses, and disappears in figures that are less deep, in the box of that group or of its single step: leave its own
``group`` empty.

**Places and names.** ``code`` and ``offset`` (``frame.f_code``, ``frame.f_lasti`` of the user's own frame:
`bpviz.recording.source.users_frame`) are the place of a step in the user's source: it gives the line and, unless
``names`` has them, the names of results from the variables that take them. ``line`` alone is enough for the line. Give
``names=("",)`` where the user's code did not make that call itself, so that its variable is that of another value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from types import CodeType
from typing import Any, Literal

from bpviz.frozen import dataclass
from bpviz.ops.table.foreign import Call
from bpviz.ops.table.thumbnails import Thumbnail, kept
from bpviz.ops.table.unknown import UNKNOWN

__all__ = ["UNKNOWN", "Call", "Group", "Kind", "Leaf", "Record", "Same", "Step", "Thumbnail", "kept"]

Kind = Literal["input", "parameter", "constant"]


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """One call of a module (or a named block): the steps in it stand in one frame. Two calls are two groups.

    >>> block = Group("layer1.0 BasicBlock", Group("layer1 Sequential"))
    >>> block.parent.title, block.parent.parent
    ('layer1 Sequential', None)
    """

    title: str
    parent: Group | None = None


@dataclass(frozen=True, slots=True)
class Same:
    """An operation of bpviz, by name, that computes the same, with its parameters: ``Same("sum", {"axis": 0})``."""

    row: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Leaf:
    """A value that no step made.

    - ``input``: an argument of the user's function or module. Other values can be given for it.
    - ``parameter``: a weight. It is an input as well, and belongs to the group that uses it.
    - ``constant``: anything else (a buffer, a literal, a tensor made inside); without a name it shows its number.

    ``frozen``: no gradient can flow to it (``requires_grad=False``, whole numbers). A frozen input is drawn without an
    arrow back; a frozen parameter is a constant with its name.
    """

    name: str
    value: Any
    kind: Kind = "input"
    frozen: bool = False
    group: Group | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One operation that the framework did.

    ``function`` is its name in the framework (``linear``), ``symbol`` what stands in its circle (default: that of the
    row ``same``, else the function). ``operands`` are numbers of values, one for each operand, also twice the same.
    ``results`` are the values that it made. ``same`` has, for each result, our operation or ``None`` (empty: none).
    ``reached`` says whether a gradient can flow back through it; to results that are no floats none flows anyway.
    """

    function: str
    operands: tuple[int, ...]
    results: tuple[Any, ...]
    symbol: str = ""
    same: tuple[Same | None, ...] = ()
    call: Call | None = None
    reached: bool = True
    names: tuple[str, ...] | None = None
    group: Group | None = None
    code: CodeType | None = None
    offset: int = -1
    line: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """All that a framework did, and what came back.

    ``framework`` is its name for readers (``PyTorch``), ``name`` that of the function or module. ``outputs`` are the
    values that were returned, by number and title (empty titles: the names that they have); the gradients are those of
    ``output``, with the gradient ``seed`` there (``None``: nothing was differentiated, and there are no arrows back).
    ``remarks`` are sentences for
    below the figure.
    """

    framework: str
    name: str
    entries: Sequence[Leaf | Step]
    output: int
    outputs: Sequence[tuple[int, str]] = ()
    seed: Any = None
    gradients: Mapping[int, Any] = field(default_factory=dict)
    wires: Mapping[int, Sequence[Any]] = field(default_factory=dict)
    remarks: Sequence[str] = ()
    function: Callable[..., Any] | None = None
