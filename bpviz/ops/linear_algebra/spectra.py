"""Eigenvalues of symmetric matrices, singular values, their vectors, the pseudo-inverse, and least squares."""

from __future__ import annotations

from typing import Any, NamedTuple

from bpviz.errors import UsageError
from bpviz.lazy import LazyModule
from bpviz.ops.arrays.arranging import flip
from bpviz.ops.arrays.axes import matrix_transpose
from bpviz.ops.arrays.picking import is_traced
from bpviz.ops.linear_algebra.matrices import lower_half
from bpviz.ops.linear_algebra.products import matmul
from bpviz.ops.primitives.assumptions import called
from bpviz.ops.primitives.elementwise import sqrt
from bpviz.ops.primitives.reductions import sum_
from bpviz.ops.primitives.shaping import reshape
from bpviz.ops.table.registry import made_of_operations, operation
from bpviz.ops.table.row import Case, Operation
from bpviz.ops.table.values import shape_of

__all__ = [
    "cond",
    "eigenvalues",
    "eigenvectors",
    "eigh",
    "eigvalsh",
    "least_squares",
    "left_vectors",
    "lstsq",
    "pinv",
    "right_vectors",
    "singular_values",
    "svd",
]

np: Any = LazyModule("numpy")

_SYMMETRIC = (
    Case(((2, 2),), given={"x": ((2.0, 0.6), (0.6, 1.5))}),
    Case(((3, 3),), given={"x": ((2.0, 0.6, 0.3), (0.6, 1.5, -0.2), (0.3, -0.2, 0.7))}),
    Case(((2, 2, 2),), given={"x": (((2.0, 0.6), (0.6, 1.5)), ((1.5, -0.3), (-0.3, 0.7)))}),
)
_LOWER = "only the lower triangle is read, as NumPy does, and gets a gradient; "


def _with_axis(x: Any, axis: int) -> Any:
    shape = shape_of(x)
    return reshape(x, shape=(*shape, 1) if axis == -1 else (*shape[:-1], 1, shape[-1]))


def _identity(count: int) -> Any:
    return np.eye(count)


def _eigenvalues_rule(g: Any, z: Any, x: Any) -> Any:
    vectors = called(eigenvectors(x), "V")
    return 2.0 * lower_half(matmul(vectors * _with_axis(g, -2), matrix_transpose(vectors)))


eigenvalues: Operation = operation(
    "eigenvalues",
    "λ",
    "x",
    forward=lambda x: np.linalg.eigvalsh(x),
    vjp=(_eigenvalues_rule,),
    says="The eigenvalues of a symmetric matrix, from small to large; V are its eigenvectors, Φ is the lower triangle "
    "with half the diagonal.",
    notation="λ({x})",
    shape=lambda x: x[:-1],
    cases=_SYMMETRIC,
    convention=_LOWER + "of equal eigenvalues, each goes with one of NumPy's eigenvectors",
    reference="Giles 2008, Collected matrix derivative results",
)


def _eigenvectors_rule(g: Any, z: Any, x: Any) -> Any:
    values = eigenvalues(x)
    one = _identity(shape_of(x)[-1])
    # 1/(λj − λi), and 0 on the diagonal.
    shares = called(1.0 / (_with_axis(values, -2) - _with_axis(values, -1) + one) - one, "F")
    inner = matmul(matmul(z, shares * matmul(matrix_transpose(z), g)), matrix_transpose(z))
    return lower_half(inner + matrix_transpose(inner))


eigenvectors: Operation = operation(
    "eigenvectors",
    "V",
    "x",
    forward=lambda x: np.linalg.eigh(x)[1],
    vjp=(_eigenvectors_rule,),
    says="The eigenvectors of a symmetric matrix, as columns; F is 1/(λⱼ − λᵢ) with 0 on the diagonal, Φ the lower "
    "triangle with half the diagonal.",
    notation="V({x})",
    shape=lambda x: x,
    cases=_SYMMETRIC,
    convention=_LOWER + "infinite where two eigenvalues are equal",
    reference="Giles 2008, Collected matrix derivative results",
)


class Eigen(NamedTuple):
    """The result of ``np.linalg.eigh``."""

    eigenvalues: Any
    eigenvectors: Any


def _lower(uplo: str) -> None:
    if uplo.upper() != "L":
        raise TypeError("UPLO='U' cannot be recorded; give the transposed matrix, or leave it out")


@made_of_operations("linalg.eigvalsh")
def eigvalsh(a: Any, UPLO: str = "L") -> Any:
    """``np.linalg.eigvalsh``: the eigenvalues of a symmetric matrix, from small to large.

    >>> eigvalsh(np.diag([3.0, 1.0]))
    array([1., 3.])
    """
    _lower(UPLO)
    return eigenvalues(a)


@made_of_operations("linalg.eigh")
def eigh(a: Any, UPLO: str = "L") -> Eigen:
    """``np.linalg.eigh``: the eigenvalues of a symmetric matrix, and its eigenvectors as columns.

    >>> eigh(np.diag([1.0, 3.0])).eigenvalues
    array([1., 3.])
    """
    _lower(UPLO)
    return Eigen(eigenvalues(a), eigenvectors(a))


def _singular_values_rule(g: Any, z: Any, x: Any) -> Any:
    left, right = called(left_vectors(x), "U"), called(right_vectors(x), "V")
    return matmul(left * _with_axis(g, -2), right)


_RECTANGULAR = (
    Case(((3, 2),), given={"x": ((2.0, 0.6), (0.3, 1.5), (-0.4, 0.7))}),
    Case(((2, 3),), given={"x": ((2.0, 0.6, 0.3), (0.4, 1.5, -0.2))}),
    Case(((2, 2),), given={"x": ((2.0, 0.6), (0.3, 1.5))}),
    Case(((2, 2, 2),), given={"x": (((2.0, 0.6), (0.3, 1.5)), ((1.5, -0.3), (0.4, 0.7)))}),
)

singular_values: Operation = operation(
    "singular_values",
    "σ",
    "x",
    forward=lambda x: np.linalg.svd(x, compute_uv=False),
    vjp=(_singular_values_rule,),
    numpy=("linalg.svdvals",),
    says="The singular values of a matrix, from large to small; U and V are its singular vectors.",
    notation="σ({x})",
    shape=lambda x: (*x[:-2], min(x[-2:])),
    cases=_RECTANGULAR,
    convention="of equal singular values, each goes with one of NumPy's pairs of vectors",
    reference="Giles 2008, Collected matrix derivative results",
)


def _vectors_rule(g: Any, u: Any, values: Any, v: Any) -> Any:
    """Return the gradient of a matrix u·σ·v, for the gradient that arrives at u."""
    rows, count = shape_of(u)[-2:]
    one = _identity(count)
    squares = values * values
    # 1/(σj² − σi²), and 0 on the diagonal.
    shares = called(1.0 / (_with_axis(squares, -2) - _with_axis(squares, -1) + one) - one, "F")
    inner = matmul(matrix_transpose(u), g)
    turned = matmul(u, shares * (inner - matrix_transpose(inner)) * _with_axis(values, -2))
    if rows > count:
        # The part of the gradient that leaves the plane of the vectors.
        turned = turned + (g - matmul(u, inner)) / _with_axis(values, -2)
    return matmul(turned, v)


_SIGNS = "the signs are NumPy's; infinite where two singular values are equal"

left_vectors: Operation = operation(
    "left_vectors",
    "U",
    "x",
    forward=lambda x: np.linalg.svd(x, full_matrices=False)[0],
    vjp=(lambda g, z, x: _vectors_rule(g, z, called(singular_values(x), "σ"), called(right_vectors(x), "V")),),
    says="The left singular vectors of a matrix, as columns; F is 1/(σⱼ² − σᵢ²) with 0 on the diagonal.",
    notation="U({x})",
    shape=lambda x: (*x[:-1], min(x[-2:])),
    cases=_RECTANGULAR,
    convention=_SIGNS,
    reference="Townsend 2016, Differentiating the singular value decomposition",
)


def _right_vectors_rule(g: Any, z: Any, x: Any) -> Any:
    values, left = called(singular_values(x), "σ"), called(left_vectors(x), "U")
    return matrix_transpose(_vectors_rule(matrix_transpose(g), matrix_transpose(z), values, matrix_transpose(left)))


right_vectors: Operation = operation(
    "right_vectors",
    "V",
    "x",
    forward=lambda x: np.linalg.svd(x, full_matrices=False)[2],
    vjp=(_right_vectors_rule,),
    says="The right singular vectors of a matrix, as rows; F is 1/(σⱼ² − σᵢ²) with 0 on the diagonal.",
    notation="V({x})",
    shape=lambda x: (*x[:-2], min(x[-2:]), x[-1]),
    cases=_RECTANGULAR,
    convention=_SIGNS,
    reference="Townsend 2016, Differentiating the singular value decomposition",
)


class Singular(NamedTuple):
    """The result of ``np.linalg.svd``."""

    U: Any
    S: Any
    Vh: Any


@made_of_operations("linalg.svd")
def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    """``np.linalg.svd``: the singular values of a matrix, from large to small, between its singular vectors.

    >>> svd(np.diag([1.0, 3.0])).S
    array([3., 1.])

    Raises `UsageError` for the vectors of a matrix that is not square without ``full_matrices=False``.
    """
    if hermitian:
        raise TypeError("np.linalg.svd with hermitian=True cannot be recorded; leave it out")
    if not compute_uv:
        return singular_values(a)
    rows, columns = shape_of(a)[-2:]
    if full_matrices and rows != columns:
        raise UsageError(
            f"np.linalg.svd of a matrix of shape {(rows, columns)} fills up its vectors with any others; "
            "write np.linalg.svd(x, full_matrices=False)"
        )
    return Singular(left_vectors(a), singular_values(a), right_vectors(a))


@made_of_operations("linalg.cond")
def cond(x: Any, p: Any = None) -> Any:
    """``np.linalg.cond``: the largest singular value divided by the smallest.

    >>> float(cond(np.diag([1.0, 4.0])))
    4.0
    """
    if p not in (None, 2):
        raise TypeError(f"np.linalg.cond with p={p!r} cannot be recorded; write norm(x, p) * norm(inv(x), p)")
    values = singular_values(x)
    return values[..., 0] / values[..., -1]


def _pinv_rule(g: Any, z: Any, x: Any) -> Any:
    turned, inverse = matrix_transpose(g), matrix_transpose(z)
    rows, columns = shape_of(x)[-2:]
    left = matmul(_identity(rows) - matmul(x, z), turned)
    right = matmul(turned, _identity(columns) - matmul(z, x))
    first = matmul(matmul(left, z), inverse)
    second = matmul(matmul(inverse, z), right)
    return first + second - matmul(matmul(inverse, g), inverse)


pinv = operation(
    "pinv",
    "X⁺",
    "x",
    forward=lambda x: np.linalg.pinv(x),
    vjp=(_pinv_rule,),
    numpy=("linalg.pinv",),
    says="The pseudo-inverse, for least squares; for a matrix whose rank stays the same nearby.",
    notation="{x}⁺",
    shape=lambda x: (*x[:-2], x[-1], x[-2]),
    cases=(
        Case(((3, 2),)),
        Case(((2, 3),)),
        Case(((2, 2),), given={"x": ((2.0, 0.6), (0.3, 1.5))}),
        Case(((2, 3, 2),)),
    ),
    reference="Golub and Pereyra 1973",
)


def least_squares(a: Any, b: Any) -> Any:
    """Return the x with the smallest |A·x − b|².

    >>> least_squares(np.array([[1.0], [1.0]]), np.array([1.0, 3.0]))
    array([2.])
    """
    return matmul(pinv(a), b)


class LeastSquares(NamedTuple):
    """The result of ``np.linalg.lstsq``."""

    solution: Any
    residuals: Any
    rank: Any
    singular: Any


@made_of_operations("linalg.lstsq")
def lstsq(a: Any, b: Any, rcond: Any = None) -> LeastSquares:
    """``np.linalg.lstsq``: the x with the smallest |A·x − b|², and the sum of what is left, squared.

    >>> lstsq(np.array([[1.0], [1.0]]), np.array([1.0, 3.0])).solution
    array([2.])

    Raises `ValueError` for a matrix with fewer rows than columns, whose residuals NumPy leaves out.
    """
    rows, columns = shape_of(a)
    if rcond is not None:
        raise TypeError("np.linalg.lstsq with rcond= cannot be recorded; give rcond=None")
    if rows <= columns:
        raise UsageError("np.linalg.lstsq can be recorded for more rows than columns; write np.linalg.pinv(A) @ b")
    found = least_squares(a, b)
    away = matmul(a, found) - b
    squares = sum_(away * away, axis=0, keepdims=len(shape_of(b)) == 1)
    rank = int(np.linalg.matrix_rank(a.data if is_traced(a) else a))
    if rank < columns:
        raise UsageError(
            f"np.linalg.lstsq of a matrix of rank {rank} with {columns} columns cannot be recorded: x is not unique; "
            "leave out columns that follow from others"
        )
    return LeastSquares(found, squares, rank, sqrt(flip(eigenvalues(matmul(matrix_transpose(a), a)))))
