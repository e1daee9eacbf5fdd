"""What a step is drawn as: a symbol, one of our operations where that computes the same, else a callable row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from bpviz.sources.steps import Call, Same
from bpviz.sources.torch.drafts import StepDraft
from bpviz.sources.torch.symbols import symbol_of

__all__ = ["Row", "row_of"]


class Row(NamedTuple):
    """The row of a step: ``operands`` are slots of the call, or constants."""

    symbol: str
    operands: Sequence[Any]
    same: tuple[Same | None, ...] = ()
    call: Call | None = None


def row_of(draft: StepDraft) -> Row:
    """Return the row of a step."""
    return Row(symbol_of(draft.called), range(len(draft.operands)))
