"""The table below a living figure, whose numbers follow as well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bpviz import ops
from bpviz.graph.flow import Flow
from bpviz.lazy import LazyModule
from bpviz.living.bindings import Bindings
from bpviz.text.language import Language

__all__ = ["table", "table_words"]

np: Any = LazyModule("numpy")

_WORK = 200_000
"""The most steps that are computed again for the table, whenever a reader changes a number."""
_CELLS = 9
"""The most elements of an array that the table writes out, as in `bpviz.words.numbers`."""


def table(flow: Flow, found: Bindings, rows: Sequence[int]) -> dict[str, Any] | None:
    """Return the table with a row for each of these nodes as plain data for ``table.js``; ``None`` without rows.

    A row has the places of its value, and of its gradient if one reaches it; whether it is an input that can be
    changed; and whether its gradient is ``long``, so that only its length is written.
    """
    made, seed = found.made, np.asarray(flow.seed, float).ravel().tolist()
    if not rows or flow.output_index not in made.values or any(index not in made.values for index in rows):
        return None
    tries = sum(index in made.inputs for index in rows) * (len(made.statements) + len(found.steps.statements))
    data = {
        "rows": [_row(flow, found, index) for index in rows],
        "output": list(made.values[flow.output_index]),
        "grows": tries <= _WORK,
    }
    return data if all(x == 1 for x in seed) else {**data, "seed": seed}


def _row(flow: Flow, found: Bindings, index: int) -> dict[str, Any]:
    made, shape = found.made, ops.shape_of(flow.values[index])
    row: dict[str, Any] = {"value": [list(made.values[index]), list(shape)]}
    if index in made.inputs:
        row["input"] = 1
    if flow.shown_gradient(index) is not None and index in made.gradients:
        row["gradient"] = [list(made.gradients[index]), list(shape)]
        if len(made.values[index]) > _CELLS or len(shape) > 2:
            row["long"] = 1
    return row


def table_words(say: Language) -> Mapping[str, str]:
    """Return the words of the table."""
    return {
        "gone": say("is no longer finite"),
        "stays": say("stays the same"),
        "grows": say("grows by {amount}"),
        "falls": say("falls by {amount}"),
        "unknown": say("not known"),
        "every": say("(all elements) "),
        "changes": say("changes at a rate of {rate}"),
        "first": say("{grows} (at a rate of {rate} at first)"),
        "length": say("shape {shape}, length {length}"),
    }
