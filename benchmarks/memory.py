"""The peak of memory for large arrays, in times of the input: ``python benchmarks/memory.py``.

Each is measured in a process of its own, after a call on a small array; autograd takes the same program.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from measure import table, times

MANY = 10_000_000

PROGRAMS: dict[str, Callable[[Any], Callable[[Any], Any]]] = {
    "sum(x · x)": lambda np: lambda x: np.sum(x * x),
    "sum(h · h), h = tanh(2x)": lambda np: lambda x: (lambda h: np.sum(h * h))(np.tanh(x * 2.0)),
    "sum(tanh(2x) · tanh(2x))": lambda np: lambda x: np.sum(np.tanh(x * 2.0) * np.tanh(x * 2.0)),
    "sum(1/(1 + exp(−x)))": lambda np: lambda x: np.sum(1 / (1 + np.exp(-x))),
    "mean((3·max(x, 0) − 1)²)": lambda np: lambda x: np.mean((np.maximum(x, 0) * 3.0 - 1.0) ** 2),
    "sum(log(√(x² + 1)))": lambda np: lambda x: np.sum(np.log(np.sqrt(x * x + 1.0))),
    "sum(sin(exp(tanh(2x + 1))))": lambda np: lambda x: np.sum(np.sin(np.exp(np.tanh(x * 2.0 + 1.0)))),
}


def _autograd(program: Callable[[Any], Callable[[Any], Any]]) -> Callable[[Any], Any]:
    import autograd
    import autograd.numpy

    return autograd.grad(program(autograd.numpy))


def _backprop(program: Callable[[Any], Callable[[Any], Any]]) -> Callable[[Any], Any]:
    import numpy

    import bpviz

    function = program(numpy)
    return lambda x: bpviz.backprop(function, x)


def _draw(program: Callable[[Any], Callable[[Any], Any]]) -> Callable[[Any], Any]:
    import numpy

    import bpviz

    function = program(numpy)
    return lambda x: bpviz.draw(function, x).to_svg()


WAYS = {"autograd": _autograd, "backprop": _backprop, "draw": _draw}


def report() -> str:
    rows = []
    for program in PROGRAMS:
        peaks = [_in_a_process(program, way) for way in WAYS]
        rows.append([program, *map(times, peaks)])
    head = ["program", "autograd's gradient", "`bpviz.backprop`", "`bpviz.draw`, to SVG"]
    most = [sum(float(row[i].split()[0]) <= limit for row in rows) for i, limit in ((2, 8.1), (3, 8.1))]
    return table(head, rows) + (
        f"\n\nGoal: at most 8 times, a drawing no more than its numbers. Here: {most[0]} and {most[1]} of {len(rows)}."
    )


def _in_a_process(program: str, way: str) -> float:
    command = [sys.executable, __file__, program, way]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def _measured(program: str, way: str) -> float:
    import numpy as np

    work = WAYS[way](PROGRAMS[program])
    work(np.linspace(0.1, 1.0, 3))
    x = np.linspace(0.1, 1.0, MANY)
    before = _peak()
    work(x)
    return (_peak() - before) / x.nbytes


def _peak() -> int:
    """Return the most memory that this process has had so far, in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


if __name__ == "__main__":
    print(_measured(*sys.argv[1:]) if len(sys.argv) > 1 else report())
