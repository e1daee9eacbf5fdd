"""Places by Graphviz: the plan as DOT without any text, and the result of Graphviz.

Every box of the figure is a node, and so is the label of every wire: ``source -> label -> target``. In the DOT, box
``i`` is called ``n<i>``, the label of wire ``j`` ``l<j>``, frame ``k`` ``cluster<k>``.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import floor
from typing import Any

from bpviz.figure import Figure
from bpviz.layout import engines
from bpviz.layout.placement.places import Edges, Places
from bpviz.layout.placement.plan import FRAME_MARGIN, RANK_SEPARATION, SEPARATION, Plan, depths, even, ordered
from bpviz.picture.elements import Point

__all__ = ["laid_out"]

_PASSAGE = 64.0


def laid_out(figure: Figure, plan: Plan, *, engine: str, timeout: float | None) -> Places:
    """Return the places that Graphviz gives to the plan of a figure.

    ``engine`` is ``graphviz``, ``bundled`` or ``system``; ``timeout`` is in seconds. Raises the errors of
    `bpviz.layout.engines.lay_out`.
    """
    size = len(plan.boxes) + len(plan.wires)
    if not size:
        return Places([], [], {}, banners=True)
    effort = _effort(figure)
    dot = _dot(figure, plan, effort)
    return _read(plan, engines.lay_out(dot, engine=engine, timeout=timeout, size=size, effort=effort))


def _read(plan: Plan, result: Mapping[str, Any]) -> Places:
    """Return the places of boxes and labels, and the edges of frames by number, from the result of Graphviz."""

    def at(x: str, y: str) -> Point:
        # Whole points, because only older Graphviz rounds. Its y runs upwards.
        across, up = floor(float(x) + 0.5), floor(float(y) + 0.5)
        return (across, -up) if plan.level else (-up, across)

    things: dict[str, dict[str, Any]] = {thing["name"]: thing for thing in result.get("objects", ())}
    frames: dict[int, Edges] = {}
    for k in range(len(plan.titles)):
        thing = things.get(f"cluster{k}", {})
        if "bb" in thing:
            x0, y0, x1, y1 = thing["bb"].split(",")
            (a, b), (c, d) = at(x0, y0), at(x1, y1)
            frames[k] = (min(a, c), min(b, d), max(a, c), max(b, d))
    boxes = [at(*things[f"n{i}"]["pos"].split(",")) for i in range(len(plan.boxes))]
    labels = [at(*things[f"l{j}"]["pos"].split(",")) for j in range(len(plan.wires))]
    return Places(boxes, labels, frames, banners=True)


def _effort(figure: Figure) -> int:
    """Estimate the number of places of boxes, labels and long wires in all ranks."""
    steps: dict[str, int] = {}
    leading: dict[str, list[str]] = {}
    for wire in figure.wires:
        leading.setdefault(wire.source, []).append(wire.target)
    for id in reversed(ordered(figure)):
        steps[id] = 1 + max((steps[target] for target in leading.get(id, ())), default=0)
    passed = sum(steps[wire.source] - steps[wire.target] - 1 for wire in figure.wires)
    return len(figure.boxes) + len(figure.wires) + 2 * passed


def _dot(figure: Figure, plan: Plan, effort: int) -> str:
    boxes, wires = plan.boxes, plan.wires
    lines = [
        "digraph {",
        # Splines would take as long as all the rest, and are not used. (``phase=3`` also skips them, but crashes
        # Graphviz 14 with frames.)
        "splines=false",
        *_limits(len(boxes) + len(wires), effort),
        # Without ``newrank`` each frame is ranked alone, and wires between frames may lead backwards.
        *(["newrank=true"] if figure.frames else []),
        f"rankdir={figure.direction} ordering=in nodesep={_inches(SEPARATION)} ranksep={_inches(RANK_SEPARATION)}",
        'node [shape=box fixedsize=true label=""]',
    ]
    lines += _nodes(figure, plan)
    place = {plan.box.id: i for i, plan in enumerate(boxes)}
    # ``ordering=in`` keeps operands in the order of their lines here (reversed if the flow runs to the right within a
    # frame, which Graphviz flips twice).
    flipped = [figure.direction == "LR" and wire.frame is not None for wire in wires]
    for j in sorted(range(len(wires)), key=lambda j: -wires[j].wire.slot if flipped[j] else wires[j].wire.slot):
        source, target = place[wires[j].wire.source], place[wires[j].wire.target]
        # A name is close to its label, and wires of computed values are straighter than those of inputs.
        given = boxes[source].box.kind in ("input", "constant", "continued")
        entry, leave = _ports(wires[j].lift, figure.direction)
        lines.append(f"n{source} -> l{j}{entry} [weight={16 if given else 4}]")
        lines.append(f"l{j}{leave} -> n{target} [weight={2 if given else 4}]")
    return "\n".join([*lines, "}"])


def _nodes(figure: Figure, plan: Plan) -> list[str]:
    """Return the nodes, each within the cluster of its frame."""
    level = plan.level
    inside: dict[str | None, list[str]] = {None: []} | {frame.id: [] for frame in figure.frames}
    for i, box in enumerate(plan.boxes):
        inside[box.box.frame].append(
            f"n{i} {_size(box.width + 2 * box.room * level, box.height + 2 * box.room * (1 - level))}"
        )
    for j, wire in enumerate(plan.wires):
        inside[wire.frame].append(f"l{j} {_size(wire.width, wire.height)}")
    # A frame may come before its parent: the deepest are closed first.
    depth = depths(figure.frames)
    order = sorted(range(len(figure.frames)), key=lambda k: -depth[figure.frames[k].id])
    for k in order:
        frame = figure.frames[k]
        # If wires enter at the top, the title needs room beside them.
        width = plan.titles[k].width + (0.0 if level else _PASSAGE)
        room = _empty_table(width, plan.titles[k].height)
        body = "\n".join(inside[frame.id])
        inside[frame.parent].append(f"subgraph cluster{k} {{\nmargin={FRAME_MARGIN} label={room}\n{body}\n}}")
    return inside[None]


def _empty_table(width: float, height: float) -> str:
    """Return a label of the given size without text, so that Graphviz measures no fonts."""
    size = f'FIXEDSIZE="TRUE" WIDTH="{even(width)}" HEIGHT="{even(height)}"'
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0" {size}><TR><TD></TD></TR></TABLE>>'


def _limits(size: int, effort: int) -> list[str]:
    """Return the limit of steps for straightening the wires of a large layout: ``nslimit`` times its boxes.

    With the limit, wires bend a little more, and nothing overlaps. Without it, the straightening of a thousand boxes
    takes nine tenths of the time.
    """
    if effort < 600:
        return []
    return ["nslimit=0.4"] if effort < 3500 else [f"nslimit={min(0.1, 250 / size):.3f}"]


def _ports(lift: float, direction: str) -> tuple[str, str]:
    """Return the corners where a line enters and leaves the room of a label that is all on one side of it."""
    if not lift:
        return "", ""
    if direction == "LR":
        return (":sw", ":se") if lift > 0 else (":nw", ":ne")
    return (":ne", ":se") if lift > 0 else (":nw", ":sw")


def _size(width: float, height: float) -> str:
    return f"[width={_inches(width)} height={_inches(height)}]"


def _inches(points: float) -> str:
    return f"{points / 72:.6f}"
