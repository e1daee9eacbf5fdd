"""The table of the variables, and a sentence for each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from bpviz.document import Table
from bpviz.influences import Influence
from bpviz.lazy import LazyModule
from bpviz.number import number
from bpviz.wording.numbers import grows, shown, shown_gradient

__all__ = ["influence_table", "sentence"]

np: Any = LazyModule("numpy")

_FORMULA = 80
"""The most characters of a formula in a table."""


def influence_table(found: Sequence[Influence], output: str, derivative: str, precision: int = 4) -> Table:
    """The table of the variables: what each means, is, and does to the output.

    ``output`` is what the gradients are the gradients of, ``derivative`` what they are called.
    """
    header = ("variable", "meaning", "value", derivative, "formula", f"when it grows by 1, {output} …")
    rows = tuple(
        (
            influence.name,
            influence.meaning or (f"= {influence.expression}" if influence.expression else ""),
            shown(influence.value, precision),
            shown_gradient(influence.gradient, precision),
            _formula(influence),
            _effect(influence, precision),
        )
        for influence in found
    )
    return Table(f"What each value does to {output}", header, rows)


def _formula(influence: Influence) -> str:
    if not influence.reaches:
        return "0"
    # Among arrays formulas speak of other gradients by their names: dW = dZᵀ·X.
    called = f"{influence.derivative} = " if influence.derivative.startswith("d") and influence.formula else ""
    text = f"{called}{influence.formula}"
    return text if len(text) <= _FORMULA else f"{text[: _FORMULA - 1]}…"


def _effect(influence: Influence, precision: int) -> str:
    if not influence.reaches:
        return "no gradient flows to it"
    every = "" if influence.is_number else "(all elements) "
    if not math.isfinite(influence.slope):
        return "cannot be told"
    if influence.straight:
        return every + grows(influence.slope, precision)
    rate = f"at a rate of {number(influence.slope, precision)}"
    if influence.grown is None:
        return f"{every}changes {rate}"
    return f"{every}{grows(influence.grown, precision)} ({rate} at first)"


def sentence(influence: Influence, output: str, precision: int = 4) -> str:
    """What the gradient of a variable says, in a sentence that holds."""
    name, slope = influence.name, influence.slope
    if not influence.reaches:
        return f"No gradient flows back from {output} to {name}."
    if not math.isfinite(slope):
        return f"What {name} does to {output} cannot be told: not all numbers are finite."
    what = name if influence.is_number else f"every element of {name}"
    if influence.straight:
        said = f"When {what} grows by 1, {output} {grows(slope, precision)}."
    else:
        size = number(abs(slope), precision)
        way = "grows" if slope > 0 else "falls"
        rate = f"{way} {size} times as much" if slope else "hardly changes"
        said = f"When {what} grows a little, {output} {rate}"
        said += "." if influence.grown is None else f"; by 1, it {grows(influence.grown, precision)}."
    return said if influence.is_number else f"{said}{_foremost(influence, precision)}"


def _foremost(influence: Influence, precision: int) -> str:
    """The element of an array whose gradient is the largest, where there is one."""
    sizes = np.abs(influence.gradient)
    if sizes.size < 2 or np.sum(sizes >= sizes.max() * (1 - 1e-9)) > 1:
        return ""
    place = np.unravel_index(int(np.argmax(sizes)), sizes.shape)
    where = f"{influence.name}[{', '.join(str(int(i)) for i in place)}]"
    return f" The element that matters most is {where}, with {number(float(influence.gradient[place]), precision)}."
