"""How expressions are written: the notation of each row, and no more brackets than a reader needs."""

from __future__ import annotations

import re
from functools import cache, partial, reduce
from typing import Any

from bpviz import ops
from bpviz.formulas.expression import Count, Expression, is_upstream, made_by
from bpviz.formulas.writing import as_written
from bpviz.lazy import LazyModule
from bpviz.ops import Operation
from bpviz.ops.table.binding import ATOM, CHOICE, COMPARISON, POWER, PRODUCT, REDUCTION
from bpviz.text.numerals import number, superscript

__all__ = ["Notation", "Written", "pieces_of", "template", "text_of"]

np: Any = LazyModule("numpy")

Written = tuple[str, int]
"""What is written, and how tightly it binds."""

_HOLE = 0xE000
"""In a template, operands and parameters are single characters from here on: a private range of Unicode."""


def text_of(value: Any) -> str:
    """Return an expression or a number as one line of text.

    >>> text_of(2.0), text_of(Count(3, "n"))
    ('2', 'n')
    """
    return Notation().of(as_written(value))[0]


def pieces_of(value: Any) -> tuple[str | tuple[str, str], ...]:
    """Return the same line in pieces: text, and derivatives as pairs (∂y, ∂x), which can be stacked.

    >>> pieces_of(2.0)
    ('2',)
    """
    return _InPieces().split(value)


@cache
def template(notation: str) -> tuple[str, tuple[str, ...]]:
    """Return a notation with a private character in place of each operand and parameter, and their names.

    >>> template("{x}·{y}")
    ('\ue000·\ue001', ('x', 'y'))
    """
    names = tuple(dict.fromkeys(re.findall(r"\{(\w+)\}", notation)))
    return re.sub(r"\{(\w+)\}", lambda found: chr(_HOLE + names.index(found[1])), notation), names


class Notation:
    """How expressions become text. `bpviz.formulas.latex` writes the parts differently, and brackets alike."""

    def of(self, value: Any) -> Written:
        """Return an expression or a number, written, and how tightly that binds."""
        # Sums and products may have thousands of terms: they are followed down without recursion.
        spine = []
        while any(made_by(value, name) for name in ("add", "add_up", "subtract", "multiply")):
            if made_by(value, "add_up"):
                # The sum of several is written as that of the first two and the next, and so on.
                value = reduce(partial(Expression.of, "add"), value.operands)
            spine.append(value)
            value = value.operands[0]
        written = self._one(value)
        for outer in reversed(spine):
            written = self._operation(outer, written)
        return written

    # What another script writes differently

    def name(self, value: Expression) -> str:
        """Return a named value as text."""
        return value.name

    def number(self, value: float) -> str:
        """Return a number as text."""
        return number(value)

    def letter(self, name: str) -> str:
        """Return a letter that stands for a number of elements, or a sign for what is not written out."""
        return name

    def parameter(self, value: Any) -> str:
        """Return a parameter of an operation as text."""
        return str(value)

    def raised(self, base: str, exponent: str) -> str:
        """Return a power with a number as its exponent."""
        return base + superscript(exponent)

    def bracketed(self, text: str) -> str:
        """Return something in brackets."""
        return f"({text})"

    def template(self, notation: str) -> tuple[str, tuple[str, ...]]:
        """Return a row's notation, ready to be filled (see `template`)."""
        return template(notation)

    def closed_by(self, before: str, after: str) -> bool:
        """Return whether what stands between these needs no brackets, because nothing there can be misread."""
        return before.endswith(("(", "[", "|", "‖", "⌊", "⌈", ", ")) and after.startswith(tuple(")]|‖⌋⌉,;"))

    def fitted(self, text: str, before: str, after: str) -> str:
        """Return an operand, bracketed where it must be, as it stands between these."""
        # Inverted and transposed: X⁻ᵀ.
        return text.removesuffix("¹") if after.startswith("ᵀ") and text.endswith("⁻¹") else text

    # What is the same in all

    def _one(self, value: Any) -> Written:
        if isinstance(value, Count):
            return self.letter(value.name), ATOM
        if not isinstance(value, Expression):
            if isinstance(value, int | float):
                return self.number(float(value)), (ATOM if value >= 0 else PRODUCT)
            return (self.letter(_of_array(value)) if ops.shape_of(value) else self.parameter(value)), ATOM
        operation = value.operation
        if operation is not None:
            return self._operation(value, self.of(value.operands[0]))
        if "value" in value.parameters:
            return self._one(value.parameters["value"])
        if is_upstream(value):
            return self.name(value), PRODUCT
        # A name may look like an expression: (a/b)².
        plain = re.fullmatch(r"[^-+*/^=<>·∘−×]*|\w+′\(.*\)", value.name)
        return self.name(value), (ATOM if plain else CHOICE)

    def _operation(self, value: Expression, first: Written) -> Written:
        """Return an operation whose first operand is written already."""
        operation = value.operation
        assert operation is not None
        binds = _binding(operation)
        if operation.name == "power" and isinstance(value.operands[1], int | float):
            return self.raised(self._at_least(first, binds + 1), number(float(value.operands[1]))), binds
        notation = operation.notation
        if operation.name == "multiply" and _elementwise(value):
            # Element by element, as opposed to the product of matrices.
            notation = "{x} ∘ {y}"
        if operation.name == "divide" and is_upstream(value.operands[0]):
            # ∂L/∂z/y would look as if y belonged to the derivative.
            notation = "{x}·1/{y}"
        return self._filled(notation, operation, value, first, binds), binds

    def _filled(self, notation: str, operation: Operation, value: Expression, first: Written, binds: int) -> str:
        line, names = self.template(notation)
        given = value.parameters
        if "key" in given:
            given = {**given, "key": ops.key_text(given["key"], whole=True)}
        parts = {name: self.parameter(x) for name, x in {**operation.parameters, **given}.items() if name in names}
        written = [first, *map(self.of, value.operands[1:])]
        if operation.variadic:
            count = len(operation.operands) - 1
            parts[operation.operands[-1]] = ", ".join(text for text, _ in written[count:])
            written = written[:count]
        for at, (name, operand) in enumerate(zip(operation.operands, written, strict=False)):
            if name in names:
                before, _, after = line.partition(chr(_HOLE + names.index(name)))
                text = self._operand(before, after, value, at, operand, binds)
                parts[name] = self.fitted(text, before, after)
        return re.sub("[\ue000-\ue0ff]", lambda hole: parts[names[ord(hole[0]) - _HOLE]], line)

    def _operand(self, before: str, after: str, value: Expression, at: int, written: Written, binds: int) -> str:
        """Return an operand where it stands, in brackets where it needs them."""
        assert value.operation is not None
        operand = value.operands[at]
        if self.closed_by(before, after) or (is_upstream(operand) and _apart(before, after)):
            return written[0]
        if _mixes(value, operand, at):
            return self.bracketed(written[0])
        return self._at_least(written, _need(value.operation, at))

    def _at_least(self, written: Written, least: int) -> str:
        text, binds = written
        # After a sign of multiplication a Σ takes all that follows: nothing does.
        loose = least == PRODUCT and binds == REDUCTION
        return text if binds >= least or loose else self.bracketed(text)


class _InPieces(Notation):
    """Text in which every derivative is a character of its own, to be split there."""

    def __init__(self) -> None:
        self.derivatives: list[tuple[str, str]] = []

    def name(self, value: Expression) -> str:
        if value.derivative is None or not value.derivative[0]:
            # A name may hold any character.
            return re.sub(f"[{_FIRST}-{_LAST}]", "", value.name)
        of, by = value.derivative
        self.derivatives.append((f"∂{of}", f"∂{by}"))
        return chr(ord(_FIRST) + len(self.derivatives) - 1)

    def split(self, value: Any) -> tuple[str | tuple[str, str], ...]:
        pieces = re.split(f"([{_FIRST}-{_LAST}])", self.of(as_written(value))[0])
        return tuple(self.derivatives[ord(p) - ord(_FIRST)] if i % 2 else p for i, p in enumerate(pieces) if p)


_FIRST, _LAST = "\U000f0000", "\U000ffffd"
"""Another private range of Unicode, for derivatives."""


def _of_array(value: Any) -> str:
    """Return the letter of the identity matrix; another array is not written out."""
    shape = ops.shape_of(value)
    return "I" if len(shape) == 2 and np.array_equal(value, np.eye(*shape)) else "…"


def _elementwise(value: Expression) -> bool:
    return all(isinstance(x, Expression) and x.shape for x in value.operands)


def _binding(operation: Operation) -> int:
    """Return how tightly a notation binds: as its row says, or as is seen of it."""
    if operation.binds is not None:
        return operation.binds
    # Closed by brackets of its own; a raised sign after its operand; or hardly.
    if re.fullmatch(r"[\w √∛-]*[(\[|‖⌊⌈].*[)\]|‖⌋⌉]", operation.notation):
        return ATOM
    return POWER if re.fullmatch(r"\{\w+\}[^\s{}·/]+", operation.notation) else COMPARISON


def _need(operation: Operation, at: int) -> int:
    """Return how tightly an operand must bind to do without brackets."""
    if operation.needs:
        return operation.needs[at]
    return POWER + 1 if operation.binds is None else operation.binds


def _apart(before: str, after: str) -> bool:
    """Return whether an operand stands free, so that a fraction is not misread."""
    return (before + after != "") and before[-1:] in ("", " ", "·") and after[:1] in ("", " ", "·")


def _mixes(value: Expression, operand: Any, at: int) -> bool:
    """Return whether two kinds of product meet in no agreed order of reading, or a Σ would reach too far."""
    if not isinstance(operand, Expression) or value.operation is None or operand.operation is None:
        return False
    # Three products share one sign: of numbers, by elements, and of matrices. Which of them meet here is found by name.
    outer, inner = value.operation.name, operand
    name = operand.operation.name
    if outer in ("multiply", "divide", "matmul") and at and name == "negative":
        # Not X ∘ −s·Y.
        return True
    if outer == "matmul":
        if _goes_by_elements(inner):
            return True
        return _ends_in_matmul(inner) if at else _ends_in_sum(inner)
    if outer not in ("multiply", "divide"):
        return False
    if at == 0:
        # (xᵀ·y)·x, too: a number that is a product of matrices itself.
        return (bool(ops.shape_of(value.operands[1])) and _ends_in_matmul(inner)) or _ends_in_sum(inner)
    if _elementwise(value):
        return _ends_in_matmul(inner) or (name == "multiply" and not _elementwise(inner))
    return name == "matmul" and bool(ops.shape_of(value.operands[0]))


def _goes_by_elements(value: Any) -> bool:
    """Return whether something in a product is multiplied or divided element by element."""
    while made_by(value, "multiply") or made_by(value, "divide"):
        if _elementwise(value) or (made_by(value, "divide") and ops.shape_of(value.operands[1])):
            return True
        value = value.operands[0]
    return False


def _ends_in_matmul(value: Expression) -> bool:
    """Return whether this is a product of matrices, or a number times one."""
    while made_by(value, "multiply") and not _elementwise(value):
        value = value.operands[1]
    return made_by(value, "matmul")


def _ends_in_sum(value: Any) -> bool:
    while isinstance(value, Expression) and value.operation is not None:
        if value.operation.binds == REDUCTION:
            return True
        if value.operation.name not in ("multiply", "matmul", "negative"):
            return False
        value = value.operands[-1]
    return False
