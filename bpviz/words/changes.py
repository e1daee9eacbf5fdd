"""Changes in a table, and why what was foretold and what came true may differ."""

from __future__ import annotations

import math
from collections.abc import Sequence

from bpviz import ops
from bpviz.analysis.changes import Change
from bpviz.documents.document import Block, Paragraph, Table
from bpviz.text.language import ENGLISH, Language
from bpviz.text.numerals import digits_apart, number
from bpviz.words.numbers import factor, grows, shown_apart, signed

__all__ = ["change_sentences", "change_table", "changes_text"]


def changes_text(changes: Sequence[Change], precision: int = 4, say: Language = ENGLISH) -> str:
    """What is changed, in a few words: ``tax = 1.2, price = 200``."""
    return say(", ").join(
        f"{change.name} = {shown_apart(change.before, change.after, precision, say)[1]}" for change in changes
    )


def change_table(
    changes: Sequence[Change], together: Change, output: str, precision: int = 4, say: Language = ENGLISH
) -> Table:
    """The changed inputs, one by one and together: the change foretold, the true one, and how they differ."""
    header = (say("change"), say("from"), say("to"), say("gradient"), say("predicted"), say("true"), say("difference"))
    rows = [
        (
            change.name,
            *shown_apart(change.before, change.after, precision, say),
            number(change.slope, precision) if not ops.shape_of(change.before) else "",
            *_numbers(change, precision),
        )
        for change in changes
    ]
    if len(changes) > 1:
        rows.append((say("all together"), "", "", "", *_numbers(together, precision)))
    return Table(say("What a change of the inputs does to {output}", output=output), header, tuple(rows))


def _numbers(change: Change, precision: int) -> tuple[str, str, str]:
    return (
        signed(change.predicted, precision),
        signed(change.true, precision),
        signed(change.difference, precision),
    )


def change_sentences(
    changes: Sequence[Change], together: Change, output: str, precision: int = 4, say: Language = ENGLISH
) -> tuple[Block, ...]:
    """A sentence for every change: how what is foretold and what comes true agree, and why where they do not."""
    told = [_reason(change, output, precision, say) for change in changes]
    if len(changes) > 1:
        told.append(_whole(changes, together, output, precision, say))
    return tuple(map(Paragraph, told))


def _whole(changes: Sequence[Change], together: Change, output: str, precision: int, say: Language) -> str:
    """What all changes do together."""
    alone = sum(change.true for change in changes)
    filled = {
        "output": output,
        "foretold": _will(together.predicted, precision, say),
        "grows": grows(together.true, precision, say),
        "alone": signed(alone, precision),
    }
    if not together.same_way:
        return say(
            "All together {output} is foretold to {foretold}, but with the new values the model computes other steps.",
            **filled,
        )
    if math.isclose(alone, together.true, rel_tol=1e-9, abs_tol=1e-12):
        return say(
            "All together {output} is foretold to {foretold}, and it {grows}: what each change does just adds up.",
            **filled,
        )
    return say(
        "All together {output} is foretold to {foretold}, but it {grows}: one by one the changes bring {alone}, "
        "and each of them changes the slopes of the others.",
        **filled,
    )


def _will(amount: float, precision: int, say: Language) -> str:
    if not math.isfinite(amount):
        return say("is no longer finite")
    if amount == 0:
        return say("stay the same")
    return say("grow by {amount}" if amount > 0 else "fall by {amount}", amount=number(abs(amount), precision))


def _reason(change: Change, output: str, precision: int, say: Language) -> str:
    name = change.name
    old, new = shown_apart(change.before, change.after, precision, say)
    came = say(
        "{name} goes from {old} to {new}: {output} {grows}",
        name=name,
        old=old,
        new=new,
        output=output,
        grows=grows(change.true, precision, say),
    )
    if not change.same_way:
        return came + say(". With the new value the model computes other steps, which the gradient could not foresee.")
    if not change.reaches:
        return came + say(". No gradient flows back to {name}, so nothing of this was foretold.", name=name)
    if not math.isfinite(change.difference):
        return came + say(". The gradient or the output is not finite there, so nothing can be compared.")
    if change.difference == 0:
        if ops.shape_of(change.before):
            return came + say(", as the gradient foretells.")
        moved = factor(number(float(change.after) - float(change.before), precision))
        slope = factor(number(change.slope, precision))
        return came + say(", as the gradient foretells: {change} × {slope}.", change=moved, slope=slope)
    little = abs(change.true) > abs(change.predicted) or change.true * change.predicted < 0
    return came + say(
        ". The gradient foretells {foretold}, too little by {off}: {why}."
        if little
        else ". The gradient foretells {foretold}, too much by {off}: {why}.",
        foretold=signed(change.predicted, precision),
        off=number(abs(change.difference), precision),
        why=_why(change, output, precision, say),
    )


def _why(change: Change, output: str, precision: int, say: Language) -> str:
    """Why what was foretold did not come true."""
    if change.slope_after == change.slope or not math.isfinite(change.slope_after):
        return say(
            "the slope is the same at both ends, but {output} does not follow a straight line in between", output=output
        )
    old, new = digits_apart(change.slope, change.slope_after, precision)
    return say(
        "the slope along the step changes on the way from {old} to {new}"
        if ops.shape_of(change.before)
        else "the slope changes on the way from {old} to {new}",
        old=old,
        new=new,
    )
