"""Random programs with a loop: several values carried from step to step, shared parameters, an input for every step.

The reference runs the same body step by step with HIPS autograd, in which every use of a parameter and every carried
value of a step is a variable of its own.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import autograd.numpy as anp
from autograd import grad

__all__ = ["ChainProgram", "chain_program"]

CONSTANTS = ("0.5", "2", "1.5")


@dataclass(frozen=True)
class ChainProgram:
    """A program of ``count`` equal steps: its source, its function, and the body of one step."""

    source: str
    function: Callable[..., Any]
    step: Callable[..., tuple[Any, ...]]
    states: tuple[float, ...]
    shared: tuple[float, ...]
    given: tuple[float, ...]
    collects: bool
    used: frozenset[str]

    @property
    def count(self) -> int:
        """How many steps it has."""
        return len(self.given)

    def run(self, shared: Any, carried: Any, given: Any) -> Any:
        """Return the result, if step k uses the parameters shared[k], and carried[k] is added to the states before it."""
        states: Any = self.states
        collected = 0.0
        for k in range(self.count):
            states = [state + carried[k][i] for i, state in enumerate(states)]
            states = self.step(*states, *(shared[k][j] for j in range(len(self.shared))), given[k])
            collected = collected + states[0]
        result = sum(1.5 * state for state in states)
        return result + collected if self.collects else result

    def reference(self) -> tuple[Any, Any, list[Any]]:
        """Return the gradients by the parameters of every step and by the states before it, and these states."""
        shared = anp.array([self.shared] * self.count)
        carried = anp.zeros((self.count, len(self.states)))
        before = [self.states]
        for k in range(self.count):
            before.append(self.step(*before[-1], *self.shared, self.given[k]))
        by_shared = grad(self.run, 0)(shared, carried, self.given) if self.shared else None
        return by_shared, grad(self.run, 1)(shared, carried, self.given), before


def chain_program(seed: int) -> ChainProgram:
    """Return program number ``seed``."""
    rng = random.Random(seed)
    states = [f"s{i}" for i in range(rng.randint(1, 3))]
    shared = [f"w{i}" for i in range(rng.randint(0, 2))]
    steps = rng.randint(5, 9)
    helped = rng.random() < 0.4
    names = [*states, *shared, "x"]
    body = []
    for i, state in enumerate(states):
        others = [rng.choice(names) for _ in range(rng.randint(1, 3))]
        body.append(f"n{i} = {_expression(rng, [state, *others], helped)}")
    values = {name: round(rng.uniform(-1, 1), 2) for name in [*states, *shared, *(f"x{k}" for k in range(steps))]}
    collects, grouped = rng.random() < 0.4, rng.random() < 0.3
    results = ", ".join(f"n{i}" for i in range(len(states)))
    lines = ["import numpy as np", "def part(a, b):", "    return np.tanh(a * b) + 0.5 * a"]
    step = [f"def step({', '.join(names)}):", *(f"    {line}" for line in body), f"    return {results},"]
    lines += step if grouped else []
    lines.append(f"def f({', '.join(f'{name}={value}' for name, value in values.items())}):")
    lines.append("    collected = []")
    lines.append(f"    for x in ({', '.join(f'x{k}' for k in range(steps))}):")
    if grouped:
        lines.append(f"        {', '.join(states)}, = step({', '.join(names)})")
    else:
        lines += [f"        {line}" for line in body]
        lines.append(f"        {', '.join(states)}, = {results},")
    lines.append("        collected.append(s0)")
    end = " + ".join(f"1.5 * {state}" for state in states)
    lines.append(f"    return {end}{' + np.sum(np.stack(collected))' if collects else ''}")
    source = "\n".join(lines)
    scope: dict[str, Any] = {}
    exec(compile(source, f"<chain {seed}>", "exec"), scope)
    plain: dict[str, Any] = {}
    exec(compile("\n".join([*lines[1:3], *step]), f"<step {seed}>", "exec"), {"np": anp}, plain)
    plain["step"].__globals__.update(plain)
    return ChainProgram(
        source,
        scope["f"],
        plain["step"],
        tuple(values[name] for name in states),
        tuple(values[name] for name in shared),
        tuple(values[f"x{k}"] for k in range(steps)),
        collects,
        frozenset(re.findall(r"\b(?:[sw]\d|x)\b", "\n".join(body))),
    )


def _expression(rng: random.Random, names: list[str], helped: bool) -> str:
    """Return an expression with each of these names; it keeps numbers small."""
    made = names[0]
    for name in names[1:]:
        chance = rng.random()
        if helped and chance < 0.3:
            made = f"part({made}, {name})"
        elif chance < 0.5:
            made = f"({made} * {name} - {rng.choice(CONSTANTS)})"
        else:
            made = rng.choice([f"({made} + {name})", f"({made} - {name})", f"({name} - {made})", f"{made} * {name}"])
        made = f"np.{rng.choice(['tanh', 'sin'])}({made})"
    return made
