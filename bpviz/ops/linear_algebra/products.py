"""Products of matrices."""

from __future__ import annotations

from typing import Any

from bpviz.errors import UsageError
from bpviz.lazy import LazyModule
from bpviz.ops.primitives.arithmetic import multiply
from bpviz.ops.primitives.shaping import reshape, transpose
from bpviz.ops.table.binding import PRODUCT
from bpviz.ops.table.registry import made_of_operations, operation
from bpviz.ops.table.row import Case
from bpviz.ops.table.values import Shape, shape_of

__all__ = ["dot", "matmul", "matvec", "product", "swapped", "vecmat"]

np: Any = LazyModule("numpy")


def swapped(x: Any) -> Any:
    """Return the array with its last two axes exchanged; for a matrix simply its transpose."""
    if type(x) is np.ndarray:
        return x.swapaxes(-1, -2)
    dimensions = len(shape_of(x))
    if dimensions == 2:
        return transpose(x)
    return transpose(x, axes=(*range(dimensions - 2), dimensions - 1, dimensions - 2))


def product(x: Any, y: Any) -> Any:
    """x·y as ``@`` takes it; two matrices go through ``np.dot``, which is five times as quick where one is a row."""
    kind = type(x)
    if kind is type(y) and kind is np.ndarray and x.ndim == 2 and y.ndim == 2:
        return x.dot(y)
    return x @ y


def _column(x: Any) -> Any:
    return reshape(x, shape=(*shape_of(x), 1))


def _row(x: Any) -> Any:
    return reshape(x, shape=(*shape_of(x)[:-1], 1, shape_of(x)[-1]))


def _matmul_x(g: Any, z: Any, x: Any, y: Any) -> Any:
    if len(y.shape) == 1:
        # z = X·y: dX = dz·yᵀ, and of two vectors dx = dz·y.
        return g * y if len(x.shape) == 1 else product(_column(g), _row(y))
    if len(x.shape) == 1:
        # z = Yᵀ·x: dx = Y·dz.
        if len(y.shape) == 2:
            return product(y, g)
        rows = matmul(y, _column(g))
        return reshape(rows, shape=shape_of(rows)[:-1])
    return product(g, swapped(y))


def _matmul_y(g: Any, z: Any, x: Any, y: Any) -> Any:
    if len(x.shape) == 1:
        # z = Yᵀ·x: dY = x·dzᵀ, and of two vectors dy = dz·x.
        return g * x if len(y.shape) == 1 else product(_column(x), _row(g))
    if len(y.shape) == 1:
        # z = X·y: dy = Xᵀ·dz; of a batch that is one product for every matrix.
        return product(swapped(x), g) if len(x.shape) == 2 else _column(g) * x
    return product(swapped(x), g)


def _matmul_shape(x: Shape, y: Shape) -> Shape:
    rows, columns = x[-2:-1], y[-1:] if len(y) > 1 else ()
    lead, other = x[:-2], y[:-2]
    if len(lead) < len(other):
        lead, other = other, lead
    offset = len(lead) - len(other)
    batch = tuple(n if i < offset or n != 1 else other[i - offset] for i, n in enumerate(lead))
    return (*batch, *rows, *columns)


def _matmul(x: Any, y: Any) -> Any:
    try:
        return product(x, y) if type(x) is np.ndarray else np.matmul(x, y)
    except ValueError:
        if np.ndim(x) and np.ndim(y):
            raise
    raise UsageError("a matrix product takes arrays, but one operand is a single number; write * instead")


matmul = operation(
    "matmul",
    "dot",
    "x y",
    forward=_matmul,
    vjp=(_matmul_x, _matmul_y),
    numpy=("matmul", "linalg.matmul"),
    operator="matmul",
    says="The gradient is multiplied by the other matrix, transposed, in the right order: g·yᵀ and xᵀ·g.",
    notation="{x}·{y}",
    binds=PRODUCT,
    capitals=True,
    shape=_matmul_shape,
    cases=(
        Case(((2, 3), (3, 4))),
        Case(((3,), (3,))),
        Case(((2, 3), (3,))),
        Case(((3,), (3, 2))),
        Case(((4, 2, 3), (3, 2))),
        Case(((2, 3), (4, 3, 2))),
        Case(((4, 1, 2, 3), (5, 3, 2))),
        Case(((4, 2, 3), (3,))),
        Case(((3,), (4, 3, 2))),
    ),
    reference="for Z = X·Y: dX = dZ·Yᵀ, dY = Xᵀ·dZ",
)


@made_of_operations("dot", methods=("dot",))
def dot(x: Any, y: Any, out: Any = None) -> Any:
    """``np.dot``: a matrix product, or a multiplication where one of the two is a single number.

    >>> dot([1.0, 2.0], [3.0, 4.0]), dot(2.0, 3.0)
    (11.0, 6.0)

    Of more than two dimensions, the last axis of ``x`` is multiplied with the last but one of ``y``, each matrix of one
    with each of the other.
    """
    if out is not None:
        raise TypeError("np.dot with out= cannot be recorded; assign its result instead")
    left, right = shape_of(x), shape_of(y)
    if not left or not right:
        return multiply(x, y)
    if len(right) <= 2 or len(left) == 1:
        return matmul(x, y)
    if left[-1] != right[-2]:
        raise ValueError(f"np.dot multiplies an axis of length {left[-1]} with one of length {right[-2]}")
    last = len(right) - 1
    side_by_side = reshape(transpose(y, axes=(last - 1, *range(last - 1), last)), shape=(right[-2], -1))
    return reshape(matmul(x, side_by_side), shape=(*left[:-1], *right[:-2], right[-1]))


@made_of_operations("matvec")
def matvec(x1: Any, x2: Any) -> Any:
    """``np.matvec``: each matrix times its vector.

    >>> matvec(np.eye(2), np.array([1.0, 2.0]))
    array([1., 2.])
    """
    made = matmul(x1, _column(x2))
    return reshape(made, shape=shape_of(made)[:-1])


@made_of_operations("vecmat")
def vecmat(x1: Any, x2: Any) -> Any:
    """``np.vecmat``: each vector times its matrix."""
    made = matmul(_row(x1), x2)
    return reshape(made, shape=(*shape_of(made)[:-2], shape_of(made)[-1]))
