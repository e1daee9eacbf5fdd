"""What numbers say, in words: the sentences, tables and sums of an explanation."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from bpviz import ops
from bpviz.chains import Chain, Link, Path
from bpviz.changes import Change
from bpviz.document import Block, Heading, Lines, Paragraph, Table
from bpviz.figures.content import shape_text, spoken
from bpviz.influences import Influence
from bpviz.lazy import LazyModule
from bpviz.number import MINUS, number, superscript
from bpviz.sharing import KeptValue, Sharing

__all__ = [
    "chain_blocks",
    "change_sentences",
    "change_table",
    "changes_text",
    "influence_table",
    "kept_blocks",
    "sentence",
    "shared_blocks",
    "shown",
    "shown_count",
]

np: Any = LazyModule("numpy")

_CELLS = 9
"""The most elements of an array that are written out in a line."""
_FORMULA = 80
"""The most characters of a formula in a table."""
_ENDS = 3
"""So many links are shown at both ends of a chain that is too long."""


# Numbers in a line


def shown(value: Any, precision: int = 4) -> str:
    """A number, the rows of a small array, or the shape of a larger one.

    >>> import numpy as np
    >>> shown(2.0), shown(np.array([[1.0, 2.0]])), shown(np.ones((20, 3)))
    ('2', '[1, 2]', 'shape (20, 3)')
    """
    shape = ops.shape_of(value)
    if math.prod(shape) > _CELLS or len(shape) > 2 or not math.prod(shape):
        return f"shape {shape_text(shape)}"
    return spoken(value, precision)


def _shown_gradient(value: Any, precision: int) -> str:
    """A gradient likewise; of a larger one its length as well."""
    text = shown(value, precision)
    return f"{text}, length {number(float(np.linalg.norm(value)), precision)}" if text.startswith("shape") else text


def shown_count(count: int) -> str:
    """A count of any size.

    >>> shown_count(3), shown_count(1234567), shown_count(2**60), shown_count(2**20000)
    ('3', '1,234,567', '1.153×10¹⁸', '3.98×10⁶⁰²⁰')
    """
    if count < 10**12:
        return f"{count:,}"
    # Logarithms take whole numbers of any size, where floats would overflow.
    power = int(math.log10(count))
    return f"{number(10 ** (math.log10(count) - power), 4)}×10{superscript(str(power))}"


def _grows(amount: float, precision: int) -> str:
    """What a change of this size is called.

    >>> _grows(2.2, 4), _grows(-0.5, 4), _grows(0.0, 4)
    ('grows by 2.2', 'falls by 0.5', 'stays the same')
    """
    if not math.isfinite(amount):
        return "is no longer finite"
    if amount == 0:
        return "stays the same"
    return f"{'grows' if amount > 0 else 'falls'} by {number(abs(amount), precision)}"


def _signed(amount: float, precision: int) -> str:
    text = number(amount, precision)
    return text if text.startswith(MINUS) or text in ("0", "NaN") else f"+{text}"


# Variables


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
            _shown_gradient(influence.gradient, precision),
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
        return f"{every}cannot be told: the gradient is not finite"
    if influence.straight:
        return every + _grows(influence.slope, precision)
    rate = f"at a rate of {number(influence.slope, precision)}"
    if influence.grown is None:
        return f"{every}changes {rate}"
    return f"{every}{_grows(influence.grown, precision)} ({rate} at first)"


def sentence(influence: Influence, output: str, precision: int = 4) -> str:
    """What the gradient of a variable says, in a sentence that holds."""
    name, slope = influence.name, influence.slope
    if not influence.reaches:
        return f"No gradient flows back from {output} to {name}."
    if not math.isfinite(slope):
        return f"The gradient with respect to {name} is not finite, so nothing can be foretold."
    what = name if influence.is_number else f"every element of {name}"
    if influence.straight:
        said = f"When {what} grows by 1, {output} {_grows(slope, precision)}."
    else:
        size = number(abs(slope), precision)
        way = "grows" if slope > 0 else "falls"
        rate = f"{way} {size} times as much" if slope else "hardly changes"
        said = f"When {what} grows a little, {output} {rate}"
        said += "." if influence.grown is None else f"; by 1, it {_grows(influence.grown, precision)}."
    if influence.is_number or np.size(influence.value) < 2:
        return said
    place = np.unravel_index(int(np.argmax(np.abs(influence.gradient))), np.shape(influence.gradient))
    where = f"{name}[{', '.join(str(int(i)) for i in place)}]"
    most = number(float(influence.gradient[place]), precision)
    return f"{said} The element that matters most is {where}, with {most}." if most != "0" else said


# Chains


def chain_blocks(chain: Chain, output: str, precision: int = 4) -> tuple[Block, ...]:
    """How a value reaches the output: link by link where there is one path, else path by path, and their sum."""
    whole = f"d{output}/d{chain.name}"
    if not chain.count:
        return (Paragraph(f"No path leads from {chain.name} to {output}."),)
    if chain.stages:
        return _stage_blocks(chain, output, precision)
    if chain.count == 1:
        return (Lines((" = ".join([whole, *_links(chain.paths[0], whole, chain.seed, precision)]),)),)
    lines = [
        f"{' → '.join(_elided(path.names))}: {' = '.join(_links(path, '', chain.seed, precision))}"
        for path in chain.paths
    ]
    return (
        Paragraph(_ways(chain, output)),
        Lines((*_once(lines), *_sum(chain, whole, [path.product for path in chain.paths], precision))),
    )


def _stage_blocks(chain: Chain, output: str, precision: int) -> tuple[Block, ...]:
    """Among arrays: the gradients on the way, from the output back; and what each path adds."""
    lines = []
    for at, stage in enumerate(chain.stages):
        if chain.skipped and at == len(chain.stages) // 2:
            lines.append(f"… ({shown_count(chain.skipped)} more on the way)")
        parts = [part for part in (stage.derivative, stage.formula) if part]
        lines.append(" = ".join([*parts, _shown_gradient(stage.gradient, precision)]))
    route = f"{chain.name} reaches {output} along one path: {' → '.join(_elided(chain.paths[0].names))}."
    if chain.count == 1:
        return (Paragraph(route), Lines(tuple(lines)))
    products = [_shown_gradient(path.product, precision) for path in chain.paths]
    paths = _once([f"{' → '.join(_elided(p.names))}: {text}" for p, text in zip(chain.paths, products, strict=True)])
    left = chain.count - len(products)
    paths += [f"… and {shown_count(left)} more"] if left else []
    whole = chain.stages[-1].derivative or f"d{chain.name}"
    paths.append(f"{whole} = their sum = {_shown_gradient(chain.total, precision)}")
    return (Lines(tuple(lines)), Paragraph(_ways(chain, output)), Lines(tuple(paths)))


def _once(lines: Sequence[str]) -> list[str]:
    """Lines that say the same after one another as one: both wires of x·x, or long paths without their middles."""
    counts = [(line, len(list(same))) for line, same in groupby(lines)]
    return [line if count == 1 else f"{line}   ({count} times)" for line, count in counts]


def _ways(chain: Chain, output: str) -> str:
    said = f"{chain.name} reaches {output} along {shown_count(chain.count)} paths; what they bring adds up"
    if len(chain.paths) == chain.count:
        return f"{said}."
    which = "largest" if chain.exact else "largest found"
    return f"{said}. These are the {which} {len(chain.paths)}."


def _sum(chain: Chain, whole: str, products: Sequence[float], precision: int) -> tuple[str, ...]:
    texts = [number(float(product), precision) for product in products]
    terms = texts[0] + "".join(f" {MINUS} {t[1:]}" if t.startswith(MINUS) else f" + {t}" for t in texts[1:])
    left = chain.count - len(products)
    rest = f" + … ({shown_count(left)} more)" if left else ""
    return (f"{whole} = {terms}{rest} = {number(float(chain.total), precision)}",)


def _links(path: Path, whole: str, seed: float, precision: int) -> list[str]:
    """The product of a path's links: as derivatives, as formulas, as numbers, and what comes out."""
    links: list[Link] = list(path.links)
    derivatives = [f"d{link.target}/d{link.source}" for link in links]
    formulas = [link.formula for link in links]
    numbers = [number(link.slope, precision) for link in links]
    if seed != 1:
        # What starts at the output is a factor of all that comes back.
        for factors in (derivatives, formulas, numbers):
            factors.append(number(float(seed), precision))
    if len(derivatives) > 1:
        formulas, numbers = [_factor(text) for text in formulas], [_factor(text) for text in numbers]
    said = [" · ".join(_elided(derivatives)), " · ".join(_elided(formulas)) if all(formulas) else ""]
    said += [" × ".join(_elided(numbers)), number(float(path.product), precision)]
    kept: list[str] = []
    for part in said:
        # Where the formula is the number itself, it is said once.
        if part and part != whole and not (kept and part.replace("×", "·") == kept[-1].replace("×", "·")):
            kept.append(part)
    return kept


def _factor(text: str) -> str:
    """A formula as a factor: in brackets where it is a sum, or begins with a minus.

    >>> _factor("n·t"), _factor("1 − y"), _factor("−x"), _factor("exp(1 − y)")
    ('n·t', '(1 − y)', '(−x)', 'exp(1 − y)')
    """
    inside, outside = "", text
    while inside != outside:
        # What stands in brackets, the innermost first.
        inside, outside = outside, re.sub(r"[(\[|][^()\[\]|]*[)\]|]", "", outside)
    return f"({text})" if " " in outside or text.startswith(MINUS) else text


def _elided(parts: Sequence[str]) -> list[str]:
    """A long row of parts without its middle."""
    if len(parts) <= 2 * _ENDS + 2:
        return list(parts)
    return [*parts[:_ENDS], f"… ({shown_count(len(parts) - 2 * _ENDS)} more) …", *parts[-_ENDS:]]


# What is shared, and what is kept


def shared_blocks(sharing: Sharing) -> tuple[Block, ...]:
    """What the backward pass computes once for several uses, and what that saves."""
    if not sharing.factors:
        return ()
    told = []
    for factor in sharing.factors:
        made = f"{factor.name} = {factor.formula}" if factor.formula != factor.name else factor.name
        often = f"{len(factor.uses)} times: " if len(factor.uses) > 1 else "several times on the way to "
        told.append(f"{made} is computed once and used {often}{', '.join(factor.uses)}.")
    saved = (
        f"With sharing the backward pass takes {_operations(sharing.operations)}, "
        f"without {shown_count(sharing.without)}."
    )
    return (Heading("Computed once, used several times"), *map(Paragraph, told), Paragraph(saved))


def _operations(count: int) -> str:
    return f"{shown_count(count)} operation{'s' if count != 1 else ''}"


def kept_blocks(values: Sequence[KeptValue], called: Mapping[str, str], most: int = 20) -> tuple[Block, ...]:
    """Which values of the forward pass the backward pass needs, and how much memory they take.

    ``called`` tells what values without a name of their own are called.
    """
    kept = [value for value in values if value.kept]
    if not kept:
        return ()
    size = shown_count(sum(value.bytes for value in kept))
    said = f"Kept for the way back ({size} bytes): {_listed(kept, called, most)}."
    free = [value for value in values if not value.kept and value.kind == "operation"]
    if free:
        said += f" Not needed again: {_listed(free, called, most)}."
    return (Heading("What the way back needs"), Paragraph(said))


def _listed(values: Sequence[KeptValue], called: Mapping[str, str], most: int) -> str:
    names = [called.get(value.name, value.name) for value in values[:most]]
    return ", ".join(names) + (f" and {shown_count(len(values) - most)} more" if len(values) > most else "")


# Changes


def changes_text(changes: Sequence[Change], precision: int = 4) -> str:
    """What is changed, in a few words: ``tax = 1.2, price = 200``."""
    return ", ".join(f"{change.name} = {shown(change.after, precision)}" for change in changes)


def change_table(changes: Sequence[Change], together: Change, output: str, precision: int = 4) -> Table:
    """The changed inputs, one by one and together: the change foretold, the true one, and how they differ."""
    header = ("change", "from", "to", "gradient", "predicted", "true", "difference")
    rows = [
        (
            change.name,
            shown(change.before, precision),
            shown(change.after, precision),
            number(change.slope, precision) if not ops.shape_of(change.before) else "",
            *_numbers(change, precision),
        )
        for change in changes
    ]
    if len(changes) > 1:
        rows.append(("all together", "", "", "", *_numbers(together, precision)))
    return Table(f"What a change of the inputs does to {output}", header, tuple(rows))


def _numbers(change: Change, precision: int) -> tuple[str, str, str]:
    return (
        _signed(change.predicted, precision),
        _signed(change.true, precision),
        _signed(change.difference, precision),
    )


def change_sentences(changes: Sequence[Change], together: Change, output: str, precision: int = 4) -> tuple[Block, ...]:
    """A sentence for every change: how what is foretold and what comes true agree, and why where they do not."""
    told = [_reason(change, output, precision) for change in changes]
    alone = sum(change.true for change in changes)
    if len(changes) > 1:
        foretold = f"All together {output} is foretold to {_will(together.predicted, precision)}"
        if not together.same_way:
            told.append(f"{foretold}, but with the new values the model computes other steps.")
        elif math.isclose(alone, together.true, rel_tol=1e-9, abs_tol=1e-12):
            told.append(f"{foretold}, and it {_grows(together.true, precision)}: what each change does just adds up.")
        else:
            told.append(
                f"{foretold}, but it {_grows(together.true, precision)}: one by one the changes bring "
                f"{_signed(alone, precision)}, and each of them changes the slopes of the others."
            )
    return tuple(map(Paragraph, told))


def _will(amount: float, precision: int) -> str:
    return _grows(amount, precision).replace("grows", "grow").replace("falls", "fall").replace("stays", "stay")


def _reason(change: Change, output: str, precision: int) -> str:
    name = change.name
    step = f"{name} goes from {shown(change.before, precision)} to {shown(change.after, precision)}"
    came = f"{step}: {output} {_grows(change.true, precision)}"
    if not change.same_way:
        return f"{came}. With the new value the model computes other steps, which the gradient could not foresee."
    if not change.reaches:
        return f"{came}. No gradient flows back to {name}, so nothing of this was foretold."
    if not math.isfinite(change.difference):
        return f"{came}. The gradient or the output is not finite there, so nothing can be compared."
    if change.difference == 0:
        factors = ""
        if not ops.shape_of(change.before):
            moved = number(float(change.after) - float(change.before), precision)
            factors = f", as the gradient foretells: {_factor(moved)} × {_factor(number(change.slope, precision))}"
        return f"{came}{factors or ', as the gradient foretells'}."
    little = "little" if abs(change.true) > abs(change.predicted) or change.true * change.predicted < 0 else "much"
    if change.slope_after == change.slope or not math.isfinite(change.slope_after):
        why = f"the slope is the same at both ends, but {output} does not follow a straight line in between"
    else:
        along = "slope" if not ops.shape_of(change.before) else "slope along the step"
        why = (
            f"the {along} changes on the way from {number(change.slope, precision)} "
            f"to {number(change.slope_after, precision)}"
        )
    foretold, off = _signed(change.predicted, precision), number(abs(change.difference), precision)
    return f"{came}. The gradient foretells {foretold}, too {little} by {off}: {why}."
