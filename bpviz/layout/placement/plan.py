"""From a figure to boxes of fixed size: every box, and the labels of every wire, measured.

All sizes are whole, even points, so that no engine rounds them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import cache
from math import ceil, hypot
from typing import NamedTuple

from bpviz import deadline
from bpviz.errors import UsageError
from bpviz.figure import Arrow, Box, Figure, Frame, Wire
from bpviz.layout.placement.ruler import Ruler
from bpviz.picture.blocks import Block, words
from bpviz.picture.theme import TextRole, Theme
from bpviz.text import widths

__all__ = [
    "FRAME_MARGIN",
    "RANK_SEPARATION",
    "SEPARATION",
    "BoxPlan",
    "Plan",
    "WirePlan",
    "check",
    "depths",
    "even",
    "ordered",
    "planned",
    "reached",
    "wire_pitch",
]

SEPARATION = 8
"""The least distance between two boxes side by side."""

RANK_SEPARATION = 12
"""The least distance between two boxes one after the other in the flow."""

FRAME_MARGIN = 8
"""The least distance of a box from the frame around it."""

_LABEL_PAD = 6.0
_LABEL_LEAST = 20.0
_NAME_PAD = 4.0
_RING_PAD = 3.0
_LONGEST_SYMBOL = 4
_APPROACH = 12.0


class BoxPlan(NamedTuple):
    """A box with its measured text; ``round`` means a circle, ``bare`` that only the text is drawn.

    ``room`` is free space before and after it along the flow, where wires can come together.
    """

    box: Box
    words: Block
    width: float
    height: float
    round: bool = False
    room: float = 0.0
    bare: bool = False


class WirePlan(NamedTuple):
    """A wire with its measured labels, and the size of their common room.

    ``lift`` is the distance of the line of the wire from the middle of that room, across the flow.
    """

    wire: Wire
    forward: Block | None
    backward: Block | None
    width: float
    height: float
    lift: float
    frame: str | None


class Plan(NamedTuple):
    """Every box, every wire and the title of every frame, measured.

    ``level`` means a flow from left to right, else from top to bottom. ``chains`` has for the id of each frame that a
    box or a wire is directly in the numbers of the frames around it and its own.
    """

    boxes: tuple[BoxPlan, ...]
    wires: tuple[WirePlan, ...]
    frames: tuple[Frame, ...]
    titles: tuple[Block, ...]
    level: bool
    chains: dict[str, tuple[int, ...]]


def planned(figure: Figure, theme: Theme, ruler: Ruler | None = None) -> Plan:
    """Measure everything in ``figure``; a ``ruler`` with the same theme knows what it has measured before."""
    ruler = ruler or Ruler(theme)
    frames = {frame.id: frame for frame in figure.frames}
    home = {box.id: box.frame for box in figure.boxes}
    chain = cache(lambda frame: _chain(frame, frames))
    arriving = Counter(wire.target for wire in figure.wires)
    leaving = Counter(wire.source for wire in figure.wires)
    boxes = tuple(_box(box, arriving[box.id], leaving[box.id], figure.direction, ruler) for box in figure.boxes)
    wires = tuple(
        _wire(wire, _common(chain(home[wire.source]), chain(home[wire.target])), figure.direction, ruler)
        for wire in figure.wires
    )
    titles = tuple(words(frame.title, "frame", theme) for frame in figure.frames)
    number = {id: k for k, id in enumerate(frames)}
    used = {*(box.frame for box in figure.boxes), *(wire.frame for wire in wires)}
    chains = {id: tuple(number[outer] for outer in chain(id)) for id in frames if id in used}
    return Plan(boxes, wires, figure.frames, titles, figure.direction == "LR", chains)


def check(figure: Figure) -> None:
    """Check a figure.

    Raises: UsageError if a wire or a frame names something that is not in the figure, or wires form a cycle.
    """
    boxes = {box.id for box in figure.boxes}
    frames = {frame.id for frame in figure.frames}
    if len(boxes) < len(figure.boxes) or len(frames) < len(figure.frames):
        raise UsageError("A figure needs boxes and frames of different ids, but one id occurs twice.")
    for wire in figure.wires:
        for end in (wire.source, wire.target):
            if end not in boxes:
                raise UsageError(f"Wire {wire.id!r} ends at {end!r}, but the figure has no box of that id.")
    for frame in (*(box.frame for box in figure.boxes), *(frame.parent for frame in figure.frames)):
        if frame is not None and frame not in frames:
            raise UsageError(f"Something lies in the frame {frame!r}, but the figure has no frame of that id.")
    depths(figure.frames)
    ordered(figure)


def depths(frames: Iterable[Frame]) -> dict[str | None, int]:
    """Return the number of frames around each frame, itself included, by id; 0 for ``None``.

    Raises: UsageError if frames lie in each other.
    """
    parents = {frame.id: frame.parent for frame in frames}
    found: dict[str | None, int] = {None: 0}
    for id in parents:
        new: dict[str | None, None] = {}
        here: str | None = id
        while here is not None and here not in found:
            if here in new:
                raise UsageError(f"The frame {here!r} lies in itself, by way of its parents: give one of them another.")
            new[here] = None
            here = parents[here]
        found.update({inner: depth for depth, inner in enumerate(reversed(new), found[here] + 1)})
    return found


def ordered(figure: Figure) -> list[str]:
    """Return the ids of all boxes, sorted so that every wire leads from an earlier to a later one.

    Raises: UsageError if wires form a cycle.
    """
    following: dict[str, list[str]] = {box.id: [] for box in figure.boxes}
    for wire in figure.wires:
        following[wire.source].append(wire.target)
    arriving = Counter(wire.target for wire in figure.wires)
    order = [box.id for box in figure.boxes if not arriving[box.id]]
    for id in order:  # remove boxes without entering wires, one by one
        for target in following[id]:
            arriving[target] -= 1
            if not arriving[target]:
                order.append(target)
    if len(order) == len(figure.boxes):
        return order
    # The remaining boxes are on a cycle or after one: every path backwards ends on a cycle.
    done = set(order)
    before = {target: id for id, targets in following.items() if id not in done for target in targets}
    here = next(iter(before.values()))
    for _ in before:
        here = before[here]
    raise UsageError(
        f"The wires lead in a circle through {here!r}, but values flow one way: "
        "draw each turn of a loop as boxes of its own."
    )


def _chain(frame: str | None, frames: dict[str, Frame]) -> tuple[str, ...]:
    """Return the frames around something, from the outermost to the innermost."""
    deadline.check("measuring the figure")
    chain = []
    while frame is not None:
        chain.append(frame)
        frame = frames[frame].parent
    return tuple(reversed(chain))


def _common(one: tuple[str, ...], other: tuple[str, ...]) -> str | None:
    shared = [a for a, b in zip(one, other, strict=False) if a == b]
    return shared[-1] if shared else None


def even(length: float) -> int:
    """Return the next even number of points."""
    return 2 * ceil(length / 2)


def _box(box: Box, arriving: int, leaving: int, direction: str, ruler: Ruler) -> BoxPlan:
    role: TextRole
    theme = ruler.theme
    match box.kind:
        case "branch":
            room = min(9.0 * (leaving - 1), 27.0)
            return BoxPlan(box, Block(0.0, 0.0, ()), theme.dot, theme.dot, True, room)
        case "input" | "output" | "constant":
            role = "constant" if box.kind == "constant" else "name"
            block = ruler.paragraph(box.text, role)
            # Along the flow a name keeps its distance from the end of its wire, which may be thick.
            above = _NAME_PAD if direction == "TB" else 0.0
            return BoxPlan(box, block, even(block.width + 2 * _NAME_PAD), even(block.height + above), bare=True)
        case "continues" | "continued":
            # All letters take equal space: which one it is is decided after the layout.
            block, widest = ruler.letter(box.text)
            size = even(hypot(widest, widths.CAP_HEIGHT * theme.sizes["name"]) + _RING_PAD)
            return BoxPlan(box, block, size, size, True)
        case "operation" | "group":
            block = ruler.paragraph(box.text, "symbol")
    diameter = hypot(block.width, widths.CAP_HEIGHT * theme.sizes["symbol"]) + 8.0
    if box.kind == "operation" and len(box.text) <= _LONGEST_SYMBOL and "\n" not in box.text:
        size = even(max(theme.node, diameter))
        return BoxPlan(box, block, size, size, True)
    width, height = max(theme.node, block.width + 18.0), max(theme.node, block.height + 16.0)
    # Each wire that ends at an edge needs the width of an arrow head.
    edge = wire_pitch(theme) * max(arriving, leaving) + 6.0
    if direction == "LR":
        height = max(height, edge)
    else:
        width = max(width, edge)
    return BoxPlan(box, block, even(width), even(height), False, _APPROACH if max(arriving, leaving) > 1 else 0.0)


def wire_pitch(theme: Theme) -> float:
    """Return the least distance between the middles of two wires side by side."""
    return theme.gap + theme.head[1]


def _wire(wire: Wire, frame: str | None, direction: str, ruler: Ruler) -> WirePlan:
    """Measure a wire's labels. Its line runs between them, or along the edge of a single one."""
    forward = _label(wire.forward, "constant" if wire.constant else "forward", ruler)
    backward = _label(wire.backward, "backward", ruler)
    level = direction == "LR"
    reach = reached(wire, level, ruler.theme)
    blocks = [block for block in (forward, backward) if block]
    along = max([block.width if level else block.height for block in blocks], default=0.0)
    along = even(max(along + 2 * (_LABEL_PAD if level else 2.0), _LABEL_LEAST))
    across = even(max([block.height if level else block.width for block in blocks], default=0.0) + reach)
    lift = 0.0
    if len(blocks) == 1:
        lift = across / 2 if forward else -across / 2
    else:
        across *= 2
    width, height = (along, across) if level else (across, along)
    return WirePlan(wire, forward, backward, width, height, lift, frame)


def reached(wire: Wire, level: bool, theme: Theme) -> float:
    """Return the distance of labels from the middle of a wire. Beside a line, text needs more space than above it."""
    return theme.clearance + (0.0 if level else 2.0) + (theme.gap / 2 if wire.forward and wire.backward else 0.0)


def _label(arrow: Arrow | None, role: TextRole, ruler: Ruler) -> Block | None:
    return ruler.label(arrow.label, role) if arrow and arrow.label else None
