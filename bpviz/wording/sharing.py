"""What the backward pass shares, and what it needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bpviz.document import Block, Heading, Paragraph
from bpviz.sharing import KeptValue, Sharing
from bpviz.wording.numbers import shown_count

__all__ = ["kept_blocks", "shared_blocks"]


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
