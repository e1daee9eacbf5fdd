"""How long a whole process of ``bpviz render gallery/apples.py -o apples.svg`` takes, and what it is spent on.

Run as ``python benchmarks/cold_start.py``; prints tables in Markdown.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from measure import milliseconds, process_costs, table, times

HERE = Path(__file__).resolve().parent
APPLES = HERE.parent / "gallery" / "apples.py"
GOAL = 1.6
RENDER = "bpviz render gallery/apples.py -o apples.svg"
NUMPY = 'python -c "import numpy"'
MICROGRAD = "micrograd's figure, through `dot`"
SINGLE = "the same with one OpenBLAS thread"


def main() -> None:
    print(report())


def report() -> str:
    with tempfile.TemporaryDirectory() as folder:
        environment = _environment(Path(folder))
        return f"{_against_others(folder, environment)}\n\n{_where_it_goes(folder, environment)}"


def _environment(folder: Path) -> dict[str, str]:
    """Return the environment with bytecode kept, in a separate folder.

    A package that pip installed is compiled once. Without this, a checkout would be compiled again in every run where
    ``PYTHONDONTWRITEBYTECODE`` is set.
    """
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}


def _against_others(folder: str, environment: Mapping[str, str]) -> str:
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        'python -c "import click"': [sys.executable, "-c", "import click"],
        NUMPY: [sys.executable, "-c", "import numpy"],
        # NumPy's OpenBLAS starts a thread per processor, which takes time of each, and more where they are busy.
        SINGLE: [sys.executable, "-c", "import os; os.environ['OPENBLAS_NUM_THREADS'] = '1'; import numpy"],
        'python -c "import networkx"': [sys.executable, "-c", "import networkx"],
        RENDER: [*_bpviz(), "render", str(APPLES), "-o", f"{folder}/apples.svg"],
    }
    peer, note = str(HERE / "micrograd_figure.py"), ""
    if shutil.which("dot"):
        commands[MICROGRAD] = [sys.executable, peer, f"{folder}/micrograd.svg"]
    else:
        note = " There is no `dot` on PATH, so micrograd's figure could not be drawn."
    costs = process_costs(commands, environment)
    render = costs[RENDER]
    rows = [
        [
            name if name in (MICROGRAD, SINGLE) else f"`{name}`",
            milliseconds(cost.wall),
            milliseconds(cost.cpu),
            times(render.wall / cost.wall),
            times(render.cpu / cost.cpu),
        ]
        for name, cost in costs.items()
    ]
    head = ["process", "clock, ms", "processor, ms", "render : it, clock", "render : it, processor"]
    ratio, strict = (max(render.wall / costs[it].wall, render.cpu / costs[it].cpu) for it in (NUMPY, SINGLE))
    verdict = (
        f"Goal: at most {GOAL} times `import numpy`. Here: {ratio:.2f} times, {'met' if ratio <= GOAL else 'missed'}; "
        f"{strict:.2f} times where OpenBLAS has one thread.{note}"
    )
    return f"{table(head, rows)}\n\n{verdict}"


def _bpviz() -> list[str]:
    script = shutil.which("bpviz", path=sysconfig.get_path("scripts"))
    return [script] if script else [sys.executable, "-m", "bpviz"]


class Import(NamedTuple):
    """One line of ``-X importtime``: microseconds of the module itself."""

    module: str
    own: int


def _where_it_goes(folder: str, environment: Mapping[str, str]) -> str:
    """Return which modules take longest to import, by what the interpreter itself measures."""
    command = [sys.executable, "-X", "importtime", "-m", "bpviz", "render", str(APPLES), "-o", f"{folder}/apples.svg"]
    done = subprocess.run(command, env=environment, capture_output=True, check=True)
    imports = _imports(done.stderr.decode())
    owners: dict[str, list[Import]] = defaultdict(list)
    for entry in imports:
        owners[_owner(entry.module)].append(entry)
    rows = []
    for owner, entries in sorted(owners.items(), key=lambda item: -sum(entry.own for entry in item[1])):
        longest = sorted(entries, key=lambda entry: -entry.own)[:8]
        named = ", ".join(f"{entry.module} {entry.own / 1e3:.1f}" for entry in longest)
        rows.append([owner, str(len(entries)), f"{sum(entry.own for entry in entries) / 1e3:.0f}", named])
    return "Imports of one such process (`-X importtime`, which slows it down somewhat):\n\n" + table(
        ["whose", "modules", "ms", "longest, ms each"], rows
    )


def _imports(text: str) -> list[Import]:
    found = []
    for line in text.splitlines():
        if line.startswith("import time:") and "self [us]" not in line:
            own, _, module = line.removeprefix("import time:").split("|")
            found.append(Import(module.strip(), int(own)))
    return found


def _owner(module: str) -> str:
    package = module.partition(".")[0]
    return package if package in ("bpviz", "click", "pygraphviz", "numpy") else "Python itself and its library"


if __name__ == "__main__":
    main()
