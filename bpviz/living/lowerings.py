"""Operations whose elements depend on several others in more than sums of products: orders and small matrices.

Each is a function of a `bpviz.living.steps.Lowering` and an `Applied`; it returns the places of the result, row by row,
or ``None`` where it cannot write the step. What is sorted is sorted again after every change, so that no order is
assumed. Matrices are inverted by their cofactors, up to 3 × 3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any, Protocol

from bpviz import ops
from bpviz.frozen import dataclass
from bpviz.lazy import LazyModule
from bpviz.ops import Operation

__all__ = ["LOWERINGS", "Applied", "Maker"]

np: Any = LazyModule("numpy")

_LARGEST = 3
"""The most rows of a matrix that is inverted by its cofactors: with more, rounding errors grow."""
_LONGEST = 200
"""The most elements that are brought into an order, or among which one is taken by its position."""
_TERMS = 20_000
"""The most terms of a product with several sums."""

Slots = tuple[int, ...]
Square = Sequence[Sequence[int]]


class Maker(Protocol):
    """What makes the steps."""

    fixed: set[int]
    ordered: set[int]
    """The places of positions that an order gave."""

    def step(self, expression: str, size: int = 1) -> int:
        """Return the place of what an expression gives."""

    def constant(self, number: float) -> int:
        """Return the place of a number that never changes."""


@dataclass(frozen=True, slots=True, eq=False)
class Applied:
    """A step: its operation, its operands as numbers and as places, and its options."""

    operation: Operation
    xs: Sequence[Any]
    operands: Sequence[Slots]
    given: Mapping[str, Any]

    def places(self, at: int = 0) -> Any:
        """Return the places of an operand in its shape."""
        return np.reshape(np.array(self.operands[at], int), ops.shape_of(self.xs[at]))


def _of(slots: Sequence[int]) -> str:
    return ", ".join(f"v[{slot}]" for slot in slots)


# Orders


def _lines(step: Applied) -> Any:
    """Return the places along the axis of a step, line by line, and the shape of the rest; all of them without axis."""
    places, axis = step.places(), step.given.get("axis", -1)
    if axis is None or not places.ndim:
        return places.reshape(1, -1), 0
    return np.moveaxis(places, axis, -1).reshape(-1, places.shape[axis]), axis


def _in_order(written: str, *, positions: bool) -> Callable[[Maker, Applied], Slots | None]:
    def lowered(made: Maker, step: Applied) -> Slots | None:
        lines, axis = _lines(step)
        if lines.shape[1] > _LONGEST:
            return None
        found = np.array(
            [[made.step(f"{written}({k}, {_of(line)})", len(line)) for k in range(len(line))] for line in lines]
        )
        if positions:
            made.ordered.update(found.ravel().tolist())
        if step.given.get("axis", -1) is None:
            return tuple(found.ravel().tolist())
        shape = [*np.delete(ops.shape_of(step.xs[0]), axis), lines.shape[1]]
        return tuple(np.moveaxis(found.reshape(shape), -1, axis).ravel().tolist())

    return lowered


def _position(sign: str) -> Callable[[Maker, Applied], Slots | None]:
    def lowered(made: Maker, step: Applied) -> Slots | None:
        lines, _ = _lines(step)
        if lines.shape[1] > _LONGEST:
            return None
        slots = tuple(made.step(f"F.largest({sign}, {_of(line)})", len(line)) for line in lines)
        made.ordered.update(slots)
        return slots

    return lowered


def _is_first(made: Maker, step: Applied) -> Slots | None:
    lines = step.places().reshape(-1, ops.shape_of(step.xs[0])[-1])
    chosen = [made.step(f"F.largest(1, {_of(line)})", len(line)) for line in lines]
    return tuple(made.step(f"v[{slot}] === {k} ? 1 : 0") for slot in chosen for k in range(lines.shape[1]))


def _largest(made: Maker, step: Applied) -> Slots | None:
    lines = step.places().reshape(-1, ops.shape_of(step.xs[0])[-1])
    return tuple(made.step(f"Math.max({_of(line)})", len(line)) for line in lines)


def _put_back(made: Maker, step: Applied) -> Slots | None:
    """Return the places of numbers that stand where their windows have the largest pixel; NaN is nowhere."""
    size, stride, pad = (step.given[name] for name in ("size", "stride", "pad"))
    image = step.places(1)
    # Numbered from 1, because the border is 0.
    numbered = np.arange(1.0, image.size + 1).reshape(image.shape)
    how = {"size": size, "stride": size if stride is None else stride, "pad": pad}
    columns = np.asarray(ops.evaluate(ops.named("im2col"), [numbered], how), int)
    given = step.places(0).transpose(0, 2, 3, 1).ravel().tolist()
    terms: list[list[str]] = [[] for _ in range(image.size)]
    for window, slot in zip(columns.reshape(len(given), -1) - 1, given, strict=True):
        inside = window[window >= 0].tolist()
        pixels = [int(image.flat[at]) for at in inside]
        chosen = made.step(f"F.largest(1, {_of(pixels)})", len(pixels))
        for k, (at, pixel) in enumerate(zip(inside, pixels, strict=True)):
            terms[at].append(f"(v[{chosen}] === {k} && v[{pixel}] === v[{pixel}] ? v[{slot}] : 0)")
    return tuple(made.step(" + ".join(one), len(one)) if one else made.constant(0.0) for one in terms)


def _running(written: str) -> Callable[[Maker, Applied], Slots | None]:
    """Return the lowering of what runs along an axis: each element is made of the one before and the next operand."""

    def lowered(made: Maker, step: Applied) -> Slots | None:
        lines, axis = _lines(step) if step.given.get("axis") is not None else (step.places().reshape(1, -1), 0)
        found = np.array(lines)
        for row in found:
            for k in range(1, len(row)):
                row[k] = made.step(written.format(f"v[{row[k - 1]}]", f"v[{row[k]}]"))
        if step.given.get("axis") is None:
            return tuple(found.ravel().tolist())
        shape = [*np.delete(ops.shape_of(step.xs[0]), axis), lines.shape[1]]
        return tuple(np.moveaxis(found.reshape(shape), -1, axis).ravel().tolist())

    return lowered


# Positions that an order gave


def _tables(made: Maker, step: Applied, shape: tuple[int, ...]) -> tuple[Any, Slots] | None:
    """Return where an index leads in an array of this shape, a row for each number of its position, and the place of
    the position of each element. ``None`` unless there is one array of positions, which an order gave.
    """
    moving = [at for at, slots in enumerate(step.operands[1:]) if not made.fixed.issuperset(slots)]
    if len(moving) != 1 or not made.ordered.issuperset(step.operands[1 + moving[0]]):
        return None
    places, positions, key = np.arange(int(np.prod(shape))).reshape(shape), list(step.xs[1:]), step.given["key"]
    before = np.zeros(ops.shape_of(positions[moving[0]]), int)

    def leads(numbers: Any) -> Any:
        positions[moving[0]] = numbers if ops.shape_of(numbers) else int(numbers)
        return np.ravel(ops.evaluate(ops.named("index"), [places, *positions], {"key": key}))

    rows = []
    for k in range(_LONGEST + 1):
        try:
            rows.append(leads(before + k))
        except IndexError:
            break
    if not rows or len(rows) > _LONGEST:
        return None
    owners = np.full(rows[0].size, -1)
    for at, slot in enumerate(step.operands[1 + moving[0]]):
        one = before.copy()
        one.flat[at] = 1
        if len(rows) > 1:
            moved = leads(one) != rows[0]
            if (owners[moved] >= 0).any():
                return None
            owners[moved] = slot
    return np.array(rows), tuple(owners.tolist())


def _taken(made: Maker, step: Applied) -> Slots | None:
    found = _tables(made, step, ops.shape_of(step.xs[0]))
    if found is None:
        return None
    rows, owners = found
    flat = step.places().ravel()
    return tuple(
        int(flat[column[0]]) if owner < 0 else made.step(f"[{_of(flat[column])}].at(v[{owner}])", len(column))
        for column, owner in zip(rows.T, owners, strict=True)
    )


def _put(made: Maker, step: Applied) -> Slots | None:
    shape = tuple(step.given["shape"])
    found = _tables(made, step, shape)
    if found is None:
        return None
    rows, owners = found
    given = np.broadcast_to(step.places().ravel(), len(owners)) if step.places().size == 1 else step.places().ravel()
    terms: list[list[str]] = [[] for _ in range(int(np.prod(shape)))]
    for column, owner, slot in zip(rows.T, owners, given, strict=True):
        if owner < 0:
            terms[column[0]].append(f"v[{slot}]")
            continue
        for k, target in enumerate(column):
            terms[target].append(f"(v[{owner}] === {k} ? v[{slot}] : 0)")
    return tuple(made.step(" + ".join(one), len(one)) if one else made.constant(0.0) for one in terms)


# Matrices


def _matrices(step: Applied) -> list[Square] | None:
    shape = ops.shape_of(step.xs[0])
    if len(shape) < 2 or shape[-1] > _LARGEST:
        return None
    return [matrix.tolist() for matrix in step.places().reshape(-1, *shape[-2:])]


def _cofactors(made: Maker, x: Square) -> Square:
    """Return the cofactors of a matrix: of 3 × 3 in turns, which gives them their signs."""
    n = len(x)
    if n == 1:
        return [[made.constant(1.0)]]
    if n == 2:
        return [[x[1][1], made.step(f"-v[{x[1][0]}]")], [made.step(f"-v[{x[0][1]}]"), x[0][0]]]

    def cofactor(i: int, j: int) -> int:
        a, b, c, d = (x[(i + p) % 3][(j + q) % 3] for p, q in ((1, 1), (2, 2), (1, 2), (2, 1)))
        return made.step(f"v[{a}] * v[{b}] - v[{c}] * v[{d}]", 3)

    return [[cofactor(i, j) for j in range(3)] for i in range(3)]


def _determinant(made: Maker, x: Square) -> int:
    top = _cofactors(made, x)[0]
    return made.step(" + ".join(f"v[{a}] * v[{b}]" for a, b in zip(x[0], top, strict=True)), len(x))


def _det(written: str) -> Callable[[Maker, Applied], Slots | None]:
    def lowered(made: Maker, step: Applied) -> Slots | None:
        matrices = _matrices(step)
        if matrices is None:
            return None
        found = (_determinant(made, x) for x in matrices)
        return tuple(made.step(written.format(f"v[{slot}]")) if written else slot for slot in found)

    return lowered


def _inverse(made: Maker, step: Applied) -> Slots | None:
    matrices = _matrices(step)
    if matrices is None:
        return None
    slots: list[int] = []
    for x in matrices:
        rows, whole = _cofactors(made, x), _determinant(made, x)
        slots += [made.step(f"v[{rows[j][i]}] / v[{whole}]") for i in range(len(x)) for j in range(len(x))]
    return tuple(slots)


def _solution(made: Maker, step: Applied) -> Slots | None:
    matrices = _matrices(step)
    if matrices is None or len(ops.shape_of(step.xs[0])) > 2:
        return None
    (x,) = matrices
    rows, whole, y = _cofactors(made, x), _determinant(made, x), step.places(1)
    columns = y.reshape(len(x), -1)
    return tuple(
        made.step(
            f"({' + '.join(f'v[{rows[j][i]}] * v[{slot}]' for j, slot in enumerate(column))}) / v[{whole}]", 2 * len(x)
        )
        for i in range(len(x))
        for column in columns.T.tolist()
    )


def _root(made: Maker, step: Applied) -> Slots | None:
    matrices = _matrices(step)
    if matrices is None:
        return None
    slots: list[int] = []
    for x in matrices:
        lower: list[list[int]] = []
        for i in range(len(x)):
            lower.append([])
            for j in range(i + 1):
                less = "".join(f" - v[{lower[i][k]}] * v[{lower[j][k]}]" for k in range(j))
                rest = f"v[{x[i][j]}]{less}"
                written = f"Math.sqrt({rest})" if i == j else f"({rest}) / v[{lower[j][j]}]"
                lower[i].append(made.step(written, j + 1))
            slots += [*lower[i], *(made.constant(0.0) for _ in range(len(x) - i - 1))]
    return tuple(slots)


# Products of several


def _sum_of_products(made: Maker, step: Applied) -> Slots | None:
    subscripts = str(step.given["subscripts"]).replace(" ", "")
    if len(step.xs) < 3 or "." in subscripts:
        return None
    left, arrow, right = subscripts.partition("->")
    terms = left.split(",")
    letters = "".join(terms)
    right = right if arrow else "".join(sorted(one for one in set(letters) if letters.count(one) == 1))
    sizes = {
        one: n for term, x in zip(terms, step.xs, strict=True) for one, n in zip(term, ops.shape_of(x), strict=True)
    }
    summed = [one for one in sizes if one not in right]
    if np.prod(list(sizes.values()), dtype=float) > _TERMS:
        return None
    places = [step.places(at) for at in range(len(step.xs))]

    def element(kept: tuple[int, ...]) -> int:
        rows = []
        for rest in product(*(range(sizes[one]) for one in summed)):
            at = {**dict(zip(right, kept, strict=True)), **dict(zip(summed, rest, strict=True))}
            slots = [x[tuple(at[one] for one in term)] for term, x in zip(terms, places, strict=True)]
            rows.append(" * ".join(f"v[{slot}]" for slot in slots))
        return made.step(" + ".join(rows), len(rows) * len(terms))

    return tuple(element(kept) for kept in product(*(range(sizes[one]) for one in right)))


def _inverted(made: Maker, step: Applied) -> Slots | None:
    """Return the other truth values; of whole numbers, ~ changes the bits."""
    if np.asarray(step.xs[0]).dtype.kind != "b":
        return None
    return tuple(made.step(f"v[{slot}] === 0") for slot in step.operands[0])


LOWERINGS: Mapping[str, Callable[[Maker, Applied], Slots | None]] = {
    "sort": _in_order("F.sorted", positions=False),
    "argsort": _in_order("F.order", positions=True),
    "argmax": _position("1"),
    "argmin": _position("-1"),
    "first_largest": _is_first,
    "pick_largest": _largest,
    "max_unpool2d": _put_back,
    "cumprod": _running("{} * {}"),
    "index": _taken,
    "invert": _inverted,
    "scatter": _put,
    "det": _det(""),
    "logabsdet": _det("Math.log(Math.abs({}))"),
    "det_sign": _det("Math.sign({})"),
    "inv": _inverse,
    "solve": _solution,
    "cholesky": _root,
    "einsum": _sum_of_products,
}
"""The operations that are written in a way of their own, by their names in the table."""
