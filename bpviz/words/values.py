"""A value as a figure shows it: a number, a small array as a grid, a larger one as its shape with a heat map."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from bpviz import ops
from bpviz.figure import Content, Fraction, Grid, Heat, Plain, Row
from bpviz.graph.flow import Later
from bpviz.lazy import LazyModule
from bpviz.ops.table.thumbnails import LARGE, Thumbnail, thinned, thumbnail
from bpviz.ops.table.unknown import Unknown
from bpviz.text.columns import of_one_kind, unpadded
from bpviz.text.language import ENGLISH, Language
from bpviz.text.language import columns as columns_of
from bpviz.text.numerals import digits_apart, number

__all__ = ["changed", "columns", "content", "identical", "line_of", "shape_text", "spoken", "thinned"]

np: Any = LazyModule("numpy")

_GRID = 4
"""The most rows and columns that are written out."""
_FEW = 5
"""The least number of equal elements that are written once."""
_STEPS = 64
"""Rounding errors, in steps of rounding of the largest element, that may remain when a few dozen terms cancel."""


def content(value: Any, precision: int = 4, say: Language = ENGLISH) -> Plain | Grid | Heat:
    """Return what is written at the arrow for a value. An array of one number all over says so, an unknown gradient
    that it is unknown.

    >>> content(220.00000000000003)
    Plain(text='220', marked=False)
    >>> import numpy as np
    >>> content(np.array([[1.0, 2.5]]))
    Grid(rows=(('1.0', '2.5'),), marked=False, factor='')
    >>> content(np.ones((8, 5)))
    Plain(text='(8, 5) all 1', marked=False)
    """
    value = _summary(value)
    same = _same(value)
    if same is not None:
        shape = shape_text(ops.shape_of(value))
        return Plain(say("{shape} all {number}", shape=shape, number=number(same, precision)), not math.isfinite(same))
    return _written(value, precision, say)


def _summary(value: Any) -> Any:
    """Return a large array as a thumbnail, all that is shown of it; any other value as it is."""
    if isinstance(value, Later):
        return value.summary
    is_large = not isinstance(value, float | int | Unknown | Thumbnail) and np.size(value) > LARGE
    return thumbnail(np.asarray(value)) if is_large else value


def _same(value: Any) -> float | None:
    """Return the number that all elements of an array are; ``None`` if they differ, or are few."""
    if isinstance(value, float | int | Unknown):
        return None
    if isinstance(value, Thumbnail):
        return value.same
    array = np.asarray(value)
    if array.size < _FEW or not (array == array.flat[0]).all():
        return None
    return float(array.flat[0])


def _written(value: Any, precision: int, say: Language = ENGLISH) -> Plain | Grid | Heat:
    """Return a number, the elements of a small array, or the heat map of a larger one."""
    if isinstance(value, float | int):
        return Plain(number(float(value), precision), not math.isfinite(value))
    value = _summary(value)
    if isinstance(value, Unknown):
        return Plain(say("unknown"))
    if isinstance(value, Thumbnail):
        return _heat(value, shape_text(value.shape), precision, say)
    array = np.asarray(value)
    if not array.ndim:
        return Plain(number(float(array), precision), not bool(np.isfinite(array)))
    marked = not bool(np.isfinite(array).all())
    shape = shape_text(array.shape)
    if not array.size:
        return Plain(shape)
    flat = _flat(array)
    if array.ndim <= 2 and flat.shape[0] <= _GRID and flat.shape[1] <= _GRID:
        rows, factor = _rows(flat, precision)
        return Grid(rows, marked, factor, array.ndim == 1 and len(rows[0]) > 1)
    return _heat(thumbnail(array), shape, precision, say)


def _rows(flat: Any, precision: int, other: Any = None) -> tuple[tuple[tuple[str, ...], ...], str]:
    """Return the elements of a small array, of one kind, and their power of ten; ``≈0`` for what may be only rounding
    of larger ones. They are of one kind with those of the ``other`` array.

    >>> _rows(np.array([[0.1 + 0.2 - 0.3, 1.0, 0.0, 1e-10]]), 4)
    ((('≈0', '1', '0', '1×10⁻¹⁰'),), '')
    """
    rounding = 0.0
    if flat.dtype.kind == "f":
        rounding = _STEPS * np.finfo(flat.dtype).eps * np.max(np.abs(flat), initial=0.0)
    kept = [float(v) if not 0 < abs(v) <= rounding < np.inf else None for v in flat.ravel()]
    values = [0.0 if v is None else v for v in kept]
    more = [] if other is None else [float(v) for v in other.ravel()]
    texts, factor = of_one_kind([*values, *more], precision)
    cells = ["≈0" if v is None else text for v, text in zip(kept, texts, strict=False)]
    width = flat.shape[1]
    return tuple(tuple(cells[at : at + width]) for at in range(0, len(cells), width)), factor


def columns(content: Content) -> int:
    """Return the width of a line in characters, with Japanese ones counted twice.

    >>> columns(Plain("単価 = 3"))
    8
    """
    match content:
        case Row(parts):
            return sum(map(columns, parts))
        case Fraction(over, under):
            return max(columns(Plain(over)), columns(Plain(under)))
        case Plain(text):
            return columns_of(text)
        case _:
            raise TypeError(f"Not a line of text: {type(content).__name__}")


def changed(old: Any, new: Any, precision: int = 4, say: Language = ENGLISH) -> Content:
    """Return what is written at the arrow for a changed value: ``old → new``, or the value once if it is the same.

    If both would look the same, digits are added until they differ. A small array shows this in every cell; a larger
    one shows a heat map of the difference.

    >>> changed(200.0, 240.0), changed(1.0, 1.0)
    (Plain(text='200 → 240', marked=False), Plain(text='1', marked=False))
    >>> changed(1.0, 1.00001)
    Plain(text='1 → 1.00001', marked=False)
    """
    if identical(old, new):
        return content(new, precision, say)
    was, now = _written(old, precision, say), _written(new, precision, say)
    marked = was.marked or now.marked
    match was, now:
        case Plain(), Plain():
            known = not isinstance(old, Unknown) and not isinstance(new, Unknown)
            if known and ops.shape_of(old) == ops.shape_of(new) == ():
                return Plain(_arrow(float(old), float(new), was.text, now.text, precision), marked)
            return Plain(now.text if was.text == now.text else f"{was.text} → {now.text}", marked)
        case Grid(), Grid() if ops.shape_of(old) == ops.shape_of(new):
            before, after = (_flat(np.asarray(value)) for value in (old, new))
            (earlier, factor), (later, _) = _rows(before, precision, after), _rows(after, precision, before)
            scale = 10.0 ** _power_of(factor)
            rows = tuple(
                tuple(
                    _arrow(float(a) / scale, float(b) / scale, c, d, precision) for a, b, c, d in zip(*row, strict=True)
                )
                for row in zip(before.tolist(), after.tolist(), earlier, later, strict=True)
            )
            return Grid(rows, marked, factor, now.vector)
        case Heat(), Heat() if ops.shape_of(old) == ops.shape_of(new):
            if not isinstance(old, Thumbnail) and not isinstance(new, Thumbnail):
                difference = thumbnail(np.asarray(new, dtype=float) - np.asarray(old, dtype=float))
                return replace(_heat(difference, f"Δ {now.text}", precision, say), marked=marked)
    return Plain(f"{_shape_of(was, old)} → {_shape_of(now, new)}", marked)


def _power_of(factor: str) -> int:
    """Return the exponent of a power of ten.

    >>> _power_of("×10⁻⁵"), _power_of("")
    (-5, 0)
    """
    return int(factor.removeprefix("×10").translate(_RAISED) or "0")


_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


def _arrow(old: float, new: float, was: str, now: str, precision: int) -> str:
    """Return ``old → new``, with more digits if these texts are equal; the same number once."""
    if identical(old, new):
        return now
    if was == now:
        was, now = digits_apart(old, new, precision)
    return f"{was} → {now}"


def identical(old: Any, new: Any) -> bool:
    """Return whether two values are the same to the last digit; NaN is NaN.

    >>> identical(1.0, 1.0), identical(1.0, 1.0 + 2**-52), identical(math.nan, math.nan)
    (True, False, True)
    """
    if old.__class__ is float and new.__class__ is float:
        return old == new or (old != old and new != new)
    if isinstance(old, Later) and isinstance(new, Later):
        return old.summary.is_of(new.summary)
    if isinstance(old, Unknown | Thumbnail) or isinstance(new, Unknown | Thumbnail):
        return old is new or (isinstance(old, Thumbnail) and old.is_of(new))
    a, b = np.asarray(old), np.asarray(new)
    return bool(a.shape == b.shape and ((a == b) | ((a != a) & (b != b))).all())


def _shape_of(shown: Content, value: Any) -> str:
    """Return a number as it is, for an array its shape."""
    return shown.text if isinstance(shown, Plain) else shape_text(np.shape(value))


def shape_text(shape: tuple[int, ...]) -> str:
    """Return a shape as NumPy writes it.

    >>> shape_text((4, 2)), shape_text((3,))
    ('(4, 2)', '(3,)')
    """
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


def _flat(array: Any) -> Any:
    """Return an array as rows: a vector is one row; with more than two axes, the last one runs along the rows."""
    return array.reshape(-1, array.shape[-1]) if array.ndim != 1 else array.reshape(1, -1)


def _heat(array: Thumbnail, text: str, precision: int, say: Language) -> Heat:
    """Return the heat map of an array in rows, which keeps its proportions."""
    scale = array.largest
    cells = tuple(
        tuple(round(v / (scale or 1.0), 3) if math.isfinite(v) else None for v in row)
        for row in array.cells.astype(float).tolist()
    )
    whole = array.cells.size == array.size
    full, note = number(scale, precision) if scale else "", "" if whole else say("sampled")
    return Heat(text, cells, bool(array.odd), full, note, scale or 1.0)


def spoken(value: Any, precision: int = 4, say: Language = ENGLISH) -> str:
    """Return a value for a sentence: the number, the rows of a grid, or the shape.

    >>> spoken(1.1)
    '1.1'
    """
    shown = _written(value, precision, say)
    if isinstance(shown, Grid):
        # In a line, each number has its own digits.
        flat = _flat(np.asarray(value))
        approximate = [[cell == "≈0" for cell in row] for row in shown.rows]
        rows = zip(flat.tolist(), approximate, strict=True)
        shown = Grid(
            tuple(
                tuple("≈0" if near else number(float(v), precision) for v, near in zip(*row, strict=True))
                for row in rows
            )
        )
    return line_of(shown, say)


def line_of(content: Content, say: Language = ENGLISH) -> str:
    """Return a content in one line of text: the rows of a grid, separated by semicolons, or the shape of a heat map.

    >>> line_of(Grid((("1", "2"), ("3", "4"))))
    '[1, 2; 3, 4]'
    """
    match content:
        case Grid(rows, _, factor):
            return "[" + "; ".join(", ".join(map(unpadded, row)) for row in rows) + "]" + factor
        case Heat(text):
            return say("an array of shape {shape}", shape=text)
        case Row(parts):
            return "".join(line_of(part, say) for part in parts)
        case _:
            return content.text
