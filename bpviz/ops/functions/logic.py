"""Conditions and tests of numbers. Their results carry no gradient."""

from __future__ import annotations

from typing import Any

from bpviz.lazy import LazyModule
from bpviz.ops.primitives.arithmetic import add, multiply, subtract
from bpviz.ops.primitives.elementwise import abs_
from bpviz.ops.primitives.reductions import REDUCTIONS, reduced_shape
from bpviz.ops.primitives.selection import equal, less_equal
from bpviz.ops.table.registry import made_of_operations
from bpviz.ops.table.row import Case, Operation
from bpviz.ops.table.row_shapes import decision
from bpviz.ops.table.values import shape_of

__all__ = [
    "all_",
    "allclose",
    "any_",
    "array_equal",
    "bitwise_and",
    "bitwise_or",
    "bitwise_xor",
    "count_nonzero",
    "invert",
    "isclose",
    "isfinite",
    "isinf",
    "isnan",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "signbit",
]

np: Any = LazyModule("numpy")

logical_and = decision("logical_and", "and", "x y", notation="{x} and {y}", js="{x} !== 0 && {y} !== 0")
logical_or = decision("logical_or", "or", "x y", notation="{x} or {y}", js="{x} !== 0 || {y} !== 0")
logical_xor = decision("logical_xor", "xor", "x y", notation="{x} xor {y}", js="({x} === 0) !== ({y} === 0)")
logical_not = decision("logical_not", "not", "x", notation="not {x}", js="{x} === 0")


def _bitwise(name: str, sign: str, python_name: str) -> Operation:
    """Return the row of an operation on whole numbers bit by bit."""
    notation, js = f"{{c}} {sign} {{d}}", f"Number(BigInt({{c}}) {sign} BigInt({{d}}))"
    return decision(name, sign, "c d", operator=python_name, notation=notation, js=js)


# & | ^ ~ : for conditions the same as above, for whole numbers bit by bit; NumPy refuses other numbers.
bitwise_and = _bitwise("bitwise_and", "&", "and")
bitwise_or = _bitwise("bitwise_or", "|", "or")
bitwise_xor = _bitwise("bitwise_xor", "^", "xor")
invert = decision("invert", "~", "c", operator="invert", notation="~{c}", numpy=("invert", "bitwise_not"))

isnan = decision("isnan", "NaN?", "x", notation="isnan({x})", js="{x} !== {x}")
isfinite = decision("isfinite", "finite?", "x", notation="isfinite({x})", js="Number.isFinite({x})")
isinf = decision("isinf", "∞?", "x", notation="isinf({x})", js="Math.abs({x}) === Infinity")
signbit = decision("signbit", "< 0", "x", notation="signbit({x})", js="{x} < 0 || Object.is({x}, -0)")


def _counted(name: str, symbol: str, **row: Any) -> Operation:
    """Return the row of a test over many numbers at once."""
    return decision(
        name,
        symbol,
        "x",
        # Some versions of NumPy return Python's own numbers here.
        forward=lambda x, axis=None, keepdims=False: np.asarray(getattr(np, name)(x, axis=axis, keepdims=keepdims)),
        parameters={"axis": None, "keepdims": False},
        notation=f"{symbol}({{x}})",
        shape=reduced_shape,
        cases=(*REDUCTIONS, Case(((0, 2),), {"axis": 0})),
        **row,
    )


any_ = _counted("any", "any", numpy=("any", "logical_or.reduce"), method=True)
all_ = _counted("all", "all", numpy=("all", "logical_and.reduce"), method=True)
count_nonzero = _counted("count_nonzero", "#≠0", says="How many are not 0; a count carries no gradient.")


@made_of_operations("isclose")
def isclose(a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """``np.isclose``: whether |a − b| ≤ atol + rtol·|b|, without gradient.

    >>> isclose([1.0, 1.0], [1.000001, 1.1])
    array([ True, False])
    """
    near = less_equal(abs_(subtract(a, b)), add(atol, multiply(rtol, abs_(b))))
    # Infinities of the same sign are close, although their difference is NaN.
    near = logical_or(near, equal(a, b))
    return logical_or(near, logical_and(isnan(a), isnan(b))) if equal_nan else near


@made_of_operations("allclose")
def allclose(a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """``np.allclose``: whether all elements are close, for a branch.

    >>> bool(allclose([1.0, 2.0], [1.0, 2.1]))
    False
    """
    return all_(isclose(a, b, rtol, atol, equal_nan))


@made_of_operations("array_equal")
def array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> Any:
    """``np.array_equal``: whether two arrays have the same shape and elements, for a branch.

    >>> array_equal([1.0, 2.0], [1.0]), bool(array_equal([1.0], [1.0]))
    (False, True)
    """
    if shape_of(a1) != shape_of(a2):
        return False
    same = equal(a1, a2)
    return all_(logical_or(same, logical_and(isnan(a1), isnan(a2))) if equal_nan else same)
