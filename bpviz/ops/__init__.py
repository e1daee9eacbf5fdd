"""The table of operations. One row each; the recorder, propagation, figures and documentation all read it.

Every row is an attribute of this module by its own name (``ops.multiply``, ``ops.sum``).
"""

from bpviz.errors import UsageError, did_you_mean
from bpviz.ops.arrays import (  # noqa: F401
    arranging,
    axes,
    casting,
    elsewhere,
    extremes,
    joining,
    mapping,
    missing,
    partial,
    picking,
    quantiles,
    statistics,
)
from bpviz.ops.functions import activations, logarithms, logic, rounding, special, trigonometry  # noqa: F401
from bpviz.ops.linear_algebra import contraction, fitting, interpolation, matrices, products, spectra  # noqa: F401
from bpviz.ops.linear_algebra.products import dot
from bpviz.ops.nets import convolution, layers, losses, normalization, pooling, transformer  # noqa: F401
from bpviz.ops.primitives import arithmetic, elementwise, reductions, selection, shaping, writing  # noqa: F401
from bpviz.ops.primitives.shaping import Operand, key_text, normalized_axes
from bpviz.ops.table.evaluation import computed, evaluate, pull, silence
from bpviz.ops.table.registry import COMPOSITE_METHODS, COMPOSITES, OPERATIONS, composite, find, operation
from bpviz.ops.table.row import REQUIRED, Case, Operation
from bpviz.ops.table.values import Shape, plain, shape_of, size_of

__all__ = [
    "COMPOSITES",
    "COMPOSITE_METHODS",
    "OPERATIONS",
    "REQUIRED",
    "Case",
    "Operand",
    "Operation",
    "Shape",
    "composite",
    "computed",
    "dot",
    "evaluate",
    "find",
    "key_text",
    "named",
    "normalized_axes",
    "operation",
    "plain",
    "pull",
    "shape_of",
    "silence",
    "size_of",
]


# Found at once; what is added later (`bpviz.op`) is looked up.
globals().update(OPERATIONS)


def __getattr__(name: str) -> Operation:
    if name in OPERATIONS:
        return OPERATIONS[name]
    raise AttributeError(f"there is no operation {name!r}")


_SHORT = {"mul": "multiply", "sub": "subtract", "div": "divide", "truediv": "divide", "pow": "power", "neg": "negative"}


def named(name: str) -> Operation:
    """Return the row of that name; NumPy's names, symbols and those of Python's operators (``mul``) are understood too.

    >>> named("multiply").symbol, named("mul").name, named("×").name
    ('×', 'multiply', 'multiply')

    Raises `UsageError` with close matches when there is none.
    """
    if name in OPERATIONS:
        return OPERATIONS[name]
    found = find(name) or OPERATIONS.get(_SHORT.get(name, ""))
    found = found or next((row for row in OPERATIONS.values() if row.symbol == name), None)
    if found is not None:
        return found
    hint = did_you_mean(name, OPERATIONS, "`bpviz ops` lists them all")
    raise UsageError(f"there is no operation named {name!r}; {hint}")
