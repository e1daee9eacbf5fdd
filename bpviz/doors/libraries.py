"""The libraries that have doors, each with the function that makes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bpviz.doors import mathematics
from bpviz.doors.placing import Door

__all__ = ["LIBRARIES"]


def _array_doors(numpy: Any) -> Iterator[Door]:
    """Make the doors of NumPy; models of plain numbers need none, and import less."""
    from bpviz.doors import arrays

    return arrays.doors(numpy)


def _special_doors(special: Any) -> Iterator[Door]:
    from bpviz.doors import scipy

    return scipy.of_special(special)


def _norm_doors(stats: Any) -> Iterator[Door]:
    from bpviz.doors import scipy

    return scipy.of_norm(stats)


LIBRARIES = (
    ("math", mathematics.doors),
    ("numpy", _array_doors),
    ("scipy.special", _special_doors),
    ("scipy.stats", _norm_doors),
)
"""Each library with the function that makes its doors, once it is imported."""
