"""What recording costs where the work is done by arrays: forward and backward, over gradients written by hand.

Run as ``python benchmarks/overhead.py``; prints a table in Markdown. All take the same numbers to the same gradients,
which are compared first. Every library runs on one thread, in one process, in turn, and processor time is measured. The
process keeps its memory (see `ENVIRONMENT`). Otherwise, with large arrays, the measured time would depend on how often
new pages of memory are requested, which differs twofold from run to run, for hand-written NumPy, too.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from time import process_time
from typing import Any

import autograd  # type: ignore[import-untyped]
import autograd.numpy  # type: ignore[import-untyped]
import numpy as np
import tape
from measure import in_turn, table, times
from programs import Program, block, network

import bpviz

ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MALLOC_TRIM_THRESHOLD_": "1000000000",
    "MALLOC_MMAP_THRESHOLD_": "1000000000",
}
BATCH = 0.01
"""Seconds that one measurement lasts at least: so many calls of a quick work are measured together."""
GOALS = {"two layers, batch 1": 1.4, "two layers, batch 64": 1.4, "two layers, batch 1,797": 1.5}
"""What a minimal tape of primitive operations took, in times of hand-written NumPy, when the goals were set."""
BLOCK_GOAL = 2.2

Gradients = Callable[[], Sequence[Any]]


def main() -> None:
    if all(os.environ.get(name) == value for name, value in ENVIRONMENT.items()):
        print(_measured())
    else:
        print(report())


def report() -> str:
    """Return the table, measured in a new process: OpenBLAS counts its threads when NumPy is imported."""
    command = [sys.executable, __file__]
    done = subprocess.run(command, env=os.environ | ENVIRONMENT, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.strip()


def _measured() -> str:
    peers = {"a minimal tape": by_tape, "autograd": by_autograd, "PyTorch, eager": by_torch()}
    ours = {"bpviz, operations": by_operations, "bpviz.nn, layers": by_layers()}
    head = ["program", "NumPy by hand, µs", *ours, *peers]
    rows, missed = [], []
    for program in (network(1), network(64), network(1797), block()):
        ratios, base = _ratios(program, {name: way for name, way in (ours | peers).items() if way})
        shown = (times(ratios[name]) if name in ratios else "—" for name in head[2:])
        rows.append([program.name, f"{base * 1e6:,.0f}", *shown])
        goal = GOALS.get(program.name, BLOCK_GOAL)
        best = min(ratios[name] for name in ours if name in ratios)
        if best > goal:
            missed.append(f"{program.name} ({best:.2f} × against {goal:g} ×)")
        slower = [name for name in peers if name != "a minimal tape" and best > ratios.get(name, math.inf)]
        missed += [f"{program.name} (slower than {name})" for name in slower]
    verdict = "met" if not missed else f"missed with {'; '.join(missed)}"
    notes = "".join(f" {name}: —, for it is not installed." for name, way in peers.items() if way is None)
    notes += "" if ours["bpviz.nn, layers"] else " bpviz.nn: —, for some of the layers are not there."
    return (
        f"{table(head, rows)}\n\nGoal: at most what a minimal tape took when the goals were set, "
        f"and ahead of autograd and PyTorch: {verdict}.{notes}"
    )


def _ratios(program: Program, ways: Mapping[str, Callable[[Program], Gradients]]) -> tuple[dict[str, float], float]:
    """Return how many times as long as hand-written NumPy every way takes, and that in seconds."""
    works: dict[str, Gradients] = {"by hand": lambda: program.by_hand(*program.arrays)[1:]}
    works |= {name: way(program) for name, way in ways.items()}
    expected = works["by hand"]()
    for name, work in works.items():
        for ours, theirs in zip(expected, work(), strict=True):
            if not np.allclose(ours, theirs, rtol=1e-7, atol=1e-10):
                sys.exit(f"{program.name}: the gradients of {name} differ")
    counts = {name: _calls(work) for name, work in works.items()}
    batches = {name: partial(_repeat, work, counts[name]) for name, work in works.items()}
    taken = {name: cost / counts[name] for name, cost in in_turn(batches, 15, 60, 8.0, process_time).items()}
    base = taken.pop("by hand")
    return {name: cost / base for name, cost in taken.items()}, base


def _calls(work: Gradients) -> int:
    """Return how many calls last as long as one measurement should."""
    work()
    start = process_time()
    work()
    return max(1, round(BATCH / max(process_time() - start, 1e-6)))


def _repeat(work: Gradients, count: int) -> object:
    last = None
    for _ in range(count):
        # As in training, the gradients of one step are there until those of the next are.
        last = work()
    return last


# The same work in each library: from arrays to the gradient of every one of them.


def by_operations(program: Program) -> Gradients:
    loss = program.plain(np)
    return lambda: list(bpviz.backprop(loss, *program.arrays).grads.values())


def by_layers() -> Callable[[Program], Gradients] | None:
    wanted = ("affine", "relu", "softmax_cross_entropy", "layer_norm", "attention", "gelu", "mean_squared_error")
    if not all(hasattr(bpviz.nn, name) for name in wanted):
        return None

    def way(program: Program) -> Gradients:
        loss = program.layers(bpviz.nn)
        return lambda: list(bpviz.backprop(loss, *program.arrays).grads.values())

    return way


def by_tape(program: Program) -> Gradients:
    loss = program.plain(tape)
    return lambda: tape.gradients(loss, *program.arrays)


def by_autograd(program: Program) -> Gradients:
    loss = program.plain(autograd.numpy)
    gradients = autograd.grad(lambda arrays: loss(*arrays))
    return lambda: gradients(list(program.arrays))  # type: ignore[no-any-return]


def by_torch() -> Callable[[Program], Gradients] | None:
    try:
        import torch
    except ImportError:
        return None
    torch.set_num_threads(1)

    def way(program: Program) -> Gradients:
        loss = program.torch(torch, torch.from_numpy)
        tensors = [torch.from_numpy(array.copy()).requires_grad_() for array in program.arrays]
        return lambda: torch.autograd.grad(loss(*tensors), tensors)

    return way


if __name__ == "__main__":
    main()
