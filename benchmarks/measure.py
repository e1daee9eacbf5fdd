"""What the benchmarks share: runs taken in turn, medians, and tables in Markdown."""

from __future__ import annotations

import gc
import os
import platform
import resource
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import metadata
from statistics import median
from time import perf_counter
from typing import NamedTuple


class Cost(NamedTuple):
    """What a process took, in seconds: on the clock, and of all processors (user and system)."""

    wall: float
    cpu: float


def process_costs(
    commands: Mapping[str, Sequence[str]], environment: Mapping[str, str], rounds: int = 15
) -> dict[str, Cost]:
    """Run every command once per round, in turn, and return the medians.

    Because they take turns, other work of the machine affects all of them equally. The first round is not counted: it
    fills the caches of files and of bytecode.
    """
    taken: dict[str, list[Cost]] = {name: [] for name in commands}
    for _ in range(rounds + 1):
        for name, command in commands.items():
            taken[name].append(_process_cost(command, environment))
    return {
        name: Cost(median(cost.wall for cost in costs[1:]), median(cost.cpu for cost in costs[1:]))
        for name, costs in taken.items()
    }


def _process_cost(command: Sequence[str], environment: Mapping[str, str]) -> Cost:
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True)
    wall, after = perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr.decode(errors='replace')}")
    return Cost(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def seconds(work: Callable[[], object], clock: Callable[[], float] = perf_counter) -> float:
    """Return how long one call takes; garbage of earlier work is collected first, its own as it comes."""
    gc.collect()
    start = clock()
    result = work()
    taken = clock() - start
    del result
    return taken


def in_turn(
    works: Mapping[str, Callable[[], object]],
    least: int = 3,
    most: int = 25,
    budget: float = 0.3,
    clock: Callable[[], float] = perf_counter,
    stretch: float = 0.0,
) -> dict[str, float]:
    """Call every work in turn and return its median time, by ``clock``.

    There are ``least`` rounds, and then more, up to ``most``, while they fit into ``budget`` seconds. A work shorter
    than ``stretch`` seconds is called so often in a row that together the calls last as long, as timeit does: a single
    call of 0.2 ms would mostly time what the work before it has left in the processor's caches.
    """
    repeats = {name: max(1, round(stretch / seconds(work, clock))) for name, work in works.items()}
    taken: dict[str, list[float]] = {name: [] for name in works}
    start = perf_counter()
    for done in range(most):
        if done >= least and perf_counter() - start > budget:
            break
        for name, work in works.items():
            calls = repeats[name]
            taken[name].append(seconds(lambda: [work() for _ in range(calls)], clock) / calls)  # noqa: B023
    return {name: median(times) for name, times in taken.items()}


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown; all columns but the first stand at the right.

    >>> print(table(["what", "ms"], [["one", "1.0"]]))
    | what | ms |
    | :--- | ---: |
    | one | 1.0 |
    """
    ruler = [":---", *["---:"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ruler, *rows])


def milliseconds(value: float) -> str:
    """Seconds as milliseconds, to three digits where there are as many.

    >>> milliseconds(0.00123), milliseconds(0.0456), milliseconds(1.2)
    ('1.2', '46', '1200')
    """
    return f"{value * 1e3:.0f}" if value >= 0.01 else f"{value * 1e3:.1f}"


def times(ratio: float) -> str:
    """Return a ratio as text: ``1.30 ×``."""
    return f"{ratio:.2f} ×" if ratio < 10 else f"{ratio:.0f} ×"


def machine(packages: Iterable[str]) -> str:
    """Return where it was measured: processor, system, Python and the versions of packages."""
    versions = [f"{package} {metadata.version(package)}" for package in packages if _installed(package)]
    where = f"{os.cpu_count()} × {_processor()}, {platform.system()} {platform.machine()}"
    return f"{where}; Python {platform.python_version()}; {', '.join(versions)}"


def _installed(package: str) -> bool:
    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        return False
    return True


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.processor() or "unnamed processor"
