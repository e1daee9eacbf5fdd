"""How many cases a test tries: all in CI and under ``.ci/run``, a tenth or so of them where people work.

``ALL_CASES=1 pytest`` tries all. The cases of a tenth are every tenth of all, so a failure here is a failure there.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import product
from typing import TypeVar

__all__ = ["ALL_CASES", "IN_CI", "fewer", "some", "some_pairs"]

T = TypeVar("T")
U = TypeVar("U")


def _set(name: str) -> bool:
    return os.environ.get(name, "").lower() in ("1", "true")


IN_CI = _set("CI")
ALL_CASES = IN_CI or _set("ALL_CASES")


def some(cases: Sequence[T], every: int = 10) -> Sequence[T]:
    """All cases, or every tenth of them; another ``every`` takes more or fewer."""
    return cases if ALL_CASES else cases[::every]


def some_pairs(ones: Sequence[T], others: Sequence[U], every: int = 10) -> Sequence[tuple[T, U]]:
    """All pairs, or every tenth of them.

    If ``every`` has no common factor with the number of others, each of them comes up in turn: every third of 3 × 4.
    """
    return some(list(product(ones, others)), every)


def fewer(count: int, every: int = 10) -> int:
    """A number of cases, or a tenth of it, at least 1."""
    return count if ALL_CASES else max(1, count // every)
