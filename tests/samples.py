"""Operands to try a row of the table with, from what the row itself says."""

from __future__ import annotations

from typing import Any

import numpy as np

from bpviz.ops import Case, Operation


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
