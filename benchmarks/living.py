"""How long a living page takes for an edit, in a real headless Chromium, from the change to the painted frame.

Run as ``python benchmarks/living.py``; prints a table in Markdown. Needs Chromium; the goal is a frame, 16 ms, at 1,000
steps on single numbers.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from measure import table

import bpviz
from bpviz.living.steps import program

HELPERS = Path(__file__).resolve().parent.parent / "tests" / "helpers"
GOAL = 16.0
EDITS = 100

# One edit in every frame.
EDIT = """(async () => {
  const {bpviz} = document.querySelector("figure"), name = bpviz.inputs[0], first = bpviz.value(name);
  const moved = (x, by) => (Array.isArray(x) ? x.map(one => moved(one, by)) : x + by);
  for (let i = 0; i < EDITS; i++) {
    bpviz.set({[name]: moved(first, Math.sin(i))});
    await new Promise(done => requestAnimationFrame(done));
  }
})()"""
HOLD = "[...document.querySelectorAll('button')].find(one => one.textContent === 'Hold').click()"


def apples(price: float = 100, count: float = 2, tax: float = 1.1) -> float:
    subtotal = price * count
    return subtotal * tax


def network(x: Any = np.arange(8.0) / 8, W: Any = np.sin(np.arange(64.0)).reshape(8, 8), b: Any = np.ones(8)) -> Any:
    h = np.tanh(W @ x + b)
    for _ in range(2):
        h = np.tanh(W @ h + b)
    return np.sum(h * h)


def recurrent(w: float = 0.5, u: float = 0.3, b: float = 0.1) -> Any:
    h: Any = 0.0
    for t in range(80):
        h = np.tanh(w * h + u * (t % 3 - 1.0) + b)
    return h * h


PROGRAMS = {"apples": apples, "a network of 8 × 8": network, "80 steps of a recurrent cell": recurrent}


def main() -> None:
    print(report())


def report() -> str:
    sys.path.insert(0, str(HELPERS))
    from devtools import opened

    rows = []
    for title, function in PROGRAMS.items():
        drawing = bpviz.draw(function, live=True, width="none", timeout=None)
        steps = len(program(bpviz.backprop(function)).statements)
        with tempfile.TemporaryDirectory() as folder:
            place = drawing.save(Path(folder, "page.html"))
            size = place.stat().st_size
            with opened(place) as page:
                # The time of the processor: that of the clock depends on the other work of the machine.
                page.ask("Performance.enable", timeDomain="threadTicks")
                edited(page, 40)
                found = edited(page, EDITS)
                page.run(HOLD)
                held = edited(page, EDITS)
        laid_out = found["RecalcStyleDuration"] + found["LayoutDuration"]
        times = found["ScriptDuration"], laid_out, found["TaskDuration"], held["TaskDuration"]
        rows.append((title, f"{steps:,}", f"{size / 1024:.0f}", *(f"{one:.1f}" for one in times)))
    header = (
        "figure",
        "steps",
        "file, KB",
        "script, ms",
        "style and layout, ms",
        "whole, ms",
        "beside old numbers, ms",
    )
    goal = f"Goal: the whole of an edit, with painting, within a frame of {GOAL:g} ms at 1,000 steps."
    return f"{table(header, rows)}\n\n{goal}"


def edited(page: Any, count: int) -> dict[str, float]:
    """Return the time of the page's thread for an edit, in milliseconds, by what it is spent on."""
    before = metrics(page)
    page.run(EDIT.replace("EDITS", str(count)))
    return {name: (value - before[name]) * 1000 / count for name, value in metrics(page).items()}


def metrics(page: Any) -> dict[str, float]:
    return {one["name"]: one["value"] for one in page.ask("Performance.getMetrics")["metrics"]}


if __name__ == "__main__":
    main()
