"""From a figure to boxes of fixed size, written as DOT in which there is no text at all.

Every box of the figure is a node, and so is the label of every wire: ``source -> label -> target``. All sizes are
whole, even points, so that no engine has anything to round.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import ceil, hypot

from bpviz import text
from bpviz.block import Block, measured, paragraph, words
from bpviz.errors import UsageError
from bpviz.figure import Arrow, Box, Figure, Frame, Wire
from bpviz.theme import TextRole, Theme

__all__ = ["BoxPlan", "Plan", "WirePlan", "planned"]

_LABEL_PAD = 6.0
_LABEL_LEAST = 20.0
_NAME_PAD = 4.0
_LONGEST_SYMBOL = 5
_FRAME_MARGIN = 8
_SEPARATION = (8, 12)


@dataclass(frozen=True, slots=True)
class BoxPlan:
    """A box with its measured text; ``round`` says that it is a circle."""

    box: Box
    words: Block
    width: float
    height: float
    round: bool


@dataclass(frozen=True, slots=True)
class WirePlan:
    """A wire with its measured labels and the room that they take together."""

    wire: Wire
    forward: Block | None
    backward: Block | None
    width: float
    height: float
    port: str
    frame: str | None


@dataclass(frozen=True, slots=True)
class Plan:
    """Every box and every wire, measured, and the DOT that places them.

    In the DOT, box ``i`` is called ``n<i>``, the label of wire ``j`` ``l<j>``, frame ``k`` ``cluster<k>``.
    """

    boxes: tuple[BoxPlan, ...]
    wires: tuple[WirePlan, ...]
    titles: tuple[Block, ...]
    dot: str


def planned(figure: Figure, theme: Theme) -> Plan:
    """Measure everything in ``figure`` and write its DOT.

    Raises: UsageError where a wire or a frame names something that is not in the figure.
    """
    _check(figure)
    frames = {frame.id: frame for frame in figure.frames}
    home = {box.id: box.frame for box in figure.boxes}
    chain = cache(lambda frame: _chain(frame, frames))
    arriving: dict[str, int] = {}
    for wire in figure.wires:
        arriving[wire.target] = arriving.get(wire.target, 0) + 1
    boxes = tuple(_box(box, arriving.get(box.id, 0), theme) for box in figure.boxes)
    wires = tuple(
        _wire(wire, _common(chain(home[wire.source]), chain(home[wire.target])), figure.direction, theme)
        for wire in figure.wires
    )
    titles = tuple(words(frame.title, "frame", theme) for frame in figure.frames)
    return Plan(boxes, wires, titles, _dot(figure, boxes, wires, titles))


def _check(figure: Figure) -> None:
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


def _chain(frame: str | None, frames: dict[str, Frame]) -> tuple[str, ...]:
    """Return the frames around something, from the outermost to the innermost."""
    chain: list[str] = []
    while frame is not None and frame not in chain:
        chain.append(frame)
        frame = frames[frame].parent
    return tuple(reversed(chain))


def _common(one: tuple[str, ...], other: tuple[str, ...]) -> str | None:
    shared = [a for a, b in zip(one, other, strict=False) if a == b]
    return shared[-1] if shared else None


def _even(length: float) -> int:
    return 2 * ceil(length / 2)


def _box(box: Box, arriving: int, theme: Theme) -> BoxPlan:
    role: TextRole
    match box.kind:
        case "branch":
            return BoxPlan(box, Block(0.0, 0.0, ()), theme.dot, theme.dot, True)
        case "input" | "output" | "constant":
            role = "constant" if box.kind == "constant" else "name"
            block = paragraph(box.text, role, theme)
            return BoxPlan(box, block, _even(block.width + 2 * _NAME_PAD), _even(block.height), False)
        case "operation" | "group":
            block = paragraph(box.text, "symbol", theme)
    diameter = hypot(block.width, text.CAP_HEIGHT * theme.sizes["symbol"]) + 8.0
    if box.kind == "operation" and len(box.text) <= _LONGEST_SYMBOL and "\n" not in box.text:
        size = _even(max(theme.node, diameter))
        return BoxPlan(box, block, size, size, True)
    height = max(theme.node, block.height + 16.0, (theme.gap + theme.head[1] + 2.0) * arriving + 6.0)
    return BoxPlan(box, block, _even(max(theme.node, block.width + 18.0)), _even(height), False)


def _wire(wire: Wire, frame: str | None, direction: str, theme: Theme) -> WirePlan:
    """Measure a wire's labels. Its line runs through the middle of their room."""
    forward = _label(wire.forward, "constant" if wire.constant else "forward", theme)
    backward = _label(wire.backward, "backward", theme)
    level = direction == "LR"
    reach = theme.clearance + (theme.gap / 2 if wire.forward and wire.backward else 0.0)
    one = (forward.height if level else forward.width) if forward else 0.0
    other = (backward.height if level else backward.width) if backward else 0.0
    across = 2 * (max(one, other) + reach)
    blocks = [block for block in (forward, backward) if block]
    along = max([block.width if level else block.height for block in blocks], default=0.0)
    along = max(along + 2 * (_LABEL_PAD if level else 2.0), _LABEL_LEAST)
    width, height = (along, across) if level else (across, along)
    return WirePlan(wire, forward, backward, _even(width), _even(height), "", frame)


def _label(arrow: Arrow | None, role: TextRole, theme: Theme) -> Block | None:
    return measured(arrow.label, role, theme) if arrow and arrow.label else None


def _dot(figure: Figure, boxes: tuple[BoxPlan, ...], wires: tuple[WirePlan, ...], titles: tuple[Block, ...]) -> str:
    level = figure.direction == "LR"
    entry, leave = ("w", "e") if level else ("n", "s")
    lines = [
        "digraph {",
        f"rankdir={figure.direction} nodesep={_inches(_SEPARATION[0])} ranksep={_inches(_SEPARATION[1])}",
        'node [shape=box fixedsize=true label=""]',
        "edge [arrowhead=none headclip=false tailclip=false]",
    ]
    lines += _nodes(figure, boxes, wires, titles)
    place = {plan.box.id: i for i, plan in enumerate(boxes)}
    for j, plan in enumerate(wires):
        source, target = place[plan.wire.source], place[plan.wire.target]
        leaving = "" if boxes[source].round else f":{leave}"
        entering = "" if boxes[target].round else f":{entry}"
        near = 8 if boxes[source].box.kind in ("input", "constant") else 1
        lines.append(f"n{source}{leaving} -> l{j}:{entry} [weight={near}]")
        lines.append(f"l{j}:{leave} -> n{target}{entering} [weight=2]")
    return "\n".join([*lines, "}"])


def _nodes(
    figure: Figure, boxes: tuple[BoxPlan, ...], wires: tuple[WirePlan, ...], titles: tuple[Block, ...]
) -> list[str]:
    """Return the nodes, each within the cluster of its frame."""
    inside: dict[str | None, list[str]] = {None: []} | {frame.id: [] for frame in figure.frames}
    for i, box in enumerate(boxes):
        shape = " shape=circle" if box.round else ""
        inside[box.box.frame].append(f"n{i} [width={_inches(box.width)} height={_inches(box.height)}{shape}]")
    for j, wire in enumerate(wires):
        inside[wire.frame].append(f"l{j} [width={_inches(wire.width)} height={_inches(wire.height)}]")
    # A frame may be named before its parent: the deepest are closed first.
    frames = {frame.id: frame for frame in figure.frames}
    order = sorted(range(len(figure.frames)), key=lambda k: -len(_chain(figure.frames[k].id, frames)))
    for k in order:
        frame = figure.frames[k]
        room = _empty_table(titles[k])
        body = "\n".join(inside[frame.id])
        inside[frame.parent].append(f"subgraph cluster{k} {{\nmargin={_FRAME_MARGIN} label={room}\n{body}\n}}")
    return inside[None]


def _empty_table(block: Block) -> str:
    """Return a label without text that keeps exactly the room of ``block``: Graphviz must not measure fonts."""
    size = f'FIXEDSIZE="TRUE" WIDTH="{_even(block.width)}" HEIGHT="{_even(block.height)}"'
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0" {size}><TR><TD></TD></TR></TABLE>>'


def _inches(points: float) -> str:
    return f"{points / 72:.6f}"
