"""From a figure to boxes of fixed size, written as DOT in which there is no text at all.

Every box of the figure is a node, and so is the label of every wire: ``source -> label -> target``. All sizes are
whole, even points, so that no engine has anything to round.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from math import ceil, hypot
from typing import NamedTuple

from bpviz.errors import UsageError
from bpviz.figure import Arrow, Box, Figure, Frame, Wire
from bpviz.picture.blocks import Block, measured, paragraph, words
from bpviz.picture.theme import TextRole, Theme
from bpviz.text import widths

__all__ = ["SEPARATION", "BoxPlan", "Plan", "WirePlan", "ordered", "planned", "reached", "wire_pitch"]

SEPARATION = 8
"""The least distance between two boxes that stand side by side."""

_LABEL_PAD = 6.0
_LABEL_LEAST = 20.0
_NAME_PAD = 4.0
_LONGEST_SYMBOL = 4
_FRAME_MARGIN = 8
_APPROACH = 12.0
_PASSAGE = 64.0
_RANK_SEPARATION = 12


class BoxPlan(NamedTuple):
    """A box with its measured text; ``round`` says that it is a circle, ``bare`` that only its text is drawn.

    ``room`` is kept free before and behind it along the flow, so that wires can gather there.
    """

    box: Box
    words: Block
    width: float
    height: float
    round: bool = False
    room: float = 0.0
    bare: bool = False


class WirePlan(NamedTuple):
    """A wire with its measured labels and the room that they take together.

    ``lift`` is how far beyond the middle of that room, across the flow, the line of the wire runs.
    """

    wire: Wire
    forward: Block | None
    backward: Block | None
    width: float
    height: float
    lift: float
    frame: str | None


class Plan(NamedTuple):
    """Every box and every wire, measured, and the DOT that places them.

    ``level`` says that the flow runs from left to right, else from top to bottom. In the DOT, box ``i`` is called
    ``n<i>``, the label of wire ``j`` ``l<j>``, frame ``k`` ``cluster<k>``. ``chains`` holds for the id of each frame
    the numbers of those around it and its own. ``effort`` tells about how many places Graphviz has to fill.
    """

    boxes: tuple[BoxPlan, ...]
    wires: tuple[WirePlan, ...]
    titles: tuple[Block, ...]
    level: bool
    dot: str
    chains: dict[str, tuple[int, ...]]
    effort: int


def planned(figure: Figure, theme: Theme) -> Plan:
    """Measure everything in ``figure`` and write its DOT.

    Raises: UsageError where a wire or a frame names something that is not in the figure, or wires lead in a circle.
    """
    _check(figure)
    effort = _effort(figure)
    frames = {frame.id: frame for frame in figure.frames}
    home = {box.id: box.frame for box in figure.boxes}
    chain = cache(lambda frame: _chain(frame, frames))
    arriving = Counter(wire.target for wire in figure.wires)
    leaving = Counter(wire.source for wire in figure.wires)
    boxes = tuple(_box(box, arriving[box.id], leaving[box.id], figure.direction, theme) for box in figure.boxes)
    wires = tuple(
        _wire(wire, _common(chain(home[wire.source]), chain(home[wire.target])), figure.direction, theme)
        for wire in figure.wires
    )
    titles = tuple(words(frame.title, "frame", theme) for frame in figure.frames)
    number = {id: k for k, id in enumerate(frames)}
    chains = {id: tuple(number[outer] for outer in chain(id)) for id in frames}
    dot = _dot(figure, boxes, wires, titles, effort)
    return Plan(boxes, wires, titles, figure.direction == "LR", dot, chains, effort)


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


def ordered(figure: Figure) -> list[str]:
    """Return the ids of all boxes so that every wire leads from an earlier to a later one.

    Raises: UsageError where wires lead in a circle.
    """
    following: dict[str, list[str]] = {box.id: [] for box in figure.boxes}
    for wire in figure.wires:
        following[wire.source].append(wire.target)
    arriving = Counter(wire.target for wire in figure.wires)
    order = [box.id for box in figure.boxes if not arriving[box.id]]
    for id in order:  # take away what nothing leads to, box by box
        for target in following[id]:
            arriving[target] -= 1
            if not arriving[target]:
                order.append(target)
    if len(order) == len(figure.boxes):
        return order
    # What is left lies on a circle or behind one: backwards, every way ends on a circle.
    done = set(order)
    before = {target: id for id, targets in following.items() if id not in done for target in targets}
    here = next(iter(before.values()))
    for _ in before:
        here = before[here]
    raise UsageError(
        f"The wires lead in a circle through {here!r}, but values flow one way: "
        "draw each turn of a loop as boxes of its own."
    )


def _effort(figure: Figure) -> int:
    """Estimate in how many places of how many ranks Graphviz will set something: boxes, labels and long wires."""
    steps: dict[str, int] = {}
    leading: dict[str, list[str]] = {}
    for wire in figure.wires:
        leading.setdefault(wire.source, []).append(wire.target)
    for id in reversed(ordered(figure)):
        steps[id] = 1 + max((steps[target] for target in leading.get(id, ())), default=0)
    passed = sum(steps[wire.source] - steps[wire.target] - 1 for wire in figure.wires)
    return len(figure.boxes) + len(figure.wires) + 2 * passed


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


def _box(box: Box, arriving: int, leaving: int, direction: str, theme: Theme) -> BoxPlan:
    role: TextRole
    match box.kind:
        case "branch":
            room = min(9.0 * (leaving - 1), 27.0)
            return BoxPlan(box, Block(0.0, 0.0, ()), theme.dot, theme.dot, True, room)
        case "input" | "output" | "constant":
            role = "constant" if box.kind == "constant" else "name"
            block = paragraph(box.text, role, theme)
            # Along the flow a name keeps its distance from the end of its wire, which may be a thick one.
            above = _NAME_PAD if direction == "TB" else 0.0
            return BoxPlan(box, block, _even(block.width + 2 * _NAME_PAD), _even(block.height + above), bare=True)
        case "operation" | "group":
            block = paragraph(box.text, "symbol", theme)
    diameter = hypot(block.width, widths.CAP_HEIGHT * theme.sizes["symbol"]) + 8.0
    if box.kind == "operation" and len(box.text) <= _LONGEST_SYMBOL and "\n" not in box.text:
        size = _even(max(theme.node, diameter))
        return BoxPlan(box, block, size, size, True)
    width, height = max(theme.node, block.width + 18.0), max(theme.node, block.height + 16.0)
    # Wires that end side by side at an edge need an arrow head's width each.
    edge = wire_pitch(theme) * max(arriving, leaving) + 6.0
    if direction == "LR":
        height = max(height, edge)
    else:
        width = max(width, edge)
    return BoxPlan(box, block, _even(width), _even(height), False, _APPROACH if max(arriving, leaving) > 1 else 0.0)


def wire_pitch(theme: Theme) -> float:
    """Return the least distance between the middles of two wires that run side by side."""
    return theme.gap + theme.head[1]


def _wire(wire: Wire, frame: str | None, direction: str, theme: Theme) -> WirePlan:
    """Measure a wire's labels. Its line runs between them, or along the edge of a single one."""
    forward = _label(wire.forward, "constant" if wire.constant else "forward", theme)
    backward = _label(wire.backward, "backward", theme)
    level = direction == "LR"
    reach = reached(wire, level, theme)
    blocks = [block for block in (forward, backward) if block]
    along = max([block.width if level else block.height for block in blocks], default=0.0)
    along = _even(max(along + 2 * (_LABEL_PAD if level else 2.0), _LABEL_LEAST))
    across = _even(max([block.height if level else block.width for block in blocks], default=0.0) + reach)
    lift = 0.0
    if len(blocks) == 1:
        lift = across / 2 if forward else -across / 2
    else:
        across *= 2
    width, height = (along, across) if level else (across, along)
    return WirePlan(wire, forward, backward, width, height, lift, frame)


def reached(wire: Wire, level: bool, theme: Theme) -> float:
    """Return how far from the middle of a wire its labels begin. Beside a line, text needs more air than above it."""
    return theme.clearance + (0.0 if level else 2.0) + (theme.gap / 2 if wire.forward and wire.backward else 0.0)


def _label(arrow: Arrow | None, role: TextRole, theme: Theme) -> Block | None:
    return measured(arrow.label, role, theme) if arrow and arrow.label else None


def _dot(
    figure: Figure, boxes: tuple[BoxPlan, ...], wires: tuple[WirePlan, ...], titles: tuple[Block, ...], effort: int
) -> str:
    lines = [
        "digraph {",
        # Splines would take Graphviz as long as all the rest, and are not used. (``phase=3``, which also ends before
        # them, crashes Graphviz 14 where there are frames.)
        "splines=false",
        *_limits(len(boxes) + len(wires), effort),
        # Without ``newrank`` each frame is ranked alone, and wires between frames may then lead backwards.
        *(["newrank=true"] if figure.frames else []),
        f"rankdir={figure.direction} ordering=in nodesep={_inches(SEPARATION)} ranksep={_inches(_RANK_SEPARATION)}",
        'node [shape=box fixedsize=true label=""]',
    ]
    lines += _nodes(figure, boxes, wires, titles)
    place = {plan.box.id: i for i, plan in enumerate(boxes)}
    # ``ordering=in`` keeps operands in the order in which their lines stand here (the other way round where the flow
    # runs to the right within a frame: Graphviz flips these twice).
    flipped = [figure.direction == "LR" and wire.frame is not None for wire in wires]
    for j in sorted(range(len(wires)), key=lambda j: -wires[j].wire.slot if flipped[j] else wires[j].wire.slot):
        source, target = place[wires[j].wire.source], place[wires[j].wire.target]
        # A name stands beside its label, and what is computed runs straighter than what is put in.
        given = boxes[source].box.kind in ("input", "constant")
        entry, leave = _ports(wires[j].lift, figure.direction)
        lines.append(f"n{source} -> l{j}{entry} [weight={16 if given else 4}]")
        lines.append(f"l{j}{leave} -> n{target} [weight={2 if given else 4}]")
    return "\n".join([*lines, "}"])


def _nodes(
    figure: Figure, boxes: tuple[BoxPlan, ...], wires: tuple[WirePlan, ...], titles: tuple[Block, ...]
) -> list[str]:
    """Return the nodes, each within the cluster of its frame."""
    level = figure.direction == "LR"
    inside: dict[str | None, list[str]] = {None: []} | {frame.id: [] for frame in figure.frames}
    for i, box in enumerate(boxes):
        inside[box.box.frame].append(
            f"n{i} {_size(box.width + 2 * box.room * level, box.height + 2 * box.room * (1 - level))}"
        )
    for j, wire in enumerate(wires):
        inside[wire.frame].append(f"l{j} {_size(wire.width, wire.height)}")
    # A frame may be named before its parent: the deepest are closed first.
    frames = {frame.id: frame for frame in figure.frames}
    order = sorted(range(len(figure.frames)), key=lambda k: -len(_chain(figure.frames[k].id, frames)))
    for k in order:
        frame = figure.frames[k]
        # Where wires come in at the top, the title must find room on one side of them.
        width = titles[k].width if level else titles[k].width + _PASSAGE
        room = _empty_table(width, titles[k].height)
        body = "\n".join(inside[frame.id])
        inside[frame.parent].append(f"subgraph cluster{k} {{\nmargin={_FRAME_MARGIN} label={room}\n{body}\n}}")
    return inside[None]


def _empty_table(width: float, height: float) -> str:
    """Return a label without text that keeps exactly the given room: Graphviz must not measure fonts."""
    size = f'FIXEDSIZE="TRUE" WIDTH="{_even(width)}" HEIGHT="{_even(height)}"'
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0" {size}><TR><TD></TD></TR></TABLE>>'


def _limits(size: int, effort: int) -> list[str]:
    """Return how long Graphviz may straighten the wires of a large layout: ``nslimit`` times its boxes, in steps.

    Cut short, wires bend a little more, and nothing overlaps. Left alone, it takes nine tenths of the time from a
    thousand boxes on; a limit that falls with the size keeps the steps as many as a readable figure can use.
    """
    if effort < 600:
        return []
    return ["nslimit=0.4"] if effort < 3500 else [f"nslimit={min(0.1, 250 / size):.3f}"]


def _ports(lift: float, direction: str) -> tuple[str, str]:
    """Return the corners at which a line enters and leaves the room of a label that lies all on one side of it."""
    if not lift:
        return "", ""
    if direction == "LR":
        return (":sw", ":se") if lift > 0 else (":nw", ":ne")
    return (":ne", ":se") if lift > 0 else (":nw", ":sw")


def _size(width: float, height: float) -> str:
    return f"[width={_inches(width)} height={_inches(height)}]"


def _inches(points: float) -> str:
    return f"{points / 72:.6f}"
