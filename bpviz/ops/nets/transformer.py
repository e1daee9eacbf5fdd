"""Scaled dot-product attention: every query takes a mean of the values, weighted by how well their keys match it."""

from __future__ import annotations

import math
from typing import Any

from bpviz.errors import UsageError
from bpviz.lazy import LazyModule
from bpviz.ops.linear_algebra.products import swapped
from bpviz.ops.primitives.assumptions import called
from bpviz.ops.primitives.reductions import softmax, sum_
from bpviz.ops.primitives.selection import where
from bpviz.ops.table.registry import operation
from bpviz.ops.table.row import Case
from bpviz.ops.table.values import Shape, shape_of

__all__ = ["attention"]

np: Any = LazyModule("numpy")

_BLOCKED = -1e30
"""The score of a key that a query may not look at: exp of it is 0, and no ∞ − ∞ can arise."""


def _before(q: Any, k: Any) -> Any:
    """Return which keys stand before a query or at its own place."""
    return np.tri(shape_of(q)[-2], shape_of(k)[-2], dtype=bool)


def _scale(q: Any) -> float:
    return 1 / math.sqrt(shape_of(q)[-1])


def _weights(q: Any, k: Any, masks: tuple[Any, ...], causal: bool) -> Any:
    scores = (q @ swapped(k)) * _scale(q)
    for mask in masks:
        scores = where(mask, scores, _BLOCKED)
    if causal:
        scores = where(_before(q, k), scores, _BLOCKED)
    return softmax(scores)


def _inside(q: Any, k: Any, v: Any, *masks: Any, causal: bool = False) -> Any:
    return _weights(q, k, masks, causal) @ v


def _attention(q: Any, k: Any, v: Any, *masks: Any, causal: bool = False) -> tuple[Any, Any]:
    shapes = shape_of(q), shape_of(k), shape_of(v)
    if min(map(len, shapes)) < 2 or shapes[0][-1] != shapes[1][-1] or shapes[1][-2] != shapes[2][-2]:
        raise UsageError(
            "attention takes queries (…, L, d), keys (…, S, d) and values (…, S, e), "
            f"but got shapes {shapes[0]}, {shapes[1]} and {shapes[2]}"
        )
    weights = _weights(np.asarray(q), np.asarray(k), masks, causal)
    return weights @ np.asarray(v), weights


def _rules(
    g: Any, z: Any, q: Any, k: Any, v: Any, *masks: Any, causal: bool = False, kept: Any = None
) -> tuple[Any, ...]:
    weights = called(_weights(q, k, masks, causal), "A") if kept is None else kept
    d_weights = g @ swapped(v)
    d_scores = weights * (d_weights - sum_(d_weights * weights, axis=-1, keepdims=True))
    for mask in masks:
        # A query that may look at no key has equal weights, which do not depend on q and k.
        d_scores = where(mask, d_scores, 0.0)
    d_scores = called(d_scores * _scale(q), "dS")
    return d_scores @ k, swapped(d_scores) @ q, swapped(weights) @ g, *(None for _ in masks)


def _shape(q: Shape, k: Shape, v: Shape, *masks: Shape, causal: bool = False) -> Shape:
    lead = np.broadcast_shapes(q[:-2], k[:-2], v[:-2], *(mask[:-2] for mask in masks))
    return (*lead, q[-2], v[-1])


attention = operation(
    "attention",
    "Attention",
    "q k v mask*",
    keeping=_attention,
    together=_rules,
    parameters={"causal": False},
    says="With A = softmax(q·kᵀ/√d) and dA = g·vᵀ: dS = A ∘ (dA − Σ dA ∘ A)/√d goes back through q·kᵀ.",
    notation="softmax({q}·{k}ᵀ/√d)·{v}",
    capitals=True,
    shape=_shape,
    cases=(
        Case(((2, 3), (4, 3), (4, 2)), typical=True),
        Case(((2, 2, 3, 4), (2, 2, 3, 4), (2, 2, 3, 4)), {"causal": True}),
        Case(((2, 2, 3), (2, 3, 3), (2, 3, 3), (2, 3)), given={"mask": ((1, 1, 0), (0, 1, 0))}),
        Case(((2, 3), (2, 3), (2, 3), (2, 2)), given={"mask": ((False, False), (True, False))}),
    ),
    convention="a query that may look nowhere takes the mean of all values, and passes no gradient to q and k",
    reference="softmax(QKᵀ/√d)V (Vaswani et al. 2017)",
    inside=_inside,
)
