"""Short formulas, as an author writes them: one table of small rewritings, none of which changes the value.

A row holds the identity that it applies as text, ``−(−x) = x``: the tests read both sides of it. What the identities
match are named operations; nothing but this table and `bpviz.formulas.product` needs their algebra.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from bpviz import ops
from bpviz.errors import UsageError
from bpviz.formulas.expression import Expression, evaluated, is_constant, is_number, made_by
from bpviz.formulas.product import Product
from bpviz.frozen import dataclass
from bpviz.lazy import LazyModule
from bpviz.ops import OPERATIONS

__all__ = ["REWRITINGS", "Rewriting"]

np: Any = LazyModule("numpy")

_TERMS = 12
"""The most terms of a sum that are searched for like terms."""


@dataclass(frozen=True, slots=True)
class Rewriting:
    """An identity as text, and the function that applies it to the operands (and parameters) of an operation.

    The function returns ``None`` where the identity does not fit.
    """

    says: str
    rewrite: Callable[..., Any]


def _is(value: Any, wanted: float) -> bool:
    if is_constant(value):
        value = value.parameters["value"]
    return isinstance(value, int | float) and value == wanted


def _minus(value: Any) -> Any:
    """Return what follows a leading minus; ``None`` if there is none."""
    if isinstance(value, Expression):
        return value.operands[0] if made_by(value, "negative") else None
    return -value if isinstance(value, int | float) and value < 0 else None


def _plus_minus(x: Any, y: Any) -> Any:
    return x - _minus(y) if _minus(y) is not None else None


def _minus_minus(x: Any, y: Any) -> Any:
    return x + _minus(y) if _minus(y) is not None else None


def _like_terms(x: Any, y: Any, sign: int = 1) -> Any:
    """Return the sum (or difference) of x and y, where a term of x differs from y in its number alone."""
    last, kind = Product(y), (x if isinstance(x, Expression) else y).__class__
    terms: list[tuple[int, Any]] = []
    while len(terms) < _TERMS and (made_by(x, "add") or made_by(x, "subtract")):
        terms.append((1 if made_by(x, "add") else -1, x.operands[1]))
        x = x.operands[0]
    terms.append((1, x))
    for place, (own, term) in enumerate(terms):
        both = Product(term)
        if both.alike(last):
            both.number = own * both.number + sign * last.number
            rest = terms[:place], terms[place + 1 :]
            return _summed(kind, [*rest[0], *([(1, both.written())] if both.number else []), *rest[1]])
    return None


def _summed(kind: type[Expression], terms: list[tuple[int, Any]]) -> Any:
    """Return terms with their signs, the last one first, as a sum."""
    made: Any = 0.0
    for sign, term in reversed(terms):
        if _minus(term) is not None:
            sign, term = -sign, _minus(term)
        if is_number(made) and not made:
            made = term if sign > 0 else -term
        else:
            made = kind.of("add" if sign > 0 else "subtract", made, term)
    return made


def _product(x: Any, y: Any) -> Any:
    return Product(x, y).by_names().written()


def _quotient(x: Any, y: Any) -> Any:
    return Product(x).divided_by(y).by_names().written()


def _mean(x: Any, y: Any) -> Any:
    if made_by(x, "sum") and _is(y, (ops.size_of(x.operands[0]) or 1) / (math.prod(x.shape) or 1)):
        return ops.named("mean")(*x.operands, **x.parameters)
    return None


def _numbers_before(name: str) -> Callable[..., Any]:
    """Return the rewriting that takes numbers and minus signs out of the operands of a multilinear operation."""

    def rewrite(*xs: Any, **parameters: Any) -> Any:
        products = [Product(x) for x in xs]
        number, divisor = (math.prod(getattr(p, part) for p in products) for part in ("number", "divisor"))
        if number == divisor == 1:
            return None
        for product in products:
            product.number = product.divisor = 1.0
        rest = [product.written() for product in products]
        if any(ops.shape_of(x) != ops.shape_of(y) for x, y in zip(xs, rest, strict=True)):
            return None
        return number * OPERATIONS[name](*rest, **parameters) / divisor

    return rewrite


def _twice_transposed(x: Any, **axes: Any) -> Any:
    return x.operands[0] if made_by(x, "transpose") and not (x.parameters or axes) else None


def _transposed_product(x: Any, **axes: Any) -> Any:
    if (
        not axes
        and made_by(x, "matmul")
        and len(x.shape) == 2
        and all(len(ops.shape_of(part)) == 2 for part in x.operands)
    ):
        left, right = x.operands
        if made_by(left, "transpose") or made_by(right, "transpose"):
            return OPERATIONS["transpose"](right) @ OPERATIONS["transpose"](left)
    return None


def _decided(c: Any, x: Any, y: Any) -> Any:
    if isinstance(c, bool):
        return x if c else y
    # Both branches are the same.
    return x if is_number(x) and is_number(y) and x == y else None


def _unguarded(c: Any, s: Any, x: Any) -> Any:
    return x if _granted(lambda: not np.any(evaluated(c))) else None


def _whole(x: Any) -> Any:
    return 1.0 if _granted(lambda: np.allclose(np.sum(evaluated(x), axis=-1), 1)) else None


def _granted(known: Callable[[], Any]) -> bool:
    """Return whether a condition holds, or the numbers are not known: then an author assumes it."""
    try:
        return bool(known())
    except UsageError:
        return True


REWRITINGS: dict[str, tuple[Rewriting, ...]] = {
    "negative": (
        Rewriting("−(−x) = x", _minus),
        Rewriting("−(x − y) = y − x", lambda x: Product(x, -1).written() if made_by(x, "subtract") else None),
    ),
    "add": (
        Rewriting("0 + x = x", lambda x, y: y if _is(x, 0) else None),
        Rewriting("x + 0 = x", lambda x, y: x if _is(y, 0) else None),
        Rewriting("x + (−y) = x − y", _plus_minus),
        Rewriting("(2·x + y) + 3·x = 5·x + y", _like_terms),
    ),
    "subtract": (
        Rewriting("x − 0 = x", lambda x, y: x if _is(y, 0) else None),
        Rewriting("0 − x = −x", lambda x, y: -y if _is(x, 0) else None),
        Rewriting("x − (−y) = x + y", _minus_minus),
        Rewriting("(5·x + y) − 3·x = 2·x + y", lambda x, y: _like_terms(x, y, -1)),
    ),
    "multiply": (
        Rewriting("x·0 = 0", lambda x, y: 0.0 if _is(x, 0) or _is(y, 0) else None),
        # Minus and number first, factors in the order of the source, equal ones as a power.
        Rewriting("(t·2)·(−(x/y)·3·x) = −6·x²·t/y", _product),
    ),
    "divide": (
        Rewriting("0/x = 0", lambda x, y: 0.0 if _is(x, 0) else None),
        Rewriting("(Σ X)/6 = mean(X)", _mean),
        Rewriting("(4·x·t/y)/(−(2·x)) = −2·t/y", _quotient),
    ),
    "power": (
        Rewriting("x^1 = x", lambda x, y: x if _is(y, 1) else None),
        Rewriting("x^0 = 1", lambda x, y: 1.0 if _is(y, 0) else None),
    ),
    "sum": (Rewriting("Σ −2·X = −2·Σ X", _numbers_before("sum")),),
    "sum_to": (Rewriting("Σ −X/3 = −(Σ X)/3", _numbers_before("sum_to")),),
    "matmul": (Rewriting("(X/2)·(−Yᵀ) = −X·Yᵀ/2", _numbers_before("matmul")),),
    "transpose": (
        Rewriting("(−X)ᵀ = −Xᵀ", _numbers_before("transpose")),
        Rewriting("(Xᵀ)ᵀ = X", _twice_transposed),
        Rewriting("(Xᵀ·Y)ᵀ = Yᵀ·X", _transposed_product),
    ),
    "where": (Rewriting("0 if x > y else 0 = 0", _decided),),
    # Assumptions of an author: no divisor is 0, and shares add up to 1.
    "guard": (Rewriting("1 if x = 0 else x = x", _unguarded),),
    "total_share": (Rewriting("Σ s = 1", _whole),),
}
"""The rows by operation; the first row of an operation that applies is used."""
