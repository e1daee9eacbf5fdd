"""Random programs whose helper functions call one another: many subtractions and divisions, in frames within frames."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["nested_program"]

VALUES = (0.5, 1.5, 2.5, -0.7, 3.25)
CONSTANTS = ("2", "3", "0.5", "1")
SIGNS = "--+*/"

Helper = tuple[str, int]


def nested_program(seed: int) -> tuple[Callable[..., Any], str] | None:
    """Return program number ``seed`` and its source, or None where its numbers are not tame."""
    rng = random.Random(seed)
    lines, helpers = ["import numpy as np"], list[Helper]()
    for number in range(rng.randint(1, 4)):
        names = [f"p{i}" for i in range(rng.randint(1, 3))]
        lines.append(f"def h{number}({', '.join(names)}):")
        helper = (f"h{number}", len(names))
        _statements(rng, lines, names, helpers, rng.randint(0, 2), 2)
        lines.append(f"    return {_expression(rng, names, rng.randint(2, 3), helpers)}")
        helpers.append(helper)
    names = [f"x{i}" for i in range(rng.randint(2, 4))]
    lines.append(f"def f({', '.join(f'{name}={rng.choice(VALUES)}' for name in names)}):")
    _statements(rng, lines, names, helpers, rng.randint(1, 3), 3)
    lines.append(f"    return ({_expression(rng, names, 3, helpers)} - {names[-1]}) / x0")
    source = "\n".join(lines)
    scope: dict[str, Any] = {}
    exec(compile(source, f"<program {seed}>", "exec"), scope)
    try:
        with np.errstate(all="raise"):
            value = scope["f"]()
    except (ArithmeticError, ValueError):
        return None
    return (scope["f"], source) if abs(value) < 1e6 else None


def _statements(
    rng: random.Random, lines: list[str], names: list[str], helpers: list[Helper], count: int, depth: int
) -> None:
    for number in range(count):
        lines.append(f"    t{number} = {_expression(rng, names, depth, helpers)}")
        names.append(f"t{number}")


def _expression(rng: random.Random, names: list[str], depth: int, helpers: list[Helper]) -> str:
    chance = rng.random()
    if depth == 0 or chance < 0.15:
        return rng.choice(names) if rng.random() < 0.85 else rng.choice(CONSTANTS)

    def inner() -> str:
        return _expression(rng, names, depth - 1, helpers)

    if helpers and chance < 0.45:
        name, count = rng.choice(helpers)
        return f"{name}({', '.join(inner() for _ in range(count))})"
    if chance < 0.55:
        return f"np.{rng.choice(['tanh', 'sin', 'exp'])}({inner()}*0.3)"
    return f"({inner()} {rng.choice(SIGNS)} {inner()})"
