"""How long a figure takes by its number of operations, and which stage takes it.

Run as ``python benchmarks/rendering.py``; prints a table in Markdown. Within one warm process, so without what starting
Python and importing costs (see ``cold_start.py``).
"""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from random import Random
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from measure import milliseconds, seconds, table, times

import bpviz
from bpviz.errors import BpvizError
from bpviz.figure import Figure
from bpviz.figures.circuit import circuit
from bpviz.figures.options import CircuitOptions
from bpviz.layout import engines, page
from bpviz.layout.page import lay_out
from bpviz.picture.elements import Picture
from bpviz.picture.theme import Theme, theme
from bpviz.writers import formats

SIZES = (10, 30, 100, 300, 1_000, 3_000, 10_000)
LARGEST_PNG = 100
"""Operations of the largest figure drawn as PNG, whose time goes with its pixels."""

PATIENCE = 10.0
"""Seconds that the layout of bare boxes may take. One strip is drawn while the one before took less than a tenth."""

POINTS_PER_INCH = 72.0
STAGES = ("trace", "propagate", "figure", "placement", "picture", "svg", "png")
ROWS = CircuitOptions(depth=99, repeats="all")
"""Every operation is drawn."""


def main() -> None:
    print(report())


def report() -> str:
    rows, found = [], []
    families = branching_chain, random_graph, unrolled_loop, recurrent_network, residual_network
    for family in families:
        strip: float | None = 0.0
        for size in SIZES:
            run = _run(family, size, strip=strip is not None and strip < PATIENCE / 10)
            strip = run.strip
            found.append(run)
            rows.append(
                [
                    family.__name__.replace("_", " "),
                    f"{run.operations:,}",
                    milliseconds(run.whole),
                    f"{run.each * 1e6:,.0f}",
                    *(milliseconds(run.stages[stage]) if stage in run.stages else "—" for stage in STAGES),
                    f"{run.bytes / 1e6:.2f}",
                    "—" if run.strip is None else milliseconds(run.strip),
                    f"over {PATIENCE * 1e3:,.0f}" if run.alone is None else milliseconds(run.alone),
                    times(run.whole / run.alone) if run.alone else "—",
                ]
            )
    head = [
        *("graph", "operations", "to SVG, ms", "µs each", *STAGES, "SVG, MB", "one strip, ms"),
        *(f"{_dot_name()}, bare boxes", "to SVG : it"),
    ]
    return f"{table(head, rows)}\n\n{_verdict(found)}"


class Run(NamedTuple):
    """Seconds of each stage in rows, and the bytes of the SVG.

    ``strip`` are the seconds of all up to the SVG in one line, ``alone`` those of Graphviz for the bare boxes; None
    where it takes too long.
    """

    size: int
    operations: int
    stages: dict[str, float]
    bytes: int
    strip: float | None
    alone: float | None

    @property
    def whole(self) -> float:
        """The seconds of all up to the SVG."""
        return sum(time for stage, time in self.stages.items() if stage != "png")

    @property
    def each(self) -> float:
        """The seconds for each operation."""
        return self.whole / self.operations


def _run(family: Callable[[int], Callable[..., Any]], size: int, strip: bool) -> Run:
    rounds = 5 if size <= 300 else 1
    runs = [_stages(family(size), png=size <= LARGEST_PNG and number == 0) for number in range(rounds)]
    _, figure, data = runs[0]
    stages = [stages for stages, _, _ in runs]
    medians = {stage: median(each[stage] for each in stages if stage in each) for stage in stages[0]}
    operations = sum(box.kind in ("operation", "group") for box in figure.boxes)
    line = sum(_stages(family(size), width=None)[0].values()) if strip else None
    return Run(size, operations, medians, len(data), line, _alone(figure, rounds))


def _verdict(found: Sequence[Run]) -> str:
    ratios = [run.whole / run.alone if run.alone else 0.0 for run in found if run.size == 100]
    thousands = [run for run in found if run.size == 1_000]
    largest = [run for run in found if run.size == max(SIZES)]
    near = sum(ratio <= 2 for ratio in ratios)
    quick, soon = sum(run.whole <= 2 for run in thousands), sum(run.whole <= 15 for run in largest)
    growth = max(many.each / few.each for few, many in zip(thousands, largest, strict=True))
    small = sum(run.bytes <= 1.5e6 for run in thousands)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 2**20
    return (
        f"Goals: 100 operations within 2 times what {_dot_name()} needs for their bare boxes: {near} of {len(ratios)} "
        f"graphs. 1,000 operations within 2 s: {quick} of {len(thousands)} graphs; 10,000 within 15 s: {soon} of "
        f"{len(largest)}, at no more for each operation than at 1,000: at most {times(growth)}. An SVG of 1,000 "
        f"operations within 1.5 MB: {small} of {len(thousands)}. Memory within 1,024 MiB: {memory:,.0f} MiB at most. "
        f"All times are milliseconds. Figures are in rows of 720 points, with every group open and every repeat shown; "
        f"*one strip* is the same without a width, drawn while the strip before it took less than {PATIENCE / 10:g} s; "
        f"a bare layout may take {PATIENCE:g} s. *placement* is what the places of boxes and labels take; *picture* "
        "is the rest of the layout: rows, measuring, routing wires. PNG is at a scale of 1."
    )


def _stages(
    function: Callable[..., Any], *, width: float | None = ROWS.width, png: bool = False
) -> tuple[dict[str, float], Figure, bytes]:
    """Return the seconds that each stage takes, the figure, and the SVG."""
    stages: dict[str, float] = {}

    def timed(stage: str, work: Callable[[], Any]) -> Any:
        results: list[Any] = []
        stages[stage] = seconds(lambda: results.append(work()))
        return results[0]

    look: Theme = theme("light")
    graph = timed("trace", lambda: bpviz.trace(function))
    flow = timed("propagate", lambda: bpviz.propagate(graph))
    figure: Figure = timed("figure", lambda: circuit(flow, replace(ROWS, width=width)))
    with _placement_timed() as spent:
        picture: Picture = timed("picture", lambda: lay_out(figure, look))
    stages["placement"] = sum(spent)
    stages["picture"] -= stages["placement"]
    data: bytes = timed("svg", lambda: formats.write(picture, look, "svg"))
    if png:
        timed("png", lambda: formats.write(picture, look, "png", scale=1.0))
    return stages, figure, data


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


def recurrent_network(size: int) -> Callable[..., Any]:
    """Return a recurrent network: cells with shared weights, each a group of 5 operations."""

    def cell(x: Any, h: Any, w: Any, u: Any, b: Any) -> Any:
        return np.tanh(w * x + u * h + b)

    def network(x: float = 0.5, h: float = 0.1, w: float = 0.6, u: float = 0.3, b: float = 0.1) -> Any:
        for _ in range(size // 5):
            h = cell(x, h, w, u, b)
        return h

    return network


def residual_network(size: int) -> Callable[..., Any]:
    """Return a chain of residual blocks, each a group of 5 operations."""

    def block(x: Any, w: Any, v: Any) -> Any:
        return bpviz.nn.relu(bpviz.nn.relu(x * w) * v + x)

    def network(x: float = 0.5, w: float = 0.9, v: float = 0.1) -> Any:
        for _ in range(size // 5):
            x = block(x, w, v)
        return x

    return network


if __name__ == "__main__":
    main()
