"""Formulas at the arrows of a circuit: expressions, and the arithmetic of every rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from bpviz import ops
from bpviz.figure import Fraction, Label, Plain, Row
from bpviz.figures.labels import Names, Subject, Use, Values, total
from bpviz.formulas.expression import is_constant, is_number
from bpviz.formulas.formula import written_out
from bpviz.formulas.latex import latex_of
from bpviz.formulas.notation import pieces_of
from bpviz.formulas.symbols import Symbols
from bpviz.ops.table.unknown import UNKNOWN
from bpviz.text.language import Language
from bpviz.text.latex import line_in_latex
from bpviz.text.numerals import number
from bpviz.words.arithmetic import pulled_back
from bpviz.words.numbers import Numerals
from bpviz.words.values import columns, shape_text

__all__ = ["Expressions", "Rules", "formula_content"]

_STACKED = 36
"""The longest line, in characters, in which derivatives are fractions."""
_LONG = 36
"""The longest formula with its name at a wire, in characters; a longer one gets a number and a note."""
_SPELLED = 600
"""The longest formula in a note, in characters; `Flow.formula` returns the whole."""
_TERMS = 4
"""The most terms of a sum that are written out."""


def formula_content(*parts: Any) -> Plain | Row:
    """Return formulas, numbers and text in one line; derivatives are fractions unless the line is long.

    >>> from bpviz.formulas.formula import derivative, symbol
    >>> formula_content(derivative("y", "x"), " = ", symbol("t"))
    Row(parts=(Fraction(over='∂y', under='∂x'), Plain(text=' = t', marked=False)))
    """
    pieces: list[Plain | Fraction] = []
    for part in parts:
        for piece in (part,) if isinstance(part, str) else pieces_of(part):
            if not isinstance(piece, str):
                pieces.append(Fraction(*piece))
            elif pieces and isinstance(pieces[-1], Plain):
                pieces[-1] = Plain(pieces[-1].text + piece)
            else:
                pieces.append(Plain(piece))
    row = Row(tuple(pieces))
    alone = len(pieces) == 1 and isinstance(pieces[0], Plain)
    if alone or columns(row) > _STACKED:
        return Plain(row.text, latex=" ".join(map(_in_latex, parts)))
    # The text beside fractions has LaTeX only if it is a whole formula.
    formula, last = parts[-1], pieces[-1]
    if isinstance(last, Plain) and last.text == f" = {formula}":
        pieces[-1] = replace(last, latex=f"= {_in_latex(formula)}")
    return Row(tuple(pieces))


def _in_latex(part: Any) -> str:
    return line_in_latex(part) if isinstance(part, str) else latex_of(part)


class Expressions(Names):
    """Formulas: the expression of every value above its wire, that of its gradient below."""

    def __init__(self, subject: Subject) -> None:
        """Read the flow in symbols; without numbers the names alone are shown."""
        super().__init__(subject)
        self.symbols = None if self.flow is None else Symbols(self.flow, self.labels)
        self.long: list[str] = []

    @property
    def notes(self) -> tuple[str, ...]:
        """The long formulas, each with its number."""
        return tuple(f"({count}) = {text}" for count, text in enumerate(self.long, 1))

    def forget(self, notes: tuple[str, ...]) -> None:
        """Forget the long formulas after these notes."""
        del self.long[len(notes) :]

    def forward(self, index: int, name: str, stem: bool) -> Label | None:
        """Return the expression that is computed; the shape of arrays that are given."""
        bare = super().forward(index, name, stem)
        if self.symbols is None:
            return bare
        if self.record.operations[index] is None:
            shape = ops.shape_of(self.value(index))
            return Label(Plain(shape_text(shape))) if shape and stem else None
        if not stem:
            return bare
        called = self.symbols.name(index)
        # The index of values with the same name is written wherever it is not at the end of the wire.
        name = called if called != self.labels[index] else name
        return Label(self._line(name, self.symbols.expression(index)))

    def backward(self, index: int, use: Use, stem: bool) -> Label:
        """Return the derivative, called by its name where it has one."""
        assert self.symbols is not None
        called = self.symbols.called(index) if stem and use.steps else None
        return Label(self._line("" if called is None else called, self.formula(use)))

    def sum(self, index: int, uses: Sequence[Use], say: Language) -> str:
        """Return the derivative with the formula of all uses together."""
        assert self.symbols is not None
        called, formula = self.symbols.called(index), self.formula(uses[0].with_others(uses[1:]))
        if called is None or formula is None:
            return ""
        text = written_out(formula)
        return f"{called} = {text if len(text) <= _SPELLED else f'{text[:_SPELLED]} …'}"

    def formula(self, use: Use) -> Any:
        """Return the gradient that comes back from a use."""
        assert self.symbols is not None
        return total([1.0 if use.seeded else None, *(self.symbols.share(*step) for step in use.steps)])

    def _line(self, called: Any, formula: Any) -> Plain | Row:
        """Return ``called = formula``; a long formula becomes a number, and a note below the figure has it in full."""
        if formula is None:
            return Plain("")
        text = written_out(formula)
        before = [called, " = "] if str(called) not in ("", text) else []
        line = formula_content(*before, formula)
        if columns(line) <= _LONG:
            return line
        self.long.append(text if len(text) <= _SPELLED else f"{text[:_SPELLED]} …")
        return formula_content(*before, f"({len(self.long)})")


def _is_plain(formula: Any) -> bool:
    return formula is None or is_number(formula) or is_constant(formula)


class Rules(Values):
    """The arithmetic of every rule: the upstream gradient times the slope is the gradient that goes on."""

    def __init__(self, subject: Subject) -> None:
        """Read the flow in symbols, for the formulas of arrays."""
        super().__init__(subject)
        arrays = self.flow is not None and any(map(ops.shape_of, self.flow.values))
        self.expressions = Expressions(replace(subject, constants="wires")) if arrays else None

    @property
    def notes(self) -> tuple[str, ...]:
        """The long formulas, each with its number."""
        return self.expressions.notes if self.expressions else ()

    def forget(self, notes: tuple[str, ...]) -> None:
        """Forget the long formulas after these notes."""
        if self.expressions:
            self.expressions.forget(notes)

    def backward(self, index: int, use: Use, stem: bool) -> Label:
        """Return ``1.1 × 2 = 2.2``, ``3 + 3 + 1 = 7`` where paths meet, and for arrays the formula and its value."""
        result = super().backward(index, use, stem)
        if self.expressions is not None and not _is_plain(self.expressions.formula(use)):
            formula = self.expressions.backward(index, use, stem)
            return Label(Row((formula.content, Plain(" = "), result.content)))
        if ops.shape_of(use.share) or any(term is UNKNOWN for term in (use.share, *use.terms)):
            return result
        if len(use.terms) > 1:
            return Label(Plain(f"{self._sum(use.terms)} = {self._number(use.share)}"))
        # The steps of a closed group are hidden.
        if len(use.steps) != 1 or use.box.node is None:
            return result
        upstream, slope = self._rule(*use.steps[0])
        if ops.shape_of(upstream) or ops.shape_of(slope) or upstream is UNKNOWN or slope is UNKNOWN:
            return result
        return Label(Plain(pulled_back(upstream, slope, use.share, Numerals(self.precision))))

    def _rule(self, target: int, slot: int) -> tuple[Any, Any]:
        """Return the gradient that comes back to an operation, and its slope by the operand in this slot."""
        assert self.flow is not None
        operands, values = self.record.operands[target], self.flow.values
        operation = self.record.operations[target]
        assert operation is not None
        rule = operation.rules(len(operands))[slot]
        assert rule is not None
        xs, parameters = [values[i] for i in operands], self.record.parameters.get(target, {})
        return self.flow.gradients[target], ops.pull(rule, 1.0, values[target], xs, parameters)

    def _sum(self, terms: Sequence[Any]) -> str:
        shown = terms if len(terms) <= _TERMS else [*terms[: _TERMS - 1], terms[-1]]
        texts = [self._number(shown[0])]
        texts += [f"− {self._number(-term)}" if term < 0 else f"+ {self._number(term)}" for term in shown[1:]]
        if len(terms) > _TERMS:
            texts.insert(-1, "+ …")
        return " ".join(texts)

    def _number(self, value: Any) -> str:
        return number(float(value), self.precision)
