"""The table of the variables, and a sentence for each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from bpviz.analysis.influences import Influence
from bpviz.documents.document import Table
from bpviz.lazy import LazyModule
from bpviz.text.language import ENGLISH, Language
from bpviz.text.numerals import number
from bpviz.words.numbers import grows, shown, shown_gradient

__all__ = ["influence_table", "sentence"]

np: Any = LazyModule("numpy")

_FORMULA = 80
"""The longest formula in a table, in characters."""


def influence_table(
    found: Sequence[Influence], output: str, symbol: str, precision: int = 4, say: Language = ENGLISH
) -> Table:
    """Return the table of the variables: meaning, value, and effect on the output.

    ``output`` is what the gradients are of, ``symbol`` how it is written in a derivative.
    """
    header = (
        say("variable"),
        say("meaning"),
        say("value"),
        say("∂{symbol}/∂variable", symbol=symbol),
        say("formula"),
        say("when it grows by 1, {output} …", output=output),
    )
    rows = tuple(
        (
            influence.name,
            influence.meaning or (f"= {influence.expression}" if influence.expression else ""),
            shown(influence.value, precision, say),
            shown_gradient(influence.gradient, precision, say),
            _formula(influence),
            _effect(influence, precision, say),
        )
        for influence in found
    )
    return Table(say("What each value does to {output}", output=output), header, rows)


def _formula(influence: Influence) -> str:
    if not influence.reaches:
        return "0"
    # For arrays, formulas contain other gradients by name: dW = dZᵀ·X.
    called = f"{influence.derivative} = " if influence.derivative.startswith("d") and influence.formula else ""
    text = f"{called}{influence.formula}"
    return text if len(text) <= _FORMULA else f"{text[: _FORMULA - 1]}…"


def _effect(influence: Influence, precision: int, say: Language) -> str:
    if not influence.reaches:
        return say("no gradient flows to it")
    every = "" if influence.is_number else say("(all elements) ")
    if not math.isfinite(influence.slope):
        return say("not known")
    if influence.straight:
        return every + grows(influence.slope, precision, say)
    rate = number(influence.slope, precision)
    if influence.grown is None:
        return every + say("changes at a rate of {rate}", rate=rate)
    grown = grows(influence.grown, precision, say)
    return every + say("{grows} (at a rate of {rate} at first)", grows=grown, rate=rate)


def sentence(influence: Influence, output: str, precision: int = 4, say: Language = ENGLISH) -> str:
    """Return a true sentence about the effect of a variable on the output."""
    name, slope = influence.name, influence.slope
    if not influence.reaches:
        return say("No gradient flows back from {output} to {name}.", output=output, name=name)
    if not influence.is_known:
        return say(
            "The effect of {name} on {output} is not known: its gradient is not known, or too large to be kept.",
            name=name,
            output=output,
        )
    if not math.isfinite(slope):
        return say(
            "The effect of {name} on {output} is not known: not all numbers are finite.", name=name, output=output
        )
    what = name if influence.is_number else say("every element of {name}", name=name)
    if influence.straight:
        growth = grows(slope, precision, say)
        text = say("When {what} grows by 1, {output} {grows}.", what=what, output=output, grows=growth)
    else:
        rate = _rate(slope, precision, say)
        if influence.grown is None:
            text = say("When {what} grows a little, {output} {changes}.", what=what, output=output, changes=rate)
        else:
            text = say(
                "When {what} grows a little, {output} {changes}; by 1, it {grows}.",
                what=what,
                output=output,
                changes=rate,
                grows=grows(influence.grown, precision, say),
            )
    return text if influence.is_number else f"{text}{_foremost(influence, precision, say)}"


def _rate(slope: float, precision: int, say: Language) -> str:
    if not slope:
        return say("hardly changes")
    size = number(abs(slope), precision)
    return say("grows {size} times as much" if slope > 0 else "falls {size} times as much", size=size)


def _foremost(influence: Influence, precision: int, say: Language) -> str:
    """Return a sentence about the element with the largest gradient, if there is one."""
    sizes = np.abs(influence.gradient)
    if sizes.size < 2 or np.sum(sizes >= sizes.max() * (1 - 1e-9)) > 1:
        return ""
    place = np.unravel_index(int(np.argmax(sizes)), sizes.shape)
    where = f"{influence.name}[{', '.join(str(int(i)) for i in place)}]"
    gradient = number(float(influence.gradient[place]), precision)
    return say(" The element that matters most is {where}, with {gradient}.", where=where, gradient=gradient)
