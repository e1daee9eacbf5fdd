"""From what was recorded to the neutral record of `bpviz.sources.steps`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bpviz.lazy import LazyModule
from bpviz.sources.steps import Leaf, Record, Step
from bpviz.sources.torch.backward import Gradients, steps_before
from bpviz.sources.torch.rows.choice import row_of
from bpviz.sources.torch.tape import Tape
from bpviz.sources.torch.tensors.drafts import LeafDraft, StepDraft, Value

__all__ = ["finished"]

torch: Any = LazyModule("torch")


def finished(
    tape: Tape,
    gradients: Gradients,
    outputs: Sequence[tuple[Value, str]],
    name: str,
    function: Any,
    modules: Sequence[Any],
) -> Record:
    """Return the record of all that the outputs depend on, with the gradients that came back from one of them."""
    needed: set[StepDraft] = set()
    for value, _ in outputs:
        needed |= steps_before(value)
    used = {operand.maker for step in needed for operand in step.operands} | {value.maker for value, _ in outputs}
    writing = _Writing(gradients)
    for entry in tape.entries:
        if isinstance(entry, StepDraft):
            if entry in needed:
                writing.add_step(entry)
        elif entry in used or (entry.kind == "input" and entry.name):
            writing.add_leaf(entry)
    titles = {writing.numbers[value]: title for value, title in reversed(outputs)}
    return Record(
        "PyTorch",
        name,
        writing.entries,
        writing.numbers[gradients.output],
        outputs=sorted(titles.items()),
        seed=gradients.seed,
        gradients={writing.numbers[value]: g for value, g in gradients.values.items() if value in writing.numbers},
        wires=writing.wires,
        remarks=_remarks(modules),
        function=function,
    )


class _Writing:
    """The entries, and the numbers of values in them."""

    def __init__(self, gradients: Gradients) -> None:
        self.gradients = gradients
        self.entries: list[Leaf | Step] = []
        self.numbers: dict[Value, int] = {}
        self.wires: dict[int, Sequence[Any]] = {}
        self.count = 0

    def add_leaf(self, draft: LeafDraft) -> None:
        """Append a leaf."""
        value = draft.value
        self.entries.append(
            Leaf(draft.name, value.numbers, draft.kind, frozen=not value.requires_grad, group=draft.group)
        )
        self._number(value)

    def add_step(self, draft: StepDraft) -> None:
        """Append a step, after the constants that its row takes besides the operands of the call."""
        row = row_of(draft)
        operands: list[int] = []
        slots: list[int | None] = []
        for one in row.operands:
            if isinstance(one, int):
                operands.append(self.numbers[draft.operands[one]])
                slots.append(one)
            else:
                self.entries.append(Leaf(one.name, one.value, "constant", frozen=True, group=draft.place.group))
                operands.append(self.count)
                slots.append(None)
                self.count += 1
        first = self.count
        place = draft.place
        self.entries.append(
            Step(
                draft.called.name,
                tuple(operands),
                tuple(value.numbers for value in draft.values),
                symbol=row.symbol,
                same=row.same,
                call=row.call,
                reached=any(value.requires_grad for value in draft.values),
                names=tuple(value.label for value in draft.values),
                group=place.group,
                code=place.code,
                offset=place.offset,
            )
        )
        for value in draft.values:
            self._number(value)
        shares = self.gradients.wires.get(draft)
        if shares is not None:
            shares = [*shares, *[None] * (len(draft.operands) - len(shares))]
            self.wires[first] = [None if slot is None else shares[slot] for slot in slots]

    def _number(self, value: Value) -> None:
        self.numbers[value] = self.count
        self.count += 1


def _remarks(modules: Sequence[Any]) -> list[str]:
    """Return what a reader must know of the modules: how many parameters, in training or not, compiled or not."""
    parameters = {id(p): p for module in modules for p in module.parameters()}
    if not parameters:
        return []
    count = sum(p.numel() for p in parameters.values())
    modes = {inner.training for module in modules for inner in module.modules()}
    how = "partly in training mode" if len(modes) > 1 else "in training mode" if True in modes else "in evaluation mode"
    found = [f"{count:,} parameters, {how}"]
    if any(type(inner).__name__ == "OptimizedModule" for module in modules for inner in module.modules()):
        found.append("compiled code was run eagerly, so that its steps are seen")
    return found
