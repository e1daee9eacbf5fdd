"""The rows of the table with their cases, and operands for them, from the row itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from amounts import ALL_CASES

from bpviz.ops import OPERATIONS, Case, Operation

__all__ = ["CASES", "ROWS", "SMOOTH", "domain", "first_cases", "plain_sample", "sample"]

# As they are when tests are collected: some tests add operations of a user's own.
ROWS = tuple(OPERATIONS.values())
CASES = [pytest.param(row, case, id=f"{row.name}-{number}") for row in ROWS for number, case in enumerate(row.cases)]
"""Every case of every row."""


def has_gradient(row: Operation, case: Case) -> bool:
    """Return whether any operand gets a gradient; a decision, such as ``x > y``, has none."""
    return any(rule is not None for rule in row.rules(len(case.shapes)))


SMOOTH = [param for param in CASES if has_gradient(*param.values)]
"""The cases of rows that have a gradient."""


def first_cases(params: Sequence[Any]) -> list[Any]:
    """All cases, or where people work the first of each row."""
    first = {param.values[0].name: param for param in reversed(params)}
    return [param for param in params if ALL_CASES or param is first[param.values[0].name]]


def domain(row: Operation, slot: int) -> tuple[float, float]:
    return row.domain[min(slot, len(row.domain) - 1)] if row.domain else (-2, 2)


def sample(row: Operation, case: Case, seed: int = 0, dtype: Any = np.float64) -> list[Any]:
    """Operands on the row's domain, kept away from kinks (whole numbers and ties), or those that the case gives.

    Fractions that it gives are numbers like the others; all else is as it is: classes, masks.
    """
    rng = np.random.default_rng(seed)
    xs = [np.asarray(rng.uniform(*domain(row, slot), shape)) for slot, shape in enumerate(case.shapes)]
    given = {name: np.asarray(value) for name, value in case.given.items()}
    names = [*row.operands, *"...."]
    xs = [given[n] if n in given and given[n].dtype.kind == "f" else x for n, x in zip(names, xs, strict=False)]
    if np.issubdtype(dtype, np.integer):
        made = [np.ceil(np.abs(x)).astype(dtype) for x in xs]
    else:
        made = [np.where(np.abs(x - np.round(x)) < 0.02, x + 0.04, x).astype(dtype) for x in xs]
    # A condition is true and false.
    made = [x > 0 if name in ("c", "d") else m for name, x, m in zip(names, xs, made, strict=False)]
    return [given[n] if n in given and given[n].dtype.kind != "f" else m for n, m in zip(names, made, strict=False)]


def plain_sample(row: Operation, case: Case) -> list[Any]:
    """Return operands on the row's domain: floats for shape (), arrays for all others, true and false for conditions."""
    rng = np.random.default_rng(0)
    xs = []
    for i, (name, shape) in enumerate(zip([*row.operands, *"...."], case.shapes, strict=False)):
        low, high = row.domain[min(i, len(row.domain) - 1)] if row.domain else (-2, 2)
        x = rng.uniform(low, high, shape)
        x = np.asarray(case.given[name]) if name in case.given else x > 0 if name in ("c", "d") else x
        xs.append(x if shape else x.item() if x.dtype.kind == "f" else x)
    return xs
