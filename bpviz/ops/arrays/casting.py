"""Changes of type, copies, and arrays of the same shape as another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from bpviz.lazy import LazyModule
from bpviz.ops.arrays.picking import is_traced
from bpviz.ops.functions.logic import isnan
from bpviz.ops.primitives.selection import where
from bpviz.ops.primitives.shaping import broadcast_to
from bpviz.ops.table.registry import made_of_operations, operation
from bpviz.ops.table.row import REQUIRED, Case
from bpviz.ops.table.values import is_whole_number, shape_of

__all__ = ["astype", "copy", "full_like", "nan_to_num", "real"]

np: Any = LazyModule("numpy")


def _astype_arguments(
    x: Any,
    dtype: Any,
    order: str = "K",
    casting: str = "unsafe",
    subok: bool = True,
    copy: bool = True,
    device: Any = None,
) -> tuple[Sequence[Any], dict[str, Any]]:
    kind = np.dtype(dtype)
    if kind.kind not in "fiub":
        raise TypeError(f"numbers of type {kind} cannot be recorded; only real numbers can")
    return (x,), {"dtype": kind.name}


def _astype_symbol(constants: Sequence[Any], parameters: Any) -> tuple[str, tuple[int, ...]]:
    return parameters["dtype"], ()


astype = operation(
    "astype",
    "type",
    "x",
    forward=lambda x, dtype: np.asarray(x).astype(dtype),
    # Only floats have a slope. The gradient takes the type of its operand without a step here.
    vjp=(lambda g, z, x, dtype: g if dtype.startswith("float") else None,),
    parameters={"dtype": REQUIRED},
    method=True,
    adapt=_astype_arguments,
    drawn=_astype_symbol,
    says="The same numbers in another type; the gradient goes back to the old one.",
    notation="{x}",
    unwritten=True,
    shape=lambda x, dtype: x,
    cases=(Case(((2, 3),), {"dtype": "float64"}),),
    convention="to whole numbers or conditions: no gradient",
)


@made_of_operations("copy")
def copy(a: Any, order: str = "K", subok: bool = False) -> Any:
    """``np.copy``: the same value; a write into one of the two is not seen in the other."""
    return a.copy() if hasattr(a, "copy") else a


@made_of_operations("real", "conjugate")
def real(val: Any) -> Any:
    """``np.real`` and ``np.conj``: the value itself, for recorded values are real numbers."""
    return val


@made_of_operations("full_like")
def full_like(
    a: Any,
    fill_value: Any,
    dtype: Any = None,
    order: str = "K",
    subok: bool = True,
    shape: Any = None,
    *,
    device: Any = None,
) -> Any:
    """``np.full_like``: a constant, unless the fill value is recorded.

    >>> full_like([1.0, 2.0], 7.0)
    array([7., 7.])
    """
    wanted = shape_of(a) if shape is None else shape
    wanted = (wanted,) if is_whole_number(wanted) else tuple(wanted)
    if is_traced(fill_value):
        return broadcast_to(fill_value, shape=wanted)
    return np.full(wanted, fill_value, dtype or getattr(a, "dtype", None))


@made_of_operations("nan_to_num")
def nan_to_num(
    x: Any, copy: bool = True, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Any:
    """``np.nan_to_num``: plain numbers in place of NaN and the infinities, which then get no gradient.

    >>> nan_to_num([1.0, math.nan])
    array([1., 0.])
    """
    largest = float(np.finfo(getattr(x, "dtype", float)).max)
    result = where(isnan(x), nan, x)
    result = where(result == math.inf, largest if posinf is None else posinf, result)
    return where(result == -math.inf, -largest if neginf is None else neginf, result)
