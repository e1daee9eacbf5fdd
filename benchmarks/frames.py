"""What the steps of a figure cost, next to one picture of it: one layout serves them all.

Run as ``python benchmarks/frames.py``; prints a table in Markdown. Each cost is the whole, from the flow to the files.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

from measure import in_turn, milliseconds, table, times
from rendering import branching_chain, random_graph

import bpviz
from bpviz.drawing.drawing import Drawing
from bpviz.graph.flow import Flow
from bpviz.picture.stages import with_captions
from bpviz.writers import formats

SIZE = 50
"""Operations, which makes figures of some 90 boxes."""
FRAMES = 30


def main() -> None:
    print(report())


def report() -> str:
    rows, ratios = [], []
    for family in (branching_chain, random_graph):
        flow = bpviz.backprop(family(SIZE))
        drawing = bpviz.draw(flow)
        costs = in_turn(_works(flow), budget=4.0)
        one = costs["one SVG"]
        ratios += [costs[f"{FRAMES} SVG frames"] / one, costs["moving SVG"] / one]
        others = [name for name in costs if name != "one SVG"]
        rows.append(
            [
                family.__name__.replace("_", " "),
                f"{len(drawing.figure.boxes)}",
                f"{len(drawing.step_list)}",
                milliseconds(one),
                *(f"{milliseconds(costs[name])} ({times(costs[name] / one)})" for name in others),
            ]
        )
    head = ["graph", "boxes", "steps", "one SVG, ms", f"{FRAMES} SVG frames", "all frames", "moving SVG", "HTML, steps"]
    verdict = "met" if max(ratios) <= 2 else "missed"
    return (
        f"{table(head, rows)}\n\nGoal: {FRAMES} frames, and the moving SVG, within 2 times one picture: {verdict} "
        f"({times(min(ratios))} to {times(max(ratios))}). Every cost is the whole: figure, layout, steps and writing. "
        "The page of HTML has the table of what every value does as well."
    )


def _works(flow: Flow) -> dict[str, Callable[[], Any]]:
    def frames() -> Any:
        drawing = bpviz.draw(flow)
        stages = with_captions(drawing.picture, drawing.step_list, drawing.theme)
        first = len(drawing.step_list) // 2
        marks = [drawing.fingerprint("svg", step) for step in range(first, first + FRAMES)]
        some = islice(stages, first, first + FRAMES)
        return list(formats.frames(some, drawing.theme, "svg", marks=marks))

    def fresh(**options: Any) -> Drawing:
        return bpviz.draw(flow, **options)

    return {
        "one SVG": lambda: fresh().to_bytes("svg"),
        f"{FRAMES} SVG frames": frames,
        "all SVG frames": lambda: list(fresh().to_frames("svg")),
        "moving SVG": lambda: fresh(animate=True).to_bytes("svg"),
        "HTML, steps": lambda: fresh(steps=True).to_bytes("html"),
    }


if __name__ == "__main__":
    main()
