"""Large arrays of which only what a figure shows is kept: the shape, a few cells, and whether all is finite."""

from __future__ import annotations

import math
import zlib
from typing import Any

from bpviz.frozen import dataclass
from bpviz.lazy import LazyModule
from bpviz.ops.table.copying import sealed
from bpviz.ops.table.values import Shape, plain

__all__ = ["LARGE", "Thumbnail", "kept", "thinned", "thumbnail"]

np: Any = LazyModule("numpy")

LARGE = 1_000_000
"""The most elements of an array of another framework that is kept as a whole."""
_CELLS = (8, 12)
"""The most rows and columns of a heat map; larger arrays are thinned evenly."""
_FEWEST = 4
"""The least number of rows or columns that are left of a larger number."""
_LANES = 1021
"""A prime number, so that the rows of no usual array fall on each other."""
_PIECE = 1 << 16
"""The most numbers of a large array that are looked at together."""


@dataclass(frozen=True, slots=True, eq=False)
class Thumbnail:
    """What is kept of a large array: its shape and type, evenly chosen ``cells``, and its ``largest`` finite size.

    ``same`` is the number that all elements are, ``None`` if they differ; ``odd`` is ``nan`` or ``infinite`` if an
    element is; ``mark`` is a check sum of all of them. It is no array: what would compute with it raises `TypeError`.

    >>> made = thumbnail(np.ones((2000, 1000), "f"))
    >>> made, made.same, made.cells.shape
    (<thumbnail of (2000, 1000) float32>, 1.0, (8, 4))
    """

    shape: Shape
    dtype: Any
    cells: Any
    largest: float
    same: float | None = None
    odd: str = ""
    mark: int = 0

    # So that NumPy refuses it, and does not make an array of objects.
    __array_ufunc__ = None

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """The bytes that the whole array takes."""
        return int(self.size * self.dtype.itemsize)

    def is_of(self, other: Any) -> bool:
        """Return whether another thumbnail is one of the same numbers, as far as check sums say so."""
        if not isinstance(other, Thumbnail):
            return False
        return (self.shape, self.dtype, self.mark) == (other.shape, other.dtype, other.mark)

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise TypeError(f"an array of {self.size:,} numbers is kept as a thumbnail, with which nothing can be computed")

    def __repr__(self) -> str:
        return f"<thumbnail of {self.shape} {self.dtype}>"


def thumbnail(array: Any) -> Thumbnail:
    """Return the thumbnail of an array, which is looked at without copying it."""
    flat = array.reshape(-1, array.shape[-1]) if array.ndim > 1 else array.reshape(1, -1)
    rows, columns = thinned(flat.shape)
    cells = sealed(np.ascontiguousarray(flat[np.ix_(rows, columns)]))
    low, high = (float(one) for one in (array.min(), array.max()))
    largest, odd = max(-low, high, 0.0), ""
    if not math.isfinite(low) or not math.isfinite(high):
        odd = "nan" if math.isnan(low) or math.isnan(high) else "infinite"
        largest = _largest(flat)
    same = low if low == high else None
    return Thumbnail(tuple(array.shape), array.dtype, cells, largest, same, odd, _mark(array))


def _largest(flat: Any) -> float:
    """Return the largest finite size of a number in rows, piece by piece: a copy of a large array takes much memory.

    >>> _largest(np.array([[1.0, -3.0, np.inf]]))
    3.0
    """
    largest, (height, width) = 0.0, flat.shape
    rows = max(1, _PIECE // max(width, 1))
    for top in range(0, height, rows):
        for left in range(0, width, _PIECE):
            sizes = np.abs(flat[top : top + rows, left : left + _PIECE].astype(float))
            largest = max(largest, float(np.max(sizes, initial=0.0, where=np.isfinite(sizes))))
    return largest


def _mark(array: Any) -> int:
    """Return a check sum of all bits of an array: in so many lanes each, which takes a tenth of the time of one.

    >>> _mark(np.arange(5000.0)) == _mark(np.arange(5000.0)[::-1])
    False
    """
    if array.dtype.itemsize not in (1, 2, 4, 8):
        return 0
    kind, end = f"u{array.dtype.itemsize}", array.size - array.size % _LANES
    # An array whose elements do not lie side by side would be copied, so it is taken in pieces.
    flat, piece = (array.reshape(-1), array.size) if array.flags.c_contiguous else (array.flat, 64 * _LANES)
    lanes = np.zeros(_LANES, kind)
    for start in range(0, end, max(piece, 1)):
        bits = flat[start : min(start + piece, end)].view(kind)
        lanes ^= np.bitwise_xor.reduce(bits.reshape(-1, _LANES), axis=0)
    return zlib.crc32(lanes.tobytes() + flat[end:].tobytes())


def thinned(shape: tuple[int, int]) -> tuple[Any, Any]:
    """Return the positions of the rows and of the columns of a large array that a heat map has cells for.

    >>> thinned((3, 100))[1].tolist()
    [0, 9, 18, 27, 36, 45, 54, 63, 72, 81, 90, 99]
    """
    step = max(1.0, *(n / most for n, most in zip(shape, _CELLS, strict=True)))
    rows, columns = (np.unique(np.linspace(0, n - 1, min(n, max(round(n / step), _FEWEST))).astype(int)) for n in shape)
    return rows, columns


def kept(value: Any) -> Any:
    """Return a value of another framework as a flow keeps it, so that nothing changes it later.

    A single number in double precision is a float, an array a read-only copy, an array of more than a million elements
    a `Thumbnail`.

    >>> kept(np.float64(2.0)), kept(np.zeros(1_000_001))
    (2.0, <thumbnail of (1000001,) float64>)
    """
    if isinstance(value, Thumbnail):
        return value
    array = np.asarray(value)
    if array is value and array.ndim and array.flags.owndata and not array.flags.writeable and array.size <= LARGE:
        # It is kept already.
        return value
    if array.size > LARGE:
        return thumbnail(array)
    return sealed(plain(np.array(array)))
