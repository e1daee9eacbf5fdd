"""What differs between two runs, in a table and in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from bpviz import ops
from bpviz.differences import Difference
from bpviz.document import Table
from bpviz.figures.content import shape_text
from bpviz.lazy import LazyModule
from bpviz.number import number
from bpviz.wording.numbers import shown, signed

__all__ = ["counts_text", "difference_table"]

np: Any = LazyModule("numpy")

_WIDEST = 20
"""The most characters of an array in a cell."""


def counts_text(found: Sequence[Difference]) -> str:
    """How many nodes were added, removed and changed.

    >>> from bpviz.differences import Side
    >>> side = Side("x", "input", (), 1.0, 2.0)
    >>> counts_text([Difference(None, side), Difference(side, side)])
    '1 added, 1 the same.'
    >>> counts_text([Difference(side, side)])
    'Nothing differs: 1 node with its value and gradient is the same.'
    """
    counts = Counter(difference.kind for difference in found)
    same = counts["same"]
    if same == len(found):
        nodes = "node with its value and gradient is" if same == 1 else "nodes with their values and gradients are"
        return f"Nothing differs: {same} {nodes} the same."
    told = [f"{counts[kind]} {kind}" for kind in ("added", "removed", "changed") if counts[kind]]
    return ", ".join([*told, *([f"{same} the same"] if same else [])]) + "."


def difference_table(found: Sequence[Difference], precision: int = 4) -> Table:
    """The nodes that differ: what became of them, their values and gradients before and after, and the difference."""
    header: tuple[str, ...] = ("node", "what", "value", "difference", "gradient", "difference")
    rows: tuple[tuple[str, ...], ...] = tuple(
        _row(difference, precision) for difference in found if difference.kind != "same"
    )
    if not any(row[1] for row in rows):
        # Of two runs of one model only numbers differ.
        header, rows = (header[0], *header[2:]), tuple((row[0], *row[2:]) for row in rows)
    return Table("What differs", header, rows)


def _row(found: Difference, precision: int) -> tuple[str, ...]:
    old, new = found.before, found.after
    if old is None or new is None:
        side = old or new
        assert side is not None
        made = f"{side.operation} of {', '.join(side.operands)}" if side.operands else side.operation
        return (
            side.name,
            f"{found.kind}: {made}",
            _short(side.value, precision),
            "",
            _short(side.gradient, precision),
            "",
        )
    name = f"{old.name} → {new.name}" if "name" in found.aspects else new.name
    told = []
    if "operation" in found.aspects:
        told.append(f"{old.operation} → {new.operation}")
    if "operands" in found.aspects:
        told.append(f"of {', '.join(old.operands)} → {', '.join(new.operands)}")
    return (
        name,
        "; ".join(told),
        *_numbers(old.value, new.value, "value" in found.aspects, precision),
        *(
            ("", "")
            if new.gradient is None
            else _numbers(old.gradient, new.gradient, "gradient" in found.aspects, precision)
        ),
    )


def _short(value: Any, precision: int) -> str:
    """A value as it fits into a cell beside others: of an array that is long to write out the shape."""
    text = shown(value, precision)
    return text if len(text) <= _WIDEST else f"shape {shape_text(ops.shape_of(value))}"


def _numbers(old: Any, new: Any, differ: bool, precision: int) -> tuple[str, str]:
    """The old and the new number, and what lies between; once where they are the same."""
    if not differ:
        return _short(new, precision), ""
    was, now = _short(old, precision), _short(new, precision)
    if ops.shape_of(old) != ops.shape_of(new):
        return f"{was} → {now}", ""
    if not ops.shape_of(new):
        return f"{was} → {now}", signed(float(new) - float(old), precision)
    most = number(float(np.max(np.abs(np.subtract(new, old, dtype=float)))), precision)
    return (now if was == now else f"{was} → {now}"), f"up to {most}"
