"""What a step is drawn as: one of our operations where that computes the same, else a callable row with a symbol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from bpviz.sources.steps import Call, Same
from bpviz.sources.torch.rows.computing import computation_of
from bpviz.sources.torch.rows.layers import mapped_layers
from bpviz.sources.torch.rows.mapping import Constant, Mapped, called_entry, mapped_shaping
from bpviz.sources.torch.rows.symbols import symbol_of
from bpviz.sources.torch.tensors.drafts import Slot, StepDraft

__all__ = ["Row", "row_of"]

_TABLE = {**mapped_shaping, **mapped_layers}


class Row(NamedTuple):
    """The row of a step: ``operands`` are slots of the call, or constants."""

    symbol: str
    operands: Sequence[int | Constant]
    same: tuple[Same | None, ...] = ()
    call: Call | None = None


def row_of(draft: StepDraft) -> Row:
    """Return the row of a step."""
    mapped = _mapped(draft)
    if mapped is not None:
        operands = [one.number if isinstance(one, Slot) else _constant(one) for one in mapped.operands]
        each = mapped.each or [mapped.parameters]
        return Row("", operands, tuple(Same(mapped.row, parameters) for parameters in each))
    taken = _taken(draft)
    symbol = symbol_of(draft.called)
    if draft.partial:
        return Row(f"[ ] {symbol}", taken)
    return Row(symbol, taken, (), computation_of(draft, taken))


def _taken(draft: StepDraft) -> list[int]:
    """Return the slots of the operands that the results depend on."""
    slots = list(range(len(draft.operands)))
    called = draft.called
    if called.name == "batch_norm" and (called.kwargs.get("training") or True in called.args[5:6]):
        # In training mode the running statistics are only written into.
        running = [*called.args[1:3], called.kwargs.get("running_mean"), called.kwargs.get("running_var")]
        unused = {one.number for one in running if isinstance(one, Slot)}
        return [slot for slot in slots if slot not in unused]
    return slots


def _constant(value: Any) -> Constant:
    return value if isinstance(value, Constant) else Constant(float(value) if isinstance(value, int) else value)


def _mapped(draft: StepDraft) -> Mapped | None:
    """Return our operation for a step; ``None`` if a gradient flows to an operand that it does not have."""
    entry = _TABLE.get(draft.called.name)
    if entry is None or draft.unclear or draft.through or draft.partial:
        return None
    if any(value.dtype.is_complex for value in (*draft.operands, *draft.values)):
        return None
    mapped = called_entry(entry, draft)
    if mapped is None or len(mapped.each or (1,)) != len(draft.values):
        return None
    slots = {one.number for one in mapped.operands if isinstance(one, Slot)}
    if any(operand.requires_grad and slot not in slots for slot, operand in enumerate(draft.operands)):
        return None
    return mapped
