"""The choices of a circuit's options: its labels, and what is highlighted, marked or compared.

Most figures need few of these modules, so each is imported only when it is needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bpviz.figures.labels import Names, Subject, Values
from bpviz.graph.flow import Flow
from bpviz.graph.graph import Graph
from bpviz.text.language import Language

if TYPE_CHECKING:
    from bpviz.analysis.pairing import Pairing
    from bpviz.figures.paths import Selection, Shared

__all__ = ["change_notes", "labels_of", "pairing_of", "paths_of", "shared_of"]


def paths_of(text: str, flow: Flow | None, graph: Graph, precision: int, say: Language) -> Selection | None:
    """Return the paths that a text names (`bpviz.figures.paths`); ``None`` without text."""
    if not text:
        return None
    from bpviz.figures.paths import selection

    return selection(text, flow, graph, precision, say)


def pairing_of(before: Flow | None, flow: Flow | None) -> Pairing | None:
    """Return the pairing of an earlier run with this one; ``None`` if one of them is missing."""
    if before is None or flow is None:
        return None
    from bpviz.analysis.pairing import paired

    return paired(before, flow)


def change_notes(pairing: Pairing | None, say: Language) -> tuple[str, ...]:
    """Return the notes about added and removed steps."""
    if pairing is None:
        return ()
    from bpviz.figures import changes

    return changes.change_notes(pairing, say)


def shared_of(wanted: bool, graph: Graph, flow: Flow | None) -> Shared | None:
    """Return the places of shared factors if they are to be marked, else ``None``."""
    if not wanted:
        return None
    from bpviz.figures.paths import Shared

    return Shared(graph, flow)


def labels_of(
    kind: str,
    subject: Subject,
    pairing: Pairing | None = None,
    lit: frozenset[tuple[int, int]] = frozenset(),
) -> Names:
    """Return the writer of labels of this kind.

    Values show the earlier run's as well if its nodes are paired, or the slopes of highlighted wires.
    """
    match kind:
        case "none":
            return Names(subject)
        case "values" if pairing is not None:
            from bpviz.figures.changes import Changes

            return Changes(subject, pairing)
        case "values" if lit:
            from bpviz.figures.paths import Slopes

            return Slopes(subject, lit)
        case "values":
            return Values(subject)
        case "shapes":
            from bpviz.figures.shapes import Shapes

            return Shapes(subject)
        case "symbols":
            from bpviz.figures.formulas import Expressions

            return Expressions(subject)
        case "rules":
            from bpviz.figures.formulas import Rules

            return Rules(subject)
        case _:
            raise TypeError(f"Not a kind of labels: {kind!r}")
