"""What one recorded operation costs, forward and backward, in bpviz, micrograd and HIPS autograd.

Run as ``python benchmarks/recording.py``; prints a table in Markdown. All three run the same plain functions, and their
gradients are compared first.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from random import Random
from typing import Any, NamedTuple

import autograd  # type: ignore[import-untyped]
import autograd.numpy  # type: ignore[import-untyped]
from autograd.core import make_vjp as autograd_vjp  # type: ignore[import-untyped]
from measure import in_turn, table, times
from micrograd.engine import Value  # type: ignore[import-untyped]

import bpviz

SIZES = (100, 1_000, 10_000, 100_000)
LONGEST = 3.0
"""Seconds that one run of a peer may take; a size that would take longer is left out."""


class Program(NamedTuple):
    """A function of scalars, where to evaluate it, and how many operations it does."""

    name: str
    function: Callable[..., Any]
    inputs: Sequence[float]
    operations: int


def main() -> None:
    print(report())


def report() -> str:
    # micrograd visits its graph by recursion and stops at about 1,000 operations in a row without this.
    sys.setrecursionlimit(1_000_000)
    rows, ratios = [], []
    for family in (chain, random_graph, network):
        expected: dict[str, float] = {}
        for size in SIZES[1:] if family is network else SIZES:
            program = family(size)
            costs = _per_operation(program, expected)
            expected = costs
            ours, trace = costs["bpviz"], costs["trace"]
            ratios.append(costs["micrograd"] / ours)
            rows.append(
                [
                    program.name,
                    f"{program.operations:,}",
                    f"{ours * 1e6:.2f}",
                    f"{trace * 1e6:.2f} + {max(ours - trace, 0) * 1e6:.2f}",
                    *(_compared(costs.get(peer), ours) for peer in ("micrograd", "autograd")),
                ]
            )
    head = ["program", "operations", "bpviz, µs", "trace + propagate, µs", "micrograd, µs", "autograd, µs"]
    slowest = min(ratios)
    verdict = (
        f"Goal: faster per operation than micrograd at every size. Here: micrograd takes {slowest:.2f} to "
        f"{max(ratios):.1f} times as long, {'met' if slowest > 1 else 'missed'}. "
        f"—: one run would take more than {LONGEST:g} s."
    )
    return f"{table(head, rows)}\n\n{verdict}"


def _compared(cost: float | None, ours: float) -> str:
    return "—" if cost is None else f"{cost * 1e6:.2f} ({times(cost / ours)})"


def _per_operation(program: Program, smaller: dict[str, float]) -> dict[str, float]:
    """Seconds per operation of every library that is quick enough, judged by what a smaller program took."""
    works: dict[str, Callable[[], object]] = {
        "bpviz": partial(by_bpviz, program),
        "trace": partial(bpviz.trace, program.function, *program.inputs),
        "micrograd": partial(by_micrograd, program),
    }
    if smaller.get("autograd", 0.0) * program.operations < LONGEST and (not smaller or "autograd" in smaller):
        works["autograd"] = partial(by_autograd, program)
    gradients = [work() for name, work in works.items() if name != "trace"]
    if not all(_alike(gradients[0], others) for others in gradients[1:]):
        sys.exit(f"{program.name} with {program.operations} operations: the gradients differ")
    del gradients
    return {name: time / program.operations for name, time in in_turn(works, stretch=0.02).items()}


def _alike(some: Any, others: Any) -> bool:
    return all(math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-9) for a, b in zip(some, others, strict=True))


# The same work in each library: from plain numbers to the gradient of every input.


def by_bpviz(program: Program) -> list[float]:
    return list(bpviz.backprop(program.function, *program.inputs).grads.values())


def by_micrograd(program: Program) -> list[float]:
    inputs = [Value(x) for x in program.inputs]
    program.function(*inputs).backward()
    return [value.grad for value in inputs]


def by_autograd(program: Program) -> list[float]:
    backward, result = autograd_vjp(lambda inputs: program.function(*inputs), autograd.builtins.list(program.inputs))
    return [float(g) for g in backward(autograd.numpy.ones_like(result))]


# The programs: plain functions, written once for all three.


def chain(size: int) -> Program:
    """Return one value through ``size`` operations in a row."""

    def function(x: Any, shrink: Any, shift: Any) -> Any:
        for _ in range(size // 2):
            x = x * shrink + shift
        return x

    return Program("chain", function, (2.0, 0.5, 0.25), size // 2 * 2)


def random_graph(size: int) -> Program:
    """Sums and products of any two earlier values, then the sum of all that were not used; values stay near 1."""
    random = Random(size)
    inputs = [random.uniform(-1.0, 1.0) for _ in range(8)]
    values, unused = list(inputs), set(range(8))
    steps: list[tuple[bool, int, int]] = []
    while len(steps) + len(unused) - 1 < size:
        i, j = random.randrange(len(values)), random.randrange(len(values))
        adds = random.random() < 0.5 and abs(values[i] + values[j]) < 2.0
        steps.append((adds, i, j))
        unused -= {i, j}
        unused.add(len(values))
        values.append(values[i] + values[j] if adds else values[i] * values[j])
    first, *others = sorted(unused)

    def function(*given: Any) -> Any:
        made = list(given)
        for adds, i, j in steps:
            made.append(made[i] + made[j] if adds else made[i] * made[j])
        total = made[first]
        for k in others:
            total = total + made[k]
        return total

    return Program("random graph", function, inputs, len(steps) + len(others))


def network(size: int) -> Program:
    """Return the squared error of a 2-16-16-1 network of scalars, with samples for about ``size`` operations."""
    widths = (2, 16, 16, 1)
    layers = list(pairwise(widths))
    each = sum(2 * n * m for n, m in layers) + sum(widths[1:-1]) + 3
    random = Random(0)
    samples = [(random.random(), random.random(), random.random()) for _ in range(max(1, size // each))]
    weights = [random.uniform(-1.0, 1.0) for n, m in layers for _ in range((n + 1) * m)]

    def function(*given: Any) -> Any:
        error = given[0] * 0.0
        for first, second, wanted in samples:
            values: list[Any] = [first, second]
            at = 0
            for layer, (n, m) in enumerate(layers):
                sums = []
                for unit in range(m):
                    start = at + unit * (n + 1)
                    total = given[start + n]
                    for k in range(n):
                        total = total + given[start + k] * values[k]
                    sums.append(total if layer == 2 else _relu(total))
                values, at = sums, at + m * (n + 1)
            miss = values[0] - wanted
            error = error + miss * miss
        return error

    return Program("network 2-16-16-1", function, weights, each * len(samples) + 1)


def _relu(x: Any) -> Any:
    if isinstance(x, Value):
        return x.relu()
    return autograd.numpy.maximum(x, 0.0) if isinstance(x, autograd.tracer.Box) else bpviz.nn.relu(x)


if __name__ == "__main__":
    main()
