"""Products that sum over shared indices: einsum, and NumPy's products other than the matrix product."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_letters
from typing import Any

from bpviz.errors import UsageError
from bpviz.lazy import LazyModule
from bpviz.ops.arrays.arranging import flip
from bpviz.ops.linear_algebra.products import dot, matmul
from bpviz.ops.primitives.arithmetic import add, divide, multiply, power, subtract
from bpviz.ops.primitives.elementwise import maximum, minimum
from bpviz.ops.primitives.shaping import broadcast_to, index, normalized_axes, reshape
from bpviz.ops.table.registry import made_of_operations, operation
from bpviz.ops.table.row import REQUIRED, Case, Operation
from bpviz.ops.table.values import Shape, broadcast_shape, is_whole_number, shape_of

__all__ = [
    "convolve",
    "convolved",
    "correlate",
    "cross",
    "einsum",
    "inner",
    "kron",
    "multi_dot",
    "outer",
    "tensordot",
    "vdot",
    "vecdot",
]

np: Any = LazyModule("numpy")


# einsum


def _letters(subscripts: str, shapes: Sequence[Shape]) -> tuple[list[str], str]:
    """Return the letters of every operand and of the result, with ``...`` and a missing arrow written out.

    >>> _letters("...ij,jk", [(5, 2, 3), (3, 4)])
    (['Zij', 'jk'], 'Zik')
    """
    inputs, arrow, output = subscripts.replace(" ", "").partition("->")
    terms = inputs.split(",")
    if len(terms) != len(shapes):
        raise UsageError(f"einsum {subscripts!r} has {len(terms)} operand(s), but got {len(shapes)}")
    free = [letter for letter in reversed(ascii_letters) if letter not in subscripts]
    most = 0
    for at, (term, shape) in enumerate(zip(terms, shapes, strict=True)):
        extra = len(shape) - len(term.replace("...", ""))
        if extra < 0 or (extra and "..." not in term):
            raise UsageError(f"einsum {subscripts!r}: operand {at} has {len(shape)} dimensions, not those of {term!r}")
        most = max(most, extra)
        terms[at] = term.replace("...", "".join(free[:extra][::-1]))
    shared = "".join(free[:most][::-1])
    if arrow:
        return terms, output.replace("...", shared)
    joined = "".join(terms)
    own = sorted(letter for letter in set(joined) if joined.count(letter) == 1 and letter not in shared)
    return terms, shared + "".join(own)


def _sizes(terms: Sequence[str], shapes: Sequence[Shape]) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for term, shape in zip(terms, shapes, strict=True):
        for letter, n in zip(term, shape, strict=True):
            sizes[letter] = n if n != 1 else sizes.get(letter, 1)
    return sizes


def _einsum_shape(*shapes: Shape, subscripts: str, optimize: Any = False) -> Shape:
    terms, output = _letters(subscripts, shapes)
    sizes = _sizes(terms, shapes)
    return tuple(sizes[letter] for letter in output)


def _same(n: int) -> Any:
    """Return 1 where two indices are equal, as small whole numbers, which take the precision of the other operand."""
    return np.eye(n, dtype=np.int8)


def _einsum_rule(g: Any, z: Any, *xs: Any, subscripts: str, optimize: Any = False, slot: int) -> Any:
    shapes = [shape_of(x) for x in xs]
    terms, output = _letters(subscripts, shapes)
    mine, shape = terms[slot], shapes[slot]
    others = [(term, x) for at, (term, x) in enumerate(zip(terms, xs, strict=True)) if at != slot]
    # An index that stands twice in this operand (ii) takes its diagonal: only the diagonal gets a gradient.
    wanted = ""
    for letter, n in zip(mine, shape, strict=True):
        if letter in wanted:
            other = next(c for c in ascii_letters if c not in output + "".join(terms) + wanted)
            others.append((letter + other, _same(n)))
            letter = other
        wanted += letter
    known = output + "".join(term for term, _ in others)
    # An index that stands nowhere else was summed over: every element along it gets the same gradient.
    found = "".join(letter for letter in wanted if letter in known)
    result = einsum(
        g,
        *(x for _, x in others),
        subscripts=",".join([output, *(term for term, _ in others)]) + "->" + found,
        **({"optimize": optimize} if optimize else {}),
    )
    if found == wanted and shape_of(result) == shape:
        return result
    sizes = dict(zip(found, shape_of(result), strict=True))
    result = reshape(result, shape=tuple(sizes.get(letter, 1) for letter in wanted))
    whole = tuple(max(n, sizes.get(letter, 1)) for letter, n in zip(wanted, shape, strict=True))
    return broadcast_to(result, shape=whole)


def _einsum_arguments(*operands: Any, **keywords: Any) -> tuple[Sequence[Any], dict[str, Any]]:
    parameters = {"optimize": keywords.pop("optimize", False)}
    if any(value is not None for value in keywords.values()):
        raise TypeError(f"einsum with {', '.join(keywords)}= cannot be recorded; leave it out")
    if isinstance(operands[0], str):
        return operands[1:], {"subscripts": operands[0]} | parameters
    # np.einsum(x, [0, 1], y, [1, 2], [0, 2]): the same with numbers in place of letters.
    xs = operands[: len(operands) // 2 * 2 : 2]
    terms = [_term(numbers) for numbers in operands[1::2]]
    arrow = f"->{_term(operands[-1])}" if len(operands) % 2 else ""
    return xs, {"subscripts": ",".join(terms) + arrow} | parameters


def _term(numbers: Sequence[Any]) -> str:
    return "".join("..." if number is Ellipsis else ascii_letters[number] for number in numbers)


def _einsum_symbol(constants: Sequence[Any], parameters: Any) -> tuple[str, tuple[int, ...]]:
    return parameters["subscripts"].replace(" ", "").replace("->", "→").replace("...", "…"), ()


einsum: Operation = operation(
    "einsum",
    "einsum",
    "xs*",
    forward=lambda *xs, subscripts, optimize=False: np.einsum(subscripts, *xs, optimize=optimize),
    vjp=_einsum_rule,
    parameters={"subscripts": REQUIRED, "optimize": False},
    numpy=("einsum",),
    adapt=_einsum_arguments,
    drawn=_einsum_symbol,
    says="The gradient takes the place of the operand: the same sum, with input and output exchanged.",
    notation="einsum({subscripts}; {xs})",
    shape=_einsum_shape,
    cases=(
        Case(((2, 3), (3, 4)), {"subscripts": "ij,jk->ik"}),
        Case(((2, 3), (3, 4)), {"subscripts": "ij,jk"}),
        Case(((2, 3),), {"subscripts": "ij->ji"}),
        Case(((2, 3),), {"subscripts": "ij->j"}),
        Case(((3,), (3,)), {"subscripts": "i,i->"}),
        Case(((3, 3),), {"subscripts": "ii"}),
        Case(((3, 3),), {"subscripts": "ii->i"}),
        Case(((2, 3, 3), (3,)), {"subscripts": "bii,i->bi"}),
        Case(((5, 2, 3), (5, 3, 4)), {"subscripts": "...ij,...jk->...ik"}),
        Case(((5, 2, 3), (3,)), {"subscripts": "...j,...j"}),
        Case(((2, 3), (3, 4), (4,)), {"subscripts": "ij,jk,k->i"}),
        Case(((2, 3), (2,)), {"subscripts": "ij,k->ik"}),
        Case(((1, 3), (2, 3)), {"subscripts": "ij,ij->ij"}),
        Case(((), (2, 3)), {"subscripts": ",ij->ij"}),
    ),
)


# Products with names of their own in NumPy


@made_of_operations("inner")
def inner(a: Any, b: Any) -> Any:
    """``np.inner``: multiply the last axes of both and sum.

    >>> inner([1.0, 2.0], [3.0, 4.0])
    11.0
    """
    dimensions = len(shape_of(a)), len(shape_of(b))
    if min(dimensions) == 0 or max(dimensions) == 1:
        return dot(a, b)
    return tensordot(a, b, ((-1,), (-1,)))


@made_of_operations("vecdot", "linalg.vecdot")
def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """``np.vecdot``: the dot products of the vectors along the last axis.

    >>> vecdot([[1.0, 2.0], [3.0, 4.0]], [1.0, 1.0])
    array([3., 7.])
    """
    if axis != -1:
        raise TypeError("np.vecdot along an axis other than the last cannot be recorded; use np.moveaxis first")
    return einsum(x1, x2, subscripts="...i,...i->...")


@made_of_operations("vdot")
def vdot(a: Any, b: Any) -> Any:
    """``np.vdot``: the dot product of all elements."""
    flat = [x if len(shape_of(x)) == 1 else reshape(x, shape=(-1,)) for x in (a, b)]
    return matmul(*flat)


@made_of_operations("tensordot", "linalg.tensordot")
def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """``np.tensordot``: the sum of products over the chosen axes of both, as an einsum.

    >>> tensordot(np.ones((2, 3)), np.ones((3, 2)), 1)
    array([[3., 3.],
           [3., 3.]])
    """
    shapes = shape_of(a), shape_of(b)
    size = len(shapes[0])
    if is_whole_number(axes):
        pairs: Any = (range(size - axes, size), range(axes))
    else:
        pairs = axes
    left, right = (normalized_axes(part, len(shape)) for part, shape in zip(pairs, shapes, strict=True))
    mine = ascii_letters[:size]
    letters = iter(ascii_letters[size:])
    shared = dict(zip(right, left, strict=True))
    for i, j in shared.items():
        if shapes[1][i] != shapes[0][j]:
            raise UsageError(f"tensordot over axes of length {shapes[0][j]} and {shapes[1][i]}; they must be equal")
    other = "".join(mine[shared[i]] if i in shared else next(letters) for i in range(len(shapes[1])))
    kept = [c for i, c in enumerate(mine) if i not in left] + [c for i, c in enumerate(other) if i not in shared]
    return einsum(a, b, subscripts=f"{mine},{other}->{''.join(kept)}", optimize=True)


outer = operation(
    "outer",
    "⊗",
    "x y",
    forward=lambda x, y: np.outer(x, y),
    vjp=(
        lambda g, z, x, y: reshape(matmul(g, reshape(y, shape=(-1,))), shape=shape_of(x)),
        lambda g, z, x, y: reshape(matmul(reshape(x, shape=(-1,)), g), shape=shape_of(y)),
    ),
    numpy=("outer", "linalg.outer"),
    says="Every x with every y: the gradient is multiplied by the other vector, g·y and xᵀ·g.",
    notation="{x} ⊗ {y}",
    shape=lambda x, y: (int(np.prod(x)), int(np.prod(y))),
    cases=(Case(((2,), (3,))), Case(((), (3,))), Case(((2, 2), (3,)))),
)


@made_of_operations("kron")
def kron(a: Any, b: Any) -> Any:
    """``np.kron``: every element of ``a`` times all of ``b``, for arrays of equally many dimensions.

    >>> kron([1.0, 2.0], [1.0, 10.0])
    array([ 1., 10.,  2., 20.])
    """
    shapes = shape_of(a), shape_of(b)
    size = len(shapes[0])
    if size != len(shapes[1]):
        raise UsageError(
            f"np.kron of {size} and {len(shapes[1])} dimensions cannot be recorded; give both equally many"
        )
    mine, other = ascii_letters[:size], ascii_letters[size : 2 * size]
    both = "".join(c for pair in zip(mine, other, strict=True) for c in pair)
    product = einsum(a, b, subscripts=f"{mine},{other}->{both}")
    return reshape(product, shape=tuple(m * n for m, n in zip(*shapes, strict=True)))


@made_of_operations("linalg.multi_dot")
def multi_dot(arrays: Sequence[Any], *, out: Any = None) -> Any:
    """``np.linalg.multi_dot``: the product of several matrices, from left to right."""
    if out is not None:
        raise TypeError("multi_dot with out= cannot be recorded; assign the result to a new name")
    product = arrays[0]
    for array in arrays[1:]:
        product = matmul(product, array)
    return product


def _cross_arguments(
    a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> tuple[Sequence[Any], dict[str, Any]]:
    shapes = shape_of(a), shape_of(b)
    ends = [(-1, len(shape) - 1) for shape in shapes]
    given = (axisa, axisb) if axis is None else (axis, axis)
    if axisc not in (-1, max(map(len, shapes)) - 1) or any(g not in end for g, end in zip(given, ends, strict=True)):
        raise TypeError("np.cross along an axis other than the last cannot be recorded; use np.moveaxis first")
    return (a, b), {}


def _cross(x: Any, y: Any) -> Any:
    if np.shape(x)[-1:] != (3,) or np.shape(y)[-1:] != (3,):
        raise UsageError("a cross product takes vectors of three components, along the last axis")
    return np.cross(x, y)


cross: Operation = operation(
    "cross",
    "×",
    "x y",
    forward=_cross,
    vjp=(lambda g, z, x, y: cross(y, g), lambda g, z, x, y: cross(g, x)),
    numpy=("cross", "linalg.cross"),
    adapt=_cross_arguments,
    says="The gradients are cross products as well: y × g goes to x, g × x to y.",
    notation="{x} × {y}",
    # The vectors broadcast; a component depends on the others of both.
    shape=lambda x, y: broadcast_shape((x, y)),
    cases=(Case(((3,), (3,)), typical=True), Case(((2, 3), (3,))), Case(((2, 1, 3), (4, 3)))),
)


# Convolution


def _convolved_length(x: Shape, y: Shape, mode: str = "full") -> Shape:
    n, m = x[0], y[0]
    return (n + m - 1,) if mode == "full" else (n - m + 1,)


def _convolve_x(g: Any, z: Any, x: Any, y: Any, mode: str = "full") -> Any:
    return convolve(g, flip(y), **({"mode": "valid"} if mode == "full" else {}))


def _convolve_y(g: Any, z: Any, x: Any, y: Any, mode: str = "full") -> Any:
    if mode == "full":
        return convolve(g, flip(x), mode="valid")
    return flip(convolve(x, flip(g), mode="valid"))


convolve: Operation = operation(
    "convolve",
    "∗",
    "x y",
    forward=lambda x, y, mode="full": np.convolve(x, y, mode),
    vjp=(_convolve_x, _convolve_y),
    parameters={"mode": "full"},
    says="The gradient is convolved with the other operand in reverse order.",
    notation="{x} ∗ {y}",
    shape=_convolved_length,
    cases=(Case(((4,), (3,))), Case(((2,), (3,))), Case(((5,), (2,)), {"mode": "valid"})),
)


@made_of_operations("convolve")
def convolved(a: Any, v: Any, mode: str = "full") -> Any:
    """``np.convolve``: the full convolution, its middle (``same``), or the part of full overlap (``valid``).

    >>> convolved([1.0, 2.0, 3.0], [1.0, 1.0], "valid")
    array([3., 5.])
    """
    if shape_of(a)[0] < shape_of(v)[0]:
        a, v = v, a
    if mode != "same":
        return convolve(a, v, **({} if mode == "full" else {"mode": mode}))
    n, m = shape_of(a)[0], shape_of(v)[0]
    start = (m - 1) // 2
    return index(convolve(a, v), key=slice(start, start + n))


@made_of_operations("correlate")
def correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    """``np.correlate``: the convolution with the second operand in reverse order."""
    if shape_of(a)[0] < shape_of(v)[0]:
        return flip(correlate(v, a, mode))
    return convolved(a, flip(v), mode)


def _table_of(row: Operation) -> None:
    """Add ``np.add.outer`` and similar functions: every x with every y."""

    def every_with_every(x: Any, y: Any) -> Any:
        """``outer``: combine every x with every y."""
        return row(reshape(x, shape=(*shape_of(x), *(1,) * len(shape_of(y)))), y)

    made_of_operations(f"{row.name}.outer")(every_with_every)


for _row in (add, subtract, multiply, divide, maximum, minimum, power):
    _table_of(_row)
