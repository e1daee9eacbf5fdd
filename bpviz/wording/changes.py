"""Changes in a table, and why what was foretold and what came true may differ."""

from __future__ import annotations

import math
from collections.abc import Sequence

from bpviz import ops
from bpviz.changes import Change
from bpviz.document import Block, Paragraph, Table
from bpviz.number import number
from bpviz.wording.numbers import factor, grows, shown, signed

__all__ = ["change_sentences", "change_table", "changes_text"]


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
        signed(change.predicted, precision),
        signed(change.true, precision),
        signed(change.difference, precision),
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
            told.append(f"{foretold}, and it {grows(together.true, precision)}: what each change does just adds up.")
        else:
            told.append(
                f"{foretold}, but it {grows(together.true, precision)}: one by one the changes bring "
                f"{signed(alone, precision)}, and each of them changes the slopes of the others."
            )
    return tuple(map(Paragraph, told))


def _will(amount: float, precision: int) -> str:
    return grows(amount, precision).replace("grows", "grow").replace("falls", "fall").replace("stays", "stay")


def _reason(change: Change, output: str, precision: int) -> str:
    name = change.name
    step = f"{name} goes from {shown(change.before, precision)} to {shown(change.after, precision)}"
    came = f"{step}: {output} {grows(change.true, precision)}"
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
            factors = f", as the gradient foretells: {factor(moved)} × {factor(number(change.slope, precision))}"
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
    foretold, off = signed(change.predicted, precision), number(abs(change.difference), precision)
    return f"{came}. The gradient foretells {foretold}, too {little} by {off}: {why}."
