"""Sentences about the shared factors of the backward pass, and about the values it needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bpviz.analysis.sharing import KeptValue, Sharing
from bpviz.documents.document import Block, Heading, Paragraph
from bpviz.text.language import ENGLISH, Language
from bpviz.words.numbers import shown_count

__all__ = ["kept_blocks", "shared_blocks"]


def shared_blocks(sharing: Sharing, say: Language = ENGLISH) -> tuple[Block, ...]:
    """Return sentences about what the backward pass computes once for several uses, and what that saves."""
    if not sharing.factors:
        return ()
    sentences = []
    for factor in sharing.factors:
        made = f"{factor.name} = {factor.formula}" if factor.formula != factor.name else factor.name
        uses = say(", ").join(factor.uses)
        if len(factor.uses) > 1:
            sentence = say(
                "{made} is computed once and used {count} times: {uses}.", made=made, count=len(factor.uses), uses=uses
            )
        else:
            sentence = say("{made} is computed once and used several times, for {uses}.", made=made, uses=uses)
        sentences.append(sentence)
    saved = say(
        "With sharing the backward pass takes {count} operation, without {more}."
        if sharing.operations == 1
        else "With sharing the backward pass takes {count} operations, without {more}.",
        **{"count": shown_count(sharing.operations), "more": shown_count(sharing.without)},
    )
    return (Heading(say("Computed once, used several times")), *map(Paragraph, sentences), Paragraph(saved))


def kept_blocks(
    values: Sequence[KeptValue], called: Mapping[str, str], most: int = 20, say: Language = ENGLISH
) -> tuple[Block, ...]:
    """Return sentences about the forward values that the backward pass needs, and the memory they take.

    ``called`` has names for values without one.
    """
    kept = [value for value in values if value.kept]
    if not kept:
        return ()
    size = shown_count(sum(value.bytes for value in kept))
    listed = _listed(kept, called, most, say)
    text = say("Kept for the backward pass ({size} bytes): {values}.", size=size, values=listed)
    free = [value for value in values if not value.kept and value.kind == "operation"]
    if free:
        text += say(" Not needed again: {values}.", values=_listed(free, called, most, say))
    return (Heading(say("What the backward pass needs")), Paragraph(text))


def _listed(values: Sequence[KeptValue], called: Mapping[str, str], most: int, say: Language) -> str:
    names = [called.get(value.name, value.name) for value in values[:most]]
    listed = say(", ").join(names)
    if len(values) <= most:
        return listed
    return say("{names} and {count} more", names=listed, count=shown_count(len(values) - most))
