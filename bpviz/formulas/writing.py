"""Expressions as they are printed: each line is a true equation in mathematics.

Rules compute with arrays of any shape; a reader knows columns, rows and matrices. Before a formula is printed, it is
translated:

- An array of one axis is a column. ``·`` is the product of matrices (and multiplies by a number), ``ᵀ`` the transpose:
  ``x @ W`` is written ``Wᵀ·x``, the product of every x with every y ``x·yᵀ``. A row times a column, ``xᵀ·y``, is a
  number. For a batch, all of these apply to the last two axes.
- ``+ − ∘ /``, powers and functions are elementwise. If shapes differ, they are broadcast as in NumPy, the last axes
  together: ``X·W + b``. Other axes are inserted by ``[:, None]``.
- The right side takes the shape of the left: what is smaller is the same everywhere; axes of length 1 do not count.
- A ``Σ`` that is a term of the right side (also after a sign or a number, or divided by a number) sums to the shape of
  the left: ``db = Σ dZ`` sums over the rows, which b lacks. Elsewhere it sums all elements, as ``mean(X)`` always does.
  With subscripts, a sum, mean or maximum is over those axes, counted from 0, which stay with length 1: ``Σ₁ X``.
- Anything else is written as a call: ``sum(X, axis=1)``, ``reshape(x, shape=(2, 3))``. ``put(x, [1])`` puts x at its
  place among zeros. As terms, it and ``reshape(x)`` have the shape of the left.

`is_clear` returns whether a line contains all of a formula; if not, the rule is written by its name
(`bpviz.formulas.symbols`).
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from bpviz import ops
from bpviz.formulas.expression import Expression, is_constant
from bpviz.formulas.indicator import indicated
from bpviz.formulas.invocation import (
    LOWERED,
    calling,
    parameter_text,
    parameters_text,
    shape_text,
    tuple_text,
    written_row,
)
from bpviz.formulas.patterns import (
    axes_of,
    has_other_parameters,
    is_arithmetic,
    is_column,
    is_reduction,
    kept_shape,
    number_outside,
)
from bpviz.formulas.placing import (
    TERMS,
    Mode,
    inserted_axes,
    missing_axes,
    modes_of_operands,
    modes_of_terms,
    without_leading_ones,
    without_ones,
)
from bpviz.lazy import LazyModule
from bpviz.ops import OPERATIONS, Shape
from bpviz.ops.table.binding import INDEX, REDUCTION
from bpviz.ops.table.values import broadcast_shape

__all__ = ["as_written", "is_clear"]

np: Any = LazyModule("numpy")


def as_written(value: Any) -> Any:
    """Return an expression as it is printed; numbers and names stay what they are.

    >>> from bpviz.formulas.formula import symbol
    >>> W, x = symbol("W", (3, 2)), symbol("x", (3,))
    >>> as_written(x @ W).operands[1] is x
    True
    """
    return _Writer().write(value, "term") if isinstance(value, Expression) else value


def is_clear(value: Any) -> bool:
    """Return whether the printed line holds all that a formula depends on: no unnamed array, no hidden positions.

    >>> from bpviz.formulas.formula import symbol
    >>> is_clear(symbol("x", (3,)) + 1), is_clear(symbol("x", (3,)) * np.arange(3.0))
    (True, False)
    """
    if not isinstance(value, Expression):
        return not ops.shape_of(value)
    writer = _Writer()
    writer.write(value, "term")
    return writer.clear


class _Writer:
    """One formula on its way to the page."""

    def __init__(self) -> None:
        self.clear = True
        self._known: dict[tuple[int, Mode], tuple[Any, Any]] = {}

    def write(self, value: Any, mode: Mode) -> Any:
        """Return an expression for a place of this kind."""
        # Sums and products may have thousands of terms: they are followed down without recursion.
        spine: list[tuple[Expression, Mode]] = []
        made: Any = None
        while True:
            found = self._known.get((id(value), mode))
            if found is not None:
                made = found[1]
                break
            if not is_arithmetic(value):
                made = self._known[id(value), mode] = value, self._one(value, mode)
                made = made[1]
                break
            spine.append((value, mode))
            mode = modes_of_operands(value, mode)[0]
            value = value.operands[0]
        for outer, own in reversed(spine):
            made = self._joined(outer, own, made)
            # The expression is kept, so that no other takes its id.
            self._known[id(outer), own] = outer, made
        return made

    def _one(self, x: Any, mode: Mode) -> Any:
        if not isinstance(x, Expression):
            return self._array(x, mode) if ops.shape_of(x) else x
        if x.operation is None:
            if is_constant(x):
                value = x.parameters["value"]
                if ops.shape_of(value):
                    return self._array(value, mode)
                return x if mode == "term" else self._constant(value, x.shape, mode)
            if x.meaning is not None and x.number is None and not x.derivative:
                self.clear = False
            return x
        row = x.operation
        # The algebra of shapes and products, row by row: a method here for each that has some.
        special = getattr(self, f"_write_{row.name}", None)
        if special is not None:
            return special(x, mode)
        if row.unwritten:
            return self.write(x.operands[0], mode)
        if row.reduces:
            return self._reduction(x, mode)
        if row.shape is None:
            modes = modes_of_operands(x, mode)
            return self._elements(x, mode, [self.write(p, m) for p, m in zip(x.operands, modes, strict=True)])
        return self._with(x, tuple(self.write(p, "exact") for p in x.operands))

    def _write_where(self, x: Expression, mode: Mode) -> Any:
        product = indicated(x)
        if product is not None:
            return self.write(product, mode)
        modes = modes_of_operands(x, mode)
        return self._elements(x, mode, [self.write(p, m) for p, m in zip(x.operands, modes, strict=True)])

    def _elements(self, x: Expression, mode: Mode, parts: list[Any]) -> Any:
        """Return an elementwise operation on operands that are written already."""
        shape = broadcast_shape([ops.shape_of(part) for part in parts])
        if mode == "exact" and shape != x.shape:
            parts = [self.write(p, "exact") for p in x.operands]
            shape = x.shape
        return self._with(x, tuple(parts), shape)

    def _joined(self, x: Expression, mode: Mode, first: Any) -> Any:
        """Return a sum or product whose first operand is written already."""
        modes = modes_of_operands(x, mode)
        parts = [first, *(self.write(p, m) for p, m in zip(x.operands[1:], modes[1:], strict=True))]
        assert x.operation is not None
        if mode in TERMS and x.operation.name in ("multiply", "divide"):
            # After a number, and above one, stands a term of its own.
            at, other = (1, 0) if x.operation.name == "multiply" else (0, 1)
            if not ops.shape_of(parts[other]):
                parts[at] = self.write(x.operands[at], modes_of_terms(x, mode)[at])
        return self._elements(x, mode, parts)

    def _with(self, x: Expression, parts: tuple[Any, ...], shape: Shape | None = None) -> Any:
        """Return the same operation on its written operands, with the parameters that its notation leaves out."""
        assert x.operation is not None
        row = x.operation
        shape = x.shape if shape is None else shape
        if all(a is b for a, b in zip(parts, x.operands, strict=True)) and shape == x.shape:
            made: Any = x
        else:
            made = x.__class__("", shape, row, parts, x.parameters)
        hidden = {key: value for key, value in x.parameters.items() if f"{{{key}}}" not in row.notation}
        self.clear = self.clear and not row.opaque
        if "{key}" in row.notation:
            self.clear = self.clear and "i" not in ops.key_text(x.parameters["key"], whole=True)
        passed = parameters_text(row, hidden)
        if not passed or row.opaque:
            return made
        self.clear = self.clear and "…" not in passed
        return x.__class__("", shape, calling(row, passed), parts, x.parameters)

    def _call(self, name: str, x: Expression, part: Any, passed: str = "") -> Any:
        assert x.operation is not None
        row = written_row(f"{name}()", f"{name}({{x}}{', ' if passed else ''}{passed})")
        return x.__class__("", x.shape, row, (part,))

    def _array(self, x: Any, mode: Mode) -> Any:
        """Return an array without a name: the same everywhere, or the identity, or nothing that is written out."""
        shape = ops.shape_of(x)
        cells = set(x.ravel().tolist()) if x.size else {0.0}
        if len(cells) == 1:
            return self._constant(float(cells.pop()), shape, mode)
        if mode != "term" and len(shape) == 2 and np.array_equal(x, np.eye(*shape)):
            size = shape[:1] if shape[0] == shape[1] else shape
            return Expression("", shape, written_row("eye()", f"eye({shape_text(size)})"), (1.0,))
        self.clear = self.clear and mode == "term" and len(shape) == 2 and np.array_equal(x, np.eye(*shape))
        return x

    def _constant(self, value: float, shape: Shape, mode: Mode) -> Any:
        """Return an array that is the same number everywhere."""
        if mode != "exact" or not shape:
            return value
        ones = Expression("", shape, written_row("ones()", f"ones({shape_text(shape)})"), (1.0,))
        return ones if value == 1 else Expression("", shape, OPERATIONS["multiply"], (value, ones))

    # Shapes

    def _write_broadcast_to(self, x: Expression, mode: Mode) -> Any:
        operand = x.operands[0]
        if ops.shape_of(operand) == x.shape:
            return self.write(operand, mode)
        if mode in ("term", "filling", "spread"):
            return self.write(operand, "spread" if mode == "spread" else "filling")
        return self._call("broadcast", x, self.write(operand, "exact"), f"shape={tuple_text(x.shape)}")

    def _write_sum_to(self, x: Expression, mode: Mode) -> Any:
        if math.prod(x.shape) == ops.size_of(x.operands[0]):
            return self._write_reshape(x, mode)
        return self._reduction(x, mode)

    def _write_reshape(self, x: Expression, mode: Mode) -> Any:
        operand = x.operands[0]
        before = ops.shape_of(operand)
        if before == x.shape:
            return self.write(operand, mode)
        outside = number_outside(x)
        if outside is not None:
            return self.write(outside, mode)
        if without_ones(before) == without_ones(x.shape):
            if mode == "term":
                return self.write(operand, "settled")
            if mode != "exact" and without_leading_ones(before) == without_leading_ones(x.shape):
                return self.write(operand, "settled" if mode in TERMS else "level")
            if is_reduction(operand) and x.shape == kept_shape(operand):
                # What was summed away and put back stays.
                found = self._marked(operand, x.shape)
                if found is not None:
                    return found
            if len(before) == 1 and x.shape == (1, *before):
                return x.__class__("", x.shape, OPERATIONS["transpose"], (self.write(operand, "exact"),))
            key = inserted_axes(before, x.shape)
            if key:
                row = written_row("index()", f"{{x}}[{key}]", INDEX)
                return x.__class__("", x.shape, row, (self.write(operand, "exact"),))
        passed = "" if mode == "term" else f"shape={tuple_text(x.shape)}"
        return self._call("reshape", x, self.write(operand, "exact"), passed)

    def _write_transpose(self, x: Expression, mode: Mode) -> Any:
        operand, axes = x.operands[0], x.parameters.get("axes")
        n = len(x.shape)
        if n < 2:
            return self.write(operand, mode)
        if is_constant(operand) and not ops.shape_of(operand.parameters["value"]):
            return self._constant(operand.parameters["value"], x.shape, mode)
        if is_column(operand):
            return x.__class__("", x.shape, OPERATIONS["transpose"], (self.write(operand.operands[0], "exact"),))
        order = tuple(reversed(range(n))) if axes is None else tuple(axes)
        part = self.write(operand, "exact")
        if order == (*range(n - 2), n - 1, n - 2):
            return x.__class__("", x.shape, OPERATIONS["transpose"], (part,))
        return self._call("transpose", x, part, "" if axes is None else f"axes={tuple_text(order)}")

    # Products

    def _write_matmul(self, x: Expression, mode: Mode) -> Any:
        return self._product(x, x.operands[0], x.operands[1], mode)

    def _product(self, x: Expression, left: Any, right: Any, mode: Mode) -> Any:
        a, b = len(ops.shape_of(left)), len(ops.shape_of(right))
        product = OPERATIONS["matmul"]
        shape = x.shape
        if a == 1:
            matrix, vector = (right, left) if b > 1 else (left, right)
            first, second = self._turned(matrix), self.write(vector, "exact")
        else:
            first = self.write(left.operands[0] if is_column(left) and b > 1 else left, "exact")
            if mode == "term" and a == 2 and is_column(right):
                right, shape = right.operands[0], shape[:-1]
            second = self.write(right, "exact")
        if shape == (1,) and ops.shape_of(first)[0] == 1 and len(ops.shape_of(second)) == 1:
            # A row times a column is a number.
            number = x.__class__("", (), product, (first, second))
            return self._call("reshape", x, number, "shape=(1,)") if mode == "exact" else number
        return x.__class__("", shape, product, (first, second))

    def _turned(self, value: Any) -> Any:
        """Return the transpose; two undo each other."""
        shape = ops.shape_of(value)
        turned = (1, *shape) if len(shape) == 1 else (*shape[:-2], shape[-1], shape[-2])
        written = self.write(value, "exact")
        if isinstance(written, Expression) and written.operation is OPERATIONS["transpose"] and len(shape) > 1:
            return written.operands[0]
        return written.__class__("", turned, OPERATIONS["transpose"], (written,))

    def _write_scatter(self, x: Expression, mode: Mode) -> Any:
        key = ops.key_text(x.parameters["key"], whole=True)
        self.clear = self.clear and "i" not in key
        passed = f"[{key}]" if mode == "term" else f"[{key}], shape={tuple_text(x.shape)}"
        return self._call("put", x, self.write(x.operands[0], "exact"), passed)

    def _write_affine(self, x: Expression, mode: Mode) -> Any:
        left, right, bias = x.operands
        if len(ops.shape_of(left)) > 1:
            return self._with(x, tuple(self.write(p, "exact") for p in x.operands))
        product = self._product(x, left, right, "exact")
        return x.__class__("", x.shape, OPERATIONS["add"], (product, self.write(bias, "spread")))

    def _write_outer(self, x: Expression, mode: Mode) -> Any:
        parts = tuple(self.write(p, "exact") for p in x.operands)
        if all(len(ops.shape_of(part)) == 1 for part in parts):
            return self._with(x, parts)
        return x.__class__("", x.shape, calling(x.operation, ""), parts)

    def _write_cross_entropy(self, x: Expression, mode: Mode) -> Any:
        y, t = x.operands
        shape = ops.shape_of(y)
        if len(ops.shape_of(t)) < len(shape):
            assert x.operation is not None
            return x.__class__("", x.shape, calling(x.operation, ""), tuple(self.write(p, "exact") for p in x.operands))
        log = x.__class__("", shape, OPERATIONS["log"], (y,))
        total = x.__class__("", (), OPERATIONS["sum"], (x.__class__("", shape, OPERATIONS["multiply"], (t, log)),))
        made: Any = x.__class__("", (), OPERATIONS["negative"], (total,))
        batch = math.prod(shape[:-1])
        return self.write(made if batch == 1 else x.__class__("", (), OPERATIONS["divide"], (made, float(batch))), mode)

    def _write_attention(self, x: Expression, mode: Mode) -> Any:
        parts = tuple(self.write(p, "exact") for p in x.operands)
        assert x.operation is not None
        passed = parameters_text(x.operation, x.parameters)
        if len(parts) == 3 and not passed:
            return self._with(x, parts)
        names = ("q", "k", "v", "m")[: len(parts)]
        notation = f"attention({', '.join(f'{{{name}}}' for name in names)}{', ' if passed else ''}{passed})"
        return x.__class__("", x.shape, replace(written_row("attention()", notation), operands=names), parts)

    def _write_power(self, x: Expression, mode: Mode) -> Any:
        base, exponent = x.operands
        if x.shape and isinstance(exponent, int | float) and exponent == -1:
            # X⁻¹ is the inverse of a matrix.
            return self._with(
                x.__class__("", x.shape, OPERATIONS["divide"], (1.0, base)), (1.0, self.write(base, mode))
            )
        modes = modes_of_operands(x, mode)
        return self._elements(x, mode, [self.write(p, m) for p, m in zip(x.operands, modes, strict=True)])

    # Reductions

    def _reduction(self, x: Expression, mode: Mode) -> Any:
        operand = x.operands[0]
        before, axes = ops.shape_of(operand), axes_of(x)
        assert x.operation is not None
        if not before:
            return self._with(x, (self.write(operand, "exact"),))
        bare = self._bare(x)
        word = x.operation.word or x.operation.name
        whole, is_sum = len(axes) == len(before) and not x.shape, word == "sum"
        if mode == "term":
            if bare is not None and (whole or (is_sum and axes == missing_axes(before, x.shape))):
                return bare
        elif whole and bare is not None and (mode not in TERMS or not is_sum):
            return bare
        kept = kept_shape(x)
        fits = (
            without_ones(kept) == without_ones(x.shape)
            if mode == "term"
            else without_leading_ones(kept) == without_leading_ones(x.shape)
        )
        if (fits if mode != "exact" else kept == x.shape) and x.shape:
            found = self._marked(x, kept)
            if found is not None:
                return found
        passed = {
            key: value for key, value in x.parameters.items() if key not in ("shape", "axis", "keepdims") and value
        }
        dropped = tuple(n for i, n in enumerate(before) if i not in axes)
        if dropped:
            passed["axis"] = axes[0] if len(axes) == 1 else axes
        if x.shape == kept:
            passed["keepdims"] = True
        text = ", ".join(f"{key}={parameter_text(value)}" for key, value in passed.items())
        made = self._call(word, x, self.write(operand, "exact"), text)
        if x.shape in (kept, dropped):
            return made
        return self._call("reshape", x, made, f"shape={tuple_text(x.shape)}")

    def _bare(self, x: Expression) -> Any:
        """Return a reduction without axes; ``None`` where its notation does not say all else."""
        assert x.operation is not None
        notation = (x.operation.over_axes or x.operation.notation).replace("{axes}", "")
        return None if has_other_parameters(x) else self._noted(x, x.shape, notation)

    def _marked(self, x: Expression, shape: Shape) -> Any:
        """Return a reduction with its axes below; ``None`` where that cannot be written."""
        assert x.operation is not None
        notation = x.operation.over_axes
        if not notation or has_other_parameters(x) or max(axes_of(x), default=0) > 9:
            return None
        digits = "".join(str(a).translate(LOWERED) for a in axes_of(x))
        return self._noted(x, shape, notation.replace("{axes}", digits))

    def _noted(self, x: Expression, shape: Shape, notation: str) -> Any:
        assert x.operation is not None
        binds = REDUCTION if notation.startswith(("Σ", "Π")) else None
        row = written_row(f"{x.operation.name}()", notation, binds)
        return x.__class__("", shape, row, (self.write(x.operands[0], "exact"),))
