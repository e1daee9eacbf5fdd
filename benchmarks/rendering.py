"""How long a figure takes by its number of operations, and which stage takes it.

Run as ``python benchmarks/rendering.py``; prints a table in Markdown. Within one warm process, so without what starting
Python and importing costs (see ``cold_start.py``).
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from math import inf
from random import Random
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple

from measure import milliseconds, seconds, table, times

import bpviz
from bpviz.errors import BpvizError
from bpviz.figure import Figure
from bpviz.figures.circuit import circuit
from bpviz.layout import engines, page
from bpviz.layout.page import lay_out
from bpviz.picture.elements import Picture
from bpviz.picture.theme import Theme, theme
from bpviz.writers import formats

SIZES = (10, 30, 100, 300, 1_000, 3_000)
LARGEST_LOOP = 100
LARGEST_PNG = 100
"""Operations of the largest figure drawn as PNG, whose time goes with its pixels: 40,000 by 1,000 here."""

PATIENCE = 10.0
"""Seconds that the layout of one figure may take."""

POINTS_PER_INCH = 72.0
STAGES = ("trace", "propagate", "figure", "placement", "picture", "svg", "png")


def main() -> None:
    print(report())


def report() -> str:
    rows, found = [], []
    for family in (branching_chain, random_graph, unrolled_loop):
        for size in SIZES:
            if family is unrolled_loop and size > LARGEST_LOOP:
                continue
            run = _run(family, size)
            found.append(run)
            rows.append(
                [
                    family.__name__.replace("_", " "),
                    f"{size:,}",
                    _shown(run.whole),
                    *(milliseconds(run.stages[stage]) if stage in run.stages else "—" for stage in STAGES),
                    _shown(run.alone),
                    times(run.whole / run.alone) if run.whole and run.alone else "—",
                ]
            )
    head = ["graph", "operations", "to SVG, ms", *STAGES, f"{_dot_name()}, bare boxes", "to SVG : it"]
    return f"{table(head, rows)}\n\n{_verdict(found)}"


class Run(NamedTuple):
    """Seconds of each stage, of all up to the SVG, and of Graphviz for the bare boxes; None where it took too long."""

    family: str
    size: int
    stages: dict[str, float]
    whole: float | None
    alone: float | None


def _run(family: Callable[[int], Callable[..., Any]], size: int) -> Run:
    rounds = 5 if size <= 300 else 1
    stages, figure = _stages(family(size), size)
    if "svg" not in stages:
        return Run(family.__name__, size, stages, None, _alone(figure, 1))
    more = [_stages(family(size), LARGEST_PNG + 1)[0] for _ in range(rounds - 1)]
    medians = {
        stage: median([time, *(other[stage] for other in more if stage in other)]) for stage, time in stages.items()
    }
    whole = sum(time for stage, time in medians.items() if stage != "png")
    return Run(family.__name__, size, medians, whole, _alone(figure, rounds))


def _shown(time: float | None) -> str:
    return f"over {PATIENCE * 1e3:,.0f}" if time is None else milliseconds(time)


def _verdict(found: Sequence[Run]) -> str:
    ratios = [run.whole / run.alone if run.whole and run.alone else inf for run in found if run.size == 100]
    thousands = [run.whole or inf for run in found if run.size == 1_000]
    near, quick = sum(ratio <= 2 for ratio in ratios), sum(whole <= 3 for whole in thousands)
    return (
        f"Goals: 100 operations within 2 times what {_dot_name()} needs for their bare boxes: {near} of {len(ratios)} "
        f"graphs. 1,000 operations within 3 s: {quick} of {len(thousands)} graphs. All times are milliseconds; a "
        f"bare layout may take {PATIENCE:g} s here. *placement* is what the places of boxes and labels take; "
        "*picture* is the rest of the layout: measuring, routing wires. PNG is at a scale of 1."
    )


def _stages(function: Callable[..., Any], size: int) -> tuple[dict[str, float], Figure]:
    """Seconds that each stage takes; those after a layout that took too long are missing."""
    stages: dict[str, float] = {}

    def timed(stage: str, work: Callable[[], Any]) -> Any:
        results: list[Any] = []
        stages[stage] = seconds(lambda: results.append(work()))
        return results[0]

    look: Theme = theme("light")
    graph = timed("trace", lambda: bpviz.trace(function))
    flow = timed("propagate", lambda: bpviz.propagate(graph))
    figure: Figure = timed("figure", lambda: circuit(flow))
    with _placement_timed() as spent:
        try:
            picture: Picture = timed("picture", lambda: lay_out(figure, look, timeout=PATIENCE))
        except BpvizError:
            return stages, figure
    stages["placement"] = sum(spent)
    stages["picture"] -= stages["placement"]
    timed("svg", lambda: formats.write(picture, look, "svg"))
    if size <= LARGEST_PNG:
        timed("png", lambda: formats.write(picture, look, "png", scale=1.0))
    return stages, figure


@contextmanager
def _placement_timed() -> Iterator[list[float]]:
    """Watch the one function by which the layout places boxes; yields the seconds of its calls."""
    original, spent = page.trunk_first, []

    def watched(*args: Any, **keywords: Any) -> Any:
        start = perf_counter()
        try:
            return original(*args, **keywords)
        finally:
            spent.append(perf_counter() - start)

    page.trunk_first = watched
    try:
        yield spent
    finally:
        page.trunk_first = original


def _alone(figure: Figure, rounds: int) -> float | None:
    """Return Graphviz's time for the boxes and wires of a figure without labels and text; None if it is too long."""
    names = {box.id: f"n{i}" for i, box in enumerate(figure.boxes)}
    side = 30.0 / POINTS_PER_INCH
    lines = [
        "digraph {",
        f'rankdir=LR; node [shape=box, fixedsize=true, width={side:.3f}, height={side:.3f}, label=""]',
    ]
    lines += [f"{name}" for name in names.values()]
    lines += [f"{names[wire.source]} -> {names[wire.target]}" for wire in figure.wires]
    source = "\n".join([*lines, "}"])

    def draw() -> None:
        if shutil.which("dot"):
            subprocess.run(["dot", "-Tjson0"], input=source.encode(), capture_output=True, check=True, timeout=PATIENCE)
        else:
            engines.lay_out(source, timeout=PATIENCE, size=len(names))

    try:
        return median(seconds(draw) for _ in range(rounds))
    except (subprocess.TimeoutExpired, BpvizError):
        return None


def _dot_name() -> str:
    return "`dot`" if shutil.which("dot") else "bundled Graphviz"


# The graphs: plain functions of a given number of operations.


def branching_chain(size: int) -> Callable[..., Any]:
    """Return a chain in which every fifth value is used a second time, a few operations later."""

    def chain(x: float = 0.5) -> Any:
        kept = x
        for step in range(size):
            if step % 5 == 4:
                x, kept = x + kept, x
            else:
                x = x * 0.5 if step % 2 else x + 0.25
        return x

    return chain


def random_graph(size: int) -> Callable[..., Any]:
    """Sums and products of the last value and one of those before it, mostly a near one."""
    random = Random(size)
    steps = [(random.random() < 0.5, 2 + min(int(random.expovariate(0.5)), 30)) for _ in range(size)]

    def graph(a: float = 0.3, b: float = 0.7, c: float = 0.9, d: float = 0.4) -> Any:
        values = [a, b, c, d]
        for adds, back in steps:
            other = values[-min(back, len(values))]
            values.append(values[-1] + other if adds else values[-1] * other)
        return values[-1]

    return graph


def unrolled_loop(size: int) -> Callable[..., Any]:
    """Return a loop that uses its two parameters in every turn: its long wires are the hardest for Graphviz."""

    def loop(x: float = 2.0, shrink: float = 0.5, shift: float = 0.25) -> Any:
        for _ in range(size // 2):
            x = x * shrink + shift
        return x

    return loop


if __name__ == "__main__":
    main()
