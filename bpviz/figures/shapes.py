"""Shapes and types at the arrows of a circuit, in place of numbers: ``(3, 4) f64``."""

from __future__ import annotations

from typing import Any

from bpviz.figure import Label, Plain
from bpviz.figures.labels import Names, Use
from bpviz.lazy import LazyModule
from bpviz.recording.recorder import NO_VALUE
from bpviz.words.values import shape_text

__all__ = ["Shapes", "shape_and_type"]

np: Any = LazyModule("numpy")

_LETTERS = {"f": "f", "i": "i", "u": "u", "c": "c"}
"""The letters of types by their kind in NumPy; the number of bits follows."""


def shape_and_type(value: Any) -> str:
    """Return the shape of a value and its type with its bits; a single number has only the type.

    >>> import numpy as np
    >>> shape_and_type(np.ones((3, 4))), shape_and_type(np.ones(2, dtype=np.float32)), shape_and_type(True)
    ('(3, 4) f64', '(2,) f32', 'bool')
    """
    array = np.asarray(value)
    kind = array.dtype.kind
    named = f"{_LETTERS[kind]}{8 * array.dtype.itemsize}" if kind in _LETTERS else str(array.dtype)
    return f"{shape_text(array.shape)} {named}" if array.ndim else named


def _content(value: Any) -> Plain:
    line = shape_and_type(value)
    shape, _, named = line.rpartition(" ")
    # In mathematics a letter and digits would be a letter with an index.
    return Plain(line, latex=rf"{shape}\ \mathrm{{{named}}}" if shape else rf"\mathrm{{{named}}}")


class Shapes(Names):
    """The shape and the type of every value above its wire, those of its gradient below."""

    def forward(self, index: int, name: str, stem: bool) -> Label | None:
        """Return the shape of a value, after its name."""
        value = self.value(index)
        if value is NO_VALUE:
            return super().forward(index, name, stem)
        return Label(_content(value), name)

    def backward(self, index: int, use: Use, stem: bool) -> Label | None:
        """Return the shape of a gradient."""
        return Label(_content(use.share))
