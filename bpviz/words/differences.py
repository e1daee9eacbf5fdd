"""The differences between two runs, in a table and in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from bpviz import ops
from bpviz.analysis.differences import Difference, Side
from bpviz.documents.document import Table
from bpviz.lazy import LazyModule
from bpviz.ops.table.thumbnails import Thumbnail
from bpviz.ops.table.unknown import Unknown
from bpviz.text.language import ENGLISH, Language
from bpviz.text.numerals import number
from bpviz.words.numbers import shown, shown_apart, signed
from bpviz.words.values import shape_text

__all__ = ["counts_text", "difference_table", "what_of"]

np: Any = LazyModule("numpy")

_WIDEST = 20
"""The most characters of an array in a cell of the table."""


def counts_text(found: Sequence[Difference], say: Language = ENGLISH) -> str:
    """Return in words how many nodes were added, removed and changed.

    >>> from bpviz.analysis.differences import Side
    >>> side = Side("x", "input", (), 1.0, 2.0)
    >>> counts_text([Difference(None, side), Difference(side, side)])
    '1 added, 1 the same.'
    >>> counts_text([Difference(side, side)])
    'Nothing differs: 1 node with its value and gradient is the same.'
    """
    counts = Counter(difference.kind for difference in found)
    same = counts["same"]
    if same == len(found):
        return say(
            "Nothing differs: {count} node with its value and gradient is the same."
            if same == 1
            else "Nothing differs: {count} nodes with their values and gradients are the same.",
            count=same,
        )
    counted = [
        say("{count} added", count=counts["added"]) if counts["added"] else "",
        say("{count} removed", count=counts["removed"]) if counts["removed"] else "",
        say("{count} changed", count=counts["changed"]) if counts["changed"] else "",
        say("{count} the same", count=same) if same else "",
    ]
    return say("{sentence}.", sentence=say(", ").join(filter(None, counted)))


def difference_table(found: Sequence[Difference], precision: int = 4, say: Language = ENGLISH) -> Table:
    """Return the table of the nodes that differ: what changed, values and gradients before and after, differences."""
    value, gradient, difference = say("value"), say("gradient"), say("difference")
    header: tuple[str, ...] = (say("node"), say("what"), value, difference, gradient, difference)
    rows: tuple[tuple[str, ...], ...] = tuple(_row(one, precision, say) for one in found if one.kind != "same")
    if not any(row[1] for row in rows):
        # Between two runs of one model, only numbers differ.
        header, rows = (header[0], *header[2:]), tuple((row[0], *row[2:]) for row in rows)
    return Table(say("What differs"), header, rows)


def _row(found: Difference, precision: int, say: Language) -> tuple[str, ...]:
    old, new = found.before, found.after
    if old is None or new is None:
        side = old or new
        assert side is not None
        came = say("added: {made}" if new else "removed: {made}", made=_made(side, say))
        return (side.name, came, _short(side.value, precision, say), "", _short(side.gradient, precision, say), "")
    name = f"{old.name} → {new.name}" if "name" in found.aspects else new.name
    changes = []
    if "operation" in found.aspects:
        changes.append(f"{what_of(old, say)} → {what_of(new, say)}")
    if "operands" in found.aspects:
        before, after = (say(", ").join(operands) for operands in (old.operands, new.operands))
        changes.append(say("of {before} → {after}", before=before, after=after))
    return (
        name,
        say("; ").join(changes),
        *_numbers(old.value, new.value, "value" in found.aspects, precision, say),
        *(
            ("", "")
            if new.gradient is None
            else _numbers(old.gradient, new.gradient, "gradient" in found.aspects, precision, say)
        ),
    )


def _made(side: Side, say: Language) -> str:
    """Return the operation of a node and its operands in words."""
    if side.operands:
        return say("{operation} of {operands}", operation=side.operation, operands=say(", ").join(side.operands))
    return what_of(side, say)


def what_of(side: Side, say: Language = ENGLISH) -> str:
    """Return the operation of a node as code, or the kind of a node without one.

    >>> what_of(Side("x", "input", (), 1.0, 2.0)), what_of(Side("y", "sum(axis=0)", ("x",), 1.0, 1.0))
    ('input', 'sum(axis=0)')
    """
    match side.operation:
        case "input":
            return say("input")
        case "constant":
            return say("constant")
        case _:
            return side.operation


def _short(value: Any, precision: int, say: Language) -> str:
    """Return a value for a cell of the table; only the shape of an array that would be too long."""
    return _cut(shown(value, precision, say), value, say)


def _cut(text: str, value: Any, say: Language) -> str:
    return text if len(text) <= _WIDEST else say("shape {shape}", shape=shape_text(ops.shape_of(value)))


def _is_no_number(value: Any) -> bool:
    return isinstance(value, Unknown | Thumbnail)


def _numbers(old: Any, new: Any, differ: bool, precision: int, say: Language) -> tuple[str, str]:
    """Return "old → new" and the difference; the number once, without a difference, if they are equal."""
    if not differ:
        return _short(new, precision, say), ""
    was, now = (
        _cut(text, value, say) for text, value in zip(shown_apart(old, new, precision, say), (old, new), strict=True)
    )
    if ops.shape_of(old) != ops.shape_of(new) or _is_no_number(old) or _is_no_number(new):
        return (now if was == now else f"{was} → {now}"), ""
    if not ops.shape_of(new):
        return f"{was} → {now}", signed(float(new) - float(old), precision)
    most = number(float(np.max(np.abs(np.subtract(new, old, dtype=float)))), precision)
    return (now if was == now else f"{was} → {now}"), say("up to {amount}", amount=most)
