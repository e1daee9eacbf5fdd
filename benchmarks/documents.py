"""The build time of a book: a Sphinx project of 100 figures, built from nothing and after edits of some models.

Run as ``python benchmarks/documents.py``; prints a table in Markdown. Whole processes, as an author starts them.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from measure import milliseconds, seconds, table, times

FIGURES, PAGES = 100, 10
ROUNDS = 3
OPERATIONS = 20
"""Operations of each figure, a little more than a textbook's."""


def main() -> None:
    print(report())


def report() -> str:
    with tempfile.TemporaryDirectory(prefix="bpviz-book-") as name:
        folder = Path(name)
        _write(folder, figures=False)
        bare = _cost(folder, 0, fresh=True)
        _write(folder, figures=True)
        costs = {"all, nothing there yet": _cost(folder, FIGURES, fresh=True)}
        for changed in (0, 1, 10, FIGURES):
            costs[f"{changed}"] = _cost(folder, changed)
    one = (costs["all, nothing there yet"] - costs["0"]) / FIGURES
    rows = [[name, milliseconds(cost), milliseconds(max(cost - costs["0"], 0))] for name, cost in costs.items()]
    head = ["figures that changed", "build, ms", "above a build of nothing, ms"]
    share = (costs["1"] - costs["0"]) / (costs[str(FIGURES)] - costs["0"])
    return (
        f"{table(head, rows)}\n\nThe same pages without figures, nothing there yet: {milliseconds(bare)} ms. A figure "
        f"costs {milliseconds(one)} ms. Goal: a build bounded by the figures that changed. Here one of {FIGURES} costs "
        f"{times(share)} of what all do: the rest is its page, which Sphinx reads and writes as a whole."
    )


def _cost(folder: Path, changed: int, fresh: bool = False) -> float:
    """Return how long a build takes after edits of so many models, the median of some rounds."""
    _build(folder)
    found = []
    for edition in range(1, ROUNDS + 1):
        if fresh:
            shutil.rmtree(folder / "_build")
        for number in range(changed):
            # Spread over the pages as little as can be.
            _write_model(folder, number, edition + changed / 1000)
        found.append(seconds(lambda: _build(folder)))
    return median(found)


def _build(folder: Path) -> None:
    command = [sys.executable, "-m", "sphinx", "-q", "-b", "html", "-d", "_build/doctrees", ".", "_build/html"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode or done.stderr:
        sys.exit(f"the build failed:\n{done.stderr}")


def _write(folder: Path, figures: bool) -> None:
    (folder / "conf.py").write_text('project = "Book"\nextensions = ["bpviz.hosts.sphinx"]\n')
    pages = [f"page{number}" for number in range(PAGES)]
    (folder / "index.rst").write_text("Book\n====\n\n.. toctree::\n\n   " + "\n   ".join(pages) + "\n")
    each = FIGURES // PAGES
    for number, page in enumerate(pages):
        directives = [f".. bpviz:: model{number * each + place}.py\n" for place in range(each)] if figures else []
        (folder / f"{page}.rst").write_text("\n".join([f"{page}\n-----\n", *directives]))
    for number in range(FIGURES):
        _write_model(folder, number, 0)


def _write_model(folder: Path, number: int, edition: float) -> None:
    body = "".join(f"    x = x * y + {step}\n" for step in range(OPERATIONS // 2))
    (folder / f"model{number}.py").write_text(f"def loss(x={number + 1}, y={1 + edition}):\n{body}    return x\n")


if __name__ == "__main__":
    main()
