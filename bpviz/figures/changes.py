"""Old numbers beside new ones: labels and tones of the wires, and notes about added and removed steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from bpviz.analysis.differences import differences
from bpviz.analysis.pairing import Pairing
from bpviz.errors import BpvizError
from bpviz.figure import Content, Tone
from bpviz.figures.labels import Subject, Use, Values, total
from bpviz.text.language import ENGLISH, Language
from bpviz.transforms.gradient_graph import Derivation, derivation
from bpviz.words.differences import what_of
from bpviz.words.numbers import elided
from bpviz.words.values import changed, identical

__all__ = ["Changes", "change_notes"]


class Changes(Values):
    """Numbers of two runs: ``100 → 200``, the value above its wire, the gradient below, constants in their boxes."""

    def __init__(self, subject: Subject, pairing: Pairing) -> None:
        """Take also the earlier run, as a pairing of its nodes with those of this one."""
        super().__init__(subject)
        self.pairing = pairing
        self.before = before = pairing.before
        self.earlier = Values(replace(subject, graph=before.graph, flow=before, labels=before.graph.labels))
        self.affected = _affected(pairing)

    def shown(self, index: int) -> Content:
        """Return the value in both runs."""
        was = self.pairing.old.get(index)
        if was is None:
            return super().shown(index)
        return changed(self.before.values[was], self.value(index), self.precision, self.say)

    def gradient(self, index: int, use: Use, stem: bool) -> Content:
        """Return the gradient in both runs."""
        earlier = self._earlier(index, use, stem)
        if earlier is None:
            return super().gradient(index, use, stem)
        return changed(earlier, use.share, self.precision, self.say)

    def symbol(self, index: int) -> tuple[str, tuple[int, ...]]:
        """Return the symbol; if a constant in it has changed, also the earlier one: ``x² → x³``."""
        now, written = super().symbol(index)
        if not written or not self.pairing.kept(index):
            return now, written
        was, constants = self.earlier.symbol(self.pairing.old[index])
        operation = self.record.operations[index]
        if not constants and operation is not None and operation.drawn is None:
            # The earlier constant is too long for the circle.
            return operation.symbol, ()
        return now if was == now else f"{was} → {now}", written

    def _earlier(self, index: int, use: Use, stem: bool) -> Any:
        """Return the gradient of this use in the earlier run; ``None`` without a gradient or a wire there."""
        was = self.pairing.old.get(index)
        if was is None:
            return None
        if stem:
            return self.before.shown_gradient(was)
        old = self.pairing.old
        shares = [self.before.shown_share(old[i], slot) for i, slot in use.steps if self.pairing.slot_kept(i, slot)]
        return total([self.before.seed if use.seeded and was == self.before.output_index else None, *shares])

    def tone(self, index: int, use: Use, stem: bool) -> Tone:
        """Return the tone: in front if the wire is new, in the background if its numbers do not depend on a change."""
        kept = stem or use.seeded or any(self.pairing.slot_kept(*step) for step in use.steps)
        if index not in self.pairing.old or not kept:
            return "strong"
        earlier = self._earlier(index, use, stem)
        same = earlier is use.share if earlier is None or use.share is None else identical(earlier, use.share)
        return "pale" if same and not self.affected[index] and not self._is_led_to(index, use, stem) else "plain"

    def _is_led_to(self, index: int, use: Use, stem: bool) -> bool:
        """Return whether the gradient of ``use`` depends on a change, even if it is equal."""
        made, affected = self._backward
        if made is None:
            return False
        found = [made.shares.get(step) for step in use.steps] + ([made.gradients.get(index)] if stem else [])
        return any(affected[number] for number in found if number is not None)

    @cached_property
    def _backward(self) -> tuple[Derivation | None, bytearray]:
        """The backward pass as a graph, and which of its nodes depend on a change."""
        try:
            made = derivation(self.pairing.after)
        except BpvizError:
            # If the rule of an operation cannot be recorded, only the numbers are compared.
            return None, bytearray()
        record = made.graph.record
        found = bytearray(len(record))
        for index, copy in made.copies.items():
            found[copy] = self.affected[index]
        for number in range(len(record)):
            found[number] |= any(found[operand] for operand in record.operands[number])
        return made, found


def _affected(pairing: Pairing) -> bytearray:
    """Return which nodes of the later run depend on a change: of an input, a constant or a step.

    Their values may still be equal.
    """
    record, before = pairing.after.graph.record, pairing.before
    found = bytearray(len(pairing.after.values))
    for index, value in enumerate(pairing.after.values):
        was, operands = pairing.old.get(index), record.operands[index]
        found[index] = (
            was is None
            or not pairing.kept(index)
            or any(found[operand] for operand in operands)
            or not all(pairing.slot_kept(index, slot) for slot in range(len(operands)))
            or not identical(before.values[was], value)
        )
    return found


def change_notes(pairing: Pairing | None, say: Language = ENGLISH) -> tuple[str, ...]:
    """Return the notes about new, replaced and removed steps.

    >>> import bpviz
    >>> from bpviz.analysis.pairing import paired
    >>> one = bpviz.backprop(lambda x=1.0: bpviz.nn.relu(x) + 1)
    >>> change_notes(paired(one, bpviz.backprop(lambda x=1.0: bpviz.nn.tanh(x) + x * 2)))
    ('new: multiply', 'changed: tanh (relu before)')
    """
    if pairing is None or pairing.before.graph is pairing.after.graph:
        return ()
    new: list[str] = []
    changed: list[str] = []
    gone: list[str] = []
    for found in differences(pairing, say=say):
        if found.before is None:
            new += [found.after.name] if found.after else []
        elif found.after is None:
            gone.append(found.before.name)
        elif "operation" in found.aspects:
            name, before = found.after.name, what_of(found.before, say)
            changed.append(say("{name} ({operation} before)", name=name, operation=before))
    return (
        *([say("new: {names}", names=_listed(new, say))] if new else []),
        *([say("changed: {names}", names=_listed(changed, say))] if changed else []),
        *([say("removed: {names}", names=_listed(gone, say))] if gone else []),
    )


def _listed(names: Sequence[str], say: Language) -> str:
    return say(", ").join(elided(names, say))
