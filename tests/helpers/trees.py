"""Random trees of operations on scalars or on arrays, for hypothesis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from hypothesis import strategies as st

from bpviz.ops import OPERATIONS

__all__ = ["ARRAYS", "ARRAY_TREES", "SCALARS", "SCALAR_TREES", "VALUES", "Tree", "computed"]

SCALARS = {"x": 1.25, "y": -0.5, "t": 0.75}
ARRAYS = {"A": (2, 3), "B": (2, 3), "C": (3, 2), "v": (3,), "s": ()}
VALUES: dict[str, Any] = {
    name: np.random.default_rng(i).uniform(0.3, 2, shape) for i, (name, shape) in enumerate(ARRAYS.items())
}
NUMBERS = (-2.0, -1.0, 0.0, 0.5, 1.0, 2.0, 3.0)

# A tree is a name, a number, or an operation with its trees.
Tree = Any


def grown(names: tuple[str, ...], binary: tuple[str, ...], unary: tuple[str, ...]) -> st.SearchStrategy[Tree]:
    leaves = st.sampled_from(names) | st.sampled_from(NUMBERS)
    return st.recursive(
        leaves,
        lambda inner: st.tuples(st.sampled_from(binary), inner, inner) | st.tuples(st.sampled_from(unary), inner),
        max_leaves=12,
    )


SCALAR_TREES = grown(tuple(SCALARS), ("add", "subtract", "multiply", "divide"), ("negative", "exp", "abs", "squared"))
ARRAY_TREES = grown(
    tuple(ARRAYS),
    ("add", "subtract", "multiply", "divide", "matmul"),
    ("negative", "tanh", "transpose", "sum", "squared"),
)


def computed(tree: Tree, leaves: Mapping[str, Any]) -> Any:
    """The same operations on whatever the leaves are: numbers or formulas."""
    if isinstance(tree, str):
        return leaves[tree]
    if isinstance(tree, float):
        return tree
    name, *parts = tree
    xs = [computed(part, leaves) for part in parts]
    return xs[0] ** 2 if name == "squared" else OPERATIONS[name](*xs)
