"""The changes of inputs in a table, and sentences about why the predicted and the true change differ."""

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
    """Return the changed inputs in a few words: ``tax = 1.2, price = 200``."""
    return say(", ").join(
        f"{change.name} = {shown_apart(change.before, change.after, precision, say)[1]}" for change in changes
    )


def change_table(
    changes: Sequence[Change], together: Change, output: str, precision: int = 4, say: Language = ENGLISH
) -> Table:
    """Return the table of the changed inputs, one by one and together: predicted change, true change, difference."""
    header = (say("change"), say("from"), say("to"), say("gradient"), say("predicted"), say("true"), say("difference"))
    rows = [
        (
            change.name,
            *shown_apart(change.before, change.after, precision, say),
            _slope(change, precision, say),
            *_numbers(change, precision, say),
        )
        for change in changes
    ]
    if len(changes) > 1:
        rows.append((say("all together"), "", "", "", *_numbers(together, precision, say)))
    return Table(say("What a change of the inputs does to {output}", output=output), header, tuple(rows))


def _slope(change: Change, precision: int, say: Language) -> str:
    if ops.shape_of(change.before):
        return ""
    return number(change.slope, precision) if change.is_known else say("unknown")


def _numbers(change: Change, precision: int, say: Language) -> tuple[str, str, str]:
    if not change.is_known:
        return say("unknown"), signed(change.true, precision), ""
    return (
        signed(change.predicted, precision),
        signed(change.true, precision),
        signed(change.difference, precision),
    )


def change_sentences(
    changes: Sequence[Change], together: Change, output: str, precision: int = 4, say: Language = ENGLISH
) -> tuple[Block, ...]:
    """Return a sentence for every change: whether the predicted and the true change agree, and if not, why."""
    sentences = [_reason(change, output, precision, say) for change in changes]
    if len(changes) > 1:
        sentences.append(_whole(changes, together, output, precision, say))
    return tuple(map(Paragraph, sentences))


def _whole(changes: Sequence[Change], together: Change, output: str, precision: int, say: Language) -> str:
    """Return the sentence about all changes together."""
    alone = sum(change.true for change in changes)
    filled = {
        "output": output,
        "predicted": _will(together.predicted, precision, say),
        "grows": grows(together.true, precision, say),
        "alone": signed(alone, precision),
    }
    if not together.is_known:
        return say("All together {output} {grows}; not all gradients are known, so this was not predicted.", **filled)
    if not together.same_way:
        return say(
            "All together {output} is predicted to {predicted}, "
            "but with the new values the model computes other steps.",
            **filled,
        )
    if math.isclose(alone, together.true, rel_tol=1e-9, abs_tol=1e-12):
        return say(
            "All together {output} is predicted to {predicted}, and it {grows}: what each change does just adds up.",
            **filled,
        )
    return say(
        "All together {output} is predicted to {predicted}, but it {grows}: one by one the changes bring {alone}, "
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
        return came + say(". No gradient flows back to {name}, so nothing of this was predicted.", name=name)
    if not change.is_known:
        return came + say(". The gradient of {name} is not known, so nothing of this was predicted.", name=name)
    if not math.isfinite(change.difference):
        return came + say(". The gradient or the output is not finite there, so nothing can be compared.")
    if change.difference == 0:
        if ops.shape_of(change.before):
            return came + say(", as the gradient predicts.")
        moved = factor(number(float(change.after) - float(change.before), precision))
        slope = factor(number(change.slope, precision))
        return came + say(", as the gradient predicts: {change} × {slope}.", change=moved, slope=slope)
    little = abs(change.true) > abs(change.predicted) or change.true * change.predicted < 0
    return came + say(
        ". The gradient predicts {predicted}, too little by {off}: {why}."
        if little
        else ". The gradient predicts {predicted}, too much by {off}: {why}.",
        predicted=signed(change.predicted, precision),
        off=number(abs(change.difference), precision),
        why=_why(change, output, precision, say),
    )


def _why(change: Change, output: str, precision: int, say: Language) -> str:
    """Return why the predicted change is not the true one."""
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
