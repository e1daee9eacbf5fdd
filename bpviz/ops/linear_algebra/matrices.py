"""Operations on a matrix: its inverse, its determinant, its diagonal, its triangles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from bpviz.errors import UsageError
from bpviz.lazy import LazyModule
from bpviz.ops.arrays.axes import matrix_transpose
from bpviz.ops.linear_algebra.products import matmul
from bpviz.ops.primitives.shaping import index, normalized_axes, reshape, scatter, transpose
from bpviz.ops.table.registry import made_of_operations, operation
from bpviz.ops.table.row import Case, Operation
from bpviz.ops.table.values import Shape, shape_of

__all__ = [
    "cholesky",
    "det",
    "det_sign",
    "diag",
    "diagflat",
    "diagonal",
    "inv",
    "logabsdet",
    "lower_half",
    "matrix_power",
    "slogdet",
    "solve",
    "trace",
    "tril",
    "triu",
]

np: Any = LazyModule("numpy")

_SQUARE = (Case(((2, 2),)), Case(((3, 3),)), Case(((2, 2, 2),)))


def _of_each(g: Any) -> Any:
    """Return one number per matrix of a stack, in a shape that broadcasts over the matrices."""
    shape = shape_of(g)
    return reshape(g, shape=(*shape, 1, 1)) if shape else g


inv: Operation = operation(
    "inv",
    "X⁻¹",
    "x",
    forward=lambda x: np.linalg.inv(x),
    vjp=(lambda g, z, x: -matmul(matmul(matrix_transpose(z), g), matrix_transpose(z)),),
    numpy=("linalg.inv",),
    says="The gradient is multiplied by the transposed inverse from both sides, with the sign turned: −zᵀ·g·zᵀ.",
    notation="{x}⁻¹",
    shape=lambda x: x,
    domain=((0.5, 9),),
    cases=_SQUARE,
)


def _is_vector(y: Any) -> bool:
    return len(shape_of(y)) == 1


def _solve_x(g: Any, z: Any, x: Any, y: Any) -> Any:
    g = solve(matrix_transpose(x), g)
    if _is_vector(y):
        columns = (*shape_of(g), 1), (*shape_of(z)[:-1], 1, shape_of(z)[-1])
        return -matmul(reshape(g, shape=columns[0]), reshape(z, shape=columns[1]))
    return -matmul(g, matrix_transpose(z))


solve: Operation = operation(
    "solve",
    "solve",
    "x y",
    forward=lambda x, y: np.linalg.solve(x, y),
    vjp=(_solve_x, lambda g, z, x, y: solve(matrix_transpose(x), g)),
    numpy=("linalg.solve",),
    says="The z with X·z = y: the gradient of y solves Xᵀ·h = g, that of X is −h·zᵀ.",
    notation="{x}⁻¹·{y}",
    shape=lambda x, y: y if len(x) == 2 or len(y) > 1 else (*x[:-2], *y),
    domain=((0.5, 9), (-2, 2)),
    cases=(Case(((2, 2), (2,))), Case(((3, 3), (3, 2))), Case(((4, 2, 2), (4, 2, 1)))),
    reference="for X·z = y: dy = X⁻ᵀ·dz, dX = −dy·zᵀ",
)

det = operation(
    "det",
    "det",
    "x",
    forward=lambda x: np.linalg.det(x),
    vjp=(lambda g, z, x: _of_each(g * z) * matrix_transpose(inv(x)),),
    numpy=("linalg.det",),
    says="Multiplies the gradient by det X · X⁻ᵀ, the cofactors.",
    notation="det {x}",
    shape=lambda x: x[:-2],
    domain=((0.5, 9),),
    cases=_SQUARE,
    convention="refused for a singular matrix, which has no inverse",
)

logabsdet = operation(
    "logabsdet",
    "log|det|",
    "x",
    forward=lambda x: np.linalg.slogdet(x)[1],
    vjp=(lambda g, z, x: _of_each(g) * matrix_transpose(inv(x)),),
    says="Multiplies the gradient by X⁻ᵀ.",
    notation="log|det {x}|",
    shape=lambda x: x[:-2],
    domain=((0.5, 9),),
    cases=_SQUARE,
    convention="refused for a singular matrix, which has no inverse",
)

det_sign = operation(
    "det_sign",
    "sign det",
    "x",
    forward=lambda x: np.linalg.slogdet(x)[0],
    vjp=(None,),
    says="1, −1 or 0, which carries no gradient.",
    notation="sign det {x}",
    shape=lambda x: x[:-2],
    domain=((0.5, 9),),
    cases=_SQUARE,
)


def _lower_half(x: Any) -> Any:
    lower = np.tril(x)
    return lower - np.triu(lower) / 2


lower_half: Operation = operation(
    "lower_half",
    "Φ",
    "x",
    forward=_lower_half,
    vjp=(lambda g, z, x: lower_half(g),),
    says="Keeps the lower triangle, with half the diagonal, of the gradient too; the rest is 0.",
    notation="Φ({x})",
    opaque=True,
    shape=lambda x: x,
    cases=(Case(((3, 3),)), Case(((2, 3, 3),))),
)


def _cholesky_rule(g: Any, z: Any, x: Any) -> Any:
    half = lower_half(matmul(matrix_transpose(z), g))
    # The part above the diagonal is not read: its gradient is counted below the diagonal.
    back = inv(z)
    return lower_half(matmul(matmul(matrix_transpose(back), half + matrix_transpose(half)), back))


cholesky = operation(
    "cholesky",
    "Cholesky",
    "x",
    forward=lambda x: np.linalg.cholesky(x),
    vjp=(_cholesky_rule,),
    numpy=("linalg.cholesky",),
    says="The lower z with z·zᵀ = X. In the gradient Φ is the lower triangle with half the diagonal.",
    notation="cholesky({x})",
    shape=lambda x: x,
    cases=(
        Case(((2, 2),), given={"x": ((2.0, 0.6), (0.6, 1.5))}),
        Case(((2, 2, 2),), given={"x": (((2.0, 0.6), (0.6, 1.5)), ((1.5, -0.3), (-0.3, 0.7)))}),
    ),
    convention="only the lower triangle is read, as NumPy does, and gets a gradient",
    reference="Murray 2016, Differentiation of the Cholesky decomposition",
)


class SignAndLogarithm(NamedTuple):
    """The result of ``np.linalg.slogdet``."""

    sign: Any
    logabsdet: Any


@made_of_operations("linalg.slogdet")
def slogdet(a: Any) -> SignAndLogarithm:
    """``np.linalg.slogdet``: the sign of the determinant, and the logarithm of its magnitude.

    >>> slogdet([[2.0, 0.0], [0.0, 0.5]]).logabsdet
    0.0
    """
    return SignAndLogarithm(det_sign(a), logabsdet(a))


@made_of_operations("linalg.matrix_power")
def matrix_power(a: Any, n: int) -> Any:
    """``np.linalg.matrix_power``: a product of n equal matrices, by squaring; of inverses where n < 0.

    >>> matrix_power(np.array([[1.0, 1.0], [0.0, 1.0]]), 3)
    array([[1., 3.],
           [0., 1.]])
    """
    if n < 0:
        a, n = inv(a), -n
    if n == 0:
        return np.broadcast_to(np.eye(shape_of(a)[-1]), shape_of(a)).copy()
    result = None
    while n:
        n, odd = divmod(n, 2)
        if odd:
            result = a if result is None else matmul(result, a)
        if n:
            a = matmul(a, a)
    return result


# Diagonals and triangles


def _diag_shape(x: Shape, k: int = 0) -> Shape:
    if len(x) == 1:
        return (x[0] + abs(k),) * 2
    rows, columns = x
    return (max(0, min(rows + min(k, 0), columns - max(k, 0))),)


def _line(x: Shape, k: int) -> tuple[Any, Any]:
    """Return the rows and columns of a diagonal."""
    along = np.arange(_diag_shape(x, k)[0])
    return along + max(-k, 0), along + max(k, 0)


def _diag_rule(g: Any, z: Any, x: Any, k: int = 0) -> Any:
    shape = shape_of(x)
    if len(shape) == 1 or (k == 0 and shape[0] == shape[1]):
        return diag(g, **({"k": k} if k else {}))
    return scatter(g, key=_line(shape, k), shape=shape)


diag: Operation = operation(
    "diag",
    "diag",
    "x",
    forward=lambda x, k=0: np.diag(x, k),
    vjp=(_diag_rule,),
    parameters={"k": 0},
    numpy=("diag",),
    says="Between a vector and the diagonal of a matrix: the gradient goes the other way.",
    notation="diag({x})",
    shape=_diag_shape,
    cases=(
        Case(((3,),)),
        Case(((3, 3),)),
        Case(((2, 3),), {"k": 1}),
        Case(((3, 2),), {"k": -1}),
        Case(((2,),), {"k": -1}),
    ),
)


@made_of_operations("diagflat")
def diagflat(v: Any, k: int = 0) -> Any:
    """``np.diagflat``: a matrix with these numbers on a diagonal."""
    return diag(v if len(shape_of(v)) == 1 else reshape(v, shape=(-1,)), **({"k": k} if k else {}))


@made_of_operations("diagonal", methods=("diagonal",))
def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """``np.diagonal``: the diagonal of a matrix, or of every matrix of a stack."""
    shape = shape_of(a)
    first, second = normalized_axes((axis1, axis2), len(shape))
    if len(shape) == 2 and first < second:
        return diag(a, **({"k": offset} if offset else {}))
    rest = tuple(i for i in range(len(shape)) if i not in (first, second))
    turned = transpose(a, axes=(*rest, first, second))
    return index(turned, key=(Ellipsis, *_line(shape_of(turned)[-2:], offset)))


def _trace(x: Any, offset: int = 0) -> Any:
    if np.ndim(x) != 2:
        raise UsageError("the trace of a stack of matrices cannot be recorded; write np.einsum('...ii->...', x)")
    return np.trace(x, offset)


def _ones_on(shape: Shape, k: int) -> Any:
    """Return a matrix with 1 on a diagonal, 0 elsewhere."""
    return np.eye(*shape, k)


def _trace_arguments(
    a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None
) -> tuple[Sequence[Any], dict[str, Any]]:
    if (axis1, axis2, dtype, out) != (0, 1, None, None):
        raise TypeError(
            "trace with axis1=, axis2=, dtype= or out= cannot be recorded; write np.einsum('...ii->...', x)"
        )
    return (a,), {"offset": offset}


trace = operation(
    "trace",
    "tr",
    "x",
    forward=_trace,
    vjp=(lambda g, z, x, offset=0: g * _ones_on(shape_of(x), offset),),
    parameters={"offset": 0},
    numpy=("trace",),
    method=True,
    adapt=_trace_arguments,
    says="Passes the gradient on to every element of the diagonal; the others get 0.",
    notation="tr {x}",
    shape=lambda x, offset=0: (),
    cases=(Case(((3, 3),)), Case(((2, 3),), {"offset": 1})),
)


def _triangle(name: str, word: str) -> Operation:
    made: Operation = operation(
        name,
        name,
        "x",
        forward=lambda x, k=0: getattr(np, name)(x, k),
        vjp=(lambda g, z, x, k=0: made(g, **({"k": k} if k else {})),),
        parameters={"k": 0},
        numpy=(name,),
        says=f"Keeps the {word} triangle, of the gradient too; the rest is 0.",
        notation=f"{name}({{x}})",
        shape=lambda x, k=0: x if len(x) > 1 else x * 2,
        cases=(Case(((3, 3),)), Case(((2, 3),), {"k": 1}), Case(((2, 3, 3),), {"k": -1})),
    )
    return made


tril = _triangle("tril", "lower")
triu = _triangle("triu", "upper")
